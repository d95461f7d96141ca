//! Canaries: a planted number and phrase must be found nowhere but where they belong.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use harborline::gateway::client::loopback_client;

use crate::support::binary::{Serving, command};
use crate::support::world::seconds;

const PHRASE: &str = "canarybird sings at midnight and i want to die";

#[tokio::test]
async fn logs_at_every_level_and_files_hold_no_number_and_no_words() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_in(folder, &[("HARBORLINE_LOG", "trace")]);
    let client = loopback_client(seconds(20)).unwrap();
    let post = async |path: &str, body: serde_json::Value| {
        client
            .post(format!("{}{path}", serving.url))
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    let made: serde_json::Value = post("/simulator/phones", serde_json::json!({}))
        .await
        .json()
        .await
        .unwrap();
    let texts = format!("/simulator/phones/{}/texts", made["id"].as_str().unwrap());
    for body in [PHRASE, "menu", "canarybird HUMAN"] {
        let response = post(&texts, serde_json::json!({ "body": body })).await;
        assert!(response.status().is_success(), "{}", response.status());
    }
    // A hook with the same words and a broken signature.
    let hook = client.post(format!("{}/hooks/sandbox/inbound", serving.url));
    let refused = hook
        .body(format!(
            "{{\"id\":\"x\",\"from\":\"+15550177123\",\"body\":\"{PHRASE}\"}}"
        ))
        .send()
        .await;
    assert_eq!(refused.unwrap().status(), 403);
    let label = made["label"].as_str().unwrap_or_default().to_owned();
    for path in [
        "/conversations/canarybird",
        "/take/canarybird",
        "/canarybird?q=canarybird",
        "/hooks/canarybird/inbound",
    ] {
        let response = client
            .get(format!("{}{path}", serving.url))
            .send()
            .await
            .unwrap();
        let page = response.text().await.unwrap();
        assert!(
            !page.contains("canarybird"),
            "{path} repeats what was asked: {page}"
        );
    }
    let said = a_responder_is_reached(&serving) + &somebody_is_erased(&serving);
    let log = serving.log() + &said;
    assert!(log.len() > 1_000, "the log at trace level is not empty");
    let (_, folder) = serving.stop();
    let log = log + &std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    for canary in [
        "canarybird",
        "+15550177123",
        "+15550199",
        "5550188123",
        "5550166123",
    ] {
        assert!(
            !log.contains(canary),
            "{canary} in the log: {}",
            around(&log, canary)
        );
    }
    for file in files(&folder.path().join("data")) {
        let bytes = std::fs::read(&file).unwrap();
        for canary in ["canarybird", "+15550199", "5550199", "5550188123"] {
            let found = bytes
                .windows(canary.len())
                .any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} in {}", file.display());
        }
    }
    assert!(!label.is_empty());
}

/// Somebody gets a phone on which they are paged, and a code is sent there; what the commands say.
fn a_responder_is_reached(serving: &Serving) -> String {
    let address = serving.url.strip_prefix("http://").unwrap();
    let mut said = String::new();
    for arguments in [
        &["add", "second@example.org", "--name", "Second"][..],
        &[
            "method",
            "add",
            "second@example.org",
            "--sms",
            "+15550188123",
        ],
        &["method", "verify", "second@example.org", "1"],
        &["method", "list", "second@example.org"],
    ] {
        let output = command(serving.folder.path())
            .arg("user")
            .args(arguments)
            .env("HARBORLINE__LISTEN__ADDRESS", address)
            .env("HARBORLINE_LOG", "trace")
            .output()
            .unwrap();
        let all = [output.stdout, output.stderr].concat();
        said += &String::from_utf8_lossy(&all);
        assert!(output.status.success(), "{said}");
    }
    said
}

/// The operator erases by number, and looks at the keys and the audit log; what the commands say at every level.
fn somebody_is_erased(serving: &Serving) -> String {
    let address = serving.url.strip_prefix("http://").unwrap();
    let mut said = String::new();
    for (arguments, input) in [
        (&["erase", "--yes"][..], "+15550166123\n"),
        (&["key", "status"], ""),
        (&["retention", "--dry-run"], ""),
        (&["audit", "verify"], ""),
    ] {
        let mut child = command(serving.folder.path())
            .args(arguments)
            .env("HARBORLINE__LISTEN__ADDRESS", address)
            .env("HARBORLINE_LOG", "trace")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        said += &String::from_utf8_lossy(&all);
    }
    said
}

fn around(log: &str, canary: &str) -> String {
    log.lines()
        .find(|line| line.contains(canary))
        .unwrap_or_default()
        .to_owned()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
