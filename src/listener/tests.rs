use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, watch};

use super::*;
use crate::http::guarded;

/// What no test waits for.
const NEVER: Duration = Duration::from_hours(1);
/// What a test waits for.
const SOON: Duration = Duration::from_millis(150);

/// Nobody is waited for for longer than a test can take.
const PATIENT: Test = Test {
    head: NEVER,
    body: NEVER,
    idle: NEVER,
    stalled: NEVER,
    most: 100,
    per_address: 100,
};

#[derive(Clone, Copy)]
struct Test {
    head: Duration,
    body: Duration,
    idle: Duration,
    stalled: Duration,
    most: usize,
    per_address: usize,
}

struct Served {
    /// How many slow requests are being answered.
    slow: watch::Receiver<usize>,
    /// Lets one of them end.
    ends: Arc<Notify>,
    address: SocketAddr,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Served {
    async fn with(limits: Test) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let limits = Limits {
            patience: Patience {
                head: limits.head,
                body: limits.body,
                idle: limits.idle,
                stalled: limits.stalled,
            },
            most: limits.most,
            per_address: limits.per_address,
            proxies: [].into(),
        };
        let ticks = || {
            let ticks = stream::unfold(0, |n| async move {
                tokio::time::sleep(SOON / 2).await;
                (n < 6).then(|| {
                    (
                        Ok::<_, Infallible>(Bytes::from(format!("tick {n}\n"))),
                        n + 1,
                    )
                })
            });
            Body::from_stream(ticks)
        };
        let (counts, slow) = watch::channel(0);
        let ends = Arc::new(Notify::new());
        let slowly = {
            let ends = Arc::clone(&ends);
            move || {
                let (counts, ends) = (counts.clone(), Arc::clone(&ends));
                async move {
                    counts.send_modify(|count| *count += 1);
                    ends.notified().await;
                    "at last"
                }
            }
        };
        let router = Router::new()
            .route("/slow", get(slowly.clone()))
            .route("/readyz", get(slowly.clone()))
            .route("/hooks/main/status", post(slowly))
            .route("/hooks/main/inbound", post(|body: Bytes| async { body }))
            .route("/page", get(|| async { "page" }))
            .route("/much", get(|| async { "much ".repeat(20_000_000) }))
            .route("/stream", get(move || async move { ticks() }));
        let served = serve(
            listener,
            guarded(router),
            limits,
            tasks.clone(),
            stopping.clone(),
        );
        tokio::spawn(served);
        Self {
            slow,
            ends,
            address,
            tasks,
            stopping,
        }
    }

    async fn sends(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    /// What is answered until the connection ends.
    async fn answers(&self, bytes: &str) -> String {
        all_of(self.sends(bytes).await).await
    }

    /// Asks for so many that are answered slowly, each once the one before is being answered.
    async fn answers_slowly(&mut self, request: &str, many: usize) -> Vec<TcpStream> {
        let mut asked = Vec::new();
        for _ in 0..many {
            let before = *self.slow.borrow();
            asked.push(self.sends(request).await);
            let one_more = self.slow.wait_for(|count| *count > before);
            one_more.await.unwrap();
        }
        asked
    }

    /// Every connection was given back.
    async fn gives_all_back(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        assert!(self.tasks.is_empty());
    }
}

async fn all_of(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that was cut off ends with what came until then.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hook(connection: &str) -> String {
    format!(
        "POST /hooks/main/inbound HTTP/1.1\r\nhost: a\r\nconnection: {connection}\r\ncontent-length: 4\r\n\r\ntext"
    )
}

const PAGE: &str = "GET /page HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn half_a_head_is_not_waited_for() {
    let served = Served::with(Test {
        head: SOON,
        ..PATIENT
    })
    .await;
    assert_eq!(served.answers("GET /page HTTP/1.1\r\nhost:").await, "");
    served.gives_all_back().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let served = Served::with(Test {
        body: SOON,
        ..PATIENT
    })
    .await;
    let half = hook("keep-alive").replace("text", "te");
    let answer = served.answers(&half).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not come in time"), "{answer}");
    served.gives_all_back().await;
}

#[tokio::test]
async fn a_connection_between_two_requests_ends_in_time_and_before_that_takes_the_next() {
    let served = Served::with(Test {
        idle: SOON,
        ..PATIENT
    })
    .await;
    let mut stream = served.sends(&hook("keep-alive")).await;
    stream
        .write_all(hook("keep-alive").as_bytes())
        .await
        .unwrap();
    let answer = all_of(stream).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    served.gives_all_back().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_not_held_for_ever() {
    let served = Served::with(Test {
        stalled: SOON,
        ..PATIENT
    })
    .await;
    let _unread = served.sends("GET /much HTTP/1.1\r\nhost: a\r\n\r\n").await;
    served.gives_all_back().await;
}

#[tokio::test]
async fn a_stream_lives_on_while_it_is_read() {
    let served = Served::with(Test {
        head: SOON,
        body: SOON,
        idle: SOON,
        stalled: SOON,
        ..PATIENT
    })
    .await;
    let answer = served
        .answers("GET /stream HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await;
    assert!(answer.contains("tick 5"), "{answer}");
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused_with_what_to_do() {
    let served = Served::with(PATIENT).await;
    let many = (0..90).fold(String::new(), |all, n| all + &format!("x-{n}: 1\r\n"));
    let long = format!("cookie: {}\r\n", "c".repeat(40 * 1024));
    for fields in [many, long] {
        let answer = served
            .answers(&format!("GET /page HTTP/1.1\r\nhost: a\r\n{fields}\r\n"))
            .await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        assert!(answer.contains("at most 80, and 32 KiB"), "{answer}");
    }
    // What could fill the memory is not even read to its end.
    let endless = format!("cookie: {}\r\n", "c".repeat(1024 * 1024));
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = format!("GET /page HTTP/1.1\r\nhost: a\r\n{endless}\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let answer = all_of(stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    served.gives_all_back().await;
}

#[tokio::test]
async fn a_hook_comes_through_whatever_is_held_open() {
    let served = Served::with(Test {
        most: 20,
        per_address: 20,
        ..PATIENT
    })
    .await;
    let mut held = Vec::new();
    for n in 0..200 {
        let half = match n % 3 {
            0 => "GET /page HT".to_owned(),
            1 => hook("keep-alive").replace("text", "t"),
            _ => String::new(),
        };
        held.push(served.sends(&half).await);
        if n % 20 == 0 {
            let answer = served.answers(&hook("close")).await;
            assert!(
                answer.starts_with("HTTP/1.1 200") && answer.ends_with("text"),
                "{n}: {answer}"
            );
            assert!(served.tasks.len() <= 20, "{}", served.tasks.len());
        }
    }
    drop(held);
    served.gives_all_back().await;
}

#[tokio::test]
async fn the_last_places_answer_hooks_and_no_pages() {
    let served = Served::with(Test {
        most: 10,
        per_address: 10,
        ..PATIENT
    })
    .await;
    let mut streams = Vec::new();
    for _ in 0..9 {
        let mut stream = served
            .sends("GET /stream HTTP/1.1\r\nhost: a\r\n\r\n")
            .await;
        // It is being answered: it makes no room.
        let mut some = [0; 12];
        stream.read_exact(&mut some).await.unwrap();
        streams.push(stream);
    }
    let answer = served.answers(PAGE).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 5"), "{answer}");
    let answer = served.answers(&hook("close")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn when_we_are_slow_to_everybody_a_hook_still_finds_its_place() {
    let mut served = Served::with(Test {
        most: 40,
        per_address: 40,
        ..PATIENT
    })
    .await;
    // Whoever asks for a page, and strangers who ask as monitors do: all of them wait for us.
    let slow = "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";
    let _pages = served.answers_slowly(slow, 36).await;
    let monitor = slow.replace("/slow", "/readyz");
    let _monitors = served.answers_slowly(&monitor, 2).await;
    for more in [slow, &*monitor] {
        let answer = served.answers(more).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    for _ in 0..5 {
        let answer = served.answers(&hook("close")).await;
        assert!(answer.ends_with("text"), "{answer}");
    }
    assert_eq!(*served.slow.borrow(), 38, "nobody had to end for it");
    // Hooks that are slow, too: those end within the patience of their gateway, and the next one is let in.
    let status = hook("close").replace("inbound", "status");
    let _hooks = served.answers_slowly(&status, 2).await;
    let waits = served.sends(&hook("close")).await;
    // The one that asked first is answered. Its connection is kept for a next request, which now has to wait.
    served.ends.notify_one();
    let answer = all_of(waits).await;
    assert!(answer.ends_with("text"), "{answer}");
}

#[tokio::test]
async fn a_stop_lets_what_was_asked_end_and_waits_for_nobody_else() {
    let served = Served::with(PATIENT).await;
    let mut asked = served
        .sends("GET /stream HTTP/1.1\r\nhost: a\r\n\r\n")
        .await;
    let idle = served.sends("").await;
    let mut some = [0; 12];
    asked.read_exact(&mut some).await.unwrap();
    served.stopping.cancel();
    assert_eq!(all_of(idle).await, "");
    let rest = all_of(asked).await;
    assert!(rest.contains("tick 5"), "{rest}");
    served.gives_all_back().await;
}

#[test]
fn a_caller_who_went_away_is_no_trouble_and_a_full_table_of_files_is() {
    assert!(is_of_the_caller(&io::ErrorKind::ConnectionAborted.into()));
    // EMFILE, ENFILE
    for code in [24, 23] {
        assert!(!is_of_the_caller(&io::Error::from_raw_os_error(code)));
    }
}
