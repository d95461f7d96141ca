//! The load: signed hooks over kept-alive connections, and the API that takes the replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const PUBLIC_URL: &str = "https://line.example.org";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PATH: &str = "/hooks/main/inbound";
/// Texters take turns, so that nobody trips the loop guard and most texts are not a first contact.
const TEXTERS: u64 = 2_000;
const TEXTS: [&str; 6] = [
    "MENU",
    "what is dbt",
    "3",
    "how do i tell my mom",
    "what is self harm",
    "thank you so much",
];

/// How long a gateway waits for the answer to a hook.
const PATIENCE: Duration = Duration::from_secs(15);

/// Loads so far: no text of one is a text of another, also where they share a database.
static LOADS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: u64,
    /// Requests a second in all; `None` is as fast as they are answered.
    pub(crate) rate: Option<u64>,
    pub(crate) time: Duration,
}

#[derive(Default)]
pub(crate) struct Outcome {
    sorted: Vec<Duration>,
    elapsed: Duration,
    pub(crate) start: Duration,
    pub(crate) memory_mb: f64,
}

impl Outcome {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of requests, for a person"
    )]
    pub(crate) fn rate(&self) -> f64 {
        self.sorted.len() as f64 / self.elapsed.as_secs_f64()
    }

    pub(crate) fn latencies(&self) -> String {
        let at = |share: usize| {
            let last = self.sorted.len() - 1;
            self.sorted[(last * share / 1000).min(last)].as_secs_f64() * 1e3
        };
        format!("{:.2} / {:.2} / {:.2}", at(500), at(990), at(1000))
    }
}

/// The first answered hook after the start.
pub(crate) async fn first(address: &str, mode: &str) -> Outcome {
    let mut connection = TcpStream::connect(address).await.unwrap();
    exchange(&mut connection, &request(0, u64::MAX, mode)).await;
    Outcome::default()
}

/// Runs a load to its end; the connections are spread evenly over the addresses.
pub(crate) async fn run(addresses: &[String], mode: &str, load: &Load, start: Duration) -> Outcome {
    let begun = Instant::now();
    let sent = Arc::new(AtomicU64::new(0));
    let nth = LOADS.fetch_add(1, Ordering::Relaxed) + 1;
    let mut tasks = Vec::new();
    for (worker, address) in (0..load.connections).zip(addresses.iter().cycle()) {
        let (address, mode, sent, load) = (
            address.to_owned(),
            mode.to_owned(),
            Arc::clone(&sent),
            *load,
        );
        tasks.push(tokio::spawn(async move {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.set_nodelay(true).unwrap();
            let mut latencies = Vec::new();
            let pace = load
                .rate
                .map(|rate| Duration::from_secs_f64(1.0 / f64::from(u32::try_from(rate).unwrap())));
            let mut turn = worker;
            loop {
                // A request is due at its time, however late the one before it was answered.
                let mut due = Instant::now();
                if let Some(pace) = pace {
                    due = begun + pace * u32::try_from(turn).unwrap();
                    tokio::time::sleep_until(due.into()).await;
                    turn += load.connections;
                }
                if begun.elapsed() >= load.time {
                    return latencies;
                }
                let request = request(nth, sent.fetch_add(1, Ordering::Relaxed), &mode);
                if pace.is_none() {
                    due = Instant::now();
                }
                exchange(&mut connection, &request).await;
                latencies.push(due.elapsed());
            }
        }));
    }
    let mut sorted = Vec::new();
    for task in tasks {
        sorted.extend(task.await.unwrap());
    }
    let elapsed = begun.elapsed();
    sorted.sort_unstable();
    Outcome {
        sorted,
        elapsed,
        start,
        memory_mb: 0.0,
    }
}

pub(crate) fn request(load: u64, n: u64, mode: &str) -> Vec<u8> {
    let (sid, from) = (sid(load, n), format!("+1555{:07}", n % TEXTERS));
    let index = usize::try_from(n % 6).unwrap_or(0);
    let text = if mode == "crisis" {
        "i want to die"
    } else {
        TEXTS[index]
    };
    inbound(&sid, &from, text)
}

/// What the gateway calls a text: in no order, as a provider's are, so that the index of them is met everywhere.
fn sid(load: u64, n: u64) -> String {
    // SplitMix64: another number for each number.
    let mixed = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let nth = (load << 32) | n;
    format!("SM{:016x}{:016x}", mixed(nth), mixed(!nth))
}

/// A signed hook with a text.
pub(crate) fn inbound(sid: &str, from: &str, text: &str) -> Vec<u8> {
    let fields = [
        ("AccountSid", "AC00000000000000000000000000000000"),
        ("ApiVersion", "2010-04-01"),
        ("Body", text),
        ("From", from),
        ("MessageSid", sid),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("To", "+15550100"),
    ];
    signed(PATH, &fields)
}

/// A signed hook. The fields stand in the order of their names, as the signature wants them.
pub(crate) fn signed(path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let signed = fields
        .iter()
        .fold(format!("{PUBLIC_URL}{path}"), |m, (key, value)| {
            m + key + value
        });
    let mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    let signature = mac.chain_update(signed).finalize().into_bytes();
    let signature = base64::engine::general_purpose::STANDARD.encode(signature);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    format!(
        "POST {path} HTTP/1.1\r\nhost: line.example.org\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         x-twilio-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends one request and reads its whole answer, which must be a 200.
pub(crate) async fn exchange(connection: &mut TcpStream, request: &[u8]) -> String {
    connection.write_all(request).await.unwrap();
    let (head, body) = read_message(connection).await.expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    String::from_utf8_lossy(&body).into_owned()
}

/// Sends one request over a connection of its own: whether it was answered with a 200 while a gateway would wait.
pub(crate) async fn answered(address: &str, request: &[u8]) -> bool {
    let exchange = async {
        let mut connection = TcpStream::connect(address).await.ok()?;
        connection.write_all(request).await.ok()?;
        read_message(&mut connection).await
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await;
    matches!(answer, Ok(Some((head, _))) if head.starts_with("HTTP/1.1 200"))
}

/// Reads one HTTP message with a content length. `None` at the end of the stream.
pub(crate) async fn read_message(connection: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end])
                .to_lowercase()
                .replacen("http", "HTTP", 1);
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            while bytes.len() < end + 4 + length {
                if connection.read_buf(&mut bytes).await.ok()? == 0 {
                    return None;
                }
            }
            return Some((head, bytes.split_off(end + 4)));
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An API on loopback that takes every text: its URL, and how many it took.
pub(crate) async fn sink() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let taken = Arc::clone(&taken);
            tokio::spawn(async move {
                while read_message(&mut connection).await.is_some() {
                    let body = format!(
                        "{{\"sid\":\"SMout{}\",\"status\":\"queued\"}}",
                        taken.fetch_add(1, Ordering::Relaxed)
                    );
                    let answer = format!(
                        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    if connection.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, count)
}
