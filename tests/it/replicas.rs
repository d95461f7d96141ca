//! Several servers on one PostgreSQL: what one of them does, the others know; one of them may end or
//! freeze at any moment, and nobody who texts notices (promises P1, P5 and P6).

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use harborline::app::App;
use harborline::feed::Signal;
use harborline::handoff::Act;
use harborline::lane::Lane;
use harborline::oncall::Channel;
use harborline::staff::Role;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::support::binary::Serving;
use crate::support::gateway::FakeTwilio;
use crate::support::load::{Load, configuration, is_crisis, number, settled};
use crate::support::sql::count;
use crate::support::wait::until;
use crate::support::world::seconds;
use crate::support::{Engine, World, postgres};

/// Longer than a signal ever takes: a test that waits so long has failed.
const NEVER: std::time::Duration = seconds(60);

/// Ends with the test.
struct Carrying(AbortHandle);

impl Drop for Carrying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn carries(app: &App) -> Carrying {
    let neighbours = Arc::clone(&app.neighbours);
    Carrying(tokio::spawn(async move { neighbours.carry().await }).abort_handle())
}

/// Waits until a page of this replica hears this.
async fn hears(app: &App, wanted: Signal) {
    let mut page = app.feed.subscribe(None).signals;
    let heard = async { while page.recv().await.unwrap().signal != wanted {} };
    timeout(NEVER, heard).await.expect("nothing was heard");
}

#[tokio::test]
async fn a_page_at_one_replica_hears_of_a_text_that_another_took() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    let other = world.another_app().await;
    let (connected, _carries) = (hears(&other, Signal::Everything), carries(&other));
    connected.await;
    let _carries = carries(&world.app);
    let queue = hears(&other, Signal::Queue);
    let ladder = other.feed.ladder();
    let phone = world.phone("+15550123");
    let (_, ()) = tokio::join!(phone.texts("i want to die"), queue);
    timeout(NEVER, ladder.notified())
        .await
        .expect("the worker of pages sleeps on");
}

/// Which workers were woken since this was last asked.
fn woken(app: &App) -> (Vec<Lane>, bool) {
    let lanes = Lane::ALL.into_iter().filter(|lane| {
        let wake = app.feed.outbox(*lane, Channel::Sms);
        wake.notified().now_or_never().is_some()
    });
    let ladder = app.feed.ladder().notified().now_or_never().is_some();
    (lanes.collect(), ladder)
}

/// With many replicas on one database each look in vain is taken from the texts.
#[tokio::test]
async fn a_text_wakes_only_who_has_something_to_do_and_a_crisis_everybody() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let app = &world.app;
    woken(app);
    let everybody = (Lane::ALL.to_vec(), true);
    for (number, text, wakes) in [
        ("+15550123", "menu", (vec![Lane::Content], false)),
        ("+15550123", "i want to die", everybody.clone()),
        // While a case is open, everybody looks, whatever its texter writes.
        ("+15550123", "menu", everybody.clone()),
        ("+15550124", "HUMAN", everybody),
    ] {
        // Nobody works meanwhile: workers wake each other.
        let phone = world.phone(number);
        phone.delivers(&world.new_sid(), text).await;
        assert_eq!(woken(app), wakes, "{text}");
    }
}

#[tokio::test]
async fn after_a_lost_connection_everything_is_read_again() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    let (connected, _carries) = (hears(&world.app, Signal::Everything), carries(&world.app));
    connected.await;
    let again = hears(&world.app, Signal::Everything);
    let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()";
    let (lost, ()) = tokio::join!(count(&world.config.database.url, cut), again);
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn on_sqlite_there_are_no_neighbours() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    timeout(NEVER, world.app.neighbours.carry()).await.unwrap();
}

#[tokio::test]
async fn of_fifty_who_claim_at_three_replicas_exactly_one_has_it() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    let others = [world.another_app().await, world.another_app().await];
    world.phone("+15550123").texts("i want to die").await;
    let conversation = world.first_in_the_queue().await;
    let mut people = Vec::new();
    for nth in 0..50 {
        let address = format!("r{nth}@example.org");
        people.push(world.an_account(&address, Role::Responder).await);
    }
    let apps = [&world.app, &others[0], &others[1]];
    let claims = people.iter().zip(apps.into_iter().cycle());
    let claims = claims.map(|(one, app)| app.handoff.act(one, conversation, Act::Claim));
    let came = join_all(claims).await.into_iter().map(Result::unwrap);
    assert_eq!(came.flatten().count(), 1);
}

/// How many phones text at the same time.
const PHONES: usize = 6;
/// So many replicas are killed, and as many are frozen.
const FAULTS: usize = 4;
/// So many texts are acknowledged between two faults.
const BETWEEN: usize = 40;

fn signal(serving: &Serving, name: &str) {
    let pid = serving.pid().to_string();
    let done = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(done.success());
}

/// Three servers, of which one is killed and one freezes, again and again. As a load balancer does, the
/// gateway brings a text to another one when it was not taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_replicas_some_are_killed_and_freeze_and_nobody_notices() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (twilio, api_url) = FakeTwilio::start().await;
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("master.key").display().to_string();
    let keystore = keys.path().join("keystore").display().to_string();
    let settings = [
        ("HARBORLINE__DATABASE__URL", database.as_str()),
        ("HARBORLINE__KEYS__FILE", key.as_str()),
        ("HARBORLINE__KEYS__KEYSTORE", keystore.as_str()),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let start = |folder: tempfile::TempDir| {
        let path = folder.path().join("harborline.toml");
        std::fs::write(path, configuration(&api_url)).unwrap();
        Serving::start_in(folder, &settings)
    };
    let mut servers: Vec<Serving> = (0..3)
        .map(|_| start(tempfile::tempdir().unwrap()))
        .collect();
    let load = Load::patient(seconds(3));
    let urls = Arc::new(std::sync::Mutex::new(urls(&servers)));
    let enough = Arc::new(AtomicBool::new(false));
    let phones: Vec<_> = (0..PHONES)
        .map(|_| {
            let (load, urls, enough) = (load.clone(), Arc::clone(&urls), Arc::clone(&enough));
            tokio::spawn(async move {
                while !enough.load(Ordering::SeqCst) {
                    let n = load.next();
                    for at in n.. {
                        let url = urls.lock().unwrap()[at % 3].clone();
                        if load.text(&url, n).await {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for fault in 0..FAULTS {
        let (killed, frozen) = (fault % 3, (fault + 1) % 3);
        more(&load, BETWEEN).await;
        signal(&servers[frozen], "-STOP");
        more(&load, BETWEEN).await;
        let dead = servers.remove(killed);
        servers.insert(killed, start(dead.kill()));
        urls.lock().unwrap()[killed].clone_from(&servers[killed].url);
        more(&load, BETWEEN).await;
        signal(&servers[frozen], "-CONT");
    }
    enough.store(true, Ordering::SeqCst);
    for phone in phones {
        phone.await.unwrap();
    }
    let log = || servers.iter().map(Serving::log).collect::<String>();
    settled(&database, 240, log).await;
    load.lost_nothing(&database, &twilio).await;
    // What was being sent when its replica ended goes out again rather than never: one text of each phone.
    let mut twice = 0;
    for n in load.acknowledged().into_keys().filter(|n| !is_crisis(*n)) {
        let mut bodies = BTreeMap::<String, usize>::new();
        for sent in twilio.sent_to(&number(n)) {
            *bodies.entry(sent.body).or_default() += 1;
        }
        twice += bodies.values().filter(|times| **times > 1).count();
    }
    assert!(
        twice <= 2 * FAULTS * PHONES,
        "{twice} texts were heard twice"
    );
    let unpaged = "SELECT COUNT(*) FROM alerts WHERE pages = 0";
    assert_eq!(count(&database, unpaged).await, 0);
}

fn urls(servers: &[Serving]) -> Vec<String> {
    servers.iter().map(|one| one.url.clone()).collect()
}

/// Waits until so many more texts are acknowledged.
async fn more(load: &Load, texts: usize) {
    let wanted = load.acknowledged().len() + texts;
    let came = until(async || load.acknowledged().len() >= wanted).await;
    assert!(came, "no more texts are acknowledged");
}
