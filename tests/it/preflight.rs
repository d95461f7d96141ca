//! A day before nobody is on call, the operator and those who steer the work hear of it, and again once it
//! is mended; `doctor` says the same. Who has no schedule is left in peace.

use harborline::clock::{At, Clock};
use harborline::doctor::examine;
use harborline::gateway::check::{Finding, State};
use harborline::gateway::client::loopback_client;
use harborline::oncall::preflight::{Level, Trouble};
use harborline::oncall::{Change, Target, Unit, Urgency};
use harborline::policies::PolicyDraft;
use harborline::rota::{Edit, OverrideDraft, RotationDraft, ScheduleDraft, When};
use harborline::staff::Role;
use harborline::store::Account;
use jiff::civil::date;
use uuid::Uuid;

use crate::support::world::{DUTY, minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const LEAD: &str = "+15550173";

/// Hours after the world begins.
fn at(hour: i64) -> At {
    At(1_767_225_600_000 + hour * 3_600_000)
}

async fn edit(world: &World, by: &Account, edit: Edit) -> Uuid {
    world.app.rota.edit(by, edit).await.unwrap().unwrap()
}

/// A schedule on which the first person is always on call.
async fn a_schedule(world: &World, by: &Account, name: &str) -> Uuid {
    let draft = ScheduleDraft {
        id: None,
        name: name.to_owned(),
        zone: "UTC".to_owned(),
    };
    let schedule = edit(world, by, Edit::Schedule(draft)).await;
    let draft = RotationDraft {
        id: None,
        schedule,
        name: "Turns".to_owned(),
        unit: Unit::Weekly,
        every: 1,
        starts_on: date(2025, 12, 29).at(8, 0, 0, 0),
        weekdays: 0b111_1111,
        hours: None,
        members: vec![by.id],
    };
    edit(world, by, Edit::Rotation(draft)).await;
    schedule
}

async fn gone(world: &World, by: &Account, schedule: Uuid, from: i64, until: i64) -> Uuid {
    let draft = OverrideDraft {
        id: None,
        schedule,
        change: Change::Remove(by.id),
        starts: When::At(at(from)),
        ends: When::At(at(until)),
        reason: String::new(),
    };
    edit(world, by, Edit::Override(draft)).await
}

async fn incidents(world: &World) -> Vec<(&'static str, String, i64)> {
    let mut tx = world.app.store.read().await.unwrap();
    let open = tx.incidents_open().await.unwrap().into_iter();
    let ours = open.filter(|one| one.kind.word() != "shift_not_taken");
    ours.map(|one| (one.kind.word(), one.subject, one.count))
        .collect()
}

/// What the operator was told of who is on call.
fn told(world: &World, number: &str) -> Vec<String> {
    let unread = world.twilio.unread(number).into_iter();
    unread
        .filter(|text| text.starts_with("Harborline") && text.contains("is on call"))
        .collect()
}

async fn doctor(world: &World) -> Vec<Finding> {
    let client = loopback_client(seconds(1)).unwrap();
    let found = examine(&world.config, &client, world.clock.now()).await;
    found
        .into_iter()
        .filter(|one| one.id.starts_with("oncall"))
        .collect()
}

both! {
    async fn a_day_before_nobody_is_on_call_it_is_told_and_again_when_it_is_mended(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.a_person_as("Lead", LEAD, Role::Supervisor).await;
        let schedule = a_schedule(&world, &first, "Night").await;
        world.settle().await;
        let away = gone(&world, &first, schedule, 30, 40).await;
        world.settle().await;
        assert_eq!(incidents(&world).await, []);
        world.jump(minutes(5 * 60)).await;
        assert_eq!(incidents(&world).await, []);
        world.jump(minutes(60)).await;
        assert_eq!(incidents(&world).await, [("nobody_on_call", "built-in policy".to_owned(), 1)]);
        let mut tx = world.app.store.read().await.unwrap();
        let now = world.clock.now();
        assert!(!tx.vitals(now).await.unwrap().nobody_on_call);
        let begun = now.plus(minutes(25 * 60));
        assert!(tx.vitals(begun).await.unwrap().nobody_on_call, "it withholds the heartbeat");
        drop(tx);
        let words = "Harborline: NOBODY is on call (built-in policy): Fri 2 Jan 06:00 to 16:00 UTC. 1 such time(s) within two weeks. More: harborline doctor. Put somebody there.";
        assert_eq!(told(&world, DUTY), [words]);
        assert_eq!(told(&world, LEAD), [words]);
        edit(&world, &first, Edit::RemoveOverride { schedule, id: away }).await;
        world.jump(minutes(5)).await;
        assert_eq!(incidents(&world).await, []);
        assert_eq!(told(&world, DUTY), ["Harborline, over: somebody is on call (built-in policy) for the next day."]);
        assert!(told(&world, LEAD).is_empty());
    }

    async fn a_gap_where_another_rung_has_somebody_is_told_as_a_gap(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = a_schedule(&world, &first, "Night").await;
        let second = world.a_person("Second", "+15550172").await;
        let rung = |target| harborline::oncall::Rung { delay: seconds(30), repeat: 1, targets: vec![target] };
        let draft = PolicyDraft {
            id: None,
            name: "Crisis".to_owned(),
            acks: 1,
            rungs: vec![rung(Target::Schedule(night)), rung(Target::Person(second.id))],
        };
        let policy = world.app.policies.save(&first, draft).await.unwrap().unwrap();
        for urgency in Urgency::ALL {
            world.app.policies.assign(&first, urgency, Some(policy)).await.unwrap().unwrap();
        }
        gone(&world, &first, night, 10, 12).await;
        gone(&world, &first, night, 50, 52).await;
        world.jump(minutes(5)).await;
        assert_eq!(incidents(&world).await, [("uncovered", "Night".to_owned(), 2)]);
        // Two replicas tell it once.
        let other = world.another_app().await;
        other.preflight.tick().await.unwrap();
        world.settle().await;
        assert_eq!(told(&world, DUTY).len(), 1);
    }

    async fn a_line_with_contacts_in_the_configuration_alone_is_left_in_peace(world: World) {
        world.a_person("First", FIRST).await;
        world.jump(minutes(24 * 60)).await;
        assert_eq!(incidents(&world).await, []);
        let mut found = doctor(&world).await;
        found.retain(|one| one.id != "oncall.time_zone");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].state, found[0].id.as_str()), (State::Ok, "oncall.only_fallback"));
    }

    async fn doctor_and_page_say_what_was_found(world: World) {
        let first = world.a_person("First", FIRST).await;
        let schedule = a_schedule(&world, &first, "Night").await;
        gone(&world, &first, schedule, 30, 40).await;
        world.settle().await;
        let found = doctor(&world).await;
        let shown: Vec<(State, &str)> = found.iter().map(|one| (one.state, one.id.as_str())).collect();
        assert_eq!(shown, [
            (State::Fail, "oncall.nobody_on_call"),
            (State::Warn, "oncall.gap"),
            (State::Warn, "oncall.one_method"),
            (State::Ok, "oncall.no_policy"),
            (State::Warn, "oncall.time_zone"),
        ]);
        assert!(found.iter().all(|one| one.state == State::Ok || !one.fix.is_empty()), "{found:?}");
        let mut tx = world.app.store.read().await.unwrap();
        let page = tx.preflight(2, world.clock.now()).await.unwrap();
        assert_eq!(page.len(), 4);
        assert_eq!((page[0].level, page[0].trouble), (Level::Alarm, Trouble::NobodyOnCall));
    }

    async fn who_has_left_is_named(world: World) {
        let first = world.a_person("First", FIRST).await;
        a_schedule(&world, &first, "Night").await;
        world.damage("UPDATE staff SET left_at = 1").await;
        let mut tx = world.app.store.read().await.unwrap();
        let found = tx.preflight(2, world.clock.now()).await.unwrap();
        let left = found.iter().find(|one| one.trouble == Trouble::Left).unwrap();
        assert_eq!((left.place.as_str(), left.who), ("First", Some(first.id)));
    }
}
