//! Faults of the process: no descriptors left.

use std::process::Command;
use std::sync::Arc;

use harborline::gateway::client::loopback_client;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::support::binary::Serving;
use crate::support::figures::Figures;
use crate::support::gateway::FakeTwilio;
use crate::support::load::{Load, configuration, settled};
use crate::support::world::seconds;

/// So many descriptors are left to the server.
const LEFT: usize = 12;
/// So many connections want one, and say nothing.
const IDLE: usize = 120;

/// Sets how many descriptors a process may have.
fn limit(pid: u32, most: usize) {
    // The soft limit alone: only some may raise the other one.
    let limit = format!("--nofile={most}:");
    let set = Command::new("prlimit")
        .args(["--pid", &pid.to_string(), &limit])
        .status();
    assert!(
        set.is_ok_and(|status| status.success()),
        "prlimit of util-linux"
    );
}

fn open(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_who_is_connected_is_answered_and_all_are_when_some_are_free() {
    let (twilio, api_url) = FakeTwilio::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("harborline.toml");
    std::fs::write(file, configuration(&api_url)).unwrap();
    let serving = Serving::start_in(folder, &[("NO_PROXY", "127.0.0.1")]);
    let figures = Arc::new(Figures::of("no descriptors left", "P3 P5 P6"));
    // A gateway, or a proxy before us, keeps its connection.
    let load = Load::patient(seconds(20)).measured_by(&figures);
    let texts = async |load: &Load| {
        let n = load.next();
        let taken = load.text(&serving.url, n).await;
        assert!(taken, "text {n}: {}", serving.log());
    };
    for _ in 0..6 {
        texts(&load).await;
    }
    limit(serving.pid(), open(serving.pid()) + LEFT);
    let mut idle = Vec::new();
    let address = serving.url.trim_start_matches("http://").to_owned();
    for _ in 0..IDLE {
        idle.push(TcpStream::connect(&address).await.unwrap());
    }
    let client = loopback_client(seconds(20)).unwrap();
    let ready = async || -> Value {
        let answer = client.get(format!("{}/readyz", serving.url)).send().await;
        answer.unwrap().json().await.unwrap()
    };
    for _ in 0..6 {
        texts(&load).await;
    }
    figures.mended();
    drop(idle);
    // Who was not connected comes in again.
    let newcomer = load.by_another_connection();
    for _ in 0..6 {
        texts(&newcomer).await;
    }
    figures.recovered();
    assert_eq!(ready().await["spool"]["corrupt"], 0);
    let database = format!(
        "sqlite://{}/data/harborline.db",
        serving.folder.path().display()
    );
    settled(&database, 240, || serving.log()).await;
    load.lost_nothing(&database, &twilio).await;
    figures.kept(0, 0);
    figures.print();
}

#[tokio::test]
async fn that_descriptors_are_few_is_told_before_none_is_left() {
    let serving = Serving::start();
    let client = loopback_client(seconds(20)).unwrap();
    let ready = async || -> Value {
        let answer = client.get(format!("{}/readyz", serving.url)).send().await;
        answer.unwrap().json().await.unwrap()
    };
    let told = |said: &Value| {
        said["reasons"]
            .to_string()
            .contains("more files and connections")
    };
    assert!(!told(&ready().await));
    limit(serving.pid(), open(serving.pid()) + LEFT);
    let said = ready().await;
    assert!(told(&said) && said["status"] == "degraded", "{said}");
    limit(serving.pid(), 4096);
    assert!(!told(&ready().await));
}
