//! Canaries: nothing of a person gets through, and what helps an operator does.

use axum::http::Method;
use proptest::prelude::*;

use super::*;
use crate::clock::At;

fn headers_of(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        })
        .collect()
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[test]
fn a_send_keeps_its_form_and_loses_number_words_and_token() {
    let asked = request(&ApiRequest {
        method: Method::POST,
        url: "https://api.example.org/2010-04-01/Accounts/AC0123456789/Messages.json?token=hunter2"
            .to_owned(),
        headers: headers_of(&[FORM, ("authorization", "Basic aHVudGVyMg==")]),
        body: b"To=%2B15550123&Body=meet+me+at+the+pier&ValidityPeriod=600&15550123=x&pier"
            .to_vec(),
    });
    assert_eq!(
        asked,
        "POST https://api.example.org/(10)/Accounts/(12)/Messages.json?token=(7)\n\
         content-type: application/x-www-form-urlencoded\nauthorization: (18)\n\n\
         To=(9)&Body=(19)&ValidityPeriod=600&(8)=(1)&(4)"
            .replace("/(10)/", "/2010-04-01/")
    );
}

#[test]
fn an_answer_keeps_what_says_how_it_went() {
    let body = br#"{"sid":"SM0123","status":"queued","num_segments":"2","error_code":null,"code":21610,
        "to":[{"phone_number":"+15550123","status":"+15550123"}],"body":"meet me","+15550123":true}"#;
    let answered = answer(ApiResult::Answered {
        status: 201,
        retry_after_s: Some(3),
        body,
    });
    // Objects are read in the order of their names.
    let json = r#"{"(9)":true,"body":"(7)","code":21610,"error_code":null,"num_segments":"2","sid":"(6)","status":"queued","to":[{"phone_number":"(9)","status":"(9)"}]}"#;
    assert_eq!(answered, format!("201\nretry-after: 3\n{json}"));
    assert_eq!(answer(ApiResult::NotConnected), "no connection");
}

#[test]
fn a_hook_and_our_answer_lose_every_word() {
    let raw = RawRequest {
        method: &Method::POST,
        url: "https://line.example.org/hooks/main/inbound?secret=hunter2",
        headers: &headers_of(&[("x-signature", "hunter2"), ("content-type", "text/plain")]),
        body: "meet me at the pier".as_bytes(),
        now: At(0),
    };
    let words = hook(&raw);
    assert!(
        words.starts_with("POST https://line.example.org/hooks/main/inbound?secret=(7)\n"),
        "{words}"
    );
    assert!(words.ends_with("\n(19)"), "{words}");
    let said = reply(&HookReply {
        headers: headers_of(&[("x-kannel-from", "+15550123")]),
        ..HookReply::new("text/xml", "<Response><Message>pier</Message></Response>")
    });
    assert_eq!(
        said,
        "200\ncontent-type: text/xml\nx-kannel-from: (9)\n(44)"
    );
}

proptest! {
    /// Whatever a provider sends: no run of six digits, and no long word, gets out of a value.
    #[test]
    fn no_number_gets_through(digits in "[0-9]{6,15}", key in "[a-z_]{1,12}", word in "[a-z]{41,60}") {
        for body in [
            format!("{key}=%2B{digits}&status={digits}&{digits}={digits}&{word}"),
            format!(r#"{{"{key}":"{digits}","status":"{digits}","code":{digits},"{digits}":"{word}"}}"#),
            format!("{digits} {word}"),
        ] {
            for is_form in [true, false] {
                let kept = super::body(body.as_bytes(), is_form);
                prop_assert!(!kept.contains(&digits) && !kept.contains(&word), "{kept}");
            }
        }
        let kept = url(&format!("https://api.example.org/{digits}/{word}?{key}={digits}"));
        prop_assert!(!kept.contains(&digits) && !kept.contains(&word), "{kept}");
    }
}
