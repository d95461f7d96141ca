//! Drills: a made-up texter goes through the real loop, is marked everywhere, and counts nowhere.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use harborline::config::DrillSection;
use harborline::crypto::Keyring;
use harborline::drill::{Marker, NotBegun, Wish};
use harborline::gateway::drill::{Loopback, inbound};
use harborline::gateway::{ApiRequest, Gateway as _};
use harborline::handoff::{Act, WrapUp};
use harborline::oncall::drill::Step;
use harborline::oncall::{DrillOutcome, IncidentKind, Until, Variant};
use harborline::store::Drill;
use harborline::text::MessageBody;
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::world::{DUTY, PUBLIC_URL, SECOND, minutes, read, seconds};
use crate::support::{Engine, World, both};

const DRILL: Uuid = Uuid::from_u128(7);

fn wish(variant: Variant) -> Wish {
    Wish {
        variant,
        until: Until::Answered,
        dry_run: false,
        limit: None,
        anyway: false,
        by: "cli".to_owned(),
    }
}

/// Asks for a drill, and lets the workers work.
async fn begins(world: &World, wish: Wish) -> Uuid {
    let id = world.app.drills.ask(wish).await.unwrap().unwrap();
    world.settle().await;
    id
}

async fn drill(world: &World, id: Uuid) -> Drill {
    let mut tx = world.app.store.read().await.unwrap();
    tx.drill(id).await.unwrap().unwrap()
}

/// What happened, in order of what is expected.
fn happened(drill: &Drill) -> Vec<Step> {
    let steps = drill.report.steps.iter();
    steps
        .filter(|step| step.is_ok())
        .map(|step| step.step)
        .collect()
}

async fn incidents(world: &World) -> Vec<(IncidentKind, String)> {
    let open = world
        .app
        .store
        .read()
        .await
        .unwrap()
        .incidents_open()
        .await
        .unwrap();
    open.into_iter()
        .map(|open| (open.kind, open.subject))
        .collect()
}

both! {
    async fn a_drill_passes_with_a_responder_who_answers_claims_and_writes(world: World) {
        let id = begins(&world, wish(Variant::Plain)).await;
        for phone in [DUTY, SECOND] {
            let pages = world.phone(phone).inbox();
            assert!(pages.len() == 1 && pages[0].starts_with("DRILL: CRISIS: case A3"), "{pages:?}");
        }
        assert_eq!(world.app.drills.ask(wish(Variant::Plain)).await.unwrap(), Err(NotBegun::Running));
        world.advance(seconds(30)).await;
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        let staff = world.a_member_of_staff("second").await;
        let case = world.first_in_the_queue().await;
        world.advance(seconds(20)).await;
        world.acts(&staff, case, Act::Claim).await.unwrap();
        world.advance(seconds(10)).await;
        world.acts(&staff, case, Act::Write(MessageBody::new("I am here."))).await.unwrap();
        let ended = drill(&world, id).await;
        assert_eq!(ended.outcome, Some(DrillOutcome::Passed), "{ended:#?}");
        let took: Vec<_> = ended.report.steps.iter().map(|step| step.took_ms.unwrap()).collect();
        assert_eq!(took, [0, 0, 30_000, 50_000, 60_000]);
        assert!(ended.report.timeline.iter().any(|event| event.what.contains("Duty phone")), "{ended:#?}");
        let over = world.phone(SECOND).inbox();
        assert!(over.last().unwrap().contains("case A3 is over, nobody was in danger"), "{over:?}");
        assert!(incidents(&world).await.is_empty());
        // It leaves nothing behind: no case, no queue, and nobody is paged again.
        assert!(world.cases().await.is_empty());
        world.phone(DUTY).inbox();
        world.advance(minutes(30)).await;
        assert!(world.phone(DUTY).inbox().is_empty());
        assert!(world.twilio.sent().iter().all(|sent| !sent.to.starts_with("+1555555")));
    }

    async fn a_drill_that_nobody_answers_fails_is_kept_and_told(world: World) {
        let id = begins(&world, wish(Variant::Plain)).await;
        world.advance(minutes(15)).await;
        assert!(drill(&world, id).await.outcome.is_none());
        world.advance(seconds(5)).await;
        let ended = drill(&world, id).await;
        assert_eq!((ended.outcome, happened(&ended)), (Some(DrillOutcome::Failed), vec![Step::Reply, Step::Page]));
        assert_eq!(ended.report.why.as_deref(), Some("did not happen: a responder answers the page"));
        assert_eq!(incidents(&world).await, [(IncidentKind::Drill, "plain".to_owned())]);
        let told = world.responder().inbox();
        assert!(told.iter().any(|text| text.contains("a drill FAILED (plain)")), "{told:?}");
        world.advance(minutes(60)).await;
        let told = world.responder().inbox();
        assert!(told.is_empty(), "told once a day, and no page goes on: {told:?}");
        // The next that passes ends the incident.
        begins(&world, Wish { until: Until::Acknowledged, ..wish(Variant::Plain) }).await;
        world.responder().texts("ack").await;
        assert!(incidents(&world).await.is_empty());
    }

    async fn a_drill_leaves_statistics_and_alarms_alone(world: World) {
        let before = world.readyz().await;
        begins(&world, wish(Variant::Plain)).await;
        world.advance(minutes(5)).await;
        let mut during = world.readyz().await;
        during["outbox"] = before["outbox"].clone();
        assert_eq!(before, during);
        assert_eq!(world.count("SELECT COUNT(*) FROM shadow_counts").await, 0);
    }

    async fn in_a_dry_run_no_page_leaves_and_nobody_is_waited_for(world: World) {
        let id = begins(&world, Wish { dry_run: true, ..wish(Variant::Plain) }).await;
        world.advance(seconds(10)).await;
        let ended = drill(&world, id).await;
        assert_eq!((ended.outcome, happened(&ended)), (Some(DrillOutcome::Passed), vec![Step::Reply, Step::Page]));
        assert!(world.twilio.sent().is_empty());
    }

    async fn without_the_database_a_drill_shows_answer_spool_and_roster(world: World) {
        let id = begins(&world, wish(Variant::DbDown)).await;
        let pages = world.responder().inbox();
        assert!(pages.len() == 1 && pages[0].starts_with("DRILL: CRISIS, and Harborline acts as if"), "{pages:?}");
        let so_far = drill(&world, id).await;
        assert_eq!(happened(&so_far), [Step::Reply, Step::Kept, Step::Snapshot]);
        assert_eq!(world.app.failsafe.spool.counts().entries, 1);
        assert_eq!(world.app.failsafe.replay().await.unwrap(), 1);
        world.advance(seconds(5)).await;
        let ended = drill(&world, id).await;
        assert_eq!(ended.outcome, Some(DrillOutcome::Passed), "{ended:#?}");
        let pages = world.responder().inbox();
        assert!(pages.iter().all(|page| page.starts_with("DRILL")), "{pages:?}");
        // A real outage right after it is paged for all the same: the drill spent none of its rounds.
        assert!(incidents(&world).await.is_empty());
    }

    async fn a_real_case_calls_a_drill_off_and_none_begins_beside_it(world: World) {
        let id = begins(&world, wish(Variant::Plain)).await;
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        let ended = drill(&world, id).await;
        assert_eq!((ended.outcome, ended.report.why.as_deref()), (Some(DrillOutcome::CalledOff), Some("a real case waits for a person")));
        assert!(incidents(&world).await.is_empty());
        let anyway = || Wish { anyway: true, ..wish(Variant::Plain) };
        for wish in [wish(Variant::Plain), anyway()] {
            assert_eq!(world.app.drills.ask(wish).await.unwrap(), Err(NotBegun::CasesWait(1)), "nothing goes round this");
        }
        let pages = world.responder().inbox();
        assert!(pages.iter().any(|page| page.starts_with("CRISIS")), "{pages:?}");
        // Somebody has it: only who says so holds a drill beside an open crisis.
        world.responder().texts("ack").await;
        assert_eq!(world.app.drills.ask(wish(Variant::Plain)).await.unwrap(), Err(NotBegun::CrisesOpen(1)));
        let beside = begins(&world, anyway()).await;
        assert_eq!(drill(&world, beside).await.outcome, None);
        // And what the texter in need does next goes before it.
        world.phone("+15550124").texts("i want to die").await;
        assert_eq!(drill(&world, beside).await.outcome, Some(DrillOutcome::CalledOff));
    }

    async fn in_a_storm_no_drill_begins(world: World) {
        for n in 1..=5 {
            world.phone(&format!("+1555012{n}")).texts("i want to die").await;
        }
        assert_eq!(world.app.drills.ask(wish(Variant::Plain)).await.unwrap(), Err(NotBegun::CasesWait(5)));
        assert_eq!(world.count("SELECT COUNT(*) FROM drills").await, 0);
    }

    async fn a_drill_that_no_server_takes_up_in_time_pages_nobody_later(world: World) {
        let id = world.app.drills.ask(wish(Variant::Plain)).await.unwrap().unwrap();
        world.clock.advance(minutes(3));
        world.settle().await;
        let ended = drill(&world, id).await;
        assert_eq!((ended.outcome, ended.report.why.as_deref()), (Some(DrillOutcome::CalledOff), Some("no server took it up in time")));
        assert!(world.responder().inbox().is_empty() && incidents(&world).await.is_empty());
    }

    async fn a_server_that_stops_in_the_middle_goes_on_with_the_drill(world: World) {
        let mut world = world;
        let id = begins(&world, wish(Variant::Plain)).await;
        world.restart().await;
        world.settle().await;
        assert_eq!(drill(&world, id).await.outcome, None);
        world.responder().texts("a3").await;
        let staff = world.a_member_of_staff("second").await;
        let case = world.first_in_the_queue().await;
        world.acts(&staff, case, Act::Claim).await.unwrap();
        world.acts(&staff, case, Act::Write(MessageBody::new("I am here."))).await.unwrap();
        world.settle().await;
        assert_eq!(drill(&world, id).await.outcome, Some(DrillOutcome::Passed));
    }

    async fn everything_that_the_drills_of_people_and_outages_leave_is_no_finding_of_the_audit(world: World) {
        for variant in [Variant::DbDown, Variant::ProviderDown, Variant::ResponderSilent] {
            begins(&world, Wish { dry_run: true, ..wish(variant) }).await;
            world.app.failsafe.replay().await.unwrap();
            world.advance(minutes(25)).await;
            assert_eq!(world.count("SELECT COUNT(*) FROM drills WHERE ended_at IS NULL").await, 0, "{variant:?}");
            let others: Vec<_> = incidents(&world).await.into_iter().filter(|(kind, _)| *kind != IncidentKind::Drill).collect();
            assert!(others.is_empty(), "{variant:?}: {others:?}");
        }
    }

    async fn a_drill_of_silence_climbs_to_the_end_and_tells_the_operator(world: World) {
        let id = begins(&world, wish(Variant::ResponderSilent)).await;
        world.advance(minutes(18)).await;
        let ended = drill(&world, id).await;
        assert_eq!(ended.outcome, Some(DrillOutcome::Passed), "{ended:#?}");
        let told = world.responder().inbox();
        assert!(told[0].starts_with("DRILL, please do NOT answer: CRISIS: case A3"), "{told:?}");
        assert!(told.iter().any(|text| text.contains("paged on every rung and nobody took it")), "{told:?}");
        assert!(told.iter().all(|text| text.starts_with("DRILL")), "{told:?}");
        let id = begins(&world, wish(Variant::ResponderSilent)).await;
        world.responder().texts("ack").await;
        world.settle().await;
        assert_eq!(drill(&world, id).await.outcome, Some(DrillOutcome::CalledOff));
    }

    async fn a_drill_is_called_off_by_who_asked(world: World) {
        let id = begins(&world, wish(Variant::Plain)).await;
        assert!(world.app.drills.call_off(id, "stopped").await.unwrap());
        assert!(!world.app.drills.call_off(id, "again").await.unwrap());
        world.settle().await;
        world.responder().inbox();
        world.advance(minutes(10)).await;
        assert!(world.responder().inbox().is_empty());
    }

    async fn the_text_of_a_drill_is_answered_paged_and_marked_and_counts_nowhere(world: World) {
        let text = inbound(DRILL, "i want to die");
        let loopback = Loopback::default();
        let came_by = (loopback.name(), &loopback.caps());
        let answer = world.app.failsafe.text(came_by, Instant::now(), text).await.unwrap();
        assert!(answer.unwrap().body.reveal().contains("988"));
        world.settle().await;
        for phone in [DUTY, SECOND] {
            let pages = world.phone(phone).inbox();
            assert_eq!(pages, ["DRILL: CRISIS: case A3, waiting 0:00. Reply A3 to take it."]);
        }
        let rows = world.cases().await;
        assert!(rows.len() == 1 && rows[0].drill_id == Some(DRILL), "{rows:?}");
        let ready = world.readyz().await;
        assert_eq!((&ready["alerts"]["open"], &ready["obligations"]["open"]), (&0.into(), &0.into()), "{ready}");
        // A text of a person is none, and nothing of the drill went to a phone of a texter.
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(world.responder().inbox(), ["CRISIS: case A4, waiting 0:00. Reply A4 to take it."]);
        assert_eq!(world.readyz().await["alerts"]["open"], 1);
        assert!(world.twilio.sent().iter().all(|sent| !sent.to.starts_with("+1555555")));
    }
}

#[tokio::test]
async fn a_hook_is_one_of_a_drill_only_with_our_mark_and_a_signature_that_holds() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let url = format!("{PUBLIC_URL}/hooks/main/inbound");
    let gateway = world.app.dispatch.gateways.get("main").unwrap();
    let hook = |marker: &Marker, drill: Uuid| {
        let text = inbound(drill, "i want to die");
        let mut hook = gateway.build_hook(&url, &text).unwrap();
        marker.mark(drill, &mut hook);
        hook
    };
    let send = async |hook: ApiRequest| {
        let mut request = Request::post("/hooks/main/inbound");
        *request.headers_mut().unwrap() = hook.headers;
        let response = world
            .call(request.body(Body::from(hook.body)).unwrap())
            .await;
        read(response).await
    };
    let drilled = "SELECT COUNT(*) FROM alerts WHERE drill_id IS NOT NULL";
    let mut unsigned = hook(&world.app.drills.marker, DRILL);
    unsigned.headers.remove("x-twilio-signature");
    assert_eq!(send(unsigned).await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.count("SELECT COUNT(*) FROM alerts").await, 0);
    // Whoever is not this line cannot pass a person in need off as a drill.
    let theirs = Marker::new(Arc::new(Keyring::new(&[8; 32])));
    assert_eq!(
        send(hook(&theirs, Uuid::from_u128(8))).await.0,
        StatusCode::OK
    );
    assert_eq!(
        (
            world.count("SELECT COUNT(*) FROM alerts").await,
            world.count(drilled).await
        ),
        (1, 0)
    );
    let (status, twiml) = send(hook(&world.app.drills.marker, DRILL)).await;
    assert!(status == StatusCode::OK && twiml.contains("988"), "{twiml}");
    assert_eq!(world.count(drilled).await, 1);
}

#[tokio::test]
async fn a_provider_that_refuses_is_gone_round_and_its_circuit_left_alone() {
    let world = World::with_a_second_gateway(Engine::Sqlite).await.unwrap();
    let id = begins(&world, wish(Variant::ProviderDown)).await;
    world.advance(seconds(5)).await;
    let ended = drill(&world, id).await;
    assert_eq!(ended.outcome, Some(DrillOutcome::Passed), "{ended:#?}");
    assert_eq!(
        world.second().sent_to(DUTY)[0].body.split(':').next(),
        Some("DRILL")
    );
    let tripped = "SELECT COUNT(*) FROM senders WHERE failures > 0";
    assert_eq!(world.count(tripped).await, 0);
}

#[tokio::test]
async fn with_one_provider_alone_a_drill_shows_that_nothing_stands_in() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let id = begins(&world, wish(Variant::ProviderDown)).await;
    world.advance(minutes(3)).await;
    let ended = drill(&world, id).await;
    assert_eq!(ended.outcome, Some(DrillOutcome::Failed));
    assert!(ended.report.why.unwrap().contains("accepts a page"));
    world.advance(minutes(5)).await;
    let pages = world.twilio.sent_to(DUTY);
    assert!(
        pages.iter().all(|page| !page.body.contains("Reply A3")),
        "{pages:?}"
    );
}

/// A world with a drill on Thursdays at one o'clock; it begins on a Thursday at midnight.
async fn scheduled() -> World {
    let world = World::with(Engine::Sqlite, |config| {
        config.drills.schedule.push(DrillSection {
            weekdays: vec!["thursday".to_owned()],
            at: "01:00".to_owned(),
            time_zone: "UTC".to_owned(),
            variant: Variant::Plain,
            dry_run: true,
        });
    });
    world.await.unwrap()
}

const HELD: &str = "SELECT COUNT(*) FROM drills WHERE outcome = 'passed'";

#[tokio::test]
async fn a_scheduled_drill_is_held_once_when_it_is_due() {
    let world = scheduled().await;
    world.advance(minutes(59)).await;
    assert_eq!(
        world.count(HELD).await,
        0,
        "what was due before the first start was not missed"
    );
    world.advance(minutes(30)).await;
    assert_eq!(world.count(HELD).await, 1);
    world.clock.advance(Duration::from_hours(24 * 7));
    world.settle().await;
    world.advance(seconds(10)).await;
    assert_eq!(world.count(HELD).await, 2);
}

#[tokio::test]
async fn a_scheduled_drill_that_was_not_held_is_told_until_one_is() {
    let world = scheduled().await;
    world.settle().await;
    world.clock.advance(Duration::from_hours(10));
    world.settle().await;
    let missed = (IncidentKind::DrillMissed, "thursday 01:00 UTC".to_owned());
    assert_eq!(incidents(&world).await, [missed]);
    assert_eq!(world.count(HELD).await, 0);
    world.clock.advance(Duration::from_hours(24 * 7 - 9));
    world.settle().await;
    world.advance(seconds(10)).await;
    assert_eq!(world.count(HELD).await, 1);
    assert!(incidents(&world).await.is_empty());
}

#[tokio::test]
async fn a_scheduled_drill_waits_for_a_real_crisis_and_is_held_after_it() {
    let world = scheduled().await;
    world.settle().await;
    world.advance(minutes(59)).await;
    world.phone("+15550123").texts("i want to die").await;
    world.responder().texts("ack").await;
    let staff = world.a_member_of_staff("second").await;
    let case = world.first_in_the_queue().await;
    world.acts(&staff, case, Act::Claim).await.unwrap();
    let words = MessageBody::new("I am here.");
    world.acts(&staff, case, Act::Write(words)).await.unwrap();
    world.advance(minutes(20)).await;
    let drills = "SELECT COUNT(*) FROM drills";
    assert_eq!(
        world.count(drills).await,
        0,
        "somebody has it, and may need the others"
    );
    world
        .acts(&staff, case, Act::WrapUp(WrapUp::with("safe_for_now")))
        .await
        .unwrap();
    world.advance(minutes(1)).await;
    assert_eq!(world.count(HELD).await, 1);
    assert!(incidents(&world).await.is_empty());
}

#[tokio::test]
async fn drills_that_are_due_together_are_held_one_after_the_other() {
    let section = |variant| DrillSection {
        weekdays: Vec::new(),
        at: "01:00".to_owned(),
        time_zone: "UTC".to_owned(),
        variant,
        dry_run: true,
    };
    let world = World::with(Engine::Sqlite, |config| {
        let both = [Variant::Plain, Variant::DbDown].map(section);
        config.drills.schedule.extend(both);
    });
    let world = world.await.unwrap();
    world.settle().await;
    world.clock.advance(minutes(60));
    for _ in 0..4 {
        world.settle().await;
        world.app.failsafe.replay().await.unwrap();
        world.advance(seconds(5)).await;
    }
    assert_eq!(world.count(HELD).await, 2);
    let open = "SELECT COUNT(*) FROM drills WHERE ended_at IS NULL";
    assert_eq!(world.count(open).await, 0);
}

#[tokio::test]
async fn two_servers_hold_a_scheduled_drill_once() {
    let world = scheduled().await;
    world.settle().await;
    let other = world.another_app().await;
    world.clock.advance(minutes(60));
    for _ in 0..3 {
        let (one, two) = tokio::join!(world.app.drills.tick(), other.drills.tick());
        one.unwrap();
        two.unwrap();
    }
    world.settle().await;
    assert_eq!(world.count("SELECT COUNT(*) FROM drills").await, 1);
    assert_eq!(world.count("SELECT COUNT(*) FROM alerts").await, 1);
}
