//! The pages of incidents, and the timeline of a case to print.

use axum::http::StatusCode;
use harborline::handoff::{Act, WrapUp};
use harborline::oncall::IncidentKind;
use harborline::staff::Role;
use harborline::text::MessageBody;
use serde_json::json;

use crate::support::World;
use crate::support::both;
use crate::support::visitor::link;
use crate::support::world::{minutes, seconds};

both! {
    async fn an_incident_says_what_it_means_and_is_looked_after_and_closed(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        let empty = visitor.reads("/incidents").await;
        assert!(empty.contains("Nothing is open.") && empty.contains("Nothing yet."), "{empty}");
        world.app.incidents.raise(IncidentKind::Signature, "main", json!({"why": "the signature does not match", "policy": "enforce"}));
        world.settle().await;
        let list = visitor.reads("/incidents").await;
        for part in ["Hooks whose signature does not hold: main", "open", "since today"] {
            assert!(list.contains(part), "no {part:?}: {list}");
        }
        let address = link(&list, "/incidents/0");
        let page = visitor.reads(&address).await;
        for part in [
            "What it means", "What to do", "REFUSED", "the signature does not match", "It was found, and the operator was told.",
            "I look after it", "Close it with this note",
        ] {
            assert!(page.contains(part), "no {part:?}: {page}");
        }
        let attend = format!("{address}/attend");
        visitor.sends(&attend, &[("act", "close"), ("note", " ")]).await.expect_refused("Write a short note");
        visitor.sends(&attend, &[("act", "note"), ("note", &"x".repeat(2001))]).await.expect_refused("2001 characters");
        visitor.sends(&attend, &[("act", "acknowledge"), ("note", "")]).await
            .expect_done("The operator hears of it once an hour")
            .expect_done("Second looks after it.");
        visitor.sends(&attend, &[("act", "acknowledge"), ("note", "")]).await.expect_refused("Somebody looks after it already");
        visitor.sends(&attend, &[("act", "note"), ("note", "the token was changed")]).await
            .expect_done("the token was changed");
        // Looked after: no text for an hour.
        world.responder().inbox();
        world.jump(minutes(14)).await;
        world.app.incidents.raise(IncidentKind::Signature, "main", json!({}));
        world.jump(minutes(5)).await;
        let told = world.responder().inbox();
        assert!(told.iter().all(|text| !text.contains("signature")), "{told:?}");
        let again = visitor.reads(&address).await;
        assert!(again.contains("It was found for the last time, 2 by then."), "{again}");
        visitor.sends(&attend, &[("act", "close"), ("note", "put the new token in")]).await
            .expect_done("The incident is closed")
            .expect_done("Second closed it");
        let told = world.responder().inbox();
        assert!(told.iter().any(|text| text.contains("Harborline, over")), "{told:?}");
        let list = visitor.reads("/incidents").await;
        assert!(list.contains("Nothing is open.") && list.contains(&address), "{list}");
        visitor.sends(&attend, &[("act", "close"), ("note", "again")]).await.expect_refused("This incident is over.");
        let (status, _) = visitor.opens("/incidents/01890a5d-ac96-774b-bcce-b302099a8057").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    async fn what_its_finder_would_find_again_is_not_closed_by_hand(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        world.app.incidents.raise(IncidentKind::Drill, "plain", json!({"why": "nobody answered"}));
        world.settle().await;
        let address = link(&visitor.reads("/incidents").await, "/incidents/0");
        let page = visitor.reads(&address).await;
        assert!(page.contains("when a drill of this kind passes") && !page.contains("Close it with this note"), "{page}");
        visitor.sends(&format!("{address}/attend"), &[("act", "close"), ("note", "no")]).await
            .expect_refused("It is over by itself");
    }

    async fn the_timeline_of_a_case_tells_every_step_and_not_a_word(world: World) {
        let first = world.a_person_as("First", "+15550171", Role::Supervisor).await;
        world.phone("+15550123").texts("i want to die, says Umbrella").await.expect_inline("988");
        world.jump(seconds(20)).await;
        world.phone("+15550171").texts("A3").await.expect_reply("A3 is yours");
        let case = world.first_in_the_queue().await;
        world.jump(seconds(20)).await;
        world.acts(&first, case, Act::Claim).await.unwrap();
        world.jump(seconds(20)).await;
        world.acts(&first, case, Act::Write(MessageBody::new("I am here, says Kettle."))).await.unwrap();
        world.acts(&first, case, Act::Note(MessageBody::new("about the Lantern"))).await.unwrap();
        world.jump(minutes(5)).await;
        world.acts(&first, case, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        let visitor = world.visitor(&first).await;
        let page = visitor.reads(&format!("/conversations/{case}/timeline")).await;
        let mut rest = page.as_str();
        for part in [
            "Timeline of case A3", "A text comes in; triage: high.", "Page to First, by text.", "First acknowledges.",
            "First claims the conversation.", "First writes to the texter.", "The text of the team was taken by the gateway.",
            "First leaves a note for the team.", "Case A3 is closed.",
        ] {
            let at = rest.find(part);
            rest = &rest[at.unwrap_or_else(|| panic!("no {part:?}, in order: {page}"))..];
        }
        assert!(page.contains("First closes it: Safe for now"), "{page}");
        for part in ["Umbrella", "Kettle", "Lantern", "0123", "want to die"] {
            assert!(!page.contains(part), "{part} is in it: {page}");
        }
        let link = visitor.reads(&format!("/conversations/{case}")).await;
        assert!(link.contains("/timeline\""), "{link}");
        // Who may not read the conversation does not read its timeline.
        let other = world.an_account("other@example.org", Role::Responder).await;
        let (status, _) = world.visitor(&other).await.opens(&format!("/conversations/{case}/timeline")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}
