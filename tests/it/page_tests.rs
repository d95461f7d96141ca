//! Test pages: sent from the page, answered by the person, and nobody takes them for an emergency.

use axum::http::StatusCode;
use harborline::oncall::{PageTest, Quiet, TestAnswer};

use crate::support::team::{FIRST, SECOND, a_team};
use crate::support::visitor::link;
use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

async fn the_tests(world: &World) -> Vec<PageTest> {
    let mut tx = world.app.store.read().await.unwrap();
    tx.page_tests(9).await.unwrap()
}

both! {
    async fn whoever_is_on_call_is_tested_and_answers_by_text(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let sent = night.sends("/on-call/tests", &[("who", "on-call")]).await;
        sent.expect_done("The test page is on its way.");
        let texts = world.phone(FIRST).inbox();
        assert_eq!(texts, ["TEST, no emergency: Night tests whether pages reach you. Reply Q33 to say that this one did."]);
        assert_eq!(world.phone(SECOND).inbox().len(), 0, "they are not on call");
        let page = night.reads("/on-call/tests").await;
        for part in ["First", "waiting", "text: sent", "sent by Night, today 00:00"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        world.clock.advance(seconds(12));
        let heard = world.phone(FIRST).texts("q33").await;
        assert_eq!(heard.all(), ["Thank you: the test page reached you. There is nothing else to do."]);
        let page = night.reads("/on-call/tests/board").await;
        for part in ["answered", "by text, after 12 s", "text: sent, answered"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let test = the_tests(&world).await.remove(0);
        assert_eq!(test.answered.unwrap().1, TestAnswer::Text);
        let mut tx = world.app.store.read().await.unwrap();
        let tested = tx.person(team.first.id).await.unwrap().unwrap().methods[0].tested_at;
        assert_eq!(tested, Some(test.answered.unwrap().0), "the phone counts as tested");
    }

    async fn an_answer_in_other_words_counts_while_it_is_waited_for_and_takes_no_case(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let first = team.first.id.to_string();
        night.sends("/on-call/tests", &[("who", &first)]).await.expect_done("on its way");
        world.phone(FIRST).inbox();
        assert!(world.phone(FIRST).texts("got it").await.all()[0].starts_with("Thank you"));
        world.advance(minutes(20)).await;
        night.sends("/on-call/tests", &[("who", &first)]).await.expect_done("on its way");
        world.advance(minutes(20)).await;
        let page = night.reads("/on-call/tests").await;
        assert!(page.contains("no answer") && page.contains("a page may not reach them"), "{page}");
        world.phone(FIRST).inbox();
        // Nobody waits for it any more, but its code still says which one it was.
        assert!(!world.phone(FIRST).texts("got it").await.all()[0].starts_with("Thank you"));
        assert!(world.phone(FIRST).texts("Q34").await.all()[0].starts_with("Thank you"));
        // The code of somebody else's test says nothing.
        let heard = world.phone(SECOND).texts("Q34").await;
        assert!(heard.all()[0].contains("There is no open case Q34"), "{:?}", heard.all());
    }

    async fn a_crisis_comes_before_a_test(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        night.sends("/on-call/tests", &[("who", "on-call")]).await.expect_done("on its way");
        let texter = world.phone("+15550123");
        texter.texts("i want to kill myself").await;
        let pages = world.phone(FIRST).inbox();
        assert!(pages[1].starts_with("CRISIS"), "{pages:?}");
        let heard = world.phone(FIRST).texts("taking it").await;
        assert!(heard.all()[0].contains("is yours"), "a word without a code takes the case: {:?}", heard.all());
        assert!(the_tests(&world).await[0].answered.is_none());
    }

    async fn a_responder_tests_themselves_and_answers_on_the_page(world: World) {
        let team = a_team(&world).await;
        let first = world.visitor(&team.first).await;
        let (own, other) = (team.first.id.to_string(), team.second.id.to_string());
        let page = first.reads("/on-call/tests").await;
        assert!(page.contains(&own) && !page.contains(&other) && !page.contains("whoever is on call"), "{page}");
        for who in [other.as_str(), "on-call"] {
            assert_eq!(first.sends("/on-call/tests", &[("who", who)]).await.status, StatusCode::NOT_FOUND);
        }
        first.sends("/on-call/tests", &[("who", &own), ("wake", "yes")]).await.expect_done("on its way");
        first.sends("/on-call/tests", &[("who", &own)]).await.expect_refused("First was tested less than a minute ago.");
        first.sends("/on-call/tests", &[]).await.expect_refused("Choose another.");
        let test = the_tests(&world).await.remove(0);
        let path = format!("/on-call/tests/{}", test.id);
        let second = world.visitor(&team.second).await;
        assert_eq!(second.opens(&path).await.0, StatusCode::NOT_FOUND, "it is not theirs");
        assert_eq!(second.sends(&path, &[]).await.status, StatusCode::NOT_FOUND);
        assert!(the_tests(&world).await[0].answered.is_none());
        assert!(first.reads(&path).await.contains("It is no emergency: First tested"));
        first.sends(&path, &[]).await.expect_done("Thank you: the test page reached you.");
        assert_eq!(the_tests(&world).await[0].answered.unwrap().1, TestAnswer::Page);
    }

    async fn nobody_is_woken_by_a_test_unless_that_is_asked_for(world: World) {
        let team = a_team(&world).await;
        let set = world.app.store.write(move |tx| {
            Box::pin(async move {
                let quiet = Some(Quiet { from: 22 * 60, until: 7 * 60 });
                tx.set_person_hours(team.first.id, None, quiet).await
            })
        });
        set.await.unwrap();
        let night = world.visitor(&team.night).await;
        let fields = [("who", "on-call")];
        night.sends("/on-call/tests", &fields).await.expect_refused("It is in the quiet hours of First.");
        assert_eq!(world.phone(FIRST).inbox().len(), 0);
        let fields = [("who", "on-call"), ("wake", "yes")];
        night.sends("/on-call/tests", &fields).await.expect_done("on its way");
        assert_eq!(world.phone(FIRST).inbox().len(), 1);
    }

    async fn who_cannot_be_paged_cannot_be_tested(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        world.damage("UPDATE contact_methods SET disabled_at = 1").await;
        night.sends("/on-call/tests", &[("who", "on-call")]).await.expect_refused("First cannot be paged");
        assert_eq!(the_tests(&world).await, []);
        let page = night.reads("/on-call").await;
        assert!(link(&page, "/on-call/tests").starts_with("/on-call/tests"));
    }
}
