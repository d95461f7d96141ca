//! On call: who waits, who is there now, who comes next, what is missing, and whom a page would reach.

mod cases;
mod findings;
mod swaps;
mod test_pages;
mod turns;
pub(super) mod watch;

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};

use super::frame::{Frame, Section, Visit};
use super::readiness::Row;
use super::when::Wall;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, tr};
use crate::oncall::Cover;
use crate::staff::Permission;
use cases::{Case, cases};
use swaps::{Offer, offers};
use turns::{Card, Gap, HandOff, Look};
use watch::{Open, Pulse};

/// How far ahead the page looks.
pub(super) const AHEAD: Duration = Duration::from_hours(14 * 24);
/// How long somebody gives a turn away for, unless they say otherwise.
const ADDED_FOR: Duration = Duration::from_hours(12);
const VIEW: Access = Access::May(Permission::ViewOnCall);

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/on-call", VIEW, page)
        .get("/on-call/board", VIEW, fragment)
        .merge(swaps::routes())
        .merge(test_pages::routes())
}

#[derive(Template)]
#[template(path = "pages/on_call.html", blocks = ["board"])]
struct OnCallPage {
    frame: Frame,
    zone: String,
    problem: String,
    /// Whether they look after incidents.
    may_handle: bool,
    may_change: bool,
    may_edit: bool,
    there: BTreeSet<String>,
    /// The contacts of the configuration.
    fallback: String,
    /// What is said when somebody is on call and cannot be reached.
    unreached: Option<String>,
    cases: Vec<Case>,
    incidents: Vec<Open>,
    findings: Vec<findings::Part>,
    offers: Vec<Offer>,
    /// How many of the offers are of who looks.
    offered: usize,
    pulse: Pulse,
    schedules: Vec<Card>,
    hand_offs: Vec<HandOff>,
    gaps: Vec<Gap>,
    people: Vec<Row>,
}

/// Names, as in "First, Second and Night".
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{}{}{last}", others.join(", "), tr!(" and ")),
    }
}

async fn load(doors: &Doors, visit: &Visit, problem: String) -> Result<OnCallPage, PageError> {
    let now = doors.clock.now();
    let until = now.plus(AHEAD);
    let desk = &doors.policies.desk;
    let mut tx = doors.store.read().await?;
    let schedules = tx.schedules(now).await?;
    let people = tx.people().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    let rows = people.iter().map(|one| Row::new(one, &wall, now)).collect();
    let people = people.into_iter().map(|one| (one.id, one)).collect();
    let cases = cases(&mut tx, (&people, &desk.clocks), &wall).await?;
    let found = tx.preflight(desk.roster.fallback.len(), now).await?;
    let incidents = tx.incidents_open().await?;
    let swaps = tx.swaps_open().await?;
    let standing = doors.heartbeat.standing_in(&mut tx).await?;
    drop(tx);
    let look = Look {
        me: &visit.me,
        wall: &wall,
        people: &people,
        now,
        until,
    };
    let covers: Vec<Vec<Cover>> = schedules
        .iter()
        .map(|schedule| schedule.coverage(now, until))
        .collect();
    let each = || schedules.iter().zip(&covers);
    let there = each()
        .flat_map(|(_, covers)| covers)
        .filter(|one| one.from <= now);
    let fallback = desk.roster.fallback.iter();
    let offers = offers(&swaps, &schedules, &people, (visit.me.id, &wall));
    Ok(OnCallPage {
        frame: visit.frame(doors, Section::OnCall),
        zone: wall.name(),
        problem,
        may_handle: visit.me.role.may(Permission::HandleIncidents),
        may_change: visit.me.role.may(Permission::OverrideOnCall),
        may_edit: visit.me.role.may(Permission::EditSchedules),
        there: there.map(|cover| look.name(cover.staff)).collect(),
        fallback: listed(&fallback.map(|one| one.name.as_str()).collect::<Vec<_>>()),
        unreached: findings::unreached(&found, &wall),
        cases,
        incidents: watch::open(&incidents, &schedules, &doors.public_url, now),
        findings: findings::parts(&found, &schedules, (&visit.me, &wall)),
        offered: offers.iter().filter(|offer| !offer.is_asked).count(),
        offers,
        pulse: watch::pulse(&standing, doors.heartbeat.ping.is_some()),
        gaps: look.gaps(&schedules),
        hand_offs: look.next_hand_offs(each()),
        schedules: each().map(|(one, covers)| look.card(one, covers)).collect(),
        people: rows,
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit, String::new()).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    let page = load(&doors, &visit, String::new()).await?;
    Ok(Html(page.as_board().render()?))
}
