//! The hooks: only the gateway may call them, every text is taken, and each one once.

mod odd;
mod sandbox;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};

use crate::support::wait::until;
use crate::support::world::{
    DUTY, LINE, OTHER_TOKEN, PUBLIC_URL, SECOND, TOKEN, inline_text, minutes, read, seconds, sign,
};
use crate::support::{Engine, World, both};
use odd::{odd_forms, odd_texts};

const INBOUND: &str = "/hooks/main/inbound";
const OPEN: &str = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";
const OWED: &str = "SELECT COUNT(*) FROM obligations";
const INBOUND_ROWS: &str = "SELECT COUNT(*) FROM messages WHERE author = 'texter'";
const DECISIONS: &str = "SELECT COUNT(*) FROM audit_log WHERE action = 'text.decided'";
const KEPT: &str = "SELECT (SELECT COUNT(*) FROM texters) + (SELECT COUNT(*) FROM conversations)
    + (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM outbox)
    + (SELECT COUNT(*) FROM obligations) + (SELECT COUNT(*) FROM alerts)
    + (SELECT COUNT(*) FROM audit_log)";

/// The fields of a form, as bytes: a gateway may send what is no text.
type Fields<'a> = Vec<(&'a str, &'a [u8])>;

/// Twilio's signature over bytes, each pair once, as its libraries compute it.
fn sign_bytes(url: &str, fields: &Fields<'_>) -> String {
    let pairs: BTreeSet<_> = fields.iter().collect();
    let mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    let mac = pairs
        .into_iter()
        .fold(mac.chain_update(url), |mac, (name, value)| {
            mac.chain_update(name).chain_update(value)
        });
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

fn encoded(fields: &Fields<'_>) -> String {
    let escape = |bytes| form_urlencoded::byte_serialize(bytes).collect::<String>();
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name.as_bytes()), escape(value)))
        .collect();
    pairs.join("&")
}

/// A request with a form and any headers.
fn posted(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    headers
        .iter()
        .fold(request, |request, (name, value)| {
            request.header(*name, *value)
        })
        .body(body.into())
        .unwrap()
}

/// Delivers a form of bytes, signed.
async fn deliver(world: &World, fields: &Fields<'_>) -> (StatusCode, String) {
    let signature = sign_bytes(&format!("{PUBLIC_URL}{INBOUND}"), fields);
    let headers = [("x-twilio-signature", signature.as_str())];
    read(world.call(posted(INBOUND, &headers, encoded(fields))).await).await
}

/// The fields of an ordinary text.
fn ordinary<'a>(sid: &'a str, from: &'a str, body: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("MessageSid", sid),
        ("From", from),
        ("To", LINE),
        ("Body", body),
    ]
}

both! {
    async fn a_hook_signed_with_either_token_is_taken(world: World) {
        for (n, token) in [TOKEN, OTHER_TOKEN].into_iter().enumerate() {
            let sid = world.new_sid();
            let fields = ordinary(&sid, "+15550123", "HELP");
            assert_eq!(world.signed(token, INBOUND, &fields).await.0, 200);
            assert_eq!(world.count(INBOUND_ROWS).await, i64::try_from(n).unwrap() + 1);
        }
    }

    async fn a_hook_without_a_good_signature_is_refused_and_nothing_is_kept(world: World) {
        let fields = ordinary("SM1", "+15550123", "i want to die");
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let url = format!("{PUBLIC_URL}{INBOUND}");
        let good = sign(TOKEN, &url, &fields);
        let wrong = [sign("another token", &url, &fields), sign("", &url, &fields)];
        let cases: [&[(&str, &str)]; 9] = [
            &[],
            &[("x-twilio-signature", "")],
            &[("x-twilio-signature", "not base64!")],
            &[("x-twilio-signature", "AAAA")],
            &[("x-twilio-signature", &good[..27])],
            &[("x-twilio-signature", &wrong[0])],
            &[("x-twilio-signature", &wrong[1])],
            &[("x-twilio-signature", &good), ("x-twilio-signature", &good)],
            &[("x-harborline-signature", &good)],
        ];
        for headers in cases {
            let (status, answer) = read(world.call(posted(INBOUND, headers, body.clone())).await).await;
            assert_eq!(status, 403, "{headers:?}");
            assert!(!answer.contains("988") && !answer.contains(&good), "{answer}");
        }
        let changed = body.replace("die", "live");
        let headers = [("x-twilio-signature", good.as_str())];
        assert_eq!(world.call(posted(INBOUND, &headers, changed)).await.status(), 403);
        assert_eq!(world.count(KEPT).await, 0);
        assert_eq!(world.call(posted(INBOUND, &headers, body)).await.status(), 200);
        assert!(world.count(KEPT).await > 0, "the same request with its signature is taken");
    }

    async fn what_is_signed_is_the_configured_url_whatever_the_headers_say(world: World) {
        let fields = ordinary("SM1", "+15550123", "HELP");
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let forged = [
            ("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http"),
            ("x-forwarded-port", "81"), ("forwarded", "host=evil.example;proto=http"),
            ("x-original-url", "/hooks/main/status"), ("x-rewrite-url", "/hooks/main/status"),
        ];
        for url in [
            format!("https://evil.example{INBOUND}"),
            format!("http://evil.example{INBOUND}"),
            format!("{PUBLIC_URL}/hooks/main/status"),
            format!("{PUBLIC_URL}/hooks/other/inbound"),
            format!("{PUBLIC_URL}{INBOUND}?more=1"),
            format!("{}{INBOUND}", PUBLIC_URL.replace("https", "http")),
        ] {
            let signature = sign(TOKEN, &url, &fields);
            let mut headers = forged.to_vec();
            headers.push(("x-twilio-signature", &signature));
            assert_eq!(world.call(posted(INBOUND, &headers, body.clone())).await.status(), 403, "{url}");
        }
        assert_eq!(world.count(KEPT).await, 0);
        let signature = sign(TOKEN, &format!("{PUBLIC_URL}{INBOUND}"), &fields);
        let mut headers = forged.to_vec();
        headers.push(("x-twilio-signature", &signature));
        assert_eq!(world.call(posted(INBOUND, &headers, body)).await.status(), 200);
        assert_eq!(world.count(INBOUND_ROWS).await, 1);
    }

    async fn an_unknown_gateway_is_not_found(world: World) {
        for path in ["/hooks/other/inbound", "/hooks/Main/inbound", "/hooks/main%00/inbound", "/hooks/other/status"] {
            assert_eq!(world.hook(path, &ordinary("SM1", "+15550123", "HELP")).await.0, 404, "{path}");
        }
        assert_eq!(world.count(KEPT).await, 0);
    }

    async fn a_body_over_the_cap_is_refused_and_nothing_is_kept(world: World) {
        let over = "a".repeat(128 * 1024);
        let (status, _) = deliver(&world, &vec![("From", b"+15550123"), ("Body", over.as_bytes())]).await;
        assert_eq!(status, 413);
        assert_eq!(world.count(KEPT).await, 0);
        let under = &over[..120 * 1024];
        let (status, _) = deliver(&world, &vec![("From", b"+15550123"), ("Body", under.as_bytes())]).await;
        assert_eq!(status, 200);
        // On a machine that is slow to judge so long a text it counts as a crisis, whose commit nobody waits for: it
        // may have to come from the spool.
        let kept = until(async || {
            let _ = world.app.failsafe.replay().await;
            world.count(INBOUND_ROWS).await == 1
        });
        assert!(kept.await);
    }

    async fn a_hook_by_get_is_taken_and_other_methods_are_not(world: World) {
        let path = "/hooks/main/inbound?MessageSid=SM1&From=%2B15550123&Body=HELP";
        let get = |signature: String| Request::get(path).header("x-twilio-signature", signature).body(Body::empty()).unwrap();
        let forged = sign(TOKEN, &format!("{PUBLIC_URL}{INBOUND}"), &[]);
        assert_eq!(world.call(get(forged)).await.status(), 403, "the query is covered too");
        let signature = sign(TOKEN, &format!("{PUBLIC_URL}{path}"), &[]);
        assert_eq!(world.call(get(signature.clone())).await.status(), 200);
        world.settle().await;
        assert_eq!(world.phone("+15550123").inbox().len(), 1);
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
            let request = Request::builder().method(method).uri(path)
                .header("x-twilio-signature", signature.clone()).body(Body::empty()).unwrap();
            assert_eq!(world.call(request).await.status(), 405, "{method}");
        }
        assert_eq!(world.count(INBOUND_ROWS).await, 1);
    }

    async fn every_odd_text_is_taken_kept_and_answered(world: World) {
        let texts = [odd_texts(), odd_forms()].concat();
        for (n, (label, fields, words)) in (1..).zip(&texts) {
            let sid = world.new_sid();
            let mut fields = fields.clone();
            fields.push(("MessageSid", sid.as_bytes()));
            let (status, answer) = deliver(&world, &fields).await;
            assert_eq!(status, 200, "{label}: {answer}");
            world.settle().await;
            assert_eq!(world.count(INBOUND_ROWS).await, n, "{label} is kept");
            assert_eq!(world.count(OWED).await, n, "{label} is owed a reply");
            assert_eq!(last_words(&world).await, *words, "{label} is kept as it came");
            // Our question goes out once more through the API when no receipt came; the answer to
            // words that were not understood waits a moment for more of them.
            let wait = if inline_text(&answer).is_some() { 35 } else { 4 };
            world.advance(seconds(wait)).await;
            assert_eq!(world.count(OPEN).await, 0, "{label} has its reply");
        }
        let without_reply = "SELECT COUNT(*) FROM obligations WHERE outcome <> 'replied'";
        assert_eq!(world.count(without_reply).await, 0);
    }

    async fn a_text_of_nobody_is_kept_apart_from_that_of_another_nobody(world: World) {
        for words in [b"one".as_slice(), b"two"] {
            assert_eq!(deliver(&world, &vec![("Body", words)]).await.0, 200);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 2);
    }

    async fn a_crisis_text_is_found_in_odd_bytes(world: World) {
        for (n, body) in [b"i want to die \xff\xfe".as_slice(), b"\0i want to die\0", b"i want to die\xed\xa0\x80"].into_iter().enumerate() {
            let from = format!("+1555012{n}");
            let fields = vec![("MessageSid", from.as_bytes()), ("From", from.as_bytes()), ("Body", body)];
            let (_, twiml) = deliver(&world, &fields).await;
            assert!(inline_text(&twiml).is_some_and(|text| text.contains("988")), "{twiml}");
        }
    }

    async fn one_text_delivered_three_times_is_one_decision_with_one_reply(world: World) {
        let texter = world.phone("+15550123");
        for _ in 0..3 {
            texter.delivers("SM1", "HELP").await;
            world.settle().await;
        }
        assert_eq!(texter.inbox().len(), 1);
        for sql in [INBOUND_ROWS, DECISIONS, OWED, "SELECT COUNT(*) FROM outbox", "SELECT COUNT(*) FROM conversations"] {
            assert_eq!(world.count(sql).await, 1, "{sql}");
        }
    }

    async fn one_text_delivered_twenty_times_at_once_is_one_decision_with_one_reply(world: World) {
        let texter = world.phone("+15550123");
        join_all((0..20).map(|_| texter.delivers("SM1", "HELP"))).await;
        world.settle().await;
        assert_eq!(texter.inbox().len(), 1);
        for sql in [INBOUND_ROWS, DECISIONS, OWED, "SELECT COUNT(*) FROM outbox", "SELECT COUNT(*) FROM conversations"] {
            assert_eq!(world.count(sql).await, 1, "{sql}");
        }
    }

    async fn three_texts_with_the_same_words_are_three_decisions(world: World) {
        let texter = world.phone("+15550123");
        let sids = [world.new_sid(), world.new_sid(), world.new_sid()];
        join_all(sids.iter().map(|sid| texter.delivers(sid, "HELP"))).await;
        world.settle().await;
        assert_eq!(texter.inbox().len(), 3);
        for sql in [INBOUND_ROWS, DECISIONS, OWED] {
            assert_eq!(world.count(sql).await, 3, "{sql}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 1);
    }

    async fn a_crisis_text_delivered_again_pages_and_answers_once(world: World) {
        let texter = world.phone("+15550123");
        let first = texter.delivers("SM1", "i want to die").await;
        assert!(first.as_deref().is_some_and(|text| text.contains("988")));
        join_all((0..10).map(|_| texter.delivers("SM1", "i want to die"))).await;
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts").await, 1);
        for phone in [DUTY, SECOND] {
            assert_eq!(world.phone(phone).inbox().len(), 1);
        }
        assert!(texter.inbox().is_empty());
        // The response that carried the reply may be lost, as the first delivery was: once more.
        world.advance(seconds(35)).await;
        assert_eq!(texter.inbox(), [first.unwrap()]);
    }

    async fn sixty_people_in_crisis_at_once_are_all_kept_answered_and_paged_for(world: World) {
        let phones: Vec<_> = (0..60).map(|n| world.phone(&format!("+155502{n:02}"))).collect();
        let replies = join_all(phones.iter().map(|phone| phone.delivers(&phone.number, "i want to die"))).await;
        assert!(replies.iter().all(|reply| reply.as_deref().is_some_and(|text| text.contains("988"))));
        for sql in [INBOUND_ROWS, DECISIONS, OWED, "SELECT COUNT(DISTINCT code) FROM alerts"] {
            assert_eq!(world.count(sql).await, 60, "{sql}");
        }
        world.settle().await;
        let pages = world.responder().inbox();
        assert!(pages.len() == 1 && pages[0].starts_with("CRISIS: 60 cases wait"), "{pages:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE pages = 1 AND told_at IS NOT NULL").await, 60);
    }

    async fn twenty_texts_of_one_person_at_once_are_one_conversation(world: World) {
        let texter = world.phone("+15550123");
        let sids: Vec<_> = (0..20).map(|_| world.new_sid()).collect();
        let words = |n| if n == 7 { "i want to die" } else { "hello" };
        join_all(sids.iter().enumerate().map(|(n, sid)| texter.delivers(sid, words(n)))).await;
        assert_eq!(world.count(INBOUND_ROWS).await, 20);
        for sql in ["SELECT COUNT(*) FROM texters", "SELECT COUNT(*) FROM conversations", "SELECT COUNT(*) FROM alerts"] {
            assert_eq!(world.count(sql).await, 1, "{sql}");
        }
        let tier = "SELECT COUNT(*) FROM conversations WHERE tier = 'high'";
        assert_eq!(world.count(tier).await, 1, "no later text lowers the tier");
    }

    async fn an_opt_out_that_the_gateway_answered_is_kept_without_a_second_confirmation(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hello").await;
        let send = async |sid: &'static str, words: &'static str, kind: &'static str| {
            let mut fields = ordinary(sid, "+15550123", words).to_vec();
            fields.push(("OptOutType", kind));
            let (status, twiml) = world.hook(INBOUND, &fields).await;
            assert_eq!((status, inline_text(&twiml)), (StatusCode::OK, None));
            world.settle().await;
        };
        send("SM-stop", "STOP", "STOP").await;
        assert!(texter.inbox().is_empty(), "the gateway has confirmed it");
        assert_eq!(world.count(OPEN).await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'keyword_handled'").await, 1);
        texter.texts("menu").await.expect_silence();
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'opted_out'").await, 1);
        send("SM-start", "START", "START").await;
        assert!(texter.inbox().is_empty(), "the gateway has welcomed them back");
        texter.texts("menu").await.expect_reply("Reply with a number");
        send("SM-help", "HELP", "HELP").await;
        assert!(texter.inbox().is_empty(), "the gateway has helped");
        assert_eq!(world.count(OPEN).await, 0);
    }

    async fn an_opt_out_word_that_the_gateway_chose_itself_is_an_opt_out(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hello").await;
        let mut fields = ordinary("SM-stop", "+15550123", "ARRET").to_vec();
        fields.push(("OptOutType", "STOP"));
        assert_eq!(world.hook(INBOUND, &fields).await.0, 200);
        world.settle().await;
        assert!(texter.inbox().is_empty());
        texter.texts("menu").await.expect_silence();
    }

    async fn a_receipt_without_a_good_signature_changes_nothing(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("HELP").await;
        let sent = world.twilio.sent_to(&texter.number).remove(0);
        let path = sent.status_callback.strip_prefix(PUBLIC_URL).unwrap();
        let fields = [("MessageSid", sent.sid.as_str()), ("MessageStatus", "undelivered"), ("ErrorCode", "21610")];
        let forged = "SELECT COUNT(*) FROM outbox WHERE state <> 'accepted' OR delivery IS NOT NULL";
        assert_eq!(world.signed("another token", path, &fields).await.0, 403);
        // A signature over another row's address does not fit this one.
        let signature = sign(TOKEN, &format!("{PUBLIC_URL}/hooks/main/status"), &fields);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let headers = [("x-twilio-signature", signature.as_str())];
        assert_eq!(world.call(posted(path, &headers, body)).await.status(), 403);
        assert_eq!(world.count(forged).await, 0);
        assert_eq!(world.hook(path, &fields).await.0, 200);
        assert_eq!(world.count(forged).await, 1, "the same receipt, signed, counts");
    }

    async fn odd_receipts_are_acknowledged_and_change_nothing(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("HELP").await;
        let sid = world.twilio.sent_to(&texter.number).remove(0).sid;
        let before = "SELECT COUNT(*) FROM outbox WHERE state = 'accepted' AND delivery IS NULL";
        for fields in [
            &[][..],
            &[("MessageSid", sid.as_str())],
            &[("MessageSid", sid.as_str()), ("MessageStatus", "")],
            &[("MessageSid", sid.as_str()), ("MessageStatus", "teleported")],
            &[("MessageStatus", "delivered")],
            &[("MessageSid", "SM\0"), ("MessageStatus", "delivered"), ("ErrorCode", "\0")],
        ] {
            assert_eq!(world.hook("/hooks/main/status", fields).await.0, 200, "{fields:?}");
            assert_eq!(world.count(before).await, 1, "{fields:?}");
        }
    }

    async fn an_inbound_id_of_odd_characters_is_an_id(world: World) {
        for _ in 0..2 {
            let fields = ordinary("SM\0\u{fffd} '\"", "+15550123", "HELP");
            assert_eq!(world.hook(INBOUND, &fields).await.0, 200);
        }
        assert_eq!(world.count(INBOUND_ROWS).await, 1);
    }
}

/// The words of the newest inbound text, unsealed.
async fn last_words(world: &World) -> String {
    let queue = world.in_the_queue().await;
    let mut tx = world.app.store.read().await.unwrap();
    let mut newest = None;
    for conversation in queue {
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let thread = tx.thread(&texter, conversation, 100).await.unwrap();
        newest = thread
            .into_iter()
            .filter(|message| message.verdict.is_some())
            .map(|message| (message.id, message.body.reveal().to_owned()))
            .chain(newest)
            .max();
    }
    newest.unwrap().1
}

#[tokio::test]
async fn a_second_look_at_the_outbox_after_minutes_sends_nothing_twice() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let texter = world.phone("+15550123");
    texter.delivers("SM1", "HELP").await;
    world.settle().await;
    world.advance(minutes(5)).await;
    assert_eq!(texter.inbox().len(), 1);
    assert_eq!(
        world
            .app
            .dispatch
            .run_once(harborline::lane::Lane::Crisis)
            .await
            .unwrap(),
        0
    );
}
