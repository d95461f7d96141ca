//! The board of supervisors: the light, who waits, who has what, and a call for help.

use axum::http::StatusCode;
use harborline::handoff::Act;
use harborline::staff::Role;
use harborline::text::MessageBody;

use crate::support::team::{FIRST, NIGHT, SECOND, a_team};
use crate::support::world::{DUTY, minutes, seconds};
use crate::support::{World, both};

both! {
    async fn the_board_shows_the_line_in_one_light_with_its_reasons(world: World) {
        let team = a_team(&world).await;
        let visitor = world.visitor(&team.night).await;
        let calm = visitor.reads("/board").await;
        for part in ["Green: whoever waits can count on a person", "Nobody waits for a person.", "On call now: First."] {
            assert!(calm.contains(part), "no {part:?}: {calm}");
        }
        world.phone("+15550121").texts("can i talk to a person").await;
        world.jump(seconds(30)).await;
        world.phone("+15550122").texts("i want to die").await;
        world.jump(minutes(9)).await;
        let busy = visitor.reads("/board").await;
        for part in [
            "Red: somebody must come now", "1 crisis waits longer than the clocks allow, up to 9 min.",
            "1 other case waits longer than the clocks allow, up to 9 min 30 s.", "Waits longest: ",
            "none</span> <strong>1</strong>", "high</span> <strong>1</strong>", "Observe",
        ] {
            assert!(busy.contains(part), "no {part:?}: {busy}");
        }
        let crisis = world.first_in_the_queue().await;
        world.acts(&team.first, crisis, Act::Claim).await.unwrap();
        world.acts(&team.first, crisis, Act::Write(MessageBody::new("I am here."))).await.unwrap();
        world.jump(seconds(70)).await;
        let now = visitor.reads("/board/now").await;
        for part in ["Amber: somebody should look", "1 conversation<", "last act 1 min 10 s ago", "/take-over"] {
            assert!(now.contains(part), "no {part:?}: {now}");
        }
        assert!(!now.contains("<html") && !now.contains("Call for help"), "{now}");
        // One press, and the supervisor reads it.
        let read = visitor.reads(&format!("/conversations/{crisis}")).await;
        assert!(read.contains("First has it"), "{read}");
    }

    async fn a_call_for_help_reaches_whoever_is_on_call_and_once(world: World) {
        let team = a_team(&world).await;
        world.phone("+15550122").texts("i want to die").await;
        for phone in [FIRST, SECOND, NIGHT, DUTY] {
            world.phone(phone).inbox();
        }
        let visitor = world.visitor(&team.night).await;
        visitor.sends("/board/call", &[("audience", "nobody")]).await.expect_refused("Choose who is called.");
        visitor.sends("/board/call", &[("audience", "on_call"), ("urgent", "yes")]).await
            .expect_done("Your call for help is on its way")
            .expect_done("Night called whoever is on call for help");
        for phone in [FIRST, DUTY] {
            let told = world.phone(phone).inbox();
            assert!(told.iter().any(|text| text.contains("HELP NEEDED: Night asks you to come") && text.contains("1 person waits.")), "{told:?}");
        }
        for phone in [SECOND, NIGHT] {
            let told = world.phone(phone).inbox();
            assert!(told.iter().all(|text| !text.contains("HELP NEEDED")), "{told:?}");
        }
        visitor.sends("/board/call", &[("audience", "everyone")]).await
            .expect_refused("Night called for help less than five minutes ago");
        world.jump(minutes(6)).await;
        visitor.sends("/board/call", &[("audience", "everyone"), ("urgent", "yes")]).await
            .expect_done("called everyone for help");
        for phone in [FIRST, SECOND, DUTY] {
            let told = world.phone(phone).inbox();
            assert!(told.iter().any(|text| text.contains("HELP NEEDED")), "{told:?}");
        }
        let told = world.phone(NIGHT).inbox();
        assert!(told.iter().all(|text| !text.contains("HELP NEEDED")), "who calls is there: {told:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'team.called'").await, 2);
    }

    async fn a_responder_sees_neither_board_nor_reports(world: World) {
        let second = world.an_account("second@example.org", Role::Responder).await;
        let visitor = world.visitor(&second).await;
        for path in ["/board", "/incidents", "/reports"] {
            let (status, _) = visitor.opens(path).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        }
        let queue = visitor.reads("/").await;
        assert!(!queue.contains("/board") && !queue.contains("/reports"), "{queue}");
    }
}
