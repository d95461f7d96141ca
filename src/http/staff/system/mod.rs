//! System: how the program itself stands, for whoever runs it, and the checks of `harborline doctor`.

mod checks;
mod facts;
mod gateways;
mod waiting;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::frame::{Frame, Section, Visit};
use super::on_call::watch::{Pulse, pulse};
use super::readiness::Mark;
use super::when::{Wall, length, wait};
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said};
use crate::lane::Lane;
use crate::oncall::{Incident, incident};
use crate::staff::Permission;
use crate::system::TRIES_COUNTED;
use checks::checks;
use facts::{facts, snapshot};
use gateways::GatewayRow;
use waiting::{LaneRow, overdue, spool};

pub(super) fn routes() -> Routes {
    let view = Access::May(Permission::ViewSystem);
    Routes::new()
        .get("/system", view, page)
        .get("/system/now", view, fragment)
        .get("/system/checks", view, checks)
        .at(Pace::Try)
}

#[derive(Template)]
#[template(path = "pages/system.html", blocks = ["now"])]
struct SystemPage {
    frame: Frame,
    zone: String,
    tallies: Vec<Tally>,
    incidents: Vec<Open>,
    gateways: Vec<GatewayRow>,
    counted: String,
    overdue: Vec<String>,
    lanes: Vec<LaneRow>,
    spool: Vec<(Mark, String)>,
    snapshot: Mark,
    snapshot_words: String,
    pulse: Pulse,
    facts: Vec<(&'static str, String)>,
}

/// A count, with whether it is as it should be.
struct Tally {
    label: &'static str,
    count: i64,
    mark: Mark,
}

impl Tally {
    /// A count that is good as it is.
    const fn plain(label: &'static str, count: i64) -> Self {
        Self {
            label,
            count,
            mark: Mark {
                class: "plain",
                word: "",
            },
        }
    }

    /// A count that should be zero.
    const fn none(label: &'static str, count: i64) -> Self {
        let (class, word) = if count == 0 {
            ("good", phrase!("none"))
        } else {
            ("bad", phrase!("look at it"))
        };
        Self {
            label,
            count,
            mark: Mark { class, word },
        }
    }
}

/// An open incident, in words.
struct Open {
    id: Uuid,
    since: String,
    what: String,
}

impl Open {
    fn new(one: &Incident, public_url: &str, now: At) -> Self {
        let words = incident(one, public_url, now);
        let what = words.strip_prefix("Harborline: ").unwrap_or(&words);
        Self {
            id: one.id,
            since: wait(one.opened_at, now),
            what: said(what),
        }
    }
}

async fn load(doors: &Doors, visit: &Visit) -> Result<SystemPage, PageError> {
    let look = doors.system.look().await?;
    let wall = {
        let mut tx = doors.store.read().await?;
        Wall::of(&mut tx, &visit.me, look.now).await?
    };
    let waiting: i64 = look.lanes.iter().map(|lane| lane.due + lane.later).sum();
    let spooled = look.spool.entries + look.spool.corrupt + look.spool.refused;
    let (snapshot, snapshot_words) = snapshot(&look);
    Ok(SystemPage {
        frame: visit.frame(doors, Section::Line),
        zone: wall.name(),
        tallies: vec![
            Tally::none(phrase!("Overdue answers"), look.owed.1),
            Tally::none(phrase!("Cases that nobody has taken"), look.cases.1),
            Tally::none(
                phrase!("In the spool"),
                i64::try_from(spooled).unwrap_or(i64::MAX),
            ),
            Tally::plain(phrase!("Texts owed an answer"), look.owed.0),
            Tally::plain(phrase!("Open cases"), look.cases.0),
            Tally::plain(phrase!("In the outbox"), waiting),
        ],
        incidents: look
            .incidents
            .iter()
            .map(|one| Open::new(one, &doors.public_url, look.now))
            .collect(),
        gateways: look
            .gateways
            .iter()
            .map(|one| GatewayRow::new(doors, &look, &wall, one))
            .collect(),
        counted: length(TRIES_COUNTED),
        overdue: overdue(&look),
        lanes: Lane::ALL
            .map(|lane| LaneRow::new(lane, &look.lanes, look.now))
            .into(),
        spool: spool(&look),
        snapshot,
        snapshot_words,
        pulse: pulse(&look.heartbeat, doors.heartbeat.ping.is_some()),
        facts: facts(doors, &look, &wall),
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    Ok(Html(load(&doors, &visit).await?.as_now().render()?))
}
