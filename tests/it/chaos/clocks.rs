//! The clock of the machine jumps: hours forward, and hours back.

use super::{delivered, in_crisis};
use crate::support::figures::Figures;
use crate::support::world::{inline_text, minutes, receipt_path, seconds};
use crate::support::{World, both};

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
