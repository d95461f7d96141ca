//! The door: the set-up link of the first administrator, sign-in, sign-out.

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::accounts::{Caller, NotIn, Opened, Refused};
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::then::{Then, code, door};
use crate::http::words::{filters, said};
use crate::http::{Doors, session};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/setup/{token}", Access::Open, setup_page)
        .post("/setup/{token}", Access::Open, set_up)
        .get("/sign-in", Access::Open, sign_in_page)
        .post("/sign-in", Access::Open, sign_in)
        .get("/sign-in/code", Access::Open, code_page)
        .post("/sign-in/code", Access::Open, give_code)
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

#[derive(Template)]
#[template(path = "pages/sign_in_code.html")]
struct CodePage {
    problem: Option<String>,
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

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn setup_page(
    State(doors): State<Doors>,
    Path(token): Path<String>,
) -> Result<Html<String>, PageError> {
    if !doors.accounts.is_setup_link(&token).await? {
        return Err(PageError::NotFound);
    }
    let page = SetupPage {
        problem: None,
        login: "",
        name: "",
    };
    Ok(Html(page.render()?))
}

async fn set_up(
    State(doors): State<Doors>,
    caller: Caller,
    Path(token): Path<String>,
    Form(form): Form<NewAccount>,
) -> Result<Response, PageError> {
    let (login, name) = (form.login.as_str(), form.name.as_str());
    let made = doors
        .accounts
        .set_up(&caller, &token, (login, name), form.password)
        .await?;
    match made {
        Ok(opened) => Ok(let_in(&doors, &opened, &Then::default())),
        Err(Refused::LinkGone) => Err(PageError::NotFound),
        Err(refused) => {
            let problem = said(refused);
            let page = SetupPage {
                problem: Some(&problem),
                login,
                name,
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response())
        }
    }
}

async fn sign_in_page() -> Result<Html<String>, PageError> {
    let page = SignInPage {
        problem: None,
        login: "",
    };
    Ok(Html(page.render()?))
}

async fn sign_in(
    State(doors): State<Doors>,
    caller: Caller,
    Query(then): Query<Then>,
    Form(form): Form<Credentials>,
) -> Result<Response, PageError> {
    let login = form.login.as_str();
    match doors
        .accounts
        .sign_in(&caller, login, form.password)
        .await?
    {
        Ok(opened) => Ok(let_in(&doors, &opened, &then)),
        Err(not_in) => {
            let problem = said(not_in);
            let page = SignInPage {
                problem: Some(&problem),
                login,
            };
            Ok(refused(not_in, page.render()?))
        }
    }
}

async fn code_page(
    State(doors): State<Doors>,
    caller: Caller,
    Query(then): Query<Then>,
) -> Result<Response, PageError> {
    if !doors.accounts.awaits_code(&caller).await? {
        return Ok(Redirect::to(&door(then.named())).into_response());
    }
    Ok(Html(CodePage { problem: None }.render()?).into_response())
}

async fn give_code(
    State(doors): State<Doors>,
    caller: Caller,
    Query(then): Query<Then>,
    Form(form): Form<Code>,
) -> Result<Response, PageError> {
    match doors.accounts.give_code(&caller, &form.code).await? {
        Ok(opened) => Ok(let_in(&doors, &opened, &then)),
        Err(NotIn::Ended) => Ok(Redirect::to(&door(then.named())).into_response()),
        Err(not_in) => {
            let page = CodePage {
                problem: Some(said(not_in)),
            };
            Ok(refused(not_in, page.render()?))
        }
    }
}

async fn sign_out(State(doors): State<Doors>, caller: Caller) -> Result<Response, PageError> {
    if let Some(token) = &caller.session {
        doors.accounts.sign_out(token).await?;
    }
    // Nothing of ours is in the cache; a browser that kept a page all the same throws it away. Its
    // cookies stay: by one of them it is known at the next sign-in.
    let clear = [(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\""),
    )];
    let cookies = session::taken_back(&doors);
    Ok((cookies, clear, Redirect::to("/sign-in")).into_response())
}

/// Somebody has come in: on to where they wanted to go, or to their code.
pub(super) fn let_in(doors: &Doors, opened: &Opened, then: &Then) -> Response {
    let place = if opened.code_due {
        Redirect::to(&code(then))
    } else {
        Redirect::to(then.place())
    };
    (session::handed(doors, opened), place).into_response()
}

/// The answer to somebody who was not let in.
pub(super) fn refused(not_in: NotIn, page: String) -> Response {
    let status = match not_in {
        NotIn::Wrong | NotIn::WrongCode | NotIn::WrongPassword | NotIn::Ended => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        NotIn::Locked => StatusCode::FORBIDDEN,
        NotIn::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
        NotIn::Busy => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (status, Html(page)).into_response();
    let seconds = match not_in {
        NotIn::Wait(wait) => Some(wait.as_secs().max(1)),
        NotIn::Busy => Some(2),
        _ => None,
    };
    if let Some(seconds) = seconds {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}
