//! The pages in a real browser: the walks of tests/browser in headless Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, SqliteConnection};

use crate::support::binary::Serving;
use crate::support::require;

/// Walks through the pages of a new server with these settings.
fn walk(script: &str, settings: &[(&str, &str)]) {
    walk_at(
        script,
        &Serving::start_in(tempfile::tempdir().unwrap(), settings),
    );
}

fn walk_at(script: &str, serving: &Serving) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let chromium = std::env::var_os("CHROMIUM")
        .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.is_file() {
        return require::missing("browser", "no Chromium found; install the package chromium");
    }
    if !scripts.join("node_modules/playwright-core").is_dir() {
        return require::missing("browser", "run `npm install` in tests/browser");
    }
    let output = Command::new("node")
        .arg(scripts.join(script))
        .args([&serving.url, serving.setup_link.as_ref().unwrap()])
        .env("CHROMIUM", &chromium)
        .current_dir(&scripts)
        .output()
        .expect("node, which npm came with");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}\n{}", serving.log());
}

#[test]
fn the_simulator_and_the_dashboard_work_in_a_browser() {
    walk("simulator.mjs", &[]);
}

#[test]
fn people_are_invited_and_sign_in_in_a_browser() {
    let needed = (
        "HARBORLINE__STAFF__REQUIRE_TOTP",
        "[\"supervisor\", \"administrator\"]",
    );
    walk("sign-in.mjs", &[needed]);
}

#[tokio::test]
async fn the_pages_of_on_call_work_in_a_browser() {
    let serving = Serving::start();
    colleagues(&serving).await;
    tokio::task::spawn_blocking(move || walk_at("on-call.mjs", &serving))
        .await
        .unwrap();
}

/// Three colleagues who can be put on call: nobody invites them, that is a walk of its own.
async fn colleagues(serving: &Serving) {
    let path = serving.folder.path().join("data/harborline.db");
    let url = format!("sqlite://{}", path.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let people = [
        ("Second", "responder"),
        ("Third", "responder"),
        ("Night", "supervisor"),
    ];
    for (nth, (name, role)) in (1..).zip(people) {
        let id = uuid::Uuid::from_u128(nth);
        sqlx::query(
            "INSERT INTO staff (id, login, name, role, password_hash, created_at, time_zone)
             VALUES ($1, $2, $3, $4, 'none', 0, 'Europe/Berlin')",
        )
        .bind(id)
        .bind(format!("{}@example.org", name.to_lowercase()))
        .bind(name)
        .bind(role)
        .execute(&mut database)
        .await
        .unwrap();
    }
    database.close().await.unwrap();
}
