//! The queue and what stands beside it: order, clocks, filters, pages, search, and numbers.

use axum::http::StatusCode;
use harborline::handoff::{Act, WrapUp};
use harborline::staff::Role;
use harborline::text::MessageBody;

use crate::support::browser::{Browser, PASSWORD};
use crate::support::world::minutes;
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const SECOND: &str = "+15550172";

/// Where words stand on a page, one after the other.
#[track_caller]
fn in_order(page: &str, words: &[&str]) {
    let mut rest = page;
    for word in words {
        let at = rest.find(word);
        rest =
            &rest[at.unwrap_or_else(|| panic!("no {word:?} after the ones before it: {page}"))..];
    }
}

both! {
    async fn the_queue_is_sorted_by_tier_and_then_by_waiting_time_in_four_lists(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        world.phone("+15550121").texts("can i talk to a person").await;
        world.advance(minutes(1)).await;
        world.phone("+15550122").texts("i want to die").await;
        world.advance(minutes(1)).await;
        world.phone("+15550123").texts("i want to die").await;
        world.phone("+15550124").texts("i am going to kill myself tonight").await;
        world.phone("+15550125").texts("menu").await;
        let me = world.visitor(&first).await;
        let page = me.reads("/").await;
        in_order(&page, &["Waiting for a person", ">4<", "Case A7", "Case A4", "Case A6", "Case A3", "asks for a person"]);
        assert!(!page.contains("With colleagues") && !page.contains("Mine"), "{page}");
        assert!(page.contains("Claim A7</button>"), "{page}");
        assert!(!page.contains("55501") && !page.contains("want to die"), "{page}");
        let cases = world.cases().await;
        let case = |code: &str| cases.iter().find(|case| case.code == code).unwrap().conversation_id;
        world.acts(&first, case("A4"), Act::Claim).await.unwrap();
        world.acts(&second, case("A6"), Act::Claim).await.unwrap();
        let page = me.reads("/").await;
        in_order(&page, &["Mine", "Case A4", "Waiting for a person", ">2<", "Case A7", "Case A3", "With colleagues", "Case A6"]);
        let page = me.reads("/?tier=imminent").await;
        assert!(page.contains("Case A7") && !page.contains("Case A3") && !page.contains("Case A4"), "{page}");
        let page = me.reads("/queue/automated").await;
        assert!(page.matches("class=\"row").count() == 1 && page.contains("last text"), "{page}");
    }

    async fn who_waits_is_counted_whatever_is_listed_and_is_said_in_every_conversation(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550121").texts("can i talk to a person").await;
        let me = world.visitor(&first).await;
        let mine = world.first_in_the_queue().await;
        world.acts(&first, mine, Act::Claim).await.unwrap();
        let there = format!("/conversations/{mine}");
        assert!(me.reads("/").await.contains(r#"data-waits="0""#));
        let page = me.reads(&there).await;
        assert!(page.contains(r#"data-waits="0""#) && !page.contains("nobody has taken"), "their own case does not count: {page}");
        world.phone("+15550122").texts("i want to die").await;
        // A list of another tier alone does not hide it from the alarm.
        for path in ["/", "/?tier=concern", "/queue?tier=imminent"] {
            let page = me.reads(path).await;
            assert!(page.contains(r#"data-waits="1" data-tier="high""#), "{path}: {page}");
        }
        for path in [there.clone(), format!("{there}/thread")] {
            let page = me.reads(&path).await;
            assert!(page.contains(r#"data-waits="1" data-tier="high""#) && page.contains("1 person waits, and nobody has taken the case."), "{page}");
        }
        // Who has said that they take it is on the way: nothing sounds any more.
        world.phone(FIRST).texts("A4").await;
        assert!(me.reads(&there).await.contains(r#"data-waits="0""#));
    }

    async fn the_three_clocks_are_words_shapes_and_colours(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("i want to die").await;
        let me = world.visitor(&first).await;
        let marks = async || {
            let page = me.reads("/").await;
            let row = page.split("class=\"status\"").nth(1).unwrap().split("</a>").next().unwrap().to_owned();
            let marks = row.split("<span class=\"mark ").skip(1);
            marks.map(|mark| mark.split("</span>").next().unwrap().replace("\">", ": ")).collect::<Vec<_>>()
        };
        assert_eq!(marks().await, ["care: paged, nobody has answered", "plain: not claimed", "plain: no words yet"]);
        world.advance(minutes(3)).await;
        assert!(marks().await[0].starts_with("bad: paged 2 times"));
        world.phone(FIRST).texts("A3").await.expect_reply("A3 is yours");
        assert_eq!(marks().await, ["good: acknowledged by First", "care: to be claimed within 5 min 00 s", "plain: no words yet"]);
        let conversation = world.first_in_the_queue().await;
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        assert_eq!(marks().await[1..], ["good: claimed by First", "care: first words within 5 min 00 s"]);
        let page = me.reads(&format!("/conversations/{conversation}")).await;
        assert!(page.contains("first words within"), "{page}");
        world.acts(&first, conversation, Act::Write(MessageBody::new("Hello."))).await.unwrap();
        assert_eq!(marks().await[2], "good: wrote 0 s ago");
    }

    async fn lists_are_paged_by_the_place_of_their_last_row(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        for nth in 0..60 {
            world.phone(&format!("+155502{nth:02}")).texts("i want to die").await;
            world.phone(&format!("+155503{nth:02}")).texts("menu").await;
        }
        let me = world.visitor(&night).await;
        let codes = |page: &str| {
            let cases = page.split("class=\"case\">Case ").skip(1);
            cases.map(|rest| rest.split('<').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let page = me.reads("/").await;
        let mut seen = codes(&page);
        assert_eq!(seen.len(), 40);
        let next = crate::support::visitor::link(&page, "/?tier=");
        seen.extend(codes(&me.reads(&next).await));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 60, "each once");
        let page = me.reads("/queue/automated").await;
        assert_eq!(page.matches("class=\"row").count(), 50);
        let older = me.reads(&crate::support::visitor::link(&page, "/queue/automated?after=")).await;
        assert_eq!(older.matches("class=\"row").count(), 10);
        assert!(!older.contains("Older ones"), "{older}");
        assert!(me.reads("/queue/automated?after=nonsense").await.contains("Older ones"));
        for case in world.cases().await {
            world.acts(&night, case.conversation_id, Act::WrapUp(WrapUp::with("not_meant"))).await.unwrap();
        }
        let page = me.reads("/queue/closed?outcome=not_meant").await;
        assert_eq!(page.matches("class=\"row").count(), 50);
        let older = me.reads(&crate::support::visitor::link(&page, "/queue/closed?outcome=not_meant")).await;
        assert_eq!(older.matches("class=\"row").count(), 10);
        assert_eq!(me.reads("/queue/closed?outcome=talked").await.matches("class=\"row").count(), 0);
        let other = world.an_account("other@example.org", Role::Responder).await;
        let page = world.visitor(&other).await.reads("/queue/closed").await;
        assert!(page.contains("Those that you closed") && !page.contains("class=\"row"), "{page}");
    }

    async fn a_search_finds_by_case_number_and_words_and_only_what_one_may_read(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        world.phone("+15550123").texts("i want to die, my sister Purple is here").await;
        let conversation = world.first_in_the_queue().await;
        world.phone("+15550124").texts("menu").await;
        let path = format!("/conversations/{conversation}");
        let finds = async |who: &harborline::store::Account, sought: &str| {
            let sent = world.visitor(who).await.sends("/search", &[("sought", sought)]).await;
            assert_eq!(sent.status, StatusCode::OK, "{}", sent.page);
            sent.page.contains(&path)
        };
        for sought in ["a3", "+1 555 0123", "purple SISTER", "sist"] {
            assert!(finds(&second, sought).await, "{sought}");
        }
        for sought in ["A4", "+15550124", "purple brother", "555", ""] {
            assert!(!finds(&second, sought).await, "{sought}");
        }
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        for sought in ["a3", "+1 555 0123", "purple"] {
            assert!(!finds(&second, sought).await, "{sought}: First has it");
            assert!(finds(&first, sought).await && finds(&night, sought).await, "{sought}");
        }
        let told = "SELECT COUNT(*) FROM audit_log WHERE action = 'conversations.searched'";
        assert!(world.count(told).await > 9);
        let words = "SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%urple%' OR detail LIKE '%0123%'";
        assert_eq!(world.count(words).await, 0, "what was looked for is kept nowhere");
    }

    async fn a_number_is_shown_for_a_reason_for_a_while_to_one_person(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        let conversation = world.first_in_the_queue().await;
        let path = format!("/conversations/{conversation}");
        let browser = Browser::new(&world);
        browser.set_up().await;
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        world.clock.advance(minutes(10));
        // It asks again who they are.
        browser.get(&format!("{path}/number")).await.expect(303, "/confirm?then=");
        browser.post("/confirm", &[("proof", PASSWORD)]).await.goes_to("/");
        browser.get(&format!("{path}/number")).await.expect(200, "audit log");
        browser.post(&format!("{path}/number"), &[("reason", "curious")]).await.expect(409, "Choose one of the reasons.");
        assert!(!browser.get(&path).await.page.contains("5550123"));
        browser.post(&format!("{path}/number"), &[("reason", "call_them")]).await.goes_to(&path);
        browser.get(&path).await.expect(200, "+15550123");
        let other = world.visitor(&night).await;
        for page in [path.clone(), format!("{path}/thread"), "/".to_owned()] {
            assert!(!other.reads(&page).await.contains("5550123"), "{page}");
        }
        assert!(!browser.get("/").await.page.contains("5550123"));
        let told = "SELECT COUNT(*) FROM audit_log WHERE action = 'number.revealed' AND detail LIKE '%call_them%'";
        assert_eq!(world.count(told).await, 1);
        world.clock.advance(minutes(11));
        let page = browser.get(&path).await;
        assert!(!page.page.contains("5550123"), "{page:?}");
        page.expect(200, "number ending in 23");
    }
}
