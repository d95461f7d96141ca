//! The id of a request: every line of the log that is written while it is answered carries it, and so does
//! the answer. It is made here and never taken from outside: what a caller writes has no place in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::Doors;
use crate::meter;
use crate::trail;

/// The header of the answer.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// Names the request, and counts how it was answered.
pub(super) async fn name(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    // Of a process id the last part is chance, the first is time.
    let (_, _, _, chance) = doors.process.as_fields();
    let id = format!("{}-{number}", hex::encode(&chance[4..]));
    let route = request.extensions().get::<MatchedPath>();
    // The pattern, never the address: that can hold a link that opens something.
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %id, method = %known(request.method()), route);
    let answering = trail::of_request(&id, next.run(request));
    let mut response = answering.instrument(span).await;
    let class = match response.status().as_u16() {
        ..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    meter::answered(door(&route), class, began.elapsed());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, id);
    }
    response
}

/// A method of the usual ones; whatever else a caller writes is `other`.
fn known(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    }
}

/// The door that a route belongs to.
fn door(route: &str) -> &'static str {
    match route
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default()
    {
        "hooks" => "hooks",
        "live" => "live",
        "assets" => "assets",
        "healthz" | "readyz" | "heartbeat" | "heartbeats" => "health",
        "simulator" | "sandbox" => "simulator",
        "none" => "none",
        _ => "staff",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_a_door() {
        for (route, of) in [
            ("/hooks/{gateway}/inbound", "hooks"),
            ("/readyz", "health"),
            ("/", "staff"),
            ("/conversations/{id}", "staff"),
            ("none", "none"),
        ] {
            assert_eq!(door(route), of, "{route}");
        }
    }
}
