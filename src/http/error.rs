//! Error pages: plain words, a way on, and nothing of what went wrong inside.

use std::any::Any;
use std::time::Duration;

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::then::{SECOND_FACTOR, confirm, door};
use super::words::{filters, phrase, said};
use crate::store::StoreError;

/// A page that could not be shown.
pub(super) enum PageError {
    /// There is nothing here, or nothing for this person.
    NotFound,
    /// A one-time link that was used, is too old, or was replaced.
    LinkGone,
    /// Not signed in: off to the door, and from there to this place.
    SignedOut {
        /// A path of this site.
        then: Option<String>,
    },
    /// Signed in, without the second factor that the role asks for: off to set it up.
    NoFactor,
    /// Signed in, and not proved just now who it is: off to do so, and from there to this place.
    Unconfirmed {
        /// A path of this site.
        then: Option<String>,
    },
    /// Signed in, with a role that does not include this.
    Forbidden,
    /// A form that another site may have made.
    Elsewhere,
    /// Done too often in a short time, and how long to wait.
    TooOften(Duration),
    /// The machine could not do the work just now.
    Busy,
    /// The store failed; it is in the log.
    Store(StoreError),
    /// A template failed; it is in the log.
    Template(askama::Error),
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Template(error)
    }
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    words: &'a str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut { then } => Redirect::to(&door(then.as_deref())).into_response(),
            Self::NoFactor => Redirect::to(SECOND_FACTOR).into_response(),
            Self::Unconfirmed { then } => Redirect::to(&confirm(then.as_deref())).into_response(),
            Self::Forbidden => page(
                StatusCode::FORBIDDEN,
                phrase!("Not part of your role"),
                phrase!(
                    "Your role does not include this page or act. Nothing was changed. If you need it, ask an administrator of your line."
                ),
            ),
            Self::Elsewhere => page(
                StatusCode::FORBIDDEN,
                phrase!("Not sent from this site"),
                phrase!(
                    "This form may have come from another site, so nothing was changed. Open the page here and send it again. If that helps nothing, tell the operator that your browser has another address than public_url."
                ),
            ),
            Self::NotFound => page(
                StatusCode::NOT_FOUND,
                phrase!("Nothing here"),
                phrase!("This page does not exist, or it is not yours to see."),
            ),
            Self::TooOften(wait) => {
                let asked_again = page(
                    StatusCode::TOO_MANY_REQUESTS,
                    phrase!("That was very often in a short time"),
                    phrase!("Nothing was changed. Wait a minute, then try again."),
                );
                (retry_after(wait), asked_again).into_response()
            }
            Self::Busy => broken(),
            Self::LinkGone => page(
                StatusCode::NOT_FOUND,
                phrase!("This link does not work any more"),
                phrase!(
                    "A link works once, and for three days. If you have not used it yourself, tell an administrator of your line; they can make you a new one."
                ),
            ),
            Self::Store(error) if error.is_outage() => {
                tracing::error!(%error, "a page could not be shown");
                page(
                    StatusCode::SERVICE_UNAVAILABLE,
                    phrase!("The database is out of reach"),
                    phrase!(
                        "Texts are still taken, and who is in danger is still answered and paged for. Nothing was changed here. Please try again in a minute, and tell the operator."
                    ),
                )
            }
            Self::Store(error) => {
                tracing::error!(%error, "a page could not be shown");
                broken()
            }
            Self::Template(error) => {
                tracing::error!(%error, "a page could not be rendered");
                broken()
            }
        }
    }
}

/// The header that says how long to wait, in whole seconds.
pub(super) fn retry_after(wait: Duration) -> [(HeaderName, HeaderValue); 1] {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    [(RETRY_AFTER, HeaderValue::from(seconds.max(1)))]
}

fn broken() -> Response {
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        phrase!("Something went wrong on our side"),
        phrase!(
            "Nothing was changed. Please try again; if it stays, tell the operator to look at the log."
        ),
    )
}

fn page(status: StatusCode, title: &str, words: &str) -> Response {
    match (ErrorPage { title, words }).render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (status, said(words)).into_response(),
    }
}

/// Every address that no door has.
pub(super) async fn not_found() -> PageError {
    PageError::NotFound
}

/// A handler that panicked. The panic message is not logged: it may quote its input.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    broken()
}
