mod calls;
mod lookup;
mod receipts;
mod sending;
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
        calls_from: None,
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
fn a_text_that_comes_as_base64_is_read_too() {
    let words = "I do not want to live any more, and I have a plan for tonight";
    let read = |body: &str| {
        let fields = [
            ("MessageSid", "SM1"),
            ("From", "+15005550006"),
            ("Body", body),
        ];
        Hook::post(INBOUND, form(&fields)).inbound().body
    };
    let encoded = STANDARD.encode(words);
    assert_eq!(read(&encoded).reveal(), format!("{encoded}\n{words}"));
    let link = format!("https{}", "a".repeat(59));
    for plain in ["TWVudQ==", words, link.as_str()] {
        assert_eq!(read(plain).reveal(), plain);
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
