//! The clock of the machine jumps: hours forward, and hours back.

use harborline::clock::Clock;
use harborline::config::{Config, GatewaySection};

use super::{delivered, in_crisis, other};
use crate::support::figures::Figures;
use crate::support::gateway::Fault;
use crate::support::world::{inline_text, minutes, receipt_path, seconds};
use crate::support::{Engine, World, both};

/// From one jump to the next.
const JUMPS: usize = 6;

both! {
    async fn when_the_clock_jumps_all_are_answered_once_and_pages_go_on(world: World) {
        let figures = Figures::of("clock jumps 6 h forward and back, 6 times", "P1 P3 P4 P6");
        let mut answers = Vec::new();
        for n in 0..JUMPS {
            if n.is_multiple_of(2) {
                world.clock.advance(minutes(360));
            } else {
                world.clock.go_back(minutes(360));
            }
            let (twiml, took) = delivered(&world, &format!("SM{n}"), &in_crisis(n), "i want to die").await;
            let inline = inline_text(&twiml).unwrap();
            assert!(inline.contains("988"), "{twiml}");
            answers.push(inline);
            figures.text(Some(took));
            let receipt = [("MessageSid", "SMreply"), ("MessageStatus", "delivered")];
            world.hook(&receipt_path(&twiml).unwrap(), &receipt).await;
            let menu = world.phone(&format!("+1556000000{n}"));
            menu.texts("menu").await.expect_reply("Reply with a number");
            // Whoever is on call hears of the new case, in a storm with the others, and goes on hearing of it.
            world.advance(seconds(20)).await;
            assert!(!world.responder().inbox().is_empty(), "jump {n}");
            world.advance(minutes(3)).await;
            assert!(!world.responder().inbox().is_empty(), "jump {n}");
            assert_eq!(menu.inbox(), [""; 0], "jump {n}: once");
        }
        world.advance(seconds(30)).await;
        for (n, answer) in answers.iter().enumerate() {
            let sent = world.twilio.sent_to(&in_crisis(n));
            assert!(!sent.iter().any(|text| text.body == *answer), "a second time: {sent:?}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL").await, 0);
        let stalled = "SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL AND next_page_at IS NULL";
        assert_eq!(world.count(stalled).await, 0);
        figures.print();
    }
}

/// A line whose sender takes one segment a second.
async fn slow(engine: Engine) -> Option<World> {
    let settings = |config: &mut Config| {
        let GatewaySection::Twilio(main) = config.gateways.get_mut("main").unwrap() else {
            panic!("Twilio");
        };
        (main.segments_per_second, main.burst) = (Some(1.0), Some(4));
    };
    World::with(engine, settings).await
}

both! {
    in slow;

    async fn after_the_clock_went_back_a_slow_sender_sends_on(world: World) {
        for n in 0..8 {
            world.phone(&other(n)).delivers(&format!("SM{n}"), "HELP").await;
        }
        world.settle().await;
        let sent = || (0..8).map(|n| world.twilio.sent_to(&other(n)).len()).sum::<usize>();
        assert!(sent() < 8, "the sender is not that fast");
        world.clock.go_back(minutes(360));
        world.advance(minutes(1)).await;
        assert_eq!(sent(), 8);
    }
}

both! {
    async fn after_the_clock_went_back_what_is_to_be_sent_again_is_sent_at_once(world: World) {
        world.twilio.fail_always(Some(Fault::ServerError));
        let texter = world.phone(&other(1));
        texter.texts("menu").await;
        world.twilio.fail_always(None);
        world.clock.go_back(minutes(360));
        world.settle().await;
        texter.expect("Reply with a number");
    }

    async fn after_the_clock_went_back_a_silent_drop_is_found_as_soon_as_ever(world: World) {
        world.settle().await;
        world.phone(&other(1)).delivers("SM1", "menu").await;
        world.damage("DELETE FROM outbox").await;
        world.clock.go_back(minutes(360));
        world.advance(minutes(3)).await;
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.contains("NO ANSWER")), "{heard:?}");
    }

    async fn a_text_that_was_missed_while_the_clock_was_ahead_is_found_when_it_is_right_again(world: World) {
        world.settle().await;
        world.clock.advance(minutes(60 * 48));
        world.advance(minutes(4)).await;
        let right = world.clock.now().minus(minutes(60 * 48));
        world.twilio.came_in("SMlost", &other(1), "menu", right);
        world.advance(minutes(20)).await;
        assert_eq!(world.phone(&other(1)).inbox(), [""; 0], "nobody asks for what is two days old");
        world.clock.go_back(minutes(60 * 48));
        world.advance(minutes(4)).await;
        world.phone(&other(1)).expect("Reply with a number");
    }
}
