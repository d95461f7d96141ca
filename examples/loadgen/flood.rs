//! The flood: 10,000 people ask for the menu at once on a sender of ten segments a second, and then
//! somebody is in danger.
//!
//! The provider keeps its own count and refuses with 429 what is faster than that. Measured from the
//! first byte of the hook: the reply in its response, the page at the provider, and, because the carrier
//! says that the inline reply did not arrive, the reply through the API.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::client::{PUBLIC_URL, exchange, inbound, read_message, signed};
use crate::process::{self, Process};

const MENUS: u32 = 10_000;
const CONNECTIONS: u32 = 32;
const CRISES: u32 = 20;
/// From one to the next: of more than three in 15 s the next pages are gathered into one, on purpose
/// (docs/oncall.md, "Many cases at once").
const BETWEEN: Duration = Duration::from_secs(6);
const SEGMENTS_PER_SECOND: f64 = 10.0;
const DUTY: &str = "+15550199";
/// A page says so; what the duty phone hears when it takes the case does not.
const PAGE: Wanted<'_> = (DUTY, "CRISIS");

/// What the provider has seen.
#[derive(Default)]
struct Seen {
    taken: Vec<Taken>,
    refused: usize,
}

/// A text that the provider took.
struct Taken {
    at: Instant,
    to: String,
    body: String,
}

/// A text to a number, with words that it must hold.
type Wanted<'a> = (&'a str, &'a str);

impl Taken {
    fn is(&self, (to, words): Wanted<'_>) -> bool {
        self.to == to && self.body.contains(words)
    }
}

struct Provider {
    seen: Mutex<Seen>,
    bucket: Mutex<(f64, Instant)>,
}

impl Provider {
    async fn start() -> (Arc<Self>, String) {
        let provider = Arc::new(Self {
            seen: Mutex::default(),
            bucket: Mutex::new((SEGMENTS_PER_SECOND, Instant::now())),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&provider);
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let provider = Arc::clone(&shared);
                tokio::spawn(async move {
                    while let Some((_, body)) = read_message(&mut connection).await {
                        let answer = provider.answer(&body);
                        if connection.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (provider, url)
    }

    fn answer(&self, body: &[u8]) -> String {
        let now = Instant::now();
        let field = |name: &str| {
            let mut fields = form_urlencoded::parse(body);
            let found = fields.find(|(key, _)| key == name);
            found
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        if field("To").is_empty() {
            // Somebody asks how far a text has come: that is no text, and costs no segment.
            return http("200 OK", r#"{"status":"sent"}"#);
        }
        let segments = harborline::segment::segments(&field("Body")).segments;
        let cost = f64::from(u32::try_from(segments).unwrap());
        let mut bucket = self.bucket.lock().unwrap();
        let grown = bucket.0 + now.duration_since(bucket.1).as_secs_f64() * SEGMENTS_PER_SECOND;
        *bucket = (grown.min(SEGMENTS_PER_SECOND), now);
        let mut seen = self.seen.lock().unwrap();
        let (status, body) = if bucket.0 < cost {
            seen.refused += 1;
            ("429 Too Many Requests", r#"{"code":20429}"#.to_owned())
        } else {
            bucket.0 -= cost;
            let (to, body) = (field("To"), field("Body"));
            seen.taken.push(Taken { at: now, to, body });
            let sid = format!("SMout{}", seen.taken.len());
            (
                "201 Created",
                format!(r#"{{"sid":"{sid}","status":"queued"}}"#),
            )
        };
        http(status, &body)
    }

    fn count(&self, wanted: Wanted<'_>) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.taken.iter().filter(|text| text.is(wanted)).count()
    }

    /// Waits for the next text that is wanted, after so many.
    async fn next(&self, wanted: Wanted<'_>, after: usize) -> Instant {
        loop {
            let found = {
                let seen = self.seen.lock().unwrap();
                let mut to = seen.taken.iter().filter(|text| text.is(wanted));
                to.nth(after).map(|text| text.at)
            };
            match found {
                Some(at) => return at,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Runs the flood and prints a table.
pub(crate) async fn measure() {
    process::pin(std::process::id(), 1);
    let (provider, url) = Provider::start().await;
    let mut server = Process::start("flood", &url);
    let address = server.address().await;
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for worker in 0..CONNECTIONS {
        let address = address.clone();
        tasks.push(tokio::spawn(async move {
            let mut connection = TcpStream::connect(address).await.unwrap();
            for n in (worker..MENUS).step_by(CONNECTIONS as usize) {
                let hook = inbound(&format!("SM{n:032}"), &format!("+1555{n:07}"), "MENU");
                exchange(&mut connection, &hook).await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let queued = begun.elapsed();
    let [mut inline, mut paged, mut by_api] = [const { Vec::new() }; 3];
    let mut connection = TcpStream::connect(&address).await.unwrap();
    for n in 0..CRISES {
        let from = format!("+1666{n:07}");
        let earlier = provider.count(PAGE);
        let sent = Instant::now();
        let hook = inbound(&format!("SMcrisis{n:024}"), &from, "i want to die");
        let twiml = exchange(&mut connection, &hook).await;
        assert!(twiml.contains("988"), "{twiml}");
        inline.push(sent.elapsed());
        paged.push(provider.next(PAGE, earlier).await - sent);
        // The case is taken: pages of cases that wait together are gathered into one, on purpose.
        let taken = inbound(&format!("SMtaken{n:025}"), DUTY, "taking it");
        exchange(&mut connection, &taken).await;
        let told = Instant::now();
        exchange(&mut connection, &undelivered(&twiml, n)).await;
        by_api.push(provider.next((&from, "988"), 0).await - told);
        tokio::time::sleep(BETWEEN).await;
    }
    server.stop();
    report(&provider, queued, begun.elapsed(), [inline, paged, by_api]);
}

/// The receipt that says that the inline reply did not arrive.
fn undelivered(twiml: &str, n: u32) -> Vec<u8> {
    let start = twiml.find(PUBLIC_URL).unwrap() + PUBLIC_URL.len();
    let path = twiml[start..].split('"').next().unwrap();
    let sid = format!("SMinline{n:024}");
    let fields = [
        ("ErrorCode", "30008"),
        ("MessageSid", sid.as_str()),
        ("MessageStatus", "undelivered"),
    ];
    signed(path, &fields)
}

fn report(provider: &Provider, queued: Duration, elapsed: Duration, measured: [Vec<Duration>; 3]) {
    let seen = provider.seen.lock().unwrap();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{MENUS} menus queued in {:.1} s; in {:.0} s the provider took {} texts and refused {}.\n",
        queued.as_secs_f64(),
        elapsed.as_secs_f64(),
        seen.taken.len(),
        seen.refused
    )
    .unwrap();
    writeln!(
        out,
        "| a crisis text behind the flood | median, ms | slowest, ms |\n|---|---|---|"
    )
    .unwrap();
    let names = [
        "988 in the response to the hook",
        "page at the provider",
        "reply by the API, after the receipt that the inline one failed",
    ];
    for (name, mut times) in names.into_iter().zip(measured) {
        times.sort_unstable();
        let ms = |at: usize| times[at].as_secs_f64() * 1e3;
        writeln!(
            out,
            "| {name} | {:.0} | {:.0} |",
            ms(times.len() / 2),
            ms(times.len() - 1)
        )
        .unwrap();
    }
}
