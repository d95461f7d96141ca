//! Cases in hands: who has a conversation, for how long, and how it goes from one to another.

use axum::http::StatusCode;
use futures_util::future::join_all;
use harborline::handoff::{Act, Refused, WrapUp};
use harborline::staff::Role;
use harborline::store::Account;
use harborline::text::MessageBody;
use harborline::triage::Tier;
use uuid::Uuid;

use crate::support::visitor::hidden;
use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const SECOND: &str = "+15550172";
const NIGHT: &str = "+15550173";

/// Somebody in crisis, and the conversation that waits for a person.
async fn crisis(world: &World) -> Uuid {
    world.phone("+15550123").texts("i want to die").await;
    world.first_in_the_queue().await
}

/// The same, claimed by a person of the team.
async fn claimed(world: &World, by: &Account) -> Uuid {
    let conversation = crisis(world).await;
    world.acts(by, conversation, Act::Claim).await.unwrap();
    for phone in [FIRST, SECOND, NIGHT] {
        world.phone(phone).inbox();
    }
    world.responder().inbox();
    conversation
}

fn hello() -> Act {
    Act::Write(MessageBody::new("Hello, I am here."))
}

both! {
    async fn of_fifty_who_claim_at_once_exactly_one_has_it(world: World) {
        let conversation = crisis(&world).await;
        let mut people = Vec::new();
        for nth in 0..50 {
            people.push(world.an_account(&format!("r{nth}@example.org"), Role::Responder).await);
        }
        let claims = people.iter().map(|one| world.app.handoff.act(one, conversation, Act::Claim));
        let came = join_all(claims).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        let got: Vec<usize> = (0..50).filter(|nth| came[*nth].is_ok()).collect();
        assert_eq!(got.len(), 1, "{came:?}");
        assert!(came.iter().all(|one| matches!(one, Ok(()) | Err(Refused::ClaimedBy(_)))), "{came:?}");
        let alert = world.app.store.read().await.unwrap().open_alert(conversation).await.unwrap().unwrap();
        assert_eq!(alert.claimed.unwrap().0, people[got[0]].id);
        let claims = "SELECT COUNT(*) FROM audit_log WHERE action = 'conversation.claimed'";
        assert_eq!(world.count(claims).await, 1);
    }

    async fn a_page_that_shows_an_older_owner_takes_nothing_from_anybody(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let night = world.a_person("Night", NIGHT).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let stale = world.visitor(&night).await;
        // Night looks while First has it; then Second takes it over.
        let page = stale.reads(&format!("{path}/take-over")).await;
        assert!(page.contains(&first.id.to_string()) && page.contains("Take over from First"), "{page}");
        let from = Act::TakeOver { from: first.id };
        world.acts(&second, conversation, from).await.unwrap();
        let told = world.phone(FIRST).inbox();
        assert_eq!(told, ["Second has taken over case A3 from you. You need not do anything more for it. Thank you."]);
        let sent = stale.sends(&format!("{path}/take-over"), &[("owner", &first.id.to_string())]).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        assert!(sent.page.contains("Second has this conversation now, not who had it when you looked"), "{}", sent.page);
        // Neither does a claim, whatever owner it names.
        let sent = stale.sends(&format!("{path}/claim"), &[("owner", "")]).await;
        assert_eq!(sent.status, StatusCode::CONFLICT, "{}", sent.page);
        let sent = stale.sends(&format!("{path}/claim"), &[("owner", &first.id.to_string())]).await;
        assert!(sent.page.contains("Take case A3 over?") && sent.page.contains("Take over from Second"), "{}", sent.page);
        let refused = world.acts(&first, conversation, hello()).await;
        assert_eq!(refused, Err(Refused::ClaimedBy("Second".to_owned())));
        world.acts(&second, conversation, hello()).await.unwrap();
    }

    async fn taking_over_undoes_the_older_acknowledgement(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let conversation = crisis(&world).await;
        world.phone(FIRST).texts("A3").await.expect_reply("A3 is yours");
        let refused = world.acts(&second, conversation, Act::Claim).await;
        assert_eq!(refused, Err(Refused::ClaimedBy("First".to_owned())), "they have said that they take it");
        world.acts(&second, conversation, Act::TakeOver { from: first.id }).await.unwrap();
        world.phone(FIRST).texts("A3").await.expect_reply("already taken by Second");
        world.phone(FIRST).inbox();
        world.advance(minutes(6)).await;
        let told = world.phone(FIRST).inbox();
        assert!(told.iter().all(|text| !text.contains("Reply A3 if you are there")), "it is not theirs any more: {told:?}");
    }

    async fn a_claim_ends_when_nothing_is_done_in_it_and_others_are_paged(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        world.acts(&first, conversation, hello()).await.unwrap();
        world.jump(minutes(50)).await;
        world.acts(&first, conversation, Act::Here).await.unwrap();
        world.jump(minutes(50)).await;
        assert!(world.phone(FIRST).inbox().is_empty(), "they were there");
        world.jump(minutes(11)).await;
        let heard = world.phone(FIRST).inbox();
        assert!(heard[0].contains("nothing was done in it for a long time"), "{heard:?}");
        assert!(heard[1].starts_with("CRISIS: case A3"), "{heard:?}");
        assert_eq!(world.acts(&first, conversation, Act::Here).await, Err(Refused::NotYours));
        world.acts(&first, conversation, hello()).await.unwrap();
    }

    async fn a_second_click_on_claim_buys_no_time(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        world.advance(minutes(4)).await;
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        world.acts(&first, conversation, Act::Here).await.unwrap();
        world.advance(seconds(65)).await;
        let heard = world.phone(FIRST).inbox();
        assert!(heard.iter().any(|text| text.starts_with("A3 was opened again: nobody wrote.")), "{heard:?}");
    }

    async fn a_case_is_handed_on_when_it_is_accepted_and_not_before(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let night = world.a_person("Night", NIGHT).await;
        let conversation = claimed(&world, &first).await;
        let offer = || Act::Offer { to: second.id };
        assert_eq!(world.acts(&second, conversation, offer()).await, Err(Refused::ClaimedBy("First".to_owned())));
        let myself = Act::Offer { to: first.id };
        assert_eq!(world.acts(&first, conversation, myself).await, Err(Refused::CannotTake));
        world.acts(&first, conversation, offer()).await.unwrap();
        world.phone(SECOND).expect("First asks you to take case A3 over");
        world.acts(&first, conversation, hello()).await.unwrap();
        assert_eq!(world.acts(&night, conversation, Act::AcceptOffer).await, Err(Refused::ClaimedBy("First".to_owned())));
        let page = world.visitor(&second).await.reads(&format!("/conversations/{conversation}")).await;
        assert!(page.contains("First asks you to take this conversation over"), "{page}");
        world.acts(&second, conversation, Act::DeclineOffer).await.unwrap();
        world.phone(FIRST).expect("Second cannot take case A3. It is still yours.");
        assert_eq!(world.acts(&second, conversation, Act::AcceptOffer).await, Err(Refused::ClaimedBy("First".to_owned())));

        world.acts(&first, conversation, offer()).await.unwrap();
        world.advance(minutes(6)).await;
        world.phone(FIRST).expect("Second did not answer. Case A3 is still yours.");
        assert_eq!(world.acts(&second, conversation, Act::AcceptOffer).await, Err(Refused::ClaimedBy("First".to_owned())));

        world.acts(&first, conversation, offer()).await.unwrap();
        world.acts(&first, conversation, Act::WithdrawOffer).await.unwrap();
        assert_eq!(world.acts(&first, conversation, Act::WithdrawOffer).await, Err(Refused::OfferOver));

        world.acts(&first, conversation, offer()).await.unwrap();
        world.acts(&second, conversation, Act::AcceptOffer).await.unwrap();
        world.phone(FIRST).expect("Second has case A3 now.");
        assert_eq!(world.acts(&first, conversation, hello()).await, Err(Refused::ClaimedBy("Second".to_owned())));
        world.acts(&second, conversation, hello()).await.unwrap();
    }

    async fn who_gives_a_case_back_says_why_and_others_are_paged_at_once(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let give = |reason: &str| Act::Release { reason: reason.to_owned() };
        assert_eq!(world.acts(&first, conversation, give("no such reason")).await, Err(Refused::NoReason));
        assert!(world.responder().inbox().is_empty());
        world.acts(&first, conversation, give("called_away")).await.unwrap();
        world.phone(FIRST).expect("CRISIS: case A3");
        assert_eq!(world.acts(&first, conversation, give("called_away")).await, Err(Refused::NotYours));
        let visitor = world.visitor(&first).await;
        let page = visitor.reads(&format!("/conversations/{conversation}")).await;
        assert!(page.contains("gave the conversation back: I am called away"), "{page}");
        assert!(page.contains("nobody has claimed it"), "{page}");
    }

    async fn a_supervisor_is_called_again_and_again_until_one_comes(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let conversation = claimed(&world, &first).await;
        world.acts(&first, conversation, hello()).await.unwrap();
        world.acts(&first, conversation, Act::AskHelp).await.unwrap();
        world.acts(&first, conversation, Act::AskHelp).await.unwrap();
        let called = world.phone(NIGHT).inbox();
        assert_eq!(called.len(), 1, "{called:?}");
        assert!(called[0].starts_with("First asks for a supervisor's help with case A3. Please sign in"), "{called:?}");
        world.advance(minutes(2)).await;
        world.phone(NIGHT).expect("Nobody has come yet.");
        assert!(world.responder().inbox().is_empty(), "the contacts of the configuration are not called yet");
        world.advance(minutes(2)).await;
        world.phone(NIGHT).expect("Nobody has come yet.");
        world.responder().expect("First asks for a supervisor's help");
        assert_eq!(world.acts(&first, conversation, Act::AnswerHelp).await, Err(Refused::NotSupervisor));
        let visitor = world.visitor(&night).await;
        let page = visitor.reads(&format!("/conversations/{conversation}")).await;
        assert!(page.contains("asks for a supervisor") && page.contains("I am with you"), "{page}");
        visitor.sends(&format!("/conversations/{conversation}/help/answer"), &[]).await.expect_done("with them");
        world.phone(FIRST).expect("Night is with you on case A3 now.");
        world.phone(NIGHT).inbox();
        world.advance(minutes(10)).await;
        assert!(world.phone(NIGHT).inbox().is_empty());
        assert_eq!(world.acts(&night, conversation, Act::AnswerHelp).await, Err(Refused::NoHelpWanted));
    }

    async fn without_a_supervisor_who_can_be_told_the_contacts_of_the_configuration_hear_of_it(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        world.acts(&first, conversation, Act::AskHelp).await.unwrap();
        world.responder().expect("First asks for a supervisor's help with case A3.");
    }

    async fn a_supervisor_observes_notes_and_takes_over(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let (supervisor, owner) = (world.visitor(&night).await, world.visitor(&first).await);
        let page = supervisor.reads(&path).await;
        assert!(page.contains("want to die") && page.contains("First has it"), "{page}");
        assert!(!page.contains("name=\"body\""), "only its owner writes: {page}");
        let words = "Ask whether they are alone.";
        supervisor.sends(&format!("{path}/note"), &[("note", words)]).await.expect_done("never sent");
        let page = owner.reads(&path).await;
        assert!(page.contains(words) && page.contains("Note by Night (supervisor), not sent"), "{page}");
        let heard = world.phone("+15550123").inbox();
        assert!(heard.iter().all(|text| !text.contains(words)), "{heard:?}");
        assert_eq!(world.acts(&night, conversation, hello()).await, Err(Refused::ClaimedBy("First".to_owned())));
        let sent = supervisor.sends(&format!("{path}/take-over"), &[("owner", &first.id.to_string())]).await;
        sent.expect_done("is yours now");
        world.acts(&night, conversation, hello()).await.unwrap();
    }

    async fn what_somebody_else_has_a_responder_does_not_read(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let conversation = crisis(&world).await;
        let path = format!("/conversations/{conversation}");
        let other = world.visitor(&second).await;
        assert!(other.reads(&path).await.contains("want to die"), "nobody has it: they may look, and claim it");
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        let (status, page) = other.opens(&path).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(page.contains("First has this conversation.") && !page.contains("want to die"), "{page}");
        let (status, page) = other.opens(&format!("{path}/thread")).await;
        assert!(status == StatusCode::FORBIDDEN && !page.contains("want to die"), "{page}");
        for act in ["reply", "note", "check-in", "help", "close", "hand-on", "release", "here", "offer/accept"] {
            let fields = [("body", "hello"), ("note", "a note"), ("outcome", "not_meant"), ("reason", "called_away")];
            let sent = other.sends(&format!("{path}/{act}"), &fields).await;
            assert!([StatusCode::CONFLICT, StatusCode::NOT_FOUND].contains(&sent.status), "{act}: {}", sent.status);
            assert!(!sent.page.contains("want to die"), "{act}: {}", sent.page);
        }
        let notes = world.count("SELECT COUNT(*) FROM notes").await;
        let texts = world.count("SELECT COUNT(*) FROM messages WHERE author = 'staff'").await;
        assert_eq!((notes, texts), (0, 0));
        // What is over is read by who had it, and by supervisors.
        let end = Act::WrapUp(WrapUp::with("safe_for_now"));
        world.acts(&first, conversation, end).await.unwrap();
        assert_eq!(other.opens(&path).await.0, StatusCode::NOT_FOUND);
        let owner = world.visitor(&first).await;
        assert!(owner.reads(&path).await.contains("Safe for now"));
    }

    async fn the_next_conversation_shows_who_answers_it_what_was_before(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let before = claimed(&world, &first).await;
        world.acts(&first, before, hello()).await.unwrap();
        world.acts(&first, before, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        world.phone("+15550123").texts("i want to die, again").await.expect_inline("988");
        let again = world.first_in_the_queue().await;
        assert_ne!(again, before, "a new text opens another");
        let visitor = world.visitor(&second).await;
        let page = visitor.reads(&format!("/conversations/{again}")).await;
        assert!(page.contains("They were here before (1)") && page.contains("by First: Safe for now"), "{page}");
        assert!(!page.contains(&format!("/conversations/{before}")), "it is not theirs to read yet");
        world.acts(&second, again, Act::Claim).await.unwrap();
        let page = visitor.reads(&format!("/conversations/{again}")).await;
        assert!(page.contains(&format!("/conversations/{before}")), "{page}");
        assert!(visitor.reads(&format!("/conversations/{before}")).await.contains("Hello, I am here."));
    }

    async fn danger_does_not_end_without_a_word_of_what_became_of_it(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let conversation = claimed(&world, &first).await;
        let end = |outcome: &str| Act::WrapUp(WrapUp::with(outcome));
        assert_eq!(world.acts(&first, conversation, end("")).await, Err(Refused::NoOutcome));
        assert_eq!(world.acts(&first, conversation, end("talked")).await, Err(Refused::DangerOpen));
        let visitor = world.visitor(&first).await;
        let path = format!("/conversations/{conversation}/close");
        let page = visitor.reads(&path).await;
        assert!(page.contains("Safe for now") && !page.contains("Wrong number"), "{page}");
        let sent = visitor.sends(&path, &[("note", "I called back twice.")]).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        assert!(sent.page.contains("Choose how it ended.") && sent.page.contains("I called back twice."), "{}", sent.page);
        let fields = [("outcome", "safe_for_now"), ("note", "I called back twice."), ("check_in", "yes"), ("debrief", "yes")];
        visitor.sends(&path, &fields).await.expect_done("The conversation is closed.");
        let asked = world.phone("+15550123").inbox();
        assert!(asked.last().unwrap().contains("May we text you once, tomorrow"), "{asked:?}");
        world.phone(NIGHT).expect("First has just ended case A3 and would like to talk about it");
        let page = world.visitor(&night).await.reads(&format!("/conversations/{conversation}")).await;
        for part in ["by First: Safe for now", "I called back twice.", "closed the conversation"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let kept = "SELECT COUNT(*) FROM wrap_ups WHERE outcome = 'safe_for_now' AND tier = 'high' AND check_in AND debrief";
        assert_eq!(world.count(kept).await, 1);
        assert_eq!(world.acts(&first, conversation, end("safe_for_now")).await, Err(Refused::AlreadyClosed));
    }

    async fn who_cannot_write_to_somebody_is_told_what_else_to_do_and_is_not_paged_over(world: World) {
        let first = world.a_person("First", FIRST).await;
        let texter = world.phone("+15550123");
        texter.texts("STOP").await;
        let conversation = crisis(&world).await;
        let visitor = world.visitor(&first).await;
        let there = format!("/conversations/{conversation}");
        let claimed = visitor.sends(&format!("{there}/claim"), &[("owner", "")]).await;
        claimed.expect_done("They cannot be texted now: see below what you can do.");
        let page = visitor.reads(&there).await;
        assert!(page.contains("Texts do not reach them") && !page.contains("class=\"composer\""), "{page}");
        assert!(!page.contains("check-in") && !page.contains("first words within"), "{page}");
        for _ in 0..4 {
            visitor.sends(&format!("{there}/here"), &[]).await.expect_done("yours until");
            world.advance(minutes(9)).await;
        }
        world.phone(FIRST).inbox();
        assert!(visitor.reads(&there).await.contains("yours until"), "they are on it");
        world.advance(minutes(2)).await;
        world.phone(FIRST).expect("was opened again");
        // Who has come back can be written to.
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        texter.texts("START").await;
        assert!(visitor.reads(&there).await.contains("class=\"composer\""));
    }

    async fn who_closes_may_go_on_to_who_waits_most_urgently(world: World) {
        let first = world.a_person("First", FIRST).await;
        let visitor = world.visitor(&first).await;
        let fields = [("outcome", "safe_for_now"), ("onward", "yes")];
        let conversation = claimed(&world, &first).await;
        world.phone("+15550124").texts("can i talk to a person").await;
        world.phone("+15550125").texts("i am going to kill myself tonight").await;
        let sent = visitor.sends(&format!("/conversations/{conversation}/close"), &[fields[1]]).await;
        assert!(sent.page.contains(r#"value="yes" checked> <label for="onward""#), "the choice stays: {}", sent.page);
        let sent = visitor.sends(&format!("/conversations/{conversation}/close"), &fields).await;
        sent.expect_done("The conversation is closed.").expect_done("Claim this conversation");
        assert!(sent.page.contains("tier-imminent"), "{}", sent.page);
        for case in world.cases().await {
            world.acts(&first, case.conversation_id, Act::Claim).await.unwrap();
        }
        let last = world.cases().await.pop().unwrap().conversation_id;
        let sent = visitor.sends(&format!("/conversations/{last}/close"), &fields).await;
        sent.expect_done("The conversation is closed.").expect_done("Nobody is waiting.");
    }

    async fn who_has_a_case_is_told_before_their_claim_ends_and_when_nobody_answers_them(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let visitor = world.visitor(&first).await;
        let there = format!("/conversations/{conversation}");
        let says = async |words: &str| visitor.reads(&format!("{there}/thread")).await.contains(words);
        world.acts(&first, conversation, hello()).await.unwrap();
        world.advance(minutes(9)).await;
        assert!(!says("No answer for").await, "gaps are normal");
        world.advance(minutes(2)).await;
        assert!(says("No answer for 11 min").await);
        world.phone("+15550123").texts("i am here").await;
        assert!(!says("No answer for").await);
        world.acts(&first, conversation, hello()).await.unwrap();
        world.advance(minutes(54)).await;
        assert!(!says("Your claim ends in").await);
        world.advance(minutes(2)).await;
        assert!(says("<strong>Your claim ends in 4 min 00 s.</strong>").await);
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let page = world.visitor(&night).await.reads(&there).await;
        assert!(!page.contains("Your claim ends in"), "it is not theirs: {page}");
        visitor.sends(&format!("{there}/here"), &[]).await.expect_done("yours");
        assert!(!says("Your claim ends in").await);
    }

    async fn who_writes_where_nobody_was_called_has_the_conversation_from_then_on(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        world.phone("+15550123").texts("menu").await.expect_reply("Reply with a number");
        let conversation = world.first_in_the_queue().await;
        assert_eq!(world.acts(&first, conversation, Act::Claim).await, Err(Refused::NobodyWaits));
        world.acts(&first, conversation, hello()).await.unwrap();
        assert_eq!(world.acts(&second, conversation, hello()).await, Err(Refused::ClaimedBy("First".to_owned())));
        world.advance(minutes(30)).await;
        assert!(world.phone(FIRST).inbox().is_empty(), "nobody waits");
        world.phone("+15550123").inbox();
        world.phone("+15550123").texts("can you tell me more").await.expect_silence();
        world.advance(minutes(4)).await;
        assert!(world.phone(FIRST).inbox().is_empty(), "First has their time to answer");
        world.advance(minutes(2)).await;
        world.phone(FIRST).expect("A texter waits for an answer: case");
        world.acts(&first, conversation, Act::WrapUp(WrapUp::with("talked"))).await.unwrap();
    }

    async fn a_note_goes_with_its_texter(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("menu").await;
        let conversation = world.first_in_the_queue().await;
        world.acts(&first, conversation, Act::Note(MessageBody::new("They seem well."))).await.unwrap();
        assert_eq!(world.acts(&first, conversation, Act::Note(MessageBody::new("  "))).await, Err(Refused::Empty));
        let long = Act::Note(MessageBody::new("x".repeat(4001)));
        assert_eq!(world.acts(&first, conversation, long).await, Err(Refused::NoteTooLong(4001)));
        assert_eq!(world.count("SELECT COUNT(*) FROM notes").await, 1);
        world.phone("+15550123").texts("DELETE").await;
        world.phone("+15550123").texts("DELETE").await;
        world.advance(minutes(2)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM notes").await, 0);
    }

    async fn nobody_answers_what_they_have_not_read(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}");
        let me = world.visitor(&first).await;
        let before = hidden(&me.reads(&path).await, "seen");
        let texter = world.phone("+15550123");
        texter.texts("it is worse now").await;
        texter.texts("i took something").await;
        texter.inbox();
        let reply = format!("{path}/reply");
        let sent = me.sends(&reply, &[("body", "That is good to hear."), ("seen", &before)]).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        for part in ["New messages came since you looked: 2.", "i took something", ">That is good to hear.</textarea>"] {
            assert!(sent.page.contains(part), "{part}: {}", sent.page);
        }
        assert!(texter.inbox().iter().all(|text| !text.contains("good to hear")));
        // What they have read by now they can answer.
        let now = hidden(&sent.page, "seen");
        assert_ne!(now, before);
        let sent = me.sends(&reply, &[("body", "What did you take?"), ("seen", &now)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.page);
        texter.expect("What did you take?");
    }

    async fn nobody_closes_what_they_have_not_read(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}/close");
        let me = world.visitor(&first).await;
        let before = hidden(&me.reads(&path).await, "seen");
        world.phone("+15550123").texts("i took all my pills").await;
        let closes = |seen| [("outcome", "safe_for_now"), ("note", "Calmer now."), ("seen", seen)];
        let sent = me.sends(&path, &closes(&*before)).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        for part in ["New messages came since you looked: 1.", "pills", ">Calmer now.</textarea>"] {
            assert!(sent.page.contains(part), "{part}: {}", sent.page);
        }
        let open = world.cases().await;
        assert_eq!((open.len(), open[0].tier), (1, Tier::Imminent), "somebody is still called for it");
        let now = hidden(&me.reads(&path).await, "seen");
        me.sends(&path, &closes(&*now)).await.expect_done("The conversation is closed.");
    }

    async fn nobody_makes_less_urgent_what_they_have_not_read(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let path = format!("/conversations/{conversation}/tier");
        let me = world.visitor(&first).await;
        let before = hidden(&me.reads(&path).await, "seen");
        world.phone("+15550123").texts("i really want to die").await;
        let decides = |tier, seen| [("tier", tier), ("reason", "asked_them"), ("seen", seen)];
        let sent = me.sends(&path, &decides("topic", &*before)).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        for part in ["New messages came since you looked: 1.", "i really"] {
            assert!(sent.page.contains(part), "{part}: {}", sent.page);
        }
        assert_eq!(world.cases().await[0].tier, Tier::High);
        // To see more danger than others do, nobody has to read on.
        me.sends(&path, &decides("imminent", &*before)).await.expect_done("The tier is changed.");
        let now = hidden(&me.reads(&path).await, "seen");
        me.sends(&path, &decides("topic", &*now)).await.expect_done("The tier is changed.");
    }

    async fn only_a_person_lowers_a_crisis_and_says_why(world: World) {
        let first = world.a_person("First", FIRST).await;
        let conversation = claimed(&world, &first).await;
        let decide = |tier, reason: &str| Act::Tier { tier, reason: reason.to_owned(), seen: None };
        assert_eq!(world.acts(&first, conversation, decide(Tier::Topic, "because")).await, Err(Refused::NoReason));
        assert_eq!(world.acts(&first, conversation, decide(Tier::High, "asked_them")).await, Err(Refused::SameTier));
        let me = world.visitor(&first).await;
        let path = format!("/conversations/{conversation}");
        let fields = [("tier", "topic"), ("reason", "asked_them")];
        me.sends(&format!("{path}/tier"), &fields).await.expect_done("The tier is changed.");
        let page = me.reads(&path).await;
        assert!(page.contains("decided that it is topic: I asked them"), "{page}");
        assert_eq!(world.cases().await[0].tier, Tier::Topic);
        let told = "SELECT COUNT(*) FROM audit_log WHERE action = 'conversation.tier' AND detail LIKE '%asked_them%'";
        assert_eq!(world.count(told).await, 1);
        world.acts(&first, conversation, hello()).await.unwrap();
        world.phone("+15550123").texts("i want to die").await.expect_inline("988");
        assert_eq!(world.cases().await[0].tier, Tier::High, "the machine raises it again");
    }

    async fn danger_that_only_a_person_has_seen_is_paged_for_at_once(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("menu").await;
        world.responder().inbox();
        let conversation = world.first_in_the_queue().await;
        let decide = Act::Tier { tier: Tier::High, reason: "not_heard".to_owned(), seen: None };
        world.acts(&first, conversation, decide).await.unwrap();
        world.phone(FIRST).expect("CRISIS: case A3");
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        let end = |outcome: &str| Act::WrapUp(WrapUp::with(outcome));
        assert_eq!(world.acts(&first, conversation, end("talked")).await, Err(Refused::DangerOpen));
    }
}
