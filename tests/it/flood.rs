//! A flood of hostile requests, and a server that is slow to everybody: whoever is in crisis is answered and
//! paged for in the middle of it, and the server is afterwards what it was before.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::binary::Serving;
use crate::support::faults::Breakable;
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

/// How many connections the server lets in that is slow to everybody.
const PLACES: u8 = 32;
/// What is asked that waits for the database: a link that nothing has, as a stranger would try it, and whether
/// the server is ready.
const SLOW: [&str; 2] = ["/setup/0123456789abcdef", "/readyz"];
/// What is said where places are kept for others.
const NO_PLACE: &str = "Too many connections are open just now";

/// Asks from an address of its own, as one of many would, and does not wait for the answer.
async fn asks(address: &str, nth: u8, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 1, nth], 0).into()).unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: line.example.org\r\n\r\n");
    // Where there is no place, the server may have hung up by now.
    let _ = stream.write_all(request.as_bytes()).await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_every_place_is_held_by_slow_answers_a_crisis_is_still_answered() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let (twilio, api_url) = FakeTwilio::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("harborline.toml");
    std::fs::write(file, configuration(&api_url)).unwrap();
    let (database, places) = (server.url(), PLACES.to_string());
    let settings = [
        ("NO_PROXY", "127.0.0.1"),
        ("HARBORLINE__DATABASE__URL", database.as_str()),
        ("HARBORLINE__LISTEN__PROXIES", "[\"10.0.0.1\"]"),
        ("HARBORLINE__LIMITS__CONNECTIONS", places.as_str()),
        (
            "HARBORLINE__LIMITS__CONNECTIONS_PER_ADDRESS",
            places.as_str(),
        ),
    ];
    let serving = Serving::start_in(folder, &settings);
    let address = serving.url.trim_start_matches("http://").to_owned();
    let load = Load::patient(seconds(60));
    assert!(load.text(&serving.url, load.next()).await);
    server.freeze();
    let (mut held, mut refused) = (VecDeque::new(), 0);
    for round in 0..8 {
        // Many more than there are places for. They hold on to their connections, answered or not.
        for nth in 1..=2 * PLACES {
            for path in SLOW {
                held.push_back(asks(&address, nth, path).await);
            }
        }
        while held.len() > 8 * usize::from(PLACES) {
            held.pop_front();
        }
        let mut answer = vec![0; 2048];
        let mut one_more = asks(&address, 200, SLOW[0]).await;
        let read = one_more.read(&mut answer).await.unwrap_or(0);
        refused += usize::from(String::from_utf8_lossy(&answer[..read]).contains(NO_PLACE));
        let [_, _, n] = [load.next(), load.next(), load.next()];
        let gateway = load.by_another_connection();
        assert!(gateway.text(&serving.url, n).await, "{n} in round {round}");
        let answer = load.acknowledged()[&n].clone();
        assert!(
            answer.is_some_and(|text| text.contains("988")),
            "{n} was not answered in the response"
        );
    }
    assert!(refused > 0, "there was a place for everybody all the time");
    server.thaw();
    drop(held);
    assert!(
        until(async || load.is_stored(&database).await).await,
        "{}",
        serving.log()
    );
    settled(&database, 240, || serving.log()).await;
    load.lost_nothing(&database, &twilio).await;
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
