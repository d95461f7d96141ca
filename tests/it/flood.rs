//! A flood of hostile requests: whoever is in crisis is answered and paged for in the middle of it, and the
//! server is afterwards what it was before.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::binary::Serving;
use crate::support::gateway::FakeTwilio;
use crate::support::hostile::Attack;
use crate::support::load::{Load, configuration, settled};
use crate::support::wait::until;
use crate::support::world::{DUTY, seconds};

/// How many attack at the same time.
const ATTACKERS: usize = 8;
/// How many connections each of them holds open: together more than the server lets in.
const HELD: usize = 60;
/// How many connections the server lets in.
const CONNECTIONS: &str = "256";
/// How many connections may be left: those of who texts.
const FEW: usize = 8;
/// What the server may take more than before, in kB: each open connection has its buffers.
const MORE_MEMORY: u64 = 256 * 1024;

/// How many hostile requests; `HARBORLINE_TEST_LONG=1` asks for the long form.
fn requests() -> usize {
    let long = std::env::var("HARBORLINE_TEST_LONG").is_ok_and(|value| value == "1");
    if long { 50_000 } else { 3_000 }
}

/// Attacks in turn until as many were made as there are to be.
async fn attacks(address: String, next: Arc<AtomicUsize>, all: usize) -> usize {
    let mut held = VecDeque::new();
    let mut made = 0;
    loop {
        let n = next.fetch_add(1, Ordering::SeqCst);
        if n >= all {
            return made;
        }
        held.extend(Attack::nth(n).strikes(&address, n).await);
        if held.len() > HELD {
            held.pop_front();
        }
        made += 1;
    }
}

/// Texts of people in crisis, one after the other, until the flood is over. Each is answered at once.
async fn crises(load: Load, url: String, over: Arc<AtomicUsize>) -> usize {
    let mut texts = 0;
    loop {
        // The first of three is the one in crisis.
        let [n, _, _] = [load.next(), load.next(), load.next()];
        assert!(load.text(&url, n).await, "{n} was not taken");
        let answer = load.acknowledged()[&n].clone();
        assert!(
            answer.is_some_and(|text| text.contains("988")),
            "{n} was not answered in the response"
        );
        texts += 1;
        if over.load(Ordering::SeqCst) > 0 && texts >= 20 {
            return texts;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_flood_of_hostile_requests_every_crisis_is_answered_and_paged_for() {
    let (twilio, api_url) = FakeTwilio::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("harborline.toml"),
        configuration(&api_url),
    )
    .unwrap();
    let settings = [
        ("NO_PROXY", "127.0.0.1"),
        // The attackers come straight in, not by a proxy: both limits hold for them.
        ("HARBORLINE__LISTEN__PROXIES", "[\"10.0.0.1\"]"),
        ("HARBORLINE__LIMITS__CONNECTIONS", CONNECTIONS),
        ("HARBORLINE__LIMITS__CONNECTIONS_PER_ADDRESS", CONNECTIONS),
    ];
    let serving = Serving::start_in(folder, &settings);
    let load = Load::patient(seconds(60));
    assert!(load.text(&serving.url, load.next()).await);
    let [_, _] = [load.next(), load.next()];
    let before = Resources::of(serving.pid());

    let address = serving.url.trim_start_matches("http://").to_owned();
    let (next, over) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let attackers: Vec<_> = (0..ATTACKERS)
        .map(|_| tokio::spawn(attacks(address.clone(), Arc::clone(&next), requests())))
        .collect();
    let people = tokio::spawn(crises(load.clone(), serving.url.clone(), Arc::clone(&over)));
    let mut made = 0;
    for attacker in attackers {
        made += attacker.await.unwrap();
    }
    over.store(1, Ordering::SeqCst);
    let texts = people.await.unwrap();
    assert_eq!(made, requests());

    let url = format!(
        "sqlite://{}/data/harborline.db",
        serving.folder.path().display()
    );
    settled(&url, 240, || serving.log()).await;
    load.lost_nothing(&url, &twilio).await;
    assert_eq!(load.acknowledged().len(), texts + 1);
    // Many cases at once are a storm: its pages name how many wait, and it is no flood of pages.
    assert!(!twilio.sent_to(DUTY).is_empty());

    // The attackers are gone, and so are their connections.
    let few = until(async || connections(&address) <= FEW).await;
    assert!(few, "{} connections are still open", connections(&address));
    let after = Resources::of(serving.pid());
    assert!(
        after.most_memory <= before.most_memory + MORE_MEMORY,
        "{} kB before, {} kB at most",
        before.most_memory,
        after.most_memory
    );
    let log = serving.log();
    assert!(!log.contains("panic"), "{log}");
    assert!(!log.contains('\u{1b}'), "what a caller wrote is in the log");
    assert_eq!(serving.stop().0, Some(0));
}

/// How many connections to an address the server holds, by the system's own table: those that stand, and those
/// whose other end has gone and that it has not closed.
fn connections(address: &str) -> usize {
    let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    let ours = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let held = table.lines().skip(1).filter(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns[1].ends_with(&ours) && ["01", "08"].contains(&columns[3])
    });
    held.count()
}

/// What the server has of the machine.
struct Resources {
    /// The most memory so far, in kB.
    most_memory: u64,
}

impl Resources {
    fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = most.and_then(|most| most.trim().trim_end_matches(" kB").parse().ok());
        Self {
            most_memory: most.unwrap_or(0),
        }
    }
}
