//! The example configurations, driven with the sample payloads that stand in them.

use axum::http::header::AUTHORIZATION;

use super::*;

const TOKEN: &str = "token=replace-by-a-long-random-token";
/// The login of the hooks of Kannel and Bandwidth.
const LOGIN: &str = "Basic aGFyYm9ybGluZTpyZXBsYWNlLWJ5LWEtbG9uZy1yYW5kb20tcGFzc3dvcmQ=";

/// The gateway of an example.
fn example(text: &str) -> Http {
    let mut config: toml::Table = text.parse().unwrap();
    let gateways = config.remove("gateways").unwrap();
    let mut section = gateways["main"].as_table().unwrap().clone();
    assert_eq!(section.remove("kind").unwrap().as_str(), Some("http"));
    let mapping: Mapping = section.try_into().unwrap();
    mapping.check().unwrap();
    Http::new("main".to_owned(), mapping)
}

fn kannel() -> Http {
    example(include_str!("../../../../examples/gateways/kannel.toml"))
}

fn jasmin() -> Http {
    example(include_str!("../../../../examples/gateways/jasmin.toml"))
}

fn bandwidth() -> Http {
    example(include_str!("../../../../examples/gateways/bandwidth.toml"))
}

fn infobip() -> Http {
    example(include_str!("../../../../examples/gateways/infobip.toml"))
}

const HOOKS: &str = "https://line.example.org/hooks/main";

fn receipt(gateway: &Http, hook: &Hook) -> Receipt {
    match hook.event(gateway) {
        Event::Receipt(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

fn outcome(gateway: &Http, status: u16, body: &str) -> SendOutcome {
    let answer = ApiResult::Answered {
        status,
        retry_after_s: None,
        body: body.as_bytes(),
    };
    gateway.read_send(OUTBOX.parse().unwrap(), answer)
}

fn accepted(id: &str) -> SendOutcome {
    SendOutcome::Accepted {
        gateway_ref: id.to_owned(),
    }
}

/// The fields of a form or query.
fn fields(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    let field = fields.iter().find(|(key, _)| key == name);
    field.map_or("(none)", |(_, value)| value)
}

#[test]
fn strangers_are_refused_everywhere() {
    for (name, gateway) in [
        ("kannel", kannel()),
        ("jasmin", jasmin()),
        ("bandwidth", bandwidth()),
        ("infobip", infobip()),
    ] {
        let bare = Hook::post(&format!("{HOOKS}/inbound"), "{}");
        assert_eq!(bare.verified(&gateway), Err(VerifyError::Missing), "{name}");
        let wrong = Hook::post(&format!("{HOOKS}/inbound?token=x"), "{}")
            .with("authorization", "Basic eA==");
        assert_eq!(
            wrong.verified(&gateway),
            Err(VerifyError::Mismatch),
            "{name}"
        );
    }
}

#[test]
fn kannel_brings_texts_in_either_coding() {
    let text =
        |fields: &str| Hook::get(&format!("{HOOKS}/inbound?{fields}")).with("authorization", LOGIN);
    let plain = text("id=a5b6&from=%2B15005550006&to=15005550001&coding=0&text=I+feel+alone");
    assert_eq!(plain.verified(&kannel()), Ok(()));
    let inbound = plain.inbound(&kannel());
    assert_eq!(
        (inbound.gateway_ref.as_str(), inbound.body.reveal()),
        ("a5b6", "I feel alone")
    );
    assert_eq!(
        (inbound.from.reveal(), inbound.to.reveal()),
        ("+15005550006", "+15005550001")
    );
    let unicode = text("id=a&from=15005550006&coding=2&text=%00h%00i%D8%3D%DE%14");
    assert_eq!(unicode.inbound(&kannel()).body.reveal(), "hi😔");
    let cut = text("id=a&from=15005550006&coding=2&text=%00h%00i%D8");
    assert_eq!(cut.inbound(&kannel()).body.reveal(), "hi");
}

#[test]
fn kannel_sends_words_as_they_fit_and_knows_receipts_by_our_id() {
    let request = sent(&kannel(), "It's ok [x]");
    assert_eq!(request.method, Method::GET);
    let (url, query) = request.url.split_once('?').unwrap();
    assert_eq!(url, "http://127.0.0.1:13013/cgi-bin/sendsms");
    let query = fields(query.as_bytes());
    for (name, expected) in [
        ("text", "It's ok [x]"),
        ("coding", "0"),
        ("charset", "UTF-8"),
        ("to", "+15005550006"),
        ("from", "+15550100"),
        ("validity", "10"),
        ("priority", "3"),
        ("username", "harborline"),
        ("password", "the password of the sendsms-user"),
        (
            "dlr-url",
            "https://harborline:replace-by-a-long-random-password@line.example.org/hooks/main/status?ref=0190&status=%d",
        ),
    ] {
        assert_eq!(value(&query, name), expected);
    }
    let unicode = sent(&kannel(), "á😔").url;
    assert!(
        unicode.contains("coding=2&") && unicode.contains("text=%00%E1%D8%3D%DE%14"),
        "{unicode}"
    );

    assert_eq!(
        outcome(&kannel(), 202, "0: Accepted for delivery"),
        accepted(OUTBOX)
    );
    assert_eq!(
        outcome(&kannel(), 202, "3: Queued for later delivery"),
        accepted(OUTBOX)
    );
    assert_eq!(
        outcome(&kannel(), 202, "something else"),
        SendOutcome::Ambiguous
    );
    let busy = outcome(&kannel(), 503, "Temporal failure, try again later.");
    assert!(matches!(busy, SendOutcome::Retry { .. }));
    assert!(matches!(
        outcome(&kannel(), 403, "Authorization failed"),
        SendOutcome::Misconfigured { .. }
    ));
    assert!(matches!(
        outcome(&kannel(), 400, "Sender missing"),
        SendOutcome::Permanent { .. }
    ));

    for (status, delivery) in [
        ("4", Delivery::Accepted),
        ("8", Delivery::Sent),
        ("1", Delivery::Delivered),
        ("2", Delivery::Failed),
        ("16", Delivery::Failed),
    ] {
        let hook = Hook::get(&format!("{HOOKS}/status?ref={OUTBOX}&status={status}"))
            .with("authorization", LOGIN);
        assert_eq!(hook.verified(&kannel()), Ok(()));
        let receipt = receipt(&kannel(), &hook);
        assert_eq!(
            (receipt.delivery, receipt.gateway_ref.as_str()),
            (delivery, OUTBOX)
        );
        assert_eq!(receipt.outbox_id, Some(OUTBOX.parse().unwrap()));
    }
}

#[test]
fn kannel_carries_a_reply_and_reports_on_it() {
    assert!(kannel().caps().inline_reply);
    let none = kannel().acknowledge(None);
    assert_eq!((none.content_type, none.body.as_str()), ("text/plain", ""));
    let to = PhoneNumber::of_sender("+15005550006");
    let body = MessageBody::new("Call or text 988");
    let reply = |receipts_url| {
        let to = &to;
        let body = &body;
        kannel().acknowledge(Some(InlineReply {
            to,
            body,
            receipts_url,
        }))
    };
    let with = reply(Some("https://line.example.org/hooks/main/status?ref=1"));
    assert_eq!(
        (with.content_type, with.body.as_str()),
        ("text/plain; charset=utf-8", "Call or text 988")
    );
    let url = "https://harborline:replace-by-a-long-random-password@line.example.org/hooks/main/status?ref=1&status=%d";
    assert_eq!(with.headers["x-kannel-dlr-url"], url);
    let without = reply(None);
    assert!(!without.headers.contains_key("x-kannel-dlr-url"));
}

#[test]
fn jasmin_is_answered_as_it_wants_and_read_in_either_coding() {
    let hook = |fields: &str| Hook::post(&format!("{HOOKS}/inbound?{TOKEN}"), fields);
    let plain =
        hook("id=m1&from=15005550006&to=15005550001&coding=0&content=I+feel+alone&binary=49");
    assert_eq!(plain.verified(&jasmin()), Ok(()));
    let inbound = plain.inbound(&jasmin());
    assert_eq!(
        (inbound.gateway_ref.as_str(), inbound.body.reveal()),
        ("m1", "I feel alone")
    );
    assert_eq!(inbound.from.reveal(), "+15005550006");
    let unicode = hook("id=m1&from=1&coding=8&content=%3F&binary=00e1d83dde14");
    assert_eq!(unicode.inbound(&jasmin()).body.reveal(), "á😔");
    let no_hex = hook("id=m1&from=1&coding=8&content=kept&binary=zz");
    assert_eq!(no_hex.inbound(&jasmin()).body.reveal(), "kept");
    assert_eq!(jasmin().acknowledge(None).body, "ACK/Jasmin");
    assert!(!jasmin().caps().inline_reply);
}

#[test]
fn jasmin_sends_and_reports() {
    let request = sent(&jasmin(), "hi");
    assert_eq!(request.url, "http://127.0.0.1:1401/send");
    assert_eq!(request.headers["content-type"], FORM);
    let form = fields(&request.body);
    for (name, expected) in [
        ("content", "hi"),
        ("coding", "0"),
        ("hex-content", "(none)"),
        ("to", "+15005550006"),
        (
            "dlr-url",
            "https://line.example.org/hooks/main/status?ref=0190&token=replace-by-a-long-random-token",
        ),
    ] {
        assert_eq!(value(&form, name), expected);
    }
    let form = fields(&sent(&jasmin(), "á😔").body);
    assert_eq!(value(&form, "hex-content"), "00e1d83dde14");
    assert_eq!(
        (value(&form, "coding"), value(&form, "content")),
        ("8", "(none)")
    );

    let taken = outcome(&jasmin(), 200, "Success \"07033084-5cfd\"");
    assert_eq!(taken, accepted("07033084-5cfd"));
    assert_eq!(outcome(&jasmin(), 200, "Success"), SendOutcome::Ambiguous);
    assert!(matches!(
        outcome(&jasmin(), 412, "Error \"No route found\""),
        SendOutcome::Misconfigured { .. }
    ));
    assert!(matches!(
        outcome(&jasmin(), 403, "Error \"Authentication failure\""),
        SendOutcome::Misconfigured { .. }
    ));
    assert!(matches!(
        outcome(&jasmin(), 500, "Error \"Unknown\""),
        SendOutcome::Retry { .. }
    ));
    assert!(matches!(
        outcome(&jasmin(), 400, "Error \"Argument\""),
        SendOutcome::Permanent { .. }
    ));

    for (status, delivery) in [
        ("ESME_ROK", Delivery::Accepted),
        ("ACCEPTD", Delivery::Sent),
        ("DELIVRD", Delivery::Delivered),
        ("UNDELIV", Delivery::Failed),
        ("EXPIRED", Delivery::Failed),
        // What the carrier answers when it takes or refuses a text (level 1).
        ("ESME_RINVNUMDESTS", Delivery::Failed),
        ("ESME_RTHROTTLED", Delivery::Failed),
    ] {
        let body = format!("id=m1&message_status={status}&err=034&level=3");
        let hook = Hook::post(&format!("{HOOKS}/status?ref={OUTBOX}&{TOKEN}"), body);
        let receipt = receipt(&jasmin(), &hook);
        assert_eq!(
            (receipt.delivery, receipt.gateway_ref.as_str()),
            (delivery, "m1")
        );
        let failed = delivery == Delivery::Failed;
        assert_eq!(receipt.code.as_deref(), failed.then_some("034"));
    }
}

#[test]
fn bandwidth_brings_arrays_and_our_own_texts_are_passed_over() {
    let hook = |body: &str| {
        Hook::post(&format!("{HOOKS}/inbound"), body).with(
            "authorization",
            "Basic aGFyYm9ybGluZTpyZXBsYWNlLWJ5LWEtbG9uZy1yYW5kb20tcGFzc3dvcmQ=",
        )
    };
    let text = hook(
        r#"[{"type":"message-received","message":{"id":"b1","direction":"in","from":"+15005550006","to":["+15005550001"],"text":"I feel alone","media":["x","y"]}}]"#,
    );
    assert_eq!(text.verified(&bandwidth()), Ok(()));
    let inbound = text.inbound(&bandwidth());
    assert_eq!(
        (
            inbound.gateway_ref.as_str(),
            inbound.body.reveal(),
            inbound.media
        ),
        ("b1", "I feel alone", 2)
    );
    assert_eq!(inbound.to.reveal(), "+15005550001");
    let ours =
        r#"[{"type":"message-received","message":{"id":"b2","direction":"out","text":"x"}}]"#;
    assert!(matches!(hook(ours).event(&bandwidth()), Event::Ignored(_)));
}

#[test]
fn bandwidth_sends_and_reports() {
    let request = sent(&bandwidth(), "á😔");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({"applicationId": "00000000-0000-4000-8000-000000000000", "from": "+15550100",
        "to": ["+15005550006"], "text": "á😔", "tag": OUTBOX, "priority": "high"});
    assert_eq!(body, expected);
    assert!(
        request.headers[AUTHORIZATION]
            .to_str()
            .unwrap()
            .starts_with("Basic ")
    );

    assert_eq!(outcome(&bandwidth(), 202, r#"{"id":"b9"}"#), accepted("b9"));
    let full = r#"{"type":"max-message-queue-size-exceeded"}"#;
    let code = "max-message-queue-size-exceeded".to_owned();
    assert_eq!(
        outcome(&bandwidth(), 429, full),
        SendOutcome::Retry {
            after_s: None,
            code
        }
    );
    let wrong = r#"{"type":"request-validation","fieldErrors":[]}"#;
    let code = "request-validation".to_owned();
    assert_eq!(
        outcome(&bandwidth(), 400, wrong),
        SendOutcome::Permanent { code }
    );

    for (kind, delivery) in [
        ("message-sending", Delivery::Accepted),
        ("message-sent", Delivery::Sent),
        ("message-delivered", Delivery::Delivered),
        ("message-failed", Delivery::Failed),
    ] {
        let body = json!([{"type": kind, "errorCode": 4720, "message": {"id": "b9", "direction": "out", "tag": OUTBOX}}]);
        let hook = Hook::post(&format!("{HOOKS}/status"), body.to_string());
        let receipt = receipt(&bandwidth(), &hook);
        assert_eq!(
            (receipt.delivery, receipt.outbox_id),
            (delivery, Some(OUTBOX.parse().unwrap()))
        );
    }
}

#[test]
fn infobip_brings_many_texts_at_once() {
    let body = r#"{"results":[
        {"messageId":"i1","from":"15005550006","to":"15005550001","text":"KEY I feel alone","cleanText":"I feel alone","keyword":"KEY"},
        {"messageId":"i2","from":"15005550007","to":"15005550001","text":"😔"}],"messageCount":2,"pendingMessageCount":0}"#;
    let hook = Hook::post(&format!("{HOOKS}/inbound?{TOKEN}"), body);
    assert_eq!(hook.verified(&infobip()), Ok(()));
    let events = hook.events(&infobip());
    let [Event::Inbound(first), Event::Inbound(second)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        (first.gateway_ref.as_str(), first.body.reveal()),
        ("i1", "KEY I feel alone")
    );
    assert_eq!(
        (second.from.reveal(), second.body.reveal()),
        ("+15005550007", "😔")
    );
}

#[test]
fn infobip_brings_the_words_of_a_picture() {
    let text = |text: Value, message: Value| {
        let mut result = json!({"messageId": "i1", "from": "15005550006", "to": "15005550001"});
        result["text"] = text;
        result["message"] = message;
        let body = json!({"results": [result], "messageCount": 1, "pendingMessageCount": 0});
        let hook = Hook::post(&format!("{HOOKS}/inbound?{TOKEN}"), body.to_string());
        let inbound = hook.inbound(&infobip());
        (inbound.body.reveal().to_owned(), inbound.media)
    };
    let picture = json!({"contentType": "image/jpeg", "url": "https://example.org/1"});
    let words = json!({"contentType": "text/plain", "value": "i want to die"});
    let more = json!({"contentType": "text/plain; charset=utf-8", "value": "tonight"});
    let layout = json!({"contentType": "application/smil", "value": "<smil/>"});
    for (whole, parts, expected) in [
        (Value::Null, json!([words, picture]), ("i want to die", 1)),
        (
            Value::Null,
            json!([layout, words, picture, more, picture]),
            ("i want to die\ntonight", 2),
        ),
        (json!(""), json!([words]), ("i want to die", 0)),
        (json!("whole"), json!([words, picture]), ("whole", 1)),
        (Value::Null, json!([picture]), ("", 1)),
        (json!("no parts"), Value::Null, ("no parts", 0)),
    ] {
        let (said, media) = text(whole, parts);
        assert_eq!((said.as_str(), media), expected);
    }
}

#[test]
fn infobip_sends_and_reports() {
    let request = sent(&infobip(), "hi");
    assert_eq!(request.headers[AUTHORIZATION], "App your API key");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let url =
        "https://line.example.org/hooks/main/status?ref=0190&token=replace-by-a-long-random-token";
    let expected = json!({"messages": [{"sender": "15550100", "content": {"text": "hi"},
        "destinations": [{"to": "15005550006", "messageId": OUTBOX}],
        "webhooks": {"delivery": {"url": url, "intermediateReport": true}}}]});
    assert_eq!(body, expected);

    let answer = |group: u8, name: &str| {
        let status = json!({"groupId": group, "name": name});
        let body = json!({"messages": [{"messageId": OUTBOX, "status": status}]});
        outcome(&infobip(), 200, &body.to_string())
    };
    assert_eq!(answer(1, "PENDING_ACCEPTED"), accepted(OUTBOX));
    let code = "REJECTED_PREFIX_MISSING".to_owned();
    assert_eq!(
        answer(5, "REJECTED_PREFIX_MISSING"),
        SendOutcome::Permanent { code }
    );
    assert_eq!(answer(9, "NEW"), SendOutcome::Ambiguous);
    assert!(matches!(
        outcome(&infobip(), 401, "{}"),
        SendOutcome::Misconfigured { .. }
    ));
    assert!(matches!(
        outcome(&infobip(), 429, "{}"),
        SendOutcome::Retry { .. }
    ));

    let report = |group: &str, error: &str| {
        let body = json!({"results": [{"messageId": OUTBOX, "status": {"groupName": group}, "error": {"name": error}}]});
        receipt(
            &infobip(),
            &Hook::post(
                &format!("{HOOKS}/status?ref={OUTBOX}&{TOKEN}"),
                body.to_string(),
            ),
        )
    };
    assert_eq!(report("PENDING", "NO_ERROR").delivery, Delivery::Accepted);
    let delivered = report("DELIVERED", "NO_ERROR");
    assert_eq!(
        (delivered.delivery, delivered.code),
        (Delivery::Delivered, None)
    );
    let blocked = report("REJECTED", "EC_DEST_ADDRESS_BLACKLISTED");
    assert!(blocked.opted_out && blocked.delivery == Delivery::Failed);
}

/// The answer of a gateway with this body.
fn answered(body: &str) -> ApiResult<'_> {
    ApiResult::Answered {
        status: 200,
        retry_after_s: None,
        body: body.as_bytes(),
    }
}

#[test]
fn bandwidth_and_infobip_are_asked_for_a_receipt_that_does_not_come() {
    let request = bandwidth()
        .build_poll("1589228074636lm4k2je7j7jklbn2")
        .unwrap();
    assert_eq!(
        request.url,
        "https://messaging.bandwidth.com/api/v2/users/0000000/messages?messageId=1589228074636lm4k2je7j7jklbn2"
    );
    assert!(request.headers.contains_key(AUTHORIZATION) && request.body.is_empty());
    for (status, code, delivery) in [
        ("SENDING", 0, Some(Delivery::Accepted)),
        ("DELIVERED", 0, Some(Delivery::Delivered)),
        ("FAILED", 4720, Some(Delivery::Failed)),
        ("LOST", 0, None),
    ] {
        let body = json!({"totalCount": 1, "messages": [
            {"messageId": "b1", "messageStatus": status, "errorCode": code}]})
        .to_string();
        let told = bandwidth().read_poll(answered(&body));
        assert_eq!(
            told.as_ref().map(|told| told.delivery),
            delivery,
            "{status}"
        );
        let failed = delivery == Some(Delivery::Failed);
        assert_eq!(
            told.and_then(|told| told.code),
            failed.then(|| "4720".to_owned())
        );
    }
    let odd = bandwidth().build_poll("a&b=c/../d").unwrap();
    assert!(
        odd.url.ends_with("?messageId=a%26b%3Dc%2F..%2Fd"),
        "{}",
        odd.url
    );
    assert!(bandwidth().build_poll("..").is_none());

    let request = infobip().build_poll(OUTBOX).unwrap();
    assert_eq!(request.headers[AUTHORIZATION], "App your API key");
    let rejected = json!({"results": [{"messageId": OUTBOX, "status": {"groupName": "REJECTED"},
        "error": {"name": "EC_DEST_ADDRESS_BLACKLISTED"}}]})
    .to_string();
    let told = infobip().read_poll(answered(&rejected)).unwrap();
    assert_eq!((told.delivery, told.opted_out), (Delivery::Failed, true));
    for nothing in ["{}", r#"{"results":[]}"#, "<html>", "[]"] {
        assert_eq!(infobip().read_poll(answered(nothing)), None, "{nothing}");
    }
    assert!(
        kannel().build_poll(OUTBOX).is_none(),
        "Kannel keeps nothing that could be asked for"
    );
}

#[test]
fn a_gateway_is_asked_whether_it_knows_us() {
    use crate::gateway::check::{Ours, State};
    let ours = Ours {
        inbound: Vec::new(),
    };
    let [(check, request)] = &kannel().build_checks()[..] else {
        panic!("one question");
    };
    assert_eq!(
        request.url,
        "http://127.0.0.1:13000/status.txt?password=the+status-password+of+the+core"
    );
    let state = |result| kannel().read_check(*check, &ours, result).findings[0].state;
    assert_eq!(state(answered("Status: running, uptime 0d")), State::Ok);
    assert_eq!(state(answered("Denied")), State::Fail);
    assert_eq!(state(ApiResult::NotConnected), State::Fail);
    assert!(bandwidth().build_checks().is_empty());
}
