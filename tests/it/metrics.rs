//! Metrics: after texts have gone through the loop, the numbers are right, and nothing in them is of a person.

use std::collections::BTreeSet;
use std::net::TcpListener;

use harborline::crypto::Keyring;
use harborline::gateway::client::loopback_client;
use harborline::gateway::sandbox::{SIGNATURE_HEADER, sign};
use harborline::meter::{Kind, SERIES};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::oracles;
use crate::support::binary::{Serving, run};
use crate::support::wait::until;
use crate::support::world::seconds;

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

struct Line {
    serving: Serving,
    secret: SecretString,
    client: reqwest::Client,
    metrics: String,
}

impl Line {
    fn start() -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let folder = tempfile::tempdir().unwrap();
        let settings = [
            ("HARBORLINE__LISTEN__METRICS", address.as_str()),
            ("HARBORLINE_LOG_FORMAT", "json"),
        ];
        let serving = Serving::start_in(folder, &settings);
        let key = std::fs::read_to_string(serving.folder.path().join("data/master.key")).unwrap();
        let mut master = [0; 32];
        hex::decode_to_slice(key.trim(), &mut master).unwrap();
        Self {
            serving,
            secret: Keyring::new(&master).sandbox_secret().into(),
            client: loopback_client(seconds(20)).unwrap(),
            metrics: format!("http://{address}/metrics"),
        }
    }

    /// A signed text; the request id of the answer.
    async fn texts(&self, id: &str, words: &str) -> String {
        let hook = format!("{}/hooks/sandbox/inbound", self.serving.url);
        let body =
            json!({"id": id, "from": "+15550142", "to": "+15550100", "body": words}).to_string();
        let signature = sign(&self.secret, &hook, body.as_bytes());
        let request = self.client.post(&hook).header(SIGNATURE_HEADER, signature);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned()
    }

    async fn scrape(&self) -> String {
        let answer = self.client.get(&self.metrics).send().await.unwrap();
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        answer.text().await.unwrap()
    }

    /// Scrapes until this line is there: the program works at its own pace.
    async fn scrape_until(&self, line: &str) -> String {
        let mut text = String::new();
        let found = until(async || {
            text = self.scrape().await;
            text.lines().any(|one| one == line)
        });
        let found = found.await;
        assert!(found, "no {line} in {text}\n{}", self.serving.log());
        text
    }
}

/// The samples, read by Prometheus' own parser.
struct Samples(Vec<Value>);

impl Samples {
    /// The only sample of this name with these labels.
    fn of(&self, name: &str, labels: &Value) -> Value {
        let is = |one: &&Value| one["name"] == name && one["labels"] == *labels;
        let found: Vec<&Value> = self.0.iter().filter(is).collect();
        assert_eq!(found.len(), 1, "{name} {labels}");
        found[0]["value"].clone()
    }
}

/// No label grows with the people who text.
fn no_label_grows(samples: &Samples) {
    let known = BTreeSet::from([
        "channel", "door", "finding", "kind", "lane", "le", "outcome", "state", "status", "tier",
        "version", "what", "why", "worker",
    ]);
    for sample in &samples.0 {
        for label in sample["labels"].as_object().unwrap().keys() {
            assert!(known.contains(label.as_str()), "{sample}");
        }
    }
    assert!(samples.0.len() < 600, "{} samples", samples.0.len());
}

#[tokio::test]
async fn texts_that_went_through_the_loop_are_in_the_numbers_and_nobody_is() {
    let line = Line::start();
    let events = format!("{}/simulator/events", line.serving.url);
    let stream = line.client.get(events).send().await.unwrap();
    line.texts("sim-1", "MENU").await;
    line.texts("sim-2", "i want to die").await;
    line.texts("sim-2", "i want to die").await;
    let nothing_due = "harborline_outbox_due{lane=\"content\"} 0";
    let paged = r#"harborline_sends_total{lane="page",channel="sms",outcome="accepted"} 1"#;
    line.scrape_until(paged).await;
    let text = line.scrape_until(nothing_due).await;
    for canary in ["5550142", "5550100", "want to die", "sim-1"] {
        assert!(!text.contains(canary), "{canary}");
    }
    // Every series is described as what it is, and most are there after two texts.
    for series in SERIES {
        let kind = match series.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let may_be_absent = [
            "harborline_worker_failures_total",
            "harborline_heartbeat_passed_seconds",
        ];
        let described = text.contains(&format!("# TYPE {} {kind}\n", series.name));
        assert!(
            described || may_be_absent.contains(&series.name),
            "{}",
            series.name
        );
    }
    let Some(answers) = oracles::ask("metrics.py", &[json!({ "text": text })]) else {
        return;
    };
    let samples = Samples(answers[0].as_array().unwrap().clone());
    let texts = "harborline_texts_total";
    // On a busy machine a commit may be late: then the spool has the text first.
    let kept = |tier: &str| {
        let times = ["stored", "spooled"].map(|outcome| {
            let times = samples.of(texts, &json!({"tier": tier, "outcome": outcome}));
            times.as_f64().unwrap()
        });
        Value::from(times.iter().sum::<f64>())
    };
    assert_eq!(kept("none"), 1.0);
    assert_eq!(kept("high"), 2.0, "a repeated delivery counts");
    assert_eq!(
        samples.of(texts, &json!({"tier": "high", "outcome": "lost"})),
        0.0,
        "known before it happens"
    );
    assert_eq!(
        samples.of("harborline_triage_seconds_count", &json!({})),
        3.0
    );
    assert_eq!(
        samples.of("harborline_intake_seconds_count", &json!({})),
        3.0
    );
    assert_eq!(
        samples.of("harborline_intake_seconds_bucket", &json!({"le": "+Inf"})),
        3.0
    );
    assert!(
        samples
            .of(
                "harborline_http_seconds_count",
                &json!({"door": "hooks", "status": "2xx"})
            )
            .as_f64()
            >= Some(3.0)
    );
    for (name, value) in [
        ("harborline_cases_open", 1.0),
        ("harborline_cases_unacknowledged", 1.0),
        ("harborline_cases_exhausted", 0.0),
        ("harborline_obligations_overdue", 0.0),
        ("harborline_spool_entries", 0.0),
        ("harborline_store_up", 1.0),
        ("harborline_live_listeners", 1.0),
        ("harborline_workers_silent", 0.0),
        ("harborline_store_connections_max", 4.0),
    ] {
        assert_eq!(samples.of(name, &json!({})), value, "{name}");
    }
    assert_eq!(
        samples.of(
            "harborline_build_info",
            &json!({"version": env!("CARGO_PKG_VERSION")})
        ),
        1.0
    );
    no_label_grows(&samples);
    drop(stream);
}

#[tokio::test]
async fn metrics_have_a_listener_of_their_own_and_the_world_none() {
    let line = Line::start();
    let get = async |url: String| line.client.get(url).send().await.unwrap().status();
    assert_eq!(get(format!("{}/metrics", line.serving.url)).await, 404);
    let beside = line.metrics.replace("/metrics", "/sign-in");
    assert_eq!(get(beside).await, 404);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("harborline.toml");
    std::fs::write(
        &file,
        "[listen]\naddress = \"127.0.0.1:1\"\nmetrics = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    let refused = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(2) && said.contains("listen.metrics"),
        "{said}"
    );
    // A port that is taken is named, and nothing runs on.
    let taken = line
        .metrics
        .trim_start_matches("http://")
        .trim_end_matches("/metrics");
    let address = format!("127.0.0.1:{}", free_port());
    std::fs::write(
        &file,
        format!("[listen]\naddress = \"{address}\"\nmetrics = \"{taken}\"\n"),
    )
    .unwrap();
    let refused = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(2) && said.contains("listen.metrics"),
        "{said}"
    );
    assert!(!folder.path().join("data").exists(), "nothing half-written");
}

#[tokio::test]
async fn a_line_of_the_log_says_which_request_it_belongs_to_and_nothing_from_outside() {
    let line = Line::start();
    let hook = format!("{}/hooks/sandbox/inbound?token=canary-1", line.serving.url);
    let request = line.client.post(&hook).header("x-request-id", "canary-2");
    let answer = request.body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let log = line.serving.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|one| serde_json::from_str(one).unwrap())
        .collect();
    let ours = lines.iter().find(|one| one["span"]["id"] == id.as_str());
    let ours = ours.unwrap_or_else(|| panic!("no line of {id} in {log}"));
    assert_eq!(ours["span"]["route"], "/hooks/{gateway}/inbound");
    assert_eq!(ours["level"], "WARN");
    assert!(!log.contains("canary"), "{log}");
    let another = line.texts("sim-1", "MENU").await;
    assert_ne!(another, id);
}

#[test]
fn a_log_format_that_is_not_known_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = crate::support::binary::command(folder.path());
    let output = serve
        .arg("serve")
        .env("HARBORLINE_LOG_FORMAT", "xml")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(2) && said.contains("text or json"),
        "{said}"
    );
}
