//! Schedules: the list of them, each with its days ahead, and the forms for all that they are made of.

mod basics;
mod change;
mod days;
mod one;
mod rotation;
mod shift;
mod words;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::form::Choice;
use super::frame::{Frame, Section, Visit};
use super::when::Wall;
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, tr};
use crate::oncall::{Person, Schedule};
use crate::staff::Permission;
use crate::store::Tx;

const VIEW: Access = Access::May(Permission::ViewOnCall);
const EDIT: Access = Access::May(Permission::EditSchedules);

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/schedules", VIEW, list)
        .merge(basics::routes())
        .merge(one::routes())
        .merge(rotation::routes())
        .merge(shift::routes())
        .merge(change::routes())
}

#[derive(Template)]
#[template(path = "pages/schedules.html")]
struct ListPage {
    frame: Frame,
    may_edit: bool,
    schedules: Vec<Listed>,
}

struct Listed {
    id: Uuid,
    name: String,
    zone: String,
    now: Vec<String>,
    rotations: usize,
}

async fn list(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let mut tx = doors.store.read().await?;
    let schedules = tx.schedules(now).await?;
    let people = People::load(&mut tx).await?;
    drop(tx);
    let listed = schedules.into_iter().map(|schedule| Listed {
        id: schedule.id,
        now: schedule
            .on_call(now)
            .into_iter()
            .map(|id| people.name(id))
            .collect(),
        zone: Wall::new(schedule.zone.clone(), now).name(),
        rotations: schedule.rotations.len(),
        name: schedule.name,
    });
    let page = ListPage {
        frame: visit.frame(&doors, Section::OnCall),
        may_edit: visit.me.role.may(Permission::EditSchedules),
        schedules: listed.collect(),
    };
    visit.show(&doors, &page)
}

/// Everyone who can be on call.
struct People(BTreeMap<Uuid, Person>);

impl People {
    async fn load(tx: &mut Tx) -> Result<Self, PageError> {
        let people = tx.people().await?.into_iter();
        Ok(Self(people.map(|person| (person.id, person)).collect()))
    }

    /// What others see of a person.
    fn name(&self, id: Uuid) -> String {
        let person = self.0.get(&id);
        person.map_or_else(|| tr!("somebody who left"), |one| one.name.clone())
    }

    /// All of them, by name.
    fn choices(&self, chosen: Option<Uuid>) -> Vec<Choice> {
        let mut people: Vec<&Person> = self.0.values().collect();
        people.sort_by(|one, other| one.name.cmp(&other.name));
        people
            .into_iter()
            .map(|one| Choice::new(&one.id, &one.name, chosen == Some(one.id)))
            .collect()
    }
}

/// One schedule, with everyone who can be on it. What was over before `since` is left out.
async fn find(doors: &Doors, id: Uuid, since: At) -> Result<(Schedule, People), PageError> {
    let mut tx = doors.store.read().await?;
    let mut schedules = tx.schedules(since).await?.into_iter();
    let schedule = schedules.find(|one| one.id == id);
    let people = People::load(&mut tx).await?;
    Ok((schedule.ok_or(PageError::NotFound)?, people))
}

/// The address of a schedule's page.
fn path_of(schedule: Uuid) -> String {
    format!("/schedules/{schedule}")
}
