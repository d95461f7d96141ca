//! The description of what machines call (docs/openapi.yaml), judged by a validator of `OpenAPI`, and the
//! program, judged by schemathesis: whether it keeps to the description whatever it is sent.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::{ask, folder};
use crate::support::binary::Serving;
use crate::support::require;
use harborline::gateway::client::loopback_client;

/// What the gateways of the server sign with; `tests/oracles/api_hooks.py` signs with the same.
const CONFIG: &str = r#"
public_url = "https://line.example.org"
[staff]
require_totp = []
[oncall]
gateway = "twilio"
[[oncall.fallback]]
name = "Duty phone"
number = "+15550199"
[[heartbeat.expect]]
name = "backup"
token = "a-token-of-thirty-two-characters"
within_s = 90000
[gateways.twilio]
kind = "twilio"
account_sid = "AC00000000000000000000000000000000"
auth_token = "0123456789abcdef0123456789abcdef"
sender = "+15550100"
api_url = "http://127.0.0.1:9"
[gateways.telnyx]
kind = "telnyx"
api_key = "KEY0"
public_key = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw="
sender = "+15550101"
api_url = "http://127.0.0.1:9"
[gateways.android]
kind = "android"
username = "user"
password = "password"
signing_key = "a-long-random-signing-key"
messages_url = "http://127.0.0.1:9/message"
[gateways.plivo]
kind = "plivo"
auth_id = "MA0"
auth_token = "0123456789abcdef0123456789abcdef"
sender = "+15550102"
api_url = "http://127.0.0.1:9"
"#;

#[test]
fn the_description_is_openapi_by_a_validator_of_others() {
    let Some(answers) = ask("openapi.py", &[json!({"file": "docs/openapi.yaml"})]) else {
        return;
    };
    assert_eq!(answers[0]["problems"], json!([]), "{}", answers[0]);
    assert!(
        answers[0]["operations"].as_u64().unwrap() >= 20,
        "{}",
        answers[0]
    );
}

/// A server with several gateways, and the cookie of an administrator.
async fn a_line() -> (Serving, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), CONFIG).unwrap();
    let serving = Serving::start_in(folder, &[]);
    let client = loopback_client(Duration::from_secs(20)).unwrap();
    // The link names the public address; here it is opened where the server is.
    let link = serving.setup_link.clone().unwrap();
    let path = link
        .strip_prefix("https://line.example.org")
        .unwrap_or(&link);
    let form = [
        ("name", "First"),
        ("login", "first@example.org"),
        ("password", "a long enough password"),
    ];
    let made = client
        .post(format!("{}{path}", serving.url))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 303, "{}", serving.log());
    let set = made.headers().get_all("set-cookie").iter();
    let cookies: Vec<String> = set
        .map(|one| one.to_str().unwrap().split(';').next().unwrap().to_owned())
        .collect();
    (serving, cookies.join("; "))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_keeps_to_the_description_whatever_schemathesis_sends() {
    let program = folder().join("venv/bin/schemathesis");
    if !program.is_file() {
        let why = "run: tests/oracles/venv/bin/pip install -r tests/oracles/requirements.txt";
        return require::missing("oracles", why);
    }
    let (serving, cookie) = a_line().await;
    let at_home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(program)
        .args([
            "--config-file",
            "tests/oracles/schemathesis.toml",
            "run",
            "docs/openapi.yaml",
            "--url",
        ])
        .arg(&serving.url)
        .current_dir(at_home)
        // Where what it learns is kept between runs: nothing is, so that every run is the same.
        .env("TMPDIR", serving.folder.path())
        .env("PYTHONPATH", folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "api_hooks")
        .env("HARBORLINE_COOKIE", cookie)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}\n{}", serving.log());
    assert!(!serving.log().contains("panicked"), "{}", serving.log());
}
