//! What the address of a page names: an id, a word. An address that names nothing is a page that is not there;
//! nothing of it is repeated. Floor 4.

use axum::extract::{FromRequestParts, Path as Named};
use axum::http::request::Parts;

use super::error::PageError;

/// The parts of an address that its route leaves open.
pub(super) struct Path<T>(pub(super) T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    Named<T>: FromRequestParts<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let named = Named::from_request_parts(parts, state).await;
        named
            .map(|Named(named)| Self(named))
            .map_err(|_| PageError::NotFound)
    }
}
