//! The queue: who waits for a human, most urgent first.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::frame::{Frame, Section, Visit};
use super::when::wait;
use crate::clock::At;
use crate::conversation::Reason;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::staff::Permission;
use crate::store::{Account, QueueRow, StoreError};

const ROWS: u16 = 100;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new()
        .get("/", read, page)
        .get("/queue", read, fragment)
}

#[derive(Template)]
#[template(path = "pages/queue.html", blocks = ["rows"])]
struct QueuePage {
    frame: Frame,
    waiting: Vec<Row>,
    others: Vec<Row>,
}

/// A row of the queue, in words.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts that the page shows"
)]
struct Row {
    id: Uuid,
    case: String,
    tier: &'static str,
    reason: &'static str,
    waits: String,
    status: String,
    blocked: bool,
    mine: bool,
    drill: bool,
    /// Nobody has it: it can be taken from here.
    waits_for_anyone: bool,
}

impl Row {
    fn new(row: &QueueRow, me: &Account, now: At) -> Self {
        Self {
            id: row.conversation_id,
            case: row.code.clone().unwrap_or_else(|| "no case".to_owned()),
            tier: row.tier.word(),
            reason: match row.reason {
                Some(Reason::Crisis) => "crisis",
                Some(Reason::Question) => "asked if they are in danger",
                Some(Reason::WantsHuman) => "asks for a person",
                Some(Reason::OptedOutInCrisis) => "sent STOP in a crisis",
                Some(Reason::AwaitsHuman) => "waits for an answer",
                None => "answered by the line",
            },
            waits: wait(row.waiting_since.unwrap_or(row.last_inbound_at), now),
            status: match (&row.claimed_name, &row.acknowledged_by, row.answered_at) {
                (Some(name), _, Some(_)) => format!("{name} is writing with them"),
                (Some(name), _, None) => format!("claimed by {name}, not answered yet"),
                (None, Some(by), _) => format!("acknowledged by {by}, not claimed yet"),
                (None, None, _) if row.code.is_some() => "nobody has it yet".to_owned(),
                _ => String::new(),
            },
            blocked: row.blocked_at.is_some(),
            mine: row.claimed_by == Some(me.id),
            drill: row.drill_id.is_some(),
            waits_for_anyone: row.code.is_some()
                && row.acknowledged_by.is_none()
                && row.claimed_by.is_none(),
        }
    }
}

async fn load(doors: &Doors, visit: &Visit) -> Result<QueuePage, StoreError> {
    let now = doors.clock.now();
    let rows = doors.store.read().await?.queue(ROWS).await?;
    let (waiting, others): (Vec<&QueueRow>, Vec<&QueueRow>) =
        rows.iter().partition(|row| row.code.is_some());
    let words = |rows: Vec<&QueueRow>| {
        rows.into_iter()
            .map(|row| Row::new(row, &visit.me, now))
            .collect()
    };
    Ok(QueuePage {
        frame: visit.frame(doors, Section::Queue),
        waiting: words(waiting),
        others: words(others),
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    Ok(Html(load(&doors, &visit).await?.as_rows().render()?))
}
