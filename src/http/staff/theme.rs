//! How the pages look: as the system wants it, or light, dark, or for the night. Kept in the browser that it
//! was chosen in: a phone beside a bed is not a screen on a desk.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};

use super::form::{Choice, Sent};
use crate::http::access::{Access, Routes};
use crate::http::words::{phrase, said, tr};
use crate::http::{Doors, cookie};

const COOKIE_NAME: &str = "harborline_theme";
/// As long as browsers keep a cookie.
const KEPT: Duration = Duration::from_hours(400 * 24);

pub(super) fn routes() -> Routes {
    Routes::new().post("/me/theme", Access::SignedIn, choose)
}

/// A theme that somebody has chosen. Without one, the system decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Theme {
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
    /// Dim and warm, for a dark room.
    Night,
}

impl Theme {
    /// Every theme.
    const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::Night];

    /// Its name in the style sheet and in the cookie.
    pub(in crate::http) const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Night => "night",
        }
    }

    /// What it is called.
    const fn label(self) -> &'static str {
        match self {
            Self::Light => phrase!("Light"),
            Self::Dark => phrase!("Dark"),
            Self::Night => phrase!("Night"),
        }
    }

    /// The colour of the bar, for the browser's own frame.
    pub(in crate::http) const fn color(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#162125",
            Self::Night => "#14100d",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The one that was chosen in this browser.
    pub(super) fn chosen(doors: &Doors, headers: &HeaderMap) -> Option<Self> {
        cookie::value(doors, headers, COOKIE_NAME).and_then(Self::of)
    }
}

/// The themes, as buttons: first the one that asks the system.
pub(super) fn choices(chosen: Option<Theme>) -> Vec<Choice> {
    let system = Choice::new(&"", &tr!("As the system does"), chosen.is_none());
    let themes = Theme::ALL.into_iter();
    let themes =
        themes.map(|one| Choice::new(&one.name(), &said(one.label()), chosen == Some(one)));
    std::iter::once(system).chain(themes).collect()
}

async fn choose(State(doors): State<Doors>, sent: Sent) -> Response {
    let cookie = match Theme::of(sent.get("theme")) {
        Some(theme) => cookie::set(&doors, COOKIE_NAME, theme.name(), KEPT),
        None => cookie::set(&doors, COOKIE_NAME, "", Duration::ZERO),
    };
    ([(SET_COOKIE, cookie)], Redirect::to("/me#look")).into_response()
}
