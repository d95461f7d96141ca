use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;
use crate::gateway::conformance::{Covers, Hook, Provider, conforms};
use crate::lane::Lane;

const TOKEN: &str = "my_auth_token";
const INBOUND: &str = "https://line.example.org/gw/plivo/inbound";
const STATUS: &str =
    "https://line.example.org/gw/plivo/status?ref=01900000-0000-7000-8000-000000000001";
const TEXT: &str = "From=15005550006&To=15005550001&Type=sms&Text=I+feel+alone&MessageUUID=7a242edc-2f57-11e7-98c9-06ab0bf64327";
const V3: &str = "x-plivo-signature-v3";
const V3_NONCE: &str = "x-plivo-signature-v3-nonce";

fn plivo(tokens: &[&str], allow_v2: bool) -> Plivo {
    Plivo::new(PlivoConfig {
        name: "main".to_owned(),
        auth_id: "MA0000000000000000".to_owned(),
        auth_tokens: tokens.iter().map(|&token| token.into()).collect(),
        allow_v2,
        sender: "+15005550001".to_owned(),
        api_url: "https://api.example.org/".to_owned(),
    })
}

fn mac(token: &str, message: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    STANDARD.encode(mac.chain_update(message).finalize().into_bytes())
}

fn signed(hook: Hook) -> Hook {
    let text = [&signature::signed_text(&hook.raw())[..], b".12345"].concat();
    hook.with(V3, &mac(TOKEN, &text)).with(V3_NONCE, "12345")
}

/// Method, URL, body, signature. Made with plivo-python 4.63.0, with [`TOKEN`] and the nonce 12345.
#[rustfmt::skip]
const VECTORS: &[(&str, &str, &str, &str)] = &[
    ("POST", INBOUND, TEXT, "JZSvSgNsNVEJOtK5p9Ch61GkEf7+j4V7KLsu1tJj0Es="),
    ("POST", "https://line.example.org/gw/plivo/inbound?tenant=b&a=%2B1&a=0", "Text=%F0%9F%98%94+%26&From=15005550006&B=2&B=1", "8MbU7jZmh9xxQMAk7QCstG+6TOI22FLb4jGxZN3Ry+w="),
    ("GET", "https://line.example.org/gw/plivo/inbound?Text=I+feel&From=15005550006&A=2&A=1", "", "e85Q9vlGTdnyR2+5+j0bYh6TxB6F/hHIZL6dD/fgxvA="),
    ("GET", "https://line.example.org:8443/gw/plivo/inbound", "", "79mRBipqxidGzzOfYIFMnT1DkcUVSDpsVHEeJmrKV9U="),
    ("POST", "https://line.example.org/gw/plivo/inbound?a=1", "", "HAgdLgxQARM3Ce7UpHFVLPOCbiaX6m+pbsiZw6j0yJQ="),
    ("POST", "https://line.example.org/gw/plivo/inbound", "", "tvVqw8BPev0qiVbpulPyPyqk58XACP8kXD3i3+EGAnI="),
];

#[test]
fn every_vector_is_accepted_with_its_token_and_refused_with_another() {
    for &(method, url, body, signature) in VECTORS {
        let mut hook = Hook::post(url, body)
            .with(V3, signature)
            .with(V3_NONCE, "12345");
        hook.method = method.parse().unwrap();
        assert_eq!(
            hook.verified(&plivo(&[TOKEN], false)),
            Ok(()),
            "{method} {url}"
        );
        assert_eq!(hook.verified(&plivo(&["old", TOKEN], false)), Ok(()));
        let mismatch = Err(VerifyError::Mismatch);
        assert_eq!(hook.verified(&plivo(&["other"], false)), mismatch);
        assert_eq!(
            hook.clone()
                .with(V3_NONCE, "12346")
                .verified(&plivo(&[TOKEN], false)),
            mismatch
        );
    }
    assert!(plivo(&[""], true).config.auth_tokens.is_empty());
}

#[test]
fn nothing_of_a_get_can_be_changed() {
    let gateway = plivo(&[TOKEN], false);
    let hook = signed(Hook::get(&format!("{INBOUND}?{TEXT}")));
    assert_eq!(hook.verified(&gateway), Ok(()));
    for changed in hook.with_another_query() {
        let refused = Err(VerifyError::Mismatch);
        assert_eq!(changed.verified(&gateway), refused, "{}", changed.url);
    }
}

#[test]
fn one_good_signature_of_several_is_enough_in_either_header() {
    let good = VECTORS[0].3;
    let other = mac("other", b"");
    let gateway = plivo(&[TOKEN], false);
    let hook = || Hook::post(INBOUND, TEXT).with(V3_NONCE, "12345");
    assert_eq!(
        hook()
            .with(V3, &format!("{other},{good}"))
            .verified(&gateway),
        Ok(())
    );
    assert_eq!(
        hook()
            .with("x-plivo-signature-ma-v3", good)
            .verified(&gateway),
        Ok(())
    );
    let both = hook()
        .with(V3, &other)
        .with("x-plivo-signature-ma-v3", good);
    assert_eq!(both.verified(&gateway), Ok(()));
    let wrong = hook()
        .with(V3, &other)
        .with("x-plivo-signature-ma-v3", &other);
    assert_eq!(wrong.verified(&gateway), Err(VerifyError::Mismatch));
    let many = vec![other.as_str(); 17].join(",");
    for malformed in ["", "no", ",", many.as_str()] {
        let hook = hook().with(V3, malformed);
        assert_eq!(
            hook.verified(&gateway),
            Err(VerifyError::Malformed),
            "{malformed}"
        );
    }
    let mut no_nonce = hook().with(V3, good);
    no_nonce.headers.remove(V3_NONCE);
    assert_eq!(no_nonce.verified(&gateway), Err(VerifyError::Missing));
}

#[test]
fn the_older_signature_is_taken_only_where_it_is_allowed() {
    // Both made with plivo-python 4.63.0.
    for (url, signature) in [
        (
            "https://answer.url",
            "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc=",
        ),
        (INBOUND, "4zaTITjCKSS44V0w94SUGaSFCKAOcJjCjA8DXHNjwDs="),
    ] {
        for header in ["x-plivo-signature-v2", "x-plivo-signature-ma-v2"] {
            let hook = Hook::post(url, TEXT)
                .with(header, signature)
                .with("x-plivo-signature-v2-nonce", "12345");
            assert_eq!(hook.verified(&plivo(&[TOKEN], true)), Ok(()));
            assert_eq!(
                hook.verified(&plivo(&[TOKEN], false)),
                Err(VerifyError::Missing)
            );
            assert_eq!(
                hook.verified(&plivo(&["other"], true)),
                Err(VerifyError::Mismatch)
            );
            // A wrong signature of version 3 is never made good by one of version 2.
            let forged = hook.with(V3, &mac("other", b"")).with(V3_NONCE, "1");
            assert_eq!(
                forged.verified(&plivo(&[TOKEN], true)),
                Err(VerifyError::Mismatch)
            );
        }
    }
}

#[test]
fn a_nonce_of_the_older_signature_brings_one_text_whatever_it_says() {
    let nonce = "x-plivo-signature-v2-nonce";
    let older = |body: &str, value: &str| Hook::post(INBOUND, body).with(nonce, value);
    let of = |hook: Hook, allow| hook.inbound(&plivo(&[TOKEN], allow)).gateway_ref;
    let first = of(older(TEXT, "12345"), true);
    let forged = TEXT
        .replace("alone", "fine")
        .replace("7a242edc", "00000000");
    assert_eq!(
        of(older(&forged, "12345"), true),
        first,
        "it is the same text again"
    );
    assert_ne!(of(older(TEXT, "12346"), true), first);
    // The message id counts where the signature covers it.
    let id = "7a242edc-2f57-11e7-98c9-06ab0bf64327";
    assert_eq!(of(older(TEXT, "12345"), false), id);
    assert_eq!(of(signed(older(TEXT, "12345")), true), id);
}

#[test]
fn a_text_is_read_and_its_numbers_get_their_plus() {
    let inbound = Hook::post(INBOUND, TEXT).inbound(&plivo(&[TOKEN], false));
    assert_eq!(inbound.gateway_ref, "7a242edc-2f57-11e7-98c9-06ab0bf64327");
    assert_eq!(
        (inbound.from.reveal(), inbound.to.reveal()),
        ("+15005550006", "+15005550001")
    );
    let get = Hook::get(&format!(
        "{INBOUND}?From=15005550006&To=741741&Text=hi&MessageUUID=1"
    ));
    let inbound = get.inbound(&plivo(&[TOKEN], false));
    assert_eq!(
        (inbound.to.reveal(), inbound.body.reveal()),
        ("741741", "hi")
    );
    for (field, media) in [
        ("Media0=x", 1),
        ("Media0=x&Media1=y&MediaCount=2", 2),
        ("", 0),
    ] {
        let hook = Hook::post(INBOUND, format!("From=15005550006&Type=mms&{field}"));
        assert_eq!(hook.inbound(&plivo(&[TOKEN], false)).media, media);
    }
    let nothing = Hook::post(INBOUND, "Type=sms").event(&plivo(&[TOKEN], false));
    assert!(matches!(nothing, Event::Ignored(_)));
}

#[test]
fn a_receipt_names_the_whole_text_and_the_reason() {
    let receipt = |body: &str| match Hook::post(STATUS, body).event(&plivo(&[TOKEN], false)) {
        Event::Receipt(receipt) => receipt,
        other => panic!("{other:?}"),
    };
    let part = receipt("MessageUUID=part&ParentMessageUUID=whole&Status=failed&ErrorCode=200");
    assert_eq!(part.gateway_ref, "whole");
    assert!(part.opted_out && part.outbox_id.is_some());
    let fine = receipt("MessageUUID=m&Status=delivered&ErrorCode=000");
    assert_eq!((fine.delivery, fine.code), (Delivery::Delivered, None));
    for (status, rank) in [
        ("queued", Delivery::Accepted),
        ("sent", Delivery::Sent),
        ("delivered", Delivery::Delivered),
        ("read", Delivery::Delivered),
        ("undelivered", Delivery::Failed),
        ("failed", Delivery::Failed),
        ("rejected", Delivery::Failed),
    ] {
        assert_eq!(
            receipt(&format!("MessageUUID=m&Status={status}")).delivery,
            rank
        );
    }
}

#[test]
fn what_could_be_kept_nowhere_is_answered_in_the_response() {
    let caps = plivo(&[TOKEN], false).caps();
    assert!(!caps.repeats_hooks && caps.inline_reply);
    assert_eq!(caps.hook_deadline, Duration::from_secs(5));
}

#[test]
fn the_acknowledgement_is_xml_and_a_reply_names_both_numbers() {
    let none = plivo(&[TOKEN], false).acknowledge(None);
    assert_eq!(none.content_type, "text/xml");
    assert_eq!(
        none.body,
        r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#
    );
    let reply = plivo(&[TOKEN], false).acknowledge(Some(InlineReply {
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & <me>"),
        receipts_url: Some("https://line.example.org/s?a=1&ref=2"),
    }));
    let message = r#"<Message src="15005550001" dst="15005550006" type="sms" callbackUrl="https://line.example.org/s?a=1&amp;ref=2" callbackMethod="POST">You &amp; &lt;me&gt;</Message>"#;
    assert!(
        reply
            .body
            .ends_with(&format!("<Response>{message}</Response>")),
        "{}",
        reply.body
    );
}

fn sent(validity: Duration) -> ApiRequest {
    plivo(&["first", "second"], false).build_send(&Outgoing {
        outbox_id: Uuid::nil(),
        key: Uuid::nil(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & me 😔"),
        lane: Lane::Crisis,
        validity,
        receipts_url: STATUS,
    })
}

#[test]
fn a_send_is_the_documented_request() {
    let request = sent(Duration::from_mins(10));
    let url = "https://api.example.org/v1/Account/MA0000000000000000/Message/";
    assert_eq!(request.url, url);
    let credentials = STANDARD.encode("MA0000000000000000:first");
    assert_eq!(
        request.headers["authorization"],
        format!("Basic {credentials}")
    );
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({"src": "15005550001", "dst": "15005550006", "text": "You & me 😔", "url": STATUS,
        "method": "POST", "message_expiry": 600});
    assert_eq!(body, expected);
    for (validity, seconds) in [
        (Duration::ZERO, 5),
        (Duration::from_hours(1), 3_600),
        (Duration::from_hours(24), 10_799),
    ] {
        let body: Value = serde_json::from_slice(&sent(validity).body).unwrap();
        assert_eq!(body["message_expiry"], seconds);
    }
}

#[test]
fn an_answer_is_judged_by_id_and_status() {
    let outcome = |status, body: &str| {
        plivo(&[TOKEN], false).read_send(
            Uuid::nil(),
            ApiResult::Answered {
                status,
                retry_after_s: Some(3),
                body: body.as_bytes(),
            },
        )
    };
    let taken = r#"{"message":"message(s) queued","message_uuid":["m1"],"api_id":"x"}"#;
    assert_eq!(
        outcome(202, taken),
        SendOutcome::Accepted {
            gateway_ref: "m1".to_owned()
        }
    );
    for garbage in [
        "",
        "<html>",
        r#"{"message_uuid":[]}"#,
        r#"{"message_uuid":"m1"}"#,
    ] {
        assert_eq!(outcome(202, garbage), SendOutcome::Ambiguous, "{garbage}");
    }
    for (status, kind) in [
        (400, "Permanent"),
        (401, "Misconfigured"),
        (402, "Misconfigured"),
        (404, "Misconfigured"),
        (429, "Retry"),
        (500, "Retry"),
        (503, "Retry"),
    ] {
        let read = format!("{:?}", outcome(status, r#"{"error":"…"}"#));
        assert!(read.starts_with(kind), "{status}: {read}");
    }
}

#[test]
fn one_text_can_be_asked_for() {
    let gateway = plivo(&[TOKEN], false);
    let request = gateway.build_poll("m-1").unwrap();
    let url = "https://api.example.org/v1/Account/MA0000000000000000/Message/m-1/";
    assert_eq!((request.method, request.url.as_str()), (Method::GET, url));
    assert!(gateway.build_poll("../Call").is_none());
    let read = |body: &str| {
        gateway.read_poll(ApiResult::Answered {
            status: 200,
            retry_after_s: None,
            body: body.as_bytes(),
        })
    };
    let receipt =
        read(r#"{"message_uuid":"m1","message_state":"failed","error_code":"200"}"#).unwrap();
    assert!(receipt.opted_out && receipt.delivery == Delivery::Failed);
    let fine =
        read(r#"{"message_uuid":"m1","message_state":"delivered","error_code":"000"}"#).unwrap();
    assert_eq!(fine.code, None);
    assert_eq!(
        read(r#"{"message_uuid":"m1","message_state":"received"}"#),
        None
    );
}

conforms!(Provider {
    gateway: || Box::new(plivo(&[TOKEN], false)),
    text: |id, words| {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("MessageUUID", id),
                ("From", "15005550006"),
                ("Text", words),
            ])
            .finish();
        signed(Hook::post(INBOUND, body))
    },
    receipt: |id, status| signed(Hook::post(
        STATUS,
        format!("MessageUUID={id}&Status={status}")
    )),
    covers: Covers {
        url: true,
        body: true,
        time: false,
        headers: &[V3, V3_NONCE],
    },
    journey: &["queued", "sent", "delivered"],
});
