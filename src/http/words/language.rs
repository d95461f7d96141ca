//! The language of who reads: what their account says, else what their browser was told at the door, else
//! what it asks for, else English. Floor 4.

use std::cell::Cell;
use std::time::Duration;

use axum::extract::{Form, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::http::access::{Access, Routes};
use crate::http::then::came_from;
use crate::http::{Doors, cookie};
use crate::locale::Locale;

/// The language that was chosen in this browser. It says nothing of who chose it.
const COOKIE_NAME: &str = "harborline_language";
const KEPT: Duration = Duration::from_hours(24 * 400);

tokio::task_local! {
    static LOCALE: Cell<Locale>;
}

/// The language of the request that is being answered.
pub(in crate::http) fn locale() -> Locale {
    LOCALE.try_with(Cell::get).unwrap_or_default()
}

/// The languages that a page can be switched to.
pub(in crate::http) fn others() -> impl Iterator<Item = Locale> {
    let here = locale();
    Locale::ALL.into_iter().filter(move |other| *other != here)
}

/// Answers this request in another language: the account of who is signed in names it.
pub(in crate::http) fn speak(locale: Locale) {
    // Outside of a request nobody reads.
    let _ = LOCALE.try_with(|cell| cell.set(locale));
}

/// Answers a request in the language that its browser asks for.
pub(in crate::http) async fn in_language(
    State(doors): State<Doors>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let chosen = cookie::value(&doors, headers, COOKIE_NAME).and_then(Locale::of_tag);
    let locale = chosen.or_else(|| asked_for(headers)).unwrap_or_default();
    LOCALE.scope(Cell::new(locale), next.run(request)).await
}

/// Does something in a language, as within a request.
#[cfg(test)]
pub(in crate::http) fn within<T>(locale: Locale, work: impl FnOnce() -> T) -> T {
    LOCALE.sync_scope(Cell::new(locale), work)
}

/// The language that a browser likes best of those that we have (RFC 9110, section 12.5.4).
fn asked_for(headers: &HeaderMap) -> Option<Locale> {
    let lines = headers.get_all(ACCEPT_LANGUAGE).iter();
    let ranges = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let mut best: Option<(Locale, f32)> = None;
    for range in ranges {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight = weight.trim().strip_prefix("q=").map(str::parse);
        let (Some(locale), Some(Ok(weight))) = (Locale::of_tag(tag.trim()), weight) else {
            continue;
        };
        if weight > best.map_or(0.0, |(_, best)| best) {
            best = Some((locale, weight));
        }
    }
    best.map(|(locale, _)| locale)
}

/// Has this browser keep the choice of a language, or forget it.
pub(in crate::http) fn kept(
    doors: &Doors,
    locale: Option<Locale>,
) -> AppendHeaders<[(HeaderName, String); 1]> {
    let (tag, age) = locale.map_or(("", Duration::ZERO), |locale| (locale.tag(), KEPT));
    AppendHeaders([(SET_COOKIE, cookie::set(doors, COOKIE_NAME, tag, age))])
}

pub(in crate::http) fn routes() -> Routes {
    Routes::new().post("/language", Access::Open, switch)
}

/// The language that a button at the door stands for.
#[derive(Deserialize)]
struct Chosen {
    locale: Locale,
}

/// Another language, and back to the page whose button it was.
async fn switch(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Response {
    let back = Redirect::to(&came_from(&headers));
    (kept(&doors, Some(chosen.locale)), back).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_that_it_likes_best() {
        for (line, locale) in [
            ("es-MX,es;q=0.9,en;q=0.8", Some(Locale::Es)),
            ("en-US, en;q=0.9, es;q=0.9", Some(Locale::En)),
            ("de, ES;q=0.5, en;q=0.3", Some(Locale::Es)),
            ("de, fr;q=0.5", None),
            ("es;q=0, en;q=0.1", Some(Locale::En)),
            ("es;q=x, ;;, est", None),
            ("*", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, line.parse().unwrap());
            assert_eq!(asked_for(&headers), locale, "{line}");
        }
    }

    #[test]
    fn the_account_has_the_last_word_and_outside_of_a_request_it_is_english() {
        speak(Locale::Es);
        assert_eq!(locale(), Locale::En);
        within(Locale::En, || {
            speak(Locale::Es);
            assert_eq!(locale(), Locale::Es);
        });
    }
}
