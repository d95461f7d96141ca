mod lookup;
mod signatures;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::codes::CODES;
use super::signature::{in_signing_order, sign};
use super::*;
use crate::gateway::conformance::{self, Covers, Provider, conforms};
use crate::gateway::{Delivery, Verified};
use crate::lane::Lane;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const INBOUND: &str = "https://line.example.org/gw/twilio/inbound";
const STATUS: &str = "https://line.example.org/gw/twilio/status";
const OUTBOX: &str = "01900000-0000-7000-8000-000000000001";

fn gateway(tokens: &[&str]) -> Twilio {
    Twilio::new(TwilioConfig {
        name: "main".to_owned(),
        account_sid: format!("AC{}", "a".repeat(32)),
        auth_tokens: tokens.iter().map(|&t| SecretString::from(t)).collect(),
        sender: "+15005550001".to_owned(),
        api_url: "https://api.example.org/".to_owned(),
    })
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// A hook that owns what [`RawRequest`] borrows.
struct Hook {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Hook {
    fn post(url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            url: url.to_owned(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    fn get(url: &str) -> Self {
        Self {
            method: Method::GET,
            ..Self::post(url, "")
        }
    }

    fn signed_with(mut self, signature: &str) -> Self {
        self.headers.insert(
            HeaderName::from_static("x-twilio-signature"),
            HeaderValue::from_str(signature).unwrap(),
        );
        self
    }

    /// Signs as Twilio does, with the fields that the body holds.
    fn signed(self, token: &str) -> Self {
        let fields = in_signing_order(&Form::parse(&self.body), Repeated::OnceInOrder);
        let signature = STANDARD.encode(sign(&token.into(), &self.url, &fields));
        self.signed_with(&signature)
    }

    fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
            now: At(1_767_225_600_000),
        }
    }

    fn verified_by(&self, tokens: &[&str]) -> Result<(), VerifyError> {
        gateway(tokens).verify(&self.raw()).map(drop)
    }

    fn event(&self) -> Event {
        let mut events = gateway(&[TOKEN]).parse(&self.raw(), Verified(()));
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    fn inbound(&self) -> Inbound {
        match self.event() {
            Event::Inbound(inbound) => inbound,
            other => panic!("{other:?}"),
        }
    }

    fn receipt(&self) -> Receipt {
        match self.event() {
            Event::Receipt(receipt) => receipt,
            other => panic!("{other:?}"),
        }
    }
}

// ---- texts that come in

#[test]
fn a_text_is_read_with_its_sender_its_words_and_its_id() {
    let hook = Hook::post(
        INBOUND,
        form(&[
            ("MessageSid", "SM1"),
            ("From", "+15005550006"),
            ("To", "741741"),
            ("Body", " I feel alone 😔 & can't sleep\r\n"),
            ("NumMedia", "2"),
            ("SmsStatus", "received"),
            ("MessageStatus", "received"),
            ("SomethingNew", "1"),
        ]),
    );
    let inbound = hook.inbound();
    assert_eq!(inbound.gateway_ref, "SM1");
    assert_eq!(inbound.from.reveal(), "+15005550006");
    assert_eq!(inbound.to.reveal(), "741741");
    assert_eq!(inbound.body.reveal(), " I feel alone 😔 & can't sleep\r\n");
    assert_eq!(inbound.media, 2);
    assert_eq!(inbound.keyword_handled, None);
}

#[test]
fn whatever_the_words_are_the_text_is_taken() {
    let long = "a".repeat(1600);
    for (field, words, media) in [
        ("Body=".to_owned(), "", 0),
        ("NumMedia=0".to_owned(), "", 0),
        (
            "NumMedia=1&MediaUrl0=https%3A%2F%2Fexample.org%2F1".to_owned(),
            "",
            1,
        ),
        ("Body=&NumMedia=x".to_owned(), "", 0),
        ("Body=hi&NumMedia=70000".to_owned(), "hi", u16::MAX),
        ("Body=%F0%9F%98%94".to_owned(), "😔", 0),
        ("Body=caf%E9".to_owned(), "caf\u{fffd}", 0),
        ("Body=100%".to_owned(), "100%", 0),
        ("Body=first&Body=second".to_owned(), "first", 0),
        ("Body=a%00b%0Ac".to_owned(), "a\0b\nc", 0),
        (format!("Body={long}"), long.as_str(), 0),
    ] {
        let body = format!("MessageSid=SM1&From=%2B15005550006&{field}");
        let inbound = Hook::post(INBOUND, body).inbound();
        assert_eq!(
            (inbound.body.reveal(), inbound.media),
            (words, media),
            "{field}"
        );
    }
}

#[test]
fn a_text_without_sender_is_read_and_shares_no_conversation() {
    let from = |sid: &str| {
        let body = format!("MessageSid={sid}&Body=help&From=");
        Hook::post(INBOUND, body).inbound().from
    };
    assert!(!from("SM1").is_reachable());
    assert_ne!(from("SM1"), from("SM2"));
    assert_eq!(from("SM1"), from("SM1"));
}

#[test]
fn a_text_without_id_gets_one_of_its_own() {
    let hook = Hook::post(INBOUND, "Body=help&From=%2B15005550006");
    let first = hook.inbound().gateway_ref;
    assert!(first.starts_with("made-up-"));
    let later = RawRequest {
        now: At(hook.raw().now.0 + 1),
        ..hook.raw()
    };
    let events = gateway(&[TOKEN]).parse(&later, Verified(()));
    let [Event::Inbound(second)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_ne!(first, second.gateway_ref);
    let named = Hook::post(INBOUND, "Body=help&SmsSid=SM9").inbound();
    assert_eq!(named.gateway_ref, "SM9");
}

#[test]
fn keywords_that_twilio_answered_are_marked() {
    for (kind, expected) in [
        ("STOP", Some(KeywordHandled::OptOut)),
        ("START", Some(KeywordHandled::OptIn)),
        ("HELP", Some(KeywordHandled::Help)),
        ("", None),
        ("OTHER", None),
    ] {
        let body = format!("MessageSid=SM1&From=%2B15005550006&Body=x&OptOutType={kind}");
        assert_eq!(
            Hook::post(INBOUND, body).inbound().keyword_handled,
            expected
        );
    }
}

#[test]
fn what_is_neither_is_ignored() {
    for body in [
        "",
        "AccountSid=AC1",
        "MessageStatus=",
        "\u{0}\u{1}",
        "{\"Body\":\"x\"}",
    ] {
        assert!(
            matches!(Hook::post(INBOUND, body).event(), Event::Ignored(_)),
            "{body}"
        );
    }
}

#[test]
fn debug_shows_neither_number_nor_words() {
    let body = "MessageSid=SM1&From=%2B15005550006&To=%2B15005550001&Body=canary";
    let shown = format!("{:?}", Hook::post(INBOUND, body).event());
    assert!(
        !shown.contains("canary") && !shown.contains("555"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn no_body_makes_a_hook_fail(body in proptest::collection::vec(any::<u8>(), 0..300), url in ".{0,60}", get: bool) {
        let mut hook = if get { Hook::get(&url) } else { Hook::post(&url, body) };
        hook.event();
        hook = hook.signed(TOKEN);
        if !get && !url.contains("bodySHA256") {
            prop_assert_eq!(hook.verified_by(&[TOKEN]), Ok(()));
        }
    }
}

// ---- receipts

#[test]
fn every_status_has_its_rank() {
    for (status, expected) in [
        ("accepted", Some(Delivery::Accepted)),
        ("scheduled", Some(Delivery::Accepted)),
        ("queued", Some(Delivery::Accepted)),
        ("sending", Some(Delivery::Accepted)),
        ("sent", Some(Delivery::Sent)),
        ("partially_delivered", Some(Delivery::Sent)),
        ("delivered", Some(Delivery::Delivered)),
        ("read", Some(Delivery::Delivered)),
        ("undelivered", Some(Delivery::Failed)),
        ("failed", Some(Delivery::Failed)),
        ("canceled", Some(Delivery::Failed)),
        ("received", None),
        ("something_new", None),
    ] {
        let url = format!("{STATUS}?ref={OUTBOX}");
        let body = format!(
            "MessageSid=SM1&SmsStatus={status}&MessageStatus={status}&To=%2B15005550006&From=%2B15005550001"
        );
        let event = Hook::post(&url, body).event();
        match (event, expected) {
            (Event::Receipt(receipt), Some(delivery)) => assert_eq!(receipt.delivery, delivery),
            (Event::Ignored(_), None) => {}
            (other, _) => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn a_receipt_names_the_text_and_the_reason() {
    let url = format!("{STATUS}?ref={OUTBOX}");
    let receipt = Hook::post(
        &url,
        "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003",
    )
    .receipt();
    assert_eq!(receipt.gateway_ref, "SM1");
    assert_eq!(receipt.outbox_id, Some(OUTBOX.parse().unwrap()));
    assert_eq!(receipt.code.as_deref(), Some("30003"));
    assert!(!receipt.opted_out);

    let receipt = Hook::post(
        STATUS,
        "MessageSid=SM1&MessageStatus=failed&ErrorCode=21610",
    )
    .receipt();
    assert!(receipt.opted_out);
    assert_eq!(receipt.outbox_id, None);

    for none in ["", "&ErrorCode=", "&ErrorCode=0"] {
        let body = format!("MessageSid=SM1&MessageStatus=delivered{none}");
        assert_eq!(Hook::post(STATUS, body).receipt().code, None);
    }
}

#[test]
fn a_receipt_with_words_or_without_the_new_field_is_still_a_receipt() {
    let with_words = "MessageSid=SM1&MessageStatus=sent&Body=hi&From=%2B15005550001";
    assert_eq!(
        Hook::post(STATUS, with_words).receipt().delivery,
        Delivery::Sent
    );
    let legacy = "SmsSid=SM1&SmsStatus=delivered&From=%2B15005550001&To=%2B15005550006";
    assert_eq!(
        Hook::post(STATUS, legacy).receipt().delivery,
        Delivery::Delivered
    );
    // The request to a TwiML `action` repeats fields of the text that was answered.
    let action = "SmsSid=SM1&SmsStatus=queued&Body=hi&From=%2B15005550006";
    let url = format!("{STATUS}?ref={OUTBOX}");
    assert_eq!(
        Hook::post(&url, action).receipt().delivery,
        Delivery::Accepted
    );
    assert_eq!(
        Hook::post(STATUS, "MessageStatus=sent").event(),
        Event::Ignored("a receipt without a message id")
    );
}

// ---- the response to a hook

#[test]
fn the_acknowledgement_is_twiml() {
    let none = gateway(&[TOKEN]).acknowledge(None);
    assert_eq!(none.content_type, "text/xml");
    assert_eq!(
        none.body,
        r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#
    );

    let body = MessageBody::new("You & <me> \"988\" it's\0\u{b}\u{1b}\u{fffe}\u{ffff}\r\n😔");
    let reply = gateway(&[TOKEN]).acknowledge(Some(InlineReply {
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &body,
        receipts_url: Some("https://line.example.org/s?a=1&ref=2"),
    }));
    assert_eq!(
        reply.body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message \
         action=\"https://line.example.org/s?a=1&amp;ref=2\" \
         statusCallback=\"https://line.example.org/s?a=1&amp;ref=2\">\
         You &amp; &lt;me&gt; &quot;988&quot; it&apos;s&#13;\n😔</Message></Response>"
    );
}

// ---- sending

fn sent(sender: &str, validity: Duration) -> (ApiRequest, Vec<(String, String)>) {
    let mut twilio = gateway(&["first", "second"]);
    twilio.account.sender = sender.to_owned();
    let request = twilio.build_send(&Outgoing {
        outbox_id: OUTBOX.parse().unwrap(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & me = 1+1 😔"),
        lane: Lane::Crisis,
        validity,
        receipts_url: "https://line.example.org/s?ref=1",
    });
    let fields = form_urlencoded::parse(&request.body).into_owned().collect();
    (request, fields)
}

#[test]
fn a_send_is_the_documented_request() {
    let (request, fields) = sent("+15005550001", Duration::from_mins(10));
    let account = format!("AC{}", "a".repeat(32));
    assert_eq!(
        request.url,
        format!("https://api.example.org/2010-04-01/Accounts/{account}/Messages.json")
    );
    assert_eq!(
        request.headers[CONTENT_TYPE],
        "application/x-www-form-urlencoded"
    );
    let authorization = &request.headers[AUTHORIZATION];
    assert!(authorization.is_sensitive());
    let credentials = STANDARD.encode(format!("{account}:first"));
    assert_eq!(
        authorization.to_str().unwrap(),
        format!("Basic {credentials}")
    );
    let expected = [
        ("To", "+15005550006"),
        ("From", "+15005550001"),
        ("Body", "You & me = 1+1 😔"),
        ("StatusCallback", "https://line.example.org/s?ref=1"),
        ("ValidityPeriod", "600"),
    ];
    assert_eq!(fields, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[test]
fn a_messaging_service_is_named_as_one_and_twilio_takes_one_second_to_ten_hours() {
    let service = format!("MG{}", "b".repeat(32));
    let (_, fields) = sent(&service, Duration::from_mins(5));
    assert_eq!(fields[1], ("MessagingServiceSid".to_owned(), service));
    for (validity, seconds) in [
        (Duration::ZERO, "1"),
        (Duration::from_mins(5), "300"),
        (Duration::from_hours(24), "36000"),
    ] {
        assert_eq!(sent("741741", validity).1[4].1, seconds);
    }
}

fn outcome(status: u16, body: &str) -> SendOutcome {
    gateway(&[TOKEN]).read_send(
        Uuid::nil(),
        ApiResult::Answered {
            status,
            retry_after_s: None,
            body: body.as_bytes(),
        },
    )
}

#[test]
fn an_accepted_send_has_an_id_and_one_without_is_in_doubt() {
    assert_eq!(
        outcome(
            201,
            r#"{"sid":"SM1","status":"queued","num_segments":"0","error_code":null}"#
        ),
        SendOutcome::Accepted {
            gateway_ref: "SM1".to_owned()
        }
    );
    for garbage in [
        "",
        "{}",
        "<html>",
        r#"{"sid":""}"#,
        r#"{"sid":1}"#,
        "[]",
        "{\"sid\":\"SM",
    ] {
        assert_eq!(outcome(201, garbage), SendOutcome::Ambiguous, "{garbage}");
        assert_eq!(outcome(200, garbage), SendOutcome::Ambiguous, "{garbage}");
    }
}

#[test]
fn every_error_code_has_its_meaning() {
    type Make = fn(String) -> SendOutcome;
    let retry: Make = |code| SendOutcome::Retry {
        after_s: None,
        code,
    };
    let permanent: Make = |code| SendOutcome::Permanent { code };
    let opted_out: Make = |code| SendOutcome::OptedOut { code };
    let misconfigured: Make = |code| SendOutcome::Misconfigured { code };
    let table: [(Make, &[u32]); 4] = [
        (
            retry,
            &[
                20429, 20500, 20503, 30001, 30008, 30017, 30022, 30410, 63018, 21611,
            ],
        ),
        (
            permanent,
            &[
                21211, 21214, 21217, 21408, 21612, 21614, 21602, 21617, 21620, 21623, 30003, 30004,
                30005, 30006, 30007, 30011, 30019, 99999,
            ],
        ),
        (opted_out, &[21610]),
        (
            misconfigured,
            &[
                20003, 20404, 21212, 21603, 21606, 21659, 21703, 21705, 30002, 30024, 30032, 30034,
                30023, 30027,
            ],
        ),
    ];
    for (expected, codes) in table {
        for code in codes {
            let body = format!(r#"{{"code":{code},"message":"…","status":400}}"#);
            assert_eq!(outcome(400, &body), expected(code.to_string()), "{code}");
        }
    }
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, kind) in [
        (429, "Retry"),
        (408, "Retry"),
        (500, "Retry"),
        (502, "Retry"),
        (503, "Retry"),
        (504, "Retry"),
        (599, "Retry"),
        (401, "Misconfigured"),
        (403, "Misconfigured"),
        (404, "Misconfigured"),
        (405, "Misconfigured"),
        (302, "Misconfigured"),
        (400, "Permanent"),
        (422, "Permanent"),
    ] {
        let read = format!("{:?}", outcome(status, "<html>"));
        assert!(read.starts_with(kind), "{status}: {read}");
        assert!(read.contains(&format!("http-{status}")), "{read}");
    }
}

#[test]
fn a_wait_that_twilio_asks_for_is_kept() {
    let read = gateway(&[TOKEN]).read_send(
        Uuid::nil(),
        ApiResult::Answered {
            status: 429,
            retry_after_s: Some(7),
            body: br#"{"code":20429,"status":429}"#,
        },
    );
    let code = "20429".to_owned();
    assert_eq!(
        read,
        SendOutcome::Retry {
            after_s: Some(7),
            code
        }
    );
}

#[test]
fn what_was_not_sent_is_tried_again_and_what_may_have_been_is_in_doubt() {
    let twilio = gateway(&[TOKEN]);
    assert!(matches!(
        twilio.read_send(Uuid::nil(), ApiResult::NotConnected),
        SendOutcome::Retry { after_s: None, .. }
    ));
    assert_eq!(
        twilio.read_send(Uuid::nil(), ApiResult::Unanswered),
        SendOutcome::Ambiguous
    );
}

#[test]
fn no_code_stands_in_the_table_twice() {
    let mut codes: Vec<u32> = CODES
        .iter()
        .flat_map(|(_, codes)| codes.iter().copied())
        .collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

// ---- as every gateway

conforms!(Provider {
    gateway: || Box::new(gateway(&[TOKEN])),
    text: |id, words| {
        let fields = [
            ("MessageSid", id),
            ("From", "+15005550006"),
            ("Body", words),
        ];
        signed_form(INBOUND, &fields)
    },
    receipt: |id, status| {
        let url = format!("{STATUS}?ref={OUTBOX}");
        signed_form(&url, &[("MessageSid", id), ("MessageStatus", status)])
    },
    covers: Covers {
        url: true,
        body: true,
        time: false,
        headers: &["x-twilio-signature"],
    },
    journey: &["queued", "sent", "delivered"],
});

fn signed_form(url: &str, fields: &[(&str, &str)]) -> conformance::Hook {
    let signed = Hook::post(url, form(fields)).signed(TOKEN);
    conformance::Hook {
        method: signed.method,
        url: signed.url,
        headers: signed.headers,
        body: signed.body,
    }
}
