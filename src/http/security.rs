//! Headers that every answer carries, as the OWASP Secure Headers Project recommends them.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Doors;

/// Everything from this server and nothing inline.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What a page of ours may do on the machine that it is shown on: sound the alarm, and nothing else.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(self), camera=(), cross-origin-isolated=(), \
    display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), keyboard-map=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
    publickey-credentials-get=(), screen-wake-lock=(), sync-xhr=(), usb=(), web-share=(), xr-spatial-tracking=(), \
    clipboard-read=(), clipboard-write=(), gamepad=(), hid=(), idle-detection=(), serial=(), \
    browsing-topics=(), unload=()";

const HEADERS: [(HeaderName, &str); 11] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // A set-up link or the id of a conversation must not travel to another site. Not `no-referrer`: forms
    // would then say `Origin: null` (Fetch, section 3.2), which the guard against forged ones refuses
    // from browsers without `Sec-Fetch-Site`.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        "none",
    ),
    (header::X_DNS_PREFETCH_CONTROL, "off"),
    // The filter of old browsers could be turned against a page.
    (header::X_XSS_PROTECTION, "0"),
];

/// A browser that was here once over TLS does not come without it for a year (RFC 6797). Hosts below this one
/// are not ours to speak for, unless the operator says so.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// The same for them.
const TLS_BELOW: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Adds them; what a handler has set stays. Nothing is cached unless the handler says so.
pub(super) async fn headers(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    add(headers);
    if doors.public_url.starts_with("https:") {
        let tls = if doors.hsts_subdomains {
            TLS_BELOW
        } else {
            TLS_ONLY
        };
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(tls);
    }
    response
}

/// Adds what every answer of this program carries, whichever listener it leaves by.
pub fn add(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
