//! A crisis in the middle of 50,000 hostile requests: forged signatures, endless heads and bodies, half
//! requests that are held open, random addresses, tries to sign in, and noise.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{exchange, inbound, read_message};
use crate::process::{self, Process};

const REQUESTS: usize = 50_000;
const ATTACKERS: usize = 64;
/// How many connections each attacker holds open: together more than the server lets in.
const HELD: usize = 80;
/// From one crisis text to the next.
const PAUSE: Duration = Duration::from_millis(50);
/// How many crisis texts come while nobody attacks.
const CALM: usize = 100;
const KINDS: [&str; 9] = [
    "forged",
    "giant head",
    "half head",
    "trickle",
    "giant body",
    "random path",
    "guess",
    "noise",
    "unread",
];

/// Takes every text, and knows when the last page came.
struct Provider {
    pages: Mutex<Vec<Instant>>,
}

impl Provider {
    async fn start() -> (Arc<Self>, String) {
        let provider = Arc::new(Self {
            pages: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (shared, taken) = (Arc::clone(&provider), Arc::new(AtomicU64::new(0)));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let (provider, taken) = (Arc::clone(&shared), Arc::clone(&taken));
                tokio::spawn(async move {
                    while let Some((_, body)) = read_message(&mut connection).await {
                        let mut fields = form_urlencoded::parse(&body);
                        if fields.any(|(key, to)| key == "To" && to == "+15550199") {
                            provider.pages.lock().unwrap().push(Instant::now());
                        }
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
        (provider, url)
    }

    fn pages(&self) -> usize {
        self.pages.lock().unwrap().len()
    }
}

/// What one kind of attack sends.
fn bytes(kind: &str, n: usize) -> Vec<u8> {
    let form = "host: line.example.org\r\ncontent-type: application/x-www-form-urlencoded";
    let text = match kind {
        "forged" => {
            let body = format!("MessageSid=SMforged{n}&From=%2B1557{n:07}&Body=i+want+to+die");
            format!(
                "POST /hooks/main/inbound HTTP/1.1\r\n{form}\r\nx-twilio-signature: AAAA\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        "giant head" => format!(
            "GET / HTTP/1.1\r\ncookie: {}\r\n\r\n",
            "c".repeat(100 * 1024)
        ),
        "half head" => "POST /hooks/main/inbound HTTP/1.1\r\nhost: line.exam".to_owned(),
        "trickle" => {
            format!("POST /hooks/main/inbound HTTP/1.1\r\n{form}\r\ncontent-length: 1000\r\n\r\nM")
        }
        "giant body" => format!(
            "POST /hooks/main/inbound HTTP/1.1\r\n{form}\r\ncontent-length: 300000\r\n\r\n{}",
            "b".repeat(300_000)
        ),
        "random path" => {
            format!("GET /{n:x}/..%2f..%2fetc/passwd?x={n} HTTP/1.1\r\nhost: evil.example\r\n\r\n")
        }
        "guess" => {
            let body = format!("login=first%40example.org&password=guess+number+{n}");
            format!(
                "POST /sign-in HTTP/1.1\r\n{form}\r\norigin: https://line.example.org\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        "noise" => "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
        _ => "GET /sign-in HTTP/1.1\r\nhost: line.example.org\r\n\r\n".to_owned(),
    };
    text.into_bytes()
}

/// Attacks in turn until as many were made as there are to be.
async fn attack(address: String, next: Arc<AtomicUsize>) {
    let mut held = VecDeque::new();
    let mut some = [0; 512];
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= REQUESTS {
            return;
        }
        let kind = KINDS[n % KINDS.len()];
        let Ok(mut stream) = TcpStream::connect(&address).await else {
            continue;
        };
        let sent = stream.write_all(&bytes(kind, n)).await;
        if matches!(kind, "half head" | "trickle" | "unread") {
            held.push_back(stream);
            if held.len() > HELD {
                held.pop_front();
            }
        } else if sent.is_ok() {
            let _ = stream.read(&mut some).await;
        }
    }
}

/// One crisis text by a connection of its own, as a gateway does that has none open; how long its answer
/// took.
async fn crisis(address: &str, n: usize) -> Duration {
    let began = Instant::now();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let hook = inbound(
        &format!("SMcrisis{n:024}"),
        &format!("+1666{n:07}"),
        "i want to die",
    );
    let twiml = exchange(&mut connection, &hook).await;
    assert!(twiml.contains("988"), "{twiml}");
    began.elapsed()
}

/// Runs the flood and prints a table.
pub(crate) async fn measure() {
    // As many sockets as the flood needs, for this process and the server that it starts.
    harborline::process::settle();
    process::pin(std::process::id(), 1);
    let (provider, url) = Provider::start().await;
    let mut server = Process::start("full", &url);
    let address = server.address().await;
    let mut calm = Vec::new();
    for n in 0..CALM {
        calm.push(crisis(&address, n).await);
        tokio::time::sleep(PAUSE).await;
    }
    let before = (server.private_memory_mb(), provider.pages());
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let attackers: Vec<_> = (0..ATTACKERS)
        .map(|_| tokio::spawn(attack(address.clone(), Arc::clone(&next))))
        .collect();
    let (mut flooded, mut most) = (Vec::new(), before.0);
    while attackers.iter().any(|attacker| !attacker.is_finished()) {
        flooded.push(crisis(&address, CALM + flooded.len()).await);
        most = most.max(server.private_memory_mb());
        tokio::time::sleep(PAUSE).await;
    }
    let elapsed = began.elapsed();
    let pages = provider.pages() - before.1;
    let after = server.private_memory_mb();
    server.stop();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{REQUESTS} hostile requests in {:.1} s ({:.0}/s); {} crisis texts meanwhile, each with 988 in its response, {pages} pages.\n\
         Private memory: {:.0} MB before, {most:.0} MB at most, {after:.0} MB afterwards.\n",
        elapsed.as_secs_f64(),
        f64::from(u32::try_from(REQUESTS).unwrap()) / elapsed.as_secs_f64(),
        flooded.len(),
        before.0,
    )
    .unwrap();
    writeln!(
        out,
        "| 988 in the response to the hook | median, ms | p99, ms | slowest, ms |\n|---|---|---|---|"
    )
    .unwrap();
    for (name, mut times) in [("nobody attacks", calm), ("in the flood", flooded)] {
        times.sort_unstable();
        let ms = |share: usize| {
            let at = (times.len() * share / 1000).min(times.len() - 1);
            times[at].as_secs_f64() * 1e3
        };
        writeln!(
            out,
            "| {name} | {:.1} | {:.1} | {:.1} |",
            ms(500),
            ms(990),
            ms(1000)
        )
        .unwrap();
    }
}
