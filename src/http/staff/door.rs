//! The door: the set-up link of the first administrator, sign-in, sign-out.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::credential::{LONGEST_PASSWORD, SHORTEST_PASSWORD, token_fits};
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::then::Then;
use crate::http::{Doors, session};
use crate::staff::Role;
use crate::store::NewStaff;

/// The setting that holds the hash of the set-up link's token.
pub(crate) const SETUP_TOKEN: &str = "setup_token";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/setup/{token}", Access::Open, setup_page)
        .post("/setup/{token}", Access::Open, set_up)
        .get("/sign-in", Access::Open, sign_in_page)
        .post("/sign-in", Access::Open, sign_in)
        .post("/sign-out", Access::Open, sign_out)
}

#[derive(Template)]
#[template(path = "pages/setup.html")]
struct SetupPage<'a> {
    problem: Option<&'a str>,
    login: &'a str,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignInPage<'a> {
    problem: Option<&'a str>,
    login: &'a str,
}

#[derive(Deserialize)]
struct NewAccount {
    login: String,
    name: String,
    password: String,
}

#[derive(Deserialize)]
struct Credentials {
    login: String,
    password: String,
}

async fn setup_page(
    State(doors): State<Doors>,
    Path(token): Path<String>,
) -> Result<Html<String>, PageError> {
    link_is_open(&doors, &token).await?;
    Ok(Html(
        SetupPage {
            problem: None,
            login: "",
            name: "",
        }
        .render()?,
    ))
}

async fn set_up(
    State(doors): State<Doors>,
    Path(token): Path<String>,
    Form(form): Form<NewAccount>,
) -> Result<Response, PageError> {
    link_is_open(&doors, &token).await?;
    let login = form.login.trim().to_lowercase();
    let name = form.name.trim().to_owned();
    if let Some(problem) = problem_with(&login, &name, &form.password) {
        let page = SetupPage {
            problem: Some(problem),
            login: &login,
            name: &name,
        };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response());
    }
    let hash = doors
        .passwords
        .hash(form.password)
        .await
        .ok_or(PageError::Busy)?;
    let now = doors.clock.now();
    let made = doors
        .store
        .write(move |tx| {
            let (login, name, hash, token) =
                (login.clone(), name.clone(), hash.clone(), token.clone());
            Box::pin(async move {
                // Checked again inside the transaction: the link works once.
                let kept = tx.setting(SETUP_TOKEN).await?;
                if !kept.is_some_and(|kept| token_fits(&token, &kept)) {
                    return Ok(None);
                }
                let role = Role::Administrator;
                let new = NewStaff {
                    login: &login,
                    name: &name,
                    role,
                    password_hash: &hash,
                };
                let made = tx.add_staff(&new, now).await?;
                tx.remove_setting(SETUP_TOKEN).await?;
                let detail = serde_json::json!({ "role": role });
                tx.audit(now, &login, "staff.first_administrator", made, &detail)
                    .await?;
                Ok(made)
            })
        })
        .await?;
    let staff = made.ok_or(PageError::NotFound)?;
    Ok((session::start(&doors, staff).await?, Redirect::to("/")).into_response())
}

/// The link is good until the first administrator has used it.
async fn link_is_open(doors: &Doors, token: &str) -> Result<(), PageError> {
    let kept = doors.store.read().await?.setting(SETUP_TOKEN).await?;
    if kept.is_some_and(|kept| token_fits(token, &kept)) {
        Ok(())
    } else {
        Err(PageError::NotFound)
    }
}

fn problem_with(login: &str, name: &str, password: &str) -> Option<&'static str> {
    let length = password.chars().count();
    if !login.contains('@')
        || login.len() > 200
        || login.contains(|c: char| c.is_whitespace() || c.is_control())
    {
        Some("Please give an e-mail address: it is what you sign in with.")
    } else if name.is_empty() || name.chars().count() > 80 || name.contains(char::is_control) {
        Some("Please give the name that your colleagues see, up to 80 characters.")
    } else if length < SHORTEST_PASSWORD {
        Some("Please choose a password of 12 characters or more. A few words are good.")
    } else if length > LONGEST_PASSWORD {
        Some("Please choose a password of at most 256 characters.")
    } else {
        None
    }
}

async fn sign_in_page() -> Result<Html<String>, PageError> {
    Ok(Html(
        SignInPage {
            problem: None,
            login: "",
        }
        .render()?,
    ))
}

async fn sign_in(
    State(doors): State<Doors>,
    Query(then): Query<Then>,
    Form(form): Form<Credentials>,
) -> Result<Response, PageError> {
    let login = form.login.trim().to_lowercase();
    let account = if login.contains(char::is_control) {
        None
    } else {
        doors.store.read().await?.staff_by_login(&login).await?
    };
    let hash = account
        .as_ref()
        .map(|account| account.password_hash.clone());
    let too_long = form.password.chars().count() > LONGEST_PASSWORD;
    let fits = !too_long && doors.passwords.fits(form.password, hash).await;
    if let Some(account) = account.filter(|_| fits) {
        Ok((
            session::start(&doors, account.id).await?,
            Redirect::to(then.place()),
        )
            .into_response())
    } else {
        let problem = Some("This e-mail address and password do not belong together.");
        let page = SignInPage {
            problem,
            login: &login,
        };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response())
    }
}

async fn sign_out(State(doors): State<Doors>, headers: HeaderMap) -> Result<Response, PageError> {
    Ok((
        session::end(&doors, &headers).await?,
        Redirect::to("/sign-in"),
    )
        .into_response())
}
