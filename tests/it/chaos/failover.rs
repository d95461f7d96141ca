//! The primary switched: texts come in all the while, a standby takes over, and nobody starts the program
//! again. With a synchronous standby nothing that was acknowledged is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harborline::gateway::client::loopback_client;
use serde_json::Value;

use crate::support::binary::Serving;
use crate::support::faults::{Breakable, Way};
use crate::support::figures::Figures;
use crate::support::gateway::FakeTwilio;
use crate::support::load::{Load, configuration, is_crisis, settled};
use crate::support::sql::count;
use crate::support::world::seconds;

/// How many phones text at the same time.
const PHONES: usize = 4;
/// So many texts are acknowledged between two steps.
const BETWEEN: usize = 12;
/// Far above what the slowest machine needs.
const NEVER: Duration = seconds(300);

/// How the primary goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// It ends, and its connections with it.
    Killed,
    /// It lives on as a server that takes no writes, and connections to it stay open.
    ReadOnly,
    /// Its machine is gone without a word: connections to it carry nothing, and do not end.
    Silent,
}

/// One phone after the other texts until it is enough.
async fn texts(load: Load, url: String, enough: Arc<AtomicBool>) {
    while !enough.load(Ordering::SeqCst) {
        let n = load.next();
        assert!(load.text(&url, n).await, "text {n} was not acknowledged");
        let answer = load.acknowledged().remove(&n).flatten();
        assert!(
            !is_crisis(n) || answer.is_some(),
            "{n}: a crisis is answered at once"
        );
    }
}

/// Waits until so many more texts are acknowledged.
async fn more(load: &Load) {
    let wanted = load.acknowledged().len() + BETWEEN;
    let come = async {
        while load.acknowledged().len() < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let come = tokio::time::timeout(NEVER, come).await;
    assert!(come.is_ok(), "no more texts are acknowledged");
}

/// Waits until the health page says so.
async fn is_ready(serving: &Serving, said: impl Fn(&Value) -> bool) {
    let client = loopback_client(seconds(30)).unwrap();
    let asks = async {
        loop {
            let answer = client.get(format!("{}/readyz", serving.url)).send().await;
            let answer: Value = answer.unwrap().json().await.unwrap();
            if said(&answer) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let asked = tokio::time::timeout(NEVER, asks).await;
    assert!(
        asked.is_ok(),
        "it is not as it should be: {}",
        serving.log()
    );
}

async fn fails_over(goes: Goes, fault: &'static str) {
    let Some(mut primary) = Breakable::start().await else {
        return;
    };
    let way = Way::to(primary.address()).await;
    let (twilio, api_url) = FakeTwilio::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("harborline.toml");
    std::fs::write(file, configuration(&api_url)).unwrap();
    let url = way.url();
    let settings = [
        ("HARBORLINE__DATABASE__URL", url.as_str()),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let serving = Serving::start_in(folder, &settings);
    let standby = primary.standby().await;

    let figures = Arc::new(Figures::of(fault, "P3 P5 P6"));
    let load = Load::patient(seconds(20)).measured_by(&figures);
    let enough = Arc::new(AtomicBool::new(false));
    let phones: Vec<_> = (0..PHONES)
        .map(|_| {
            tokio::spawn(texts(
                load.clone(),
                serving.url.clone(),
                Arc::clone(&enough),
            ))
        })
        .collect();
    more(&load).await;
    match goes {
        Goes::Killed => primary.stop(),
        Goes::ReadOnly => primary.takes_writes(false).await,
        Goes::Silent => way.fall_silent(),
    }
    more(&load).await;
    if goes == Goes::ReadOnly {
        is_ready(&serving, |said| {
            said["reason"] == "the database takes no writes"
        })
        .await;
    }
    standby.promote().await;
    way.lead_to(standby.address());
    figures.mended();
    more(&load).await;
    // Its own worker hands the spool over, and the connections that led nowhere are left behind.
    is_ready(&serving, |said| {
        said["status"] != "down" && said["spool"]["entries"] == 0
    })
    .await;
    figures.recovered();
    if goes == Goes::ReadOnly {
        let leaves = async { while primary.connected().await > 0 {} };
        let left = tokio::time::timeout(NEVER, leaves).await;
        assert!(left.is_ok(), "nobody stays there: {}", serving.log());
    }
    more(&load).await;
    enough.store(true, Ordering::SeqCst);
    for phone in phones {
        phone.await.unwrap();
    }
    let database = standby.url();
    settled(&database, 240, || serving.log()).await;
    load.lost_nothing(&database, &twilio).await;
    let texts = "SELECT COUNT(*) FROM messages WHERE author = 'texter'";
    let stored = usize::try_from(count(&database, texts).await).unwrap();
    // `lost_nothing` has found each of them exactly once.
    assert_eq!(stored, load.acknowledged().len());
    let unpaged = "SELECT COUNT(*) FROM alerts WHERE pages = 0";
    assert_eq!(count(&database, unpaged).await, 0);
    figures.print();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_primary_killed_a_standby_takes_over_and_nobody_notices() {
    fails_over(Goes::Killed, "primary killed, standby promoted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_primary_read_only_its_connections_are_left_for_the_standby() {
    fails_over(Goes::ReadOnly, "primary made read-only, standby promoted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_primary_gone_without_a_word_it_is_not_waited_for() {
    fails_over(
        Goes::Silent,
        "primary gone without a word, standby promoted",
    )
    .await;
}
