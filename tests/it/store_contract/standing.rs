//! The contract of the store for how the line stands, and for looking into the audit log, on both engines.

use harborline::clock::At;
use harborline::lane::Lane;
use harborline::store::{
    DECIDED, ExchangeKind, GatewayStanding, NewExchange, Sift, StoreError, Tx,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::world::seconds;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

fn exchange(kind: ExchangeKind, outcome: &str, after: u64) -> NewExchange {
    NewExchange {
        at: NOW.plus(seconds(after)),
        gateway: "main".to_owned(),
        kind,
        outbox_id: None,
        gateway_ref: None,
        status: Some(200),
        outcome: outcome.to_owned(),
        duration_ms: 5,
        asked: String::new(),
        answered: String::new(),
    }
}

async fn entries(
    world: &World,
    sift: Sift,
    before: Option<Uuid>,
    limit: u16,
) -> Vec<(Uuid, String)> {
    let mut tx = world.app.store.read().await.unwrap();
    let found = tx.audit_entries(&sift, before, limit).await.unwrap();
    found
        .into_iter()
        .map(|entry| (entry.id, entry.action))
        .collect()
}

both! {
    async fn a_gateway_stands_as_its_log_and_its_failures_say(world: World) {
        let unit = world.app.store.write(|tx: &mut Tx| Box::pin(async move {
            for one in [
                exchange(ExchangeKind::Inbound, "text", 1),
                exchange(ExchangeKind::Inbound, "text", 2),
                exchange(ExchangeKind::Send, "accepted", 3),
                exchange(ExchangeKind::Send, "retry 503", 4),
                exchange(ExchangeKind::Send, "permanent 21211", 5),
                exchange(ExchangeKind::Receipt, "delivered", 6),
                NewExchange { gateway: "other".to_owned(), ..exchange(ExchangeKind::Inbound, "text", 9) },
            ] {
                tx.log_exchange(&one).await?;
            }
            tx.sender_failed("main", None, NOW).await?;
            Ok::<_, StoreError>((
                tx.gateway_standing("main", NOW).await?,
                tx.gateway_standing("main", NOW.plus(seconds(5))).await?,
                tx.gateway_standing("none", NOW).await?,
            ))
        }));
        let (all, late, none) = unit.await.unwrap();
        let at = |after| Some(NOW.plus(seconds(after)));
        assert_eq!((all.inbound, all.sent, all.receipt), (at(2), at(3), at(6)));
        assert_eq!((all.tries, all.failed, all.last_failure.as_deref()), (3, 2, Some("permanent 21211")));
        assert_eq!((all.circuit.failures, all.held), (1, 0));
        assert_eq!((late.tries, late.failed, late.inbound), (1, 1, at(2)));
        assert_eq!(none, GatewayStanding::default());
    }

    async fn lanes_are_counted_by_what_is_due_and_the_database_says_what_it_is(world: World) {
        let phone = world.phone("+15550123");
        phone.delivers("SM1", "menu").await;
        let now = world.now();
        let mut tx = world.app.store.read().await.unwrap();
        let lanes = tx.lanes(now).await.unwrap();
        assert_eq!(lanes.len(), 1, "{lanes:?}");
        assert_eq!((lanes[0].lane, lanes[0].later, lanes[0].oldest_due), (Lane::Content, 0, Some(now)));
        assert!(lanes[0].due >= 1);
        let before = tx.lanes(now.minus(seconds(1))).await.unwrap();
        assert_eq!((before[0].due, before[0].later, before[0].oldest_due), (0, lanes[0].due, None));
        let facts = tx.database_facts().await.unwrap();
        assert!(facts.engine.starts_with("SQLite 3") || facts.engine.starts_with("PostgreSQL "), "{facts:?}");
        assert!(facts.bytes > 0 && facts.migration >= 24, "{facts:?}");
    }

    async fn the_server_says_what_room_it_has_and_whether_it_takes_writes(world: World) {
        let mut tx = world.app.store.read().await.unwrap();
        assert!(tx.may_write().await.unwrap());
        let room = tx.server_room().await.unwrap();
        if world.config.database.is_sqlite() {
            assert_eq!(room, None);
        } else {
            let room = room.unwrap();
            assert!(room.most > 10 && room.others >= 0, "{room:?}");
        }
        assert!(world.app.store.takes_writes().await);
        assert!((1..=8).contains(&world.app.store.half()));
        drop(tx);
        world.app.store.close().await;
        assert!(world.app.store.write(|tx| Box::pin(tx.outbox_waiting())).await.is_err());
        assert!(!world.app.store.takes_writes().await);
    }

    async fn entries_are_sifted_by_actor_action_and_time_the_latest_first(world: World) {
        let unit = world.app.store.write(|tx: &mut Tx| Box::pin(async move {
            let none = json!({});
            for (after, actor, action) in [
                (1, "line", DECIDED), (2, "one@example.org", "policy.saved"), (3, "line", DECIDED),
                (4, "two@example.org", "schedule.made"), (5, "one@example.org", "schedule.made"),
            ] {
                tx.audit(NOW.plus(seconds(after)), actor, action, None, &none).await?;
            }
            Ok(())
        }));
        unit.await.unwrap();
        let counts = world.app.store.read().await.unwrap().audit_counts(NOW.plus(seconds(4))).await.unwrap();
        assert_eq!(counts, [("schedule.made".to_owned(), 2)]);
        let all = entries(&world, Sift::default(), None, 9).await;
        let names: Vec<&str> = all.iter().map(|(_, action)| action.as_str()).collect();
        assert_eq!(names, ["schedule.made", "schedule.made", "policy.saved"]);
        assert_eq!(entries(&world, Sift::default(), Some(all[0].0), 1).await, all[1..2]);
        let by = |actor: &str, actions: &[&'static str]| Sift {
            actor: actor.to_owned(), actions: actions.to_vec(), ..Sift::default()
        };
        assert_eq!(entries(&world, by("one@example.org", &[]), None, 9).await.len(), 2);
        assert_eq!(entries(&world, by("one@example.org", &["policy.saved", "x.y"]), None, 9).await, all[2..]);
        assert_eq!(entries(&world, by("", &[DECIDED]), None, 9).await.len(), 2);
        assert_eq!(entries(&world, by("two@example.org", &[DECIDED]), None, 9).await, []);
        let between = Sift { from: Some(NOW.plus(seconds(4))), until: Some(NOW.plus(seconds(5))), ..Sift::default() };
        assert_eq!(entries(&world, between, None, 9).await, all[1..2]);
    }
}
