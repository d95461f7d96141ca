//! The contract of the store for the chain of the audit log, on both engines.

use futures_util::future::join_all;
use harborline::clock::At;
use harborline::store::{ChainHead, ROOT, StoreError};
use serde_json::json;
use uuid::Uuid;

use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

/// Writes an entry in a unit of its own.
async fn enter(world: &World, action: &'static str) {
    let unit = world.app.store.write(move |tx| {
        Box::pin(async move {
            tx.audit(NOW, "line", action, Some(Uuid::from_u128(7)), &json!({}))
                .await
        })
    });
    unit.await.unwrap();
}

both! {
    async fn entries_are_chained_in_the_order_of_their_commits(world: World) {
        let begun = world.app.audit_log.head().await.unwrap();
        enter(&world, "first").await;
        enter(&world, "second").await;
        let waited = world.app.store.chain_waiting().await.unwrap();
        assert!(waited == 0 || waited == 2, "as they are written, or both afterwards: {waited}");
        let mut tx = world.app.store.read().await.unwrap();
        let rows = tx.audit_after(begun.seq, 10).await.unwrap();
        let actions: Vec<_> = rows.iter().map(|row| (row.seq - begun.seq, row.action.as_slice())).collect();
        assert_eq!(actions, [(1, b"first".as_slice()), (2, b"second")]);
        let mut hash = begun.hash;
        for row in &rows {
            hash = row.hash_after(&hash).to_vec();
            assert_eq!(row.hash.as_ref(), Some(&hash));
        }
        assert_eq!(tx.audit_head().await.unwrap(), ChainHead { seq: begun.seq + 2, hash });
        assert_eq!(tx.audit_after(begun.seq + 1, 1).await.unwrap().len(), 1);
        assert_eq!(tx.audit_outside().await.unwrap(), None);
    }

    async fn a_unit_reads_what_it_has_entered_itself(world: World) {
        let unit = world.app.store.write(|tx| Box::pin(async move {
            let subject = Uuid::from_u128(9);
            tx.audit(NOW, "line", "one", Some(subject), &json!({"n": 1})).await?;
            let seen = tx.audit_of(subject).await?;
            tx.audit(NOW, "line", "two", Some(subject), &json!({})).await?;
            Ok((seen, tx.history(subject, 5).await?.len()))
        }));
        let (seen, all) = unit.await.unwrap();
        assert_eq!((seen, all), (vec![("one".to_owned(), r#"{"n":1}"#.to_owned())], 2));
        assert_eq!(world.app.audit_log.verify(&[]).await.unwrap().bad, None);
    }

    async fn a_unit_that_fails_leaves_no_entry_and_no_gap(world: World) {
        let begun = world.app.audit_log.head().await.unwrap();
        let failed = world.app.store.write(|tx| Box::pin(async move {
            tx.audit(NOW, "line", "lost", None, &json!({})).await?;
            tx.history(Uuid::nil(), 1).await?;
            Err::<(), _>(StoreError::Late)
        }));
        assert!(failed.await.is_err());
        assert_eq!(world.app.audit_log.head().await.unwrap(), begun);
        enter(&world, "kept").await;
        let head = world.app.audit_log.head().await.unwrap();
        assert_eq!(head.seq, begun.seq + 1);
        assert_eq!(world.app.audit_log.verify(&[]).await.unwrap().bad, None);
    }

    async fn many_at_once_from_two_replicas_make_one_chain(world: World) {
        let begun = world.app.audit_log.head().await.unwrap().seq;
        let other = world.another_app().await;
        let begun = begun.max(other.audit_log.head().await.unwrap().seq);
        let units = (0..40).map(|n| {
            let store = if n % 2 == 0 { &world.app.store } else { &other.store };
            store.write(move |tx| Box::pin(async move {
                for part in 0..3 {
                    tx.audit(NOW, "line", "raced", None, &json!({"n": n, "part": part})).await?;
                }
                Ok(())
            }))
        });
        for done in join_all(units).await {
            done.unwrap();
        }
        let checked = world.app.audit_log.verify(&[]).await.unwrap();
        assert_eq!((checked.bad, checked.head.seq), (None, begun + 120));
        let rows = world.app.store.read().await.unwrap().audit_after(begun, 200).await.unwrap();
        for n in 0..40 {
            let start = format!("{{\"n\":{n},").into_bytes();
            let of_unit = rows.iter().filter(|row| row.detail.starts_with(&start));
            let parts: Vec<_> = of_unit.map(|row| row.detail[start.len()..].to_vec()).collect();
            let expected: Vec<_> = (0..3).map(|part| format!("\"part\":{part}}}").into_bytes()).collect();
            assert_eq!(parts, expected, "the entries of a unit stand in their order");
        }
        other.store.close().await;
    }

    async fn without_the_row_of_the_head_the_line_goes_on(world: World) {
        enter(&world, "first").await;
        world.app.store.chain_waiting().await.unwrap();
        world.damage("DELETE FROM audit_head").await;
        assert_eq!(world.app.audit_log.head().await.unwrap(), ChainHead { seq: 0, hash: ROOT.to_vec() });
        enter(&world, "second").await;
        assert_eq!(world.app.audit_log.verify(&[]).await.unwrap().bad, None);
    }
}
