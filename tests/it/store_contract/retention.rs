//! The contract of the store for retention and legal holds, on both engines.

use std::collections::BTreeSet;

use harborline::clock::At;
use harborline::phone::PhoneNumber;
use harborline::store::{Amount, Class, Named, Needed, NewHold};
use sqlx::Connection;

use crate::support::world::minutes;
use crate::support::{World, both};

const NUMBER: &str = "+15550123";

/// The amount of a table that is due by now, and that stays.
async fn due(world: &World, class: Class, table: &str, cutoff: At) -> (i64, i64) {
    let amounts = world
        .app
        .store
        .read()
        .await
        .unwrap()
        .retention_of(class, cutoff)
        .await
        .unwrap();
    let one = amounts
        .into_iter()
        .find(|amount| amount.table == table)
        .unwrap();
    let Amount { due, kept, .. } = one;
    (due, kept)
}

both! {
    async fn every_class_can_be_counted_and_removed(world: World) {
        world.phone(NUMBER).texts("hello").await;
        world.settle().await;
        let now = world.now().plus(minutes(1));
        for class in Class::ALL {
            let amounts = world.app.store.read().await.unwrap().retention_of(class, now).await.unwrap();
            assert!(!amounts.is_empty(), "{class:?}");
            let unit = world.app.store.write(move |tx| Box::pin(async move { tx.retain(class, now, now, 5).await }));
            unit.await.unwrap();
        }
    }

    async fn a_batch_takes_no_more_than_its_limit(world: World) {
        for n in 0..5 {
            world.phone(&format!("+1555013{n}")).texts("hello").await;
        }
        world.advance(minutes(5)).await;
        let now = world.now().plus(minutes(1));
        let all = due(&world, Class::Bodies, "messages", now).await.0;
        assert!(all >= 10, "{all}");
        let unit = world.app.store.write(move |tx| Box::pin(async move { tx.retain(Class::Bodies, now, now, 4).await }));
        assert_eq!(unit.await.unwrap(), 4);
        assert_eq!(due(&world, Class::Bodies, "messages", now).await.0, all - 4);
    }

    async fn a_hold_keeps_what_it_names_until_it_is_lifted(world: World) {
        world.phone(NUMBER).texts("hello").await;
        world.advance(minutes(5)).await;
        let now = world.now().plus(minutes(1));
        let conversation = world.first_in_the_queue().await;
        let named = world.app.store.read().await.unwrap().named_by_id(conversation).await.unwrap().unwrap();
        assert_eq!(named.conversation_id, Some(conversation));
        let texter = named.texter_id;
        let free = due(&world, Class::Bodies, "messages", now).await;
        assert!(free.0 > 0 && free.1 == 0, "{free:?}");
        for conversation_id in [Some(conversation), None] {
            let set = world.app.store.write(move |tx| Box::pin(async move {
                tx.lock_texter(texter).await?;
                tx.set_hold(&NewHold { texter_id: texter, conversation_id, reason: "order 7", by: "operator", at: now }).await
            }));
            let hold = set.await.unwrap();
            assert_eq!(due(&world, Class::Bodies, "messages", now).await, (0, free.0));
            assert_eq!(due(&world, Class::Numbers, "texters", now).await, (0, 1));
            let mut tx = world.app.store.read().await.unwrap();
            assert!(tx.is_held(texter).await.unwrap());
            assert_eq!(tx.needed(texter).await.unwrap(), Needed { open_case: false, held: true });
            let shown = tx.holds().await.unwrap();
            assert_eq!((shown.len(), shown[0].id, shown[0].reason.as_str(), shown[0].set_by.as_str()), (1, hold, "order 7", "operator"));
            drop(tx);
            for lifted in [true, false] {
                let lift = world.app.store.write(move |tx| Box::pin(async move { tx.lift_hold(hold, "operator", now).await }));
                assert_eq!(lift.await.unwrap(), lifted);
            }
            assert_eq!(due(&world, Class::Bodies, "messages", now).await, free);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM legal_holds WHERE reason_sealed IS NOT NULL AND lifted_by = 'operator'").await, 2);
    }

    async fn a_texter_is_found_by_what_people_call_them(world: World) {
        world.phone(NUMBER).texts("i want to die").await;
        let conversation = world.first_in_the_queue().await;
        let mut tx = world.app.store.read().await.unwrap();
        let code = tx.alert_of(conversation).await.unwrap().unwrap().code;
        let by_code = tx.named_by_code(&code).await.unwrap().unwrap();
        let texter_id = by_code.texter_id;
        assert_eq!(by_code, Named { texter_id, conversation_id: Some(conversation) });
        assert_eq!(tx.named_by_id(conversation).await.unwrap(), Some(by_code));
        let alone = Some(Named { texter_id, conversation_id: None });
        assert_eq!(tx.named_by_id(texter_id).await.unwrap(), alone);
        assert_eq!(tx.named_by_number(&PhoneNumber::of_sender(NUMBER)).await.unwrap(), alone);
        assert_eq!(tx.named_by_number(&PhoneNumber::of_sender("+15550177")).await.unwrap(), None);
        assert_eq!(tx.named_by_code("Z9999").await.unwrap(), None);
        assert!(tx.needed(texter_id).await.unwrap().open_case);
    }
}

/// A table that points to what retention removes, and that it does not know of, would stop it.
#[tokio::test]
async fn whatever_points_to_a_conversation_goes_with_it() {
    let world = World::on(crate::support::Engine::Sqlite).await.unwrap();
    let mut c = sqlx::SqliteConnection::connect(&world.config.database.url)
        .await
        .unwrap();
    let pointing: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, f.\"table\" FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
          WHERE t.type = 'table' AND f.\"table\" IN
                ('texters', 'conversations', 'messages', 'alerts', 'pages', 'outbox', 'incidents', 'drills', 'duties', 'page_tests', 'sessions')
            AND f.on_delete <> 'CASCADE'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    let source = include_str!("../../../src/store/retention.rs");
    let unknown: BTreeSet<_> = pointing
        .into_iter()
        .filter(|(table, _)| {
            !source.contains(&format!("FROM {table} ")) && !source.contains(&format!("\"{table}\""))
        })
        .collect();
    assert!(
        unknown.is_empty(),
        "src/store/retention.rs does not know {unknown:?}"
    );
}
