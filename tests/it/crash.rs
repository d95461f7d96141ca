//! Crash safety (promise P5): the program is killed at random moments under load, again and again.

use std::sync::Arc;

use harborline::id::{SeededIds, random};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::support::binary::Serving;
use crate::support::faults::Breakable;
use crate::support::gateway::FakeTwilio;
use crate::support::load::{Load, configuration, is_crisis, settled};
use crate::support::postgres;
use crate::support::wait::until;
use crate::support::world::seconds;

/// How many phones text at the same time.
const PHONES: usize = 8;
/// At most so many texts are acknowledged between a start and a kill.
const BUSY: usize = 60;
/// The same while the database stands still: who is not in crisis waits for it first, for seconds.
const BUSY_WITHOUT: usize = 16;
/// A lease runs a minute, and an inline reply waits half a one for its receipt.
const LONGEST_S: u64 = 240;

/// One phone after the other texts until the server is gone.
async fn texts(load: Load, url: String, kill_after: usize, kill: Arc<Notify>) {
    loop {
        let n = load.next();
        if !load.text(&url, n).await {
            return;
        }
        let known = load.acknowledged();
        if is_crisis(n) {
            assert!(known[&n].is_some(), "{n}: a crisis is answered at once");
        }
        if known.len() >= kill_after {
            kill.notify_one();
        }
    }
}

/// `frozen`: the server of the database stands still from each start to the kill, so that the spool alone
/// acknowledges.
async fn survives(
    folder: TempDir,
    database: &str,
    frozen: Option<&Breakable>,
    kills: usize,
    seed: u64,
) {
    let (twilio, api_url) = FakeTwilio::start().await;
    let configuration = configuration(&api_url);
    std::fs::write(folder.path().join("harborline.toml"), configuration).unwrap();
    let settings = [
        ("HARBORLINE__DATABASE__URL", database),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let load = Load::patient(seconds(20));
    let chance = SeededIds::new(seed);
    let mut folder = folder;
    for _ in 0..kills {
        let serving = Serving::start_in(folder, &settings);
        if let Some(server) = frozen {
            server.freeze();
        }
        let known = load.acknowledged().len();
        let busy = frozen.map_or(BUSY, |_| BUSY_WITHOUT);
        let kill_after = known + 1 + usize::from(random::<1>(&chance)[0]) % busy;
        let kill = Arc::new(Notify::new());
        let phones: Vec<_> = (0..PHONES)
            .map(|_| {
                let (url, kill) = (serving.url.clone(), Arc::clone(&kill));
                tokio::spawn(texts(load.clone(), url, kill_after, kill))
            })
            .collect();
        kill.notified().await;
        folder = serving.kill();
        if let Some(server) = frozen {
            server.thaw();
        }
        for phone in phones {
            phone.await.unwrap();
        }
    }
    let serving = Serving::start_in(folder, &settings);
    let database = database.replace(
        "data/",
        &format!("{}/data/", serving.folder.path().display()),
    );
    // Of what only the spool holds nobody is owed anything yet.
    assert!(
        until(async || load.is_stored(&database).await).await,
        "{}",
        serving.log()
    );
    // The last of it is due when its lease, or the wait for a receipt, has run out.
    settled(&database, LONGEST_S, || serving.log()).await;
    assert!(load.acknowledged().len() > kills, "there was no load");
    load.lost_nothing(&database, &twilio).await;
}

/// `HARBORLINE_TEST_LONG=1` asks for the long form.
fn is_long() -> bool {
    std::env::var("HARBORLINE_TEST_LONG").is_ok_and(|value| value == "1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_nothing_acknowledged_is_lost() {
    let kills = if is_long() { 200 } else { 20 };
    let folder = tempfile::tempdir().unwrap();
    survives(folder, "sqlite://data/harborline.db", None, kills, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_postgresql_nothing_acknowledged_is_lost() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let kills = if is_long() { 50 } else { 5 };
    survives(tempfile::tempdir().unwrap(), &database, None, kills, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_spool_alone_acknowledges_nothing_acknowledged_is_lost() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let kills = if is_long() { 30 } else { 3 };
    let folder = tempfile::tempdir().unwrap();
    survives(folder, &server.url(), Some(&server), kills, 7).await;
}
