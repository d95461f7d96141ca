//! Every kind of gateway from its configuration to a delivered answer, against a provider on loopback.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use harborline::config::{self, Config, GatewaySection};
use harborline::route::{Rate, Route};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::wait::until;
use crate::support::world::{read, seconds};
use crate::support::{Engine, World};

const TOKEN: &str = "token=replace-by-a-long-random-token";
/// The login of the hooks of Kannel and Bandwidth.
const LOGIN: &str = "Basic aGFyYm9ybGluZTpyZXBsYWNlLWJ5LWEtbG9uZy1yYW5kb20tcGFzc3dvcmQ=";
const TEXTER: &str = "+15005550006";

/// A provider that takes everything and answers with this.
async fn provider(status: u16, body: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// A configuration from text, with the addresses of its provider replaced.
fn configuration(text: &str, addresses: &[&str], server: &MockServer) -> Config {
    let text = addresses.iter().fold(text.to_owned(), |text, address| {
        text.replace(address, &server.uri())
    });
    assert!(text.contains(&server.uri()), "{text}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    config::load(Some(file.path())).unwrap()
}

async fn world(config: Config) -> World {
    let gateways = |settings: &mut Config| {
        settings.gateways = config.gateways;
        for gateway in settings.gateways.values_mut() {
            match gateway {
                // The clock stands still, and a sender with a limit would wait for it.
                GatewaySection::Http(mapping) => mapping.segments_per_second = Some(0.0),
                GatewaySection::Vonage(section) => section.segments_per_second = Some(0.0),
                GatewaySection::Android(section) => section.segments_per_second = Some(0.0),
                _ => {}
            }
        }
    };
    World::with(Engine::Sqlite, gateways).await.unwrap()
}

/// The texts that the provider was asked to send to the texter, as requests.
async fn sends(server: &MockServer) -> Vec<wiremock::Request> {
    let mut requests = server.received_requests().await.unwrap();
    requests.retain(|request| {
        let everything = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
        everything.contains("5005550006")
    });
    requests
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A field of a form or query.
fn field(text: &str, name: &str) -> String {
    let mut fields = form_urlencoded::parse(text.as_bytes());
    fields.find(|(key, _)| key == name).unwrap().1.into_owned()
}

async fn calls(world: &World, request: Request<Body>) -> (StatusCode, String) {
    let answer = read(world.call(request).await).await;
    world.settle().await;
    answer
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(path: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", kind)
        .body(body.into())
        .unwrap()
}

fn with_login(mut request: Request<Body>) -> Request<Body> {
    let login = LOGIN.parse().unwrap();
    request.headers_mut().insert("authorization", login);
    request
}

const DELIVERED: &str = "SELECT COUNT(*) FROM outbox WHERE delivery = 'delivered'";
const BLOCKED: &str = "SELECT COUNT(*) FROM texters WHERE blocked_at IS NOT NULL";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[tokio::test]
async fn behind_kannel_a_text_is_answered_and_a_crisis_at_once() {
    let server = provider(202, "0: Accepted for delivery").await;
    let config = configuration(
        &example("kannel.toml"),
        &["http://127.0.0.1:13013"],
        &server,
    );
    let world = world(config).await;
    let text = |id: &str, words: &str| {
        let fields = form(&[
            ("id", id),
            ("from", TEXTER),
            ("coding", "0"),
            ("text", words),
        ]);
        with_login(get(&format!("/hooks/main/inbound?{fields}")))
    };
    for _ in 0..2 {
        let (status, body) = calls(&world, text("k1", "menu")).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, ""));
    }
    let sent = sends(&server).await;
    // A greeting and the menu.
    assert_eq!(sent.len(), 2, "a repetition is not answered twice");
    let receipts = field(sent[0].url.query().unwrap(), "dlr-url");
    // Kannel takes the login out of the address, and sends it as a header.
    let root = "https://harborline:replace-by-a-long-random-password@line.example.org";
    let path = receipts.strip_prefix(root).unwrap();
    let hook = with_login(get(&path.replace("%d", "1")));
    let (status, _) = calls(&world, hook).await;
    assert_eq!((status, world.count(DELIVERED).await), (StatusCode::OK, 1));

    let (_, body) = calls(&world, text("k2", "i want to die")).await;
    assert!(body.contains("988"), "{body}");
    let stranger = get("/hooks/main/inbound?id=k3&from=1&text=x");
    assert_eq!(calls(&world, stranger).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn behind_jasmin_a_text_is_answered_and_acknowledged_as_it_wants() {
    let server = provider(200, "Success \"j-1\"").await;
    let config = configuration(&example("jasmin.toml"), &["http://127.0.0.1:1401"], &server);
    let world = world(config).await;
    let fields = form(&[
        ("id", "m1"),
        ("from", "15005550006"),
        ("coding", "0"),
        ("content", "menu"),
    ]);
    let hook = post(&format!("/hooks/main/inbound?{TOKEN}"), FORM, fields);
    assert_eq!(
        calls(&world, hook).await,
        (StatusCode::OK, "ACK/Jasmin".to_owned())
    );
    let sent = sends(&server).await;
    let receipts = field(&String::from_utf8_lossy(&sent[0].body), "dlr-url");
    let path = receipts.strip_prefix("https://line.example.org").unwrap();
    let fields = form(&[("id", "j-1"), ("message_status", "DELIVRD"), ("level", "3")]);
    assert_eq!(
        calls(&world, post(path, FORM, fields)).await.1,
        "ACK/Jasmin"
    );
    assert_eq!(world.count(DELIVERED).await, 1);
}

#[tokio::test]
async fn with_bandwidth_a_text_is_answered_and_its_receipt_found_by_our_tag() {
    let server = provider(202, r#"{"id":"b9"}"#).await;
    let config = configuration(
        &example("bandwidth.toml"),
        &["https://messaging.bandwidth.com"],
        &server,
    );
    let world = world(config).await;
    let hook = |path: &str, body: Value| with_login(post(path, JSON, body.to_string()));
    let text = json!([{"type": "message-received", "message": {"id": "b1", "direction": "in",
        "from": TEXTER, "to": ["+15550100"], "text": "menu", "media": []}}]);
    assert_eq!(
        calls(&world, hook("/hooks/main/inbound", text)).await.0,
        StatusCode::OK
    );
    let sent: Value = serde_json::from_slice(&sends(&server).await[0].body).unwrap();
    let receipt = json!([{"type": "message-delivered", "message": {"id": "b9", "direction": "out", "tag": sent["tag"]}}]);
    calls(&world, hook("/hooks/main/status", receipt)).await;
    assert_eq!(world.count(DELIVERED).await, 1);
}

#[tokio::test]
async fn with_infobip_every_text_of_a_batch_is_answered() {
    let accepted = json!({"messages": [{"messageId": "i9", "status": {"groupId": 1, "name": "PENDING_ACCEPTED"}}]});
    let server = provider(200, &accepted.to_string()).await;
    let config = configuration(
        &example("infobip.toml"),
        &["https://example.api.infobip.com"],
        &server,
    );
    let world = world(config).await;
    let text = |id: &str, from: &str| json!({"messageId": id, "from": from, "to": "15550100", "text": "menu"});
    let body =
        json!({"results": [text("i1", "15005550006"), text("i2", "15005550007")]}).to_string();
    let hook = post(&format!("/hooks/main/inbound?{TOKEN}"), JSON, body);
    assert_eq!(calls(&world, hook).await.0, StatusCode::OK);
    // A greeting and the menu for each of the two.
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
    let sent: Value = serde_json::from_slice(&sends(&server).await[0].body).unwrap();
    let id = &sent["messages"][0]["destinations"][0]["messageId"];
    let receipt = json!({"results": [{"messageId": id, "status": {"groupName": "DELIVERED"}}]});
    calls(
        &world,
        post(
            &format!("/hooks/main/status?{TOKEN}"),
            JSON,
            receipt.to_string(),
        ),
    )
    .await;
    assert_eq!(world.count(DELIVERED).await, 1);
}

/// One gateway of each kind, and the shared part.
const EVERY: &str = r#"
public_url = "https://line.example.org"
[oncall]
gateway = "vonage"
[[oncall.fallback]]
name = "Duty phone"
number = "+15550199"
[gateways.twilio]
kind = "twilio"
account_sid = "AC00000000000000000000000000000000"
auth_token = "secret"
sender = "+15550100"
api_url = "API"
[gateways.signalwire]
kind = "signalwire"
project_id = "00000000-0000-4000-8000-000000000001"
api_token = "PT1"
signing_key = "PSK1"
sender = "+15550100"
api_url = "API"
[gateways.telnyx]
kind = "telnyx"
api_key = "KEY1"
public_key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
sender = "+15550100"
api_url = "API"
[gateways.plivo]
kind = "plivo"
auth_id = "MA0000000000000000"
auth_token = "secret"
sender = "+15550100"
api_url = "API"
[gateways.android]
kind = "android"
username = "user"
password = "password"
signing_key = "a-long-random-signing-key"
messages_url = "API/message"
[gateways.vonage]
kind = "vonage"
api_key = "abcd1234"
api_secret = "secret"
signature_secret = "signature_secret"
signature_method = "sha256"
sender = "+15550100"
api_url = "API"
"#;

#[tokio::test]
async fn every_kind_can_be_configured_and_lets_no_stranger_in() {
    let server = provider(200, "{}").await;
    let world = world(configuration(EVERY, &["API"], &server)).await;
    for (name, expected) in [
        ("twilio", StatusCode::FORBIDDEN),
        ("signalwire", StatusCode::FORBIDDEN),
        ("telnyx", StatusCode::FORBIDDEN),
        ("plivo", StatusCode::FORBIDDEN),
        ("android", StatusCode::FORBIDDEN),
        // It comes again, signed.
        ("vonage", StatusCode::SERVICE_UNAVAILABLE),
        ("nobody", StatusCode::NOT_FOUND),
    ] {
        for path in ["inbound", "status"] {
            let hook = post(
                &format!("/hooks/{name}/{path}"),
                FORM,
                "From=1&Body=x&text=x&msisdn=1",
            );
            assert_eq!(calls(&world, hook).await.0, expected, "{name}");
        }
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 0);
}

#[tokio::test]
async fn every_kind_takes_a_pace_and_a_stand_in() {
    let server = provider(200, "{}").await;
    let kinds = [
        "twilio",
        "signalwire",
        "telnyx",
        "plivo",
        "android",
        "vonage",
    ];
    let spare = EVERY
        .split_once("[gateways.twilio]")
        .and_then(|(_, rest)| rest.split_once("[gateways"))
        .map(|(section, _)| format!("\n[gateways.spare]{section}"))
        .unwrap();
    let pace = "segments_per_second = 5\nburst = 7\nkind =";
    let with_failover = EVERY.replace("kind =", &format!("failover = \"spare\"\n{pace}")) + &spare;
    let expected = Route {
        rate: Rate::new(5.0, Some(7)),
        failover: Some("spare".to_owned()),
    };
    let config = configuration(&with_failover, &["API"], &server);
    for kind in kinds {
        assert_eq!(config.gateways[kind].route(), expected, "{kind}");
    }
    let left_out = configuration(EVERY, &["API"], &server);
    for kind in kinds {
        let rate = left_out.gateways[kind].route().rate;
        assert_eq!(rate, Rate::new(1.0, None), "{kind}");
    }
    let mapped = example("kannel.toml").replace("kind =", pace);
    let mapped = configuration(&mapped, &["http://127.0.0.1:13013"], &server);
    let rate = mapped.gateways["main"].route().rate;
    assert_eq!(rate, expected.rate, "a mapping");
}

/// A hook of the phone, signed.
fn by_phone(world: &World, body: &str) -> Request<Body> {
    let time = world.clock_s().to_string();
    let key = b"a-long-random-signing-key";
    let mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    let mac = mac.chain_update(body).chain_update(&time).finalize();
    let mut hook = post("/hooks/android/inbound", JSON, body.to_owned());
    let headers = hook.headers_mut();
    headers.insert("x-timestamp", time.parse().unwrap());
    let signature = hex::encode(mac.into_bytes());
    headers.insert("x-signature", signature.parse().unwrap());
    hook
}

/// What the operator is told of hooks that could not be read.
async fn unreadable(world: &World) -> Value {
    world.settle().await;
    let mut ready = world.readyz().await;
    let open = ready["incidents"].as_array_mut().unwrap();
    open.retain(|incident| incident["kind"] == "unreadable");
    open.pop().unwrap_or_default()
}

#[tokio::test]
async fn a_picture_from_a_phone_is_read_with_its_words_whatever_it_weighs() {
    let server = provider(202, "{}").await;
    let world = world(configuration(EVERY, &["API"], &server)).await;
    let picture = |id: &str, bytes: usize| {
        let payload = json!({"sender": TEXTER, "body": "i want to die",
            "attachments": [{"contentType": "image/jpeg", "data": "A".repeat(bytes)}]});
        json!({"id": id, "event": "mms:downloaded", "payload": payload}).to_string()
    };
    let hook = by_phone(&world, &picture("p1", 1024 * 1024));
    assert_eq!(calls(&world, hook).await.0, StatusCode::OK);
    let sent = sends(&server).await;
    let answer = String::from_utf8_lossy(&sent[0].body);
    assert!(answer.contains("988"), "{answer}");
    assert_eq!(unreadable(&world).await, Value::Null);

    let hook = by_phone(&world, &picture("p2", 5 * 1024 * 1024));
    let (status, said) = calls(&world, hook).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(said.contains("4 MiB"), "{said}");
    assert_eq!(unreadable(&world).await["subject"], "android");
}

#[tokio::test]
async fn a_hook_that_is_larger_than_any_text_is_told_to_the_operator() {
    let server = provider(200, "{}").await;
    let world = world(configuration(EVERY, &["API"], &server)).await;
    let hook = post("/hooks/twilio/inbound", FORM, "a".repeat(129 * 1024));
    let (status, _) = calls(&world, hook).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(unreadable(&world).await["subject"], "twilio");
}

#[tokio::test]
async fn a_signed_hook_that_cannot_be_read_comes_again_and_is_told_to_the_operator() {
    let server = provider(202, "{}").await;
    let world = world(configuration(EVERY, &["API"], &server)).await;
    let cut =
        r#"{"id":"p1","event":"sms:received","payload":{"sender":"+15005550006","message":"i want"#;
    let (status, _) = calls(&world, by_phone(&world, cut)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(unreadable(&world).await["subject"], "android");

    // What is cut within a character is read.
    let half = format!(r"{cut} to die \ud83d");
    let (status, _) = calls(&world, by_phone(&world, &format!("{half}\"}}}}"))).await;
    assert_eq!(status, StatusCode::OK);
    let sent = sends(&server).await;
    assert!(String::from_utf8_lossy(&sent[0].body).contains("988"));
}

/// Infobip with this in its section, and a hook of it with these words of two people.
async fn batch(more: &str, words: [&str; 2]) -> (MockServer, World, Request<Body>) {
    let accepted = json!({"messages": [{"messageId": "i9", "status": {"groupId": 1, "name": "PENDING_ACCEPTED"}}]});
    let server = provider(200, &accepted.to_string()).await;
    let section = "repeats_hooks = true\n";
    let text = example("infobip.toml").replace(section, &format!("{section}{more}\n"));
    let config = configuration(&text, &["https://example.api.infobip.com"], &server);
    let numbers = ["15005550007", "15005550006"];
    let texts = words.iter().zip(numbers).map(
        |(words, from)| json!({"messageId": from, "from": from, "to": "15550100", "text": words}),
    );
    let body = json!({"results": texts.collect::<Vec<_>>()}).to_string();
    let hook = post(&format!("/hooks/main/inbound?{TOKEN}"), JSON, body);
    (server, world(config).await, hook)
}

/// Waits until the second of them was answered by a request, with 988.
async fn second_is_answered(server: &MockServer) {
    let answered = until(async || !sends(server).await.is_empty()).await;
    assert!(answered);
    let sent = sends(server).await;
    assert!(String::from_utf8_lossy(&sent[0].body).contains("988"));
}

#[tokio::test]
async fn without_the_database_two_in_crisis_in_one_hook_are_both_answered() {
    let words = ["i want to die", "i want to die"];
    let (server, world, hook) = batch("ack = { inline = true }", words).await;
    world.app.store.close().await;
    let (status, reply) = read(world.call(hook).await).await;
    assert_eq!(status, StatusCode::OK);
    assert!(reply.contains("988"), "the first: {reply}");
    second_is_answered(&server).await;
    let waiting = world.app.failsafe.spool.counts().entries;
    assert_eq!(waiting, 2);
}

#[tokio::test]
async fn when_no_more_can_be_held_every_text_of_a_hook_is_looked_at_and_a_crisis_answered() {
    let words = ["menu", "i want to die"];
    let (server, world, hook) = batch("signature = \"quarantine\"", words).await;
    crate::signatures::fill_the_quarantine(&world).await;
    let (mut head, body) = hook.into_parts();
    head.uri = "/hooks/main/inbound?token=another".parse().unwrap();
    let unsigned = Request::from_parts(head, body);
    let (status, _) = read(world.call(unsigned).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "to come again");
    second_is_answered(&server).await;
}

/// A hook of Vonage, signed; its fields in the order of their names, `timestamp` after them.
fn from_vonage(world: &World, hook: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let timestamp = world.clock_s().to_string();
    let mut fields = [fields, &[("timestamp", timestamp.as_str())]].concat();
    let text = fields
        .iter()
        .flat_map(|(name, value)| ["&", name, "=", value]);
    let text: String = text.collect();
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"signature_secret").unwrap();
    let sig = hex::encode(mac.chain_update(text).finalize().into_bytes());
    fields.push(("sig", &sig));
    post(&format!("/hooks/vonage/{hook}"), FORM, form(&fields))
}

#[tokio::test]
async fn a_long_text_through_vonage_is_put_together() {
    let accepted = json!({"messages": [{"status": "0", "message-id": "v9"}]}).to_string();
    let server = provider(200, &accepted).await;
    let world = world(configuration(EVERY, &["API"], &server)).await;
    let piece = |id: &str, number: &str, words: &str| {
        let fields = [
            ("concat", "true"),
            ("concat-part", number),
            ("concat-ref", "7"),
            ("concat-total", "2"),
            ("messageId", id),
            ("msisdn", "15005550006"),
            ("text", words),
        ];
        from_vonage(&world, "inbound", &fields)
    };
    calls(&world, piece("v2", "2", " dbt")).await;
    assert!(sends(&server).await.is_empty());
    world.clock.advance(seconds(2));
    calls(&world, piece("v1", "1", "what is")).await;
    let sent = sends(&server).await;
    let body = String::from_utf8_lossy(&sent[0].body).into_owned();
    assert_eq!(field(&body, "to"), "15005550006");
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM messages WHERE author = 'texter'")
            .await,
        1
    );
    let id = field(&body, "client-ref");
    assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id}");
    assert!(
        world
            .count("SELECT COUNT(*) FROM outbox WHERE gateway_ref = 'v9'")
            .await
            >= 1
    );
}

#[tokio::test]
async fn a_block_that_is_told_by_receipts_is_lifted_by_a_receipt_alone() {
    let accepted = json!({"messages": [{"status": "0", "message-id": "v9"}]}).to_string();
    let server = provider(200, &accepted).await;
    let world = world(configuration(EVERY, &["API"], &server)).await;
    let texts = async |id: &str, words: &str| {
        let fields = [
            ("messageId", id),
            ("msisdn", "15005550006"),
            ("text", words),
        ];
        calls(&world, from_vonage(&world, "inbound", &fields)).await;
        let last = sends(&server).await.pop().unwrap();
        field(&String::from_utf8_lossy(&last.body), "client-ref")
    };
    let receipt = async |row: &str, status: &str, code: &str| {
        let fields = [
            ("client-ref", row),
            ("err-code", code),
            ("messageId", "v9"),
            ("status", status),
        ];
        calls(&world, from_vonage(&world, "status", &fields)).await;
        world.count(BLOCKED).await
    };
    let menu = texts("v1", "menu").await;
    assert_eq!(receipt(&menu, "failed", "9").await, 1);
    world.clock.advance(seconds(1));
    let crisis = texts("v2", "I want to die").await;
    assert_ne!(crisis, menu);
    let blocked = "SELECT COUNT(*) FROM texters WHERE blocked_at IS NOT NULL";
    assert_eq!(
        world.count(blocked).await,
        1,
        "Vonage takes what it will not deliver"
    );
    assert_eq!(receipt(&crisis, "delivered", "0").await, 0);
}
