//! The three clocks: acknowledged, claimed, first human message.

use harborline::handoff::Act;
use harborline::oncall::{Target, Urgency};
use harborline::text::MessageBody;

use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";

/// The actions of the audit log about alerts, in order.
async fn log_of(world: &World) -> Vec<(String, String)> {
    let mut tx = world.app.store.read().await.unwrap();
    let open = tx.open_alerts().await.unwrap();
    tx.audit_of(open[0].id).await.unwrap()
}

both! {
    async fn whoever_took_a_case_and_did_not_open_it_is_told_that_it_was_opened_again(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        world.phone(SECOND).inbox();
        world.advance(minutes(5)).await;
        let heard = world.responder().inbox();
        assert_eq!(heard, [
            "A3 was opened again: nobody opened the conversation. Others are paged now. Reply A3 if you are there.",
            "CRISIS: case A3, waiting 5:00. Nobody has it yet. Reply A3 to take it.",
        ]);
        assert_eq!(world.phone(SECOND).inbox().len(), 1, "others are only paged");
        let log = log_of(&world).await;
        let (_, reopened) = log.iter().find(|(action, _)| action == "alert.reopened").unwrap();
        assert!(reopened.contains(r#""missed":"claim""#) && reopened.contains("Duty phone"), "{reopened}");
    }

    async fn news_that_somebody_has_a_case_does_not_arrive_once_it_was_opened_again(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.phone(SECOND).inbox();
        world.twilio.fail_for(SECOND, Some(Fault::ServerError));
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        world.advance(minutes(5)).await;
        world.twilio.fail_for(SECOND, None);
        world.advance(seconds(40)).await;
        let heard = world.phone(SECOND).inbox();
        assert_eq!(heard, ["CRISIS: case A3, waiting 5:00. Nobody has it yet. Reply A3 to take it."]);
    }

    async fn whoever_claimed_a_case_and_did_not_write_is_told_that_it_was_opened_again(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("i want to die").await;
        world.phone(FIRST).texts("a3").await.expect_reply("A3 is yours");
        let conversation = world.first_in_the_queue().await;
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        world.advance(minutes(5)).await;
        let heard = world.phone(FIRST).inbox();
        assert!(heard[0].starts_with("A3 was opened again: nobody wrote."), "{heard:?}");
        assert!(heard[1].starts_with("CRISIS: case A3, waiting 5:00."), "{heard:?}");
        let row = world.cases().await.remove(0);
        assert_eq!((row.acknowledged_by, row.claimed_by), (None, None));
        let log = log_of(&world).await;
        assert!(log.iter().any(|(action, detail)| action == "alert.reopened" && detail.contains(r#""missed":"answer""#)), "{log:?}");
        // They come back, and write.
        world.acts(&first, conversation, Act::Write(MessageBody::new("Hello, I am here."))).await.unwrap();
        world.advance(minutes(30)).await;
        assert!(world.phone(FIRST).inbox().is_empty());
    }

    async fn a_clock_that_goes_back_keeps_nobody_waiting(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.phone("+15550124").texts("i want to die").await;
        world.responder().texts("a3").await;
        world.responder().inbox();
        world.clock.go_back(minutes(90));
        world.settle().await;
        let heard = world.responder().inbox();
        let asked = heard.iter().any(|text| text.starts_with("A3 was opened again"));
        let paged = heard.iter().any(|text| text.starts_with("CRISIS: case A4"));
        assert!(asked && paged, "{heard:?}");
        world.settle().await;
        assert!(world.responder().inbox().is_empty(), "once");
        world.advance(minutes(2)).await;
        assert!(!world.responder().inbox().is_empty(), "and on as before");
    }

    async fn a_row_that_cannot_be_read_keeps_nobody_waiting_after_it(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.phone("+15550124").texts("i want to die").await;
        world.responder().inbox();
        assert_eq!(world.damage("UPDATE alerts SET tier = 'unheard_of' WHERE code = 'A3'").await, 1);
        world.clock.go_back(minutes(90));
        world.settle().await;
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.contains("case A4")), "{heard:?}");
        world.advance(minutes(2)).await;
        assert!(!world.responder().inbox().is_empty(), "and on as before");
    }

    async fn started_again_with_a_clock_that_is_behind_it_pages_at_once(world: World) {
        let mut world = world;
        world.phone("+15550123").texts("i want to die").await;
        world.responder().inbox();
        world.clock.go_back(minutes(90));
        world.restart().await;
        world.settle().await;
        assert_eq!(world.responder().inbox().len(), 1);
    }

    async fn the_ladder_starts_again_at_its_first_rung(world: World) {
        let first = world.a_person("First", FIRST).await;
        let rungs: &[(u64, u16, &[Target])] = &[(30, 1, &[Target::Person(first.id)]), (30, 9, &[Target::Fallback])];
        world.pages_by(&first, Urgency::High, 1, rungs).await;
        world.phone("+15550123").texts("i want to die").await;
        world.advance(seconds(30)).await;
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        world.phone(FIRST).inbox();
        world.phone(SECOND).inbox();
        world.advance(minutes(5)).await;
        assert_eq!(world.phone(FIRST).inbox().len(), 1);
        assert_eq!(world.phone(SECOND).inbox().len(), 0, "not yet its turn");
    }

    async fn danger_now_has_faster_clocks(world: World) {
        world.phone("+15550123").texts("i took a bunch of pills").await;
        assert_eq!(world.responder().inbox().len(), 1);
        world.advance(minutes(1)).await;
        assert_eq!(world.responder().inbox().len(), 1, "paged again after a minute");
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        world.advance(minutes(2)).await;
        let heard = world.responder().inbox();
        assert!(heard[0].contains("opened again") && heard[1].starts_with("CRISIS, URGENT"), "{heard:?}");
    }

    async fn who_had_a_case_that_became_more_urgent_hears_of_it(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        world.phone(SECOND).inbox();
        world.phone("+15550123").texts("i took a bunch of pills").await;
        let heard = world.responder().inbox();
        assert_eq!(heard.len(), 2, "{heard:?}");
        assert!(heard.iter().any(|text| text.starts_with("A3 is more urgent now")), "{heard:?}");
        assert!(heard.iter().any(|text| text.starts_with("CRISIS, URGENT: case A3")), "{heard:?}");
        assert_eq!(world.phone(SECOND).inbox().len(), 1);
        assert_eq!(world.phone(DUTY).texts("ok a3").await.texts.len(), 1);
    }
}
