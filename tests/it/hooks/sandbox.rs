//! The hooks of the sandbox, which calls itself.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use harborline::app::{App, Seams};
use harborline::clock::ManualClock;
use harborline::config;
use harborline::crypto::Keyring;
use harborline::crypto::keyfile;
use harborline::gateway::client::http_client;
use harborline::gateway::sandbox;
use harborline::id::SeededIds;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{INBOUND, posted};
use crate::support::world::{read, seconds};

/// A Harborline without a `[gateways]` section, on a real address: the sandbox calls itself.
struct SandboxWorld {
    app: App,
    url: String,
    secret: secrecy::SecretString,
    _folder: tempfile::TempDir,
}

impl SandboxWorld {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("master.key");
        let file = folder.path().join("harborline.toml");
        let text = format!(
            "[database]\nurl = \"sqlite://{0}/harborline.db\"\n[keys]\nfile = \"{1}\"\n\
             [spool]\ndirectory = \"{0}/spool\"\n",
            folder.path().display(),
            key.display()
        );
        std::fs::write(&file, text).unwrap();
        let config = config::load(Some(&file)).unwrap();
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let seams = Seams {
            clock: Arc::new(ManualClock::new(harborline::clock::At(1_767_225_600_000))),
            ids: Arc::new(SeededIds::new(7)),
            client: http_client(seconds(1)).unwrap(),
            assess: harborline::triage::assess,
            crisis_wait: seconds(10),
            knocks: None,
        };
        let app = App::build(&config, address, seams, CancellationToken::new())
            .await
            .unwrap();
        let router = app.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let master = keyfile::load_or_create(&key, &SeededIds::new(1)).unwrap();
        Self {
            app,
            url: format!("http://{address}"),
            secret: Keyring::new(&master).sandbox_secret().into(),
            _folder: folder,
        }
    }

    async fn hook(&self, signed_path: &str, body: &str) -> (StatusCode, String) {
        let path = "/hooks/sandbox/inbound";
        let signature = sandbox::sign(
            &self.secret,
            &format!("{}{signed_path}", self.url),
            body.as_bytes(),
        );
        let request = Request::post(path)
            .header(sandbox::SIGNATURE_HEADER, signature)
            .body(Body::from(body.to_owned()))
            .unwrap();
        read(self.app.router().oneshot(request).await.unwrap()).await
    }
}

#[tokio::test]
async fn the_sandbox_hook_takes_signed_texts_and_answers_a_crisis_at_once() {
    let world = SandboxWorld::start().await;
    let path = "/hooks/sandbox/inbound";
    let text =
        r#"{"id":"sim-1","from":"+15550123","to":"+15550100","body":"i want to die","media":0}"#;
    assert_eq!(world.hook("/hooks/sandbox/status", text).await.0, 403);
    let (status, answer) = world.hook(path, text).await;
    assert_eq!(status, 200);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert!(
        answer["reply"].as_str().unwrap().contains("988"),
        "{answer}"
    );
    assert!(
        answer["receipts_url"]
            .as_str()
            .unwrap()
            .starts_with(&world.url)
    );
    let (status, again) = world.hook(path, text).await;
    assert_eq!(status, 200);
    assert!(
        again.contains(r#""reply":null"#),
        "delivered again, decided once: {again}"
    );
    for odd in [
        "",
        "not json",
        "[]",
        "{}",
        "null",
        r#"{"id":""}"#,
        r#"{"id":"sim-2"}"#,
        r#"{"id":7,"body":"menu"}"#,
    ] {
        assert_eq!(world.hook(path, odd).await.0, 200, "{odd}");
    }
    let mut tx = world.app.store.read().await.unwrap();
    assert_eq!(
        tx.obligations_open(harborline::clock::At(0))
            .await
            .unwrap()
            .0,
        1
    );
    assert_eq!(tx.alerts_open().await.unwrap(), (1, 1));
}

#[tokio::test]
async fn the_sandbox_hook_takes_odd_texts() {
    let world = SandboxWorld::start().await;
    for (n, text) in [
        r#"{"id":"1","from":"+15550123","body":""}"#,
        r#"{"id":"2","from":"+15550123"}"#,
        r#"{"id":"3","body":"menu"}"#,
        r#"{"id":"4","from":"","body":"menu","media":-1,"more":[1,2]}"#,
        r#"{"id":"5","from":"+15550123","body":"\u0000\ud83d\ude00","media":99999999}"#,
        r#"{"id":"6","from":7,"body":"menu","media":"2"}"#,
    ]
    .into_iter()
    .enumerate()
    {
        let (status, answer) = world.hook("/hooks/sandbox/inbound", text).await;
        assert_eq!(status, 200, "{text}: {answer}");
        let open = world
            .app
            .store
            .read()
            .await
            .unwrap()
            .obligations_open(harborline::clock::At(0))
            .await
            .unwrap();
        assert_eq!(open.0, i64::try_from(n).unwrap() + 1, "{text}");
    }
}

#[tokio::test]
async fn with_the_sandbox_alone_there_is_no_twilio_hook() {
    let world = SandboxWorld::start().await;
    let request = posted(INBOUND, &[], "Body=HELP");
    let response = world.app.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 404);
}
