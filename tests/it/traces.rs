//! The trail of a text, as a collector and as the log get it: from the hook to the gateway, and nothing of a
//! person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use harborline::crypto::Keyring;
use harborline::gateway::client::loopback_client;
use harborline::gateway::sandbox::{SIGNATURE_HEADER, sign};
use harborline::trail::STEPS;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::binary::{Serving, run};

const NUMBER: &str = "+15550177142";
const CANARIES: [&str; 5] = [
    "canarybird",
    "5550177",
    "5550100",
    "sim-trace",
    "collectors-token",
];

/// A collector on loopback: keeps what it gets.
#[derive(Clone, Default)]
pub(crate) struct Collector {
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    headers: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    pub(crate) async fn start() -> (Self, String) {
        let collector = Self::default();
        let kept = collector.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let value = |name: &str| {
                headers
                    .get(name)
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default()
                    .to_owned()
            };
            kept.headers.lock().unwrap().push(format!(
                "{} {}",
                value("content-type"),
                value("authorization")
            ));
            kept.bodies.lock().unwrap().push(body.to_vec());
            async { StatusCode::OK }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    /// What came, as it came.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap();
        let read = bodies
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        read.flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let read = span.attributes.iter().map(|one| {
        let value = one.value.clone().and_then(|value| value.value);
        let words = match value {
            Some(Any::StringValue(words)) => words,
            other => format!("{other:?}"),
        };
        (one.key.clone(), words)
    });
    read.collect()
}

/// Sends a signed text to a running line; the id of its request.
async fn texts(serving: &Serving, id: &str, words: &str) -> String {
    let key = std::fs::read_to_string(serving.folder.path().join("data/master.key")).unwrap();
    let mut master = [0; 32];
    hex::decode_to_slice(key.trim(), &mut master).unwrap();
    let secret: SecretString = Keyring::new(&master).sandbox_secret().into();
    let hook = format!("{}/hooks/sandbox/inbound", serving.url);
    let body = json!({"id": id, "from": NUMBER, "to": "+15550100", "body": words}).to_string();
    let signature = sign(&secret, &hook, body.as_bytes());
    let client = loopback_client(Duration::from_secs(20)).unwrap();
    let request = client.post(&hook).header(SIGNATURE_HEADER, signature);
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

/// Waits until a line of the log has all these words; a test that waits in vain fails.
async fn until_it_says(serving: &Serving, words: &[&str]) {
    let has = |line: &str| words.iter().all(|word| line.contains(word));
    let said = async {
        while !serving.log().lines().any(has) {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(2), said).await;
    assert!(in_time.is_ok(), "no {words:?} in {}", serving.log());
}

const ACCEPTED: &str = "text accepted by the gateway";

#[tokio::test(flavor = "multi_thread")]
async fn the_route_of_a_text_is_one_trace_that_holds_nothing_of_a_person() {
    let (collector, url) = Collector::start().await;
    let settings = [
        ("HARBORLINE__TELEMETRY__OTLP_ENDPOINT", url.as_str()),
        (
            "HARBORLINE__TELEMETRY__OTLP_HEADERS",
            "{ authorization = \"Bearer collectors-token\" }",
        ),
    ];
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), &settings);
    texts(&serving, "sim-trace-0", "canarybird is in danger").await;
    let request = texts(&serving, "sim-trace-1", "MENU").await;
    // The first text has brought a welcome in this lane, too.
    until_it_says(&serving, &[ACCEPTED, "Content", &request]).await;
    // What is left is sent when it stops.
    let (code, folder) = tokio::task::spawn_blocking(|| serving.stop())
        .await
        .unwrap();
    assert_eq!(code, Some(0));
    let headers = collector.headers.lock().unwrap().clone();
    assert!(
        headers
            .iter()
            .all(|one| one == "application/x-protobuf Bearer collectors-token"),
        "{headers:?}"
    );
    for body in collector.bodies.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(body);
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
    }
    let spans = collector.spans();
    for span in &spans {
        assert!(STEPS.contains(&span.name.as_str()), "{}", span.name);
        assert!(
            span.events.is_empty(),
            "no line of the log leaves: {span:?}"
        );
        let known = BTreeSet::from(["id", "method", "route", "lane", "gateway"]);
        let keys: BTreeSet<String> = attributes(span).into_keys().collect();
        assert!(
            keys.iter().all(|key| known.contains(key.as_str())),
            "{keys:?}"
        );
    }
    // Every step of this text, in one trace, below the step that led to it.
    let mine: Vec<&Span> = spans
        .iter()
        .filter(|span| attributes(span).get("id") == Some(&request))
        .collect();
    let of = |name: &str| {
        *mine
            .iter()
            .find(|span| span.name == name)
            .unwrap_or_else(|| panic!("no {name} in {mine:?}"))
    };
    let root = of("request");
    assert!(root.parent_span_id.is_empty());
    assert_eq!(attributes(root)["route"], "/hooks/{gateway}/inbound");
    for (step, above) in [
        ("triage", "request"),
        ("commit", "request"),
        ("conversation", "commit"),
        ("outbox", "request"),
        ("gateway", "outbox"),
    ] {
        assert_eq!(of(step).trace_id, root.trace_id, "{step}");
        assert_eq!(
            of(step).parent_span_id,
            of(above).span_id,
            "{step} stands below {above}"
        );
    }
    assert_eq!(
        (
            attributes(of("outbox"))["lane"].as_str(),
            attributes(of("gateway"))["gateway"].as_str()
        ),
        ("content", "sandbox")
    );
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_the_log_about_a_text_carries_the_id_of_its_request() {
    let settings = [
        ("HARBORLINE_LOG", "info,harborline=debug"),
        ("HARBORLINE_LOG_FORMAT", "json"),
    ];
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), &settings);
    texts(&serving, "sim-trace-0", "canarybird is in danger").await;
    let request = texts(&serving, "sim-trace-1", "MENU").await;
    until_it_says(&serving, &[ACCEPTED, &request]).await;
    let log = serving.log();
    let mut said = BTreeSet::new();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["span"]["id"] == request.as_str() {
            said.insert(line["fields"]["message"].as_str().unwrap().to_owned());
        }
    }
    assert!(said.contains("text taken in"), "{said:?} of {log}");
    assert!(
        said.contains(ACCEPTED),
        "the sending, too: {said:?} of {log}"
    );
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_holds_up_no_text_and_doctor_says_so() {
    let settings = [("HARBORLINE__TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:9")];
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), &settings);
    texts(&serving, "sim-trace-1", "MENU").await;
    until_it_says(&serving, &[ACCEPTED, "Content"]).await;
    let (code, folder) = tokio::task::spawn_blocking(|| serving.stop())
        .await
        .unwrap();
    assert_eq!(code, Some(0));
    let found = |endpoint: Option<&str>| -> Value {
        let settings = endpoint.map_or_else(String::new, |url| {
            format!("[telemetry]\notlp_endpoint = \"{url}\"\n")
        });
        std::fs::write(folder.path().join("harborline.toml"), settings).unwrap();
        let output = run(folder.path(), &["doctor", "--json"], "");
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        findings
            .into_iter()
            .find(|one| one["id"] == "telemetry.otlp")
            .unwrap()
    };
    let (collector, url) = Collector::start().await;
    assert_eq!(found(None)["state"], "skipped");
    let away = found(Some("http://127.0.0.1:9"));
    assert!(away["state"] == "fail" && away["fix"] != "", "{away}");
    assert_eq!(found(Some(&url))["state"], "ok");
    assert!(collector.spans().is_empty(), "an empty request");
}
