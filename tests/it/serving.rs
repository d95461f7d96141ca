//! `harborline serve` with no configuration at all: the first command of the README.

use std::os::unix::fs::PermissionsExt;

use harborline::crypto::Keyring;
use harborline::gateway::client::loopback_client;
use harborline::gateway::sandbox::{SIGNATURE_HEADER, sign};
use secrecy::SecretString;
use sqlx::{Connection, SqliteConnection};

use crate::support::binary::Serving;
use crate::support::wait::until;
use crate::support::world::seconds;

#[tokio::test]
async fn a_fresh_machine_serves_with_one_command() {
    let serving = Serving::start();
    let client = loopback_client(seconds(10)).unwrap();
    let get = async |path: &str| {
        client
            .get(format!("{}{path}", serving.url))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(get("/healthz").await.text().await.unwrap(), "ok\n");
    assert_eq!(get("/readyz").await.status(), 200);
    assert_eq!(get("/simulator").await.status(), 200);
    assert_eq!(get("/").await.headers()["location"], "/sign-in");
    let link = serving.setup_link.clone().expect("a set-up link");
    assert!(
        link.starts_with(&format!("{}/setup/", serving.url)),
        "{link}"
    );
    assert_eq!(client.get(&link).send().await.unwrap().status(), 200);
    let data = serving.folder.path().join("data");
    let mode = |name: &str| {
        std::fs::metadata(data.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (mode(""), mode("master.key"), mode("harborline.db")),
        (0o700, 0o600, 0o600)
    );
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let serving = Serving::start();
    let client = loopback_client(seconds(10)).unwrap();
    for path in [
        "/healthz",
        "/sign-in",
        "/simulator",
        "/assets/style.css",
        "/nothing",
        "/hooks/x/inbound",
    ] {
        let response = client
            .get(format!("{}{path}", serving.url))
            .send()
            .await
            .unwrap();
        let headers = response.headers();
        let csp = headers["content-security-policy"].to_str().unwrap();
        assert!(
            csp.starts_with("default-src 'none'") && !csp.contains("unsafe"),
            "{path}: {csp}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
    }
}

#[tokio::test]
async fn a_restart_keeps_the_administrator_and_the_texts() {
    let serving = Serving::start();
    let client = loopback_client(seconds(10)).unwrap();
    let form = [
        ("name", "First"),
        ("login", "first@example.org"),
        ("password", "a long enough password"),
    ];
    let made = client
        .post(serving.setup_link.clone().unwrap())
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 303);
    let used = client
        .get(serving.setup_link.clone().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(used.status(), 404, "the link works once");
    let (code, folder) = serving.stop();
    assert_eq!(code, Some(0));
    let again = Serving::start_in(folder, &[]);
    assert_eq!(again.setup_link, None);
    let form = [
        ("login", "First@Example.org"),
        ("password", "a long enough password"),
    ];
    let signed_in = client
        .post(format!("{}/sign-in", again.url))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            signed_in.status().as_u16(),
            &signed_in.headers()["location"]
        ),
        (303, &"/".parse().unwrap())
    );
}

/// A signed text to the sandbox gateway; whether it was acknowledged.
async fn texted(client: &reqwest::Client, url: &str, secret: &SecretString, n: usize) -> bool {
    let hook = format!("{url}/hooks/sandbox/inbound");
    let from = format!("+1555{n:07}");
    let body = serde_json::json!({"id": format!("sim-{n}"), "from": from, "to": "+15550100", "body": "HELP"});
    let body = body.to_string();
    let signature = sign(secret, &hook, body.as_bytes());
    let sent = client
        .post(&hook)
        .header(SIGNATURE_HEADER, signature)
        .body(body)
        .send()
        .await;
    sent.is_ok_and(|response| response.status() == 200)
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_rush_loses_nothing() {
    let serving = Serving::start();
    let key = std::fs::read_to_string(serving.folder.path().join("data/master.key")).unwrap();
    let mut master = [0; 32];
    hex::decode_to_slice(key.trim(), &mut master).unwrap();
    let secret: SecretString = Keyring::new(&master).sandbox_secret().into();
    let client = loopback_client(seconds(20)).unwrap();
    let texts: Vec<_> = (0..300)
        .map(|n| {
            let (client, url, secret) = (client.clone(), serving.url.clone(), secret.clone());
            tokio::spawn(async move { texted(&client, &url, &secret, n).await })
        })
        .collect();
    // The first acknowledgement is there, most texts are on their way: now the system says stop.
    let mut acknowledged = 0;
    let mut texts = texts.into_iter();
    acknowledged += usize::from(texts.next().unwrap().await.unwrap());
    let stopped = tokio::task::spawn_blocking(move || serving.stop());
    for text in texts {
        acknowledged += usize::from(text.await.unwrap());
    }
    let (code, folder) = stopped.await.unwrap();
    assert_eq!(code, Some(0));
    assert!(acknowledged > 0);
    let url = format!("sqlite://{}/data/harborline.db", folder.path().display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let count = async |database: &mut SqliteConnection, sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(database).await.unwrap()
    };
    let kept = count(
        &mut database,
        "SELECT COUNT(*) FROM messages WHERE author = 'texter'",
    )
    .await;
    assert!(
        kept >= i64::try_from(acknowledged).unwrap(),
        "{acknowledged} acknowledged, {kept} kept"
    );
    let owed = count(&mut database, "SELECT COUNT(*) FROM obligations").await;
    assert_eq!(owed, kept, "each kept text is owed its answer");
    drop(database);
    // What was not sent yet goes out after the next start.
    let again = Serving::start_in(folder, &[]);
    let ready = async || -> serde_json::Value {
        let answer = client
            .get(format!("{}/readyz", again.url))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    };
    let emptied = until(async || ready().await["outbox"]["waiting"] == 0).await;
    assert!(emptied, "the outbox does not empty: {}", again.log());
    assert_eq!(ready().await["obligations"]["open"], 0);
}
