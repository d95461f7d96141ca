//! The page of a one-time link: an invitation, or a new password.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::door::let_in;
use crate::accounts::{Caller, Refused};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::then::Then;
use crate::http::words::{filters, said};
use crate::store::{Link, LinkKind};

pub(super) fn routes() -> Routes {
    Routes::new().get("/link/{token}", Access::Open, page).post(
        "/link/{token}",
        Access::Open,
        choose,
    )
}

#[derive(Template)]
#[template(path = "pages/link.html")]
struct LinkPage<'a> {
    line: &'a str,
    login: &'a str,
    name: &'a str,
    invited: bool,
    factor_too: bool,
    problem: Option<String>,
}

impl<'a> LinkPage<'a> {
    fn new(doors: &'a Doors, link: &'a Link, problem: Option<String>) -> Self {
        Self {
            line: &doors.accounts.line,
            login: &link.account.login,
            name: &link.account.name,
            invited: link.kind == LinkKind::Invitation,
            factor_too: link.kind == LinkKind::PasswordAndFactor,
            problem,
        }
    }
}

#[derive(Deserialize)]
struct Chosen {
    password: String,
}

/// Opened by whoever looks at the link, a mail program too: that uses nothing up.
async fn page(
    State(doors): State<Doors>,
    Path(token): Path<String>,
) -> Result<Html<String>, PageError> {
    let link = doors.accounts.link(&token).await?;
    let link = link.ok_or(PageError::LinkGone)?;
    Ok(Html(LinkPage::new(&doors, &link, None).render()?))
}

async fn choose(
    State(doors): State<Doors>,
    caller: Caller,
    Path(token): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, PageError> {
    let used = doors
        .accounts
        .use_link(&caller, &token, chosen.password)
        .await?;
    match used {
        Ok(opened) => Ok(let_in(&doors, &opened, &Then::default())),
        Err(Refused::LinkGone) => Err(PageError::LinkGone),
        Err(refused) => {
            let link = doors.accounts.link(&token).await?;
            let link = link.ok_or(PageError::LinkGone)?;
            let page = LinkPage::new(&doors, &link, Some(said(refused))).render()?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response())
        }
    }
}
