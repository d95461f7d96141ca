//! Paged until a human is really there.

mod clocks;
mod ladder;
mod links;
mod people;
mod simulation;
mod storms;

use crate::support::world::{SECOND, minutes, seconds};
use crate::support::{World, both};

both! {
    async fn a_page_repeats_until_somebody_takes_the_case(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(world.responder().inbox().len(), 1);
        world.advance(minutes(10)).await;
        let pages = world.responder().inbox();
        assert_eq!(pages.len(), 5, "{pages:?}");
        assert!(pages[4].contains("waiting 10:00. Nobody has it yet."), "{pages:?}");
        world.responder().texts("k9").await.expect_reply("There is no open case K9");
        world.responder().texts(" \"a3\" ").await.expect_reply("A3 is yours");
        world.advance(minutes(4)).await;
        assert!(world.responder().inbox().is_empty());
    }

    async fn an_acknowledgement_that_leads_nowhere_is_undone(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.responder().texts("taking it").await.expect_reply("A3 is yours");
        world.phone(SECOND).inbox();
        world.advance(minutes(5).checked_sub(seconds(5)).unwrap()).await;
        assert!(world.phone(SECOND).inbox().is_empty());
        world.advance(seconds(10)).await;
        let pages = world.phone(SECOND).inbox();
        assert_eq!(pages.len(), 1, "{pages:?}");
        assert!(pages[0].contains("Reply A3"), "{pages:?}");
    }

    async fn the_others_learn_who_has_the_case(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.phone(SECOND).inbox();
        world.responder().texts("A3").await;
        assert_eq!(world.phone(SECOND).inbox(), ["Case A3 was taken by Duty phone. Thank you for being there."]);
        world.phone(SECOND).texts("A3").await.expect_reply("already taken by Duty phone at 00:00 UTC");
    }

    async fn two_cases_have_two_codes_and_each_is_taken_by_its_own(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.phone("+15550124").texts("i want to die").await;
        let pages = world.responder().inbox();
        assert!(pages[0].contains("A3") && pages[1].contains("A4"), "{pages:?}");
        world.responder().texts("ack").await.expect_reply("reply with the code");
        world.responder().texts("a4").await.expect_reply("A4 is yours");
        world.advance(minutes(3)).await;
        let pages = world.responder().inbox();
        assert!(pages.iter().all(|page| page.contains("A3")) && !pages.is_empty(), "{pages:?}");
    }

    async fn an_unknown_number_learns_nothing_from_a_code(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        let stranger = world.phone("+15550150").texts("A3").await;
        assert!(stranger.all().iter().all(|text| !text.contains("A3")), "{stranger:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_at IS NOT NULL").await, 0);
    }

    async fn a_responder_in_crisis_is_a_person_in_crisis(world: World) {
        world.responder().texts("i want to die").await.expect_inline("988");
        let pages = world.phone(SECOND).inbox();
        assert_eq!(pages.len(), 1, "{pages:?}");
    }

    async fn a_restart_changes_nothing(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.responder().inbox();
        let after_restart = world.another_app().await;
        world.clock.advance(minutes(3));
        assert_eq!(after_restart.paging.tick().await.unwrap(), 1);
        assert_eq!(world.app.paging.tick().await.unwrap(), 0, "one of the two pages, not both");
        world.settle().await;
        assert_eq!(world.responder().inbox().len(), 1);
    }
}
