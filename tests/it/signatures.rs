//! A signature that does not hold: refused, taken or held by the operator's choice, and never in
//! silence (P1). A crisis is answered whenever the policy lets it be read at all (P2).

use axum::body::Body;
use axum::http::{Request, StatusCode};
use harborline::config::{Config, GatewaySection};
use harborline::gateway::SignaturePolicy;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::wait::until;
use crate::support::world::{
    LINE, OTHER_TOKEN, PUBLIC_URL, TOKEN, inline_text, minutes, read, seconds, sign,
};
use crate::support::{Engine, World};

const INBOUND: &str = "/hooks/main/inbound";
const STALE_TOKEN: &str = "00000000000000000000000000000000";
const OLD_URL: &str = "https://old.example.org/line";
const TEXTER: &str = "+15550123";

fn set(config: &mut Config, policy: SignaturePolicy) {
    let Some(GatewaySection::Twilio(twilio)) = config.gateways.get_mut("main") else {
        panic!("the world has a Twilio");
    };
    twilio.signature = policy;
    twilio.other_urls = vec![OLD_URL.to_owned()];
}

async fn worlds(policy: SignaturePolicy) -> Vec<World> {
    let mut worlds = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        worlds.extend(World::with(engine, |config| set(config, policy)).await);
    }
    worlds
}

fn text<'a>(sid: &'a str, body: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("MessageSid", sid),
        ("From", TEXTER),
        ("To", LINE),
        ("Body", body),
        ("SmsStatus", "received"),
    ]
}

/// Posts a hook that was signed with this token for this address.
async fn signed_for(
    world: &World,
    token: &str,
    root: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, String) {
    let signature = sign(token, &format!("{root}{INBOUND}"), fields);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = Request::post(INBOUND)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(Body::from(body))
        .unwrap();
    read(world.call(request).await).await
}

/// The texts of the program to the operator.
fn told(world: &World) -> Vec<String> {
    let told = world.responder().inbox();
    told.into_iter()
        .filter(|text| text.starts_with("Harborline"))
        .collect()
}

#[tokio::test]
async fn while_a_token_is_rotated_hooks_signed_with_either_are_taken() {
    for world in worlds(SignaturePolicy::Enforce).await {
        for (sid, token) in [("SM1", TOKEN), ("SM2", OTHER_TOKEN)] {
            let (status, _) = world.signed(token, INBOUND, &text(sid, "MENU")).await;
            assert_eq!(status, 200);
        }
        world.settle().await;
        assert_eq!(told(&world), [""; 0]);
    }
}

#[tokio::test]
async fn after_a_move_the_former_address_may_still_be_signed() {
    for world in worlds(SignaturePolicy::Enforce).await {
        for (sid, root, expected) in [
            ("SM1", PUBLIC_URL, 200),
            ("SM2", OLD_URL, 200),
            ("SM3", "https://elsewhere.example.org", 403),
        ] {
            let (status, _) = signed_for(&world, TOKEN, root, &text(sid, "MENU")).await;
            assert_eq!(status, expected, "{root}");
        }
    }
}

#[tokio::test]
async fn a_storm_of_refused_hooks_is_one_text_to_the_operator_with_a_count() {
    for world in worlds(SignaturePolicy::Enforce).await {
        for n in 0..50 {
            let sid = format!("SM{n}");
            let (status, _) = world
                .signed(STALE_TOKEN, INBOUND, &text(&sid, "I want to die"))
                .await;
            assert_eq!(status, 403);
        }
        world.settle().await;
        let said = told(&world);
        assert!(
            said.len() == 1
                && said[0].contains("50 hook(s) of gateway main")
                && said[0].contains("REFUSED"),
            "{said:?}"
        );
        assert!(
            said[0].contains("gateways.main") && said[0].contains("public_url"),
            "{said:?}"
        );
        assert!(
            !said[0].contains("0123") && !said[0].contains("die"),
            "{said:?}"
        );
        let ready = world.readyz().await;
        assert_eq!(
            (&ready["status"], &ready["incidents"][0]["kind"]),
            (&"degraded".into(), &"signature".into())
        );
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 0);

        world.advance(minutes(10)).await;
        world
            .signed(STALE_TOKEN, INBOUND, &text("SMlate", "MENU"))
            .await;
        world.advance(minutes(6)).await;
        let said = told(&world);
        assert!(
            said.len() == 1 && said[0].contains("51 hook(s)"),
            "again while it goes on: {said:?}"
        );
        world.advance(minutes(20)).await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("over"), "{said:?}");
        assert_eq!(world.readyz().await["status"], "ok");
    }
}

#[tokio::test]
async fn observed_texts_are_taken_in_and_the_operator_is_told() {
    for world in worlds(SignaturePolicy::Observe).await {
        let (status, twiml) = world
            .signed(STALE_TOKEN, INBOUND, &text("SM1", "I want to die"))
            .await;
        assert_eq!(status, 200);
        assert!(inline_text(&twiml).unwrap().contains("988"));
        world.settle().await;
        let heard = world.responder().inbox();
        assert!(
            heard.iter().any(|text| text.starts_with("CRISIS")),
            "{heard:?}"
        );
        assert!(
            heard
                .iter()
                .any(|text| text.contains("taken in all the same")),
            "{heard:?}"
        );
    }
}

#[tokio::test]
async fn a_quarantined_crisis_is_answered_with_988_and_paged_once() {
    for world in worlds(SignaturePolicy::Quarantine).await {
        for sid in ["SM1", "SM1", "SM2"] {
            let (status, twiml) = world
                .signed(STALE_TOKEN, INBOUND, &text(sid, "I want to die"))
                .await;
            assert_eq!(status, 200);
            assert!(inline_text(&twiml).unwrap().contains("988"));
            world.settle().await;
        }
        let pages = |heard: Vec<String>| {
            let pages = heard
                .into_iter()
                .filter(|text| text.contains("NOT confirmed"));
            pages.collect::<Vec<_>>()
        };
        let first = pages(world.responder().inbox());
        assert!(
            first.len() == 1 && first[0].contains("1 text on gateway main"),
            "{first:?}"
        );
        assert!(!first[0].contains("0123"), "{first:?}");
        world.advance(minutes(30)).await;
        let second = pages(world.responder().inbox());
        assert_eq!(
            second.len(),
            1,
            "the second text, and neither of them again: {second:?}"
        );
        let made = "SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM texters)";
        assert_eq!(world.count(made).await, 0, "nobody vouches for it");
    }
}

/// The bodies of the texts that Telnyx was asked to send to a number, once there are so many.
async fn texted(server: &MockServer, number: &str, times: usize) -> Vec<String> {
    let sent = async || {
        let requests = server.received_requests().await.unwrap();
        let bodies = requests.iter().map(|request| &request.body);
        let sends = bodies.filter_map(|body| serde_json::from_slice::<Value>(body).ok());
        let to_them = sends.filter(|send| send["to"] == number);
        let words = to_them.map(|send| send["text"].as_str().unwrap().to_owned());
        words.collect::<Vec<_>>()
    };
    until(async || sent().await.len() >= times).await;
    sent().await
}

#[tokio::test]
async fn a_quarantined_crisis_is_answered_where_the_response_carries_no_reply_and_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({"data": {"id": "t1"}}));
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(503))
            .up_to_n_times(3)
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let policy = SignaturePolicy::Quarantine;
        let Some(world) = World::with_telnyx_under(engine, server.uri(), policy).await else {
            continue;
        };
        let hook = async |sid: &str, from: &str, words: &str| {
            let body = json!({"data": {"event_type": "message.received", "payload": {
                "id": sid, "direction": "inbound", "text": words,
                "from": {"phone_number": from}, "to": [{"phone_number": "+15550101"}]}}});
            let request = Request::post("/hooks/telnyx/inbound")
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()))
                .unwrap();
            read(world.call(request).await).await
        };
        let (status, body) = hook("t1", TEXTER, "I want to die").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "{}"));
        let tried = texted(&server, TEXTER, 3).await;
        assert_eq!(tried.len(), 3, "three times at once");
        world.settle().await;
        world.advance(minutes(2)).await;
        let heard = texted(&server, TEXTER, 4).await;
        assert!(
            heard.len() == 4 && heard[3].contains("988"),
            "and when its lease ran out: {heard:?}"
        );
        // The same again, and another one of the same number: they have their answer.
        for sid in ["t1", "t2"] {
            hook(sid, TEXTER, "I want to die").await;
        }
        hook("t3", "+15550124", "menu").await;
        hook("t4", "+15550125", "I want to die").await;
        assert_eq!(texted(&server, "+15550125", 1).await.len(), 1);
        world.advance(minutes(5)).await;
        assert_eq!(texted(&server, TEXTER, 4).await.len(), 4);
        assert_eq!(texted(&server, "+15550124", 0).await.len(), 0, "no crisis");
        let heard = world.responder().inbox();
        let paged = heard.iter().filter(|text| text.contains("NOT confirmed"));
        assert!(paged.count() >= 1, "{heard:?}");
    }
}

#[tokio::test]
async fn without_the_database_a_quarantined_crisis_is_answered_and_other_texts_are_to_come_again() {
    let settings = |config: &mut Config| set(config, SignaturePolicy::Quarantine);
    let world = World::with(Engine::Sqlite, settings).await.unwrap();
    world.app.store.close().await;
    let fields = text("SM1", "I want to die");
    let (status, twiml) = world.signed(STALE_TOKEN, INBOUND, &fields).await;
    assert_eq!(status, 200);
    assert!(inline_text(&twiml).unwrap().contains("988"), "{twiml}");
    crate::failsafe::paged(&world, 1).await;
    // It is kept nowhere: nobody vouches for it, and the spool is for what is taken in.
    let (status, _) = world
        .signed(STALE_TOKEN, INBOUND, &text("SM2", "MENU"))
        .await;
    assert_eq!(status, 503);
    assert!(world.app.failsafe.spool.is_empty());
}

/// As many held texts as there is room for, from somebody who knows the address of the hook.
pub(crate) async fn fill_the_quarantine(world: &World) {
    let filled = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
        INSERT INTO quarantine (id, gateway, gateway_ref, number_index, why, tier, inbound_sealed, at)
        SELECT randomblob(16), 'main', 'x' || n, x'00', 'unsigned', 'none', x'00', n FROM n";
    assert_eq!(world.damage(filled).await, 5000);
}

#[tokio::test]
async fn when_no_more_can_be_held_a_crisis_is_answered_and_paged_and_the_operator_is_told() {
    let settings = |config: &mut Config| set(config, SignaturePolicy::Quarantine);
    let world = World::with(Engine::Sqlite, settings).await.unwrap();
    fill_the_quarantine(&world).await;
    let fields = text("SM1", "I want to die");
    let (status, twiml) = world.signed(STALE_TOKEN, INBOUND, &fields).await;
    assert_eq!(status, 200);
    assert!(inline_text(&twiml).unwrap().contains("988"), "{twiml}");
    crate::failsafe::paged(&world, 1).await;
    // What is no crisis may come again when there is room.
    let fields = text("SM2", "MENU");
    let (status, _) = world.signed(STALE_TOKEN, INBOUND, &fields).await;
    assert_eq!(status, 503);
    world.settle().await;
    let said = told(&world);
    let full = said
        .iter()
        .any(|text| text.contains("on gateway main could NOT BE HELD"));
    assert!(full, "{said:?}");
}

#[tokio::test]
async fn a_quarantined_text_is_released_once_or_discarded_for_good() {
    for world in worlds(SignaturePolicy::Quarantine).await {
        for (sid, body) in [
            ("SM1", "MENU"),
            ("SM2", "what is dbt?"),
            ("SM3", "I want to die"),
        ] {
            let (status, twiml) = world.signed(STALE_TOKEN, INBOUND, &text(sid, body)).await;
            assert_eq!(
                (status, inline_text(&twiml).is_some()),
                (StatusCode::OK, sid == "SM3")
            );
        }
        // A receipt that nobody signed is not acted on.
        let receipt = [("MessageSid", "SMout"), ("MessageStatus", "delivered")];
        assert_eq!(
            world
                .signed(STALE_TOKEN, "/hooks/main/status", &receipt)
                .await
                .0,
            200
        );
        world.settle().await;
        assert_eq!(world.phone(TEXTER).inbox(), [""; 0]);

        world.advance(minutes(15)).await;
        let said = told(&world);
        assert!(
            said.iter()
                .any(|text| text.contains("3 texts on gateway main are held")),
            "{said:?}"
        );

        let held = world.app.store.read().await.unwrap().held(9).await.unwrap();
        let [menu, dbt, crisis] = [held[0].id, held[1].id, held[2].id];
        let intake = &world.app.intake;
        assert_eq!(
            intake.show_held(dbt).await.unwrap().body.reveal(),
            "what is dbt?"
        );
        intake.release(menu).await.unwrap();
        intake.release(crisis).await.unwrap();
        intake.discard(dbt).await.unwrap();
        for id in [menu, dbt, crisis] {
            assert!(intake.release(id).await.is_err() && intake.discard(id).await.is_err());
        }
        world.settle().await;
        let heard = world.phone(TEXTER).inbox();
        assert!(
            heard
                .iter()
                .any(|text| text.contains("1 What self-harm is")),
            "{heard:?}"
        );
        assert!(heard.iter().any(|text| text.contains("988")), "{heard:?}");
        assert!(
            !heard.iter().any(|text| text.contains("DBT is")),
            "{heard:?}"
        );
        assert!(
            world
                .responder()
                .inbox()
                .iter()
                .any(|text| text.starts_with("CRISIS: case"))
        );
        let kept = "SELECT COUNT(*) FROM quarantine WHERE LENGTH(inbound_sealed) > 0 OR LENGTH(number_index) > 0";
        assert_eq!(world.count(kept).await, 0);
        let late = "SELECT MAX(o.created_at) - MIN(m.at) FROM messages m, outbox o WHERE m.author = 'texter'";
        assert!(
            world.count(late).await >= 15 * 60 * 1000,
            "a text keeps its own time"
        );
        world.advance(seconds(10)).await;
        let said = told(&world);
        assert!(
            said.iter()
                .any(|text| text.contains("no texts on gateway main are held")),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn erasing_a_texter_destroys_what_is_held_in_their_name() {
    for world in worlds(SignaturePolicy::Quarantine).await {
        world
            .signed(STALE_TOKEN, INBOUND, &text("SM1", "my secret"))
            .await;
        let texter = world.phone(TEXTER);
        texter.texts("MENU").await;
        texter.texts("DELETE").await;
        texter.texts("DELETE").await;
        world.advance(minutes(5)).await;
        let erased = "SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL";
        assert_eq!(world.count(erased).await, 1);
        let kept =
            "SELECT COUNT(*) FROM quarantine WHERE LENGTH(inbound_sealed) > 0 OR done_at IS NULL";
        assert_eq!(world.count(kept).await, 0);
    }
}
