//! People are told of their shifts, asked to take them, and told when they are over. When nobody takes one,
//! the others and the operator hear of it before a texter needs them.

use harborline::clock::{At, Clock};
use harborline::duties::Refused;
use harborline::oncall::{Address, Channel, Duty, Quiet, Uses};
use harborline::rota::{Edit, ScheduleDraft, ShiftDraft, SwapAct, SwapDraft, When};
use harborline::staff::Role;
use harborline::store::{Account, NewMethod};
use uuid::Uuid;

use crate::support::world::{DUTY, minutes, seconds};
use crate::support::{Engine, World, both};

const FIRST: &str = "+15550171";
const SECOND: &str = "+15550172";
const LEAD: &str = "+15550173";
const ASKED: &str = "Your shift on Night starts now, until 08:00 UTC. Reply 1 to take the shift.";

/// An hour after the world begins, at midnight.
fn at(hour: i64) -> At {
    At(1_767_225_600_000 + hour * 3_600_000)
}

async fn a_schedule(world: &World, by: &Account) -> Uuid {
    let draft = ScheduleDraft {
        id: None,
        name: "Night".to_owned(),
        zone: "Europe/Berlin".to_owned(),
    };
    let made = world.app.rota.edit(by, Edit::Schedule(draft)).await;
    made.unwrap().unwrap()
}

async fn a_shift(world: &World, schedule: Uuid, staff: &Account, from: i64, until: i64) -> Uuid {
    let draft = ShiftDraft {
        id: None,
        schedule,
        staff: staff.id,
        starts: When::At(at(from)),
        ends: When::At(at(until)),
    };
    let made = world.app.rota.edit(staff, Edit::Shift(draft)).await;
    made.unwrap().unwrap()
}

async fn open(world: &World) -> Vec<Duty> {
    let mut tx = world.app.store.read().await.unwrap();
    tx.duties_open().await.unwrap()
}

async fn incidents(world: &World) -> Vec<(&'static str, String)> {
    let mut tx = world.app.store.read().await.unwrap();
    let open = tx.incidents_open().await.unwrap().into_iter();
    // That a schedule of one night has gaps is another matter: see preflight.rs.
    open.map(|incident| (incident.kind.word(), incident.subject))
        .filter(|(kind, _)| *kind == "shift_not_taken")
        .collect()
}

/// What a phone got, but for what is said of gaps.
fn unread(world: &World, number: &str) -> Vec<String> {
    let texts = world.twilio.unread(number).into_iter();
    let of_gaps = |text: &String| text.starts_with("Harborline") && text.contains("is on call");
    texts.filter(|text| !of_gaps(text)).collect()
}

/// A person with a shift from two to eight, and their schedule.
async fn with_a_shift(world: &World) -> (Account, Uuid) {
    let first = world.a_person("First", FIRST).await;
    let schedule = a_schedule(world, &first).await;
    a_shift(world, schedule, &first, 2, 8).await;
    world.settle().await;
    (first, schedule)
}

both! {
    async fn a_shift_is_told_ahead_asked_for_taken_by_a_one_and_over(world: World) {
        let _ = with_a_shift(&world).await;
        assert!(unread(&world, FIRST).is_empty());
        world.jump(minutes(104)).await;
        assert!(unread(&world, FIRST).is_empty());
        world.jump(minutes(1)).await;
        assert_eq!(unread(&world, FIRST), ["Your shift on Night starts at 02:00 UTC, until 08:00 UTC. We will ask you then."]);
        world.jump(minutes(15)).await;
        assert_eq!(unread(&world, FIRST), [ASKED]);
        let heard = world.phone(FIRST).texts(" 1. ").await;
        assert_eq!(heard.texts, ["Thank you. The shift on Night is yours until 08:00 UTC."]);
        assert_eq!(open(&world).await[0].taken_at, Some(world.clock.now()));
        // Taken, so nobody is worried.
        world.jump(minutes(60)).await;
        assert!(unread(&world, FIRST).is_empty() && unread(&world, DUTY).is_empty());
        world.jump(minutes(300)).await;
        assert_eq!(unread(&world, FIRST), ["Your shift on Night is over: you are off call. Thank you for being there."]);
        assert!(open(&world).await.is_empty());
        let duty = world.count("SELECT COUNT(*) FROM audit_log WHERE action IN ('duty.noticed', 'duty.asked', 'duty.taken', 'duty.ended')").await;
        assert_eq!(duty, 4);
        // Nothing was owed to a texter, and no conversation is left behind.
        assert_eq!(world.count("SELECT COUNT(*) FROM conversations WHERE closed_at IS NULL").await, 0);
    }

    async fn a_one_is_a_choice_from_the_menu_for_everybody_who_is_not_asked(world: World) {
        let _ = with_a_shift(&world).await;
        world.jump(minutes(120)).await;
        unread(&world, FIRST);
        let texter = world.phone("+15550123");
        texter.texts("MENU").await;
        let chosen = texter.texts("1").await.texts;
        assert!(!chosen[0].contains("shift"), "{chosen:?}");
        assert_eq!(open(&world).await[0].taken_at, None);
        let responder = world.phone(FIRST);
        responder.texts("1").await;
        // The second one is not asked for any more: it goes the way of every text.
        let second = responder.texts("1").await.texts;
        assert!(!second[0].contains("shift"), "{second:?}");
    }

    async fn a_responder_in_danger_is_a_person_in_danger_when_they_are_asked_too(world: World) {
        let _ = with_a_shift(&world).await;
        world.jump(minutes(120)).await;
        let heard = world.phone(FIRST).texts("1 i want to kill myself").await;
        assert!(heard.inline.unwrap().contains("988"));
        assert_eq!(open(&world).await[0].taken_at, None);
    }

    async fn when_nobody_takes_it_the_others_the_lead_and_the_operator_hear_of_it(world: World) {
        let (_, schedule) = with_a_shift(&world).await;
        let second = world.a_person("Second", SECOND).await;
        world.a_person_as("Lead", LEAD, Role::Supervisor).await;
        a_shift(&world, schedule, &second, 2, 6).await;
        world.jump(minutes(120)).await;
        for number in [FIRST, SECOND, LEAD, DUTY] {
            unread(&world, number);
        }
        world.advance(seconds(595)).await;
        assert!(unread(&world, LEAD).is_empty());
        world.advance(seconds(5)).await;
        let not_taken = |name: &str| format!("{name} has not taken the shift on Night that began at 02:00 UTC. Please make sure that somebody is there: https://line.example.org");
        assert_eq!(unread(&world, SECOND), [not_taken("First")]);
        assert_eq!(unread(&world, FIRST), [not_taken("Second")]);
        assert_eq!(unread(&world, LEAD), [not_taken("First"), not_taken("Second")]);
        assert_eq!(unread(&world, DUTY), ["Harborline: nobody has taken the shift on Night (2 asked). If somebody texts now, pages may be unanswered. Find out who is there."]);
        assert_eq!(incidents(&world).await, [("shift_not_taken", "Night".to_owned())]);
        // Late is better than never: one of them is there, and it is over.
        world.phone(SECOND).texts("1").await;
        world.advance(seconds(5)).await;
        assert_eq!(incidents(&world).await, []);
        assert_eq!(unread(&world, DUTY), ["Harborline, over: the shift on Night is taken, or over."]);
    }

    async fn while_another_one_on_call_there_has_taken_it_the_operator_is_left_alone(world: World) {
        let (_, schedule) = with_a_shift(&world).await;
        let second = world.a_person("Second", SECOND).await;
        a_shift(&world, schedule, &second, 2, 8).await;
        world.jump(minutes(120)).await;
        world.phone(SECOND).texts("1").await;
        world.jump(minutes(11)).await;
        assert!(unread(&world, SECOND).iter().any(|text| text.starts_with("First has not taken")));
        assert_eq!(incidents(&world).await, []);
    }

    async fn whom_nothing_reaches_is_not_waited_for(world: World) {
        let (_, _) = with_a_shift(&world).await;
        world.damage("UPDATE contact_methods SET stopped_at = 1").await;
        world.jump(minutes(120)).await;
        assert_eq!(incidents(&world).await, [("shift_not_taken", "Night".to_owned())]);
    }

    async fn quiet_hours_spare_people_the_notices_and_not_the_question(world: World) {
        let (first, _) = with_a_shift(&world).await;
        let set = world.app.store.write(move |tx| Box::pin(async move {
            let quiet = Quiet { from: 0, until: 9 * 60 };
            tx.set_person_hours(first.id, Some("America/New_York"), None).await?;
            tx.set_person_hours(first.id, Some("UTC"), Some(quiet)).await
        }));
        set.await.unwrap();
        world.jump(minutes(105)).await;
        assert!(unread(&world, FIRST).is_empty());
        world.jump(minutes(15)).await;
        assert_eq!(unread(&world, FIRST), [ASKED]);
        world.phone(FIRST).texts("1").await.expect_reply("Thank you");
        world.jump(minutes(6 * 60 + 59)).await;
        let overnight = unread(&world, FIRST);
        assert!(overnight.is_empty(), "news waits: {overnight:?}");
        world.jump(minutes(1)).await;
        let morning = unread(&world, FIRST);
        assert!(matches!(&morning[..], [over] if over.contains("is over")), "{morning:?}");
    }

    async fn times_are_those_of_where_a_person_lives(world: World) {
        let (first, _) = with_a_shift(&world).await;
        let set = world.app.store.write(move |tx| Box::pin(async move {
            tx.set_person_hours(first.id, Some("America/New_York"), None).await
        }));
        set.await.unwrap();
        world.jump(minutes(120)).await;
        assert_eq!(unread(&world, FIRST), ["Your shift on Night starts now, until 03:00 EST. Reply 1 to take the shift."]);
    }

    async fn the_dashboard_takes_a_shift_and_only_ones_own(world: World) {
        let (first, _) = with_a_shift(&world).await;
        let second = world.a_person("Second", SECOND).await;
        let take = async |who: &Account| world.app.duties.take(who).await.unwrap();
        assert_eq!(take(&first).await, Err(Refused::NotAsked));
        world.jump(minutes(120)).await;
        assert_eq!(take(&second).await, Err(Refused::NotAsked));
        assert_eq!(take(&first).await, Ok(()));
        assert_eq!(take(&first).await, Err(Refused::NotAsked));
        assert_eq!(open(&world).await[0].taken_at, Some(world.clock.now()));
    }

    async fn what_was_told_and_is_changed_is_told_again(world: World) {
        let (first, schedule) = with_a_shift(&world).await;
        world.jump(minutes(110)).await;
        unread(&world, FIRST);
        let shift = {
            let mut tx = world.app.store.read().await.unwrap();
            tx.schedules(at(0)).await.unwrap()[0].shifts[0].id
        };
        world.app.rota.edit(&first, Edit::RemoveShift { schedule, shift }).await.unwrap().unwrap();
        world.advance(seconds(5)).await;
        assert_eq!(unread(&world, FIRST), ["This shift on Night is not yours any more: Thu 1 Jan 02:00 to 08:00 UTC."]);
        world.jump(minutes(10)).await;
        assert!(unread(&world, FIRST).is_empty());
    }

    async fn a_phone_that_was_switched_off_takes_no_shift(world: World) {
        let _ = with_a_shift(&world).await;
        world.jump(minutes(120)).await;
        world.damage("UPDATE contact_methods SET disabled_at = 1").await;
        world.phone(FIRST).texts("1").await.expect_reply("988");
        assert_eq!(open(&world).await[0].taken_at, None);
    }

    async fn an_unverified_phone_takes_no_shift(world: World) {
        let (first, _) = with_a_shift(&world).await;
        let add = world.app.store.write(move |tx| Box::pin(async move {
            let other = NewMethod {
                staff_id: first.id,
                channel: Channel::Sms,
                label: "other",
                gateway: None,
                preset: None,
                address: &Address::new("+15550179"),
                secret: None,
                uses: Uses::All,
            };
            tx.add_method(&other, at(0)).await
        }));
        add.await.unwrap();
        world.jump(minutes(120)).await;
        world.phone("+15550179").texts("1").await;
        assert_eq!(open(&world).await[0].taken_at, None);
    }

    async fn a_restart_and_a_second_replica_ask_nobody_twice(world: World) {
        let _ = with_a_shift(&world).await;
        let other = world.another_app().await;
        world.clock.advance(minutes(120));
        let (one, two) = tokio::join!(world.app.duties.tick(), other.duties.tick());
        one.unwrap();
        two.unwrap();
        world.settle().await;
        let mut world = world;
        world.restart().await;
        world.settle().await;
        assert_eq!(unread(&world, FIRST), [ASKED]);
    }

    async fn an_offer_that_nobody_answers_lapses(world: World) {
        let (first, schedule) = with_a_shift(&world).await;
        let second = world.a_person("Second", SECOND).await;
        let draft = SwapDraft { schedule, asked_of: second.id, gives: (When::At(at(2)), When::At(at(3))), takes: None };
        world.app.rota.swap(&first, SwapAct::Offer(draft)).await.unwrap().unwrap();
        world.jump(minutes(179)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM swaps WHERE state = 'lapsed'").await, 0);
        world.jump(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM swaps WHERE state = 'lapsed'").await, 1);
    }
}

/// A world whose line is in New York.
async fn in_new_york(engine: Engine) -> Option<World> {
    World::with(engine, |config| {
        "America/New_York".clone_into(&mut config.oncall.time_zone);
    })
    .await
}

both! {
    in in_new_york;

    async fn who_has_not_said_where_they_live_is_where_the_line_is(world: World) {
        let (first, _) = with_a_shift(&world).await;
        let set = world.app.store.write(move |tx| Box::pin(async move {
            let quiet = Quiet { from: 22 * 60, until: 23 * 60 };
            tx.set_person_hours(first.id, None, Some(quiet)).await
        }));
        set.await.unwrap();
        // 20:45 there.
        world.jump(minutes(105)).await;
        let told = unread(&world, FIRST);
        assert!(matches!(&told[..], [soon] if soon.contains("starts at 21:00 EST")), "{told:?}");
    }
}
