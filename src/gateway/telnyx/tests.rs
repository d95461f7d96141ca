use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::clock::At;
use crate::gateway::conformance::{Covers, Hook, NOW, Provider, conforms};
use crate::lane::Lane;

const INBOUND: &str = "https://line.example.org/gw/telnyx/inbound";
const STATUS: &str =
    "https://line.example.org/gw/telnyx/status?ref=01900000-0000-7000-8000-000000000001";
/// The public half of [`key`].
const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";

fn key() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn telnyx() -> Telnyx {
    Telnyx::new(TelnyxConfig {
        name: "main".to_owned(),
        api_key: "KEY123".into(),
        public_keys: vec![PublicKey::parse(PUBLIC).unwrap()],
        sender: "+15005550001".to_owned(),
        api_url: "https://api.example.org/".to_owned(),
    })
}

fn signed(url: &str, body: &str, signed_s: i64) -> Hook {
    let signature = key().sign(format!("{signed_s}|{body}").as_bytes());
    Hook::post(url, body)
        .with(SIGNATURE_HEADER, &STANDARD.encode(signature.to_bytes()))
        .with(TIME_HEADER, &signed_s.to_string())
}

/// Made with telnyx-python 4.189.0 and PyNaCl.
#[test]
fn the_vector_is_accepted_in_its_time() {
    let body = r#"{"data":{"event_type":"message.received","id":"b301ed3f-1490-491f-995f-6e64e69674d4","occurred_at":"2024-01-15T20:16:07.588+00:00","payload":{"direction":"inbound","from":{"phone_number":"+15005550006"},"id":"84cca175-9755-4859-b67f-4730d7f58aa3","media":[],"parts":1,"text":"help \ud83d\ude14","to":[{"phone_number":"+15005550001"}],"type":"SMS"},"record_type":"event"},"meta":{"attempt":1,"delivered_to":"https://line.example.org/gw/telnyx/inbound"}}"#;
    let signature =
        "8c1oIz7l/pzgJijtpy+kSYjssiq2xfuH8ldWOtmoRbusDbi07tqD/7NWdTz6waglvdW5IN9iARnlRy5yXXkFBQ==";
    let hook = Hook::post(INBOUND, body)
        .with(SIGNATURE_HEADER, signature)
        .with(TIME_HEADER, "1705349767");
    let at = |seconds: i64| RawRequest {
        now: At(seconds * 1000),
        ..hook.raw()
    };
    let verify = |seconds| telnyx().verify(&at(seconds)).map(drop);
    assert_eq!(verify(1_705_349_767), Ok(()));
    assert_eq!(verify(1_705_349_767 + 300), Ok(()));
    assert_eq!(verify(1_705_349_767 + 301), Err(VerifyError::Stale));
    let inbound = hook.inbound(&telnyx());
    assert_eq!(inbound.body.reveal(), "help 😔");
    assert_eq!(inbound.gateway_ref, "84cca175-9755-4859-b67f-4730d7f58aa3");
    assert_eq!(inbound.to.reveal(), "+15005550001");
}

#[test]
fn while_the_key_is_changed_hooks_signed_for_either_are_taken() {
    let hook = signed(INBOUND, "{}", NOW.0 / 1000);
    // The key of RFC 8032, section 7.1, test 1.
    let other = PublicKey::parse("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").unwrap();
    let mut gateway = telnyx();
    gateway.config.public_keys.insert(0, other);
    assert_eq!(hook.verified(&gateway), Ok(()));
    gateway.config.public_keys.truncate(1);
    assert_eq!(hook.verified(&gateway), Err(VerifyError::Mismatch));
}

#[test]
fn a_signature_that_is_missing_or_cannot_be_read_is_named_as_such() {
    let good = signed(INBOUND, "{}", NOW.0 / 1000);
    for (name, value, expected) in [
        (SIGNATURE_HEADER, "", VerifyError::Malformed),
        (SIGNATURE_HEADER, "AAAA", VerifyError::Malformed),
        (TIME_HEADER, "", VerifyError::Malformed),
        (TIME_HEADER, "17672256e2", VerifyError::Malformed),
        (TIME_HEADER, "99999999999999999999", VerifyError::Malformed),
        // The same moment, written in another way than was signed.
        (TIME_HEADER, "+1767225600", VerifyError::Malformed),
        (TIME_HEADER, "01767225600", VerifyError::Mismatch),
    ] {
        let hook = good.clone().with(name, value);
        assert_eq!(hook.verified(&telnyx()), Err(expected), "{name}: {value}");
    }
    for name in [SIGNATURE_HEADER, TIME_HEADER] {
        let mut bare = good.clone();
        bare.headers.remove(name);
        assert_eq!(bare.verified(&telnyx()), Err(VerifyError::Missing));
        let mut twice = good.clone();
        twice.headers.append(name, "1".parse().unwrap());
        assert_eq!(twice.verified(&telnyx()), Err(VerifyError::Malformed));
    }
}

#[test]
fn a_key_that_is_none_or_weak_is_refused() {
    let zero = STANDARD.encode([0; 32]);
    let one = STANDARD.encode(std::array::from_fn::<u8, 32, _>(|at| u8::from(at == 0)));
    for bad in ["", "no key", "AAAA", zero.as_str(), one.as_str()] {
        assert!(PublicKey::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_picture_without_words_is_a_text() {
    let body = r#"{"data":{"event_type":"message.received","payload":{"id":"1","from":{"phone_number":"+15005550006"},"text":null,"media":[{"url":"x"},{}]}}}"#;
    let inbound = Hook::post(INBOUND, body).inbound(&telnyx());
    assert_eq!((inbound.body.reveal(), inbound.media), ("", 2));
    let body = r#"{"data":{"event_type":"message.received","payload":{"subject":"i cant do this","text":"look","media":[{}]}}}"#;
    let inbound = Hook::post(INBOUND, body).inbound(&telnyx());
    assert_eq!(inbound.body.reveal(), "i cant do this\nlook");
    let body = r#"{"data":{"event_type":"message.received","payload":{}}}"#;
    let inbound = Hook::post(INBOUND, body).inbound(&telnyx());
    assert!(inbound.gateway_ref.starts_with("made-up-") && !inbound.from.is_reachable());
}

#[test]
fn what_is_neither_is_ignored() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"data":{"event_type":"message.something"}}"#,
        r#"{"data":{"event_type":"message.received","payload":{"direction":"outbound"}}}"#,
        r#"{"data":{"event_type":"message.finalized","payload":{"to":[{"status":"delivered"}]}}}"#,
    ] {
        assert!(
            matches!(
                Hook::post(INBOUND, body).event(&telnyx()),
                Event::Ignored(_)
            ),
            "{body}"
        );
    }
}

fn receipt_body(id: &str, status: &str, errors: &str) -> String {
    format!(
        r#"{{"data":{{"event_type":"message.finalized","payload":{{"id":"{id}","direction":"outbound","to":[{{"phone_number":"+15005550006","status":"{status}"}}],"errors":[{errors}]}}}}}}"#
    )
}

#[test]
fn every_status_has_its_rank_and_an_error_its_meaning() {
    for (status, delivery) in [
        ("queued", Delivery::Accepted),
        ("sending", Delivery::Accepted),
        ("sent", Delivery::Sent),
        ("delivery_unconfirmed", Delivery::Sent),
        ("delivered", Delivery::Delivered),
        ("webhook_delivered", Delivery::Delivered),
        ("sending_failed", Delivery::Failed),
        ("delivery_failed", Delivery::Failed),
        ("expired", Delivery::Failed),
    ] {
        let body = receipt_body("m1", status, "");
        let Event::Receipt(receipt) = Hook::post(STATUS, body).event(&telnyx()) else {
            panic!("{status}");
        };
        assert_eq!((receipt.delivery, receipt.code), (delivery, None));
        assert_eq!(receipt.gateway_ref, "m1");
        let outbox = "01900000-0000-7000-8000-000000000001";
        assert_eq!(receipt.outbox_id, Some(outbox.parse().unwrap()));
    }
    let body = receipt_body("m1", "sending_failed", r#"{"code":"40300"}"#);
    let Event::Receipt(receipt) = Hook::post(STATUS, body).event(&telnyx()) else {
        panic!("not a receipt");
    };
    assert!(receipt.opted_out);
    assert!(telnyx().may_get_through("40006") && !telnyx().may_get_through("40008"));
}

#[test]
fn a_send_is_the_documented_request_and_taken_once() {
    let request = telnyx().build_send(&Outgoing {
        outbox_id: Uuid::nil(),
        key: "01900000-0000-7000-8000-000000000001".parse().unwrap(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & me 😔"),
        lane: Lane::Crisis,
        validity: Duration::from_mins(10),
        receipts_url: STATUS,
    });
    assert_eq!(request.url, "https://api.example.org/v2/messages");
    assert_eq!(request.headers["authorization"], "Bearer KEY123");
    assert!(request.headers["authorization"].is_sensitive());
    let id = "01900000-0000-7000-8000-000000000001";
    assert_eq!(request.headers["idempotency-key"], id);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({"from": "+15005550001", "to": "+15005550006", "text": "You & me 😔",
        "webhook_url": STATUS, "use_profile_webhooks": false});
    assert_eq!(body, expected);
}

fn outcome(status: u16, body: &str) -> SendOutcome {
    telnyx().read_send(
        Uuid::nil(),
        ApiResult::Answered {
            status,
            retry_after_s: None,
            body: body.as_bytes(),
        },
    )
}

#[test]
fn every_error_code_has_its_meaning() {
    for &(class, codes) in CODES {
        for code in codes {
            let body = format!(r#"{{"errors":[{{"code":"{code}","title":"…"}}]}}"#);
            assert_eq!(outcome(400, &body), class.outcome(None, code.to_string()));
        }
    }
    assert_eq!(
        outcome(200, r#"{"data":{"id":"m1","to":[{"status":"queued"}]}}"#),
        SendOutcome::Accepted {
            gateway_ref: "m1".to_owned()
        }
    );
    assert_eq!(outcome(200, "<html>"), SendOutcome::Ambiguous);
    // The try before, with the same key, is still under way.
    for body in ["{}", r#"{"errors":[{"code":"10016"}]}"#] {
        assert!(matches!(outcome(409, body), SendOutcome::Retry { .. }));
    }
    assert!(matches!(outcome(503, "<html>"), SendOutcome::Retry { .. }));
    assert!(matches!(
        outcome(401, "{}"),
        SendOutcome::Misconfigured { .. }
    ));
    assert!(matches!(
        outcome(422, r#"{"errors":[]}"#),
        SendOutcome::Permanent { .. }
    ));
    assert_eq!(
        telnyx().read_send(Uuid::nil(), ApiResult::Unanswered),
        SendOutcome::Ambiguous
    );
    assert!(matches!(
        telnyx().read_send(Uuid::nil(), ApiResult::NotConnected),
        SendOutcome::Retry { .. }
    ));
}

#[test]
fn one_text_can_be_asked_for() {
    let request = telnyx()
        .build_poll("40385f64-5717-4562-b3fc-2c963f66afa6")
        .unwrap();
    let url = "https://api.example.org/v2/messages/40385f64-5717-4562-b3fc-2c963f66afa6";
    assert_eq!((request.method, request.url.as_str()), (Method::GET, url));
    assert!(telnyx().build_poll("../messaging_profiles").is_none());
    let body = br#"{"data":{"id":"m1","to":[{"status":"delivered"}]}}"#;
    let answer = ApiResult::Answered {
        status: 200,
        retry_after_s: None,
        body,
    };
    let receipt = telnyx().read_poll(answer).unwrap();
    assert_eq!(
        (receipt.gateway_ref.as_str(), receipt.delivery),
        ("m1", Delivery::Delivered)
    );
    assert_eq!(telnyx().read_poll(ApiResult::NotConnected), None);
}

/// 2026-01-02 00:00 UTC.
const SINCE: At = At(1_767_312_000_000);

#[test]
fn what_came_in_is_asked_for_page_by_page_from_the_day_before() {
    let first = telnyx().build_list(SINCE, None).unwrap();
    let url = "https://api.example.org/v2/detail_records?filter%5Brecord_type%5D=messaging\
        &filter%5Bdirection%5D=inbound&filter%5Bcreated_at%5D%5Bgte%5D=2026-01-01\
        &sort=-created_at&page%5Bnumber%5D=1&page%5Bsize%5D=50";
    assert_eq!((first.method, first.url.as_str()), (Method::GET, url));
    assert_eq!(first.headers["authorization"], "Bearer KEY123");
    let next = telnyx().build_list(SINCE, Some("2")).unwrap();
    assert_eq!(next.url, url.replace("number%5D=1", "number%5D=2"));
    assert!(telnyx().build_list(SINCE, Some("2&x=1")).is_none());
}

fn listed(records: &Value, page: u64, pages: u64) -> Option<Listing> {
    let meta = json!({"page_number": page, "page_size": 50, "total_pages": pages});
    let body = json!({"data": records, "meta": meta}).to_string();
    telnyx().read_list(SINCE, answered(body.as_bytes()))
}

fn answered(body: &[u8]) -> ApiResult<'_> {
    ApiResult::Answered {
        status: 200,
        retry_after_s: None,
        body,
    }
}

fn record(id: &str, at: &str) -> Value {
    json!({"record_type": "message_detail_record", "uuid": id, "direction": "inbound",
        "cli": "+15005550006", "cld": "+15005550001", "created_at": at})
}

#[test]
fn the_list_names_the_texts_to_our_number_since_then() {
    let mut elsewhere = record("m2", "2026-01-02T00:00:03Z");
    elsewhere["cld"] = json!("+15005550002");
    let mut ours = record("m3", "2026-01-02T00:00:02Z");
    ours["direction"] = json!("outbound");
    let mut bare = record("m4", "2026-01-02T00:00:01Z");
    bare["cld"] = json!("15005550001");
    let mut undated = record("m5", "yesterday");
    undated["cld"] = Value::Null;
    let earlier = record("m6", "2026-01-01T23:59:59Z");
    let records = json!([
        record("m1", "2026-01-02T01:00:04.5+01:00"),
        elsewhere,
        ours,
        bare,
        undated,
        {},
        earlier
    ]);
    let listing = listed(&records, 1, 1).unwrap();
    let named: Vec<_> = listing
        .named
        .iter()
        .map(|named| (named.gateway_ref.as_str(), named.at))
        .collect();
    let expected = [
        ("m1", Some(At(SINCE.0 + 4_500))),
        ("m4", Some(At(SINCE.0 + 1_000))),
        ("m5", None),
    ];
    assert_eq!(named, expected);
    assert!(listing.inbound.is_empty());
    for unreadable in [&b"<html>"[..], b"{}", br#"{"errors":[{"code":"10009"}]}"#] {
        assert_eq!(telnyx().read_list(SINCE, answered(unreadable)), None);
    }
    assert_eq!(telnyx().read_list(SINCE, ApiResult::NotConnected), None);
}

#[test]
fn the_list_ends_with_its_last_page_or_with_what_is_older() {
    let next = |records: Value, page, pages| listed(&records, page, pages).unwrap().next;
    let (late, early) = ("2026-01-02T00:00:01Z", "2026-01-01T00:00:01Z");
    let new = json!([record("m1", late)]);
    assert_eq!(next(new.clone(), 1, 3).as_deref(), Some("2"));
    assert_eq!(next(new, 3, 3), None);
    assert_eq!(
        next(json!([record("m1", late), record("m2", early)]), 1, 3),
        None
    );
    // Not in the order that was asked for: what is new may be on any page.
    let other_way = json!([record("m2", "2026-01-01T00:00:00Z"), record("m1", early)]);
    assert_eq!(next(other_way, 1, 3).as_deref(), Some("2"));
    let undated = json!([record("m1", "yesterday"), record("m2", early)]);
    assert_eq!(next(undated, 1, 3).as_deref(), Some("2"));
}

#[test]
fn the_words_of_a_named_text_are_fetched() {
    let request = telnyx().build_fetch("m1").unwrap();
    assert_eq!(request.url, "https://api.example.org/v2/messages/m1");
    assert!(telnyx().build_fetch("../messaging_profiles").is_none());
    let message = json!({"data": {"record_type": "message", "direction": "inbound", "id": "m1",
        "from": {"phone_number": "+15005550006"}, "to": [{"phone_number": "+15005550001"}],
        "text": "help 😔", "media": [{}]}});
    let fetched = |message: &Value| telnyx().read_fetch(answered(message.to_string().as_bytes()));
    let Fetched::Text(inbound) = fetched(&message) else {
        panic!("not handed out");
    };
    assert_eq!((inbound.body.reveal(), inbound.media), ("help 😔", 1));
    assert_eq!(
        (inbound.gateway_ref.as_str(), inbound.from.reveal()),
        ("m1", "+15005550006")
    );
    let mut bare = message.clone();
    bare["data"]["from"] = json!("+15005550006");
    assert_eq!(fetched(&bare), fetched(&message), "a bare number");
    for (field, other, expected) in [
        ("direction", "outbound", Fetched::Nothing),
        ("from", "", Fetched::Nothing),
        ("id", "", Fetched::NotNow),
    ] {
        let mut message = message.clone();
        message["data"][field] = json!(other);
        assert_eq!(fetched(&message), expected, "{field}");
    }
    let status = |status| {
        telnyx().read_fetch(ApiResult::Answered {
            status,
            retry_after_s: None,
            body: b"{}",
        })
    };
    assert_eq!([404, 410].map(status), [Fetched::Nothing, Fetched::Nothing]);
    assert_eq!([401, 429, 503].map(status), [const { Fetched::NotNow }; 3]);
    assert_eq!(telnyx().read_fetch(ApiResult::Unanswered), Fetched::NotNow);
}

#[test]
fn what_cannot_be_read_may_hold_a_text() {
    for body in ["{", "\u{0}", "help me", r#"{"event":"#] {
        let event = Hook::post(INBOUND, body).event(&telnyx());
        assert!(matches!(event, Event::Unreadable(_)), "{body}");
    }
}

conforms!(Provider {
    gateway: || Box::new(telnyx()),
    text: |id, words| {
        let body = json!({"data": {"event_type": "message.received", "payload": {
            "id": id, "from": {"phone_number": "+15005550006"}, "text": words, "media": []}}});
        signed(INBOUND, &body.to_string(), NOW.0 / 1000)
    },
    receipt: |id, status| signed(STATUS, &receipt_body(id, status, ""), NOW.0 / 1000),
    covers: Covers {
        url: false,
        body: true,
        time: true,
        headers: &[SIGNATURE_HEADER, TIME_HEADER],
    },
    journey: &["queued", "sent", "delivered"],
});
