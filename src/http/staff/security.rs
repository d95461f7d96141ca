//! A person's own password, second factor and recovery codes.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

use super::door::refused;
use super::frame::{Frame, Notice, Section, Visit, done};
use crate::accounts::{Caller, Refused, Stays};
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::session::Current;
use crate::http::then::SECOND_FACTOR;
use crate::http::words::{filters, said};
use crate::http::{Doors, session};

pub(super) fn routes() -> Routes {
    let own = Access::SignedIn;
    // Open to who has to set it up before anything else.
    let first = Access::Session;
    Routes::new()
        .get("/me/security", own, page)
        .post("/me/security/codes", own, new_codes)
        .confirmed()
        .post("/me/security/remove-factor", own, remove_factor)
        .confirmed()
        // It asks for the password itself, whatever was proved before.
        .get("/me/password", own, password_page)
        .post("/me/password", own, change_password)
        .get(SECOND_FACTOR, first, factor_page)
        .confirmed()
        .post("/me/second-factor/start", first, start_factor)
        .confirmed()
        .post("/me/second-factor/finish", first, finish_factor)
        .confirmed()
}

#[derive(Template)]
#[template(path = "pages/security.html")]
struct SecurityPage<'a> {
    frame: Frame,
    login: &'a str,
    has_factor: bool,
    required: bool,
    codes_left: i64,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/password.html")]
struct PasswordPage<'a> {
    frame: Frame,
    login: &'a str,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/second_factor.html")]
struct FactorPage {
    /// Nothing else opens until it is set up.
    due: bool,
    has_factor: bool,
    offered: Option<Offered>,
    problem: Option<String>,
}

/// A secret, as a person takes it into their app.
struct Offered {
    picture: Picture,
    spelled: String,
    address: String,
}

#[derive(Template)]
#[template(path = "pages/recovery_codes.html")]
struct CodesPage<'a> {
    codes: &'a [String],
}

#[derive(Deserialize)]
struct NewPassword {
    current: String,
    password: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn rendered(
    doors: &Doors,
    visit: &Visit,
    Current(me): &Current,
    problem: Option<Refused>,
) -> Result<Response, PageError> {
    let security = doors.accounts.security(me).await?;
    let refused = problem.is_some();
    let page = SecurityPage {
        frame: visit.frame(doors, Section::Account),
        login: &me.account.login,
        has_factor: security.has_factor,
        required: doors.accounts.require_totp.contains(&me.account.role),
        codes_left: security.codes_left,
        problem: problem.map(said),
    };
    if refused {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response());
    }
    visit.show(doors, &page)
}

async fn page(
    State(doors): State<Doors>,
    visit: Visit,
    me: Current,
) -> Result<Response, PageError> {
    rendered(&doors, &visit, &me, None).await
}

fn password_form(
    doors: &Doors,
    visit: &Visit,
    problem: Option<Stays>,
) -> Result<Response, PageError> {
    let page = PasswordPage {
        frame: visit.frame(doors, Section::Account),
        login: &visit.me.login,
        problem: problem.map(said),
    };
    match problem {
        None => visit.show(doors, &page),
        Some(Stays::Unproved(not_in)) => Ok(refused(not_in, page.render()?)),
        Some(Stays::NotTaken(_)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response())
        }
    }
}

async fn password_page(State(doors): State<Doors>, visit: Visit) -> Result<Response, PageError> {
    password_form(&doors, &visit, None)
}

async fn change_password(
    State(doors): State<Doors>,
    caller: Caller,
    visit: Visit,
    Current(me): Current,
    Form(form): Form<NewPassword>,
) -> Result<Response, PageError> {
    let changed = doors
        .accounts
        .change_password(&caller, &me, form.current, form.password)
        .await?;
    match changed {
        Ok(opened) => {
            let cookies = session::handed(&doors, &opened);
            let page = done(&doors, "/me/security", Notice::PasswordChanged);
            Ok((cookies, page).into_response())
        }
        Err(stays) => password_form(&doors, &visit, Some(stays)),
    }
}

async fn factor(
    doors: &Doors,
    Current(me): &Current,
    problem: Option<Refused>,
) -> Result<Response, PageError> {
    let security = doors.accounts.security(me).await?;
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = FactorPage {
        due: doors.accounts.lacks_factor(me),
        has_factor: security.has_factor,
        offered: security.offered.map(|secret| {
            let address = secret.address();
            Offered {
                picture: Picture::of(&address),
                spelled: secret.spelled(),
                address,
            }
        }),
        problem: problem.map(said),
    };
    Ok((status, Html(page.render()?)).into_response())
}

async fn factor_page(State(doors): State<Doors>, me: Current) -> Result<Response, PageError> {
    factor(&doors, &me, None).await
}

async fn start_factor(
    State(doors): State<Doors>,
    Current(me): Current,
) -> Result<Redirect, PageError> {
    doors.accounts.offer_factor(&me).await?;
    Ok(Redirect::to(SECOND_FACTOR))
}

async fn finish_factor(
    State(doors): State<Doors>,
    me: Current,
    Form(form): Form<Code>,
) -> Result<Response, PageError> {
    match doors.accounts.confirm_factor(&me.0, &form.code).await? {
        Ok(codes) => {
            let page = CodesPage { codes: &codes };
            Ok(Html(page.render()?).into_response())
        }
        Err(refused) => factor(&doors, &me, Some(refused)).await,
    }
}

async fn remove_factor(
    State(doors): State<Doors>,
    visit: Visit,
    me: Current,
) -> Result<Response, PageError> {
    match doors.accounts.drop_factor(&me.0).await? {
        Ok(()) => Ok(done(&doors, "/me/security", Notice::FactorRemoved)),
        Err(refused) => rendered(&doors, &visit, &me, Some(refused)).await,
    }
}

async fn new_codes(State(doors): State<Doors>, me: Current) -> Result<Response, PageError> {
    let codes = doors.accounts.new_recovery_codes(&me.0).await?;
    let codes = codes.ok_or(PageError::NotFound)?;
    Ok(Html(CodesPage { codes: &codes }.render()?).into_response())
}

/// A QR code as the path of an SVG: one square for each dark module. Nothing inline that a strict
/// policy refuses, and no picture from elsewhere.
struct Picture {
    /// Modules on a side, with the quiet zone around them.
    side: usize,
    path: String,
}

/// The quiet zone that ISO/IEC 18004 asks for.
const QUIET: usize = 4;

impl Picture {
    fn of(words: &str) -> Self {
        use std::fmt::Write as _;
        // Addresses of ours always fit: a login has 200 characters at most. Without it, the secret is typed.
        let Ok(code) = QrCode::with_error_correction_level(words, EcLevel::M) else {
            let (side, path) = (0, String::new());
            return Self { side, path };
        };
        let width = code.width();
        let mut path = String::new();
        for (index, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (index % width + QUIET, index / width + QUIET);
                // To a String, this never fails.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Self {
            side: width + 2 * QUIET,
            path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_finder_in_the_corner_and_a_quiet_zone() {
        let picture = Picture::of("otpauth://totp/Line:first@example.org?secret=GEZDGNBV");
        assert!(
            picture.path.starts_with("M4 4h1v1h-1z"),
            "{}",
            &picture.path[..40]
        );
        assert!(picture.side > 2 * QUIET + 21);
        let outside = format!("M{} ", picture.side - QUIET);
        assert!(!picture.path.contains(&outside) && !picture.path.contains("M3 "));
        assert_eq!(Picture::of(&"x".repeat(5000)).side, 0);
    }
}
