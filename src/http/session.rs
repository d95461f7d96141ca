//! Sessions: a random token in a cookie, its hash in the store.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::error::PageError;
use super::{Doors, cookie};
use crate::credential::{Token, token_hash};
use crate::store::{Account, StoreError};

const COOKIE_NAME: &str = "harborline_session";
/// A session ends after this long, used or not.
const LONGEST: Duration = Duration::from_hours(12);
/// And after this long without use: a shift with a quiet hour is no reason to sign in again.
const IDLE: Duration = Duration::from_hours(4);
/// How often use is noted.
const NOTED: Duration = Duration::from_mins(1);

/// The member of staff behind a request, as the guard of the routes has found them.
#[derive(Clone)]
pub(super) struct SignedIn(pub(super) Account);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        // Nobody stands in front of an open route: its handler has no person to act for.
        let found = parts.extensions.get().cloned();
        found.ok_or(PageError::SignedOut { then: None })
    }
}

/// The account whose session a request carries, if it is still good.
pub(super) async fn of(doors: &Doors, headers: &HeaderMap) -> Result<Option<Account>, StoreError> {
    let Some(token) = token_of(headers) else {
        return Ok(None);
    };
    let (hash, now) = (token_hash(token), doors.clock.now());
    let found = doors
        .store
        .read()
        .await?
        .session(&hash, now.minus(LONGEST), now.minus(IDLE))
        .await?;
    let Some((account, seen_at)) = found else {
        return Ok(None);
    };
    if now.since(seen_at) > NOTED {
        doors
            .store
            .write(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { tx.touch_session(&hash, now).await })
            })
            .await?;
    }
    Ok(Some(account))
}

fn token_of(headers: &HeaderMap) -> Option<&str> {
    cookie::value(headers, COOKIE_NAME)
}

/// Starts a session and returns the header that hands its token to the browser.
pub(super) async fn start(
    doors: &Doors,
    staff: uuid::Uuid,
) -> Result<[(HeaderName, String); 1], StoreError> {
    let (token, now) = (Token::new(&*doors.ids), doors.clock.now());
    let hash = token.hash.clone();
    doors
        .store
        .write(move |tx| {
            let hash = hash.clone();
            Box::pin(async move { tx.start_session(&hash, staff, now).await })
        })
        .await?;
    Ok([(
        SET_COOKIE,
        cookie::set(doors, COOKIE_NAME, &token.shown, LONGEST),
    )])
}

/// Ends the session of a request and returns the header that clears the cookie.
pub(super) async fn end(
    doors: &Doors,
    headers: &HeaderMap,
) -> Result<[(HeaderName, String); 1], StoreError> {
    if let Some(token) = token_of(headers) {
        let hash = token_hash(token);
        doors
            .store
            .write(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { tx.end_session(&hash).await })
            })
            .await?;
    }
    Ok([(
        SET_COOKIE,
        cookie::set(doors, COOKIE_NAME, "", Duration::ZERO),
    )])
}
