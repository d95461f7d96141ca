//! The load generator: signed Twilio hooks against the whole intake, against the bare
//! group-commit insert that is its limit, and against the usual way in Node.
//!
//! ```sh
//! cargo run --release --example loadgen              # all figures, as a table
//! cargo run --release --example loadgen -- 20        # with 20 s a run
//! cargo run --release --example loadgen -- flood     # a crisis behind 10,000 menus on a slow sender
//! cargo run --release --example loadgen -- hostile   # crisis texts in 50,000 hostile requests
//! cargo run --release --example loadgen -- compare   # bare, the Node baseline and intake, and the ratios
//! cargo run --release --example loadgen -- replicas postgres://… # one, two and three on one server
//! cargo run --release --example loadgen -- upgrade postgres://… OLDER # an older build is replaced, under load
//! cargo run --release --example loadgen -- history 10000000      # intake, empty and with a past
//! ```
//!
//! Each server runs in a process of its own, on core 0 where `taskset` is there; the load comes
//! from core 1. All traffic is loopback, and each run is bounded in time.

#![expect(clippy::unwrap_used, reason = "a measurement that fails must stop")]

mod baseline;
mod client;
mod flood;
mod hostile;
#[path = "../past/mod.rs"]
mod past;
mod process;
mod scale;
mod server;
mod upgrade;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use client::{Load, Outcome};
use process::{Database, Process};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = |given: Option<String>| {
        let seconds = given.map_or(10, |given| given.parse().expect("seconds a run"));
        Duration::from_secs(seconds)
    };
    match arguments.next().as_deref() {
        Some("serve") => {
            let (mode, sink) = (arguments.next().unwrap(), arguments.next().unwrap());
            let database = arguments.next().map(|url| Database {
                url,
                keys: arguments.next().unwrap(),
            });
            server::run(&mode, &sink, database);
        }
        Some("replicas") => {
            let url = arguments.next().expect("the URL of a PostgreSQL server");
            block_on(scale::replicas(&url, seconds(arguments.next())));
        }
        Some("upgrade") => {
            let url = arguments.next().expect("the URL of a PostgreSQL server");
            let older = arguments
                .next()
                .expect("the load generator of the version before");
            let time = seconds(arguments.next());
            block_on(upgrade::upgrade(&url, Path::new(&older), time));
        }
        Some("history") => {
            let messages = arguments.next();
            let messages = messages.map_or(10_000_000, |n| n.parse().expect("how many messages"));
            block_on(scale::history(messages, seconds(arguments.next())));
        }
        Some("flood") => block_on(flood::measure()),
        Some("hostile") => block_on(hostile::measure()),
        Some("compare") => {
            if let Some(missing) = baseline::missing() {
                let mut err = std::io::stderr();
                writeln!(err, "{missing}").unwrap();
                return ExitCode::FAILURE;
            }
            block_on(baseline::compare(seconds(arguments.next())));
        }
        given => block_on(measure(seconds(given.map(str::to_owned)))),
    }
    ExitCode::SUCCESS
}

fn block_on(measurement: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measurement);
}

/// Runs every mode.
async fn measure(time: Duration) {
    process::pin(std::process::id(), 1);
    let (sink, _) = client::sink().await;
    print_head();
    for mode in ["bare", "intake", "full", "crisis"] {
        print_row(mode, &sink, time).await;
    }
}

fn print_head() {
    let mut out = std::io::stdout();
    writeln!(out, "| server | requests/s | p50 / p99 / max at saturation, ms | p50 / p99 / max at 200/s, ms | start, ms | private memory, MB |").unwrap();
    writeln!(out, "|---|---|---|---|---|---|").unwrap();
}

/// Measures a mode at saturation with 64 connections, then at a fixed 200 a second. Returns the requests
/// a second at saturation.
async fn print_row(mode: &str, sink: &str, time: Duration) -> f64 {
    let words = match mode {
        "bare" => "bare: signature, one group-committed insert",
        "intake" => "intake: the whole transaction, nothing sent",
        "full" => "full: intake, and every reply sent to a loopback API",
        "crisis" => "crisis: every text a crisis, inline reply",
        _ => "node: express, twilio, better-sqlite3: signature, one insert",
    };
    let saturated = one(mode, sink, saturation(time)).await;
    let steady = one(mode, sink, steady(time)).await;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| {words} | {:.0} | {} | {} | {:.0} | {:.0} |",
        saturated.rate(),
        saturated.latencies(),
        steady.latencies(),
        steady.start.as_secs_f64() * 1e3,
        saturated.memory_mb,
    )
    .unwrap();
    saturated.rate()
}

/// As many as are answered, over 64 connections.
fn saturation(time: Duration) -> Load {
    Load {
        connections: 64,
        rate: None,
        time,
    }
}

/// 200 texts a second.
fn steady(time: Duration) -> Load {
    Load {
        connections: 16,
        rate: Some(200),
        time,
    }
}

async fn one(mode: &str, sink: &str, load: Load) -> Outcome {
    let begun = Instant::now();
    let mut server = Process::start(mode, sink);
    let address = server.address().await;
    let mut outcome = client::first(&address, mode).await;
    outcome.start = begun.elapsed();
    outcome = client::run(&[address], mode, &load, outcome.start).await;
    outcome.memory_mb = server.private_memory_mb();
    server.stop();
    outcome
}
