//! The outbox against a gateway that fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use harborline::lane::Lane;
use harborline::oncall::Channel;
use harborline::store::Claim;

use crate::support::gateway::Fault;
use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

both! {
    async fn a_busy_or_broken_gateway_is_tried_again_until_it_takes_the_text(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::ServerError, Fault::TooMany(3), Fault::ServerError]);
        let sid = world.new_sid();
        texter.delivers(&sid, "HELP").await;
        world.settle().await;
        assert!(texter.inbox().is_empty());
        world.advance(seconds(30)).await;
        let heard = texter.inbox();
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(world.twilio.requests(), 4);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'replied'").await, 1);
    }

    async fn who_texts_stop_hears_one_confirmation_and_nothing_that_still_waited(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::TooMany(60)]);
        texter.texts("what is dbt").await.expect_silence();
        texter.delivers(&world.new_sid(), "STOP").await;
        world.settle().await;
        world.advance(minutes(5)).await;
        let heard = texter.inbox();
        assert!(heard.len() == 1 && heard[0].contains("opted out"), "{heard:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'opted_out'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL").await, 0);
    }

    async fn retry_after_is_respected(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::TooMany(60)]);
        texter.texts("HELP").await.expect_silence();
        world.advance(seconds(55)).await;
        assert_eq!(world.twilio.requests(), 1);
        world.advance(seconds(10)).await;
        assert_eq!(texter.inbox().len(), 1);
    }

    async fn a_page_whose_sending_ended_in_doubt_is_sent_again_at_once(world: World) {
        for (fault, number) in [(Fault::Timeout, "+15550123"), (Fault::Garbage, "+15550124")] {
            let before = world.twilio.sent().len();
            world.phone(number).delivers(&world.new_sid(), "i want to die").await;
            world.twilio.fail_next(&[fault]);
            world.settle().await;
            world.advance(seconds(5)).await;
            let pages = world.twilio.sent().len() - before;
            assert_eq!(pages, 3, "{fault:?}: one of two pages twice, never none");
        }
    }

    async fn a_menu_whose_sending_ended_in_doubt_waits_for_its_receipt(world: World) {
        for (fault, number) in [(Fault::Timeout, "+15550123"), (Fault::Garbage, "+15550124")] {
            let texter = world.phone(number);
            texter.delivers(&world.new_sid(), "HELP").await;
            world.twilio.fail_next(&[fault]);
            world.settle().await;
            world.advance(minutes(1)).await;
            assert_eq!(texter.inbox().len(), 1, "{fault:?}: never twice while it may have arrived");
            let sent = world.twilio.sent_to(number).remove(0);
            let path = sent.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
            world.hook(&path, &[("MessageSid", sent.sid.as_str()), ("MessageStatus", "sent")]).await;
            world.advance(minutes(5)).await;
            assert!(texter.inbox().is_empty(), "{fault:?}: the receipt settled it");
        }
    }

    async fn a_menu_that_was_never_taken_goes_out_after_the_wait(world: World) {
        let texter = world.phone("+15550123");
        texter.delivers(&world.new_sid(), "HELP").await;
        world.twilio.fail_next(&[Fault::Timeout]);
        world.settle().await;
        world.advance(minutes(3)).await;
        assert_eq!(texter.inbox().len(), 2, "no receipt came, so it goes out again");
    }

    async fn someone_who_opted_out_at_the_carrier_is_not_tried_again_and_the_team_hears_of_it(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::OptedOut]);
        texter.delivers(&world.new_sid(), "im so alone").await;
        world.advance(seconds(40)).await;
        let requests = world.twilio.requests();
        world.advance(minutes(2)).await;
        let notices = world.responder().inbox();
        assert!(notices.iter().any(|text| text.contains("did NOT reach them") && text.contains("START")), "{notices:?}");
        assert!(texter.inbox().is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'opted_out'").await, 1);
        assert!(requests >= 1);
    }

    async fn a_number_that_cannot_be_texted_is_given_up_with_a_reason(world: World) {
        world.twilio.fail_next(&[Fault::NoSuchNumber]);
        world.phone("+15550123").texts("HELP").await.expect_silence();
        world.advance(minutes(5)).await;
        assert_eq!(world.twilio.requests(), 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'undeliverable'").await, 1);
    }

    async fn wrong_credentials_lose_nothing(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_always(Some(Fault::Unauthorized));
        texter.texts("HELP").await.expect_silence();
        world.advance(minutes(10)).await;
        world.twilio.fail_always(None);
        world.advance(minutes(1)).await;
        assert_eq!(texter.inbox().len(), 1);
    }

    async fn the_parts_of_an_answer_arrive_in_order(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::ServerError]);
        texter.delivers(&world.new_sid(), "hello").await;
        world.settle().await;
        world.advance(seconds(10)).await;
        let heard = texter.inbox();
        assert!(heard.len() >= 2, "{heard:?}");
        assert!(heard[0].contains("Automatic"), "the welcome first: {heard:?}");
    }

    async fn receipts_in_any_order_never_move_a_text_back(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("HELP").await;
        let sent = world.twilio.sent_to(&texter.number).remove(0);
        let path = sent.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
        for status in ["delivered", "sent", "queued", "failed", "delivered"] {
            let fields = [("MessageSid", sent.sid.as_str()), ("MessageStatus", status)];
            assert_eq!(world.hook(&path, &fields).await.0, 200);
        }
        let delivered = "SELECT COUNT(*) FROM outbox WHERE delivery = 'delivered' AND state = 'accepted'";
        assert_eq!(world.count(delivered).await, 1);
    }

    async fn a_receipt_for_a_text_that_is_not_ours_is_acknowledged(world: World) {
        for path in ["/hooks/main/status", "/hooks/main/status?ref=01890a5d-ac96-774b-bcce-b302099a8057", "/hooks/main/status?ref=nonsense"] {
            let fields = [("MessageSid", "SMother"), ("MessageStatus", "delivered")];
            assert_eq!(world.hook(path, &fields).await.0, 200, "{path}");
        }
    }

    async fn two_replicas_send_each_text_once(world: World) {
        let other = world.another_app().await;
        for n in 0..20 {
            world.phone(&format!("+155502{n:02}")).delivers(&world.new_sid(), "HELP").await;
        }
        let sends = async |app: &harborline::app::App| {
            while app.dispatch.run_once(Lane::Conversation).await.unwrap() > 0 {}
        };
        tokio::join!(sends(&world.app), sends(&other));
        for n in 0..20 {
            assert_eq!(world.twilio.sent_to(&format!("+155502{n:02}")).len(), 1, "number {n}");
        }
    }

    async fn a_lease_that_ran_out_is_sent_by_the_next_who_looks(world: World) {
        let texter = world.phone("+15550123");
        texter.delivers(&world.new_sid(), "HELP").await;
        let now = harborline::clock::Clock::now(&world.clock);
        let claim = Claim {
            lane: Lane::Conversation, channel: Channel::Sms, now, lease: seconds(60), limit: 10, most: 10,
            underway: BTreeMap::default(), fresh_since: None, routes: Arc::default(),
        };
        let taken = world.app.store
            .write(move |tx| { let claim = claim.clone(); Box::pin(async move { tx.claim_due(&claim).await }) })
            .await
            .unwrap();
        assert_eq!(taken.due.len(), 1);
        world.settle().await;
        assert!(texter.inbox().is_empty(), "another one holds it");
        world.advance(seconds(61)).await;
        assert_eq!(texter.inbox().len(), 1, "it died; nothing is lost");
    }
}
