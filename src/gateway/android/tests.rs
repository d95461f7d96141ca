use super::*;
use crate::gateway::conformance::{Covers, Hook, NOW, Provider, conforms};

const KEY: &str = "a-key-of-more-than-16";
const INBOUND: &str = "https://line.example.org/gw/android/inbound";
const OUTBOX: &str = "01900000-0000-7000-8000-000000000001";

fn android(keys: &[&str], sim: Option<u8>) -> Android {
    Android::new(AndroidConfig {
        name: "main".to_owned(),
        username: "user".to_owned(),
        password: "password".into(),
        signing_keys: keys.iter().map(|&key| key.into()).collect(),
        sim,
        messages_url: "http://phone.example.org:8080/message/".to_owned(),
    })
}

fn phone() -> Android {
    android(&[KEY], None)
}

fn signed(body: &str) -> Hook {
    let time = (NOW.0 / 1000).to_string();
    let signature = hex::encode(sign(&KEY.into(), body.as_bytes(), time.as_bytes()));
    Hook::post(INBOUND, body)
        .with(SIGNATURE_HEADER, &signature)
        .with(TIME_HEADER, &time)
}

fn event(name: &str, payload: &Value) -> String {
    json!({"id": "event-1", "event": name, "payload": payload}).to_string()
}

/// Computed with Python's `hmac`, apart from the code under test.
#[test]
fn a_signature_of_another_maker_is_accepted_with_either_key() {
    let hook = Hook::post(INBOUND, "{\"event\":\"system:ping\"}")
        .with(
            SIGNATURE_HEADER,
            "dfefdb2881fc7ea8b686c8a44b8a3f79970c809925df87831045a82ad8504f89",
        )
        .with(TIME_HEADER, "1767225600");
    assert_eq!(hook.verified(&phone()), Ok(()));
    assert_eq!(hook.verified(&android(&["old", KEY], None)), Ok(()));
    assert_eq!(
        hook.verified(&android(&["other"], None)),
        Err(VerifyError::Mismatch)
    );
    assert_eq!(
        hook.verified(&android(&[""], None)),
        Err(VerifyError::Mismatch)
    );
    assert!(matches!(hook.event(&phone()), Event::Ignored(_)));
}

#[test]
fn a_signature_that_is_missing_or_cannot_be_read_is_named_as_such() {
    for (name, value) in [
        (SIGNATURE_HEADER, ""),
        (SIGNATURE_HEADER, "abcd"),
        (SIGNATURE_HEADER, "zz"),
        (TIME_HEADER, "now"),
        (TIME_HEADER, "-1"),
    ] {
        let hook = signed("{}").with(name, value);
        assert_eq!(
            hook.verified(&phone()),
            Err(VerifyError::Malformed),
            "{name}: {value}"
        );
    }
    for name in [SIGNATURE_HEADER, TIME_HEADER] {
        let mut bare = signed("{}");
        bare.headers.remove(name);
        assert_eq!(bare.verified(&phone()), Err(VerifyError::Missing));
    }
}

#[test]
fn the_event_tells_texts_apart_and_not_the_hash_of_their_words() {
    let payload = json!({"messageId": "abc123", "sender": "+15005550006", "recipient": "+15005550001", "message": "hi"});
    let inbound = Hook::post(INBOUND, event("sms:received", &payload)).inbound(&phone());
    assert_eq!(inbound.gateway_ref, "event-1");
    assert_eq!(
        (inbound.from.reveal(), inbound.to.reveal()),
        ("+15005550006", "+15005550001")
    );
    let older = json!({"messageId": "abc123", "phoneNumber": "+15005550006", "message": "hi"});
    let inbound = Hook::post(INBOUND, event("sms:received", &older)).inbound(&phone());
    assert_eq!(inbound.from.reveal(), "+15005550006");
    let bare = Hook::post(INBOUND, r#"{"event":"sms:received"}"#).inbound(&phone());
    assert!(bare.gateway_ref.starts_with("made-up-") && !bare.from.is_reachable());
}

#[test]
fn a_picture_is_a_text_with_or_without_words() {
    let notice = json!({"messageId": "m", "sender": "+15005550006", "subject": null});
    let inbound = Hook::post(INBOUND, event("mms:received", &notice)).inbound(&phone());
    assert_eq!((inbound.body.reveal(), inbound.media), ("", 1));
    let whole =
        json!({"sender": "+15005550006", "subject": "s", "body": "look", "attachments": [{}, {}]});
    let inbound = Hook::post(INBOUND, event("mms:downloaded", &whole)).inbound(&phone());
    assert_eq!((inbound.body.reveal(), inbound.media), ("s\nlook", 2));
}

#[test]
fn a_receipt_is_known_by_our_own_id() {
    for (name, rank) in [
        ("sms:sent", Delivery::Sent),
        ("sms:delivered", Delivery::Delivered),
        ("sms:failed", Delivery::Failed),
        ("sms:cancelled", Delivery::Failed),
    ] {
        let payload =
            json!({"messageId": OUTBOX, "phoneNumber": "+15005550006", "reason": "canary"});
        let Event::Receipt(receipt) = Hook::post(INBOUND, event(name, &payload)).event(&phone())
        else {
            panic!("{name}");
        };
        assert_eq!(
            (receipt.delivery, receipt.gateway_ref.as_str()),
            (rank, OUTBOX)
        );
        assert_eq!(receipt.outbox_id, Some(OUTBOX.parse().unwrap()));
        assert!(!format!("{receipt:?}").contains("canary"));
    }
    for body in [
        "",
        "[]",
        r#"{"event":"sms:batch:received"}"#,
        r#"{"event":"sms:sent"}"#,
    ] {
        assert!(
            matches!(Hook::post(INBOUND, body).event(&phone()), Event::Ignored(_)),
            "{body}"
        );
    }
}

fn sent(sim: Option<u8>, lane: Lane) -> (ApiRequest, Value) {
    let request = android(&[KEY], sim).build_send(&Outgoing {
        outbox_id: Uuid::nil(),
        key: OUTBOX.parse().unwrap(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & me 😔"),
        lane,
        validity: Duration::from_mins(10),
        receipts_url: "https://line.example.org/s",
    });
    let body = serde_json::from_slice(&request.body).unwrap();
    (request, body)
}

#[test]
fn a_send_is_the_documented_request_under_our_own_id() {
    let (request, body) = sent(None, Lane::Crisis);
    assert_eq!(request.url, "http://phone.example.org:8080/message");
    assert_eq!(
        request.headers["authorization"],
        "Basic dXNlcjpwYXNzd29yZA=="
    );
    let expected = json!({"id": OUTBOX, "textMessage": {"text": "You & me 😔"}, "ttl": 600,
        "phoneNumbers": ["+15005550006"], "withDeliveryReport": true, "priority": 127});
    assert_eq!(body, expected);
    assert_eq!(sent(Some(2), Lane::Content).1["simNumber"], 2);
    let priorities = Lane::ALL.map(|lane| sent(None, lane).1["priority"].as_i64().unwrap());
    assert_eq!(priorities, [127, 100, 10, 0]);
}

#[test]
fn a_text_that_it_has_already_is_taken() {
    let id: Uuid = OUTBOX.parse().unwrap();
    let outcome = |status| {
        phone().read_send(
            id,
            ApiResult::Answered {
                status,
                retry_after_s: Some(9),
                body: b"{}",
            },
        )
    };
    for status in [200, 202, 409] {
        let taken = SendOutcome::Accepted {
            gateway_ref: OUTBOX.to_owned(),
        };
        assert_eq!(outcome(status), taken, "{status}");
    }
    for (status, kind) in [
        (400, "Permanent"),
        (401, "Misconfigured"),
        (404, "Misconfigured"),
        (429, "Retry"),
        (500, "Retry"),
    ] {
        assert!(
            format!("{:?}", outcome(status)).starts_with(kind),
            "{status}"
        );
    }
    assert_eq!(
        phone().read_send(id, ApiResult::Unanswered),
        SendOutcome::Ambiguous
    );
}

#[test]
fn one_text_can_be_asked_for() {
    let request = phone().build_poll(OUTBOX).unwrap();
    assert_eq!(
        request.url,
        format!("http://phone.example.org:8080/message/{OUTBOX}")
    );
    assert!(phone().build_poll("../settings").is_none());
    for (state, delivery) in [
        ("Pending", Some(Delivery::Accepted)),
        ("Processed", Some(Delivery::Accepted)),
        ("Sent", Some(Delivery::Sent)),
        ("Delivered", Some(Delivery::Delivered)),
        ("Failed", Some(Delivery::Failed)),
        ("Cancelled", Some(Delivery::Failed)),
        ("Later", None),
    ] {
        let body = json!({"id": OUTBOX, "state": state, "recipients": []}).to_string();
        let answer = ApiResult::Answered {
            status: 200,
            retry_after_s: None,
            body: body.as_bytes(),
        };
        assert_eq!(
            phone().read_poll(answer).map(|receipt| receipt.delivery),
            delivery
        );
    }
}

#[test]
fn what_cannot_be_read_may_hold_a_text() {
    for body in ["{", "\u{0}", "help me", r#"{"event":"#] {
        let event = Hook::post(INBOUND, body).event(&phone());
        assert!(matches!(event, Event::Unreadable(_)), "{body}");
    }
}

conforms!(Provider {
    gateway: || Box::new(phone()),
    text: |id, words| {
        let payload = json!({"sender": "+15005550006", "message": words});
        signed(&json!({"id": id, "event": "sms:received", "payload": payload}).to_string())
    },
    receipt: |id, status| signed(&event(status, &json!({"messageId": id}))),
    covers: Covers {
        url: false,
        body: true,
        time: true,
        headers: &[SIGNATURE_HEADER, TIME_HEADER],
    },
    journey: &["sms:sent", "sms:delivered"],
});
