//! The audit log cannot be changed without it being seen (promise P10).

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use harborline::audit_log::{BadRow, Flaw};
use harborline::oncall::IncidentKind;
use harborline::store::ChainHead;
use sqlx::Connection;

use crate::support::binary::run;
use crate::support::world::minutes;
use crate::support::{Engine, World, both};

/// A world in which some things have been decided.
async fn lived_in(engine: Engine) -> Option<World> {
    let world = World::on(engine).await?;
    for words in ["hello", "menu", "12", "i want to die"] {
        world.phone("+15550123").texts(words).await;
    }
    world.settle().await;
    Some(world)
}

async fn bad(world: &World, anchors: &[ChainHead]) -> Option<(i64, Flaw)> {
    let checked = world.app.audit_log.verify(anchors).await.unwrap();
    if checked.bad.is_none() {
        let all = world.count("SELECT COUNT(*) FROM audit_log").await;
        assert_eq!(
            i64::try_from(checked.rows).unwrap(),
            all,
            "every entry was looked at"
        );
    }
    checked.bad.map(|BadRow { seq, flaw, .. }| (seq, flaw))
}

both! { in lived_in;
    async fn one_changed_byte_is_found_and_its_entry_named(world: World) {
        assert_eq!(bad(&world, &[]).await, None);
        assert_eq!(world.damage("UPDATE audit_log SET actor = 'linf' WHERE seq = 3").await, 1);
        assert_eq!(bad(&world, &[]).await, Some((3, Flaw::Changed)));
        let named = world.app.audit_log.verify(&[]).await.unwrap().bad.unwrap();
        assert!(named.id.is_some() && named.to_string().starts_with("entry 3 ("), "{named}");
        world.damage("UPDATE audit_log SET actor = 'line' WHERE seq = 3").await;
        assert_eq!(bad(&world, &[]).await, None);
        world.damage("UPDATE audit_log SET at = at + 1 WHERE seq = 2").await;
        assert_eq!(bad(&world, &[]).await, Some((2, Flaw::Changed)));
    }

    async fn a_removed_entry_is_found(world: World) {
        assert_eq!(world.damage("DELETE FROM audit_log WHERE seq = 2").await, 1);
        assert_eq!(bad(&world, &[]).await, Some((2, Flaw::Missing)));
    }

    async fn entries_that_changed_places_are_found(world: World) {
        for sql in [
            "UPDATE audit_log SET seq = -1 WHERE seq = 2",
            "UPDATE audit_log SET seq = 2 WHERE seq = 3",
            "UPDATE audit_log SET seq = 3 WHERE seq = -1",
        ] {
            assert_eq!(world.damage(sql).await, 1);
        }
        assert_eq!(bad(&world, &[]).await, Some((2, Flaw::Changed)));
    }

    async fn an_entry_that_was_put_in_is_found(world: World) {
        let copied = world.damage(if world.config.database.url.starts_with("sqlite") {
            "INSERT INTO audit_log (id, at, actor, action, subject, detail)
             SELECT x'00112233445566778899aabbccddeeff', at, actor, 'conversation.closed', subject, detail FROM audit_log WHERE seq = 1"
        } else {
            "INSERT INTO audit_log (id, at, actor, action, subject, detail)
             SELECT '00112233-4455-6677-8899-aabbccddeeff', at, actor, 'conversation.closed', subject, detail FROM audit_log WHERE seq = 1"
        }).await;
        assert_eq!(copied, 1);
        if world.config.database.url.starts_with("sqlite") {
            assert_eq!(bad(&world, &[]).await, Some((0, Flaw::Outside)));
        } else {
            // Entries wait for their places there, so that it becomes the latest one; it cannot come before others.
            let head = world.app.audit_log.head().await.unwrap();
            assert_eq!(world.damage("DELETE FROM audit_log WHERE action = 'conversation.closed'").await, 1);
            assert_eq!(bad(&world, &[]).await, Some((head.seq, Flaw::CutOff)), "and cannot be taken away again");
        }
    }

    async fn an_end_that_was_cut_off_is_found(world: World) {
        let anchor = world.app.audit_log.head().await.unwrap();
        world.damage("DELETE FROM audit_log WHERE seq > 3").await;
        assert_eq!(bad(&world, &[]).await, Some((4, Flaw::CutOff)), "the head knows of more");
        world.damage("UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit_log WHERE seq = 3)").await;
        assert_eq!(bad(&world, &[]).await, None, "nothing in the database tells of it now");
        assert_eq!(bad(&world, std::slice::from_ref(&anchor)).await, Some((4, Flaw::CutOff)), "what was kept elsewhere does");
        // Whoever goes on from there writes another story than the one that was anchored.
        for _ in 0..=anchor.seq {
            world.phone("+15550124").texts("hello").await;
        }
        assert_eq!(bad(&world, &[]).await, None);
        assert_eq!(bad(&world, std::slice::from_ref(&anchor)).await, Some((anchor.seq, Flaw::NotAsAnchored)));
    }

    async fn erasing_a_texter_does_not_break_it(world: World) {
        let anchor = world.app.audit_log.head().await.unwrap();
        let phone = world.phone("+15550125");
        phone.texts("my secret word is umbrella").await;
        phone.texts("DELETE").await;
        phone.texts("DELETE").await;
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL").await, 1);
        assert_eq!(bad(&world, &[anchor]).await, None);
    }

    async fn entries_of_an_older_version_are_chained_at_the_first_start(world: World) {
        let mut world = world;
        let before = world.count("SELECT COUNT(*) FROM audit_log").await;
        world.app.store.close().await;
        for sql in [
            "UPDATE audit_log SET seq = NULL, hash = NULL",
            "DELETE FROM audit_head",
            "DELETE FROM settings WHERE name = 'audit_chained'",
        ] {
            world.damage(sql).await;
        }
        world.restart().await;
        assert_eq!(bad(&world, &[]).await, None);
        assert_eq!(world.app.audit_log.head().await.unwrap().seq, before);
        world.phone("+15550123").texts("menu").await;
        assert_eq!(bad(&world, &[]).await, None);
    }

    async fn once_a_day_it_is_checked_and_the_operator_hears_what_does_not_hold(world: World) {
        world.damage("UPDATE audit_log SET action = 'x' WHERE seq = 2").await;
        world.clock.advance(minutes(24 * 60));
        world.settle().await;
        let open = world.app.store.read().await.unwrap().incidents_open().await.unwrap();
        let found = open.iter().find(|one| one.kind == IncidentKind::AuditLog).expect("it was told");
        assert_eq!(found.subject, "chain");
        assert!(found.detail["why"].as_str().unwrap().starts_with("entry 2"), "{found:?}");
    }
}

#[tokio::test]
async fn the_end_is_kept_wherever_it_is_told_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let (file, by_command) = (folder.path().join("anchors"), folder.path().join("got"));
    let program = folder.path().join("keep");
    std::fs::write(&program, "#!/bin/sh\ncat >> \"$1\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let posted = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&posted);
    let archive = Router::new().route(
        "/keep",
        post(async move |body: String| seen.lock().unwrap().push_str(&body)),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keep", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, archive).await });
    let world = World::with(Engine::Sqlite, |config| {
        config.audit.anchor_file = Some(file.clone());
        config.audit.anchor_command = [&program, &by_command]
            .map(|path| path.display().to_string())
            .to_vec();
        config.audit.anchor_url = Some(url.into());
    });
    let world = world.await.unwrap();
    world.phone("+15550123").texts("hello").await;
    world.settle().await;
    let lines = std::fs::read_to_string(&file).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert_eq!(std::fs::read_to_string(&by_command).unwrap(), lines);
    assert_eq!(*posted.lock().unwrap(), lines);
    let anchor: ChainHead = lines.split_whitespace().last().unwrap().parse().unwrap();
    assert!(anchor.seq > 0 && bad(&world, &[anchor]).await.is_none());
    world.clock.advance(minutes(24 * 60));
    world.settle().await;
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn an_end_that_cannot_be_kept_is_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("later/anchors");
    let world = World::with(Engine::Sqlite, |config| {
        config.audit.anchor_file = Some(file.clone());
        config.audit.anchor_command = vec!["/bin/false".to_owned()];
    });
    let world = world.await.unwrap();
    world.settle().await;
    let open = async || {
        let open = world.app.store.read().await.unwrap().incidents_open().await;
        let open = open.unwrap().into_iter();
        open.filter(|one| one.kind == IncidentKind::AuditLog)
            .map(|one| one.detail["why"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let told = open().await;
    assert!(
        told.len() == 1 && told[0].contains("file:") && told[0].contains("command: it ended"),
        "{told:?}"
    );
    std::fs::create_dir(folder.path().join("later")).unwrap();
    world.clock.advance(minutes(11));
    world.settle().await;
    assert!(
        file.is_file(),
        "the file works now, though the command does not"
    );
    assert!(open().await[0].starts_with("command:"));
}

#[tokio::test]
async fn the_command_says_which_entry_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str]| {
        let output = run(folder.path(), arguments, "");
        let all = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&all).into_owned(),
        )
    };
    let invite = ["user", "add", "second@example.org", "--name", "Second"];
    assert_eq!(said(&invite).0, Some(0));
    let (code, head) = said(&["audit", "head"]);
    let anchor: ChainHead = head.trim().parse().unwrap();
    assert_eq!((code, anchor.seq), (Some(0), 1));
    let (code, holds) = said(&["audit", "verify", "--anchor", head.trim()]);
    assert!(
        code == Some(0) && holds.contains("1 entries hold"),
        "{holds}"
    );
    let anchors = folder.path().join("anchors");
    std::fs::write(&anchors, format!("2026-01-01T00:00:00Z {head}\n")).unwrap();
    let from_file = ["audit", "verify", "--anchors", anchors.to_str().unwrap()];
    assert_eq!(said(&from_file).0, Some(0));
    let url = format!("sqlite://{}/data/harborline.db", folder.path().display());
    let mut c = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let change = "UPDATE audit_log SET detail = '{}' WHERE seq = 1";
    sqlx::query(change).execute(&mut c).await.unwrap();
    c.close().await.unwrap();
    let (code, found) = said(&["audit", "verify"]);
    assert!(code == Some(1) && found.contains("entry 1 ("), "{found}");
    std::fs::write(&anchors, "nothing\n").unwrap();
    let (code, refused) = said(&from_file);
    assert!(code == Some(2) && refused.contains("line 1"), "{refused}");
    assert_eq!(said(&["audit", "verify", "--anchor", "x"]).0, Some(2));
}
