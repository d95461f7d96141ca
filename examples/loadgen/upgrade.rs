//! A rolling upgrade under load: two replicas of one version on a PostgreSQL are replaced, one after the other, by
//! two of the next one, which brings the tables up to date while the older ones still work on them.
//!
//! What a gateway or a proxy would do is done here: a text that is not answered is delivered again, to the other
//! replica. The older ones are killed, not stopped.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use crate::client;
use crate::process::{self, Process};
use crate::scale;

/// Texts a second.
const RATE: u32 = 200;
/// How long a text that is not answered waits to be delivered again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// A text that is not answered by then is lost, and the measurement fails.
const GIVEN_UP: Duration = Duration::from_secs(30);

/// Where texts are delivered to: the replicas that run.
type Replicas = Arc<Mutex<Vec<String>>>;

/// Replaces two replicas of the load generator of the version before, which is `older`, by two of this one.
pub(crate) async fn upgrade(server: &str, older: &Path, time: Duration) {
    process::pin(std::process::id(), 1);
    let keys = tempfile::tempdir().unwrap();
    let (sink, taken) = client::sink().await;
    let database = scale::new(server, "loadgen_upgrade", keys.path()).await;
    let newer = std::env::current_exe().unwrap();
    let replicas = Replicas::default();
    let start = async |program: &Path| {
        let mut server = Process::start_of(program, "full", &sink, &database);
        let address = server.address().await;
        lock(&replicas).push(address.clone());
        (server, address)
    };
    let end = |(server, address): (Process, String)| {
        // Killed while it is still delivered to, as in life.
        server.stop();
        lock(&replicas).retain(|running| *running != address);
    };
    let (one, two) = (start(older).await, start(older).await);
    let made = migrations(&database.url).await;
    let again = Arc::new(AtomicU64::new(0));
    let load = tokio::spawn(deliver(Arc::clone(&replicas), time, Arc::clone(&again)));
    tokio::time::sleep(time / 5).await;
    let three = start(&newer).await;
    tokio::time::sleep(time / 5).await;
    end(one);
    tokio::time::sleep(time / 5).await;
    let four = start(&newer).await;
    end(two);
    let (texts, slowest) = load.await.unwrap();
    let (rows, sent) = scale::drain(&database).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let (stored, refs, owed): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE author = 'texter'),
                count(DISTINCT gateway_ref) FILTER (WHERE author = 'texter'),
                (SELECT count(*) FROM obligations WHERE closed_at IS NULL)
           FROM messages",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let after = migrations(&database.url).await;
    three.0.stop();
    four.0.stop();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| migrations before, after | texts | delivered again | slowest, ms | stored | different | replies still owed | texts to send | sent | taken by the provider |\n\
         |---|---|---|---|---|---|---|---|---|---|\n\
         | {made}, {after} | {texts} | {} | {:.0} | {stored} | {refs} | {owed} | {rows} | {sent} | {} |",
        again.load(Ordering::Relaxed),
        slowest.as_secs_f64() * 1e3,
        taken.load(Ordering::Relaxed),
    )
    .unwrap();
}

async fn migrations(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let count = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations");
    count.fetch_one(&mut connection).await.unwrap()
}

/// Delivers texts at a fixed pace, each until it is answered. How many there were, and how long the slowest took.
async fn deliver(replicas: Replicas, time: Duration, again: Arc<AtomicU64>) -> (usize, Duration) {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
    let (begun, mut texts) = (Instant::now(), JoinSet::new());
    while begun.elapsed() < time {
        pace.tick().await;
        let n = texts.len();
        texts.spawn(one(Arc::clone(&replicas), n, Arc::clone(&again)));
    }
    let took = texts.join_all().await;
    (took.len(), took.into_iter().max().unwrap_or_default())
}

async fn one(replicas: Replicas, n: usize, again: Arc<AtomicU64>) -> Duration {
    let begun = Instant::now();
    let request = client::request(0, u64::try_from(n).unwrap(), "full");
    for turn in n.. {
        let address = {
            let running = lock(&replicas);
            running[turn % running.len()].clone()
        };
        if client::answered(&address, &request).await {
            break;
        }
        assert!(begun.elapsed() < GIVEN_UP, "a text was lost");
        again.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(AGAIN_AFTER).await;
    }
    begun.elapsed()
}

fn lock(replicas: &Mutex<Vec<String>>) -> std::sync::MutexGuard<'_, Vec<String>> {
    replicas.lock().unwrap_or_else(PoisonError::into_inner)
}
