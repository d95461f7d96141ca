//! A crisis text: 988 at once, a page at once, whatever else is going on.

use crate::support::world::{DUTY, SECOND, inline_text, minutes, receipt_path, seconds};
use crate::support::{World, both};

both! {
    async fn a_crisis_text_is_answered_in_the_response_and_pages_everyone_on_call(world: World) {
        let texter = world.phone("+15550123");
        let heard = texter.texts("i want to die").await;
        heard.expect_inline("988");
        for phone in [DUTY, SECOND] {
            let pages = world.phone(phone).inbox();
            assert_eq!(pages.len(), 1, "{pages:?}");
            assert!(pages[0].contains("CRISIS: case A3, waiting 0:00. Reply A3 to take it."), "{pages:?}");
            assert!(!pages[0].contains("5550123") && !pages[0].contains("die"), "{pages:?}");
        }
    }

    async fn everything_of_a_crisis_decision_is_committed_together(world: World) {
        let _ = world.phone("+15550123").delivers("SM1", "i want to die").await;
        for (what, sql) in [
            ("texter", "SELECT COUNT(*) FROM texters"),
            ("inbound and reply", "SELECT COUNT(*) FROM messages"),
            ("open obligation", "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL"),
            ("alert", "SELECT COUNT(*) FROM alerts"),
            ("alert whose page is due", "SELECT COUNT(*) FROM alerts WHERE next_page_at = opened_at"),
            ("outbox", "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL"),
            ("page so far", "SELECT COUNT(*) + 1 FROM pages"),
            ("decision", "SELECT COUNT(*) FROM audit_log WHERE action = 'text.decided'"),
        ] {
            let expected = match what {
                "inbound and reply" => 2,
                _ => 1,
            };
            assert_eq!(world.count(sql).await, expected, "{what}");
        }
    }

    async fn without_a_receipt_the_inline_reply_goes_out_again_through_the_api(world: World) {
        let texter = world.phone("+15550123");
        let heard = texter.texts("i want to die").await;
        assert!(heard.texts.is_empty(), "the API waits for the receipt: {heard:?}");
        world.advance(seconds(25)).await;
        assert!(texter.inbox().is_empty());
        world.advance(seconds(10)).await;
        let again = texter.inbox();
        assert_eq!(again, [heard.inline.unwrap()]);
        world.advance(minutes(2)).await;
        assert!(texter.inbox().is_empty(), "once more is enough");
    }

    async fn with_a_receipt_the_inline_reply_is_not_repeated(world: World) {
        let texter = world.phone("+15550123");
        let fields = [("MessageSid", "SM1"), ("From", texter.number.as_str()), ("Body", "i want to die")];
        let (_, twiml) = world.hook("/hooks/main/inbound", &fields).await;
        assert!(inline_text(&twiml).unwrap().contains("988"));
        let receipts = receipt_path(&twiml).expect("an address for receipts");
        let receipt = [("MessageSid", "SMreply"), ("MessageStatus", "delivered")];
        assert_eq!(world.hook(&receipts, &receipt).await.0, 200);
        world.advance(minutes(5)).await;
        assert!(texter.inbox().is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'replied'").await, 1);
    }

    async fn an_inline_reply_that_was_not_delivered_goes_out_through_the_api(world: World) {
        let texter = world.phone("+15550123");
        let fields = [("MessageSid", "SM1"), ("From", texter.number.as_str()), ("Body", "i want to die")];
        let (_, twiml) = world.hook("/hooks/main/inbound", &fields).await;
        let path = receipt_path(&twiml).unwrap();
        // In any order, and repeated: once more is enough, and late news of the first try changes nothing.
        for status in ["sent", "undelivered", "sent", "undelivered"] {
            let receipt = [("MessageSid", "SMreply"), ("MessageStatus", status), ("ErrorCode", "30008")];
            world.hook(&path, &receipt).await;
            world.settle().await;
        }
        assert_eq!(texter.inbox(), [inline_text(&twiml).unwrap()]);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'accepted'").await, 1);
    }

    async fn a_crisis_reply_that_a_busy_carrier_did_not_deliver_goes_out_again_and_not_for_ever(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        world.advance(seconds(35)).await;
        let sent = || world.twilio.sent_to(&texter.number);
        for tries in 1..=3 {
            assert_eq!(sent().len(), tries);
            let last = sent().pop().unwrap();
            let path = last.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
            let receipt = [("MessageSid", last.sid.as_str()), ("MessageStatus", "undelivered"), ("ErrorCode", "30017")];
            for _ in 0..2 {
                // Gateways repeat receipts.
                world.hook(&path, &receipt).await;
                world.settle().await;
            }
            assert_eq!(sent().len(), tries, "not at once");
            world.advance(seconds(35)).await;
        }
        assert_eq!(sent().len(), 3);
        let given_up = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND texter_id IS NOT NULL AND state = 'failed' AND code = '30017'";
        assert_eq!(world.count(given_up).await, 1);
        let notices = world.responder().inbox();
        assert!(notices.iter().any(|text| text.contains("did NOT reach them")), "{notices:?}");
    }

    async fn someone_who_opted_out_is_still_answered_in_a_crisis(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hello").await;
        texter.texts("STOP").await.expect_reply("988");
        texter.texts("menu").await.expect_silence();
        texter.texts("i want to die").await.expect_inline("988");
        assert_eq!(world.responder().inbox().len(), 1);
        // Not subscribed again by it.
        texter.texts("menu").await.expect_silence();
    }

    async fn a_crisis_in_spanish_is_answered_in_spanish(world: World) {
        let texter = world.phone("+15550123");
        let heard = texter.texts("ya no quiero vivir").await;
        heard.expect_inline("988");
        assert!(heard.inline.as_deref().unwrap().contains("Llam"), "{heard:?}");
        assert_eq!(world.responder().inbox().len(), 1);
    }

    async fn a_crisis_text_in_the_middle_of_the_menu_is_a_crisis(world: World) {
        let texter = world.phone("+15550123");
        for text in ["menu", "dbt", "more"] {
            texter.texts(text).await;
        }
        texter.texts("1 i want to die").await.expect_inline("988");
        // The menu stays hidden until they ask for it.
        texter.texts("2").await.expect_reply("988");
        texter.texts("MENU").await.expect_reply("Reply with a number");
    }

    async fn our_question_pages_on_yes_on_silence_and_on_anything_unclear(world: World) {
        for (number, answer) in [("+15550121", "Y"), ("+15550122", "kinda"), ("+15550123", "i dont know")] {
            let texter = world.phone(number);
            texter.texts("im so alone").await.expect_reply("988").expect_reply("Y");
            assert!(world.responder().inbox().is_empty(), "asked first: {answer}");
            texter.texts(answer).await.expect_reply("988");
            assert_eq!(world.responder().inbox().len(), 1, "{answer}");
        }
        world.phone("+15550124").texts("im so alone").await.expect_reply("Y");
        world.advance(minutes(4)).await;
        let before = world.responder().inbox();
        world.advance(minutes(2)).await;
        let after = world.responder().inbox();
        assert!(after.iter().any(|page| !before.contains(page) && page.contains("no clear answer")), "{after:?}");
    }

    async fn a_clear_no_to_our_question_calls_the_page_off(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("im so alone").await.expect_reply("988");
        texter.texts("N").await.expect_reply("988");
        world.advance(minutes(30)).await;
        assert!(world.responder().inbox().is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE closed_because = 'answered_no'").await, 1);
    }

    async fn a_no_after_a_request_for_a_person_calls_nothing_off(world: World) {
        // As in a replay: all three are taken in before anybody could be paged.
        let texter = world.phone("+15550123");
        for (sid, text) in [("SM1", "im so alone"), ("SM2", "HUMAN"), ("SM3", "no")] {
            texter.delivers(sid, text).await;
        }
        world.settle().await;
        assert_eq!(world.responder().inbox().len(), 1);
    }

    async fn a_responder_who_answers_our_question_answers_no_page(world: World) {
        world.responder().texts("im so alone").await.expect_reply("Y");
        world.responder().texts("Yes I have").await.expect_reply("988");
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_at IS NOT NULL").await, 0);
        let pages = world.phone(SECOND).inbox();
        assert!(pages.iter().any(|page| page.contains("to take it")), "{pages:?}");
    }

    async fn stop_in_the_middle_of_a_crisis_is_honoured_and_told_to_the_responders(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        world.responder().inbox();
        texter.texts("STOP").await.expect_reply("988");
        let pages = world.responder().inbox();
        assert!(pages.iter().any(|page| page.contains("texter sent STOP")), "{pages:?}");
    }

    async fn someone_who_fears_for_a_friend_is_told_what_to_do_for_them(world: World) {
        let heard = world.phone("+15550123").texts("my friend took a bunch of pills and wont wake up").await;
        heard.expect_inline("911").expect_inline("988").expect_inline("you or someone else took too much");
        let pages = world.responder().inbox();
        assert!(pages[0].starts_with("CRISIS, URGENT"), "{pages:?}");
        world.phone("+15550124").texts("i took a bunch of pills").await.expect_inline("call 911 now").expect_inline("800-222-1222");
    }

    async fn a_request_for_a_person_pages_without_being_a_crisis(world: World) {
        let texter = world.phone("+15550123");
        let heard = texter.texts("HUMAN").await;
        heard.expect_reply("988");
        assert!(heard.inline.is_none());
        let pages = world.responder().inbox();
        assert!(pages[0].starts_with("A texter asks for a person: case"), "{pages:?}");
    }
}

#[tokio::test]
async fn with_the_database_gone_a_crisis_text_is_still_answered() {
    let world = World::on(crate::support::Engine::Sqlite).await.unwrap();
    let texter = world.phone("+15550123");
    texter.texts("menu").await;
    world.app.store.close().await;
    let fields = [
        ("MessageSid", "SM1"),
        ("From", texter.number.as_str()),
        ("Body", "i want to die"),
    ];
    let (status, twiml) = world.hook("/hooks/main/inbound", &fields).await;
    assert_eq!(status, 200);
    assert!(inline_text(&twiml).unwrap().contains("988"));
    for number in [DUTY, SECOND] {
        let pages = world.twilio.heard(number, 1).await;
        assert!(
            pages[0].body.contains("cannot reach its database"),
            "{pages:?}"
        );
    }
    // A second text in the same minutes is answered too, and does not ring everyone again.
    let again = world
        .phone("+15550124")
        .delivers("SM3", "i want to die")
        .await;
    assert!(again.unwrap().contains("988"));
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.twilio.sent_to(DUTY).len(), 1);
    // What is no crisis hears that its answer will be late.
    let held = texter.delivers("SM2", "menu").await.unwrap();
    assert!(held.contains("988") && held.contains("late"), "{held}");
}
