//! Styles, scripts and the icon, embedded in the binary.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

use super::Doors;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, kind and content.
const ASSETS: [(&str, &str, &str); 6] = [
    (
        "/assets/style.css",
        CSS,
        include_str!("../../templates/assets/style.css"),
    ),
    (
        "/assets/live.js",
        SCRIPT,
        include_str!("../../templates/assets/live.js"),
    ),
    (
        "/assets/compose.js",
        SCRIPT,
        include_str!("../../templates/assets/compose.js"),
    ),
    (
        "/assets/alarm.js",
        SCRIPT,
        include_str!("../../templates/assets/alarm.js"),
    ),
    (
        "/assets/simulator.js",
        SCRIPT,
        include_str!("../../templates/assets/simulator.js"),
    ),
    (
        "/assets/icon.svg",
        SVG,
        include_str!("../../templates/assets/icon.svg"),
    ),
];

/// After an upgrade a page must not run with an old script for long.
const SHORT: &str = "private, max-age=60";

pub(super) fn routes() -> Router<Doors> {
    ASSETS
        .into_iter()
        .fold(Router::new(), |routes, (path, kind, content)| {
            let answer =
                move || async move { ([(CONTENT_TYPE, kind), (CACHE_CONTROL, SHORT)], content) };
            routes.route(path, get(answer))
        })
}
