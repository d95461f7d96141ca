//! Incidents: what is open and what was, what each means, what to do, and its timeline to print.

mod kinds;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::form::{Sent, Wrong};
use super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::readiness::Mark;
use super::when::{Wall, length_s};
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::incidents::{Attend, LONGEST_INCIDENT_NOTE, Refused};
use crate::oncall::incident;
use crate::staff::Permission;
use crate::store::{Happened, IncidentEntry, IncidentNote};
use crate::text::MessageBody;
use kinds::{Kind, kind};

/// Past incidents on one page.
const ROWS: u16 = 50;
/// Entries of a timeline.
const HAPPENED: u16 = 500;

pub(super) fn routes() -> Routes {
    let handle = Access::May(Permission::HandleIncidents);
    Routes::new()
        .get("/incidents", handle, list)
        .get("/incidents/open", handle, fragment)
        .get("/incidents/{id}", handle, page)
        .post("/incidents/{id}/attend", handle, attend)
}

#[derive(Template)]
#[template(path = "pages/incidents.html", blocks = ["open"])]
struct ListPage {
    frame: Frame,
    zone: String,
    open: Vec<Row>,
    past: Vec<Row>,
    /// Where the past goes on.
    next: Option<Uuid>,
    further: bool,
}

/// An incident in a list.
struct Row {
    id: Uuid,
    name: &'static str,
    subject: String,
    mark: Mark,
    when: String,
    count: i64,
    /// Who looks after it.
    by: String,
}

impl Row {
    fn new(entry: &IncidentEntry, wall: &Wall) -> Self {
        let one = &entry.incident;
        Self {
            id: one.id,
            name: kind(one.kind).name,
            subject: one.subject.clone(),
            mark: mark(entry),
            when: lasted(entry, wall),
            count: one.count,
            by: looked_after(entry),
        }
    }
}

fn looked_after(entry: &IncidentEntry) -> String {
    let by = entry.acknowledged.as_ref();
    by.map_or_else(String::new, |(by, _)| by.clone())
}

fn mark(entry: &IncidentEntry) -> Mark {
    let (class, word) = match (entry.closed_at, &entry.acknowledged) {
        (Some(_), _) => ("plain", phrase!("over")),
        (None, Some(_)) => ("care", phrase!("looked after")),
        (None, None) => ("bad", phrase!("open")),
    };
    Mark { class, word }
}

/// From when to when, and how long.
fn lasted(entry: &IncidentEntry, wall: &Wall) -> String {
    let opened = entry.incident.opened_at;
    match entry.closed_at {
        Some(closed) => tr!(
            "{span}, for {length}",
            span = wall.span(opened, closed),
            length = length_s(closed.since(opened))
        ),
        None => tr!(
            "since {moment}, for {length}",
            moment = wall.moment(opened),
            length = length_s(wall.now().since(opened))
        ),
    }
}

async fn load(doors: &Doors, visit: &Visit, sent: &Sent) -> Result<ListPage, PageError> {
    let before = sent.id("before");
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let open = tx.open_entries().await?;
    let past = tx
        .past_incidents(before.unwrap_or(Uuid::max()), ROWS)
        .await?;
    let last = past.last().filter(|_| past.len() == usize::from(ROWS));
    let row = |entry: &IncidentEntry| Row::new(entry, &wall);
    Ok(ListPage {
        frame: visit.frame(doors, Section::Incidents),
        zone: wall.name(),
        next: last.map(|last| last.incident.id),
        further: before.is_some(),
        open: open.iter().map(row).collect(),
        past: past.iter().map(row).collect(),
    })
}

async fn list(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let page = load(&doors, &visit, &sent).await?;
    visit.show(&doors, &page)
}

async fn fragment(
    visit: Visit,
    State(doors): State<Doors>,
) -> Result<axum::response::Html<String>, PageError> {
    let page = load(&doors, &visit, &Sent::default()).await?;
    Ok(axum::response::Html(page.as_open().render()?))
}

#[derive(Template)]
#[template(path = "pages/incident.html")]
struct IncidentPage {
    frame: Frame,
    zone: String,
    /// When the page was made: it may be read on paper.
    made: String,
    row: Row,
    kind: Kind,
    /// What the operator is told of it.
    told: String,
    last: String,
    /// What the row keeps besides, as names and values.
    detail: Vec<(String, String)>,
    is_open: bool,
    /// Whether a person may close it.
    closes: bool,
    moments: Vec<Moment>,
    wrong: Wrong,
    note: String,
    longest: usize,
    report: Option<Uuid>,
}

/// A moment of the timeline.
struct Moment {
    at: At,
    when: String,
    what: String,
    note: String,
}

async fn show(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    (wrong, note): (Wrong, String),
) -> Result<IncidentPage, PageError> {
    let mut tx = doors.store.read().await?;
    let entry = tx.incident(id).await?.ok_or(PageError::NotFound)?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let notes = tx.incident_notes(id).await?;
    let happened = tx.happened_to(id, HAPPENED).await?;
    drop(tx);
    let one = &entry.incident;
    let told = incident(one, &doors.public_url, wall.now());
    let drill = one.detail["drill"].as_str();
    Ok(IncidentPage {
        frame: visit.frame(doors, Section::Incidents),
        zone: wall.name(),
        made: wall.exact(wall.now()),
        row: Row::new(&entry, &wall),
        kind: kind(one.kind),
        told: said(told.strip_prefix("Harborline: ").unwrap_or(&told)),
        last: wall.moment(one.last_at),
        detail: detail(&one.detail),
        is_open: entry.closed_at.is_none(),
        closes: one.kind.is_event(),
        moments: moments(&entry, &happened, &notes, &wall),
        wrong,
        note,
        longest: LONGEST_INCIDENT_NOTE,
        report: drill.and_then(|drill| drill.parse().ok()),
    })
}

/// What was first found, as names and values. It holds no personal data: who raises an incident sees to that.
fn detail(detail: &serde_json::Value) -> Vec<(String, String)> {
    let fields = detail.as_object().into_iter().flatten();
    let words = |value: &serde_json::Value| match value {
        serde_json::Value::String(words) => said(words),
        other => other.to_string(),
    };
    let shown =
        fields.filter(|(name, _)| !matches!(name.as_str(), "drill" | "oldest_due" | "last"));
    shown
        .map(|(name, value)| (said(name).replace('_', " "), words(value)))
        .collect()
}

fn moments(
    entry: &IncidentEntry,
    happened: &[Happened],
    notes: &[IncidentNote],
    wall: &Wall,
) -> Vec<Moment> {
    let moment = |at: At, what: String, note: String| Moment {
        at,
        when: wall.exact(at),
        what,
        note,
    };
    let done = happened.iter().filter_map(|one| {
        let what = match one.action.as_str() {
            "incident.opened" => tr!("It was found, and the operator was told."),
            "incident.acknowledged" => tr!("{by} looks after it.", by = one.by),
            "incident.over" if one.by == "line" => {
                tr!("It was over, and the operator was told.")
            }
            "incident.over" => tr!("{by} closed it, and the operator was told.", by = one.by),
            // The note itself says so.
            _ => return None,
        };
        Some(moment(one.at, what, String::new()))
    });
    let written = notes.iter().map(|note| {
        let words = note.body.reveal().trim().to_owned();
        moment(note.at, tr!("{by} noted:", by = note.by), words)
    });
    let one = &entry.incident;
    let again = (one.last_at > one.opened_at).then(|| {
        let times = match one.count {
            1 => tr!("It happened again."),
            count => tr!("It was found for the last time, {count} by then.", count),
        };
        moment(one.last_at, times, String::new())
    });
    let mut all: Vec<Moment> = done.chain(written).chain(again).collect();
    all.sort_by_key(|one| one.at);
    all
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = show(&doors, &visit, id, <_>::default()).await?;
    visit.show(&doors, &page)
}

async fn attend(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let note = sent.get("note");
    let (act, notice) = match sent.get("act") {
        "acknowledge" => (Attend::Acknowledge, Notice::IncidentAcknowledged),
        "close" => (Attend::Close, Notice::IncidentClosed),
        _ => (Attend::Note, Notice::IncidentNoted),
    };
    let words = MessageBody::new(note);
    match doors.incidents.attend(&visit.me, id, (act, words)).await? {
        Ok(()) => Ok(done(&doors, &format!("/incidents/{id}"), notice)),
        Err(Refused::Unknown) => Err(PageError::NotFound),
        Err(why) => {
            let field = match why {
                Refused::Empty | Refused::TooLong(_) => "note",
                _ => "",
            };
            let wrong = Wrong::with(field, &why);
            refused(&show(&doors, &visit, id, (wrong, note.to_owned())).await?)
        }
    }
}
