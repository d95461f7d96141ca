//! Policies: who is paged when, and in which order.

use harborline::oncall::{Target, Urgency};
use uuid::Uuid;

use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const NIGHT: &str = "+15550172";

both! {
    async fn the_rungs_are_climbed_one_by_one_and_the_last_one_never_ends(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person("Night", NIGHT).await;
        let rungs: &[(u64, u16, &[Target])] = &[
            (30, 2, &[Target::Person(first.id)]),
            (60, 1, &[Target::Person(night.id)]),
            (90, 1, &[Target::Fallback]),
        ];
        world.pages_by(&first, Urgency::High, 1, rungs).await;
        world.phone("+15550123").texts("i want to die").await;
        let mut heard = Vec::new();
        for _ in 0..60 {
            let inboxes = [FIRST, NIGHT, DUTY].map(|number| world.phone(number).inbox().len());
            heard.push(inboxes);
            world.advance(seconds(15)).await;
        }
        // Every 15 seconds: who was paged.
        assert_eq!(heard[..9], [
            [1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1],
        ]);
        // Then in vain: everyone who can be reached, for ever.
        let everyone: Vec<usize> = (9..60).filter(|at| heard[*at][0] > 0).collect();
        assert_eq!(everyone, [14, 20, 26, 32, 38, 44, 50, 56]);
        for at in everyone {
            assert!(heard[at].iter().all(|pages| *pages >= 1), "{at}: {:?}", heard[at]);
        }
    }

    async fn a_rung_without_anybody_costs_no_time(world: World) {
        let first = world.a_person("First", FIRST).await;
        let gone = world.a_member_of_staff("gone@example.org").await;
        let rungs: &[(u64, u16, &[Target])] = &[
            (600, 9, &[Target::Person(gone.id)]),
            (60, 1, &[Target::Person(first.id)]),
        ];
        world.pages_by(&first, Urgency::High, 1, rungs).await;
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(world.phone(FIRST).inbox().len(), 1, "nobody can be reached on the first rung");
        assert!(world.responder().inbox().is_empty());
    }

    async fn each_urgency_has_its_own_policy(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.pages_by(&first, Urgency::WantsHuman, 1, &[(60, 1, &[Target::Person(first.id)])]).await;
        world.phone("+15550123").texts("HUMAN").await;
        assert_eq!((world.phone(FIRST).inbox().len(), world.responder().inbox().len()), (1, 0));
        // The same person, in danger now: the policy for that, from its first rung.
        world.phone("+15550123").texts("i want to die").await;
        let pages = world.responder().inbox();
        assert_eq!(pages.len(), 0, "the built-in policy pages everyone first: {pages:?}");
        assert_eq!(world.phone(FIRST).inbox().len(), 1);
        world.advance(minutes(2)).await;
        assert_eq!(world.responder().inbox().len(), 1);
    }

    async fn when_every_rung_was_in_vain_the_operator_is_told_until_somebody_is_there(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.pages_by(&first, Urgency::High, 1, &[(30, 2, &[Target::Person(first.id)])]).await;
        world.phone("+15550123").texts("i want to die").await;
        world.advance(seconds(55)).await;
        assert!(world.responder().inbox().is_empty());
        world.advance(seconds(15)).await;
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.starts_with("CRISIS: case A3")), "{heard:?}");
        assert!(heard.iter().any(|text| text.contains("1 open case was paged on every rung, and NOBODY took it")), "{heard:?}");
        assert_eq!(world.phone(SECOND).inbox().len(), 2);
        world.phone(FIRST).texts("a3").await.expect_reply("A3 is yours");
        world.advance(seconds(10)).await;
        let over = world.responder().inbox();
        assert!(over.iter().any(|text| text.contains("somebody has every case that nobody took")), "{over:?}");
    }

    async fn a_policy_that_is_removed_or_broken_leaves_nobody_waiting(world: World) {
        let first = world.a_person("First", FIRST).await;
        let id = world.pages_by(&first, Urgency::High, 1, &[(60, 1, &[Target::Person(first.id)])]).await;
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(world.phone(FIRST).inbox().len(), 1);
        world.app.policies.assign(&first, Urgency::High, None).await.unwrap().unwrap();
        world.app.policies.remove(&first, id).await.unwrap().unwrap();
        world.advance(minutes(1)).await;
        assert_eq!(world.phone(FIRST).inbox().len(), 1, "by the built-in policy");
        world.pages_by(&first, Urgency::High, 1, &[(60, 1, &[Target::Person(first.id)])]).await;
        world.damage("DELETE FROM rung_targets").await;
        world.damage("DELETE FROM rungs").await;
        world.phone("+15550124").texts("i want to die").await;
        assert!(!world.phone(FIRST).inbox().is_empty());
    }

    async fn one_case_that_cannot_be_read_keeps_no_other_from_being_paged(world: World) {
        world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("i want to die").await;
        world.phone("+15550124").texts("i want to die").await;
        world.responder().inbox();
        world.damage("UPDATE alerts SET reason = 'moon' WHERE code = 'A3'").await;
        world.damage("UPDATE contact_methods SET uses = 'moon', kind = 'moon'").await;
        world.clock.advance(minutes(2));
        world.app.paging.tick().await.unwrap();
        world.settle_outbox().await;
        let pages = world.responder().inbox();
        assert!(pages.len() == 1 && pages[0].contains("A4"), "{pages:?}");
    }

    async fn several_people_must_acknowledge_where_the_policy_says_so(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person("Night", NIGHT).await;
        world.pages_by(&first, Urgency::High, 2, &[(60, 9, &[Target::Everyone])]).await;
        world.phone("+15550123").texts("i want to die").await;
        for number in [FIRST, NIGHT] {
            assert_eq!(world.phone(number).inbox().len(), 1);
        }
        world.phone(FIRST).texts("a3").await.expect_reply("1 more person is being paged");
        world.phone(FIRST).texts("a3").await.expect_reply("1 more person is being paged");
        assert!(world.phone(NIGHT).inbox().is_empty(), "nobody has it yet");
        world.advance(minutes(1)).await;
        assert!(world.phone(FIRST).inbox().is_empty(), "who is there is not paged");
        let pages = world.phone(NIGHT).inbox();
        assert!(pages.len() == 1 && pages[0].contains("1 person is on it, one more is needed"), "{pages:?}");
        world.phone(NIGHT).texts("a3").await.expect_reply("A3 is yours");
        world.advance(minutes(2)).await;
        assert!(world.phone(NIGHT).inbox().is_empty());
        world.responder().texts("a3").await.expect_reply("already taken by First and Night");
        // They have led nowhere together, too.
        world.advance(minutes(4)).await;
        for number in [FIRST, NIGHT] {
            let heard = world.phone(number).inbox();
            assert!(heard.iter().any(|text| text.contains("A3 was opened again")), "{heard:?}");
            assert!(heard.iter().any(|text| text.starts_with("CRISIS: case A3")), "{heard:?}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0);
        assert!(night.id != Uuid::nil());
    }

    async fn a_message_of_the_first_does_not_stop_the_call_for_the_second(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.a_person("Night", NIGHT).await;
        world.pages_by(&first, Urgency::High, 2, &[(60, 9, &[Target::Everyone])]).await;
        world.phone("+15550123").texts("i want to die").await;
        let conversation = world.first_in_the_queue().await;
        let hello = harborline::text::MessageBody::new("Hello, I am here.");
        world.acts(&first, conversation, harborline::handoff::Act::Write(hello)).await.unwrap();
        for number in [FIRST, NIGHT] {
            world.phone(number).inbox();
        }
        world.advance(minutes(1)).await;
        assert_eq!((world.phone(FIRST).inbox().len(), world.phone(NIGHT).inbox().len()), (0, 1));
        world.phone(NIGHT).texts("taking it").await.expect_reply("A3 is yours");
        world.advance(minutes(30)).await;
        assert!(world.phone(NIGHT).inbox().is_empty() && world.phone(FIRST).inbox().is_empty());
    }
}
