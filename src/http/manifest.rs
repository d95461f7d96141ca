//! The manifest: how the pages are installed as an app, in the language of who asks. Floor 4.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::access::{Access, Routes};
use super::assets::address;
use super::words::{locale, tr};

pub(super) fn routes() -> Routes {
    // A browser asks for it without a session.
    Routes::new().get("/manifest.webmanifest", Access::Open, manifest)
}

async fn manifest() -> Response {
    let headers = [
        (CONTENT_TYPE, "application/manifest+json"),
        (CACHE_CONTROL, "private, max-age=60"),
        (VARY, "accept-language, cookie"),
    ];
    (headers, words().to_string()).into_response()
}

fn words() -> Value {
    let icon = |file: &str, kind: &str, sizes: &str, purpose: &str| json!({ "src": address(file), "type": kind, "sizes": sizes, "purpose": purpose });
    json!({
        "id": "/",
        "name": "Harborline",
        "short_name": "Harborline",
        "lang": locale().tag(),
        "description": tr!("The queue of a text helpline: who waits for a person"),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f3f6f6",
        "theme_color": "#1d4e63",
        "icons": [
            icon("icon.svg", "image/svg+xml", "any", "any"),
            icon("icon-192.png", "image/png", "192x192", "any"),
            icon("icon-512.png", "image/png", "512x512", "any"),
            icon("icon-maskable.svg", "image/svg+xml", "any", "maskable"),
            icon("icon-maskable-512.png", "image/png", "512x512", "maskable"),
        ],
        "shortcuts": [
            { "name": tr!("Queue"), "url": "/" },
            { "name": tr!("On call"), "url": "/on-call" },
            { "name": tr!("Me"), "url": "/me" },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::words::within;
    use crate::locale::Locale;

    #[test]
    fn an_app_speaks_the_language_of_who_installs_it() {
        assert_eq!(words()["shortcuts"][0]["name"], "Queue");
        let spanish = within(Locale::Es, words);
        assert_eq!(spanish["shortcuts"][0]["name"], "Cola");
        assert_eq!(spanish["lang"], "es");
        assert!(
            spanish["icons"][1]["src"]
                .as_str()
                .unwrap()
                .starts_with("/assets/icon-192.png?v=")
        );
    }
}
