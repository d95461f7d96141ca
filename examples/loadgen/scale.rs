//! How it grows: one, two and three replicas on one PostgreSQL, and a past of millions of messages.
//!
//! All servers share core 0, so that more replicas have no more of the machine: what is looked for is whether they
//! stand in each other's way. PostgreSQL runs where the system puts it.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::client::{self, Load, Outcome};
use crate::process::{self, Database, Process};
use crate::{past, saturation, steady};

/// How long the texts that are still to be sent at the end of a load are waited for.
const DRAIN: Duration = Duration::from_mins(2);

/// Measures one, two and three replicas, each time on new databases of the server: the intake alone, and with
/// every reply sent.
pub(crate) async fn replicas(server: &str, time: Duration) {
    process::pin(std::process::id(), 1);
    let keys = tempfile::tempdir().unwrap();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| replicas | intake alone, requests/s | with sending, requests/s | p50 / p99 / max at saturation, ms | p50 / p99 / max at 200/s, ms | texts to send | sent | taken by the provider |\n|---|---|---|---|---|---|---|---|"
    )
    .unwrap();
    for count in 1..=3 {
        let (sink, taken) = client::sink().await;
        let name = format!("loadgen_{count}");
        let database = new(server, &name, keys.path()).await;
        let intake = Replicas::start("intake", count, &database, &sink).await;
        intake.run(saturation(time)).await;
        let alone = intake.run(saturation(time)).await;
        intake.stop();
        let database = new(server, &name, keys.path()).await;
        let full = Replicas::start("full", count, &database, &sink).await;
        full.run(saturation(time)).await;
        drain(&database).await;
        let saturated = full.run(saturation(time)).await;
        drain(&database).await;
        let paced = full.run(steady(time)).await;
        let (rows, sent) = drain(&database).await;
        full.stop();
        writeln!(
            out,
            "| {count} | {:.0} | {:.0} | {} | {} | {rows} | {sent} | {} |",
            alone.rate(),
            saturated.rate(),
            saturated.latencies(),
            paced.latencies(),
            taken.load(Ordering::Relaxed)
        )
        .unwrap();
    }
}

/// A new database of the server, with the keys of the line.
pub(crate) async fn new(server: &str, name: &str, keys: &Path) -> Database {
    let mut connection = PgConnection::connect(server).await.unwrap();
    for statement in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name}"),
    ] {
        // The name is made above.
        let statement = sqlx::query(AssertSqlSafe(statement));
        statement.execute(&mut connection).await.unwrap();
    }
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    Database {
        url: url.to_string(),
        keys: format!("{}/{name}.key", keys.display()),
    }
}

/// Replicas that share a database. The first load on them is not counted: what each replica does once, and each of
/// its connections (all of them together 48 with three), is over by then, as with replicas that run for weeks.
struct Replicas {
    mode: &'static str,
    servers: Vec<Process>,
    addresses: Vec<String>,
}

impl Replicas {
    async fn start(mode: &'static str, count: usize, database: &Database, sink: &str) -> Self {
        let (mut servers, mut addresses) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let mut server = Process::start_on(mode, sink, database);
            addresses.push(server.address().await);
            servers.push(server);
        }
        Self {
            mode,
            servers,
            addresses,
        }
    }

    async fn run(&self, load: Load) -> Outcome {
        client::run(&self.addresses, self.mode, &load, Duration::ZERO).await
    }

    fn stop(self) {
        self.servers.into_iter().for_each(Process::stop);
    }
}

/// Waits until all is sent, so that the next load has the machine to itself. Returns how many texts there were,
/// and how many were sent.
pub(crate) async fn drain(database: &Database) -> (i64, i64) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let begun = Instant::now();
    loop {
        let (rows, done, sent): (i64, i64, i64) =
            sqlx::query_as("SELECT count(*), count(done_at), count(gateway_ref) FROM outbox")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        if rows == done || begun.elapsed() > DRAIN {
            return (rows, sent);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Measures the intake on an empty database, and on one that holds so many messages.
pub(crate) async fn history(messages: i64, time: Duration) {
    process::pin(std::process::id(), 1);
    let (sink, _) = client::sink().await;
    let folder = tempfile::tempdir().unwrap();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| messages | requests/s | p50 / p99 / max at saturation, ms | p50 / p99 / max at 200/s, ms | database, MB |\n|---|---|---|---|---|"
    )
    .unwrap();
    for held in [0, messages] {
        let file = folder.path().join(format!("{held}.db"));
        let database = Database {
            url: format!("sqlite://{}", file.display()),
            keys: format!("{}/{held}.key", folder.path().display()),
        };
        // The tables are made by the program.
        let mut empty = Process::start_on("intake", &sink, &database);
        empty.address().await;
        empty.stop();
        past::write(&database.url, held).await;
        // Gigabytes that still wait for the disk would be waited for by the first checkpoints of the load.
        std::fs::File::open(&file).unwrap().sync_all().unwrap();
        let size = std::fs::metadata(&file).unwrap().len() / 1_000_000;
        let mut measured = Vec::new();
        for load in [saturation(time), steady(time)] {
            let mut server = Process::start_on("intake", &sink, &database);
            let address = server.address().await;
            measured.push(client::run(&[address], "intake", &load, Duration::ZERO).await);
            server.stop();
        }
        writeln!(
            out,
            "| {held} | {:.0} | {} | {} | {size} |",
            measured[0].rate(),
            measured[0].latencies(),
            measured[1].latencies()
        )
        .unwrap();
    }
}
