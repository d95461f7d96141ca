//! Nothing is forgotten in silence: what nobody answered is found, and the operator is told (P1).

use harborline::handoff::{Act, WrapUp};
use harborline::text::MessageBody;

use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{World, both};

const TEXTER: &str = "+15550123";

/// The texts to the operator, who is the people on call unless others are named.
fn told(world: &World) -> Vec<String> {
    world.responder().inbox()
}

fn overdue(world: &World) -> Vec<String> {
    let told = told(world);
    told.into_iter()
        .filter(|text| text.contains("NO ANSWER"))
        .collect()
}

both! {
    async fn a_silent_drop_is_found_within_a_minute(world: World) {
        world.phone(TEXTER).delivers("SM1", "MENU").await;
        assert_eq!(world.damage("DELETE FROM outbox").await, 2, "the program would never know");
        world.advance(seconds(120)).await;
        assert_eq!(told(&world), [""; 0], "not before it is overdue");
        world.advance(seconds(60)).await;
        let said = overdue(&world);
        assert!(said.len() == 1 && said[0].contains("1 text on gateway main"), "{said:?}");
        assert!(!said[0].contains("0123") && !said[0].contains("MENU"), "{said:?}");
        let ready = world.readyz().await;
        assert_eq!(ready["status"], "degraded");
        assert_eq!(ready["incidents"][0]["kind"], "overdue");
        assert_eq!((&ready["incidents"][0]["subject"], &ready["incidents"][0]["count"]), (&"main".into(), &1.into()));
    }

    async fn a_dropped_crisis_reply_is_found_within_a_minute_and_a_half_of_the_text(world: World) {
        world.phone(TEXTER).delivers("SM1", "I want to die").await;
        world.damage("DELETE FROM outbox WHERE lane = 'crisis'").await;
        world.advance(seconds(90)).await;
        assert_eq!(overdue(&world).len(), 1);
    }

    async fn many_lost_texts_are_one_text_to_the_operator_and_one_more_while_it_lasts(world: World) {
        for n in 0..5 {
            world.phone(&format!("+1555013{n}")).delivers(&format!("SM{n}"), "MENU").await;
        }
        world.damage("DELETE FROM outbox").await;
        world.advance(minutes(4)).await;
        let first = overdue(&world);
        assert!(first.len() == 1 && first[0].contains("5 texts"), "{first:?}");
        world.advance(minutes(15)).await;
        assert_eq!(overdue(&world).len(), 1, "again while nothing has changed");
        world.damage("UPDATE obligations SET closed_at = 1, outcome = 'replied'").await;
        world.advance(minutes(20)).await;
        let last = told(&world);
        assert!(last.len() == 1 && last[0].contains("over"), "{last:?}");
        assert_eq!(world.readyz().await["status"], "ok");
    }

    async fn a_text_without_any_obligation_is_found_and_owed_from_then_on(world: World) {
        let texter = world.phone(TEXTER);
        texter.texts("MENU").await;
        texter.delivers("SMhole", "CBT").await;
        world.damage("DELETE FROM outbox WHERE done_at IS NULL").await;
        assert_eq!(world.damage("DELETE FROM obligations WHERE closed_at IS NULL").await, 1);
        world.advance(seconds(60)).await;
        let said = told(&world);
        assert!(said.iter().any(|text| text.contains("without a planned answer")), "{said:?}");
        assert!(said.iter().any(|text| text.contains("NO ANSWER")), "{said:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL").await, 1);
    }

    async fn a_case_that_nothing_would_page_again_is_paged_and_told(world: World) {
        world.phone(TEXTER).texts("I want to die").await;
        told(&world);
        world.damage("UPDATE alerts SET next_page_at = NULL").await;
        world.advance(seconds(20)).await;
        let said = told(&world);
        assert!(said.iter().any(|text| text.starts_with("CRISIS")), "{said:?}");
        assert!(said.iter().any(|text| text.contains("1 open case(s)")), "{said:?}");
    }

    async fn while_a_person_has_the_conversation_they_get_ten_minutes(world: World) {
        let texter = world.phone(TEXTER);
        texter.texts("I want to die").await;
        let (staff, case) = (world.a_member_of_staff("second").await, world.first_in_the_queue().await);
        world.acts(&staff, case, Act::Write(MessageBody::new("I am here."))).await.unwrap();
        world.advance(minutes(2)).await;
        texter.texts("thank you").await;
        let of_the_program = |text: &String| text.starts_with("Harborline");
        world.advance(minutes(11)).await;
        assert!(!told(&world).iter().any(of_the_program), "the clocks of the case page meanwhile");
        world.advance(minutes(2)).await;
        let said: Vec<String> = told(&world).into_iter().filter(of_the_program).collect();
        assert!(said.len() == 1 && said[0].contains("wait for the person"), "{said:?}");
        world.acts(&staff, case, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        world.advance(seconds(10)).await;
        let said: Vec<String> = told(&world).into_iter().filter(of_the_program).collect();
        assert!(said.len() == 1 && said[0].contains("over"), "{said:?}");
    }

    async fn two_replicas_tell_once(world: World) {
        let other = world.another_app().await;
        other.ledger.tick().await.unwrap();
        world.settle().await;
        world.phone(TEXTER).delivers("SM1", "MENU").await;
        world.damage("DELETE FROM outbox").await;
        world.clock.advance(seconds(140));
        let (one, two) = tokio::join!(world.app.ledger.tick(), other.ledger.tick());
        assert_eq!(one.unwrap() + two.unwrap(), 2, "both found it");
        world.settle().await;
        assert_eq!(overdue(&world).len(), 1);
    }
}

#[tokio::test]
async fn the_operator_may_be_somebody_else() {
    let world = World::with(crate::support::Engine::Sqlite, |config| {
        config.operator.contacts.truncate(1);
        config.operator.contacts[0].name = "Operator".to_owned();
        config.operator.contacts[0].number = "+15550177".into();
    });
    let world = world.await.unwrap();
    world.phone(TEXTER).delivers("SM1", "MENU").await;
    world.damage("DELETE FROM outbox").await;
    world.advance(minutes(3)).await;
    assert_eq!(world.phone("+15550177").inbox().len(), 1);
    assert!(world.twilio.sent_to(DUTY).is_empty() && world.twilio.sent_to(SECOND).is_empty());
}
