//! The words that texters get: checked, shown, edited by an operator, and never half in force.

use std::path::Path;

use crate::support::binary::run;
use crate::support::world::seconds;
use crate::support::{Engine, World};

const EN: &str = include_str!("../../templates/messages/en.toml");

fn harborline(arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), arguments, "");
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// A folder with this file in it.
fn folder_with(file: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), text).unwrap();
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().unwrap()
}

#[test]
fn the_built_in_packs_pass_the_check_and_a_release_refuses_what_nobody_looked_up() {
    let (code, out, _) = harborline(&["content", "check"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("0 errors"), "{out}");
    let (code, out, _) = harborline(&["content", "check", "--release"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains("error: templates/resources.toml: `resources.poison.unverified`"),
        "{out}"
    );
}

#[test]
fn a_text_that_breaks_a_rule_is_found_with_file_key_and_fix() {
    let folder = folder_with(
        "en.toml",
        &EN.replace(
            "You matter. Call or text 988",
            "You matter. Call or text us",
        ),
    );
    let (code, out, err) = harborline(&["content", "check", path(&folder)]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(
        (out.clone() + &err).contains("messages.crisis_high"),
        "{out}{err}"
    );
    let folder = folder_with(
        "en.toml",
        &EN.replace("You are not the only one.", "Do not be so selfish."),
    );
    let (code, out, _) = harborline(&["content", "check", path(&folder)]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("en.toml: `pages.what_it_is.parts[1]`") && out.contains("Fix: "),
        "{out}"
    );
}

#[test]
fn a_folder_that_is_no_pack_is_refused_by_name() {
    let (code, _, err) = harborline(&["content", "check", "nowhere"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("nowhere") && err.contains("folder"), "{err}");
    let folder = folder_with("english.toml", EN);
    let (code, _, err) = harborline(&["content", "check", path(&folder)]);
    assert_eq!(code, Some(1));
    assert!(
        err.contains("english.toml") && err.contains("Name it en.toml"),
        "{err}"
    );
    let folder = folder_with("en.toml", "schema = 1\nlocale = ");
    let (code, _, err) = harborline(&["content", "check", path(&folder)]);
    assert_eq!(code, Some(1));
    assert!(err.contains("en.toml") && err.contains("Fix: "), "{err}");
}

#[test]
fn a_message_is_shown_as_a_phone_gets_it() {
    let (code, out, _) = harborline(&["content", "show", "dbt"]);
    assert_eq!(code, Some(0));
    assert!(
        out.contains("--- en, GSM-7 in") && out.contains("--- es, GSM-7 in"),
        "{out}"
    );
    assert!(
        out.contains("MORE for the rest.") && out.contains("988"),
        "{out}"
    );
    let (_, all, _) = harborline(&["content", "show"]);
    assert!(
        all.contains("crisis_high") && all.contains("chooser"),
        "{all}"
    );
    let (code, _, err) = harborline(&["content", "show", "dbtt"]);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("`dbtt`") && err.contains("lists all keys"),
        "{err}"
    );
}

async fn world_with(directory: &Path) -> World {
    let directory = directory.to_owned();
    let world = World::with(Engine::Sqlite, |config| {
        config.content.directory = Some(directory);
    });
    world.await.unwrap()
}

#[tokio::test]
async fn edited_words_are_what_texters_get() {
    let folder = folder_with(
        "en.toml",
        &EN.replace("You are not the only one.", "Many people know this."),
    );
    let world = world_with(folder.path()).await;
    world
        .phone("+15550123")
        .texts("1")
        .await
        .expect_reply("Many people know this.");
    world
        .phone("+15550123")
        .texts("LANG")
        .await
        .expect_reply("Autolesionarse");
}

#[tokio::test]
async fn bad_words_are_refused_and_the_built_in_ones_serve() {
    let folder = folder_with(
        "en.toml",
        &EN.replace("You are not the only one.", "Don't be so selfish."),
    );
    let world = world_with(folder.path()).await;
    world
        .phone("+15550123")
        .texts("1")
        .await
        .expect_reply("You are not the only one.");
    let request = axum::http::Request::get("/readyz").body(axum::body::Body::empty());
    let (_, ready) = crate::support::world::read(world.call(request.unwrap()).await).await;
    assert!(
        ready.contains("\"edited_packs_refused\":true") && ready.contains("degraded"),
        "{ready}"
    );
}

#[tokio::test]
async fn the_care_of_the_operator_is_named_where_care_is_looked_for() {
    let world = World::with(Engine::Sqlite, |config| {
        config.line.care = "example.org/care".to_owned();
    });
    let world = world.await.unwrap();
    world
        .phone("+15550123")
        .texts("how do i find a therapist")
        .await
        .expect_reply("Care from us: example.org/care");
}

#[tokio::test]
async fn which_words_are_in_force_is_written_down_once_and_again_when_they_are_others() {
    let folder = folder_with("en.toml", &EN.replace("You matter.", "You count."));
    let directory = folder.path().to_owned();
    let settings = |config: &mut harborline::config::Config| {
        config.content.directory = Some(directory);
    };
    let mut world = World::with(Engine::Sqlite, settings).await.unwrap();
    let noted =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'content.in_force' AND actor = 'operator'";
    assert_eq!(world.count(noted).await, 1);
    world.clock.advance(seconds(1));
    world.restart().await;
    assert_eq!(world.count(noted).await, 1, "they are the same");
    std::fs::write(
        folder.path().join("en.toml"),
        EN.replace("You matter.", "You matter!"),
    )
    .unwrap();
    world.clock.advance(seconds(1));
    world.restart().await;
    assert_eq!(world.count(noted).await, 2);
    // Back to those that ship with the program; and words that break a rule.
    world.config.content.directory = None;
    world.clock.advance(seconds(1));
    world.restart().await;
    assert_eq!(world.count(noted).await, 3);
    world.config.content.directory = Some(folder.path().to_owned());
    std::fs::write(folder.path().join("en.toml"), "schema = 1").unwrap();
    world.clock.advance(seconds(1));
    world.restart().await;
    let refused = "SELECT COUNT(*) FROM audit_log WHERE action = 'content.refused'";
    assert_eq!(world.count(refused).await, 1);
    let unedited = World::on(Engine::Sqlite).await.unwrap();
    assert_eq!(unedited.count(noted).await, 0);
}
