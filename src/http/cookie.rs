//! Cookies: read from a request, made for an answer. What is in them is for others to judge. Floor 4.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use super::Doors;

/// The value of a cookie that the browser sent.
pub(super) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// What a `Set-Cookie` header says: kept for so long, sent to this server only, closed to scripts. An
/// age of zero takes the cookie back.
pub(super) fn set(doors: &Doors, name: &str, value: &str, age: Duration) -> String {
    let secure = if doors.public_url.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        age.as_secs()
    )
}
