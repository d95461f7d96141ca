//! The pages of policies: what pages for what, how rungs are written, and who would be paged.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use harborline::oncall::{Policy, Target, Urgency};
use uuid::Uuid;

use crate::support::team::{Team, a_team};
use crate::support::world::minutes;
use crate::support::{World, both};

async fn the_policies(world: &World) -> (Vec<Policy>, BTreeMap<Urgency, Uuid>) {
    let mut tx = world.app.store.read().await.unwrap();
    let policies = tx.policies().await.unwrap();
    (policies, tx.assigned_policies().await.unwrap())
}

/// Two rungs: the schedule, then the contacts of the configuration.
fn two_rungs<'a>(schedule: &'a str, act: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", "Crisis"),
        ("acks", "1"),
        ("delay", "60"),
        ("repeat", "2"),
        ("targets-0", schedule),
        ("delay", "120"),
        ("repeat", "1"),
        ("targets-1", "fallback"),
        ("tried_for", "high"),
        ("act", act),
    ]
}

fn target(team: &Team) -> String {
    format!("schedule {}", team.schedule)
}

both! {
    async fn a_policy_is_written_assigned_and_kept_while_it_pages(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let schedule = target(&team);
        let empty = night.reads("/policies/new").await;
        for part in ["Rung 1", "Nights", "Nights: By turns", "Everyone who can be paged", "The contacts of the configuration", "Second"] {
            assert!(empty.contains(part), "{part}: {empty}");
        }
        night.sends("/policies/new", &two_rungs(&schedule, "save")).await.expect_done("The policy is kept.");
        let policy = the_policies(&world).await.0.remove(0);
        assert_eq!((policy.name.as_str(), policy.acks), ("Crisis", 1));
        let rungs: Vec<_> = policy.rungs.iter().map(|rung| (rung.delay, rung.repeat, rung.targets.clone())).collect();
        assert_eq!(rungs, [
            (minutes(1), 2, vec![Target::Schedule(team.schedule)]),
            (minutes(2), 1, vec![Target::Fallback]),
        ]);
        let id = policy.id.to_string();
        night.sends("/policies", &[("for", "high"), ("policy", &id)]).await.expect_done("From now on this policy pages for it.");
        let page = night.reads("/policies").await;
        for part in ["Pages for a crisis.", "2 times, every 1 min, then the next rung", "again every 2 min until somebody is there", "the contacts of the configuration"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let path = format!("/policies/{id}");
        assert!(night.reads(&path).await.contains("value=\"Crisis\""));
        night.sends(&format!("{path}/remove"), &[]).await.expect_refused("This policy pages for a crisis.");
        night.sends("/policies", &[("for", "high"), ("policy", "")]).await.expect_done("From now on");
        night.sends(&format!("{path}/remove"), &[]).await.expect_done("The policy is removed.");
        assert_eq!(the_policies(&world).await, (Vec::new(), BTreeMap::new()));
        assert_eq!(night.opens(&path).await.0, StatusCode::NOT_FOUND);
        for fields in [&[("for", "danger"), ("policy", "")][..], &[("for", "high"), ("policy", "x")], &[]] {
            night.sends("/policies", fields).await.expect_refused("Choose a policy from the list.");
        }
    }

    async fn what_is_wrong_is_said_at_its_field_and_all_that_was_typed_stays(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let schedule = target(&team);
        for (place, changed, why, field) in [
            (0, ("name", " "), "Give the policy a name", "href=\"#name\""),
            (1, ("acks", "9"), "9 people must acknowledge", "href=\"#acks\""),
            (1, ("acks", "some"), "At least 1 person must acknowledge", "href=\"#acks\""),
            (2, ("delay", "5"), "Rung 1 waits 5 seconds for an answer", "href=\"#delay-0\""),
            (5, ("delay", "soon"), "Rung 2: write the seconds as a whole number", "href=\"#delay-1\""),
            (6, ("repeat", "0"), "Rung 2 pages 0 times", "href=\"#repeat-1\""),
            (7, ("targets-1", "person x"), "Rung 2 pages nobody", "href=\"#targets-1\""),
            (7, ("targets-1", "person 01890a5d-ac96-774b-bcce-b302099a8057"), "Rung 2 names a schedule, rotation or person that is not there any more", "href=\"#targets-1\""),
        ] {
            let mut fields = two_rungs(&schedule, "save");
            fields[place] = changed;
            let sent = night.sends("/policies/new", &fields).await;
            sent.expect_refused(why);
            assert!(sent.page.contains(field), "{why}: no {field}: {}", sent.page);
            let kept = format!("value=\"{schedule}\" checked");
            assert!(sent.page.contains(&kept), "{why}: the target is lost: {}", sent.page);
            if changed.0 == "delay" {
                assert!(sent.page.contains(&format!("value=\"{}\"", changed.1)), "{why}: {}", sent.page);
            }
        }
        assert_eq!(the_policies(&world).await.0, []);
    }

    async fn rungs_are_arranged_by_buttons_and_tried_on_paper_and_nothing_is_kept_or_sent(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let schedule = target(&team);
        let sent = night.sends("/policies/new", &two_rungs(&schedule, "up 1")).await;
        assert_eq!(sent.status, StatusCode::OK);
        assert!(sent.page.contains("name=\"targets-1\" value=\"schedule"), "{}", sent.page);
        let moved = format!("name=\"targets-1\" value=\"{schedule}\" checked");
        assert!(sent.page.contains(&moved), "it moved with its targets: {}", sent.page);
        let sent = night.sends("/policies/new", &two_rungs(&schedule, "add")).await;
        assert!(sent.page.contains("Rung 3"), "{}", sent.page);

        let tried = night.sends("/policies/new", &two_rungs(&schedule, "try")).await;
        assert_eq!(tried.status, StatusCode::OK, "{}", tried.page);
        for part in ["First (text)", "2 times, every 1 min", "after 2 min", "Duty phone (text), Second phone (text)", "Climbed in vain", "again every 2 min until somebody is there"] {
            assert!(tried.page.contains(part), "{part}: {}", tried.page);
        }
        assert_eq!(the_policies(&world).await.0, []);
        assert_eq!(world.phone(crate::support::team::FIRST).inbox().len(), 0);
    }

    async fn the_rehearsal_says_who_is_there_at_that_hour_and_which_rungs_are_passed_over(world: World) {
        let team = a_team(&world).await;
        let first = world.visitor(&team.first).await;
        let page = first.reads("/policies/try/high").await;
        // Built-in: who is on call, then everyone, then the contacts, too.
        for part in ["Who would be paged for a crisis", "Built-in", "at once", "Rung 1", "First (text)", "Rung 3"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let set = world.app.store.write(move |tx| {
            Box::pin(async move {
                let quiet = Some(harborline::oncall::Quiet { from: 0, until: 12 * 60 });
                tx.set_person_hours(team.first.id, None, quiet).await
            })
        });
        set.await.unwrap();
        // It is midnight: only a crisis wakes them.
        let page = first.reads("/policies/try/concern").await;
        assert!(page.contains("Rung 2 (passed over: 1)") && !page.contains("First (text)"), "{page}");
        assert!(first.reads("/policies/try/imminent").await.contains("First (text)"));
        assert_eq!(first.opens("/policies/try/anything").await.0, StatusCode::NOT_FOUND);
    }

    async fn responders_see_policies_and_cannot_change_them(world: World) {
        let team = a_team(&world).await;
        let first = world.visitor(&team.first).await;
        let page = first.reads("/policies").await;
        assert!(page.contains("For a crisis") && !page.contains("Use it") && !page.contains("/policies/new"), "{page}");
        assert_eq!(first.opens("/policies/new").await.0, StatusCode::FORBIDDEN);
        assert_eq!(first.sends("/policies", &[("for", "high"), ("policy", "")]).await.status, StatusCode::FORBIDDEN);
    }
}
