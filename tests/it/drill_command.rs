//! `harborline drill`, beside a running server.

use std::process::{Output, Stdio};

use harborline::gateway::client::loopback_client;
use serde_json::{Value, json};

use crate::support::binary::{Serving, command, run, said};
use crate::support::postgres;
use crate::support::wait::until;
use crate::support::world::seconds;

/// The command beside a server.
fn drill(serving: &Serving, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    serving.beside(settings, &[&["drill"][..], arguments].concat())
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}

/// The steps of a report, and whether each happened in time.
fn steps(report: &Value) -> Vec<(&str, bool)> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            (
                step["step"].as_str().unwrap(),
                step["ok"].as_bool().unwrap(),
            )
        })
        .collect()
}

async fn every_variant_is_held(settings: &[(&str, &str)]) {
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), settings);
    let drill = |arguments: &[&str]| drill(&serving, settings, arguments);
    let output = drill(&["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let words = said(&output);
    for part in [
        "Drill of the whole loop: passed",
        "OK",
        "the texter is answered with 988",
        "no page left the program",
        "by a signed hook of gateway sandbox",
        "Timeline",
    ] {
        assert!(words.contains(part), "no {part:?}: {words}");
    }
    let output = drill(&["--dry-run", "--db-down", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let kept = report(&output);
    assert_eq!(kept["variant"], "db_down");
    assert_eq!(kept["way"], "past the door, to a store that refuses");
    let expected = ["reply", "kept", "snapshot", "stored", "page"].map(|step| (step, true));
    assert_eq!(steps(&kept), expected);
    // With one gateway alone nothing stands in: that takes its two minutes to be sure. Stopped by a signal
    // it is called off, and the next one can be held.
    let address = serving.url.strip_prefix("http://").unwrap();
    let child = command(serving.folder.path())
        .args(["drill", "--provider-down"])
        .env("HARBORLINE__LISTEN__ADDRESS", address)
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its first words are written after the drill is asked for.
    let mut child = child;
    let mut first = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut first, &mut String::new()).unwrap();
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(killed.unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut first, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{rest}");
    assert!(rest.contains("was called off"), "{rest}");
    let client = loopback_client(seconds(20)).unwrap();
    let ready: Value = client
        .get(format!("{}/readyz", serving.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(ready["alerts"]["open"], 0, "{ready}");
}

#[tokio::test]
async fn drills_are_held_beside_a_server_on_sqlite() {
    every_variant_is_held(&[]).await;
}

#[tokio::test]
async fn drills_are_held_beside_a_server_on_postgresql() {
    if let Some(url) = postgres::database().await {
        every_variant_is_held(&[("HARBORLINE__DATABASE__URL", &url)]).await;
    }
}

#[tokio::test]
async fn somebody_on_call_answers_a_drill() {
    let serving = Serving::start();
    let address = serving.url.strip_prefix("http://").unwrap().to_owned();
    let folder = serving.folder.path().to_owned();
    let held = tokio::task::spawn_blocking(move || {
        command(&folder)
            .args(["drill", "--until", "acknowledged", "--json"])
            .env("HARBORLINE__LISTEN__ADDRESS", address)
            .output()
            .unwrap()
    });
    let client = loopback_client(seconds(20)).unwrap();
    let get = async |path: &str| -> Value {
        let response = client.get(format!("{}{path}", serving.url)).send().await;
        response.unwrap().json().await.unwrap()
    };
    let phones = get("/simulator/phones").await;
    let phone = format!("/simulator/phones/{}", phones[0]["id"].as_str().unwrap());
    let mut page = String::new();
    let paged = until(async || {
        let texts = get(&phone).await;
        let last = texts.as_array().unwrap().last();
        page = last.map_or_else(String::new, |text| {
            text["body"].as_str().unwrap().to_owned()
        });
        last.is_some()
    });
    assert!(paged.await, "{}", serving.log());
    assert!(page.starts_with("DRILL: CRISIS: case "), "{page}");
    let answer = client
        .post(format!("{}{phone}/texts", serving.url))
        .json(&json!({"body": "ack"}));
    assert!(answer.send().await.unwrap().status().is_success());
    let output = held.await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let steps_taken = report(&output);
    let expected = ["reply", "page", "acknowledged"].map(|step| (step, true));
    assert_eq!(steps(&steps_taken), expected);
}

#[test]
fn a_drill_that_cannot_be_held_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (
            &["drill", "--db-down", "--provider-down"][..],
            "cannot be used with",
        ),
        (
            &["drill", "--until", "never"],
            "acknowledged, claimed or answered",
        ),
        (&["drill", "--limit", "5"], "60"),
        (&["drill", "--dry-run"], "harborline serve"),
    ] {
        let output = run(folder.path(), arguments, "");
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(said(&output).contains(part), "{}", said(&output));
    }
}
