//! Styles, scripts and icons, embedded in the binary. Each is named with a fingerprint of its
//! bytes, so that a browser keeps it for good and an upgrade brings another name.
//!
//! They travel compressed. Nothing else does: a page holds what is secret beside what somebody may have put
//! into its address, and then the length of what is compressed gives it away (BREACH, CVE-2013-3587). Floor 4.

use std::io::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::Doors;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

/// Declares assets: path, kind, and the file in `templates/assets`.
macro_rules! assets {
    ($($path:literal, $kind:ident, $file:literal;)*) => {
        /// Path, kind and content.
        const ASSETS: &[(&str, &str, &[u8])] = &[$((
            $path,
            $kind,
            include_bytes!(concat!("../../templates/assets/", $file)),
        ),)*];
    };
}

assets! {
    "/assets/style.css", CSS, "style.css";
    "/assets/keys.js", SCRIPT, "keys.js";
    "/assets/live.js", SCRIPT, "live.js";
    "/assets/compose.js", SCRIPT, "compose.js";
    "/assets/alarm.js", SCRIPT, "alarm.js";
    "/assets/push.js", SCRIPT, "push.js";
    "/assets/copy.js", SCRIPT, "copy.js";
    "/assets/simulator.js", SCRIPT, "simulator.js";
    "/assets/icon.svg", SVG, "icon.svg";
    "/assets/icon-maskable.svg", SVG, "icon-maskable.svg";
    "/assets/icon-180.png", PNG, "icon-180.png";
    "/assets/icon-192.png", PNG, "icon-192.png";
    "/assets/icon-512.png", PNG, "icon-512.png";
    "/assets/icon-maskable-512.png", PNG, "icon-maskable-512.png";
    // At the root: it shows notifications for the whole of the site.
    "/sw.js", SCRIPT, "sw.js";
}

/// What is asked for by its fingerprint never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// Anything else may: after an upgrade a page must not run with an old script for long.
const SHORT: &str = "public, max-age=60";
/// Digits of a fingerprint.
const FINGERPRINT: usize = 12;

/// An asset as it is given away.
struct Asset {
    path: &'static str,
    kind: &'static str,
    plain: Bytes,
    /// Compressed, where that makes it smaller.
    packed: Option<Bytes>,
    fingerprint: String,
}

impl Asset {
    fn new((path, kind, content): (&'static str, &'static str, &'static [u8])) -> Self {
        let mut fingerprint = hex::encode(Sha256::digest(content));
        fingerprint.truncate(FINGERPRINT);
        let packed = packed(content).filter(|packed| packed.len() < content.len());
        Self {
            path,
            kind,
            plain: Bytes::from_static(content),
            packed: packed.map(Bytes::from),
            fingerprint,
        }
    }

    fn answer(&self, query: Option<&str>, headers: &HeaderMap) -> Response {
        let named = query.and_then(|query| query.strip_prefix("v=")) == Some(&self.fingerprint);
        let lasts = if named { FOR_GOOD } else { SHORT };
        // Weak: it stands for both forms, as they are and compressed.
        let tag = format!("W/\"{}\"", self.fingerprint);
        let about = [
            (CACHE_CONTROL, lasts),
            (ETAG, tag.as_str()),
            (VARY, "accept-encoding"),
        ];
        if lists(headers, &IF_NONE_MATCH, &tag) {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        let kind = [(CONTENT_TYPE, self.kind)];
        match &self.packed {
            Some(packed) if lists(headers, &ACCEPT_ENCODING, "gzip") => {
                (about, kind, [(CONTENT_ENCODING, "gzip")], packed.clone()).into_response()
            }
            _ => (about, kind, self.plain.clone()).into_response(),
        }
    }
}

/// Compressed once, when the program begins.
fn packed(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

/// Whether a header lists a value, and does not refuse it.
fn lists(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let all = headers
        .get_all(name)
        .iter()
        .filter_map(|one| one.to_str().ok());
    all.flat_map(|list| list.split(',')).any(|one| {
        let (one, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty());
        one.trim() == value && !refused
    })
}

static ALL: LazyLock<Vec<Asset>> =
    LazyLock::new(|| ASSETS.iter().copied().map(Asset::new).collect());

/// The address of an asset, by the name of its file: with its fingerprint.
pub(super) fn address(file: &str) -> String {
    let found = ALL
        .iter()
        .find(|asset| asset.path.rsplit('/').next() == Some(file));
    found.map_or_else(
        || format!("/assets/{file}"),
        |asset| format!("{}?v={}", asset.path, asset.fingerprint),
    )
}

pub(super) fn routes() -> Router<Doors> {
    ALL.iter().fold(Router::new(), |routes, asset| {
        let answer = move |RawQuery(query): RawQuery, headers: HeaderMap| async move {
            asset.answer(query.as_deref(), &headers)
        };
        routes.route(asset.path, get(answer))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: Option<&str>, name: HeaderName, value: &str) -> Response {
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        let style = ALL.iter().find(|asset| asset.path == "/assets/style.css");
        style.unwrap().answer(query, &headers)
    }

    #[test]
    fn an_asset_is_kept_for_good_only_under_its_own_fingerprint() {
        let address = address("style.css");
        let (_, query) = address.split_once('?').unwrap();
        let kept = |query| asked(query, ACCEPT_ENCODING, "").headers()[CACHE_CONTROL].clone();
        assert_eq!(kept(Some(query)), FOR_GOOD);
        for other in [None, Some(""), Some("v=0123456789ab"), Some("x")] {
            assert_eq!(kept(other), SHORT, "{other:?}");
        }
    }

    #[test]
    fn it_travels_compressed_to_who_takes_that() {
        for (takes, packed) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.5", true),
            ("gzip;q=0, identity", false),
            ("gzip;q=0.0", false),
            ("identity", false),
            ("", false),
        ] {
            let answer = asked(None, ACCEPT_ENCODING, takes);
            let encoding = answer.headers().contains_key(CONTENT_ENCODING);
            assert_eq!(encoding, packed, "{takes:?}");
            assert_eq!(answer.headers()[VARY], "accept-encoding");
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let tag = asked(None, ACCEPT_ENCODING, "").headers()[ETAG].clone();
        let again = asked(None, IF_NONE_MATCH, tag.to_str().unwrap());
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = asked(None, IF_NONE_MATCH, "W/\"0123\"");
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn every_asset_has_an_address_of_its_own() {
        for asset in ALL.iter() {
            let file = asset.path.rsplit('/').next().unwrap();
            assert!(address(file).starts_with(asset.path), "{file}");
        }
    }
}
