//! The load generator: signed Twilio hooks against the whole intake, and against the bare
//! group-commit insert that is its limit.
//!
//! ```sh
//! cargo run --release --example loadgen              # all figures, as a table
//! cargo run --release --example loadgen -- 20        # with 20 s a run
//! cargo run --release --example loadgen -- flood     # a crisis behind 10,000 menus on a slow sender
//! ```
//!
//! Each server runs in a process of its own, on core 0 where `taskset` is there; the load comes
//! from core 1. All traffic is loopback, and each run is bounded in time.

#![expect(clippy::unwrap_used, reason = "a measurement that fails must stop")]

mod client;
mod flood;
mod server;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::{Load, Outcome};

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("serve") => {
            let (mode, sink) = (arguments.next().unwrap(), arguments.next().unwrap());
            server::run(&mode, &sink);
        }
        Some("flood") => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(flood::measure());
        }
        seconds => {
            let seconds = seconds.map_or(10, |seconds| seconds.parse().expect("seconds a run"));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(measure(Duration::from_secs(seconds)));
        }
    }
}

/// Runs every mode: at saturation with 64 connections, then at a fixed 200 a second.
async fn measure(time: Duration) {
    pin(std::process::id(), 1);
    let sink = client::sink().await;
    let mut out = std::io::stdout();
    writeln!(out, "| server | requests/s | p50 / p99 / max at saturation, ms | p50 / p99 / max at 200/s, ms | start, ms | private memory, MB |").unwrap();
    writeln!(out, "|---|---|---|---|---|---|").unwrap();
    for (mode, words) in [
        ("bare", "bare: signature, one group-committed insert"),
        ("intake", "intake: the whole transaction, nothing sent"),
        (
            "full",
            "full: intake, and every reply sent to a loopback API",
        ),
        ("crisis", "crisis: every text a crisis, inline reply"),
    ] {
        let saturated = one(
            mode,
            &sink,
            Load {
                connections: 64,
                rate: None,
                time,
            },
        )
        .await;
        let steady = one(
            mode,
            &sink,
            Load {
                connections: 16,
                rate: Some(200),
                time,
            },
        )
        .await;
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
    }
}

async fn one(mode: &str, sink: &str, load: Load) -> Outcome {
    let begun = Instant::now();
    let mut server = spawn(mode, sink);
    let address = address_of(&mut server).await;
    let mut outcome = client::first(&address, mode).await;
    outcome.start = begun.elapsed();
    outcome = client::run(&address, mode, &load, outcome.start).await;
    outcome.memory_mb = private_memory_mb(server.id());
    server.kill().unwrap();
    server.wait().unwrap();
    outcome
}

fn spawn(mode: &str, sink: &str) -> Child {
    let itself = std::env::current_exe().unwrap();
    let child = Command::new(itself)
        .args(["serve", mode, sink])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    pin(child.id(), 0);
    child
}

async fn address_of(server: &mut Child) -> String {
    let stdout = server.stdout.take().unwrap();
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        line
    });
    line.await.unwrap().trim().to_owned()
}

fn pin(pid: u32, core: u32) {
    let _ = Command::new("taskset")
        .args(["-a", "-cp", &core.to_string(), &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// The memory that belongs to a process alone.
fn private_memory_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap_or("0");
    line.trim()
        .trim_end_matches(" kB")
        .trim()
        .parse::<f64>()
        .unwrap_or(0.0)
        / 1024.0
}
