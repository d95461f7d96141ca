//! Being told by the browser that a case waits: switched on and off for the browser of this session.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::form::Sent;
use super::frame::{Notice, done};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::session::Current;
use crate::http::words::said;
use crate::pager::push::Subscription;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/me/push/key", Access::SignedIn, key)
        .post("/me/push", Access::SignedIn, on)
        .at(Pace::Send)
        .post("/me/push/off", Access::SignedIn, off)
}

/// The public key that a browser subscribes to.
async fn key(State(doors): State<Doors>) -> Result<Response, PageError> {
    Ok(doors.pushes.key().await?.public().into_response())
}

/// A script sends what the browser has named.
async fn on(
    State(doors): State<Doors>,
    Current(session): Current,
    sent: Sent,
) -> Result<Response, PageError> {
    let to = Subscription {
        endpoint: sent.get("endpoint").to_owned(),
        p256dh: sent.get("p256dh").to_owned(),
        auth: sent.get("auth").to_owned(),
    };
    Ok(match doors.pushes.subscribe(&session, to).await? {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => (StatusCode::UNPROCESSABLE_ENTITY, said(refused)).into_response(),
    })
}

async fn off(State(doors): State<Doors>, Current(session): Current) -> Result<Response, PageError> {
    doors.pushes.unsubscribe(&session).await?;
    Ok(done(&doors, "/me#told", Notice::PushOff))
}
