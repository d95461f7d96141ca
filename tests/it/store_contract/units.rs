//! The contract of the store for units of work: whole or not at all, and one after the other.

use super::*;

both! {
    async fn a_unit_that_fails_or_panics_leaves_nothing(world: World) {
        let failed = world.app.store.write(|tx| Box::pin(async move {
            hears(tx, NUMBER, "SM1", "words").await?;
            Err::<(), _>(StoreError::Late)
        })).await;
        assert!(matches!(failed, Err(StoreError::Late)), "{failed:?}");
        let panicked = world.app.store.write(|tx| Box::pin(async move {
            hears(tx, NUMBER, "SM1", "words").await?;
            assert!(tx.outbox_waiting().await? > 9, "on purpose");
            Ok(())
        })).await;
        assert!(matches!(panicked, Err(StoreError::Panicked)), "{panicked:?}");
        let at_once = world.app.store.write(|_| {
            let at_once = || -> () { panic!("on purpose") };
            at_once();
            Box::pin(async { Ok(()) })
        }).await;
        assert!(matches!(at_once, Err(StoreError::Panicked)), "{at_once:?}");
        for table in ["SELECT COUNT(*) FROM texters", "SELECT COUNT(*) FROM conversations", "SELECT COUNT(*) FROM messages"] {
            assert_eq!(world.count(table).await, 0, "{table}");
        }
        assert!(unit!(world, |tx| { hears(tx, NUMBER, "SM1", "words").await?.is_some() }), "the store still works");
    }

    async fn a_unit_that_fails_takes_none_of_its_neighbours_with_it(world: World) {
        let units = (0..200_u32).map(|n| world.app.store.write(move |tx| Box::pin(async move {
            hears(tx, &format!("+1555{n:04}"), &format!("SM{n}"), "words").await?;
            match n % 20 {
                0 => Err(StoreError::Late),
                10 => panic!("on purpose"),
                _ => Ok(n),
            }
        })));
        let outcomes = join_all(units).await;
        for (n, outcome) in (0..).zip(&outcomes) {
            match n % 20 {
                0 => assert!(matches!(outcome, Err(StoreError::Late)), "{n}: {outcome:?}"),
                10 => assert!(matches!(outcome, Err(StoreError::Panicked)), "{n}: {outcome:?}"),
                _ => assert_eq!(*outcome.as_ref().unwrap(), n),
            }
        }
        for table in ["SELECT COUNT(*) FROM texters", "SELECT COUNT(*) FROM messages"] {
            assert_eq!(world.count(table).await, 180, "{table}");
        }
    }

    async fn settings_are_kept_changed_and_removed(world: World) {
        unit!(world, |tx| {
            assert_eq!(tx.setting("a").await?, None);
            tx.set_setting("a", b"one\0").await?;
            tx.set_setting("a", b"two\xff").await?;
            assert_eq!(tx.setting("a").await?.as_deref(), Some(b"two\xff".as_slice()));
            tx.remove_setting("a").await?;
            tx.remove_setting("a").await?;
            assert_eq!(tx.setting("a").await?, None);
        });
    }

    async fn rules_on_trial_are_counted_by_day(world: World) {
        let day = minutes(24 * 60);
        unit!(world, |tx| {
            for at in [NOW, NOW, NOW.plus(day)] {
                tx.count_shadow("own.pier", at).await?;
            }
            tx.count_shadow("own.bridge", NOW).await?;
        });
        let counts = async |since| view!(world).shadow_counts(since).await.unwrap();
        let all = [("own.bridge".to_owned(), 1), ("own.pier".to_owned(), 3)];
        assert_eq!(counts(NOW).await, all);
        assert_eq!(counts(NOW.plus(day)).await, [("own.pier".to_owned(), 1)]);
    }

    async fn the_audit_log_keeps_order_and_subject(world: World) {
        let subject = Uuid::from_u128(7);
        unit!(world, |tx| {
            for n in 0..3 {
                tx.audit(NOW, "line", &format!("step.{n}"), Some(subject), &serde_json::json!({"n": n})).await?;
            }
            tx.audit(NOW, "night", "other", None, &serde_json::json!({})).await?;
        });
        let entries = view!(world).audit_of(subject).await.unwrap();
        let expected = [0, 1, 2].map(|n| (format!("step.{n}"), format!(r#"{{"n":{n}}}"#)));
        assert_eq!(entries, expected);
    }

    async fn a_login_belongs_to_one_account(world: World) {
        let id = unit!(world, |tx| {
            assert_eq!(tx.staff_count().await?, 0);
            let new = NewStaff { login: "night", name: "Second", role: Role::Supervisor, password_hash: "hash" };
            let id = tx.add_staff(&new, NOW).await?.unwrap();
            assert_eq!(tx.add_staff(&NewStaff { name: "Another", ..new }, NOW).await?, None);
            id
        });
        let mut tx = view!(world);
        let Account { id: found, login, name, role } = tx.staff_by_login("night").await.unwrap().unwrap();
        assert_eq!((found, login.as_str(), name.as_str(), role), (id, "night", "Second", Role::Supervisor));
        assert!(tx.staff_by_login("Second").await.unwrap().is_none());
        assert_eq!(tx.staff_name(id).await.unwrap().as_deref(), Some("Second"));
        assert_eq!(tx.staff_name(Uuid::from_u128(1)).await.unwrap(), None);
        assert_eq!(tx.staff_count().await.unwrap(), 1);
    }
}

/// `PostgreSQL` alone: on `SQLite` one writer at a time sees what the one before has done.
#[tokio::test]
async fn a_text_that_waits_for_its_turn_sees_what_the_one_before_did() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    unit!(world, |tx| {
        someone(tx, NUMBER).await?;
    });
    let locked = Arc::new(Notify::new());
    let (has_locked, url) = (Arc::clone(&locked), world.config.database.url.clone());
    let first = world.app.store.write(move |tx| {
        let (has_locked, url) = (Arc::clone(&has_locked), url.clone());
        Box::pin(async move {
            let (_, conversation) = someone(tx, NUMBER).await?;
            has_locked.notify_one();
            until_somebody_waits(&url).await;
            tx.touch_conversation(conversation.id, (Tier::Imminent, Locale::En), NOW)
                .await
        })
    });
    let second = async {
        locked.notified().await;
        unit!(world, |tx| { someone(tx, NUMBER).await?.1.tier })
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(second, Tier::Imminent);
}

/// `PostgreSQL` alone, for the same reason.
#[tokio::test]
async fn a_stop_is_not_lost_when_the_team_closes_at_the_same_moment() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    let conversation = unit!(world, |tx| {
        let new = NewStaff {
            login: "night",
            name: "Second",
            role: Role::Responder,
            password_hash: "hash",
        };
        tx.add_staff(&new, NOW).await?;
        someone(tx, NUMBER).await?.1.id
    });
    let night = view!(world).staff_by_login("night").await.unwrap().unwrap();
    let handoff = Arc::clone(&world.app.handoff);
    let locked = Arc::new(Notify::new());
    let (has_locked, url) = (Arc::clone(&locked), world.config.database.url.clone());
    let stop = world.app.store.write(move |tx| {
        let (has_locked, url) = (Arc::clone(&has_locked), url.clone());
        Box::pin(async move {
            let (texter, _) = someone(tx, NUMBER).await?;
            has_locked.notify_one();
            until_somebody_waits(&url).await;
            let state = State {
                opted_out: true,
                ..texter.state.clone()
            };
            tx.save_state(&texter, &state).await
        })
    });
    let close = async {
        locked.notified().await;
        handoff
            .act(
                &night,
                conversation,
                Act::WrapUp(WrapUp::with("safe_for_now")),
            )
            .await
    };
    let (stop, close) = tokio::join!(stop, close);
    stop.unwrap();
    close.unwrap().unwrap();
    assert!(unit!(world, |tx| {
        someone(tx, NUMBER).await?.0.state.opted_out
    }));
}

/// Returns once another unit of work waits for a lock in this database, or none will.
async fn until_somebody_waits(url: &str) {
    let mut c = sqlx::PgConnection::connect(url).await.unwrap();
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waits = async {
        let mut waiters = 0;
        while waiters == 0 {
            waiters = sqlx::query_scalar::<_, i64>(waiting)
                .fetch_one(&mut c)
                .await
                .unwrap();
        }
    };
    // Not for ever: when nobody waits, the test is to fail and not to hang.
    let _ = tokio::time::timeout(minutes(1), waits).await;
}
