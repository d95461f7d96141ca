//! Who opted out at the carrier cannot be reached by text: nothing is tried in vain, and the team knows.

use harborline::handoff::{Act, Refused};
use harborline::text::MessageBody;

use crate::support::gateway::Fault;
use crate::support::world::{inline_text, minutes, receipt_path, seconds};
use crate::support::{World, both};

const BLOCKED: &str = "SELECT COUNT(*) FROM texters WHERE blocked_at IS NOT NULL";

/// How many notices the responder got that texts do not arrive.
fn notices(world: &World) -> usize {
    let texts = world.responder().inbox();
    texts
        .iter()
        .filter(|text| text.contains("did NOT reach them"))
        .count()
}

both! {
    async fn after_a_block_only_crisis_replies_are_tried_and_each_once(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hello").await;
        world.twilio.block(&texter.number);
        texter.texts("HELP").await.expect_silence();
        assert_eq!(world.count(BLOCKED).await, 1);
        let tries = world.twilio.requests();
        texter.texts("menu").await.expect_silence();
        texter.texts("HELP").await.expect_silence();
        assert_eq!(world.twilio.requests(), tries, "not even tried");
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL").await, 0, "each with a reason");
        texter.delivers(&world.new_sid(), "i want to die").await;
        world.advance(seconds(40)).await;
        let replies = world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'opted_out' AND attempts = 1").await;
        assert_eq!(replies, 1, "tried once");
        world.advance(minutes(5)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND attempts > 1").await, 0);
    }

    async fn the_team_is_told_once_for_a_case_however_many_texts_are_blocked(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.block(&texter.number);
        let fields = [("MessageSid", "SM1"), ("From", texter.number.as_str()), ("Body", "i want to die")];
        let (_, twiml) = world.hook("/hooks/main/inbound", &fields).await;
        assert!(inline_text(&twiml).unwrap().contains("988"));
        let receipt = [("MessageSid", "SMreply"), ("MessageStatus", "undelivered"), ("ErrorCode", "21610")];
        for _ in 0..3 {
            world.hook(&receipt_path(&twiml).unwrap(), &receipt).await;
            world.settle().await;
        }
        for words in ["please", "anyone", "HELP"] {
            texter.texts(words).await;
        }
        world.advance(minutes(1)).await;
        assert!(texter.inbox().is_empty(), "neither through the API nor anything after it");
        assert_eq!(notices(&world), 1);
        assert_eq!(world.count(BLOCKED).await, 1);
        let staff = world.a_member_of_staff("night@example.org").await;
        let conversation = world.first_in_the_queue().await;
        let refused = world.acts(&staff, conversation, Act::Write(MessageBody::new("hello"))).await;
        assert_eq!(refused, Err(Refused::Blocked));
        assert_eq!(world.acts(&staff, conversation, Act::OfferCheckIn).await, Err(Refused::Blocked));
    }

    async fn start_opens_the_way_again(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hello").await;
        world.twilio.fail_next(&[Fault::OptedOut]);
        texter.texts("HELP").await.expect_silence();
        texter.texts("menu").await.expect_silence();
        texter.texts("START").await.expect_reply("welcome back");
        assert_eq!(world.count(BLOCKED).await, 0);
        texter.texts("menu").await.expect_reply("Reply with a number");
    }

    async fn a_crisis_reply_that_gets_through_shows_that_nothing_blocks_any_more(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("hello").await;
        world.twilio.fail_next(&[Fault::OptedOut]);
        texter.texts("HELP").await.expect_silence();
        world.clock.advance(seconds(1));
        texter.delivers(&world.new_sid(), "i want to die").await;
        world.settle().await;
        assert_eq!(world.count(BLOCKED).await, 1, "the inline reply is not confirmed");
        world.advance(seconds(30)).await;
        assert_eq!(world.count(BLOCKED).await, 0, "the API took it");
        texter.texts("HELP").await.expect_reply("988");
    }
}
