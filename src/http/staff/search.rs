//! Search, by the code of a case, a number, or words. What is looked for travels in the body of a form,
//! never in an address: it may be a number, or somebody's words.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::form::Sent;
use super::frame::{Frame, Section, Visit};
use super::lists::{Tab, tabs};
use super::when::Wall;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, tr};
use crate::lookup::{Findings, LOOKED_THROUGH, Wanted};
use crate::staff::Permission;
use crate::store::Found;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new()
        .get("/search", read, page)
        .post("/search", read, search)
        .at(Pace::Search)
}

#[derive(Template)]
#[template(path = "pages/search.html")]
struct SearchPage {
    frame: Frame,
    tabs: [Tab; 4],
    zone: String,
    sought: String,
    /// What came of it; nothing before something was looked for.
    rows: Option<Vec<Row>>,
    /// What was not looked through.
    limit: String,
}

/// A conversation that was found, in words.
struct Row {
    id: Uuid,
    tier: &'static str,
    words: String,
    blocked: bool,
    drill: bool,
}

impl Row {
    fn new(found: &Found, wall: &Wall) -> Self {
        let case = found
            .code
            .as_deref()
            .map_or_else(|| tr!("Without a case"), |code| tr!("Case {code}", code));
        let last = wall.moment(found.last_inbound_at);
        let state = match found.closed_at {
            Some(at) => tr!("closed {moment}", moment = wall.moment(at)),
            None => tr!("open"),
        };
        Self {
            id: found.id,
            tier: found.tier.word(),
            words: tr!("{case}, last text {last}, {state}", case, last, state),
            blocked: false,
            drill: false,
        }
    }
}

async fn shown(
    doors: &Doors,
    visit: &Visit,
    sought: String,
    findings: Option<Findings>,
) -> Result<SearchPage, PageError> {
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let more = findings.as_ref().is_some_and(|findings| findings.more);
    let rows = findings.map(|findings| {
        let found = findings.found.iter();
        found.map(|found| Row::new(found, &wall)).collect()
    });
    Ok(SearchPage {
        frame: visit.frame(doors, Section::Queue),
        tabs: tabs("/search"),
        zone: wall.name(),
        sought,
        rows,
        limit: if more {
            tr!(
                "Words were looked for in the latest {LOOKED_THROUGH} conversations that you may read.",
                LOOKED_THROUGH
            )
        } else {
            String::new()
        },
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = shown(&doors, &visit, String::new(), None).await?;
    visit.show(&doors, &page)
}

async fn search(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let sought = sent.get("sought").to_owned();
    let findings = match Wanted::read(&sought) {
        Some(wanted) => Some(doors.lookup.find(&visit.me, &wanted).await?),
        None => None,
    };
    let page = shown(&doors, &visit, sought, findings).await?;
    Ok(Html(page.render()?).into_response())
}
