//! A sender has a speed; crisis replies and pages do not wait for it.

use harborline::config::GatewaySection;

use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{Engine, World, both};

/// A line whose sender takes two segments a second, four at once.
async fn slow(engine: Engine) -> Option<World> {
    let settings = |config: &mut harborline::config::Config| {
        let GatewaySection::Twilio(main) = config.gateways.get_mut("main").unwrap() else {
            panic!("Twilio");
        };
        (main.segments_per_second, main.burst) = (Some(2.0), Some(4));
    };
    World::with(engine, settings).await
}

/// A line whose sender takes what an ordinary number may send: a segment a second.
async fn usual(engine: Engine) -> Option<World> {
    let settings = |config: &mut harborline::config::Config| {
        let GatewaySection::Twilio(main) = config.gateways.get_mut("main").unwrap() else {
            panic!("Twilio");
        };
        (main.segments_per_second, main.burst) = (None, None);
    };
    World::with(engine, settings).await
}

/// So many people ask for help at once. The answer has two segments.
async fn flood(world: &World, count: u32) {
    for n in 0..count {
        let texter = world.phone(&format!("+1555020{n:04}"));
        texter.delivers(&world.new_sid(), "HELP").await;
    }
}

both! {
    in slow;

    async fn texts_leave_at_the_speed_of_the_sender_and_all_of_them_leave(world: World) {
        flood(&world, 20).await;
        world.settle().await;
        let at_once = world.twilio.sent().len();
        assert!((1..=2).contains(&at_once), "{at_once}");
        for _ in 0..10 {
            world.advance(seconds(1)).await;
        }
        let later = world.twilio.sent().len();
        assert!((6..=12).contains(&later), "{later}");
        world.advance(minutes(2)).await;
        assert_eq!(world.twilio.sent().len(), 20);
        assert_eq!(world.twilio.requests(), 20, "none was refused for being too fast");
    }

    async fn a_crisis_behind_a_flood_is_answered_and_paged_at_once(world: World) {
        flood(&world, 30).await;
        world.settle().await;
        let heard = world.phone("+15550123").texts("i want to die").await;
        heard.expect_inline("988");
        for phone in [DUTY, SECOND] {
            assert_eq!(world.phone(phone).inbox().len(), 1, "paged in the same second");
        }
        // Without a receipt the reply goes through the API, past the flood.
        world.advance(seconds(30)).await;
        assert_eq!(world.phone("+15550123").inbox().len(), 1);
    }

    async fn a_menu_that_waited_for_an_hour_is_dropped_with_a_reason(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_always(Some(Fault::ServerError));
        texter.delivers(&world.new_sid(), "menu").await;
        world.settle().await;
        world.clock.advance(minutes(61));
        world.twilio.fail_always(None);
        world.advance(minutes(1)).await;
        let texts = texter.inbox();
        assert!(!texts.iter().any(|text| text.contains("Reply with a number")), "{texts:?}");
        assert!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'content' AND state = 'failed' AND code = 'expired'").await > 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL").await, 0);
    }
}

both! {
    in usual;

    async fn after_an_outage_that_hit_a_rush_of_crises_a_menu_waits_a_minute_and_not_for_hours(world: World) {
        world.twilio.fail_always(Some(Fault::ServerError));
        for n in 0..40 {
            let texter = world.phone(&format!("+1555020{n:04}"));
            texter.delivers(&world.new_sid(), "i want to die").await;
        }
        world.settle().await;
        for _ in 0..15 {
            world.clock.advance(seconds(20));
            world.settle_outbox().await;
        }
        assert!(world.twilio.requests() > 400, "each of them is tried again and again");
        world.twilio.fail_always(None);
        world.advance(seconds(20)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state <> 'accepted'").await, 0);
        let texter = world.phone("+15550123");
        texter.texts("HELP").await.expect_silence();
        world.advance(minutes(2)).await;
        texter.expect("Example Line:");
    }
}
