//! A rolling upgrade: for a while two versions of the program work on one database, whose tables are those of
//! the newer one.

use harborline::clock::Clock;
use harborline::doctor::examine;
use harborline::gateway::check::State;
use harborline::gateway::client::loopback_client;
use harborline::lane::Lane;

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

/// What a migration of a version to come makes, as this program cannot know it.
const ADDED: [&str; 5] = [
    "CREATE TABLE moods (id INTEGER PRIMARY KEY, word TEXT NOT NULL)",
    "ALTER TABLE messages ADD COLUMN mood TEXT",
    "ALTER TABLE outbox ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",
    "ALTER TABLE alerts ADD COLUMN mood TEXT",
    "ALTER TABLE texters ADD COLUMN mood INTEGER",
];

/// The newer version has come: its migration is applied beside those that this program knows.
async fn upgraded(world: &World) {
    for sql in ADDED {
        world.damage(sql).await;
    }
    let noted = if world.config.database.is_sqlite() {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9001, 'moods', TRUE, X'00', 0)"
    } else {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9001, 'moods', TRUE, '\\x00', 0)"
    };
    assert_eq!(world.damage(noted).await, 1);
}

/// What `harborline doctor` finds of the database.
async fn doctor(world: &World) -> (State, String) {
    let client = loopback_client(seconds(5)).unwrap();
    let found = examine(&world.config, &client, world.clock.now()).await;
    let database = found.into_iter().find(|one| one.id == "database").unwrap();
    (database.state, database.finding)
}

both! {
    async fn a_program_starts_and_serves_on_the_tables_of_the_version_after_it(world: World) {
        let mut world = world;
        world.phone("+15550123").texts("menu").await.expect_reply("Reply with a number");
        assert_eq!(doctor(&world).await.0, State::Ok);
        upgraded(&world).await;
        let (state, said) = doctor(&world).await;
        assert!(state == State::Warn && said.contains("newer version"), "{said}");
        world.restart().await;
        let texter = world.phone("+15550124");
        texter.texts("i want to die").await.expect_inline("988");
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        texter.texts("menu").await;
        world.phone("+15550123").texts("1").await;
        world.advance(minutes(6)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL").await, 0);
        assert_ne!(world.readyz().await["status"], "down");
    }

    async fn a_program_does_not_start_on_tables_that_take_away_what_it_works_with(world: World) {
        world.phone("+15550125").texts("i want to die").await;
        upgraded(&world).await;
        let mark = if world.config.database.is_sqlite() {
            "UPDATE settings SET value = X'39303031' WHERE name = 'works_from'"
        } else {
            "UPDATE settings SET value = '9001'::bytea WHERE name = 'works_from'"
        };
        assert_eq!(world.damage(mark).await, 1);
        let (state, said) = doctor(&world).await;
        assert!(state == State::Fail && said.contains("newer than this program"), "{said}");
        let refused = world.try_another_app().await.err().unwrap().to_string();
        assert!(
            refused.starts_with("database.url: its tables are newer") && refused.contains("Use the version"),
            "{refused}"
        );
        // Who was there before goes on until it is stopped.
        world.phone("+15550123").texts("i want to die").await.expect_inline("988");
        // Nobody vouches for tables without that mark either.
        world.damage("DELETE FROM settings WHERE name = 'works_from'").await;
        assert!(world.try_another_app().await.is_err());
    }

    async fn two_versions_share_the_work_and_nobody_hears_twice(world: World) {
        // What it has asked before, it may ask again: its statements outlive the change of the tables.
        world.phone("+15550125").texts("i want to die").await;
        world.phone("+15550125").texts("menu").await;
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        upgraded(&world).await;
        let newer = world.another_app().await;
        for n in 0..12 {
            let (sid, number) = (format!("SM{n}"), format!("+155500001{n:02}"));
            if n % 2 == 0 {
                world.hook_of(&newer, &sid, &number, "menu").await;
            } else {
                world.phone(&number).delivers(&sid, "menu").await;
            }
        }
        let sent = async |app: &harborline::app::App| {
            let mut sent = 0;
            while let Ok(some @ 1..) = app.dispatch.run_once(Lane::Content).await {
                sent += some;
            }
            sent
        };
        let (one, other) = tokio::join!(sent(&world.app), sent(&newer));
        assert!(one + other >= 12, "{one} and {other}");
        for n in 0..12 {
            let heard = world.twilio.sent_to(&format!("+155500001{n:02}"));
            let menus = heard.iter().filter(|text| text.body.contains("Reply with a number"));
            assert_eq!(menus.count(), 1, "{heard:?}");
        }
        // A case that one of them opened, a person takes at the other.
        world.hook_of(&newer, "SMcrisis", "+15550123", "i want to die").await;
        world.settle().await;
        world.responder().texts("a4").await.expect_reply("A4 is yours");
        newer.store.close().await;
    }

    async fn what_only_the_newer_version_knows_stops_nobody(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        let unknown = if world.config.database.is_sqlite() {
            "INSERT INTO incidents (id, kind, subject, opened_at, last_at, count, told_at, detail)
             VALUES (X'00000000000000000000000000000009', 'weather', 'main', 1, 1, 1, 1, '{}')"
        } else {
            "INSERT INTO incidents (id, kind, subject, opened_at, last_at, count, told_at, detail)
             VALUES ('00000000-0000-0000-0000-000000000009', 'weather', 'main', 1, 1, 1, 1, '{}')"
        };
        assert_eq!(world.damage(unknown).await, 1);
        assert_eq!(world.readyz().await["status"], "ok");
        world.advance(minutes(20)).await;
        let still_open = "SELECT COUNT(*) FROM incidents WHERE kind = 'weather' AND closed_at IS NULL";
        assert_eq!(world.count(still_open).await, 1, "it is the affair of whoever knows it");
        let mut tx = world.app.store.read().await.unwrap();
        let shown = tx.open_entries().await.unwrap();
        assert!(shown.iter().all(|entry| entry.incident.subject != "main"), "{shown:?}");
    }
}
