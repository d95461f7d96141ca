//! Styles and scripts, embedded in the binary.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Doors;

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .route(
            "/assets/style.css",
            get(|| {
                asset(
                    "text/css; charset=utf-8",
                    include_str!("../../templates/assets/style.css"),
                )
            }),
        )
        .route(
            "/assets/live.js",
            get(|| {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../../templates/assets/live.js"),
                )
            }),
        )
        .route(
            "/assets/simulator.js",
            get(|| {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../../templates/assets/simulator.js"),
                )
            }),
        )
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    // Short-lived: after an upgrade a page must not run with an old script for long.
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "private, max-age=60"),
        ],
        text,
    )
        .into_response()
}
