use axum::http::HeaderName;
use proptest::prelude::*;

use super::signature::{in_signing_order, sign};
use super::*;
use crate::clock::At;

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
        public_url: "https://line.example.org".to_owned(),
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
        let fields = in_signing_order(&Form::parse(&self.body));
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

// ---- signatures

/// Token, URL, form, signature. Token `12345`: recomputed with twilio-node 6.2.0 and
/// twilio-python 9.13.0; the other: made with them.
fn vectors() -> Vec<(&'static str, String, String, &'static str)> {
    const U: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const PORTED: &str = "https://mycompany.com:1234/myapp.php?foo=1&bar=2";
    const HTTP: &str = "http://mycompany.com/myapp.php?foo=1&bar=2";
    const HTTP_PORTED: &str = "http://mycompany.com:1234/myapp.php?foo=1&bar=2";
    const USER: &str = "https://user@mycompany.com/myapp.php?foo=1&bar=2";
    const USER_PASS: &str = "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2";
    let p = form(&[
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]);
    let multi = form(&[
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ]);
    let addresses = |first, second| {
        form(&[
            ("MessagingBinding.Address", first),
            ("MessagingBinding.Address", second),
        ])
    };
    let sm = format!("SM{}", "a".repeat(32));
    let ac = format!("AC{}", "a".repeat(32));
    let full = form(&[
        ("MessageSid", &sm),
        ("SmsSid", &sm),
        ("SmsMessageSid", &sm),
        ("AccountSid", &ac),
        ("From", "+15005550006"),
        ("To", "+15005550001"),
        ("Body", "I feel alone 😔 & can't sleep"),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("ApiVersion", "2010-04-01"),
        ("FromCity", ""),
        ("FromState", ""),
        ("FromZip", ""),
        ("FromCountry", "US"),
    ]);
    let stop = form(&[
        ("MessageSid", "SM1"),
        ("AccountSid", "AC1"),
        ("From", "+15005550006"),
        ("To", "741741"),
        ("Body", "STOP"),
        ("OptOutType", "STOP"),
    ]);
    let help = form(&[
        ("Body", "HELP"),
        ("From", "+15005550006"),
        ("To", "+15005550001"),
    ]);
    let status = form(&[
        ("MessageSid", "SM1"),
        ("MessageStatus", "undelivered"),
        ("ErrorCode", "30003"),
        ("To", "+15005550006"),
        ("From", "+15005550001"),
        ("AccountSid", "AC1"),
        ("ApiVersion", "2010-04-01"),
    ]);
    let json = r#"{"property": "value", "boolean": true}"#.to_owned();
    let json_hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    let empty_hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let hashed = |hash| format!("{U}&bodySHA256={hash}");
    let old =
        |url: &str, body: &str, signature| ("12345", url.to_owned(), body.to_owned(), signature);
    let new =
        |url: &str, body: &str, signature| (TOKEN, url.to_owned(), body.to_owned(), signature);
    vec![
        old(U, &p, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        old(PORTED, &p, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        old(HTTP_PORTED, &p, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        old(U, &p, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        old(HTTP, &p, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        old(USER_PASS, &p, "CukzLTc1tT5dXEDIHm/tKBanW10="),
        old(USER_PASS, &p, "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="),
        old(USER, &p, "2YRLlVAflCqxaNicjMpJcSTgzSs="),
        old(
            &format!("{U}&Body=It's+amazing"),
            &p,
            "TfZzewPq8wqrGlMfyAud8+/IvJ0=",
        ),
        old(
            &format!("{U}&Body=It's+amazing"),
            &p,
            "dsq4Ehbj6cs+KdTkpF5sSSplOWw=",
        ),
        old(U, &multi, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        old(
            U,
            &addresses("+1325xxxxxxx", "+1415xxxxxxx"),
            "83O6e2vORAoJHUNzJjDWN1jz+BA=",
        ),
        old(
            U,
            &addresses("+1415xxxxxxx", "+1325xxxxxxx"),
            "83O6e2vORAoJHUNzJjDWN1jz+BA=",
        ),
        old(&hashed(json_hash), &json, "a9nBmqA0ju/hNViExpshrM61xv4="),
        old(&hashed(empty_hash), "{}", "Ldidvp12m26NI7eqEvxnEpkd9Hc="),
        old(&hashed(empty_hash), "{}", "rw/jVviOgicj2+kHZULvebnA4ag="),
        old(
            &format!("https://mycompany.com/myapp.php?bodySHA256={json_hash}"),
            &json,
            "y77kIzt2vzLz71DgmJGsen2scGs=",
        ),
        new(INBOUND, &full, "4tKshqLjrUCl4OHOPztTYdnagE8="),
        new(
            &format!("{INBOUND}?tenant=a%20b&x=1"),
            &stop,
            "jMJv1+tCJq2NcxX8h3yiChKGWhY=",
        ),
        new(
            "https://line.example.org:8443/gw/twilio/inbound",
            &help,
            "X3sJsf2sUa7POf3sjxWM4ATcyyY=",
        ),
        new(STATUS, &status, "r//DkI01+6WfW/BaKq1UPgiVfjM="),
        new(INBOUND, "", "5IB0okBljwR6W+yMK4QAQoqMt6w="),
    ]
}

#[test]
fn every_vector_is_accepted_with_its_token_and_refused_with_another() {
    for (token, url, body, signature) in vectors() {
        let hook = Hook::post(&url, body).signed_with(signature);
        assert_eq!(hook.verified_by(&[token]), Ok(()), "{url} {signature}");
        assert_eq!(hook.verified_by(&["other"]), Err(VerifyError::Mismatch));
    }
}

#[test]
fn no_signed_part_can_be_changed() {
    for (token, url, body, signature) in vectors() {
        let separator = if url.contains('?') { '&' } else { '?' };
        let mut changed = vec![
            (
                url.replace(".com", ".net").replace(".org", ".net"),
                body.clone(),
            ),
            (
                url.replace("/my", "/your").replace("/gw", "/wg"),
                body.clone(),
            ),
            (format!("{url}{separator}ref=1"), body.clone()),
            (url.clone(), format!("{body}&Extra=1")),
        ];
        if let Some((first, rest)) = body.split_once('&') {
            changed.push((url.clone(), rest.to_owned()));
            changed.push((url.clone(), format!("{first}0&{rest}")));
            changed.push((url.clone(), format!("X{body}")));
            changed.push((url.clone(), body.to_ascii_lowercase()));
        }
        for (url, body) in changed {
            let hook = Hook::post(&url, body.as_str()).signed_with(signature);
            let verified = hook.verified_by(&[token]);
            assert_eq!(verified, Err(VerifyError::Mismatch), "{url} {body}");
        }
        let good = STANDARD.decode(signature).unwrap();
        for bit in 0..160 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let hook = Hook::post(&url, body.as_str()).signed_with(&STANDARD.encode(bad));
            assert_eq!(hook.verified_by(&[token]), Err(VerifyError::Mismatch));
        }
    }
}

#[test]
fn a_port_that_is_not_ours_and_another_scheme_are_refused() {
    let body = form(&[
        ("From", "+15005550006"),
        ("Body", "hi"),
        ("MessageSid", "SM1"),
    ]);
    let signed = Hook::post("https://line.example.org:8443/in", body.as_str()).signed(TOKEN);
    let signature = signed.headers["x-twilio-signature"].to_str().unwrap();
    for url in [
        "https://line.example.org:8444/in",
        "https://line.example.org/in",
        "http://line.example.org:8443/in",
        "https://line.example.org:8443/in/",
        "https://line.example.org:8443/IN",
    ] {
        let hook = Hook::post(url, body.as_str()).signed_with(signature);
        assert_eq!(
            hook.verified_by(&[TOKEN]),
            Err(VerifyError::Mismatch),
            "{url}"
        );
    }
    assert_eq!(signed.verified_by(&[TOKEN]), Ok(()));
}

#[test]
fn two_tokens_are_accepted_while_they_are_rotated_and_a_third_is_not() {
    for (token, expected) in [
        ("old", Ok(())),
        ("new", Ok(())),
        ("third", Err(VerifyError::Mismatch)),
    ] {
        let hook = Hook::post(INBOUND, "Body=hi").signed(token);
        assert_eq!(hook.verified_by(&["new", "old"]), expected, "{token}");
    }
}

#[test]
fn an_empty_token_verifies_nothing() {
    let hook = Hook::post(INBOUND, "Body=hi").signed("");
    assert_eq!(hook.verified_by(&[""]), Err(VerifyError::Mismatch));
    assert_eq!(hook.verified_by(&[]), Err(VerifyError::Mismatch));
}

#[test]
fn a_signature_that_cannot_be_read_is_named_as_such() {
    let hook = || Hook::post(INBOUND, "Body=hi");
    assert_eq!(hook().verified_by(&[TOKEN]), Err(VerifyError::Missing));
    for bad in [
        "",
        "no",
        "5IB0okBljwR6W+yMK4QAQoqMt6w",
        "é",
        "AAAA",
        "5IB0okBljwR6W+yMK4QAQoqMt6x=",
    ] {
        let hook = hook().signed_with(bad);
        assert_eq!(
            hook.verified_by(&[TOKEN]),
            Err(VerifyError::Malformed),
            "{bad}"
        );
    }
    let mut twice = hook().signed(TOKEN);
    let signature = twice.headers["x-twilio-signature"].clone();
    twice.headers.append("x-twilio-signature", signature);
    assert_eq!(twice.verified_by(&[TOKEN]), Err(VerifyError::Malformed));
}

#[test]
fn a_get_is_signed_by_its_url_alone() {
    let mut hook = Hook::get(&format!(
        "{INBOUND}?MessageSid=SM1&From=%2B15005550006&Body=hi"
    ));
    hook = hook.signed(TOKEN);
    hook.body = b"Body=forged&From=%2B15005559999".to_vec();
    assert_eq!(hook.verified_by(&[TOKEN]), Ok(()));
    assert_eq!(hook.inbound().body.reveal(), "hi");
    assert_eq!(hook.inbound().from.reveal(), "+15005550006");
}

#[test]
fn a_body_with_a_hash_in_the_url_is_covered_by_the_hash() {
    let body = "MessageSid=SM1&From=%2B15005550006&Body=hi";
    let hash = hex::encode(Sha256::digest(body));
    for (hash, body, expected) in [
        (hash.as_str(), body, Ok(())),
        (hash.as_str(), "Body=forged", Err(VerifyError::Mismatch)),
        (hash.as_str(), "", Err(VerifyError::Mismatch)),
        ("", body, Err(VerifyError::Mismatch)),
        ("zz", body, Err(VerifyError::Mismatch)),
    ] {
        let url = format!("{INBOUND}?bodySHA256={hash}");
        let signature = STANDARD.encode(sign(&TOKEN.into(), &url, b""));
        let hook = Hook::post(&url, body).signed_with(&signature);
        assert_eq!(hook.verified_by(&[TOKEN]), expected, "{hash} {body}");
    }
}

#[test]
fn an_address_with_a_literal_ipv6_host_is_spelled_with_and_without_port() {
    for (received, signed) in [
        ("https://[2001:db8::1]:8443/in", "https://[2001:db8::1]/in"),
        ("https://[2001:db8::1]/in", "https://[2001:db8::1]:443/in"),
    ] {
        let signature = STANDARD.encode(sign(&TOKEN.into(), signed, b""));
        let hook = Hook::post(received, "").signed_with(&signature);
        assert_eq!(hook.verified_by(&[TOKEN]), Ok(()), "{received}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_signed_as_sent() {
    for body in [
        &b"Body=caf%E9"[..],
        b"Body=caf\xe9",
        b"Body=\xff\xfe%00&From=x",
    ] {
        let hook = Hook::post(INBOUND, body).signed(TOKEN);
        assert_eq!(hook.verified_by(&[TOKEN]), Ok(()));
    }
    let hook = Hook::post(INBOUND, &b"Body=caf%E9"[..]).signed(TOKEN);
    let mut other = Hook::post(INBOUND, &b"Body=caf%E8"[..]);
    other.headers = hook.headers.clone();
    assert_eq!(other.verified_by(&[TOKEN]), Err(VerifyError::Mismatch));
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
        body: &body,
        receipts_url: "https://line.example.org/s?a=1&ref=2",
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

fn sent(sender: &str, lane: Lane) -> (SendRequest, Vec<(String, String)>) {
    let mut twilio = gateway(&["first", "second"]);
    twilio.config.sender = sender.to_owned();
    let request = twilio.build_send(&Outgoing {
        outbox_id: OUTBOX.parse().unwrap(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & me = 1+1 😔"),
        lane,
        receipts_url: "https://line.example.org/s?ref=1",
    });
    let fields = form_urlencoded::parse(&request.body).into_owned().collect();
    (request, fields)
}

#[test]
fn a_send_is_the_documented_request() {
    let (request, fields) = sent("+15005550001", Lane::Crisis);
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
fn a_messaging_service_is_named_as_one_and_lanes_have_their_time() {
    let service = format!("MG{}", "b".repeat(32));
    let (_, fields) = sent(&service, Lane::Page);
    assert_eq!(fields[1], ("MessagingServiceSid".to_owned(), service));
    for (lane, seconds) in [
        (Lane::Crisis, "600"),
        (Lane::Page, "300"),
        (Lane::Conversation, "3600"),
        (Lane::Content, "3600"),
    ] {
        assert_eq!(sent("741741", lane).1[4].1, seconds);
    }
}

fn outcome(status: u16, body: &str) -> SendOutcome {
    gateway(&[TOKEN]).read_send(SendResult::Answered {
        status,
        retry_after_s: None,
        body: body.as_bytes(),
    })
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
    let read = gateway(&[TOKEN]).read_send(SendResult::Answered {
        status: 429,
        retry_after_s: Some(7),
        body: br#"{"code":20429,"status":429}"#,
    });
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
        twilio.read_send(SendResult::NotConnected),
        SendOutcome::Retry { after_s: None, .. }
    ));
    assert_eq!(
        twilio.read_send(SendResult::Unanswered),
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
