//! The keys of the keyboard: a page that lists them, and in which each can be changed or all switched off.
//! They are kept in the browser, by the script that listens to them; without it there are none.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};

use super::frame::{Frame, Section, Visit};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, phrase};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/keys", Access::SignedIn, page)
        .get("/keys/list", Access::SignedIn, list)
}

/// What a key does: its name in `keys.js`, the key, and words.
struct KeyRow {
    name: &'static str,
    key: &'static str,
    words: &'static str,
}

const fn row(name: &'static str, key: &'static str, words: &'static str) -> KeyRow {
    KeyRow { name, key, words }
}

/// What can be changed. `Enter` and `Esc` do what they do everywhere.
const KEYS: [KeyRow; 12] = [
    row("next", "j", phrase!("The next in the list")),
    row("previous", "k", phrase!("The one before in the list")),
    row("claim", "c", phrase!("Claim")),
    row("reply", "r", phrase!("Write a reply")),
    row(
        "canned",
        "/",
        phrase!("Canned replies; in the queue: search"),
    ),
    row("note", "n", phrase!("Write a note for the team")),
    row("hand", "t", phrase!("Hand the conversation on")),
    row(
        "help",
        "h",
        phrase!("To the button that calls a supervisor"),
    ),
    row("end", "e", phrase!("Close the conversation")),
    row(
        "why",
        "y",
        phrase!("Open why triage fired, at the latest text"),
    ),
    row("queue", "q", phrase!("Back to the queue")),
    row("keys", "?", phrase!("This list")),
];

#[derive(Template)]
#[template(path = "pages/keys.html", blocks = ["list"])]
struct KeysPage {
    frame: Frame,
    keys: &'static [KeyRow],
}

fn shown(doors: &Doors, visit: &Visit) -> KeysPage {
    KeysPage {
        frame: visit.frame(doors, Section::Account),
        keys: &KEYS,
    }
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    visit.show(&doors, &shown(&doors, &visit))
}

async fn list(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    Ok(Html(shown(&doors, &visit).as_list().render()?).into_response())
}
