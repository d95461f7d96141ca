//! Cookies: read from a request, made for an answer. What is in them is for others to judge. Floor 4.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use super::Doors;

/// The name as browsers know it. Over TLS it has the prefix that lets no other host of the same
/// domain, and no page without TLS, set it (RFC 6265bis section 4.1.3.2).
fn full_name<'n>(doors: &Doors, name: &'n str) -> Cow<'n, str> {
    if is_secure(doors) {
        Cow::Owned(format!("__Host-{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

fn is_secure(doors: &Doors) -> bool {
    doors.public_url.starts_with("https:")
}

/// The value of a cookie that the browser sent.
pub(super) fn value<'h>(doors: &Doors, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    among(headers, &full_name(doors, name))
}

/// The value of the first cookie of this name, in all lines of the header (RFC 6265 section 4.2).
fn among<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
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
    let name = full_name(doors, name);
    let secure = if is_secure(doors) { "; Secure" } else { "" };
    format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        age.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn line(bytes: &[u8]) -> HeaderMap {
        let value = HeaderValue::from_bytes(bytes);
        value
            .map(|value| HeaderMap::from_iter([(COOKIE, value)]))
            .unwrap_or_default()
    }

    proptest! {
        #[test]
        fn whatever_a_browser_sends_a_value_is_a_piece_of_it(bytes: Vec<u8>) {
            if let Some(value) = among(&line(&bytes), "a") {
                prop_assert!(!value.contains(';'));
                let sent = String::from_utf8(bytes).expect("what was read is text");
                let named = format!("a={value}");
                prop_assert!(sent.contains(&named));
            }
        }

        #[test]
        fn a_cookie_is_found_among_others(others in "([b-z]{1,9}=[ -:<-~]{0,9}; ?){0,9}", value in "[!-:<-~]{0,40}") {
            let headers = line(format!("{others}session={value}; z=1").as_bytes());
            if !others.contains("session=") {
                prop_assert_eq!(among(&headers, "session"), Some(value.as_str()));
            }
        }
    }
}
