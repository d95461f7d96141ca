//! Calls: how one is placed, what comes from it, and what it says.

use std::time::Duration;

use super::*;
use crate::gateway::call::{Alarm, Ask, Caller as _, Calling, InCall, Script};

const CALL: &str =
    "https://line.example.org/hooks/main/call?ref=01900000-0000-7000-8000-000000000001";

fn event_of(fields: &[(&str, &str)]) -> Event {
    let url = format!("{STATUS}?ref={OUTBOX}");
    Hook::post(&url, form(fields)).event()
}

fn in_call(url: &str, fields: &[(&str, &str)]) -> Option<InCall> {
    let hook = Hook::post(url, form(fields));
    gateway(&[TOKEN]).parse_call(&hook.raw(), Verified(()))
}

#[test]
fn a_call_is_placed_with_what_it_asks_and_where_it_tells_how_it_ended() {
    let twilio = gateway(&[TOKEN]);
    let request = twilio.caller().unwrap().build_call(&Calling {
        to: &PhoneNumber::of_sender("+15005550006"),
        script_url: CALL,
        receipts_url: STATUS,
        rings: Duration::from_secs(45),
    });
    let account = "a".repeat(32);
    let url = format!("https://api.example.org/2010-04-01/Accounts/AC{account}/Calls.json");
    assert_eq!((request.method, request.url), (Method::POST, url));
    let fields = Form::parse(&request.body);
    for (name, value) in [
        ("To", "+15005550006"),
        ("From", "+15005550001"),
        ("Url", CALL),
        ("Method", "POST"),
        ("StatusCallback", STATUS),
        ("Timeout", "45"),
        ("MachineDetection", "Enable"),
        ("AsyncAmd", "true"),
        ("AsyncAmdStatusCallback", STATUS),
    ] {
        assert_eq!(fields.text(name).as_deref(), Some(value), "{name}");
    }
    assert!(request.headers.contains_key(AUTHORIZATION));
}

#[test]
fn only_a_number_calls() {
    for (sender, calls_from, calls) in [
        ("+15005550001", None, true),
        ("741741", None, false),
        ("MG1", None, false),
        ("MG1", Some("+15005550001"), true),
    ] {
        let twilio = Twilio::new(TwilioConfig {
            name: "main".to_owned(),
            account_sid: "AC1".to_owned(),
            auth_tokens: vec![TOKEN.into()],
            sender: sender.to_owned(),
            calls_from: calls_from.map(str::to_owned),
            api_url: "https://api.example.org".to_owned(),
        });
        assert_eq!(twilio.caller().is_some(), calls, "{sender} {calls_from:?}");
    }
}

/// The fields of a hook, and what they say of the call.
type Case<'a> = (&'a [(&'a str, &'a str)], Delivery, Option<&'a str>);

#[test]
fn how_a_call_ended_is_a_receipt() {
    let sid = ("CallSid", "CA1");
    let cases: &[Case] = &[
        (&[("CallStatus", "queued")], Delivery::Accepted, None),
        (&[("CallStatus", "ringing")], Delivery::Sent, None),
        // Somebody or something picked up: who, is told apart.
        (&[("CallStatus", "completed")], Delivery::Sent, None),
        (
            &[("CallStatus", "completed"), ("AnsweredBy", "human")],
            Delivery::Sent,
            None,
        ),
        (&[("AnsweredBy", "human")], Delivery::Delivered, None),
        (
            &[("AnsweredBy", "machine_start")],
            Delivery::Failed,
            Some("voicemail"),
        ),
        (
            &[("AnsweredBy", "fax")],
            Delivery::Failed,
            Some("voicemail"),
        ),
        (
            &[
                ("CallStatus", "completed"),
                ("AnsweredBy", "machine_end_beep"),
            ],
            Delivery::Failed,
            Some("voicemail"),
        ),
        (&[("CallStatus", "busy")], Delivery::Failed, Some("busy")),
        (
            &[("CallStatus", "no-answer")],
            Delivery::Failed,
            Some("no-answer"),
        ),
        (
            &[("CallStatus", "failed")],
            Delivery::Failed,
            Some("failed"),
        ),
        (
            &[("CallStatus", "canceled")],
            Delivery::Failed,
            Some("canceled"),
        ),
    ];
    for (fields, delivery, code) in cases {
        let fields = [&[sid][..], fields].concat();
        let Event::Receipt(receipt) = event_of(&fields) else {
            panic!("{fields:?}");
        };
        assert_eq!(
            (receipt.delivery, receipt.code.as_deref()),
            (*delivery, *code),
            "{fields:?}"
        );
        assert_eq!(
            receipt.outbox_id.map(|id| id.to_string()).as_deref(),
            Some(OUTBOX)
        );
        assert_eq!(receipt.gateway_ref, "CA1");
        assert!(!receipt.opted_out);
    }
    for unknown in [
        &[("AnsweredBy", "unknown")][..],
        &[("CallStatus", "odd")],
        &[],
    ] {
        let fields = [&[sid][..], unknown].concat();
        assert!(matches!(event_of(&fields), Event::Ignored(_)), "{fields:?}");
    }
}

#[test]
fn somebody_who_calls_the_line_is_no_text() {
    let fields = [
        ("CallSid", "CA1"),
        ("From", "+15005550006"),
        ("CallStatus", "ringing"),
    ];
    assert!(matches!(
        Hook::post(INBOUND, form(&fields)).event(),
        Event::Ignored(_)
    ));
    // And a text is none of a call, whatever else stands in it.
    let text = [
        ("CallSid", "CA1"),
        ("MessageSid", "SM1"),
        ("From", "+15005550006"),
        ("Body", "hi"),
    ];
    assert_eq!(
        Hook::post(INBOUND, form(&text)).inbound().body.reveal(),
        "hi"
    );
    assert_eq!(in_call(CALL, &text), None);
}

#[test]
fn what_comes_from_a_call_is_read() {
    let heard = in_call(CALL, &[("CallSid", "CA1"), ("CallStatus", "in-progress")]).unwrap();
    assert_eq!(
        heard.outbox_id.map(|id| id.to_string()).as_deref(),
        Some(OUTBOX)
    );
    assert_eq!((heard.key, heard.machine, heard.alarm), (None, false, None));
    for (digits, key) in [
        ("1", Some('1')),
        ("12", Some('1')),
        ("#", Some('#')),
        ("", None),
    ] {
        let heard = in_call(CALL, &[("CallSid", "CA1"), ("Digits", digits)]).unwrap();
        assert_eq!(heard.key, key, "{digits}");
    }
    let heard = in_call(CALL, &[("CallSid", "CA1"), ("AnsweredBy", "machine_start")]).unwrap();
    assert!(heard.machine);
    let alarm = format!("{CALL}&alarm=crisis-kept");
    let heard = in_call(&alarm, &[("CallSid", "CA1")]).unwrap();
    assert_eq!(
        heard.alarm,
        Some(Alarm {
            crisis: true,
            kept: true
        })
    );
    assert_eq!(in_call(CALL, &[("Digits", "1")]), None, "a key of no call");
}

/// The vector of Twilio's own documentation is one of a call with keys pressed in it.
#[test]
fn twilios_own_vector_of_a_key_is_taken_and_a_changed_key_is_not() {
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    let fields = |digits| {
        form(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", digits),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ])
    };
    let signed =
        |digits| Hook::post(url, fields(digits)).signed_with("RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    assert_eq!(signed("1234").verified_by(&["12345"]), Ok(()));
    let heard = gateway(&["12345"]).parse_call(&signed("1234").raw(), Verified(()));
    assert_eq!(heard.unwrap().key, Some('1'));
    assert_eq!(
        signed("2").verified_by(&["12345"]),
        Err(VerifyError::Mismatch)
    );
}

#[test]
fn a_call_says_its_words_three_times_and_waits_for_a_key() {
    let twilio = gateway(&[TOKEN]);
    let said = "You & me <here>. Press 1.".to_owned();
    let news = twilio.say(&Script {
        said: said.clone(),
        asks: None,
    });
    assert_eq!(news.content_type, "text/xml");
    assert!(
        news.body.ends_with(
            "<Response><Say>You &amp; me &lt;here&gt;. Press 1.</Say><Hangup/></Response>"
        ),
        "{}",
        news.body
    );
    let ask = Ask {
        url: format!("{CALL}&x=1"),
        missed: "Goodbye.".to_owned(),
    };
    let page = twilio
        .say(&Script {
            said,
            asks: Some(ask),
        })
        .body;
    assert_eq!(page.matches("Press 1.").count(), 3, "{page}");
    for part in [
        "<Gather input=\"dtmf\" numDigits=\"1\" timeout=\"10\" method=\"POST\" action=\"https://line.example.org/hooks/main/call?ref=01900000-0000-7000-8000-000000000001&amp;x=1\">",
        "</Gather><Say>Goodbye.</Say><Hangup/></Response>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}
