//! The pages of drills: what was held, what is due, starting one, and its report.

use axum::http::StatusCode;
use harborline::config::DrillSection;
use harborline::oncall::Variant;
use harborline::staff::Role;

use crate::support::visitor::link;
use crate::support::world::{minutes, seconds};
use crate::support::{Engine, World, both};

async fn on_a_timetable(engine: Engine) -> Option<World> {
    let entry = DrillSection {
        weekdays: vec!["thursday".to_owned()],
        at: "14:00".to_owned(),
        time_zone: "UTC".to_owned(),
        variant: Variant::DbDown,
        dry_run: true,
    };
    World::with(engine, |config| config.drills.schedule.push(entry)).await
}

both! {
    in on_a_timetable;
    async fn a_drill_is_started_followed_and_read(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        let empty = visitor.reads("/drills").await;
        assert!(empty.contains("No drill was held yet"), "{empty}");
        for part in ["today 14:00", "thursday 14:00 UTC (database down)", "no pages"] {
            assert!(empty.contains(part), "no {part:?}: {empty}");
        }
        let form = visitor.reads("/drills/new").await;
        assert!(form.contains("every page begins with DRILL"), "{form}");
        visitor.sends("/drills/new", &[("variant", "plain"), ("until", "acknowledged")]).await
            .expect_done("begins within seconds");
        let list = visitor.reads("/drills").await;
        assert!(list.contains("going on") && list.contains("A drill is going on."), "{list}");
        let address = link(&list, "/drills/0");
        let running = visitor.reads(&address).await;
        for part in ["case A3", "a provider accepts a page", "waiting", "Call the drill off", "data-fragment"] {
            assert!(running.contains(part), "no {part:?}: {running}");
        }
        visitor.sends("/drills/new", &[("variant", "plain")]).await.expect_refused("A drill is running");
        world.advance(seconds(30)).await;
        world.responder().texts("a3").await;
        let report = visitor.reads(&address).await;
        for part in ["passed", "by Duty phone", "30 s", "What happened", "Duty phone takes the case", "asked for by night@example.org"] {
            assert!(report.contains(part), "no {part:?}: {report}");
        }
        assert!(!report.contains("Call the drill off") && !report.contains("data-fragment"), "{report}");
        let fragment = visitor.reads(&format!("{address}/report")).await;
        assert!(fragment.contains("What was measured") && !fragment.contains("<html"), "{fragment}");
    }

    async fn a_failed_drill_says_so_everywhere_and_what_was_told_leads_to_it(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        visitor.sends("/drills/new", &[("variant", "plain")]).await;
        world.advance(minutes(16)).await;
        let told = world.responder().inbox();
        let told = told.iter().find(|text| text.contains("a drill FAILED")).unwrap();
        let address = told.split("https://line.example.org").nth(1).unwrap();
        let report = visitor.reads(address).await;
        for part in ["failed", "did not happen: a responder answers the page", "open incident", "missing"] {
            assert!(report.contains(part), "no {part:?}: {report}");
        }
        let list = visitor.reads("/drills").await;
        assert!(list.contains("The last drill of “the whole loop” failed"), "{list}");
    }

    async fn a_drill_is_called_off_on_its_page_and_waits_for_people_in_need(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        visitor.sends("/drills/new", &[("variant", "plain")]).await;
        let address = link(&visitor.reads("/drills").await, "/drills/0");
        visitor.sends(&format!("{address}/stop"), &[]).await.expect_done("called off");
        let report = visitor.reads(&address).await;
        assert!(report.contains("Second stopped it"), "{report}");
        world.phone("+15550123").texts("i want to die").await;
        let list = visitor.reads("/drills").await;
        assert!(list.contains("A real case waits for a person"), "{list}");
        let sent = visitor.sends("/drills/new", &[("variant", "db_down"), ("dry_run", "true")]).await;
        sent.expect_refused("1 real case(s) wait");
        assert!(sent.page.contains(r#"value="db_down" checked"#), "what was chosen stays: {}", sent.page);
        let nothing = "/drills/01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(visitor.opens(nothing).await.0, StatusCode::NOT_FOUND);
        assert_eq!(visitor.sends(&format!("{nothing}/stop"), &[]).await.status, StatusCode::NOT_FOUND);
    }

    async fn whoever_opens_the_case_of_a_drill_reads_that_it_is_one(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        visitor.sends("/drills/new", &[("variant", "plain")]).await;
        let queue = visitor.reads("/").await;
        assert!(queue.contains(r#"<strong class="drill">DRILL</strong>"#), "{queue}");
        let conversation = visitor.reads(&link(&queue, "/conversations/")).await;
        assert!(conversation.contains("<strong>DRILL.</strong> Nobody is behind this conversation"), "{conversation}");
        let now = world.now();
        let make = world.app.store.write(move |tx| {
            Box::pin(async move {
                let open = tx.open_alerts().await?;
                Ok(tx.link_to_case(open[0].id, now))
            })
        });
        let end = make.await.unwrap();
        let page = visitor.reads(&format!("/take/{end}")).await;
        assert!(page.contains(r#"<strong class="drill">DRILL</strong> Case A3"#), "{page}");
    }

    async fn a_responder_neither_starts_drills_nor_reads_their_reports(world: World) {
        let first = world.an_account("first@example.org", Role::Responder).await;
        let visitor = world.visitor(&first).await;
        assert_eq!(visitor.opens("/drills").await.0, StatusCode::FORBIDDEN);
        let queue = visitor.reads("/").await;
        assert!(!queue.contains("/drills"), "{queue}");
        assert_eq!(visitor.sends("/drills/new", &[("variant", "plain")]).await.status, StatusCode::FORBIDDEN);
        assert!(world.app.drills.overview(9).await.unwrap().drills.is_empty());
    }
}
