//! Styles, scripts, icons and the manifest, embedded in the binary.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

use super::Doors;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const MANIFEST: &str = "application/manifest+json";

/// Path, kind and content.
const ASSETS: [(&str, &str, &str); 11] = [
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
        "/assets/keys.js",
        SCRIPT,
        include_str!("../../templates/assets/keys.js"),
    ),
    (
        "/assets/push.js",
        SCRIPT,
        include_str!("../../templates/assets/push.js"),
    ),
    // At the root: it shows notifications for the whole of the site.
    (
        "/sw.js",
        SCRIPT,
        include_str!("../../templates/assets/sw.js"),
    ),
    (
        "/manifest.webmanifest",
        MANIFEST,
        include_str!("../../templates/assets/manifest.webmanifest"),
    ),
    (
        "/assets/icon-maskable.svg",
        SVG,
        include_str!("../../templates/assets/icon-maskable.svg"),
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
