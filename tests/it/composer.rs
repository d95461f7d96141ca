//! Where a reply is written: drafts that outlast everything, words that are put in and never sent by
//! themselves, one form that is one text, and why triage fired.

use axum::http::StatusCode;
use harborline::handoff::{Act, Refused};
use harborline::locale::Locale;
use harborline::staff::Role;
use harborline::store::Account;
use harborline::text::MessageBody;
use uuid::Uuid;

use crate::support::visitor::{hidden, link};
use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const SECOND: &str = "+15550172";
const NIGHT: &str = "+15550173";
const TEXTER: &str = "+15550123";

/// Somebody in crisis, and the conversation, claimed by a person of the team.
async fn claimed(world: &World, by: &Account) -> Uuid {
    world.phone(TEXTER).texts("i want to die").await;
    let conversation = world.first_in_the_queue().await;
    world.acts(by, conversation, Act::Claim).await.unwrap();
    world.phone(TEXTER).inbox();
    conversation
}

/// What stands in the composer.
fn composed(page: &str) -> &str {
    let start = page.find("<textarea id=\"body\"").expect("a composer");
    let inner = &page[start..];
    let inner = &inner[inner.find('>').unwrap() + 1..];
    inner.split("</textarea>").next().unwrap()
}

both! {
    async fn colleagues_see_who_else_has_a_conversation_open_and_who_writes(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let conversation = claimed(&world, &first).await;
        let (thread, look) = (format!("/conversations/{conversation}/thread"), format!("/conversations/{conversation}/look"));
        let (mine, theirs) = (world.visitor(&first).await, world.visitor(&night).await);
        assert!(!mine.reads(&thread).await.contains("Night is"));
        assert_eq!(theirs.sends(&look, &[]).await.status, StatusCode::NO_CONTENT);
        assert!(mine.reads(&thread).await.contains("Night is looking, too"));
        assert!(!theirs.reads(&thread).await.contains("Night is looking"), "oneself one knows of");
        theirs.sends(&look, &[("writes", "yes")]).await;
        assert!(mine.reads(&thread).await.contains("Night is writing"));
        world.advance(seconds(30)).await;
        assert!(mine.reads(&thread).await.contains("Night is looking, too"));
        world.advance(seconds(30)).await;
        assert!(!mine.reads(&thread).await.contains("Night is"), "their page is not there any more");
        let other = world.visitor(&second).await;
        assert_eq!(other.sends(&look, &[]).await.status, StatusCode::NOT_FOUND, "they may not read it");
        assert_eq!(world.count("SELECT COUNT(*) FROM presence").await, 1);
    }

    async fn what_was_begun_is_there_after_a_reload_and_after_signing_out(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let responder = world.visitor(&first).await;
        assert_eq!(composed(&responder.reads(&path).await), "");
        let fields = [("body", "I am here, and"), ("locale", "en"), ("quietly", "yes")];
        let kept = responder.sends(&format!("{path}/draft"), &fields).await;
        assert_eq!(kept.status, StatusCode::OK, "{}", kept.page);
        assert!(kept.page.starts_with("1 segment (GSM-7, 14 units)."), "{}", kept.page);
        assert_eq!(composed(&responder.reads(&path).await), "I am here, and");
        responder.sends("/sign-out", &[]).await;
        world.advance(minutes(30)).await;
        let again = world.visitor(&first).await;
        let page = again.reads(&path).await;
        assert_eq!(composed(&page), "I am here, and");
        assert!(page.contains("1 segment (GSM-7, 14 units)."), "{page}");
        let heard = world.phone(TEXTER).inbox();
        assert!(!heard.iter().any(|text| text.contains("I am here")), "a draft is never sent: {heard:?}");
        // Emptied, it is gone.
        again.sends(&format!("{path}/draft"), &[("body", "  "), ("quietly", "yes")]).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM drafts").await, 0);
    }

    async fn a_draft_goes_over_to_who_has_the_case_next_and_to_nobody_else(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let draft = MessageBody::new("What I wanted to say");
        world.app.handoff.keep_draft(&first, conversation, draft).await.unwrap().unwrap();
        let other = world.visitor(&second).await;
        let (status, page) = other.opens(&path).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(!page.contains("What I wanted to say"), "{page}");
        let theirs = MessageBody::new("mine");
        let refused = world.app.handoff.keep_draft(&second, conversation, theirs).await.unwrap();
        assert_eq!(refused, Err(Refused::NotYours), "who may not read it writes nothing into it");
        world.acts(&first, conversation, Act::Offer { to: second.id }).await.unwrap();
        world.acts(&second, conversation, Act::AcceptOffer).await.unwrap();
        let page = other.reads(&path).await;
        assert_eq!(composed(&page), "", "nobody's words stand in another's reply by themselves");
        assert!(page.contains("First had begun to write") && page.contains("What I wanted to say"), "{page}");
        let used = link(&page, &format!("{path}?earlier="));
        let page = other.reads(used.split('#').next().unwrap()).await;
        assert_eq!(composed(&page), "What I wanted to say");
        assert!(world.phone(TEXTER).inbox().is_empty());
    }

    async fn a_draft_ends_with_the_text_the_conversation_or_the_texter(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let keep = async |words: &str| {
            let words = MessageBody::new(words);
            world.app.handoff.keep_draft(&first, conversation, words).await.unwrap()
        };
        let drafts = "SELECT COUNT(*) FROM drafts";
        keep("Hello").await.unwrap();
        keep("Hello, I").await.unwrap();
        assert_eq!(world.count(drafts).await, 1, "one of each person");
        world.acts(&first, conversation, Act::Write(MessageBody::new("Hello, I am here."))).await.unwrap();
        assert_eq!(world.count(drafts).await, 0, "it was sent");
        keep("And").await.unwrap();
        let over = harborline::handoff::WrapUp::with("safe_for_now");
        world.acts(&first, conversation, Act::WrapUp(over)).await.unwrap();
        assert_eq!(world.count(drafts).await, 0, "it is over");
        assert_eq!(keep("too late").await, Err(Refused::AlreadyClosed));
        let long = keep(&"a".repeat(10_001)).await;
        assert_eq!(long, Err(Refused::DraftTooLong(10_001)));
    }

    async fn a_draft_goes_with_the_texter(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let draft = MessageBody::new("Hello");
        world.app.handoff.keep_draft(&first, conversation, draft).await.unwrap().unwrap();
        let texter = world.app.store.read().await.unwrap().texter_of(conversation).await.unwrap().unwrap();
        let (id, now) = (texter.id, world.app.clock.now());
        let unit = world.app.store.write(move |tx| Box::pin(async move { tx.erase(id, now).await }));
        unit.await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM drafts").await, 0);
    }

    async fn the_same_form_sent_twice_is_one_text(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let responder = world.visitor(&first).await;
        let page = responder.reads(&path).await;
        let (seen, form) = (hidden(&page, "seen"), hidden(&page, "form"));
        let fields = [("body", "Hello, I\u{2019}m here."), ("seen", &*seen), ("form", &*form)];
        let quiet = [&fields[..], &[("quietly", "yes")]].concat();
        let reply = format!("{path}/reply");
        assert_eq!(responder.sends(&reply, &quiet).await.status, StatusCode::NO_CONTENT);
        // The answer was lost, and a finger pressed twice.
        assert_eq!(responder.sends(&reply, &quiet).await.status, StatusCode::NO_CONTENT);
        assert_eq!(responder.sends(&reply, &fields).await.status, StatusCode::SEE_OTHER);
        assert_eq!(world.phone(TEXTER).inbox(), ["Hello, I'm here."]);
        // Other words are not taken for the ones before.
        let other = [("body", "How are you?"), ("seen", &*seen), ("form", &*form)];
        let sent = responder.sends(&reply, &other).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        assert!(sent.page.contains("send again if this text is still to go"), "{}", sent.page);
        assert_eq!(composed(&sent.page), "How are you?");
        let again = hidden(&sent.page, "form");
        assert_ne!(again, form);
        let other = [("body", "How are you?"), ("seen", &*seen), ("form", &*again)];
        assert_eq!(responder.sends(&reply, &other).await.status, StatusCode::SEE_OTHER);
        assert_eq!(world.phone(TEXTER).inbox(), ["How are you?"]);
    }

    async fn what_could_not_be_sent_is_kept_as_a_draft(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let responder = world.visitor(&first).await;
        let page = responder.reads(&path).await;
        let (seen, form) = (hidden(&page, "seen"), hidden(&page, "form"));
        world.phone(TEXTER).texts("are you there").await;
        let fields = [("body", "Hello"), ("seen", &*seen), ("form", &*form), ("quietly", "yes")];
        let sent = responder.sends(&format!("{path}/reply"), &fields).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        assert!(sent.page.starts_with("New messages came since you looked: 1."), "{}", sent.page);
        let page = responder.reads(&path).await;
        assert_eq!(composed(&page), "Hello");
        let seen = hidden(&page, "seen");
        let fields = [("body", "Hello"), ("seen", &*seen), ("form", &*form), ("quietly", "yes")];
        assert_eq!(responder.sends(&format!("{path}/reply"), &fields).await.status, StatusCode::NO_CONTENT);
        assert_eq!(composed(&responder.reads(&path).await), "");
    }

    async fn a_canned_reply_is_found_previewed_and_put_in_and_not_sent(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let responder = world.visitor(&first).await;
        let all = responder.reads(&format!("{path}/canned")).await;
        assert!(all.contains("this is a person from Example Line."), "filled in: {all}");
        assert!(all.contains("FindTreatment.gov") && !all.contains("{line}"), "{all}");
        let found = responder.reads(&format!("{path}/canned?q=SUICIDE+ask")).await;
        assert!(found.contains("Are you thinking about suicide?") && !found.contains("Take your time"), "{found}");
        let spanish = responder.reads(&format!("{path}/canned/list?locale=es")).await;
        assert!(spanish.contains("Sigo aqui.") && !spanish.contains("<html"), "{spanish}");
        responder.sends(&format!("{path}/draft"), &[("body", "Hello."), ("quietly", "yes")]).await;
        let used = link(&found, &format!("{path}?canned="));
        let page = responder.reads(used.split('#').next().unwrap()).await;
        assert_eq!(composed(&page), "Hello. I want to ask you straight, because I care. Are you thinking about suicide?");
        let page = responder.reads(&format!("{path}?resource=samhsa")).await;
        assert_eq!(composed(&page), "Hello. 1-800-662-4357");
        world.settle().await;
        assert!(world.phone(TEXTER).inbox().is_empty());
        assert!(!found.contains("href=\"/canned\""), "a responder does not edit them");
    }

    async fn a_supervisor_edits_the_canned_replies(world: World) {
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let supervisor = world.visitor(&night).await;
        let list = supervisor.reads("/canned").await;
        assert!(list.contains("Take your time") && list.contains("Sin prisa"), "{list}");
        let fields = |title, body, act| [("locale", "en"), ("title", title), ("body", body), ("act", act)];
        for (title, body, why) in [
            ("", "Hello.", "Give it a title"),
            ("One", " ", "Write the words of the reply."),
            ("One", "We promise you that it gets better.", "promise you"),
            ("One", "Call {somebody}.", "{somebody}"),
            ("One", "Call 1-555-010-0199.", "writes out the number"),
            ("One", "All is well \u{1f600}", "UCS-2"),
            ("One", "Psychodynamic psychotherapy investigates underlying emotional difficulties.", "reading grade"),
            ("Take your time", "All is well.", "There is a canned reply"),
        ] {
            let sent = supervisor.sends("/canned/new", &fields(title, body, "save")).await;
            sent.expect_refused(why);
        }
        let preview = supervisor.sends("/canned/new", &fields("One", "I am {me} of {line}.", "preview")).await;
        assert_eq!(preview.status, StatusCode::OK);
        assert!(preview.page.contains("I am Night of Example Line."), "{}", preview.page);
        let count = "SELECT COUNT(*) FROM canned_replies";
        let before = world.count(count).await;
        let saved = supervisor.sends("/canned/new", &fields("One", "I am {me} of {line}.", "save")).await;
        saved.expect_done("The canned reply is kept.").expect_done("changed by Night");
        assert_eq!(world.count(count).await, before + 1);
        let mut tx = world.app.store.read().await.unwrap();
        let all = tx.canned_replies().await.unwrap();
        drop(tx);
        let one = all.iter().find(|one| one.title == "One").unwrap();
        assert_eq!((one.locale, one.changed_by.as_deref()), (Locale::En, Some("Night")));
        let path = format!("/canned/{}", one.id);
        assert!(supervisor.reads(&path).await.contains("I am {me} of {line}."));
        supervisor.sends(&path, &fields("Two", "I am {me}.", "save")).await.expect_done("Two");
        assert!(supervisor.reads(&format!("{path}/remove")).await.contains("Remove “Two”?"));
        supervisor.sends(&format!("{path}/remove"), &[]).await.expect_done("The canned reply is removed.");
        assert_eq!(world.count(count).await, before);
        let audited = "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'canned_reply.%'";
        assert_eq!(world.count(audited).await, 3);
        assert_eq!(supervisor.opens(&path).await.0, StatusCode::NOT_FOUND);
    }

    async fn the_program_gives_its_own_canned_replies_once(world: World) {
        let count = "SELECT COUNT(*) FROM canned_replies";
        let seeded = world.count(count).await;
        assert!(seeded > 20);
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let id = world.app.store.read().await.unwrap().canned_replies().await.unwrap()[0].id;
        let supervisor = world.visitor(&night).await;
        supervisor.sends(&format!("/canned/{id}/remove"), &[]).await;
        world.another_app().await;
        assert_eq!(world.count(count).await, seeded - 1, "what was removed stays removed");
    }

    async fn a_long_conversation_shows_its_latest_messages_and_leads_to_the_earlier_ones(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        for nth in 0..70 {
            let words = MessageBody::new(format!("Text {nth}."));
            world.acts(&first, conversation, Act::Write(words)).await.unwrap();
        }
        let path = format!("/conversations/{conversation}");
        let responder = world.visitor(&first).await;
        let page = responder.reads(&path).await;
        assert!(page.contains("Text 69.") && page.contains("Text 10.") && !page.contains("Text 9."));
        assert!(page.contains("Show the earlier messages") && page.contains("Your text to them"));
        let (_, link) = page.split_once("?before=").unwrap();
        let (first, _) = link.split_once('"').unwrap();
        for path in [format!("{path}?before={first}"), format!("{path}/thread?before={first}")] {
            let page = responder.reads(&path).await;
            assert!(page.contains("Text 0.") && page.contains("Text 9.") && page.contains("want to die"));
            assert!(!page.contains("Text 10.") && !page.contains("Text 69."), "none twice: {page}");
            assert!(!page.contains("Show the earlier messages") && page.contains("Back to the latest messages"));
            assert!(!page.contains("Your text to them"), "nobody answers what is not before them");
        }
        let nothing = responder.reads(&format!("{path}?before={}", uuid::Uuid::nil())).await;
        assert!(nothing.contains("Back to the latest messages") && !nothing.contains("Text 0."));
    }

    async fn long_texts_make_no_heavy_page(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let long = "Words that go on. ".repeat(80);
        for nth in 0..40 {
            let words = MessageBody::new(format!("Text {nth}. {long}"));
            world.acts(&first, conversation, Act::Write(words)).await.unwrap();
        }
        let responder = world.visitor(&first).await;
        let mut path = format!("/conversations/{conversation}");
        let mut found = std::collections::BTreeSet::new();
        loop {
            let page = responder.reads(&path).await;
            assert!(page.len() < 60 * 1024, "{} bytes", page.len());
            found.extend((0..40).filter(|nth| page.contains(&format!("Text {nth}. Words"))));
            let Some((_, link)) = page.split_once("quiet\" href=\"/conversations/").filter(|_| page.contains("Show the earlier")) else {
                break;
            };
            path = format!("/conversations/{}", link.split_once('"').unwrap().0);
        }
        assert_eq!(found.len(), 40, "page by page: {found:?}");
    }

    async fn a_text_shows_why_triage_fired(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let responder = world.visitor(&first).await;
        let path = format!("/conversations/{conversation}");
        let page = responder.reads(&path).await;
        assert!(page.contains("<mark>want to die</mark>") && page.contains("Why high:"), "{page}");
        let (_, link) = page.split_once(&format!("{path}/texts/")).unwrap();
        let text = link.split_once('"').unwrap().0.to_owned();
        for there in [format!("{path}/texts/{text}"), format!("{path}/texts/{text}/part")] {
            let page = responder.reads(&there).await;
            for part in ["suicide.want_to_die", "Rule set ", "came from main"] {
                assert!(page.contains(part), "{part}: {page}");
            }
        }
        let second = world.a_person_as("Night", NIGHT, Role::Responder).await;
        let other = world.visitor(&second).await;
        assert_eq!(other.opens(&format!("{path}/texts/{text}")).await.0, StatusCode::NOT_FOUND, "not theirs to read");
        let unknown = format!("{path}/texts/{}", uuid::Uuid::nil());
        assert_eq!(responder.opens(&unknown).await.0, StatusCode::NOT_FOUND);
    }
}
