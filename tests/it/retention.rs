//! What is kept is kept for a time; what is held stays; what is erased is gone (promise P9).

use harborline::handoff::{Act, WrapUp};
use harborline::phone::PhoneNumber;
use harborline::retention::{NotDone, Who};
use harborline::store::Class;
use harborline::text::MessageBody;

use crate::support::binary::run;
use crate::support::world::minutes;
use crate::support::{World, both};

const TEXTER: &str = "+15550123";

fn days(n: u64) -> std::time::Duration {
    minutes(n * 24 * 60)
}

/// Lets days pass, with nobody at work in between.
async fn after(world: &World, n: u64) {
    world.clock.advance(days(n));
    world.settle().await;
}

/// A crisis that was talked about, with a note, and closed.
async fn a_closed_case(world: &World, number: &str) -> uuid::Uuid {
    let phone = world.phone(number);
    phone.texts("i want to die, umbrella").await;
    let staff = world.a_member_of_staff("night@example.org").await;
    let conversation = world.first_in_the_queue().await;
    world.acts(&staff, conversation, Act::Claim).await.unwrap();
    let words = MessageBody::new("I am here.");
    world
        .acts(&staff, conversation, Act::Write(words))
        .await
        .unwrap();
    let note = MessageBody::new("umbrella again");
    world
        .acts(&staff, conversation, Act::Note(note))
        .await
        .unwrap();
    world.settle().await;
    world
        .acts(
            &staff,
            conversation,
            Act::WrapUp(WrapUp::with("safe_for_now")),
        )
        .await
        .unwrap();
    world.settle().await;
    conversation
}

async fn full(world: &World) -> i64 {
    world
        .count("SELECT COUNT(*) FROM messages WHERE length(body_sealed) > 0")
        .await
}

both! {
    async fn words_and_notes_go_first_then_numbers_then_counts(world: World) {
        let conversation = a_closed_case(&world, TEXTER).await;
        let before = full(&world).await;
        after(&world, 29).await;
        assert_eq!(full(&world).await, before);
        after(&world, 2).await;
        assert_eq!(full(&world).await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM notes").await, 0);
        assert!(world.count("SELECT COUNT(*) FROM messages").await >= 3, "rows that count stay");
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
        let staff = world.a_member_of_staff("night@example.org").await;
        let page = world.visitor(&staff).await.reads(&format!("/conversations/{conversation}")).await;
        assert!(page.contains("texts are kept for a limited time") && !page.contains("umbrella"), "{page}");
        after(&world, 60).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM pages").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM conversations").await, 1);
        after(&world, 700).await;
        for table in [
            "SELECT COUNT(*) FROM conversations", "SELECT COUNT(*) FROM messages", "SELECT COUNT(*) FROM alerts",
            "SELECT COUNT(*) FROM texters", "SELECT COUNT(*) FROM obligations", "SELECT COUNT(*) FROM wrap_ups",
        ] {
            assert_eq!(world.count(table).await, 0, "{table}");
        }
        assert!(world.count("SELECT COUNT(*) FROM audit_log").await > 5, "the audit log stays");
        assert_eq!(world.app.audit_log.verify(&[]).await.unwrap().bad, None);
        world.phone(TEXTER).texts("menu").await.expect_reply("Hi from Example Line");
    }

    async fn an_open_case_and_an_owed_answer_are_never_removed(world: World) {
        world.phone(TEXTER).texts("i want to die").await;
        let before = full(&world).await;
        world.clock.advance(days(800));
        world.app.retention.run(&|_, _| {}).await.unwrap();
        assert_eq!(full(&world).await, before);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL").await, 1);
        assert!(world.count("SELECT COUNT(*) FROM pages").await > 0);
    }

    async fn who_still_writes_keeps_their_number_and_loses_old_words(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("umbrella").await;
        after(&world, 80).await;
        phone.texts("menu").await;
        after(&world, 20).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
        assert!(full(&world).await > 0);
        phone.texts("12").await.expect_reply("DBT is");
    }

    async fn a_dry_run_says_what_goes_and_changes_nothing(world: World) {
        a_closed_case(&world, TEXTER).await;
        world.advance(minutes(5)).await;
        world.clock.advance(days(40));
        let before = full(&world).await;
        let due = world.app.retention.dry_run().await.unwrap();
        let bodies = due.iter().find(|one| one.class == Class::Bodies).unwrap();
        assert_eq!((bodies.days, bodies.amounts[0].table, bodies.amounts[0].due), (30, "messages", before));
        assert_eq!(full(&world).await, before);
        world.app.retention.run(&|_, _| {}).await.unwrap();
        let after = world.app.retention.dry_run().await.unwrap();
        assert!(after.iter().filter(|one| one.class != Class::Numbers).all(|one| one.amounts.iter().all(|amount| amount.due == 0)), "{after:?}");
    }

    async fn a_held_conversation_outlives_retention_and_delete(world: World) {
        let conversation = a_closed_case(&world, TEXTER).await;
        let before = full(&world).await;
        let hold = world.app.retention.hold(&Who::Id(conversation), false, "order 7 of the court", "night@example.org").await.unwrap().unwrap();
        let said = world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'hold.set' AND detail NOT LIKE '%court%'").await;
        assert_eq!(said, 1, "that it was set is in the log, the reason is not");
        let phone = world.phone(TEXTER);
        phone.texts("DELETE").await.expect_reply("Reply DELETE again");
        phone.texts("DELETE").await.expect_reply("we have to keep them for now");
        world.advance(minutes(2)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
        after(&world, 400).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
        assert!(full(&world).await >= before - 1, "what is held stays");
        assert_eq!(world.app.retention.erase(&Who::Id(conversation), "operator", false).await.unwrap(), Err(NotDone::Held));
        world.app.retention.lift(hold, "operator").await.unwrap().unwrap();
        assert_eq!(world.app.retention.lift(hold, "operator").await.unwrap(), Err(NotDone::NoHold));
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 0, "what they asked for is done then");
    }

    async fn the_operator_erases_by_number_or_case_but_nobody_in_danger(world: World) {
        let conversation = a_closed_case(&world, TEXTER).await;
        let by_number = Who::Number(PhoneNumber::of_sender(TEXTER));
        assert!(world.app.retention.erase(&by_number, "operator", true).await.unwrap().is_ok());
        assert!(full(&world).await > 0, "a dry run changes nothing");
        world.phone(TEXTER).texts("i want to die").await;
        assert_eq!(world.app.retention.erase(&by_number, "operator", false).await.unwrap(), Err(NotDone::OpenCase));
        let staff = world.a_member_of_staff("night@example.org").await;
        let open = world.first_in_the_queue().await;
        world.acts(&staff, open, Act::Claim).await.unwrap();
        world.acts(&staff, open, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        world.app.retention.erase(&by_number, "operator", false).await.unwrap().unwrap();
        assert_eq!(full(&world).await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'texter.erased' AND actor = 'operator'").await, 1);
        assert_eq!(world.app.retention.erase(&Who::Id(conversation), "operator", false).await.unwrap(), Err(NotDone::Unknown));
    }

    async fn a_hold_needs_a_reason_and_somebody_to_hold(world: World) {
        let nobody = Who::Code("Z9".to_owned());
        assert_eq!(world.app.retention.hold(&nobody, false, "order", "operator").await.unwrap(), Err(NotDone::Unknown));
        for reason in ["  ".to_owned(), "x".repeat(501)] {
            assert_eq!(world.app.retention.hold(&nobody, true, &reason, "operator").await.unwrap(), Err(NotDone::NoReason));
        }
    }
}

#[test]
fn the_commands_take_no_number_in_their_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str], input: &str| {
        let output = run(folder.path(), arguments, input);
        let all = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&all).into_owned(),
        )
    };
    let (code, refused) = said(&["erase", "+15550123"], "");
    assert!(
        code == Some(2) && refused.contains("standard input"),
        "{refused}"
    );
    let (code, refused) = said(&["erase"], "not a number\n");
    assert!(
        code == Some(2) && !refused.contains("not a number"),
        "{refused}"
    );
    let (code, unknown) = said(&["erase", "--yes"], "+15550123\n");
    assert!(
        code == Some(1) && unknown.contains("Nobody is known"),
        "{unknown}"
    );
    let (code, refused) = said(&["hold", "set", "+15550123", "--reason", "order"], "");
    assert!(
        code == Some(2) && refused.contains("neither a case"),
        "{refused}"
    );
    assert_eq!(
        said(&["hold", "list"], ""),
        (Some(0), "nothing is held\n".to_owned())
    );
    let nil = uuid::Uuid::nil().to_string();
    assert_eq!(said(&["hold", "lift", &nil], "").0, Some(1));
    let (code, table) = said(&["retention", "--dry-run"], "");
    assert!(
        code == Some(0) && table.contains("bodies") && table.contains("would go"),
        "{table}"
    );
    assert_eq!(said(&["retention"], "").0, Some(0));
}
