use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::*;
use crate::gateway::conformance::{Covers, Hook, NOW, Provider, conforms};
use crate::gateway::{Event, Gateway, Outgoing, VerifyError};
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

const KEY: &str = "PSKtest1234567890abcdef";
const INBOUND: &str = "https://line.example.org/gw/signalwire/inbound";

fn signed_by(keys: &[&str]) -> Twilio {
    gateway(SignalWireConfig {
        name: "main".to_owned(),
        project_id: "00000000-0000-4000-8000-000000000001".to_owned(),
        api_token: "PT-token".into(),
        signing_keys: keys.iter().map(|&key| key.into()).collect(),
        sender: "+15005550001".to_owned(),
        calls_from: None,
        api_url: "https://example.signalwire.com/".to_owned(),
    })
}

/// From signalwire-python's `tests/unit/security/test_webhook_validator.py`, and Twilio's first.
#[test]
fn every_vector_is_accepted_with_its_key_and_refused_with_another() {
    let form = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    for (key, url, body, signature) in [
        (
            KEY,
            "https://example.ngrok.io/webhook",
            r#"{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}"#,
            "c3c08c1fefaf9ee198a100d5906765a6f394bf0f",
        ),
        (
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            form,
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
        (
            KEY,
            "https://example.ngrok.io/webhook?bodySHA256=69f3cbfc18e386ef8236cb7008cd5a54b7fed637a8cb3373b5a1591d7f0fd5f4",
            r#"{"event":"call.state"}"#,
            "dfO9ek8mxyFtn2nMz24plPmPfIY=",
        ),
    ] {
        for header in ["x-signalwire-signature", "x-twilio-signature"] {
            let hook = Hook::post(url, body).with(header, signature);
            assert_eq!(hook.verified(&signed_by(&[key])), Ok(()), "{url}");
            assert_eq!(hook.verified(&signed_by(&["old", key])), Ok(()), "{url}");
            let mismatch = Err(VerifyError::Mismatch);
            assert_eq!(hook.verified(&signed_by(&["other"])), mismatch);
            let changed = Hook::post(url, body.replace('1', "2") + " ").with(header, signature);
            assert_eq!(changed.verified(&signed_by(&[key])), mismatch);
        }
    }
}

#[test]
fn the_key_is_not_the_token_that_sends_and_one_header_counts() {
    let hook = signed("MessageSid=1&Body=hi", "PT-token");
    assert_eq!(
        hook.verified(&signed_by(&[KEY])),
        Err(VerifyError::Mismatch)
    );
    let hook = signed("MessageSid=1&Body=hi", "");
    assert_eq!(hook.verified(&signed_by(&[""])), Err(VerifyError::Mismatch));
    let signature = signed("Body=hi", KEY).headers["x-signalwire-signature"].clone();
    let twice = signed("Body=hi", KEY).with("x-twilio-signature", signature.to_str().unwrap());
    assert_eq!(
        twice.verified(&signed_by(&[KEY])),
        Err(VerifyError::Malformed)
    );
    let bare = Hook::post(INBOUND, "Body=hi");
    assert_eq!(bare.verified(&signed_by(&[KEY])), Err(VerifyError::Missing));
}

/// Signs fields that stand in the order of their names.
fn signed(body: &str, key: &str) -> Hook {
    let fields: String = form_urlencoded::parse(body.as_bytes())
        .flat_map(|(name, value)| [name, value])
        .collect();
    let mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    let mac = mac.chain_update(INBOUND).chain_update(fields);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    Hook::post(INBOUND, body).with("x-signalwire-signature", &signature)
}

#[test]
fn a_field_that_comes_twice_is_signed_as_it_came() {
    let gateway = signed_by(&[KEY]);
    let hook = signed("A=2&A=1&A=1&B=x", KEY);
    assert_eq!(hook.verified(&gateway), Ok(()));
    for other in ["A=1&A=2&A=1&B=x", "A=2&A=1&B=x"] {
        let changed = Hook {
            body: other.into(),
            ..hook.clone()
        };
        assert_eq!(
            changed.verified(&gateway),
            Err(VerifyError::Mismatch),
            "{other}"
        );
    }
}

#[test]
fn nothing_of_a_get_can_be_changed() {
    let url = format!("{INBOUND}?Body=I+feel+alone&From=%2B15005550006&MessageSid=1");
    let mac = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).unwrap();
    let mac = mac.chain_update(&url).finalize().into_bytes();
    let hook = Hook::get(&url).with("x-signalwire-signature", &STANDARD.encode(mac));
    assert_eq!(hook.verified(&signed_by(&[KEY])), Ok(()));
    for changed in hook.with_another_query() {
        let refused = Err(VerifyError::Mismatch);
        assert_eq!(
            changed.verified(&signed_by(&[KEY])),
            refused,
            "{}",
            changed.url
        );
    }
}

#[test]
fn stop_is_only_a_text_and_nothing_is_blocked() {
    let gateway = signed_by(&[KEY]);
    assert!(!gateway.caps().blocks_opted_out);
    let hook = signed("Body=STOP&From=%2B15005550006&MessageSid=1", KEY);
    assert_eq!(hook.inbound(&gateway).keyword_handled, None);
}

#[test]
fn it_is_asked_and_sent_to_under_its_own_address() {
    let gateway = signed_by(&[KEY]);
    let base = "https://example.signalwire.com/api/laml/2010-04-01/Accounts/00000000-0000-4000-8000-000000000001";
    let id = "0190a000-0000-4000-8000-00000000000a";
    let send = gateway.build_send(&Outgoing {
        outbox_id: id.parse().unwrap(),
        key: id.parse().unwrap(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("hi"),
        lane: Lane::Crisis,
        validity: Duration::from_mins(10),
        receipts_url: "https://line.example.org/s",
    });
    assert_eq!(send.url, format!("{base}/Messages.json"));
    let credentials = STANDARD.encode("00000000-0000-4000-8000-000000000001:PT-token");
    assert_eq!(
        send.headers["authorization"],
        format!("Basic {credentials}")
    );
    let poll = gateway.build_poll(id).unwrap();
    assert_eq!(
        (poll.method, poll.url),
        (Method::GET, format!("{base}/Messages/{id}.json"))
    );
    let list = gateway.build_list(NOW, None).unwrap();
    assert!(list.url.starts_with(&format!("{base}/Messages.json?To=")));
}

#[test]
fn a_body_that_is_signed_whole_and_is_no_form_is_nothing_to_act_on() {
    let body = r#"{"event":"call.state"}"#;
    assert!(matches!(
        Hook::post(INBOUND, body).event(&signed_by(&[KEY])),
        Event::Ignored(_)
    ));
}

conforms!(Provider {
    gateway: || Box::new(signed_by(&[KEY])),
    text: |id, words| {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("Body", words),
                ("From", "+15005550006"),
                ("MessageSid", id),
            ])
            .finish();
        signed(&body, KEY)
    },
    receipt: |id, status| {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("MessageSid", id), ("MessageStatus", status)])
            .finish();
        signed(&body, KEY)
    },
    covers: Covers {
        url: true,
        body: true,
        time: false,
        headers: &["x-signalwire-signature"],
    },
    journey: &["queued", "sent", "delivered"],
});
