//! What stands beside the queue: what the line answers alone, and what is over.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::form::{Choice, Sent};
use super::frame::{Frame, Section, Visit};
use super::when::{Wall, wait};
use crate::clock::At;
use crate::content::codes;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, phrase, said, tr};
use crate::staff::Permission;
use crate::store::TimePlace;

/// Rows on one page.
const ROWS: u16 = 50;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new()
        .get("/queue/automated", read, automated)
        .get("/queue/closed", read, closed)
}

/// A list, as the way to it is shown.
pub(super) struct Tab {
    pub(super) path: &'static str,
    pub(super) label: &'static str,
    pub(super) here: bool,
}

/// The ways to all lists.
pub(super) fn tabs(here: &str) -> [Tab; 4] {
    let tab = |path, label| Tab {
        path,
        label,
        here: path == here,
    };
    [
        tab("/", phrase!("Waiting")),
        tab("/queue/automated", phrase!("Automated")),
        tab("/queue/closed", phrase!("Closed")),
        tab("/search", phrase!("Search")),
    ]
}

/// Where a page begins, as it stands in an address; anything else is the first page.
fn place(sent: &Sent) -> TimePlace {
    let read = || {
        let (at, id) = sent.get("after").split_once('.')?;
        Some(TimePlace {
            at: At(at.parse().ok()?),
            id: id.parse().ok()?,
        })
    };
    read().unwrap_or(TimePlace::FIRST)
}

#[derive(Template)]
#[template(path = "pages/automated.html")]
struct AutomatedPage {
    frame: Frame,
    tabs: [Tab; 4],
    rows: Vec<Row>,
    next: Option<String>,
}

/// A conversation, in words.
struct Row {
    id: Uuid,
    tier: &'static str,
    words: String,
    blocked: bool,
    drill: bool,
}

async fn automated(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let found = doors
        .store
        .read()
        .await?
        .automated(place(&sent), ROWS)
        .await?;
    let last = found.last().filter(|_| found.len() == usize::from(ROWS));
    let page = AutomatedPage {
        frame: visit.frame(&doors, Section::Queue),
        tabs: tabs("/queue/automated"),
        next: last.map(|last| {
            format!(
                "/queue/automated?after={}.{}",
                last.last_inbound_at.0, last.id
            )
        }),
        rows: found
            .iter()
            .map(|row| Row {
                id: row.id,
                tier: row.tier.word(),
                words: tr!(
                    "last text {wait} ago",
                    wait = wait(row.last_inbound_at, now)
                ),
                blocked: row.blocked_at.is_some(),
                drill: row.drill_id.is_some(),
            })
            .collect(),
    };
    visit.show(&doors, &page)
}

#[derive(Template)]
#[template(path = "pages/closed.html")]
struct ClosedPage {
    frame: Frame,
    tabs: [Tab; 4],
    zone: String,
    outcomes: Vec<Choice>,
    /// Whether everything is listed, or what the person had themselves.
    all: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

async fn closed(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let lines = &doors.handoff.packs.codes().outcomes;
    let outcome = codes::line(lines, sent.get("outcome")).map(|line| line.code.as_str());
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let found = tx.closed(&visit.me, outcome, place(&sent), ROWS).await?;
    let last = found.last().filter(|_| found.len() == usize::from(ROWS));
    let page = ClosedPage {
        frame: visit.frame(&doors, Section::Queue),
        tabs: tabs("/queue/closed"),
        zone: wall.name(),
        outcomes: std::iter::once(Choice::new(&"", &tr!("every outcome"), outcome.is_none()))
            .chain(lines.iter().map(|line| {
                let chosen = outcome == Some(line.code.as_str());
                Choice::new(&line.code, &said(&line.label), chosen)
            }))
            .collect(),
        all: visit.me.role.may(Permission::ObserveConversations),
        next: last.map(|last| {
            let outcome = outcome.unwrap_or_default();
            format!(
                "/queue/closed?outcome={outcome}&after={}.{}",
                last.closed_at.0, last.id
            )
        }),
        rows: found
            .iter()
            .map(|row| Row {
                id: row.id,
                tier: row.tier.word(),
                words: super::conversation::how(row, doors.handoff.packs.codes(), &wall),
                blocked: false,
                drill: false,
            })
            .collect(),
    };
    visit.show(&doors, &page)
}
