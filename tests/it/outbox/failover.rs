//! A second gateway stands in when the first one fails.

use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, minutes, receipt_path, seconds};
use crate::support::{World, both};

const INTRODUCTION: &str = "This is Example Line. We text you from our other number.";

both! {
    in World::with_a_second_gateway;

    async fn pages_and_crisis_replies_move_after_the_first_failure(world: World) {
        for (fault, number) in [(Fault::ServerError, "+15550121"), (Fault::Unauthorized, "+15550122"), (Fault::Garbage, "+15550123")] {
            let before = world.second().sent().len();
            world.twilio.fail_always(Some(fault));
            let heard = world.phone(number).texts("i want to die").await;
            heard.expect_inline("988");
            let pages = &world.second().sent()[before..];
            assert_eq!(pages.len(), 2, "{fault:?}: both pages, without any wait");
            assert!(pages[0].body.starts_with("CRISIS"), "a responder knows whose it is: {pages:?}");
            world.advance(seconds(30)).await;
            let replies = world.second().sent_to(number);
            assert_eq!(replies.len(), 1, "{fault:?}: nobody confirmed the inline reply");
            assert!(replies[0].body.starts_with(INTRODUCTION) && replies[0].body.contains("988"), "{replies:?}");
            world.twilio.fail_always(None);
            world.clock.advance(minutes(1));
        }
    }

    async fn a_texter_is_told_once_whose_the_other_number_is(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hola").await;
        texter.texts("SPANISH").await;
        world.twilio.fail_always(Some(Fault::ServerError));
        let tries = world.twilio.requests();
        texter.texts("HELP").await.expect_silence();
        world.advance(seconds(30)).await;
        assert_eq!(world.twilio.requests() - tries, 3, "an ordinary text is patient");
        let first = world.second().sent_to(&texter.number).remove(0);
        assert!(first.body.starts_with("Somos Example Line.") && first.body.contains("988"), "{first:?}");
        texter.texts("HELP").await;
        world.advance(seconds(30)).await;
        let second = world.second().sent_to(&texter.number).remove(1);
        assert!(second.body.starts_with("Example Line:"), "{second:?}");
    }

    async fn a_gateway_that_only_fails_is_passed_over_until_it_has_rested(world: World) {
        world.twilio.fail_always(Some(Fault::ServerError));
        world.phone("+15550121").texts("i want to die").await;
        world.phone("+15550122").texts("i want to die").await;
        let tries = world.twilio.requests();
        assert_eq!(tries, 4, "two pages, two pages, and then no more");
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(world.twilio.requests(), tries);
        assert_eq!(world.second().sent_to(DUTY).len(), 3);
        world.twilio.fail_always(None);
        world.clock.advance(seconds(61));
        world.phone("+15550124").texts("i want to die").await;
        assert!(world.twilio.sent_to(DUTY).len() == 1 && world.twilio.sent_to(SECOND).len() == 1, "it is tried again, and used");
    }

    async fn a_responder_whose_gateway_is_configured_no_more_is_paged_by_the_usual_one(world: World) {
        world.a_person("First", "+15550171").await;
        assert_eq!(world.damage("UPDATE contact_methods SET gateway = 'gone'").await, 1);
        world.phone("+15550123").texts("i want to die").await;
        let pages = world.phone("+15550171").inbox();
        assert!(pages.len() == 1 && pages[0].starts_with("CRISIS"), "{pages:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE moved_from = 'gone' AND gateway = 'main' AND page_id IS NOT NULL").await, 1);
    }

    async fn the_receipt_comes_back_by_the_other_gateway(world: World) {
        world.twilio.fail_always(Some(Fault::ServerError));
        world.phone("+15550123").texts("i want to die").await;
        let page = world.second().sent_to(DUTY).remove(0);
        let path = page.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
        assert!(path.starts_with("/hooks/second/status?ref="), "{path}");
        world.hook(&path, &[("MessageSid", page.sid.as_str()), ("MessageStatus", "delivered")]).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE gateway = 'second' AND moved_from = 'main' AND delivery = 'delivered'").await, 1);
    }

    async fn good_news_of_the_gateway_that_a_text_left_counts_and_bad_news_does_not(world: World) {
        world.twilio.fail_always(Some(Fault::Garbage));
        world.phone("+15550123").texts("i want to die").await;
        for (phone, status, delivered) in [(DUTY, "undelivered", 0), (SECOND, "delivered", 1)] {
            // It had taken the text after all, so both gateways have it.
            let page = world.twilio.sent_to(phone).remove(0);
            assert_eq!(world.second().sent_to(phone).len(), 1);
            let path = page.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
            let fields = [("MessageSid", page.sid.as_str()), ("MessageStatus", status), ("ErrorCode", "30008")];
            world.hook(&path, &fields).await;
            world.settle().await;
            assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'page' AND state = 'accepted'").await, 2, "{status}");
            assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE delivery = 'delivered'").await, delivered);
        }
        assert_eq!(world.second().sent().len(), 2);
    }

    async fn a_page_that_was_taken_and_not_delivered_goes_by_the_other_gateway(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        let page = world.twilio.sent_to(DUTY).remove(0);
        let path = page.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
        let fields = [("MessageSid", page.sid.as_str()), ("MessageStatus", "failed"), ("ErrorCode", "30008")];
        for _ in 0..3 {
            // Gateways repeat receipts: it moves once.
            world.hook(&path, &fields).await;
            world.settle().await;
        }
        assert_eq!(world.second().sent_to(DUTY).len(), 1);
    }

    async fn who_writes_to_the_other_number_is_answered_from_it(world: World) {
        let fields = [("MessageSid", "SM1"), ("From", "+15550123"), ("To", "+15550101"), ("Body", "HELP")];
        assert_eq!(world.hook("/hooks/second/inbound", &fields).await.0, 200);
        world.settle().await;
        let answers = world.second().sent_to("+15550123");
        assert!(answers.iter().any(|sent| sent.body.starts_with("Example Line:")), "they know this number: {answers:?}");
        assert!(world.twilio.sent_to("+15550123").is_empty());
        let fields = [("MessageSid", "SM2"), ("From", "+15550123"), ("To", "+15550101"), ("Body", "i want to die")];
        let (_, twiml) = world.hook("/hooks/second/inbound", &fields).await;
        assert!(receipt_path(&twiml).unwrap().starts_with("/hooks/second/status"), "{twiml}");
    }

    async fn with_both_gateways_down_texts_go_by_turns_and_nothing_is_lost(world: World) {
        world.twilio.fail_always(Some(Fault::ServerError));
        world.second().fail_always(Some(Fault::ServerError));
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        texter.texts("HELP").await;
        world.advance(minutes(3)).await;
        assert!(world.twilio.requests() > 3 && world.second().requests() > 3);
        world.second().fail_always(None);
        world.advance(minutes(2)).await;
        assert!(!world.second().sent_to(DUTY).is_empty() && !world.second().sent_to(&texter.number).is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL").await, 0);
    }
}
