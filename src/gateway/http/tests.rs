mod examples;

use serde_json::{Value, json};

use super::*;
use crate::gateway::conformance::{Covers, Hook, Provider, conforms};

const INBOUND: &str = "https://line.example.org/gw/main/inbound";
const OUTBOX: &str = "01900000-0000-7000-8000-000000000001";

/// A mapping that holds, from which the tests leave.
const GOOD: &str = r#"
sender = "+15005550001"
[secrets]
key = "sending-secret"
[auth]
bearer = "bearer-secret-of-length"
token = "token-secret-of-length"
[auth.hmac]
header = "X-Signature"
secret = "hmac-secret-of-length"
hash = "sha256"
encoding = "hex"
prefix = "sha256="
[inbound]
format = "json"
id = "id"
from = "from"
body = "text"
[receipt]
format = "json"
id = "id"
status = "status"
statuses = { accepted = ["queued"], sent = ["sent"], delivered = ["delivered"], failed = ["failed"] }
[send]
method = "POST"
url = "https://api.example.org/send"
headers = { X-Key = "Key {secrets.key}" }
json = { to = "{to}", text = "{body}", n = 1, on = true, list = ["{{{id}}}"] }
[[answers]]
status = "200-299"
means = "accepted"
id = "id"
"#;

fn read(text: &str) -> Result<Mapping, String> {
    toml::from_str::<Mapping>(text).map_err(|error| error.message().to_owned())
}

fn http(text: &str) -> Http {
    let mapping = read(text).unwrap();
    mapping.check().unwrap();
    Http::new("main".to_owned(), mapping)
}

fn signed(url: &str, body: &str) -> Hook {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hmac-secret-of-length").unwrap();
    let mac = hex::encode(mac.chain_update(body).finalize().into_bytes());
    Hook::post(&format!("{url}?token=token-secret-of-length"), body)
        .with("authorization", "Bearer bearer-secret-of-length")
        .with("x-signature", &format!("sha256={mac}"))
}

conforms!(Provider {
    gateway: || Box::new(http(GOOD)),
    text: |id, words| {
        let body = json!({"id": id, "from": "+15005550006", "text": words});
        signed(INBOUND, &body.to_string())
    },
    receipt: |id, status| {
        let body = json!({"id": id, "status": status}).to_string();
        signed(&INBOUND.replace("inbound", "status"), &body)
    },
    covers: Covers {
        // Of the address, the token.
        url: false,
        body: true,
        time: false,
        headers: &["authorization", "x-signature"],
    },
    journey: &["queued", "sent", "delivered"],
});

#[test]
fn all_that_is_asked_for_must_be_right() {
    let good = signed(INBOUND, "{}");
    for url in [
        INBOUND.to_owned(),
        format!("{INBOUND}?token="),
        format!("{INBOUND}?token=token-secret-of-lengtx"),
        format!("{INBOUND}?token=token-secret-of-length2"),
    ] {
        let hook = Hook {
            url,
            ..good.clone()
        };
        assert!(hook.verified(&http(GOOD)).is_err(), "{}", hook.url);
    }
    let no_prefix = good.clone().with("x-signature", &"0".repeat(64));
    assert_eq!(no_prefix.verified(&http(GOOD)), Err(VerifyError::Malformed));
    assert_eq!(good.verified(&http(GOOD)), Ok(()));
}

#[test]
fn a_secret_in_a_header_stands_in_no_address() {
    let [before, after] = ["[auth]", "[inbound]"].map(|part| GOOD.find(part).unwrap());
    let auth =
        "[auth]\nheader = { name = \"X-Hook-Token\", token = \"header-secret-of-length\" }\n";
    let text = format!("{}{auth}{}", &GOOD[..before], &GOOD[after..]);
    let bare = Hook::post(INBOUND, "{}");
    assert_eq!(bare.verified(&http(&text)), Err(VerifyError::Missing));
    let with = |value| bare.clone().with("x-hook-token", value);
    assert_eq!(
        with("header-secret-of-length").verified(&http(&text)),
        Ok(())
    );
    let wrong = with("header-secret-of-lengtx").verified(&http(&text));
    assert_eq!(wrong, Err(VerifyError::Mismatch));
    assert_eq!(http(&text).mapping.auth.address(INBOUND), INBOUND);
}

#[test]
fn a_login_goes_into_the_address_of_receipts_where_the_gateway_takes_it_from_there() {
    let [before, after] = ["[auth]", "[inbound]"].map(|part| GOOD.find(part).unwrap());
    let auth = "[auth]\nbasic_in_url = true\nbasic = { username = \"me\", password = \"a secret/of@length\" }\n";
    let text = format!("{}{auth}{}", &GOOD[..before], &GOOD[after..]);
    assert_eq!(
        http(&text)
            .mapping
            .auth
            .address("https://line.example.org/hooks/main/status?ref=1"),
        "https://me:a%20secret%2Fof%40length@line.example.org/hooks/main/status?ref=1"
    );
}

#[test]
fn while_hooks_move_from_one_proof_to_another_both_are_taken() {
    let other = "[auth_other]\ntoken = \"former-secret-of-length\"\n[auth]";
    let moving = http(&GOOD.replace("[auth]", other));
    let former = Hook::post(&format!("{INBOUND}?token=former-secret-of-length"), "{}");
    assert_eq!(former.verified(&moving), Ok(()));
    assert_eq!(signed(INBOUND, "{}").verified(&moving), Ok(()));
    assert!(former.verified(&http(GOOD)).is_err());
    assert!(Hook::post(INBOUND, "{}").verified(&moving).is_err());
    let receipts = moving
        .mapping
        .auth
        .address("https://line.example.org/s?ref=1");
    assert!(
        receipts.ends_with("&token=token-secret-of-length"),
        "the new one: {receipts}"
    );
}

#[test]
fn every_hash_and_encoding_is_known() {
    // Computed with Python's `hmac` over b"body".
    for (hash, encoding, value) in [
        ("sha1", "hex", "c7136ff88393eceb0e55b91384b91afcb40e9bb1"),
        ("sha1", "base64", "xxNv+IOT7OsOVbkThLka/LQOm7E="),
        (
            "sha256",
            "hex",
            "ae3e8e555e7ac6ddc726ad630e04baa55dc1fe8ea115e5dfc823b7f916aba109",
        ),
        (
            "sha256",
            "base64",
            "rj6OVV56xt3HJq1jDgS6pV3B/o6hFeXfyCO3+RaroQk=",
        ),
        (
            "sha512",
            "hex",
            "ef0a548527816b5cdf9a7d6f3977feedd58f6f3ff3402e70766955cf0bc799276e1e9cfe3050b399f535e710d44ab8685fac9d661ef9cfb1386565233ee6f2dd",
        ),
        (
            "sha512",
            "base64",
            "7wpUhSeBa1zfmn1vOXf+7dWPbz/zQC5wdmlVzwvHmSduHpz+MFCzmfU15xDUSrhoX6ydZh75z7E4ZWUjPuby3Q==",
        ),
    ] {
        let text = GOOD
            .replace("hash = \"sha256\"", &format!("hash = \"{hash}\""))
            .replace("encoding = \"hex\"", &format!("encoding = \"{encoding}\""))
            .replace("prefix = \"sha256=\"\n", "");
        let hook = signed(INBOUND, "body").with("x-signature", value);
        assert_eq!(hook.verified(&http(&text)), Ok(()), "{hash} {encoding}");
    }
}

/// That a mapping with this change is refused, at this key.
fn refuses(from: &str, to: &str, key: &str) {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "{from}");
    let refused = read(&text).unwrap().check().expect_err(to);
    assert_eq!(refused.key, key, "{to}: {refused:?}");
    assert!(!format!("{refused:?}").contains("-secret"), "{refused:?}");
}

#[test]
fn a_mapping_that_cannot_work_is_refused_with_key_and_reason() {
    for (from, to, key) in [
        (
            "token = \"token-secret-of-length\"",
            "token = \"short\"",
            "auth",
        ),
        (
            "token-secret-of-length",
            "token-secret-of-length&x=1",
            "auth.token",
        ),
        (
            "header = \"X-Signature\"",
            "header = \"X Signature\"",
            "auth.hmac.header",
        ),
        (
            "[inbound]\nformat = \"json\"",
            "[inbound]\nformat = \"query\"",
            "auth.hmac",
        ),
        (
            "[inbound]\nformat = \"json\"",
            "[inbound]\nformat = \"form\"\nitems = \"x\"",
            "inbound.items",
        ),
        ("body = \"text\"", "body = \"\"", "inbound"),
        (
            "[inbound]\nformat = \"json\"",
            "[inbound]\nformat = \"form\"\nparts = { items = \"p\", when = { field = \"t\", is = [\"x\"] }, body = \"b\" }",
            "inbound.parts",
        ),
        (
            "[inbound]",
            "[inbound]\nparts = { items = \"p\", when = { field = \"t\", is = [\"x\"] }, body = \"\" }",
            "inbound",
        ),
        (
            "failed = [\"failed\"]",
            "failed = [\"sent\"]",
            "receipt.statuses",
        ),
        (
            "https://api.example.org/send",
            "api.example.org/send",
            "send.url",
        ),
        (
            "https://api.example.org/send",
            "https://api.example.org/send?x=1",
            "send.url",
        ),
        ("method = \"POST\"", "method = \"GET\"", "send.method"),
        (
            "method = \"POST\"",
            "method = \"POST\"\nform = { a = \"b\" }",
            "send",
        ),
        (
            "method = \"POST\"",
            "method = \"POST\"\ngsm = { a = \"b\" }",
            "send.gsm",
        ),
        ("X-Key", "\"X Key\"", "send.headers"),
        ("{secrets.key}", "{secrets.other}", "secrets"),
        ("\"sending-secret\"", "\"sending-secret\\n\"", "secrets"),
        ("{body}", "{body_utf16}", "send"),
        ("{body}", "words", "send"),
        ("{to}", "+15005550006", "send"),
        ("means = \"accepted\"", "means = \"retry\"", "answers"),
        (
            "means = \"accepted\"",
            "means = \"accepted\"\nfield = \"x\"",
            "answers",
        ),
        (
            "[secrets]",
            "hook_deadline_s = 0\n[secrets]",
            "hook_deadline_s",
        ),
        (
            "[send]",
            "[ack]\ninline = true\nbody = \"OK\"\n[send]",
            "ack",
        ),
    ] {
        refuses(from, to, key);
    }
    let [before, after] = ["[auth]", "[inbound]"].map(|part| GOOD.find(part).unwrap());
    let open = format!("{}[auth]\n{}", &GOOD[..before], &GOOD[after..]);
    assert_eq!(read(&open).unwrap().check().unwrap_err().key, "auth");
}

#[test]
fn a_proof_or_a_question_that_cannot_work_is_refused_with_its_key() {
    for (from, to, key) in [
        (
            "[auth]",
            "[auth]\nheader = { name = \"X Token\", token = \"header-secret-of-length\" }",
            "auth.header.name",
        ),
        (
            "[auth]",
            "[auth]\nheader = { name = \"Authorization\", token = \"header-secret-of-length\" }",
            "auth.header.name",
        ),
        ("[auth]", "[auth]\nbasic_in_url = true", "auth"),
        ("[auth]", "[auth_other]\n[auth]", "auth_other"),
        (
            "[auth]",
            "[auth_other]\ntoken = \"odd-secret-of-length&\"\n[auth]",
            "auth_other.token",
        ),
        ("{body}", "{body} {ref}", "send"),
        (
            "[[answers]]",
            "[poll]\nurl = \"https://api.example.org/messages\"\nstatus = \"s\"\n[[answers]]",
            "poll.url",
        ),
        (
            "[[answers]]",
            "[poll]\nurl = \"https://api.example.org/{ref}/{to}\"\nstatus = \"s\"\n[[answers]]",
            "poll.url",
        ),
        (
            "[[answers]]",
            "[poll]\nurl = \"api.example.org/{ref}\"\nstatus = \"s\"\n[[answers]]",
            "poll.url",
        ),
        (
            "[[answers]]",
            "[check]\nurl = \"https://api.example.org/{secrets.other}\"\n[[answers]]",
            "check.url",
        ),
    ] {
        refuses(from, to, key);
    }
}

#[test]
fn a_word_that_the_language_does_not_have_is_named() {
    for (from, to, part) in [
        ("{body}", "{boddy}", "{boddy}"),
        ("{body}", "{body", "brace"),
        ("{body}", "body}", "brace"),
        ("status = \"200-299\"", "status = \"2xx\"", "200-299"),
        ("status = \"200-299\"", "status = \"299-200\"", "200-299"),
        ("means = \"accepted\"", "means = \"fine\"", "fine"),
        ("format = \"json\"", "format = \"xml\"", "xml"),
        ("[send]", "[send]\nbodi = 1", "bodi"),
        ("[auth]", "[auth]\nnone = true", "none"),
    ] {
        let refused = read(&GOOD.replacen(from, to, 1)).expect_err(to);
        assert!(refused.contains(part), "{to}: {refused}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", read(GOOD).unwrap());
    assert!(
        !shown.contains("-secret") && !shown.contains("Key {"),
        "{shown}"
    );
}

fn sent(http: &Http, words: &str) -> ApiRequest {
    http.build_send(&Outgoing {
        outbox_id: Uuid::nil(),
        key: OUTBOX.parse().unwrap(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new(words),
        lane: Lane::Crisis,
        validity: Duration::from_mins(10),
        receipts_url: "https://line.example.org/hooks/main/status?ref=0190",
    })
}

#[test]
fn json_keeps_its_shape_and_headers_their_secret() {
    let request = sent(&http(GOOD), "You & \"me\" 😔");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let list = format!("{{{OUTBOX}}}");
    let expected = json!({"to": "+15005550006", "text": "You & \"me\" 😔", "n": 1, "on": true, "list": [list]});
    assert_eq!(body, expected);
    assert_eq!(request.headers["x-key"], "Key sending-secret");
    assert!(request.headers["x-key"].is_sensitive());
    assert_eq!(request.url, "https://api.example.org/send");
}

#[test]
fn an_answer_that_no_rule_fits_is_in_doubt_or_judged_by_its_status() {
    let outcome = |status, body: &str| {
        let answer = ApiResult::Answered {
            status,
            retry_after_s: Some(5),
            body: body.as_bytes(),
        };
        http(GOOD).read_send(OUTBOX.parse().unwrap(), answer)
    };
    assert_eq!(
        outcome(200, r#"{"id":7}"#),
        SendOutcome::Accepted {
            gateway_ref: "7".to_owned()
        }
    );
    let endless = format!(r#"{{"id":"{}"}}"#, "x".repeat(300));
    for body in ["", "{}", r#"{"id":""}"#, r#"{"id":[]}"#, endless.as_str()] {
        assert_eq!(outcome(201, body), SendOutcome::Ambiguous, "{body}");
    }
    let retry = SendOutcome::Retry {
        after_s: Some(5),
        code: "http-503".to_owned(),
    };
    assert_eq!(outcome(503, "<html>"), retry);
    assert!(matches!(outcome(400, ""), SendOutcome::Permanent { .. }));
    assert!(matches!(
        outcome(401, ""),
        SendOutcome::Misconfigured { .. }
    ));
}

#[test]
fn several_texts_of_one_hook_are_several_even_without_ids() {
    let body = r#"[{"from":"+15005550006","text":"a"},{"from":"+15005550006","text":"a"},{"text":"a"},{"from":"+15005550006"}]"#;
    let events = Hook::post(INBOUND, body).events(&http(GOOD));
    let ids: std::collections::BTreeSet<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Inbound(inbound) => Some(inbound.gateway_ref.clone()),
            _ => None,
        })
        .collect();
    assert_eq!((events.len(), ids.len()), (4, 4), "{events:?}");
    for empty in ["", "[]", "3", "null"] {
        assert!(matches!(
            Hook::post(INBOUND, empty).event(&http(GOOD)),
            Event::Ignored(_)
        ));
    }
}

#[test]
fn a_hook_with_nothing_in_it_makes_no_texter() {
    let form = |format: &str| GOOD.replace("format = \"json\"", &format!("format = \"{format}\""));
    let pictures = |text: &str| text.replace("body = \"text\"", "body = \"text\"\nmedia = \"n\"");
    let query = form("query");
    let (before, after) = query.split_once("[auth.hmac]").unwrap();
    let query = format!(
        "{before}[inbound]{}",
        after.split_once("[inbound]").unwrap().1
    );
    for (text, hook) in [
        (pictures(&form("form")), Hook::post(INBOUND, "")),
        (
            pictures(&form("form")),
            Hook::post(INBOUND, "id=&from=&text=&n=0"),
        ),
        (query, Hook::get(&format!("{INBOUND}?token=x"))),
        (GOOD.to_owned(), Hook::post(INBOUND, "{}")),
        (GOOD.to_owned(), Hook::post(INBOUND, "[3]")),
    ] {
        let event = hook.event(&http(&text));
        assert!(matches!(event, Event::Ignored(_)), "{event:?}");
    }
    // Anything at all is a text: its fields may have other names than the mapping says.
    for field in ["id=1", "from=%2B15005550006", "text=help", "n=1"] {
        let hook = Hook::post(INBOUND, field);
        hook.inbound(&http(&pictures(&form("form"))));
    }
}

#[test]
fn what_cannot_be_read_may_hold_a_text() {
    for url in [INBOUND.to_owned(), INBOUND.replace("inbound", "status")] {
        for body in ["{", "help me", "\u{0}"] {
            let event = Hook::post(&url, body).event(&http(GOOD));
            assert!(matches!(event, Event::Unreadable(_)), "{body}");
        }
    }
}

#[test]
fn a_status_is_the_word_itself_before_one_that_only_begins_so() {
    let rank = |status: &str| {
        let text = GOOD
            .replace("[\"queued\"]", "[\"R_OK\", \"R_*\"]")
            .replace("[\"failed\"]", "[\"R*\", \"R_BAD*\"]");
        let body = json!({"id": "1", "status": status}).to_string();
        match Hook::post(&INBOUND.replace("inbound", "status"), body).event(&http(&text)) {
            Event::Receipt(receipt) => Some(receipt.delivery),
            _ => None,
        }
    };
    assert_eq!(rank("R_OK"), Some(Delivery::Accepted));
    assert_eq!(rank("R_OTHER"), Some(Delivery::Accepted));
    assert_eq!(rank("R_BAD_NUMBER"), Some(Delivery::Failed), "the longer");
    assert_eq!(rank("REFUSED"), Some(Delivery::Failed));
    assert_eq!(rank("queue"), None);
}

#[test]
fn what_is_too_long_for_an_id_or_a_code_is_none() {
    let long = "x".repeat(300);
    let text = json!({"id": long, "from": "+15005550006", "text": "hi"}).to_string();
    let inbound = Hook::post(INBOUND, text).inbound(&http(GOOD));
    assert!(inbound.gateway_ref.starts_with("made-up-"));
    let with_code = GOOD.replace("status = \"status\"", "status = \"status\"\ncode = \"why\"");
    let url = INBOUND.replace("inbound", "status");
    let body = json!({"id": "1", "status": "failed", "why": long}).to_string();
    let Event::Receipt(receipt) = Hook::post(&url, body).event(&http(&with_code)) else {
        panic!("not a receipt");
    };
    assert_eq!(receipt.code.map(|code| code.len()), Some(64));
    let body = json!({"id": long, "status": "failed"}).to_string();
    let event = Hook::post(&url, body).event(&http(GOOD));
    assert!(matches!(event, Event::Ignored(_)), "{event:?}");
}

#[test]
fn letters_of_an_older_gateway_are_read() {
    let text = GOOD.replace(
        "[inbound]\nformat = \"json\"",
        "[inbound]\nformat = \"form\"",
    );
    let hook = Hook::post(INBOUND, &b"id=1&from=x&text=caf%E9+%F1"[..]);
    assert_eq!(hook.inbound(&http(&text)).body.reveal(), "café ñ");
}
