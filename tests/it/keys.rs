//! Another master key takes over while texts come in; a wrong one opens nothing.

use std::sync::Arc;

use harborline::app::{key_source, keyring};
use harborline::crypto::source::KeySource;
use harborline::crypto::{Master, keyfile};
use harborline::handoff::Act;
use harborline::id::{IdSource, SeededIds};
use harborline::keys::{NotRotated, Prepared, Standing};
use harborline::store::Cursor;
use harborline::text::MessageBody;

use crate::support::binary::{command, run};
use crate::support::{Engine, World, both};

const TEXTER: &str = "+15550123";

/// Seals every row anew; how many were.
async fn reseal_all(world: &World) -> u64 {
    let (mut next, mut changed) = (Some(Cursor::default()), 0);
    while let Some(from) = next {
        let done = world.app.keys.reseal(from).await.unwrap();
        assert_eq!(done.unreadable, 0);
        changed += done.changed;
        next = done.next;
    }
    changed
}

/// The first two steps.
async fn announced_and_first(world: &World) {
    assert_eq!(world.app.keys.prepare().await.unwrap(), Prepared::Announced);
    world.app.keys.put_first().unwrap();
}

/// A world with something in every column that is sealed.
async fn lived_in(engine: Engine) -> Option<World> {
    let world = World::on(engine).await?;
    world.phone(TEXTER).texts("i want to die, umbrella").await;
    let staff = world.a_member_of_staff("night@example.org").await;
    world.a_person("Second", "+15550188").await;
    let conversation = world.first_in_the_queue().await;
    world.acts(&staff, conversation, Act::Claim).await.unwrap();
    let words = MessageBody::new("I am here.");
    world
        .acts(&staff, conversation, Act::Write(words))
        .await
        .unwrap();
    world.settle().await;
    Some(world)
}

async fn thread(world: &World) -> String {
    let staff = world.a_member_of_staff("night@example.org").await;
    let visitor = world.visitor(&staff).await;
    let mut pages = String::new();
    for conversation in world.in_the_queue().await {
        pages += &visitor
            .reads(&format!("/conversations/{conversation}"))
            .await;
    }
    pages
}

both! { in lived_in;
    async fn another_key_takes_over_while_texts_come_in_and_the_old_one_is_let_go(world: World) {
        let mut world = world;
        let other = world.another_app().await;
        let old = keyfile::load_all(&world.config.keys.file).unwrap().swap_remove(0);
        announced_and_first(&world).await;
        // The other replica sees it at its next look, and opens what either seals.
        other.keys.tick().await.unwrap();
        assert!(world.app.keys.begin().await.unwrap() > 3);
        let (mut next, mut n) = (Some(Cursor::default()), 0);
        while let Some(from) = next {
            next = world.app.keys.reseal(from).await.unwrap().next;
            n += 1;
            let app = if n % 2 == 0 { &world.app } else { &other };
            world.hook_of(app, &world.new_sid(), &format!("+15550130{n:02}"), "i want to die").await;
            world.hook_of(app, &world.new_sid(), TEXTER, "still here").await;
        }
        assert_eq!(reseal_all(&world).await, 0, "what came in meanwhile was sealed with the new key");
        assert_eq!(world.app.keys.standing().await.unwrap(), Standing { keys: 2, rotating: true });
        assert!(matches!(world.app.keys.retire(0, &|_, _| {}).await, Err(NotRotated::NotDone)));
        world.app.keys.finish().await.unwrap();
        assert!(matches!(world.app.keys.prepare().await, Err(NotRotated::NotRetired)));
        assert!(matches!(world.app.keys.retire(2, &|_, _| {}).await, Err(NotRotated::Spooled(2))));
        world.app.keys.retire(0, &|_, _| {}).await.unwrap();
        assert!(matches!(world.app.keys.retire(0, &|_, _| {}).await, Err(NotRotated::NothingToRetire)));
        let new = keyfile::load_all(&world.config.keys.file).unwrap();
        assert!(new.len() == 1 && new[0] != old);
        other.store.close().await;
        world.restart().await;
        let page = thread(&world).await;
        assert!(page.contains("umbrella") && page.contains("I am here.") && page.contains("still here"), "{page}");
        // Found by the same indexes as before.
        let before = world.count("SELECT COUNT(*) FROM texters").await;
        world.phone(TEXTER).texts("menu").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, before);
        let done = "SELECT COUNT(*) FROM audit_log WHERE action IN ('key.rotation_begun', 'key.rotated', 'key.retired')";
        assert_eq!(world.count(done).await, 3);
        assert_eq!(world.app.audit_log.verify(&[]).await.unwrap().bad, None);
    }

    async fn a_rotation_that_was_cut_off_goes_on_where_it_was(world: World) {
        let mut world = world;
        for n in 0..5 {
            world.phone(&format!("+1555014{n}")).texts("hello").await;
        }
        // After every step the process may be gone.
        assert_eq!(world.app.keys.prepare().await.unwrap(), Prepared::Announced);
        world.restart().await;
        assert_eq!(world.app.keys.prepare().await.unwrap(), Prepared::Announced, "the same key, not a third one");
        world.app.keys.put_first().unwrap();
        world.restart().await;
        world.app.keys.begin().await.unwrap();
        let cut = world.app.store.write(|tx| Box::pin(async move { tx.reseal(Cursor::keys(), 2).await })).await.unwrap();
        assert_eq!((cut.changed, cut.next.is_some()), (2, true));
        world.restart().await;
        assert_eq!(world.app.keys.prepare().await.unwrap(), Prepared::First);
        world.app.keys.begin().await.unwrap();
        assert!(reseal_all(&world).await > 0);
        assert_eq!(reseal_all(&world).await, 0);
        world.app.keys.finish().await.unwrap();
        world.app.keys.retire(0, &|_, _| {}).await.unwrap();
        world.restart().await;
        assert!(thread(&world).await.contains("umbrella"));
    }

    async fn in_the_middle_neither_key_alone_opens_it(world: World) {
        let mut world = world;
        announced_and_first(&world).await;
        world.app.keys.begin().await.unwrap();
        let both = keyfile::load_all(&world.config.keys.file).unwrap();
        world.app.store.close().await;
        for one in &both {
            keyfile::replace(&world.config.keys.file, std::slice::from_ref(one)).unwrap();
            let refused = world.try_another_app().await.err().unwrap().to_string();
            assert!(refused.contains("keys.file") && refused.contains("another master key"), "{refused}");
        }
        keyfile::replace(&world.config.keys.file, &both).unwrap();
        world.restart().await;
        assert!(thread(&world).await.contains("umbrella"));
    }

    async fn what_waits_in_the_spool_is_taken_over_with_the_key_that_sealed_it(world: World) {
        announced_and_first(&world).await;
        let unplugged = world.app.failsafe.spooled();
        assert_eq!(unplugged, 0);
        world.app.keys.tick().await.unwrap();
        world.app.keys.begin().await.unwrap();
        reseal_all(&world).await;
        world.app.keys.finish().await.unwrap();
        assert!(matches!(world.app.keys.retire(1, &|_, _| {}).await, Err(NotRotated::Spooled(1))));
    }
}

#[tokio::test]
async fn a_key_that_comes_from_elsewhere_is_replaced_by_hand_in_two_steps() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    world.phone(TEXTER).texts("hello").await;
    let old = keyfile::load_all(&world.config.keys.file)
        .unwrap()
        .swap_remove(0);
    world.app.store.close().await;
    let folder = tempfile::tempdir().unwrap();
    let printed = folder.path().join("printed");
    let mut config = world.config.clone();
    let command = vec!["/bin/cat".to_owned(), printed.display().to_string()];
    config.keys.command.clone_from(&command);
    assert_eq!(key_source(&config), KeySource::Command(command));
    let new = zeroize::Zeroizing::new([9; 32]);
    let print = |keys: &[&Master]| {
        let keys: Vec<_> = keys.iter().map(|key| (*key).clone()).collect();
        std::fs::write(&printed, keyfile::lines(&keys).as_bytes()).unwrap();
    };
    print(&[&old]);
    world.config = config;
    world.app = world.another_app().await;
    assert!(matches!(
        world.app.keys.prepare().await,
        Err(NotRotated::OneKey)
    ));
    print(&[&old, &new]);
    world.restart().await;
    assert!(
        matches!(world.app.keys.prepare().await, Err(NotRotated::NotRetired)),
        "it is not the first yet"
    );
    print(&[&new, &old]);
    world.restart().await;
    assert_eq!(world.app.keys.prepare().await.unwrap(), Prepared::First);
    world.app.keys.begin().await.unwrap();
    assert!(reseal_all(&world).await > 0);
    world.app.keys.finish().await.unwrap();
    print(&[&new]);
    world.restart().await;
    world.phone(TEXTER).texts("12").await.expect_reply("DBT is");
}

#[test]
fn the_command_rotates_beside_a_server_and_says_what_is_next() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str]| {
        let output = run(folder.path(), arguments, "");
        let all = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&all).into_owned(),
        )
    };
    let (code, status) = said(&["key", "status"]);
    assert!(
        code == Some(0) && status.contains("1 master key(s); all rows"),
        "{status}"
    );
    let before = std::fs::read(folder.path().join("data/master.key")).unwrap();
    let (code, done) = said(&["key", "rotate", "--wait", "0"]);
    assert!(
        code == Some(0) && done.contains("harborline key retire"),
        "{done}"
    );
    let (code, refused) = said(&["key", "rotate", "--wait", "0"]);
    assert!(
        code == Some(1) && refused.contains("still accepted"),
        "{refused}"
    );
    assert_eq!(said(&["key", "retire"]).0, Some(0));
    let after = std::fs::read(folder.path().join("data/master.key")).unwrap();
    assert!(before != after && after.len() == before.len());
    assert_eq!(said(&["key", "retire"]).0, Some(1));
    assert_eq!(said(&["key", "lost"]).0, Some(0));
    let from_variable = |key: &str| {
        let mut command = command(folder.path());
        command.args(["key", "status"]);
        command
            .env("HARBORLINE__KEYS__VARIABLE", "LINE_KEY")
            .env("LINE_KEY", key);
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(
        from_variable(std::str::from_utf8(&after).unwrap()).0,
        Some(0)
    );
    let (code, refused) = from_variable(std::str::from_utf8(&before).unwrap());
    assert!(
        code == Some(2) && refused.contains("another master key"),
        "{refused}"
    );
    let (code, refused) = from_variable("none");
    assert!(
        code == Some(2) && refused.contains("keys.variable: LINE_KEY"),
        "{refused}"
    );
}

/// A sealed column that the rotation does not know would be lost with the old key.
#[tokio::test]
async fn every_sealed_column_is_known_to_the_rotation() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let mut c = <sqlx::SqliteConnection as sqlx::Connection>::connect(&world.config.database.url)
        .await
        .unwrap();
    let sealed: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
          WHERE t.type = 'table' AND c.name LIKE '%\\_sealed' ESCAPE '\\'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    // Sealed with the key of their texter, of which the wrapping alone changes.
    let of_texters = [
        ("texters", "number_sealed"),
        ("texters", "state_sealed"),
        ("messages", "body_sealed"),
        ("messages", "verdict_sealed"),
        ("parts", "body_sealed"),
        ("notes", "body_sealed"),
        ("drafts", "body_sealed"),
    ];
    let source: String = include_str!("../../src/store/resealing.rs")
        .split_whitespace()
        .collect();
    for (table, column) in &sealed {
        let of_a_texter = of_texters.contains(&(table.as_str(), column.as_str()));
        let known = source.contains(&format!("column!(\"{table}\",\"{column}\""));
        assert!(of_a_texter != known, "{table}.{column}");
    }
    assert!(sealed.len() > 12);
    let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(3));
    assert!(keyring(&world.config, &ids).is_ok());
}
