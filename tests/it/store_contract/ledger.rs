//! The contract of the store for what an operator needs, on both engines: incidents, leases, the
//! quarantine, what is overdue, erased ids, and a look that changes nothing.

use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use harborline::clock::At;
use harborline::conversation::State;
use harborline::crypto::{Keyring, keyfile};
use harborline::oncall::{Contact, IncidentKind, Operator};
use harborline::phone::PhoneNumber;
use harborline::store::{
    self, NewHeld, NewInbound, OpenError, Overdue, Probe, StoreError, Tally, Tx,
};
use harborline::text::MessageBody;
use harborline::triage::{Tier, Verdict};
use serde_json::json;
use uuid::Uuid;

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);
const NUMBER: &str = "+15550123";

fn operator() -> Operator {
    Operator {
        contacts: vec![Contact::texted(
            "Operator",
            &PhoneNumber::of_sender("+15550177"),
        )],
        repeat: Duration::from_mins(15),
        gateway: "main".to_owned(),
        public_url: "https://line.example.org".to_owned(),
    }
}

fn later(by: Duration) -> At {
    NOW.plus(by)
}

/// A text from a number, with or without its obligation; the row.
async fn text(tx: &mut Tx, gateway_ref: &str, due_at: Option<At>) -> Result<Uuid, StoreError> {
    let number = PhoneNumber::of_sender(NUMBER);
    let texter = tx.texter(&number, &State::default(), NOW).await?;
    let conversation = match texter.conversation {
        Some(open) => open,
        None => tx.open_conversation(texter.id, NOW).await?,
    };
    let new = NewInbound {
        id: tx.id(NOW),
        gateway: "main",
        gateway_ref,
        body: &MessageBody::new("words"),
        media: 0,
        verdict: &Verdict::default(),
        at: NOW,
        came_before: None,
    };
    tx.record_inbound(&texter, &conversation, &new).await?;
    if let Some(due_at) = due_at {
        tx.owe_reply(new.id, texter.id, due_at, None).await?;
    }
    Ok(new.id)
}

fn held(gateway_ref: &'static str, page: bool) -> NewHeld<'static> {
    static SENDER: std::sync::LazyLock<PhoneNumber> =
        std::sync::LazyLock::new(|| PhoneNumber::of_sender(NUMBER));
    NewHeld {
        gateway: "main",
        gateway_ref,
        number: &SENDER,
        why: "the signature does not match",
        tier: Tier::High,
        inbound: b"sealed words",
        at: NOW,
        page,
        answer: false,
    }
}

both! {
    async fn an_incident_is_one_row_that_counts_and_is_told_when_due(world: World) {
        let told = "SELECT COUNT(*) FROM outbox WHERE lane = 'page'";
        let main = (IncidentKind::Signature, "main");
        unit!(world, |tx| {
            for count in [1, 4] {
                tx.raise(&operator(), main, Tally::More(count), &json!({"why": count}), NOW).await?;
            }
            tx.raise(&operator(), (IncidentKind::Overdue, "main"), Tally::Now(3), &json!({"oldest_due": 1}), NOW).await?;
            tx.raise(&operator(), (IncidentKind::Overdue, "main"), Tally::Now(2), &json!({"oldest_due": 2}), later(seconds(5))).await?;
        });
        assert_eq!(world.count(told).await, 2, "one text each");
        let open = world.app.store.read().await.unwrap().incidents_open().await.unwrap();
        let seen: Vec<_> = open.iter().map(|open| (open.kind, open.count, open.detail.clone())).collect();
        assert_eq!(seen, [
            (IncidentKind::Signature, 5, json!({"why": 1})),
            (IncidentKind::Overdue, 2, json!({"oldest_due": 2})),
        ]);
        assert_eq!((open[1].opened_at, open[1].last_at), (NOW, later(seconds(5))));

        // Not before it is due; then a state is told again, and an event that is past is over.
        let tended = unit!(world, |tx| { tx.tend_incidents(&operator(), later(minutes(14))).await? });
        assert_eq!(tended, 0);
        let tended = unit!(world, |tx| { tx.tend_incidents(&operator(), later(minutes(15))).await? });
        assert_eq!((tended, world.count(told).await), (2, 4));
        let open = world.app.store.read().await.unwrap().incidents_open().await.unwrap();
        assert_eq!(open.iter().map(|open| open.kind).collect::<Vec<_>>(), [IncidentKind::Overdue]);

        unit!(world, |tx| {
            tx.over(&operator(), IncidentKind::Overdue, "main", later(minutes(16))).await?;
            tx.over(&operator(), IncidentKind::Overdue, "main", later(minutes(16))).await?;
        });
        assert_eq!(world.count(told).await, 5, "over once");
        unit!(world, |tx| {
            tx.raise(&operator(), main, Tally::More(1), &json!({}), later(minutes(20))).await?;
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM incidents").await, 3, "another one begins");
    }

    async fn a_lease_is_one_holders_until_it_runs_out(world: World) {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let taken = unit!(world, |tx| {
            let mut taken = Vec::new();
            for (holder, at) in [(one, 0), (two, 5), (one, 9), (two, 10), (one, 11)] {
                taken.push(tx.take_lease("job", holder, later(seconds(at)), seconds(10)).await?);
            }
            taken.push(tx.take_lease("another job", one, NOW, seconds(10)).await?);
            taken
        });
        assert_eq!(taken, [true, false, false, true, false, true]);
    }

    async fn a_lease_of_a_clock_that_was_ahead_counts_for_nothing(world: World) {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let taken = unit!(world, |tx| {
            let ahead = later(minutes(360));
            let mut taken = vec![tx.take_lease("job", one, ahead, seconds(10)).await?];
            for holder in [two, one] {
                taken.push(tx.take_lease("job", holder, NOW, seconds(10)).await?);
            }
            taken
        });
        assert_eq!(taken, [true, true, false]);
    }

    async fn what_a_clock_owed_that_was_ahead_is_owed_in_two_minutes(world: World) {
        unit!(world, |tx| {
            text(tx, "SM1", Some(later(minutes(360)))).await?;
            text(tx, "SM2", Some(later(seconds(30)))).await?;
            tx.replies_of_the_future(NOW).await?;
            assert_eq!(tx.overdue(later(seconds(119)), false).await?[0].count, 1);
            assert_eq!(tx.overdue(later(seconds(120)), false).await?[0].count, 2);
        });
    }

    async fn what_is_overdue_is_counted_by_gateway_and_by_who_has_it(world: World) {
        let message = unit!(world, |tx| {
            text(tx, "SM1", Some(later(seconds(30)))).await?;
            text(tx, "SM2", Some(later(seconds(60)))).await?
        });
        unit!(world, |tx| {
            let overdue = Overdue { gateway: "main".to_owned(), count: 1, oldest_due: later(seconds(30)) };
            assert_eq!(tx.overdue(later(seconds(29)), false).await?, []);
            assert_eq!(tx.overdue(later(seconds(30)), false).await?, from_ref(&overdue));
            let both = Overdue { count: 2, ..overdue.clone() };
            assert_eq!(tx.overdue(later(seconds(60)), false).await?, [both]);
            assert_eq!(tx.overdue(later(seconds(60)), true).await?, []);
            tx.reply_settled(message, later(seconds(60)), "replied").await?;
            assert_eq!(tx.overdue(later(seconds(60)), false).await?, from_ref(&overdue));
            let conversation = tx.automated(harborline::store::TimePlace::FIRST, 1).await?[0].id;
            tx.human_joined(conversation, NOW).await?;
            assert_eq!(tx.overdue(later(seconds(60)), false).await?, []);
            assert_eq!(tx.overdue(later(seconds(60)), true).await?, from_ref(&overdue));
        });
    }

    async fn a_text_without_an_obligation_is_found_from_its_time_on(world: World) {
        let hole = unit!(world, |tx| {
            text(tx, "SM1", Some(NOW)).await?;
            text(tx, "SM2", None).await?
        });
        unit!(world, |tx| {
            let found = tx.unowed(NOW, 9).await?;
            assert_eq!(found.iter().map(|(id, _, gateway)| (*id, gateway.as_str())).collect::<Vec<_>>(), [(hole, "main")]);
            assert_eq!(tx.unowed(later(seconds(1)), 9).await?, []);
            assert_eq!(tx.unowed(NOW, 0).await?, []);
        });
    }

    async fn a_held_text_is_sealed_once_and_gone_when_it_is_done(world: World) {
        unit!(world, |tx| {
            assert!(tx.hold(&held("SM1", true)).await?);
            assert!(!tx.hold(&held("SM1", true)).await?, "the same one");
            assert!(tx.hold(&held("SM2", false)).await?);
            assert_eq!(tx.held_count().await?, 2);
            let all = tx.held(9).await?;
            assert_eq!((all.len(), all[0].tier, all[0].at), (2, Tier::High, NOW));
            assert_eq!(tx.held_as("main", "SM1").await?, Some(all[0].id));
            assert_eq!(tx.held_as("other", "SM1").await?, None);
            let (_, words) = tx.held_text(all[0].id).await?.unwrap();
            assert_eq!(words, b"sealed words");
            let since = tx.held_since(NOW).await?;
            assert_eq!((since.len(), since[0].count), (1, 2));
            assert_eq!(tx.held_since(NOW.minus(seconds(1))).await?, []);
            tx.held_done(all[0].id, later(seconds(1)), "released").await?;
            assert_eq!(tx.held_text(all[0].id).await?, None);
            assert_eq!((tx.held_count().await?, tx.held_as("main", "SM1").await?), (1, None));
            assert!(!tx.hold(&held("SM1", true)).await?, "it was held, and decided");
        });
        let plain = "SELECT COUNT(*) FROM quarantine WHERE outcome = 'released' AND LENGTH(inbound_sealed) = 0";
        assert_eq!(world.count(plain).await, 1);
    }

    async fn each_urgent_held_text_is_paged_once_and_not_all_at_once(world: World) {
        unit!(world, |tx| {
            tx.hold(&held("SM1", true)).await?;
            tx.hold(&held("SM2", true)).await?;
            tx.hold(&held("SM3", false)).await?;
            let main = |count| vec![("main".to_owned(), count)];
            assert_eq!(tx.held_to_page(NOW, minutes(2)).await?, main(2));
            assert_eq!(tx.held_to_page(NOW, minutes(2)).await?, []);
            tx.hold(&held("SM4", true)).await?;
            assert_eq!(tx.held_to_page(later(seconds(119)), minutes(2)).await?, []);
            assert_eq!(tx.held_to_page(later(seconds(120)), minutes(2)).await?, main(1));
        });
    }

    async fn an_id_of_a_gateway_stays_known_when_its_texter_is_erased(world: World) {
        unit!(world, |tx| {
            text(tx, "SM1", Some(NOW)).await?;
            tx.hold(&held("SM2", true)).await?;
            assert!(tx.knows_inbound("main", "SM1").await?);
            assert!(!tx.knows_inbound("other", "SM1").await? && !tx.knows_inbound("main", "SM3").await?);
            let texter = tx.texter(&PhoneNumber::of_sender(NUMBER), &State::default(), NOW).await?;
            tx.erase(texter.id, later(minutes(1))).await?;
            assert!(tx.knows_inbound("main", "SM1").await?);
            assert!(!tx.knows_inbound("other", "SM1").await?);
            assert_eq!(tx.held_count().await?, 0);
        });
        let traces = "SELECT (SELECT COUNT(*) FROM messages WHERE gateway_ref IS NOT NULL)
            + (SELECT COUNT(*) FROM quarantine WHERE gateway_ref IS NOT NULL OR LENGTH(number_index) > 0)";
        assert_eq!(world.count(traces).await, 0);
    }

    async fn a_stalled_alert_is_one_that_waits_for_nothing_and_nobody(world: World) {
        world.phone(NUMBER).texts("I want to die").await;
        unit!(world, |tx| { assert_eq!(tx.alerts_stalled(9).await?, []); });
        world.damage("UPDATE alerts SET next_page_at = NULL").await;
        unit!(world, |tx| { assert_eq!(tx.alerts_stalled(9).await?.len(), 1); });
        world.damage("UPDATE alerts SET answered_at = 1").await;
        unit!(world, |tx| { assert_eq!(tx.alerts_stalled(9).await?, []); });
    }

    async fn a_look_at_the_database_names_its_age_and_changes_nothing(world: World) {
        let url = world.config.database.url.clone();
        let keys = Arc::new(Keyring::of(&keyfile::load_all(&world.config.keys.file).unwrap(), None));
        assert_eq!(store::probe(&url, &keys).await.unwrap(), Probe::Current);
        let other = Arc::new(Keyring::new(&[7; 32]));
        assert!(matches!(store::probe(&url, &other).await, Err(OpenError::WrongKey)));
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     SELECT 9001, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
        world.damage(newer).await;
        assert_eq!(store::probe(&url, &keys).await.unwrap(), Probe::AheadAndFit);
        world.damage("DELETE FROM _sqlx_migrations WHERE version = 9001").await;
        world.damage("UPDATE _sqlx_migrations SET version = version + 1000 WHERE version > 1").await;
        assert_eq!(store::probe(&url, &keys).await.unwrap(), Probe::Ahead);
        world.damage("DELETE FROM _sqlx_migrations WHERE version > 1").await;
        assert_eq!(store::probe(&url, &keys).await.unwrap(), Probe::Behind);
        world.damage("DELETE FROM _sqlx_migrations").await;
        assert_eq!(store::probe(&url, &keys).await.unwrap(), Probe::Empty);
        assert_eq!(store::probe("sqlite://no/such/file.db", &keys).await.unwrap(), Probe::Absent);
        assert!(matches!(store::probe("mysql://x", &keys).await, Err(OpenError::UnknownEngine)));
    }
}
