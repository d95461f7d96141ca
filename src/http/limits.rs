//! What a request may be like before anything looks at it: the size of its head, the time of its body, and
//! what is answered where places are kept for gateways. Floor 4.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// The most header fields. Browsers send about twenty, gateways and proxies a few more.
const MOST_FIELDS: usize = 80;
/// The most bytes of them.
const MOST_BYTES: usize = 32 * 1024;

/// Whether the body of a request did not come in time; the listener says so.
#[derive(Clone, Debug, Default)]
pub struct Slow(Arc<AtomicBool>);

impl Slow {
    /// It did not.
    pub fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whom the place of a connection is kept for, when it is one of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrow {
    /// Gateways and monitors.
    Machines,
    /// Gateways alone. What monitors ask may wait for the database, and be asked by anybody: it must not fill
    /// the places of those who bring texts.
    Gateways,
}

impl Narrow {
    /// Whether this is answered there.
    fn answers(self, path: &str) -> bool {
        // That the process lives is said at once.
        let at_once = path.starts_with("/hooks/") || path == "/healthz";
        let waits = path.starts_with("/readyz") || path.starts_with("/heartbeat");
        at_once || (waits && self == Self::Machines)
    }
}

/// A router behind the guard of what requests may be like.
pub fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(middleware::from_fn(guard))
}

/// Lets in what may be looked at.
async fn guard(request: Request, next: Next) -> Response {
    if is_too_large(request.headers()) {
        return last(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The header fields of this request are too many or too large: at most 80, and 32 KiB in all. Clear the cookies of this site, or send fewer.\n",
        );
    }
    let narrow = request.extensions().get::<Narrow>();
    if narrow.is_some_and(|narrow| !narrow.answers(request.uri().path())) {
        let mut response = last(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many connections are open just now. Texts are still taken. Wait a few seconds, then try again.\n",
        );
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("5"));
        return response;
    }
    let slow = request.extensions().get::<Slow>().cloned();
    let response = next.run(request).await;
    if slow.is_some_and(|slow| slow.is_told()) {
        return last(
            StatusCode::REQUEST_TIMEOUT,
            "The body of this request did not come in time, and nothing was changed. Send it again, in one piece.\n",
        );
    }
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return last(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body of this request is too large: at most 128 KiB are read, 1 MiB of triage rules, and 4 MiB of a text with pictures. Nothing was changed. Send less.\n",
        );
    }
    response
}

fn is_too_large(headers: &HeaderMap) -> bool {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    headers.len() > MOST_FIELDS || sizes.sum::<usize>() > MOST_BYTES
}

/// An answer after which the connection ends.
fn last(status: StatusCode, words: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CONNECTION, "close"),
    ];
    (status, headers, words).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, header};

    use super::*;

    #[test]
    fn fields_are_counted_and_weighed() {
        let mut headers = HeaderMap::new();
        for n in 0..MOST_FIELDS {
            let name = HeaderName::try_from(format!("x-{n}")).unwrap();
            headers.insert(name, HeaderValue::from_static("1"));
        }
        assert!(!is_too_large(&headers));
        headers.insert("x-more", HeaderValue::from_static("1"));
        assert!(is_too_large(&headers));
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "c".repeat(MOST_BYTES).parse().unwrap());
        assert!(is_too_large(&headers));
    }

    #[test]
    fn the_last_places_are_for_hooks_and_monitors_and_the_very_last_for_hooks() {
        for path in ["/hooks/main/inbound", "/healthz"] {
            assert!(Narrow::Machines.answers(path), "{path}");
            assert!(Narrow::Gateways.answers(path), "{path}");
        }
        for path in ["/readyz", "/heartbeat", "/heartbeats/backup"] {
            assert!(Narrow::Machines.answers(path), "{path}");
            assert!(!Narrow::Gateways.answers(path), "{path}");
        }
        for path in ["/", "/sign-in", "/live", "/hooks"] {
            assert!(!Narrow::Machines.answers(path), "{path}");
        }
    }
}
