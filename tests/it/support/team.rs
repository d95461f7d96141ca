//! A small team on one schedule, as the pages of on call show it.

use harborline::oncall::Unit;
use harborline::rota::{Edit, RotationDraft, ScheduleDraft};
use harborline::staff::Role;
use harborline::store::Account;
use jiff::civil::date;
use uuid::Uuid;

use super::World;

pub(crate) const FIRST: &str = "+15550171";
pub(crate) const SECOND: &str = "+15550172";
pub(crate) const NIGHT: &str = "+15550173";

/// A supervisor and two responders who take turns of a day, from the first midnight on in Berlin.
pub(crate) struct Team {
    pub(crate) night: Account,
    pub(crate) first: Account,
    pub(crate) second: Account,
    pub(crate) schedule: Uuid,
}

pub(crate) async fn a_team(world: &World) -> Team {
    let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
    let first = world.a_person("First", FIRST).await;
    let second = world.a_person("Second", SECOND).await;
    let draft = ScheduleDraft {
        id: None,
        name: "Nights".to_owned(),
        zone: "Europe/Berlin".to_owned(),
    };
    let rota = &world.app.rota;
    let made = rota.edit(&night, Edit::Schedule(draft)).await.unwrap();
    let schedule = made.unwrap();
    let draft = RotationDraft {
        id: None,
        schedule,
        name: "By turns".to_owned(),
        unit: Unit::Daily,
        every: 1,
        starts_on: date(2026, 1, 1).at(0, 0, 0, 0),
        weekdays: 0b111_1111,
        hours: None,
        members: vec![first.id, second.id],
    };
    let made = rota.edit(&night, Edit::Rotation(draft)).await.unwrap();
    made.unwrap();
    world.settle().await;
    for number in [FIRST, SECOND, NIGHT] {
        world.phone(number).inbox();
    }
    Team {
        night,
        first,
        second,
        schedule,
    }
}
