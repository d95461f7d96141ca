//! `/readyz`: the status is that of the worst reason, and each reason is said.

use std::fs;

use harborline::oncall::IncidentKind;
use serde_json::json;

use crate::failsafe::refusals;
use crate::support::world::minutes;
use crate::support::{Engine, World, both};

/// Says that this is the only reason, and how bad it is.
async fn expects(world: &World, status: &str, reason: &str) {
    let said = world.readyz().await;
    assert_eq!(said["status"], status, "{said}");
    assert_eq!(said["reasons"], json!([reason]), "{said}");
}

async fn expects_ok(world: &World) {
    let said = world.readyz().await;
    assert_eq!(
        (&said["status"], &said["reasons"]),
        (&json!("ok"), &json!([]))
    );
}

both! {
    async fn without_its_database_it_is_down(world: World) {
        expects_ok(&world).await;
        world.app.store.close().await;
        expects(&world, "down", "the database does not answer").await;
        let (status, said) = world.get("/readyz").await;
        assert_eq!(status, 503, "{said}");
        // What waits in the spool is known all the same.
        world.phone("+15550123").delivers("SM1", "i want to die").await;
        let said = world.readyz().await;
        assert_eq!(said["status"], "down");
        assert_eq!(said["reasons"][1], "texts and receipts wait in the spool (1)", "{said}");
        assert_eq!(world.get("/healthz").await.1, "ok\n", "the process is there");
    }

    async fn a_text_that_waits_too_long_degrades_it(world: World) {
        world.phone("+15550123").delivers("SM1", "menu").await;
        expects_ok(&world).await;
        world.clock.advance(minutes(4));
        expects(&world, "degraded", "texts wait too long for their answers (1)").await;
        world.settle_outbox().await;
        expects_ok(&world).await;
    }

    async fn an_open_incident_degrades_it(world: World) {
        world.app.incidents.raise(IncidentKind::Signature, "main", json!({}));
        world.app.incidents.tick().await.unwrap();
        expects(&world, "degraded", "incidents are open (1)").await;
    }

    async fn what_waits_in_the_spool_or_was_set_aside_degrades_it(world: World) {
        let [bad, every, lift] = refusals(&world);
        world.damage(every).await;
        world.phone("+15550124").delivers("SMgood", "menu").await;
        world.damage(lift).await;
        expects(&world, "degraded", "texts and receipts wait in the spool (1)").await;
        world.app.failsafe.replay().await.unwrap();
        world.settle_outbox().await;
        expects_ok(&world).await;
        world.damage(bad).await;
        world.phone("+15550123").delivers("SMbad", "menu").await;
        while world.app.failsafe.spool.counts().refused == 0 {
            world.app.failsafe.replay().await.unwrap();
        }
        expects(&world, "degraded", "entries of the spool were refused by the database (1)").await;
    }
}

#[tokio::test]
async fn an_entry_of_the_spool_that_cannot_be_opened_degrades_it() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    world.app.store.close().await;
    world.phone("+15550123").delivers("SM1", "menu").await;
    for file in fs::read_dir(&world.config.spool.directory).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            fs::write(path, "torn").unwrap();
        }
    }
    world.restart().await;
    world.app.failsafe.replay().await.unwrap();
    expects(
        &world,
        "degraded",
        "entries of the spool could not be opened (1)",
    )
    .await;
}

#[tokio::test]
async fn edited_rules_and_texts_that_do_not_hold_degrade_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("en.toml"), "this is no rule").unwrap();
    let place = folder.path().to_owned();
    let rules = |config: &mut harborline::config::Config| config.triage.directory = Some(place);
    let world = World::with(Engine::Sqlite, rules).await.unwrap();
    let reason = "the edited rules of triage are refused; those before them serve";
    expects(&world, "degraded", reason).await;
    let place = folder.path().to_owned();
    let texts = |config: &mut harborline::config::Config| config.content.directory = Some(place);
    let world = World::with(Engine::Sqlite, texts).await.unwrap();
    let reason = "the edited texts are refused; the built-in ones serve";
    expects(&world, "degraded", reason).await;
}
