//! One schedule: its days ahead, and what it is made of.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::frame::{Frame, Section, Visit};
use super::super::when::Wall;
use super::change::may_take_back;
use super::days::{Day, days};
use super::words::{change, turns};
use super::{VIEW, find};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::filters;
use crate::staff::Permission;

/// What was over longer ago is left out: the table begins with the day that it is.
const BACK: Duration = Duration::from_hours(25);

pub(super) fn routes() -> Routes {
    Routes::new().get("/schedules/{id}", VIEW, page)
}

#[derive(Template)]
#[template(path = "pages/schedule.html")]
struct SchedulePage {
    frame: Frame,
    id: Uuid,
    name: String,
    zone: String,
    may_edit: bool,
    may_add: bool,
    days: Vec<Day>,
    rotations: Vec<RotationPart>,
    shifts: Vec<ShiftPart>,
    overrides: Vec<OverridePart>,
}

struct RotationPart {
    id: Uuid,
    name: String,
    words: String,
    now: Option<String>,
    members: Vec<String>,
}

struct ShiftPart {
    id: Uuid,
    who: String,
    when: String,
}

struct OverridePart {
    id: Uuid,
    words: String,
    when: String,
    reason: String,
    may_take_back: bool,
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let (schedule, people) = find(&doors, id, now.minus(BACK)).await?;
    let wall = Wall::new(schedule.zone.clone(), now);
    let rotations = schedule.rotations.iter().map(|one| RotationPart {
        id: one.id,
        name: one.name.clone(),
        words: turns(one),
        now: schedule.on_rotation(one.id, now).map(|id| people.name(id)),
        members: one.members.iter().map(|id| people.name(*id)).collect(),
    });
    let mut shifts: Vec<_> = schedule
        .shifts
        .iter()
        .filter(|one| one.ends_at > now)
        .collect();
    shifts.sort_by_key(|one| one.starts_at);
    let mut overrides: Vec<_> = schedule
        .overrides
        .iter()
        .filter(|one| one.ends_at > now)
        .collect();
    overrides.sort_by_key(|one| one.starts_at);
    let page = SchedulePage {
        frame: visit.frame(&doors, Section::OnCall),
        id,
        zone: wall.name(),
        may_edit: visit.me.role.may(Permission::EditSchedules),
        may_add: visit.me.role.may(Permission::OverrideOnCall),
        days: days(&schedule, &people, &wall),
        rotations: rotations.collect(),
        shifts: shifts
            .into_iter()
            .map(|one| ShiftPart {
                id: one.id,
                who: people.name(one.staff_id),
                when: wall.span(one.starts_at, one.ends_at),
            })
            .collect(),
        overrides: overrides
            .into_iter()
            .map(|one| OverridePart {
                id: one.id,
                words: change(one.change, &people),
                when: wall.span(one.starts_at, one.ends_at),
                reason: one.reason.clone(),
                may_take_back: may_take_back(&visit, one),
            })
            .collect(),
        name: schedule.name.clone(),
    };
    visit.show(&doors, &page)
}
