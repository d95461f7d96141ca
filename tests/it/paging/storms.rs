//! Many cases at once: one page a responder, with a count, again and again.

use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{World, both};

/// So many people are in a crisis while no text can leave for seven minutes.
async fn outlasts_an_outage(world: &World, cases: u32) {
    world.twilio.fail_always(Some(Fault::ServerError));
    for n in 0..cases {
        let texter = world.phone(&format!("+1555012{n}"));
        texter.delivers(&world.new_sid(), "i want to die").await;
    }
    world.settle().await;
    let waiting = "SELECT COUNT(*) FROM outbox o JOIN pages p ON p.id = o.page_id
                    WHERE p.kind = 'page' AND o.done_at IS NULL";
    for _ in 0..7 {
        assert_eq!(world.count(waiting).await, 2, "one for each phone, always");
        world.advance(minutes(1)).await;
    }
    world.twilio.fail_always(None);
    world.advance(seconds(40)).await;
    for number in [DUTY, SECOND] {
        let mut pages = world.phone(number).inbox();
        pages.retain(|text| text.starts_with("CRISIS"));
        assert_eq!(pages.len(), 1, "{pages:?}");
        assert!(pages[0].contains("6:00"), "{pages:?}");
    }
    let untold = "SELECT COUNT(*) FROM alerts WHERE told_at IS NULL";
    assert_eq!(world.count(untold).await, 0);
}

both! {
    async fn many_cases_at_once_are_one_page_with_a_count_and_each_keeps_its_clock(world: World) {
        for n in 0..7 {
            let sid = format!("SM{n}");
            let _ = world.phone(&format!("+1555012{n}")).delivers(&sid, "i want to die").await;
        }
        world.clock.advance(seconds(40));
        world.settle().await;
        for number in [DUTY, SECOND] {
            let pages = world.phone(number).inbox();
            assert_eq!(pages, ["CRISIS: 7 cases wait, first A3 0:40. Reply A3 to take it, or sign in: https://line.example.org"]);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE pages = 1 AND told_at IS NOT NULL").await, 7);
        world.responder().texts("a3").await.expect_reply("A3 is yours");
        assert_eq!(world.phone(SECOND).inbox(), ["Case A3 was taken by Duty phone. Thank you for being there."]);
        world.advance(minutes(2)).await;
        let pages = world.responder().inbox();
        assert_eq!(pages.len(), 1, "{pages:?}");
        assert!(pages[0].starts_with("CRISIS: 6 cases wait, first A4 2:40."), "{pages:?}");
        // The one that was taken has its own clock.
        world.phone(SECOND).inbox();
        world.advance(minutes(3)).await;
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.contains("A3 was opened again")), "{heard:?}");
    }

    async fn cases_that_come_one_after_the_other_are_gathered_for_a_few_seconds(world: World) {
        let mut pages = Vec::new();
        for n in 0..20 {
            world.phone(&format!("+15550{n:03}")).texts("i want to die").await;
            pages.push(world.responder().inbox());
            world.advance(seconds(1)).await;
        }
        let alone = pages.iter().take(3).flatten().filter(|page| page.starts_with("CRISIS: case"));
        assert_eq!(alone.count(), 3, "the first ones at once: {pages:?}");
        assert!(pages[3..10].iter().all(Vec::is_empty), "the phone rings already: {pages:?}");
        world.advance(seconds(20)).await;
        pages.push(world.responder().inbox());
        let storms: Vec<&String> = pages.iter().flatten().filter(|page| page.contains("cases wait")).collect();
        assert!((1..=3).contains(&storms.len()), "{pages:?}");
        // Nobody waited longer than the window for their first page.
        let late = "SELECT COUNT(*) FROM alerts WHERE pages = 0 OR paged_at IS NULL";
        assert_eq!(world.count(late).await, 0);
        world.advance(minutes(2)).await;
        let again = world.responder().inbox();
        assert!((1..=3).contains(&again.len()), "{again:?}");
        assert!(again.iter().any(|page| page.contains("cases wait")), "{again:?}");
    }

    async fn after_an_outage_a_phone_gets_the_latest_page_of_a_case_and_not_one_of_each_round(world: World) {
        outlasts_an_outage(&world, 1).await;
    }

    async fn after_an_outage_a_phone_gets_the_latest_page_of_a_storm(world: World) {
        outlasts_an_outage(&world, 5).await;
    }

    async fn two_replicas_page_a_storm_once(world: World) {
        for n in 0..6 {
            let sid = format!("SM{n}");
            let _ = world.phone(&format!("+1555012{n}")).delivers(&sid, "i want to die").await;
        }
        let other = world.another_app().await;
        let (one, two) = tokio::join!(world.app.paging.tick(), other.paging.tick());
        assert_eq!(one.unwrap() + two.unwrap(), 6);
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE pages = 1").await, 6);
        assert_eq!(world.responder().inbox().len(), 1);
    }
}
