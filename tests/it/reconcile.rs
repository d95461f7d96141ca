//! A text that no hook brought is found at the provider, answered late, and the operator is told.

use harborline::clock::{At, Clock};

use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::failsafe::refusals;
use crate::support::world::{SECOND_LINE, TOKEN, minutes, seconds};
use crate::support::{Engine, World, both};

const TEXTER: &str = "+15550123";

/// The texts of the program to the operator.
fn told(world: &World) -> Vec<String> {
    let told = world.responder().inbox();
    told.into_iter()
        .filter(|text| text.starts_with("Harborline"))
        .collect()
}

fn now(world: &World) -> At {
    world.clock.now()
}

both! {
    async fn a_text_whose_hook_never_came_is_answered_within_four_minutes_and_told(world: World) {
        world.settle().await;
        world.twilio.came_in("SMlost", TEXTER, "I want to die", now(&world));
        let sent_at = now(&world).0;
        world.advance(minutes(4)).await;
        assert!(world.phone(TEXTER).inbox().iter().any(|text| text.contains("988")));
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.starts_with("CRISIS: case")), "{heard:?}");
        let said: Vec<_> = heard.iter().filter(|text| text.contains("never reached our webhook")).collect();
        assert!(said.len() == 1 && said[0].contains("1 text on gateway main"), "{said:?}");
        assert_eq!(world.count("SELECT at FROM messages WHERE author = 'texter'").await, sent_at);
        assert_eq!(world.readyz().await["incidents"][0]["kind"], "missed_hook");
        world.advance(minutes(20)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await, 1, "once");
    }

    async fn a_no_that_was_sent_before_our_question_does_not_answer_it_when_it_is_found(world: World) {
        world.settle().await;
        world.twilio.came_in("SMlost", TEXTER, "no", now(&world));
        world.advance(seconds(30)).await;
        world.twilio.came_in("SM2", TEXTER, "im so alone", now(&world));
        world.phone(TEXTER).delivers("SM2", "im so alone").await;
        world.advance(minutes(4)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL").await, 1);
        world.advance(minutes(2)).await;
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.contains("case")), "paged, because no answer came: {heard:?}");
    }

    async fn what_a_hook_brought_is_known_and_what_may_still_come_is_left_alone(world: World) {
        world.settle().await;
        for (sid, number) in [("SM1", "+15550123"), ("SM2", "+15550124"), ("SM3", "+15550125")] {
            world.twilio.came_in(sid, number, "MENU", now(&world));
            world.phone(number).delivers(sid, "MENU").await;
        }
        world.advance(seconds(170)).await;
        world.twilio.came_in("SM4", TEXTER, "CBT", now(&world));
        world.advance(seconds(20)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await, 3);
        world.phone(TEXTER).delivers("SM4", "CBT").await;
        world.advance(minutes(10)).await;
        assert_eq!(told(&world), [""; 0]);
    }

    async fn a_list_of_many_pages_is_read_to_its_end_in_the_order_of_the_texts(world: World) {
        world.settle().await;
        for n in 0..7 {
            world.twilio.came_in(&format!("SM{n}"), &format!("+1555013{n}"), "MENU", now(&world));
            world.clock.advance(seconds(1));
        }
        world.advance(minutes(4)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await, 7);
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("7 texts"), "{said:?}");
    }

    async fn a_provider_that_cannot_be_asked_is_told_after_three_looks_and_nothing_is_passed_over(world: World) {
        world.settle().await;
        world.twilio.fail_lists(true);
        world.twilio.came_in("SMlost", TEXTER, "MENU", now(&world));
        world.advance(minutes(7)).await;
        assert_eq!(told(&world), [""; 0]);
        world.advance(minutes(30)).await;
        let said = told(&world);
        assert!(!said.is_empty() && said[0].contains("could not be asked"), "{said:?}");
        world.twilio.fail_lists(false);
        world.advance(minutes(4)).await;
        let said = told(&world);
        assert!(said.iter().any(|text| text.contains("can be asked for texts again")), "{said:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await, 1);
    }

    async fn a_text_that_the_database_refuses_holds_up_no_other_and_is_told_once(world: World) {
        world.settle().await;
        let [bad, ..] = refusals(&world);
        world.damage(bad).await;
        world.twilio.came_in("SMbad", TEXTER, "I want to die", now(&world));
        world.clock.advance(seconds(1));
        world.twilio.came_in("SMgood", "+15550124", "MENU", now(&world));
        world.advance(minutes(4)).await;
        world.phone("+15550124").expect("Reply with a number");
        world.twilio.came_in("SMlater", "+15550125", "MENU", now(&world));
        world.advance(minutes(8)).await;
        world.phone("+15550125").expect("Reply with a number");
        let said = told(&world);
        let lost: Vec<_> = said.iter().filter(|text| text.contains("our database refuses them")).collect();
        assert!(lost.len() == 1 && lost[0].contains("1 text on gateway main"), "{said:?}");
        assert!(!said.iter().any(|text| text.contains("could not be asked")), "{said:?}");
    }

    async fn one_replica_looks_at_a_time(world: World) {
        let other = world.another_app().await;
        let (one, two) = tokio::join!(world.app.reconcile.tick(), other.reconcile.tick());
        one.unwrap();
        two.unwrap();
        assert_eq!(world.twilio.lists(), 1);
        world.clock.advance(minutes(4));
        other.reconcile.tick().await.unwrap();
        assert_eq!(world.twilio.lists(), 2, "whoever comes first takes the next round");
    }

    async fn what_was_erased_does_not_come_back_by_a_list(world: World) {
        world.settle().await;
        for (sid, body) in [("SM1", "MENU"), ("SM2", "DELETE"), ("SM3", "DELETE")] {
            world.twilio.came_in(sid, TEXTER, body, now(&world));
            world.phone(TEXTER).delivers(sid, body).await;
            world.advance(seconds(5)).await;
        }
        world.advance(minutes(15)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 1, "no stranger of the same number");
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE gateway_ref IS NOT NULL").await, 0);
    }

    async fn a_refused_hook_is_made_up_for_by_the_list(world: World) {
        world.settle().await;
        world.twilio.came_in("SM1", TEXTER, "I want to die", now(&world));
        let fields = [("MessageSid", "SM1"), ("From", TEXTER), ("Body", "I want to die")];
        let (status, _) = world.signed("0123", "/hooks/main/inbound", &fields).await;
        assert_eq!(status, 403);
        world.advance(minutes(4)).await;
        assert!(world.phone(TEXTER).inbox().iter().any(|text| text.contains("988")));
        // A hook of it that comes later is the same text.
        assert_eq!(world.signed(TOKEN, "/hooks/main/inbound", &fields).await.0, 200);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await, 1);
    }
}

/// A Telnyx that lists one text a page, the latest first, and hands out these.
async fn telnyx(listed: &[(&str, &str)], handed_out: &[(&str, &str)]) -> MockServer {
    let server = MockServer::start().await;
    let answers = |verb: &str, at: String| Mock::given(method(verb)).and(path(at));
    for (n, (id, created_at)) in listed.iter().enumerate() {
        let page = n + 1;
        let body = json!({
            "data": [{"uuid": id, "direction": "inbound", "cld": SECOND_LINE, "created_at": created_at}],
            "meta": {"page_number": page, "page_size": 1, "total_pages": listed.len()},
        });
        answers("GET", "/v2/detail_records".to_owned())
            .and(query_param("page[number]", page.to_string()))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    for (id, text) in handed_out {
        let body: Value = json!({"data": {
            "id": id, "direction": "inbound", "from": {"phone_number": TEXTER}, "text": text,
            "to": [{"phone_number": SECOND_LINE}], "media": [],
        }});
        answers("GET", format!("/v2/messages/{id}"))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    let taken = json!({"data": {"id": "sent", "to": [{"status": "queued"}]}});
    answers("POST", "/v2/messages".to_owned())
        .respond_with(ResponseTemplate::new(200).set_body_json(taken))
        .mount(&server)
        .await;
    server
}

/// How often a text was fetched.
async fn fetched(server: &MockServer, id: &str) -> usize {
    let at = format!("/v2/messages/{id}");
    let asked = server.received_requests().await.unwrap();
    asked.iter().filter(|one| one.url.path() == at).count()
}

#[tokio::test]
async fn a_text_that_telnyx_only_names_is_fetched_once_and_answered() {
    let listed = [
        ("young", "2026-01-01T00:03:30Z"),
        ("late", "2026-01-01T00:00:02Z"),
        ("lost", "2026-01-01T00:00:01Z"),
    ];
    let handed_out = [("late", "MENU"), ("lost", "I want to die")];
    let server = telnyx(&listed, &handed_out).await;
    let world = World::with_telnyx(Engine::Sqlite, server.uri())
        .await
        .unwrap();
    world.clock.advance(minutes(4));
    world.settle().await;
    let asked = server.received_requests().await.unwrap();
    let answers = asked.iter().filter(|one| one.method.as_str() == "POST");
    let answers: Vec<Value> = answers.map(|one| one.body_json().unwrap()).collect();
    assert!(
        answers
            .iter()
            .any(|sent| sent["to"] == TEXTER && sent["text"].as_str().unwrap().contains("988")),
        "{answers:?}"
    );
    let said = told(&world);
    assert!(
        said.len() == 1 && said[0].contains("2 texts on gateway telnyx"),
        "{said:?}"
    );
    assert_eq!(
        fetched(&server, "young").await,
        0,
        "its hook may still come"
    );
    // It is not handed out, and the list goes on. What is known by now is listed again and costs no request.
    world.advance(minutes(4)).await;
    assert_eq!(
        (
            fetched(&server, "late").await,
            fetched(&server, "lost").await
        ),
        (1, 1)
    );
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM messages WHERE author = 'texter'")
            .await,
        2
    );
}

/// How often a page of the list was asked for.
async fn asked(server: &MockServer, page: usize) -> usize {
    let asked = server.received_requests().await.unwrap();
    let query = format!("page%5Bnumber%5D={page}&");
    let of_page = asked
        .iter()
        .filter(|one| format!("{}&", one.url.query().unwrap_or_default()).contains(&query));
    of_page.count()
}

#[tokio::test]
async fn a_list_that_is_longer_than_a_look_goes_on_where_it_stood_after_a_restart_too() {
    const PAGES: usize = 60;
    let ids: Vec<String> = (0..PAGES).map(|n| format!("t{n}")).collect();
    // All within the first minute, the latest first.
    let times: Vec<String> = (0..PAGES)
        .map(|n| format!("2026-01-01T00:00:{:02}Z", PAGES - 1 - n))
        .collect();
    let listed: Vec<(&str, &str)> = ids
        .iter()
        .zip(&times)
        .map(|(id, at)| (&**id, &**at))
        .collect();
    let handed_out: Vec<(&str, &str)> = ids.iter().map(|id| (&**id, "MENU")).collect();
    let server = telnyx(&listed, &handed_out).await;
    let mut world = World::with_telnyx(Engine::Sqlite, server.uri())
        .await
        .unwrap();
    let taken = "SELECT COUNT(*) FROM messages WHERE author = 'texter'";
    world.clock.advance(minutes(4));
    world.app.reconcile.tick().await.unwrap();
    assert_eq!(world.count(taken).await, 50);
    assert_eq!((asked(&server, 1).await, asked(&server, 51).await), (1, 0));
    world.restart().await;
    world.clock.advance(minutes(4));
    world.app.reconcile.tick().await.unwrap();
    assert_eq!(world.count(taken).await, 60, "no gap");
    for page in [1, 50, 51, 60] {
        assert_eq!(asked(&server, page).await, 1, "page {page}");
    }
    // The next list begins where the one before began, less what it looks back.
    world.clock.advance(minutes(60));
    world.app.reconcile.tick().await.unwrap();
    world.clock.advance(minutes(4));
    world.app.reconcile.tick().await.unwrap();
    let before = asked(&server, 2).await;
    world.clock.advance(minutes(4));
    world.app.reconcile.tick().await.unwrap();
    assert_eq!(
        asked(&server, 2).await,
        before,
        "all that is on the first page is known and old"
    );
    assert_eq!(world.count(taken).await, 60);
}

#[tokio::test]
async fn a_text_that_telnyx_does_not_hand_out_holds_up_no_other_and_is_told() {
    let listed = [
        ("here", "2026-01-01T00:00:02Z"),
        ("gone", "2026-01-01T00:00:01Z"),
    ];
    let server = telnyx(&listed, &[("here", "MENU")]).await;
    let world = World::with_telnyx(Engine::Sqlite, server.uri())
        .await
        .unwrap();
    world.advance(minutes(4)).await;
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM messages WHERE author = 'texter'")
            .await,
        1
    );
    world.advance(minutes(16)).await;
    let said = told(&world);
    assert!(
        said.iter()
            .any(|text| text.contains("the provider does not hand out the words")),
        "{said:?}"
    );
    assert!(
        !said.iter().any(|text| text.contains("could not be asked")),
        "it answers: {said:?}"
    );
    let times = fetched(&server, "gone").await;
    assert!(times >= 3, "it is asked for again");
    assert_eq!(fetched(&server, "here").await, 1);
    world.advance(minutes(20)).await;
    assert_eq!(fetched(&server, "gone").await, times, "and then no more");
    let later = told(&world);
    assert!(
        !later.iter().any(|text| text.contains("never reached us")),
        "told once: {later:?}"
    );
}
