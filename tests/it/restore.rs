//! What was erased stays erased when a backup comes back (promise P9): the seed of the texter's key stood
//! outside of the database, and is gone.

use std::process::Command;
use std::str::FromStr;
use std::sync::Arc;

use harborline::app::keyring;
use harborline::crypto::CryptoError;
use harborline::id::{IdSource, SeededIds};
use sqlx::Connection;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::support::world::minutes;
use crate::support::{Engine, World, both, postgres, sql};

const ERASED: &str = "+15550123";
const STAYS: &str = "+15550124";

/// Wrapped keys, as they stand in a database.
async fn wrapped(url: &str) -> Vec<(Uuid, Vec<u8>)> {
    let all = "SELECT id, wrapped_key FROM texters ORDER BY id";
    sql::rows(url, all).await
}

/// A backup as operators make one: `SQLite`'s file as the database itself copies it, or `pg_dump`.
struct Backup {
    folder: tempfile::TempDir,
}

impl Backup {
    async fn of(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = &world.config.database.url;
        if url.starts_with("sqlite") {
            let mut c = sqlx::SqliteConnection::connect(url).await.unwrap();
            let to = folder.path().join("backup.db");
            let copy = format!("VACUUM INTO '{}'", to.display());
            sqlx::query(sqlx::AssertSqlSafe(copy))
                .execute(&mut c)
                .await
                .unwrap();
        } else {
            run(
                &postgres::tool("pg_dump"),
                &[
                    "--format=custom",
                    "--file",
                    &folder.path().join("dump").display().to_string(),
                    url,
                ],
            );
        }
        Self { folder }
    }

    /// Puts it in the place of the database of a world that is stopped.
    async fn restore(&self, world: &World) {
        let url = &world.config.database.url;
        if let Some(path) = url.strip_prefix("sqlite://") {
            for end in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{path}{end}"));
            }
            // A new file: a connection that ends late writes what it knows into the old one.
            std::fs::remove_file(path).unwrap();
            std::fs::copy(self.folder.path().join("backup.db"), path).unwrap();
        } else {
            let name = PgConnectOptions::from_str(url)
                .unwrap()
                .get_database()
                .unwrap()
                .to_owned();
            let server = url.rsplit_once('/').unwrap().0;
            let mut c = sqlx::PgConnection::connect(&format!("{server}/postgres"))
                .await
                .unwrap();
            for sql in [
                format!("DROP DATABASE {name} WITH (FORCE)"),
                format!("CREATE DATABASE {name}"),
            ] {
                sqlx::query(sqlx::AssertSqlSafe(sql))
                    .execute(&mut c)
                    .await
                    .unwrap();
            }
            run(
                &postgres::tool("pg_restore"),
                &[
                    "--dbname",
                    url,
                    &self.folder.path().join("dump").display().to_string(),
                ],
            );
        }
    }
}

fn run(program: &std::path::Path, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

both! {
    async fn a_backup_from_before_an_erasure_brings_nobody_back(world: World) {
        let mut world = world;
        for number in [ERASED, STAYS] {
            world.phone(number).texts("my secret word is umbrella").await;
        }
        world.settle().await;
        let backup = Backup::of(&world).await;
        for _ in 0..2 {
            world.phone(ERASED).texts("DELETE").await;
        }
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE seed_left IS NOT NULL").await, 0, "its seed is destroyed, too");
        world.app.store.close().await;
        backup.restore(&world).await;

        // With the backup, the master key and the keystore of today in hand.
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(70));
        let keys = keyring(&world.config, &ids).unwrap();
        let opened: Vec<_> = wrapped(&world.config.database.url).await.iter().map(|(id, key)| keys.texter_key(*id, key).err()).collect();
        assert_eq!(opened, [Some(CryptoError::Erased), None]);

        world.restart().await;
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL").await, 1, "it is erased again");
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'texter.erased' AND detail LIKE '%restored%'").await, 1);
        world.phone(STAYS).texts("12").await.expect_reply("DBT is");
        world.phone(ERASED).texts("hello").await.expect_reply("Hi from Example Line");
        assert_eq!(world.app.audit_log.verify(&[]).await.unwrap().bad, None);
    }

    async fn a_hook_that_is_repeated_after_an_erasure_brings_nobody_back(world: World) {
        let texts = [("SM1", "my secret word is umbrella"), ("SM2", "DELETE"), ("SM3", "DELETE")];
        for (sid, body) in texts {
            world.phone(ERASED).delivers(sid, body).await;
            world.settle().await;
        }
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL").await, 1);
        world.phone(ERASED).inbox();
        for (sid, body) in texts {
            assert_eq!(world.phone(ERASED).delivers(sid, body).await, None);
        }
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 1, "no stranger of the same number");
        assert_eq!(world.count("SELECT COUNT(*) FROM conversations").await, 1);
        // Who texts again is a stranger, and what they never wrote is not theirs.
        world.phone(ERASED).texts("hello").await.expect_reply("Hi from Example Line");
        for (sid, body) in texts {
            assert_eq!(world.phone(ERASED).delivers(sid, body).await, None);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE gateway_ref IS NOT NULL").await, 1);
        assert_eq!(world.phone(ERASED).inbox(), [""; 0]);
    }

    async fn a_hook_that_is_repeated_after_a_restore_brings_nobody_back(world: World) {
        let mut world = world;
        world.phone(ERASED).delivers("SM1", "my secret word is umbrella").await;
        world.settle().await;
        let backup = Backup::of(&world).await;
        for _ in 0..2 {
            world.phone(ERASED).texts("DELETE").await;
        }
        world.advance(minutes(1)).await;
        world.app.store.close().await;
        backup.restore(&world).await;
        world.restart().await;
        assert_eq!(world.phone(ERASED).delivers("SM1", "my secret word is umbrella").await, None);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NULL").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE gateway_ref IS NOT NULL").await, 0);
    }

    async fn a_text_of_who_was_erased_is_a_strangers_even_before_anybody_looked(world: World) {
        let mut world = world;
        world.phone(ERASED).texts("my secret word is umbrella").await;
        let backup = Backup::of(&world).await;
        for _ in 0..2 {
            world.phone(ERASED).texts("DELETE").await;
        }
        world.advance(minutes(1)).await;
        world.app.store.close().await;
        backup.restore(&world).await;
        world.restart().await;
        let reply = world.phone(ERASED).delivers(&world.new_sid(), "i want to die").await;
        assert!(reply.unwrap().contains("988"));
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL").await, 1);
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL").await, 1);
    }
}

#[tokio::test]
async fn a_copy_of_the_database_without_its_keystore_or_key_is_refused_and_left_alone() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    world.phone(STAYS).texts("hello").await;
    world.app.store.close().await;
    let right = world.config.keystore();
    world.config.keys.keystore = Some(right.with_file_name("another"));
    let refused = world.try_another_app().await.err().unwrap().to_string();
    assert!(
        refused.starts_with("keys.keystore:") && refused.contains("Put back its folder"),
        "{refused}"
    );
    assert!(
        !right.with_file_name("another").exists(),
        "nobody takes an empty one for the one that was lost"
    );
    world.config.keys.keystore = None;
    // Nor is a key left behind that was made because the key was lost.
    let key = world.config.keys.file.clone();
    let aside = key.with_extension("aside");
    std::fs::rename(&key, &aside).unwrap();
    let refused = world.try_another_app().await.err().unwrap().to_string();
    assert!(refused.contains("Put back the key file"), "{refused}");
    assert!(!key.exists());
    std::fs::rename(&aside, &key).unwrap();
    world.restart().await;
    world.phone(STAYS).texts("12").await.expect_reply("DBT is");
}

#[tokio::test]
async fn a_texter_of_an_older_version_gets_a_seed_after_the_first_start() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    // What an older version wrote: wrapped by the master key alone.
    let master = harborline::crypto::keyfile::load_all(&world.config.keys.file)
        .unwrap()
        .swap_remove(0);
    let old = harborline::crypto::Keyring::new(&master);
    let ids = SeededIds::new(5);
    let (id, number) = (
        ids.id(world.now()),
        harborline::phone::PhoneNumber::of_sender(STAYS),
    );
    let (key, bytes) = old.new_texter_key(&ids, id);
    let seal = |column: &'static str, plain: &[u8]| {
        key.seal(&ids, harborline::crypto::Place { column, row: id }, plain)
    };
    let state = serde_json::to_vec(&harborline::conversation::State::default()).unwrap();
    let mut c = sqlx::SqliteConnection::connect(&world.config.database.url)
        .await
        .unwrap();
    sqlx::query("INSERT INTO texters (id, number_index, number_sealed, wrapped_key, state_sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(id)
        .bind(old.number_index(&number))
        .bind(seal("texters.number", STAYS.as_bytes()))
        .bind(&bytes)
        .bind(seal("texters.state", &state))
        .bind(world.now().0)
        .execute(&mut c)
        .await
        .unwrap();
    assert_eq!(harborline::crypto::seed_of(&bytes), None);
    world.restart().await;
    world.settle().await;
    let now = wrapped(&world.config.database.url).await;
    assert!(harborline::crypto::seed_of(&now[0].1).is_some());
    world.phone(STAYS).texts("12").await;
    assert_eq!(
        world.count("SELECT COUNT(*) FROM texters").await,
        1,
        "and is found and opened as before"
    );
}

#[tokio::test]
async fn texters_whose_seeds_are_lost_are_counted_and_given_up_only_on_demand() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    world.phone(STAYS).texts("hello").await;
    world.app.store.close().await;
    let keystore = world.config.keystore();
    for file in std::fs::read_dir(&keystore).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some() {
            std::fs::remove_file(path).unwrap();
        }
    }
    world.restart().await;
    world.settle().await;
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM texters WHERE erased_at IS NULL")
            .await,
        1,
        "a seed may be put back"
    );
    let now = world.now();
    assert_eq!(
        world.app.keys.erase_restored(now, false).await.unwrap(),
        (0, 1)
    );
    assert_eq!(
        world.app.keys.erase_restored(now, true).await.unwrap(),
        (0, 1)
    );
    world
        .phone(STAYS)
        .texts("hello")
        .await
        .expect_reply("Hi from Example Line");
}
