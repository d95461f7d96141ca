use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};

use super::*;
use crate::clock::At;
use crate::gateway::conformance::{Covers, Hook, Provider, conforms};
use crate::lane::Lane;

const URL: &str = "http://127.0.0.1:8080/hooks/sandbox/inbound";
const OUTBOX: &str = "01900000-0000-7000-8000-000000000001";

fn sandbox(secret: &str) -> Sandbox {
    Sandbox::new(SandboxConfig {
        name: "sandbox".to_owned(),
        secret: secret.into(),
        sender: "+15005550001".to_owned(),
        api_url: "http://127.0.0.1:8080/".to_owned(),
    })
}

fn verified(
    secret: &str,
    url: &str,
    body: &str,
    signature: Option<&str>,
) -> Result<(), VerifyError> {
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        headers.insert(SIGNATURE_HEADER, signature.parse().unwrap());
    }
    let request = RawRequest {
        method: &Method::POST,
        url,
        headers: &headers,
        body: body.as_bytes(),
        now: At(0),
    };
    sandbox(secret).verify(&request).map(drop)
}

fn event(url: &str, body: &str) -> Event {
    let request = RawRequest {
        method: &Method::POST,
        url,
        headers: &HeaderMap::new(),
        body: body.as_bytes(),
        now: At(0),
    };
    let mut events = sandbox("secret").parse(&request, Verified(()));
    assert_eq!(events.len(), 1);
    events.remove(0)
}

#[test]
fn a_hook_is_taken_only_as_it_was_signed() {
    let good = sign(&"secret".into(), URL, b"{}");
    assert_eq!(verified("secret", URL, "{}", Some(&good)), Ok(()));
    for (secret, url, body) in [
        ("other", URL, "{}"),
        ("secret", "http://127.0.0.1:8080/hooks/sandbox/status", "{}"),
        ("secret", URL, "{} "),
    ] {
        let result = verified(secret, url, body, Some(&good));
        assert_eq!(result, Err(VerifyError::Mismatch), "{secret} {url} {body}");
    }
    assert_eq!(
        verified("secret", URL, "{}", None),
        Err(VerifyError::Missing)
    );
    for bad in ["", "zz", &good[1..], &format!("{good}00")] {
        let result = verified("secret", URL, "{}", Some(bad));
        assert_eq!(result, Err(VerifyError::Malformed), "{bad}");
    }
    let empty = sign(&"".into(), URL, b"{}");
    assert_eq!(
        verified("", URL, "{}", Some(&empty)),
        Err(VerifyError::Mismatch)
    );
}

/// Computed with Python's `hmac` module.
#[test]
fn the_signature_is_hmac_sha256_of_url_line_feed_and_body() {
    assert_eq!(
        sign(&"secret".into(), URL, b"{}"),
        "e249b9a43ba47c25d311c5502fd7cfd1ee7943e5c86f5ba367870c43aa5cab46"
    );
    assert_eq!(authorization(&"secret".into()), "Bearer 736563726574");
}

#[test]
fn a_text_is_read() {
    let body = r#"{"id":"sim-1","from":"+15005550006","to":"+15005550001","body":"I feel alone 😔","media":1,"new":[]}"#;
    let Event::Inbound(inbound) = event(URL, body) else {
        panic!("not a text");
    };
    assert_eq!(inbound.gateway_ref, "sim-1");
    assert_eq!(inbound.from.reveal(), "+15005550006");
    assert_eq!(inbound.to.reveal(), "+15005550001");
    assert_eq!(inbound.body.reveal(), "I feel alone 😔");
    assert_eq!(inbound.media, 1);
}

#[test]
fn what_is_missing_is_left_empty_and_never_an_error() {
    for body in [
        r#"{"id":"1","body":""}"#,
        r#"{"id":"1","from":"","body":"x","media":-1}"#,
        r#"{"id":"1","from":"DUTY","body":null,"media":99999999}"#,
    ] {
        let Event::Inbound(inbound) = event(URL, body) else {
            panic!("{body}");
        };
        assert!(!inbound.from.is_reachable());
    }
    for body in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"id":"1"}"#,
        r#"{"id":"","body":"x"}"#,
        r#"{"id":1,"body":"x"}"#,
    ] {
        assert!(matches!(event(URL, body), Event::Ignored(_)), "{body}");
    }
}

#[test]
fn every_status_has_its_rank() {
    for (status, delivery, code) in [
        ("sent", Delivery::Sent, None),
        ("delivered", Delivery::Delivered, None),
        ("failed", Delivery::Failed, Some("failed")),
        ("opted_out", Delivery::Failed, Some("opted_out")),
    ] {
        let body = format!(r#"{{"id":"sim-2","outbox_id":"{OUTBOX}","status":"{status}"}}"#);
        let expected = Receipt {
            gateway_ref: "sim-2".to_owned(),
            outbox_id: Some(OUTBOX.parse().unwrap()),
            delivery,
            code: code.map(str::to_owned),
            opted_out: status == "opted_out",
        };
        assert_eq!(event(URL, &body), Event::Receipt(expected));
    }
    let by_ref = event(
        &format!("{URL}?ref={OUTBOX}"),
        r#"{"id":"1","status":"sent"}"#,
    );
    assert!(matches!(
        by_ref,
        Event::Receipt(Receipt {
            outbox_id: Some(_),
            ..
        })
    ));
    assert!(matches!(
        event(URL, r#"{"id":"1","status":"?"}"#),
        Event::Ignored(_)
    ));
}

#[test]
fn the_acknowledgement_is_json() {
    let ours = |inline| -> Value {
        let reply = sandbox("secret").acknowledge(inline);
        assert_eq!(reply.content_type, "application/json");
        serde_json::from_str(&reply.body).unwrap()
    };
    assert_eq!(ours(None), json!({"reply": null, "receipts_url": null}));
    let body = MessageBody::new("Call \"988\"");
    let inline = InlineReply {
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &body,
        receipts_url: Some("http://x/s?ref=1"),
    };
    assert_eq!(
        ours(Some(inline)),
        json!({"reply": "Call \"988\"", "receipts_url": "http://x/s?ref=1"})
    );
}

#[test]
fn a_send_is_a_json_request_to_the_simulator() {
    let request = sandbox("secret").build_send(&Outgoing {
        outbox_id: OUTBOX.parse().unwrap(),
        key: Uuid::nil(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("hi"),
        lane: Lane::Content,
        validity: Duration::from_mins(10),
        receipts_url: "http://x/s",
    });
    assert_eq!(
        request.url,
        "http://127.0.0.1:8080/simulator/provider/messages"
    );
    assert_eq!(request.headers[AUTHORIZATION], "Bearer 736563726574");
    assert!(request.headers[AUTHORIZATION].is_sensitive());
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({"id": OUTBOX, "to": "+15005550006", "from": "+15005550001", "body": "hi", "receipts_url": "http://x/s"})
    );
}

#[test]
fn every_answer_has_its_meaning() {
    let read = |status, body: &str| {
        format!(
            "{:?}",
            sandbox("secret").read_send(
                Uuid::nil(),
                ApiResult::Answered {
                    status,
                    retry_after_s: Some(7),
                    body: body.as_bytes(),
                }
            )
        )
    };
    for (status, body, expected) in [
        (
            201,
            r#"{"id":"sim-3"}"#,
            r#"Accepted { gateway_ref: "sim-3" }"#,
        ),
        (201, "?", "Ambiguous"),
        (429, "", r#"Retry { after_s: Some(7), code: "http-429" }"#),
        (
            503,
            r#"{"code":"down"}"#,
            r#"Retry { after_s: Some(7), code: "down" }"#,
        ),
        (
            400,
            r#"{"code":"opted_out"}"#,
            r#"OptedOut { code: "opted_out" }"#,
        ),
        (400, "", r#"Permanent { code: "http-400" }"#),
        (401, "", r#"Misconfigured { code: "http-401" }"#),
        (302, "", r#"Misconfigured { code: "http-302" }"#),
    ] {
        assert_eq!(read(status, body), expected);
    }
    let sandbox = sandbox("secret");
    assert_eq!(
        sandbox.read_send(Uuid::nil(), ApiResult::Unanswered),
        SendOutcome::Ambiguous
    );
    assert!(matches!(
        sandbox.read_send(Uuid::nil(), ApiResult::NotConnected),
        SendOutcome::Retry { .. }
    ));
}

#[test]
fn a_list_is_asked_for_with_the_secret_and_holds_texts_with_their_time() {
    let sandbox = sandbox("secret");
    let request = sandbox.build_list(At(7), None).unwrap();
    assert_eq!(
        request.url,
        "http://127.0.0.1:8080/simulator/provider/messages?since=7"
    );
    assert!(request.headers[AUTHORIZATION].is_sensitive());
    let body = r#"{"messages":[{"id":"sim-1","from":"+15005550006","body":"hi","at":7},
        {"id":"sim-2","from":"+15005550006","body":"before","at":6},{"body":"without an id"}]}"#;
    let answered = |status, body: &'static str| ApiResult::Answered {
        status,
        retry_after_s: None,
        body: body.as_bytes(),
    };
    let listing = sandbox.read_list(At(7), answered(200, body)).unwrap();
    assert_eq!(listing.inbound.len(), 1);
    let Listed { inbound, at } = &listing.inbound[0];
    assert_eq!(
        (inbound.gateway_ref.as_str(), inbound.body.reveal(), *at),
        ("sim-1", "hi", Some(At(7)))
    );
    assert_eq!(sandbox.read_list(At(7), answered(401, "{}")), None);
    assert_eq!(sandbox.read_list(At(7), answered(200, "{}")), None);
}

/// A signed hook to a line that is somewhere.
fn signed(path: &str, hook: &Value) -> Hook {
    let url = format!("https://line.example.org/gw/sandbox/{path}");
    let body = hook.to_string();
    let signature = sign(&"secret".into(), &url, body.as_bytes());
    Hook::post(&url, body).with(SIGNATURE_HEADER, &signature)
}

#[test]
fn what_cannot_be_read_may_hold_a_text() {
    for body in ["{", "\u{0}", "help me", r#"{"event":"#] {
        let event = event(URL, body);
        assert!(matches!(event, Event::Unreadable(_)), "{body}");
    }
}

conforms!(Provider {
    gateway: || Box::new(sandbox("secret")),
    text: |id, words| signed(
        "inbound",
        &json!({"id": id, "from": "+15005550006", "to": "+15005550001", "body": words})
    ),
    receipt: |id, status| signed("status", &json!({"id": id, "status": status})),
    covers: Covers {
        url: true,
        body: true,
        // Both ends are this program: what comes again is known by its id.
        time: false,
        headers: &[SIGNATURE_HEADER],
    },
    journey: &["sent", "delivered"],
});
