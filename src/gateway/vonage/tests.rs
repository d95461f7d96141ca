use serde_json::json;

use super::*;
use crate::gateway::conformance::{Covers, Hook, NOW, Provider, conforms};
use crate::lane::Lane;

const SECRET: &str = "signature_secret";
const INBOUND: &str = "https://line.example.org/gw/vonage/inbound";
const OUTBOX: &str = "01900000-0000-7000-8000-000000000001";

fn vonage(secrets: &[&str], method: SignatureMethod) -> Vonage {
    Vonage::new(VonageConfig {
        name: "main".to_owned(),
        api_key: "abcd1234".to_owned(),
        api_secret: "api-secret".into(),
        signature_secrets: secrets.iter().map(|&secret| secret.into()).collect(),
        signature_method: method,
        sender: "+15005550001".to_owned(),
        reports: true,
        api_url: "https://api.example.org/".to_owned(),
    })
}

fn line() -> Vonage {
    vonage(&[SECRET], SignatureMethod::Sha256)
}

type Pairs<'a> = Vec<(&'a str, String)>;

/// The fields with a time and a signature.
fn with_sig<'a>(fields: &[(&'a str, &str)], method: SignatureMethod) -> Pairs<'a> {
    let mut fields: Pairs<'a> = fields.iter().map(|&(k, v)| (k, v.to_owned())).collect();
    fields.push(("timestamp", (NOW.0 / 1000).to_string()));
    let bytes: Vec<(Vec<u8>, Vec<u8>)> = fields
        .iter()
        .map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()))
        .collect();
    let text = signature::signed_text(&bytes, &[]);
    let sig = hex::encode(signature::sign(method, SECRET.as_bytes(), &text));
    fields.push(("sig", sig));
    fields
}

fn form(fields: &Pairs<'_>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn signed(fields: &[(&str, &str)]) -> Hook {
    Hook::post(INBOUND, form(&with_sig(fields, SignatureMethod::Sha256)))
}

/// From vonage-python's `http_client/tests/test_auth.py`; the plain MD5 with Python's `hashlib`.
#[test]
fn every_vector_of_the_official_library_is_the_same() {
    let plain = "param1=value1&param2=value2&timestamp=1234567890";
    let odd = "param1=value%261&param2=value%3D2&timestamp=1234567890";
    for (method, fields, expected) in [
        (
            SignatureMethod::Sha256,
            plain,
            "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287",
        ),
        (
            SignatureMethod::Md5,
            plain,
            "724c2bf6ca423c36e20631b11d1c5753",
        ),
        (
            SignatureMethod::Md5Hash,
            plain,
            "d72f75ac8cda9bbce891c4fa62bee6cd",
        ),
        (
            SignatureMethod::Md5,
            odd,
            "2bbf0abafb2c55e5af6231513896a2ac",
        ),
        (
            SignatureMethod::Md5,
            "param=value&timestamp=1234567890",
            "655a4d0b7f064dff438defc52b012cf5",
        ),
        (
            SignatureMethod::Sha1,
            plain,
            "e4ebfd0ecd877fed7b414b5c87d0d7dfebb10a19",
        ),
        (
            SignatureMethod::Sha512,
            plain,
            "740ea4cd4c004c619d3b4cf060484278290d43d2b9d6693ada7b4c4ac48b18f39675710a5a878cde6f4349bd19e8b8e033e3f0b4816b805a969e0f24ae726292",
        ),
    ] {
        let text = signature::signed_text(Form::parse(fields.as_bytes()).fields(), &[]);
        let made = signature::sign(method, SECRET.as_bytes(), &text);
        assert_eq!(hex::encode(&made), expected, "{method:?} {fields}");
        let body = format!("{fields}&sig={}", expected.to_ascii_uppercase());
        let hook = Hook::post(INBOUND, body);
        let raw = RawRequest {
            now: crate::clock::At(1_234_567_890_000),
            ..hook.raw()
        };
        assert_eq!(vonage(&[SECRET], method).verify(&raw).map(drop), Ok(()));
        let other = vonage(&["other"], method).verify(&raw).map(drop);
        assert_eq!(other, Err(VerifyError::Mismatch));
    }
}

#[test]
fn the_vector_of_a_text_is_accepted_in_every_form() {
    let sig = "83d919bb5620ddab99c382f8246f1b1649e488462f2b6e4d712285369783d5c5";
    let fields = [
        ("msisdn", "15005550006"),
        ("to", "15005550001"),
        ("messageId", "0C000000217B7F02"),
        ("text", "a&b=c"),
        ("type", "text"),
        ("keyword", "A"),
        ("message-timestamp", "2026-01-01 00:00:00"),
        ("timestamp", "1767225600"),
        ("nonce", "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"),
        ("sig", sig),
    ];
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let object: serde_json::Map<String, Value> = fields
        .iter()
        .map(|&(k, v)| (k.to_owned(), json!(v)))
        .collect();
    for hook in [
        Hook::get(&format!("{INBOUND}?{body}")),
        Hook::post(INBOUND, body.as_str()),
        Hook::post(INBOUND, Value::Object(object).to_string()),
    ] {
        assert_eq!(hook.verified(&line()), Ok(()), "{}", hook.method);
        assert_eq!(
            hook.verified(&vonage(&["old", SECRET], SignatureMethod::Sha256)),
            Ok(())
        );
        let inbound = hook.inbound(&line());
        assert_eq!(inbound.gateway_ref, "0C000000217B7F02");
        assert_eq!(inbound.body.reveal(), "a&b=c");
        assert_eq!(
            (inbound.from.reveal(), inbound.to.reveal()),
            ("+15005550006", "+15005550001")
        );
        assert_eq!(inbound.part, None);
    }
}

#[test]
fn nothing_of_a_get_can_be_changed() {
    let fields = [
        ("messageId", "m1"),
        ("msisdn", "15005550006"),
        ("text", "I feel alone"),
    ];
    let query = form(&with_sig(&fields, SignatureMethod::Sha256));
    let hook = Hook::get(&format!("{INBOUND}?{query}"));
    assert_eq!(hook.verified(&line()), Ok(()));
    for changed in hook.with_another_query() {
        assert!(changed.verified(&line()).is_err(), "{}", changed.url);
    }
}

#[test]
fn a_hook_without_signature_is_to_come_again() {
    let bare = Hook::post(
        INBOUND,
        "msisdn=15005550006&text=hi&messageId=1&timestamp=1767225600",
    );
    assert_eq!(bare.verified(&line()), Err(VerifyError::Missing));
    assert_eq!(
        line().refuse(VerifyError::Missing),
        StatusCode::SERVICE_UNAVAILABLE
    );
    for why in [
        VerifyError::Mismatch,
        VerifyError::Malformed,
        VerifyError::Stale,
    ] {
        assert_eq!(line().refuse(why), StatusCode::FORBIDDEN);
    }
    let good = form(&with_sig(&[("text", "hi")], SignatureMethod::Sha256));
    for (body, expected) in [
        (good.replace("timestamp=", "time="), VerifyError::Malformed),
        (
            good.replace("timestamp=", "timestamp=x"),
            VerifyError::Malformed,
        ),
        (good.replace("sig=", "sig=zz"), VerifyError::Malformed),
        (format!("{good}&sig=00"), VerifyError::Malformed),
        (format!("{good}&timestamp=1"), VerifyError::Malformed),
        (format!("{good}&text=more"), VerifyError::Mismatch),
    ] {
        assert_eq!(
            Hook::post(INBOUND, body.as_str()).verified(&line()),
            Err(expected),
            "{body}"
        );
    }
    let nobody = vonage(&[""], SignatureMethod::Sha256);
    assert_eq!(
        Hook::post(INBOUND, good).verified(&nobody),
        Err(VerifyError::Mismatch)
    );
}

#[test]
fn our_own_id_in_the_address_may_be_signed_or_not_and_is_not_read() {
    let fields = form(&with_sig(
        &[("messageId", "m1"), ("status", "delivered")],
        SignatureMethod::Sha256,
    ));
    let hook = Hook::get(&format!("{INBOUND}?ref={OUTBOX}&{fields}"));
    assert_eq!(hook.verified(&line()), Ok(()));
    let Event::Receipt(receipt) = hook.event(&line()) else {
        panic!("not a receipt");
    };
    assert_eq!(receipt.outbox_id, None);
    let with_ref = [
        ("messageId", "m1"),
        ("status", "delivered"),
        ("ref", OUTBOX),
    ];
    let fields = form(&with_sig(&with_ref, SignatureMethod::Sha256));
    assert_eq!(
        Hook::get(&format!("{INBOUND}?{fields}")).verified(&line()),
        Ok(())
    );
}

#[test]
fn a_piece_says_which_it_is_and_nonsense_is_a_whole_text() {
    let part = |fields: &str| {
        let body = format!("msisdn=15005550006&text=hi&messageId=1&{fields}");
        Hook::post(INBOUND, body).inbound(&line()).part
    };
    let expected = Part {
        reference: "108".to_owned(),
        number: 2,
        total: 3,
    };
    let piece = part("concat=true&concat-ref=108&concat-total=3&concat-part=2");
    assert_eq!(piece, Some(expected));
    for odd in [
        "concat=false&concat-ref=108&concat-total=3&concat-part=2",
        "concat=true&concat-ref=108&concat-total=3&concat-part=4",
        "concat=true&concat-ref=108&concat-total=3&concat-part=0",
        "concat=true&concat-ref=108&concat-total=1&concat-part=1",
        "concat=true&concat-ref=108&concat-total=999&concat-part=1",
        "concat=true&concat-total=3&concat-part=1",
        "concat=true",
    ] {
        assert_eq!(part(odd), None, "{odd}");
    }
}

#[test]
fn what_is_neither_is_ignored() {
    for body in [
        "",
        "{}",
        "[]",
        "type=binary&msisdn=1&data=00",
        "status=unknown&messageId=1",
        "status=delivered",
    ] {
        assert!(
            matches!(Hook::post(INBOUND, body).event(&line()), Event::Ignored(_)),
            "{body}"
        );
    }
}

#[test]
fn every_status_has_its_rank_and_nine_is_an_opt_out() {
    let receipt = |status: &str, code: &str| {
        let body = format!("messageId=m1&status={status}&err-code={code}&client-ref={OUTBOX}");
        match Hook::post(INBOUND, body).event(&line()) {
            Event::Receipt(receipt) => receipt,
            other => panic!("{other:?}"),
        }
    };
    for (status, delivery) in [
        ("accepted", Delivery::Sent),
        ("buffered", Delivery::Sent),
        ("delivered", Delivery::Delivered),
        ("expired", Delivery::Failed),
        ("failed", Delivery::Failed),
        ("rejected", Delivery::Failed),
    ] {
        let receipt = receipt(status, "0");
        assert_eq!(
            (receipt.delivery, receipt.code.as_deref()),
            (delivery, None)
        );
        assert_eq!(receipt.outbox_id, Some(OUTBOX.parse().unwrap()));
    }
    assert!(receipt("rejected", "9").opted_out);
    assert!(!receipt("failed", "8").opted_out);
    let again = ["1", "2", "3", "6", "7", "8", "9"].map(|code| line().may_get_through(code));
    assert_eq!(again, [false, true, false, false, true, true, false]);
}

#[test]
fn a_send_is_the_documented_request() {
    let fields = |words: &str| {
        let request = line().build_send(&Outgoing {
            outbox_id: OUTBOX.parse().unwrap(),
            key: Uuid::nil(),
            to: &PhoneNumber::of_sender("+15005550006"),
            body: &MessageBody::new(words),
            lane: Lane::Crisis,
            validity: Duration::from_mins(10),
            receipts_url: "https://line.example.org/s?ref=1",
        });
        assert_eq!(request.url, "https://api.example.org/sms/json");
        form_urlencoded::parse(&request.body)
            .into_owned()
            .collect::<Vec<_>>()
    };
    let expected = [
        ("api_key", "abcd1234"),
        ("api_secret", "api-secret"),
        ("from", "15005550001"),
        ("to", "15005550006"),
        ("text", "hi"),
        ("type", "text"),
        ("ttl", "600000"),
        ("status-report-req", "1"),
        ("client-ref", OUTBOX),
        ("callback", "https://line.example.org/s?ref=1"),
    ];
    assert_eq!(
        fields("hi"),
        expected.map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    assert!(fields("á").contains(&("type".to_owned(), "unicode".to_owned())));
}

#[test]
fn success_is_in_the_body_and_every_part_counts() {
    let outcome = |status, body: &str| {
        let answer = ApiResult::Answered {
            status,
            retry_after_s: None,
            body: body.as_bytes(),
        };
        line().read_send(Uuid::nil(), answer)
    };
    let parts = |codes: &[&str]| {
        let part = |code: &&str| json!({"status": code, "message-id": format!("id{code}")});
        json!({"message-count": "1", "messages": codes.iter().map(part).collect::<Vec<_>>()})
            .to_string()
    };
    let accepted = SendOutcome::Accepted {
        gateway_ref: "id0".to_owned(),
    };
    assert_eq!(outcome(200, &parts(&["0"])), accepted);
    assert_eq!(outcome(200, &parts(&["0", "0"])), accepted);
    assert_eq!(
        outcome(200, &parts(&["0", "1"])),
        Class::Retry.outcome(None, "1".to_owned())
    );
    for &(class, codes) in CODES {
        for code in codes {
            let code = code.to_string();
            assert_eq!(
                outcome(200, &parts(&[&code])),
                class.outcome(None, code.clone())
            );
        }
    }
    assert!(matches!(
        outcome(200, &parts(&["99"])),
        SendOutcome::Permanent { .. }
    ));
    for garbage in [
        "",
        "<html>",
        "{}",
        r#"{"messages":[]}"#,
        r#"{"messages":[{}]}"#,
    ] {
        assert_eq!(outcome(200, garbage), SendOutcome::Ambiguous, "{garbage}");
    }
    assert!(matches!(outcome(503, ""), SendOutcome::Retry { .. }));
    assert!(matches!(
        outcome(401, ""),
        SendOutcome::Misconfigured { .. }
    ));
}

conforms!(Provider {
    gateway: || Box::new(line()),
    text: |id, words| signed(&[
        ("messageId", id),
        ("msisdn", "15005550006"),
        ("text", words)
    ]),
    receipt: |id, status| signed(&[("messageId", id), ("status", status)]),
    covers: Covers {
        url: false,
        body: true,
        time: true,
        headers: &[],
    },
    journey: &["accepted", "buffered", "delivered"],
});

#[test]
fn a_receipt_that_does_not_come_is_asked_for_where_that_is_paid_for() {
    let gateway = vonage(&[SECRET], SignatureMethod::Sha256);
    let request = gateway.build_poll("0C000000217B7F02").unwrap();
    assert!(
        request.url.ends_with("/v2/reports/records?account_id=abcd1234&product=SMS&direction=outbound&id=0C000000217B7F02"),
        "{}",
        request.url
    );
    assert!(request.headers["authorization"].is_sensitive());
    assert!(gateway.build_poll("a,b").is_none(), "one text, not a list");
    let told = |record: &str| {
        let body = format!(r#"{{"records":[{record}]}}"#);
        gateway.read_poll(ApiResult::Answered {
            status: 200,
            retry_after_s: None,
            body: body.as_bytes(),
        })
    };
    let receipt = told(r#"{"message_id":"0C00","client_ref":"01900000-0000-7000-8000-000000000001","status":"delivered","error_code":"0"}"#).unwrap();
    assert_eq!(
        (receipt.delivery, receipt.code, receipt.opted_out),
        (Delivery::Delivered, None, false)
    );
    assert_eq!(
        receipt.outbox_id,
        "01900000-0000-7000-8000-000000000001".parse().ok()
    );
    let blocked = told(r#"{"message_id":"0C00","status":"Rejected","error_code":9}"#).unwrap();
    assert!(blocked.opted_out && blocked.delivery == Delivery::Failed);
    for nothing in [
        "",
        r#"{"message_id":"0C00","status":"unknown"}"#,
        r#"{"status":"delivered"}"#,
    ] {
        assert_eq!(told(nothing), None, "{nothing}");
    }
}

#[test]
fn nothing_that_is_charged_for_is_asked_unless_the_operator_says_so() {
    let mut gateway = vonage(&[SECRET], SignatureMethod::Sha256);
    gateway.config.reports = false;
    assert!(gateway.build_poll("0C000000217B7F02").is_none());
}
