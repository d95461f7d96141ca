//! Who is it? Asked again before something sensitive.

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::door::refused;
use crate::accounts::{Caller, NotIn};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::session::Current;
use crate::http::then::Then;
use crate::http::words::{filters, said};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/confirm", Access::Session, page)
        .post("/confirm", Access::Session, confirm)
}

#[derive(Template)]
#[template(path = "pages/confirm.html")]
struct ConfirmPage<'a> {
    login: &'a str,
    has_factor: bool,
    problem: Option<String>,
}

#[derive(Deserialize)]
struct Proof {
    proof: String,
}

fn rendered(Current(me): &Current, problem: Option<NotIn>) -> Result<String, PageError> {
    let page = ConfirmPage {
        login: &me.account.login,
        has_factor: me.totp_at.is_some(),
        problem: problem.map(said),
    };
    Ok(page.render()?)
}

async fn page(me: Current) -> Result<Html<String>, PageError> {
    Ok(Html(rendered(&me, None)?))
}

async fn confirm(
    State(doors): State<Doors>,
    caller: Caller,
    me: Current,
    Query(then): Query<Then>,
    Form(form): Form<Proof>,
) -> Result<Response, PageError> {
    match doors.accounts.confirm(&caller, &me.0, form.proof).await? {
        Ok(()) => Ok(Redirect::to(then.place()).into_response()),
        Err(not_in) => Ok(refused(not_in, rendered(&me, Some(not_in))?)),
    }
}
