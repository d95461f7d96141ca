//! Where a person goes on after they have signed in: a path of this site, and nothing else.

use axum::http::HeaderMap;
use axum::http::header::REFERER;
use serde::Deserialize;
use url::Url;

/// What stands after `?` in the address of the door.
#[derive(Default, Deserialize)]
pub(super) struct Then {
    then: Option<String>,
}

impl Then {
    /// The place as it was named, if it was.
    pub(super) fn named(&self) -> Option<&str> {
        self.then.as_deref()
    }

    /// The place; the queue when none is named, or one that is not of this site.
    pub(super) fn place(&self) -> &str {
        self.then.as_deref().and_then(local).unwrap_or("/")
    }
}

/// The address of the door that leads on to a place.
pub(super) fn door(then: Option<&str>) -> String {
    with_then("/sign-in", then)
}

/// Where the code of a second factor is given, which leads on to a place.
pub(super) fn code(then: &Then) -> String {
    with_then("/sign-in/code", then.then.as_deref())
}

/// Where a person proves again who they are, which leads on to a place.
pub(super) fn confirm(then: Option<&str>) -> String {
    with_then("/confirm", then)
}

/// The page of this site that a form was sent from; the door where the browser does not say it. Of the
/// address only the path counts: its host may be written in more ways than one.
pub(super) fn came_from(headers: &HeaderMap) -> String {
    let page = || {
        let page = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
        let query = page
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        let place = format!("{}{query}", page.path());
        local(&place).is_some().then_some(place)
    };
    page().unwrap_or_else(|| door(None))
}

/// Where a second factor is set up.
pub(super) const SECOND_FACTOR: &str = "/me/second-factor";

/// A path with the place to go on to behind it.
fn with_then(path: &str, then: Option<&str>) -> String {
    match then.and_then(local).filter(|then| *then != "/") {
        None => path.to_owned(),
        Some(then) => {
            let encoded: String = form_urlencoded::byte_serialize(then.as_bytes()).collect();
            format!("{path}?then={encoded}")
        }
    }
}

/// The longest place that is kept.
const LONGEST: usize = 500;

/// A path on this site, as written. A browser reads `//host` and `/\host` as another site, and drops
/// tabs and line ends before it reads: so no such second character, and nothing but printable ASCII.
fn local(place: &str) -> Option<&str> {
    let rest = place.strip_prefix('/')?;
    let plain = place.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (plain && !rest.starts_with('/') && place.len() <= LONGEST).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_site_is_gone_on_to() {
        for place in ["/", "/conversations/1?from=2", "/a//b"] {
            assert_eq!(local(place), Some(place));
        }
        for place in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "conversations",
            "/ü",
        ] {
            assert_eq!(local(place), None, "{place:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(LONGEST))), None);
    }

    #[test]
    fn the_door_keeps_the_place_in_one_piece() {
        assert_eq!(door(None), "/sign-in");
        assert_eq!(door(Some("/")), "/sign-in");
        assert_eq!(door(Some("//evil.example")), "/sign-in");
        assert_eq!(door(Some("/a?b=c&d")), "/sign-in?then=%2Fa%3Fb%3Dc%26d");
    }

    #[test]
    fn a_form_leads_back_to_its_page_on_this_site() {
        for (referer, page) in [
            ("https://line.example.org/link/abc?a=b#c", "/link/abc?a=b"),
            (
                "http://127.0.0.1:8080/sign-in?then=%2Fa",
                "/sign-in?then=%2Fa",
            ),
            ("https://evil.example//evil.example", "/sign-in"),
            ("nonsense", "/sign-in"),
            ("", "/sign-in"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, referer.parse().unwrap());
            assert_eq!(came_from(&headers), page, "{referer}");
        }
        assert_eq!(came_from(&HeaderMap::new()), "/sign-in");
    }
}
