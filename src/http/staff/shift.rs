//! The start of a shift: take it, see that pages arrive, hear the alarm, and on to who waits.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::frame::{Frame, Section, Visit};
use super::me::{AHEAD, Turn, advice, asked, turn};
use super::methods::{Row, rows};
use super::readiness::{Mark, of_person};
use super::when::Wall;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::session::Current;
use crate::http::words::filters;

pub(super) fn routes() -> Routes {
    Routes::new().get("/shift", Access::SignedIn, page)
}

#[derive(Template)]
#[template(path = "pages/shift.html")]
struct ShiftPage {
    frame: Frame,
    zone: String,
    /// The shift that one is asked to take.
    asked: Option<Turn>,
    /// The time on call that goes on, or the next one.
    time: Option<Turn>,
    /// Whether a page would arrive.
    mark: Mark,
    /// What to do about it, if anything.
    advice: &'static str,
    methods: Vec<Row>,
    /// Whether the browser of this session is told when a case waits.
    told: bool,
    /// How many cases are one's own.
    mine: i64,
    /// How many wait for anyone.
    waiting: i64,
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Current(session): Current,
) -> Result<Response, PageError> {
    let (me, now) = (visit.me.id, doors.clock.now());
    let profile = doors.people.profile(me).await?.ok_or(PageError::NotFound)?;
    let times = doors.rota.next_times(me, AHEAD).await?;
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    let schedules = tx.schedules(now).await?.into_iter();
    let schedules: BTreeMap<Uuid, String> = schedules.map(|one| (one.id, one.name)).collect();
    let (mine, waiting, _) = tx.case_counts(me).await?;
    let page = ShiftPage {
        frame: visit.frame(&doors, Section::Shift),
        zone: wall.name(),
        asked: asked(&tx.duties_open().await?, me, &schedules, &wall),
        time: times.first().map(|time| turn(time, &wall)),
        mark: of_person(&profile.person, now),
        advice: advice(&profile.person),
        methods: rows(&profile, &wall),
        told: tx.has_push(session.id).await?,
        mine,
        waiting,
    };
    visit.show(&doors, &page)
}
