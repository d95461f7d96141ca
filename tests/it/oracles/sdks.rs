//! Hooks that the providers' own Python libraries sign and judge, and TwiML that Twilio's writes.

use axum::http::HeaderName;
use harborline::gateway::call::{Ask, Caller as _, Script};
use harborline::gateway::plivo::{Plivo, PlivoConfig};
use harborline::gateway::telnyx::{PublicKey, Telnyx, TelnyxConfig};
use harborline::gateway::{InlineReply, VerifyError};
use harborline::oncall::{Address, Channel, Destination, PageKind, Preset, Secret};
use harborline::pager::Page;
use harborline::pager::webhook::new_secret;
use harborline::phone::PhoneNumber;
use harborline::text::MessageBody;
use uuid::Uuid;

use super::*;

pub(super) const SCRIPT: &str = "sdks.py";
const NOW_S: i64 = 1_767_225_600;

fn twilio(token: &str) -> Twilio {
    Twilio::new(TwilioConfig {
        name: "main".to_owned(),
        account_sid: "AC00000000000000000000000000000000".to_owned(),
        auth_tokens: vec![token.into()],
        sender: "+15550100".to_owned(),
        calls_from: None,
        api_url: "https://api.example.org".to_owned(),
    })
}

fn plivo(token: &str) -> Plivo {
    Plivo::new(PlivoConfig {
        name: "main".to_owned(),
        auth_id: "MA0000000000000000".to_owned(),
        auth_tokens: vec![token.into()],
        allow_v2: false,
        sender: "+15550100".to_owned(),
        api_url: "https://api.example.org".to_owned(),
    })
}

fn telnyx(public_key: &str) -> Telnyx {
    Telnyx::new(TelnyxConfig {
        name: "main".to_owned(),
        api_key: "key".into(),
        public_keys: vec![PublicKey::parse(public_key).unwrap()],
        sender: "+15550100".to_owned(),
        api_url: "https://api.example.org".to_owned(),
    })
}

/// What a gateway says of a hook.
fn judged(
    gateway: &dyn Gateway,
    (method, url, body): (&Method, &str, &str),
    headers: &[(&'static str, &str)],
) -> Result<(), VerifyError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    let request = RawRequest {
        method,
        url,
        headers: &map,
        body: body.as_bytes(),
        now: At(NOW_S * 1000),
    };
    gateway.verify(&request).map(drop)
}

/// Fields of a text, hard to sign; no name twice, because each library orders those in its own way.
fn fields(chance: &Chance) -> Vec<(String, String)> {
    let pieces = [
        "a",
        "B",
        " ",
        "+",
        "&",
        "=",
        "é",
        "\u{1f614}",
        "'",
        "%",
        "1",
    ];
    let names = ["Text", "From", "To", "MessageUUID", "Body", "a", "Z"];
    let count = 1 + chance.below(names.len());
    names[..count]
        .iter()
        .map(|name| ((*name).to_owned(), chance.string(&pieces, 10)))
        .collect()
}

fn form(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn params(fields: &[(String, String)]) -> Value {
    fields
        .iter()
        .map(|(k, v)| (k.clone(), json!(v)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The fields with one changed, or one more.
fn other(fields: &[(String, String)], chance: &Chance) -> Vec<(String, String)> {
    let mut changed = fields.to_vec();
    match changed.first_mut().filter(|_| chance.below(2) == 0) {
        Some((_, value)) => value.push('x'),
        None => changed.push(("More".to_owned(), "x".to_owned())),
    }
    changed
}

/// Address and body of a hook: a `GET` has its fields in the one, a `POST` in the other.
fn placed(method: &Method, url: &str, fields: &[(String, String)]) -> (String, String) {
    if *method != Method::GET || fields.is_empty() {
        return (url.to_owned(), form(fields));
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    (format!("{url}{joint}{}", form(fields)), String::new())
}

#[test]
fn hooks_that_twilios_python_library_signs_are_taken_and_changed_ones_are_not() {
    let chance = Chance(SeededIds::new(3));
    let cases: Vec<_> = (0..60)
        .map(|n| {
            let hosts = [
                "https://line.example.org",
                "https://line.example.org:8443",
                "http://line.example.org",
            ];
            (
                format!("{}/hooks/main/inbound?x={n}", hosts[n % 3]),
                fields(&chance),
            )
        })
        .collect();
    let question = |(url, fields): &(String, Vec<_>)| json!({"sdk": "twilio", "token": "token", "url": url, "params": params(fields)});
    let Some(answers) = ask(SCRIPT, &cases.iter().map(question).collect::<Vec<_>>()) else {
        return;
    };
    for ((url, fields), answer) in cases.iter().zip(answers) {
        let signature = [("x-twilio-signature", answer["signature"].as_str().unwrap())];
        let judge = |token: &str, url: &str, body: &str| {
            judged(&twilio(token), (&Method::POST, url, body), &signature)
        };
        assert_eq!(
            judge("token", url, &form(fields)),
            Ok(()),
            "{url} {fields:?}"
        );
        let mismatch = Err(VerifyError::Mismatch);
        assert_eq!(judge("other", url, &form(fields)), mismatch);
        assert_eq!(judge("token", &format!("{url}0"), &form(fields)), mismatch);
        assert_eq!(
            judge("token", url, &form(&other(fields, &chance))),
            mismatch
        );
    }
}

#[test]
fn hooks_that_plivos_library_signs_are_taken_and_changed_ones_are_judged_alike() {
    let chance = Chance(SeededIds::new(4));
    let urls = [
        "https://line.example.org/hooks/main/inbound",
        "https://line.example.org:8443/hooks/main/inbound?ref=1",
        "https://line.example.org/hooks/main/inbound?z=1&b=2",
    ];
    let mut cases = Vec::new();
    for n in 0..60 {
        let method = if n % 4 == 0 {
            Method::GET
        } else {
            Method::POST
        };
        // Some of either without any field.
        let fields = if n % 5 == 0 {
            Vec::new()
        } else {
            fields(&chance)
        };
        cases.push((method, urls[n % 3].to_owned(), fields, String::new()));
    }
    let question = |(method, url, fields, signature): &(Method, String, Vec<_>, String)| {
        let mut question = json!({"sdk": "plivo", "token": "token", "method": method.as_str(),
            "url": url, "nonce": "12345", "params": params(fields)});
        if !signature.is_empty() {
            question["signature"] = json!(signature);
        }
        question
    };
    let Some(answers) = ask(SCRIPT, &cases.iter().map(question).collect::<Vec<_>>()) else {
        return;
    };
    for (case, answer) in cases.iter_mut().zip(answers) {
        answer["signature"]
            .as_str()
            .unwrap()
            .clone_into(&mut case.3);
    }
    let changed: Vec<_> = cases
        .iter()
        .cloned()
        .map(|(method, url, fields, signature)| {
            if chance.below(4) == 0 {
                (method, url.replace("main", "other"), fields, signature)
            } else {
                (method, url, other(&fields, &chance), signature)
            }
        })
        .collect();
    let all: Vec<_> = cases.into_iter().chain(changed).collect();
    let verdicts = ask(SCRIPT, &all.iter().map(question).collect::<Vec<_>>()).unwrap();
    let mut taken = 0;
    for ((method, url, fields, signature), verdict) in all.iter().zip(verdicts) {
        let headers = [
            ("x-plivo-signature-v3", signature.as_str()),
            ("x-plivo-signature-v3-nonce", "12345"),
        ];
        let (address, body) = placed(method, url, fields);
        let ours = judged(&plivo("token"), (method, &address, &body), &headers).is_ok();
        assert_eq!(verdict["valid"], ours, "{method} {url} {fields:?}");
        taken += usize::from(ours);
    }
    assert_eq!(taken, 60);
}

#[test]
fn hooks_are_judged_as_by_telnyxs_library_and_its_clock() {
    let seed = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let body =
        r#"{"data":{"event_type":"message.received","payload":{"text":"help \ud83d\ude14 é"}}}"#;
    let sign = json!({"sdk": "telnyx", "seed": seed, "timestamp": NOW_S.to_string(), "body": body});
    let Some(signed) = ask(SCRIPT, &[sign]) else {
        return;
    };
    let signature = signed[0]["signature"].as_str().unwrap().to_owned();
    let public_key = signed[0]["public_key"].as_str().unwrap();
    let longer = format!("{body} ");
    let time = NOW_S.to_string();
    let (late, early) = ((NOW_S - 301).to_string(), (NOW_S + 300).to_string());
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{first}{}", &signature[1..]);
    let mut cases = Vec::new();
    for (time, body, signature) in [
        (&time, body, &signature),
        (&time, longer.as_str(), &signature),
        (&late, body, &signature),
        (&early, body, &signature),
        (&time, body, &flipped),
        (&time, body, &"AAAA".to_owned()),
        (&"x".to_owned(), body, &signature),
    ] {
        cases.push((time.clone(), body.to_owned(), signature.clone()));
    }
    // Signed at the edges of the window.
    let times = [-301_i64, -300, 0, 300, 301].map(|offset| (NOW_S + offset).to_string());
    let sign =
        |time: &String| json!({"sdk": "telnyx", "seed": seed, "timestamp": time, "body": body});
    let signed = ask(SCRIPT, &times.each_ref().map(sign)).unwrap();
    for (time, signed) in times.into_iter().zip(signed) {
        let signature = signed["signature"].as_str().unwrap().to_owned();
        cases.push((time, body.to_owned(), signature));
    }
    let question = |(time, body, signature): &(String, String, String)| {
        json!({"sdk": "telnyx", "seed": seed, "timestamp": time, "body": body, "now": NOW_S,
            "signature": signature, "public_key": public_key})
    };
    let verdicts = ask(SCRIPT, &cases.iter().map(question).collect::<Vec<_>>()).unwrap();
    let mut taken = 0;
    for ((time, body, signature), verdict) in cases.iter().zip(verdicts) {
        let headers = [
            ("telnyx-signature-ed25519", signature.as_str()),
            ("telnyx-timestamp", time.as_str()),
        ];
        let hook = (
            &Method::POST,
            "https://line.example.org/hooks/main/inbound",
            body.as_str(),
        );
        let ours = judged(&telnyx(public_key), hook, &headers).is_ok();
        assert_eq!(verdict["valid"], ours, "{time} {signature}");
        taken += usize::from(ours);
    }
    assert_eq!(taken, 4);
}

#[test]
fn our_twiml_is_what_twilios_library_writes() {
    let to = PhoneNumber::of_sender("+15005550006");
    let packs = Packs::builtin().unwrap();
    let fill = Fill {
        line: "Example & Line",
        contact: "help@example.org",
        free_to_end_user: false,
        topic: "",
        choices: "",
        care: "",
    };
    let crisis = packs.message(Locale::Es, Key::CrisisHigh, &fill);
    let url = "https://line.example.org/hooks/main/status?ref=1&x=<\"'>";
    let mut questions = Vec::new();
    for body in [
        None,
        Some("You & <me> \"988\" it's 😔\nnext"),
        Some(crisis.as_str()),
    ] {
        for url in [None, Some(url)] {
            let words = MessageBody::new(body.unwrap_or_default());
            let reply = body.map(|_| InlineReply {
                to: &to,
                body: &words,
                receipts_url: url,
            });
            let xml = twilio("token").acknowledge(reply).body;
            questions.push(json!({"sdk": "twiml", "body": body, "url": url, "xml": xml}));
        }
    }
    let Some(answers) = ask(SCRIPT, &questions) else {
        return;
    };
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(answer["same"], true, "{question}");
    }
    // The same by the library for Node: it writes, and Python compares.
    let texts: Vec<Value> = questions
        .iter()
        .map(|question| json!({"body": question["body"], "url": question["url"]}))
        .collect();
    let Some(written) = ask("twilio-sign.mjs", &texts) else {
        return;
    };
    for (question, written) in questions.iter_mut().zip(written) {
        question["theirs"] = written["xml"].clone();
    }
    let answers = ask(SCRIPT, &questions).unwrap();
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(answer["same"], true, "{question}");
    }
}

#[test]
fn our_xml_is_what_plivos_library_writes() {
    let to = PhoneNumber::of_sender("+15005550006");
    let url = "https://line.example.org/hooks/main/status?ref=1&x=<\"'>";
    let mut questions = Vec::new();
    for body in [None, Some("You & <me> \"988\" it's 😔\nnext")] {
        for url in [None, Some(url)] {
            let words = MessageBody::new(body.unwrap_or_default());
            let reply = body.map(|_| InlineReply {
                to: &to,
                body: &words,
                receipts_url: url,
            });
            let xml = plivo("token").acknowledge(reply).body;
            questions.push(
                json!({"sdk": "plivoxml", "body": body, "url": url, "src": "15550100", "dst": "15005550006", "xml": xml}),
            );
        }
    }
    let Some(answers) = ask(SCRIPT, &questions) else {
        return;
    };
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(answer["same"], true, "{question}");
    }
}

#[test]
fn a_call_says_what_twilios_library_would_have_written() {
    let twilio = twilio("token");
    let chance = Chance(SeededIds::new(8));
    let pieces = [
        "case K, 7",
        " & ",
        "<",
        "\"",
        "'",
        "é",
        "\u{1f614}",
        ". ",
        "1",
    ];
    let url = "https://line.example.org/hooks/main/call?ref=1&alarm=crisis-kept";
    let cases: Vec<(Script, Value)> = (0..20)
        .map(|n| {
            let said = format!("Press 1{}", chance.string(&pieces, 12));
            let missed = (n % 2 == 0).then(|| format!("Goodbye{}", chance.string(&pieces, 3)));
            let ask = |missed: &String| Ask {
                url: url.to_owned(),
                missed: missed.clone(),
            };
            let script = Script {
                said: said.clone(),
                asks: missed.as_ref().map(ask),
            };
            let xml = twilio.say(&script).body;
            let question =
                json!({"sdk": "voice", "said": said, "missed": missed, "url": url, "xml": xml});
            (script, question)
        })
        .collect();
    let questions: Vec<Value> = cases.iter().map(|(_, question)| question.clone()).collect();
    let Some(answers) = ask(SCRIPT, &questions) else {
        return;
    };
    for ((script, _), answer) in cases.iter().zip(answers) {
        assert_eq!(answer["same"], true, "{script:?}");
    }
}

/// A page as the receiver of our own JSON gets it.
fn webhook(secret: &str, words: &str, now: At) -> (Vec<(String, String)>, String) {
    let to = Destination {
        channel: Channel::Webhook,
        address: Address::new("https://pages.example.org/in"),
        preset: Some(Preset::Json.word().to_owned()),
        secret: Some(Secret::new(secret)),
    };
    let page = Page {
        id: Uuid::from_u128(9),
        kind: PageKind::Page,
        to: &to,
        method: None,
        words,
        case: None,
        cases: 0,
        line: "Example Line",
        sign_in: "https://line.example.org/",
        at: now,
    };
    let request = harborline::pager::webhook::build(&page, now).unwrap();
    let headers = request.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (headers.collect(), String::from_utf8(request.body).unwrap())
}

#[test]
fn webhooks_that_we_sign_are_taken_by_the_library_of_standard_webhooks() {
    let chance = Chance(SeededIds::new(9));
    let pieces = [
        "CRISIS",
        " ",
        "K7",
        "é",
        "\u{1f614}",
        "\"",
        "\\",
        "\n",
        "{",
        "1",
    ];
    let mut questions = Vec::new();
    for n in 0..40 {
        let secret = new_secret(&SeededIds::new(n)).reveal().to_owned();
        let words = chance.string(&pieces, 20);
        let (headers, body) = webhook(&secret, &words, At(NOW_S * 1000));
        let headers: serde_json::Map<_, _> =
            headers.into_iter().map(|(k, v)| (k, json!(v))).collect();
        let right = json!({"sdk": "webhook", "secret": secret, "now": NOW_S, "headers": headers, "body": body});
        let mut changed = right.clone();
        match n % 4 {
            0 => changed["body"] = json!(format!("{body} ")),
            1 => changed["headers"]["webhook-id"] = json!("msg_other"),
            2 => changed["secret"] = json!(new_secret(&SeededIds::new(1_000 + n)).reveal()),
            // Signed when it is sent: what is kept and sent again later is refused.
            _ => changed["now"] = json!(NOW_S + 301),
        }
        questions.extend([right, changed]);
    }
    let Some(answers) = ask(SCRIPT, &questions) else {
        return;
    };
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["valid"], n % 2 == 0, "{}", questions[n]);
    }
}
