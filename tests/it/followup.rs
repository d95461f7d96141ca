//! What the line does by itself, hours after a text or for ever: check-ins, excuses, erasure.

use harborline::handoff::{Act, Refused, WrapUp};
use harborline::store::Account;
use harborline::text::MessageBody;
use sqlx::Connection;

use crate::support::world::{minutes, seconds};
use crate::support::{Engine, World, both};

const TEXTER: &str = "+15550123";

/// A member of staff who has the conversation of the only texter.
async fn responder(world: &World) -> (Account, uuid::Uuid) {
    let staff = world.a_member_of_staff("night@example.org").await;
    let conversation = world.first_in_the_queue().await;
    (staff, conversation)
}

both! {
    async fn delete_is_asked_back_once_and_done_within_a_minute(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("my secret word is umbrella").await;
        phone.texts("DELETE").await.expect_reply("Reply DELETE again");
        phone.texts("delete").await.expect_reply("we will delete your texts").expect_reply("only counts");
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE length(body_sealed) > 0").await, 0);
        assert!(world.count("SELECT COUNT(*) FROM messages").await > 3, "counts stay");
        phone.texts("menu").await.expect_reply("Hi from Example Line");
    }

    async fn delete_taken_back_keeps_everything(world: World) {
        let phone = world.phone(TEXTER);
        for (answer, reply) in [("no", "We kept everything"), ("menu", "Reply with a number"), ("12", "DBT is")] {
            phone.texts("DELETE MY DATA").await.expect_reply("can't be undone");
            phone.texts(answer).await.expect_reply(reply);
        }
        world.advance(minutes(5)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
    }

    async fn nobody_in_danger_is_erased_before_the_case_is_closed(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("i want to die").await;
        phone.texts("DELETE").await.expect_reply("Reply DELETE again");
        phone.texts("DELETE").await.expect_reply("until our team closes this");
        world.advance(minutes(3)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
        let pages = world.responder().inbox().join("\n");
        assert!(pages.contains("asked us to delete"), "{pages}");
        let (staff, conversation) = responder(&world).await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        world.acts(&staff, conversation, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 0);
    }

    async fn borrar_works_in_spanish_and_for_who_opted_out(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("hola").await;
        phone.texts("STOP").await;
        phone.texts("BORRAR").await.expect_reply("BORRAR");
        phone.texts("BORRAR").await.expect_reply("988");
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 0);
    }

    async fn who_waits_for_a_person_is_told_once_that_nobody_has_come(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("i want to die").await;
        world.advance(minutes(9)).await;
        phone.inbox();
        world.advance(minutes(30)).await;
        let texts = phone.inbox();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains("You are not forgotten") && texts[0].contains("988"), "{texts:?}");
    }

    async fn who_came_back_after_stop_is_told_that_nobody_has_come_as_well(world: World) {
        let phone = world.phone(TEXTER);
        for text in ["i want to die", "STOP", "START"] {
            phone.texts(text).await;
        }
        world.advance(minutes(30)).await;
        let texts = phone.inbox();
        assert!(texts.iter().any(|text| text.contains("You are not forgotten")), "{texts:?}");
    }

    async fn who_was_answered_by_a_person_gets_no_excuse(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("i want to die").await;
        let (staff, conversation) = responder(&world).await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        world.acts(&staff, conversation, Act::Write(MessageBody::new("I am here."))).await.unwrap();
        world.advance(minutes(1)).await;
        phone.inbox();
        world.advance(minutes(30)).await;
        assert!(phone.inbox().is_empty());
    }

    async fn a_check_in_comes_only_after_a_clear_yes_and_once(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("i want to die").await;
        let (staff, conversation) = responder(&world).await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        world.acts(&staff, conversation, Act::Write(MessageBody::new("I am here."))).await.unwrap();
        world.acts(&staff, conversation, Act::OfferCheckIn).await.unwrap();
        world.settle().await;
        assert!(phone.inbox().iter().any(|text| text.contains("May we text you once, tomorrow")));
        phone.texts("Y").await.expect_reply("We will text you once, tomorrow");
        world.acts(&staff, conversation, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        world.advance(minutes(1)).await;
        phone.inbox();
        world.clock.advance(minutes(19 * 60));
        world.settle().await;
        assert!(phone.inbox().is_empty());
        world.clock.advance(minutes(20 * 60));
        world.settle().await;
        let texts = phone.inbox();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains("You said we could text you today"), "{texts:?}");
        world.clock.advance(minutes(48 * 60));
        world.settle().await;
        assert!(phone.inbox().is_empty());
    }

    async fn a_no_or_silence_or_stop_is_no_consent(world: World) {
        for (n, answer) in ["N", "maybe later", "STOP"].into_iter().enumerate() {
            let phone = world.phone(&format!("+1555013{n}"));
            phone.texts("HUMAN").await;
            let (staff, conversation) = (world.a_member_of_staff(&format!("{n}@example.org")).await, world.first_in_the_queue().await);
            world.acts(&staff, conversation, Act::Claim).await.unwrap();
            world.acts(&staff, conversation, Act::OfferCheckIn).await.unwrap();
            phone.texts(answer).await;
            world.acts(&staff, conversation, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
            world.advance(seconds(10)).await;
            phone.inbox();
        }
        world.clock.advance(minutes(60 * 60));
        world.settle().await;
        for n in 0..3 {
            let texts = world.phone(&format!("+1555013{n}")).inbox();
            assert!(texts.is_empty(), "{n}: {texts:?}");
        }
    }

    async fn nobody_who_opted_out_is_asked(world: World) {
        let phone = world.phone(TEXTER);
        phone.texts("HUMAN").await;
        phone.texts("STOP").await;
        let (staff, conversation) = responder(&world).await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        let refused = world.acts(&staff, conversation, Act::OfferCheckIn).await;
        assert_eq!(refused, Err(Refused::OptedOut));
    }
}

/// On the disk, not only in the tables: pages that were freed, and the journal.
#[tokio::test]
async fn the_key_of_who_is_erased_is_nowhere_on_the_disk() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let phone = world.phone(TEXTER);
    phone.texts("my secret word is umbrella").await;
    let path = world.config.database.url.strip_prefix("sqlite://").unwrap();
    let mut connection = sqlx::SqliteConnection::connect(path).await.unwrap();
    let key: Vec<u8> = sqlx::query_scalar("SELECT wrapped_key FROM texters")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let is_on_disk = || {
        let files =
            ["", "-wal"].map(|end| std::fs::read(format!("{path}{end}")).unwrap_or_default());
        files
            .iter()
            .any(|bytes| bytes.windows(key.len()).any(|window| window == key))
    };
    assert!(is_on_disk());
    phone.texts("DELETE").await;
    phone.texts("DELETE").await;
    world.advance(minutes(1)).await;
    assert!(!is_on_disk());
}
