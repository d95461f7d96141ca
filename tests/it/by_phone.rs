//! A responder without the dashboard reads and writes a conversation from their phone.

use harborline::handoff::Act;
use harborline::store::Account;

use crate::support::world::{DUTY, minutes, seconds};
use crate::support::{Engine, World, both};

const FIRST: &str = "+15550171";
const SECOND: &str = "+15550172";
const TEXTER: &str = "+15550123";

/// Somebody in crisis, whose case a person of the team has taken from their phone.
async fn taken(world: &World) -> Account {
    let first = world.a_person("First", FIRST).await;
    world.phone(TEXTER).texts("i want to die").await;
    let phone = world.phone(FIRST);
    phone
        .texts("a3")
        .await
        .expect_reply("A3 follow to read and write by text");
    world.phone(TEXTER).inbox();
    world.responder().inbox();
    first
}

both! {
    async fn words_after_the_code_and_a_colon_reach_the_texter_and_nobody_sees_a_number(world: World) {
        let first = taken(&world).await;
        world.phone(FIRST).texts("A3: Are you thinking of killing yourself?").await.expect_reply("Sent to A3.");
        let heard = world.phone(TEXTER).inbox();
        assert_eq!(heard, ["Are you thinking of killing yourself?"], "the words alone: no number, no name");
        world.advance(minutes(30)).await;
        assert!(world.phone(FIRST).inbox().is_empty(), "the clocks are content");
        let alert = world.app.store.read().await.unwrap().open_alerts().await.unwrap().remove(0);
        assert_eq!(alert.claimed.map(|(owner, _)| owner), Some(first.id), "whoever writes has it");
        // What the texter answers stays where it is, until somebody asks for it.
        world.phone(TEXTER).texts("yes").await;
        assert!(world.phone(FIRST).inbox().iter().all(|text| !text.contains("yes")));
    }

    async fn whoever_follows_gets_what_the_texter_writes(world: World) {
        taken(&world).await;
        world.phone(TEXTER).texts("are you there").await;
        world.phone(TEXTER).inbox();
        let heard = world.phone(FIRST).texts("A3 follow").await;
        let heard = heard.all();
        assert!(heard[0].starts_with("You follow A3"), "{heard:?}");
        assert_eq!(heard[1..], ["A3 wrote: i want to die", "A3 wrote: are you there"]);
        world.phone(FIRST).texts("A3: I am here with you.").await;
        world.phone(FIRST).inbox();
        world.phone(TEXTER).texts("thank you").await;
        assert_eq!(world.phone(FIRST).inbox(), ["A3 wrote: thank you"]);
        world.phone(FIRST).texts("A3 unfollow").await.expect_reply("You no longer follow A3");
        world.phone(TEXTER).texts("hello?").await;
        assert!(world.phone(FIRST).inbox().is_empty());
    }

    async fn without_the_colon_nothing_goes_to_the_texter_and_the_responder_hears_how(world: World) {
        taken(&world).await;
        world.phone(FIRST).texts("A3 are you safe?").await.expect_reply("Nothing was sent");
        world.phone(FIRST).texts("A3 do you want to kill yourself").await.expect_reply("Nothing was sent");
        world.phone(FIRST).texts("A3 follow").await;
        world.phone(FIRST).inbox();
        world.phone(FIRST).texts("how are you feeling now").await.expect_reply("begin with A3 and a colon");
        assert!(world.phone(TEXTER).inbox().is_empty());
        // And one word is for the line, as from anybody.
        world.phone(FIRST).texts("MENU").await.expect_reply("1");
    }

    async fn nobody_writes_in_a_case_that_is_not_theirs(world: World) {
        taken(&world).await;
        world.a_person("Second", SECOND).await;
        world.phone(SECOND).texts("A3: hello there").await.expect_reply("You do not have A3");
        world.phone(SECOND).texts("A3 follow").await.expect_reply("You do not have A3");
        world.phone(SECOND).texts("Z9: hello there").await.expect_reply("There is no open case Z9");
        // Of a number that is nobody's, it is a text like any other.
        let stranger = world.phone("+15550188");
        let heard = stranger.texts("A3: hello there").await;
        assert!(heard.all().iter().all(|text| !text.contains("A3")), "{heard:?}");
        assert!(world.phone(TEXTER).inbox().is_empty());
    }

    async fn a_contact_of_the_configuration_signs_in_to_write(world: World) {
        world.phone(TEXTER).texts("i want to die").await;
        world.responder().texts("a3").await;
        world.phone(TEXTER).inbox();
        let duty = world.phone(DUTY);
        duty.inbox();
        duty.texts("A3: hello there").await.expect_reply("needs an account");
        assert!(world.phone(TEXTER).inbox().is_empty());
    }

    async fn a_responder_in_crisis_who_has_no_such_case_is_a_person_in_crisis(world: World) {
        taken(&world).await;
        world.a_person("Second", SECOND).await;
        world.phone(SECOND).texts("A3: i want to die").await.expect_reply("988");
        assert!(world.phone(TEXTER).inbox().is_empty());
    }

    async fn whoever_lost_the_case_gets_no_more_of_it(world: World) {
        taken(&world).await;
        let second = world.a_person("Second", SECOND).await;
        world.phone(FIRST).texts("A3 follow").await;
        world.advance(minutes(5)).await;
        let conversation = world.first_in_the_queue().await;
        world.acts(&second, conversation, Act::Claim).await.unwrap();
        world.phone(FIRST).inbox();
        world.phone(TEXTER).texts("is anybody there").await;
        assert!(world.phone(FIRST).inbox().iter().all(|text| !text.contains("anybody")));
        world.phone(FIRST).texts("A3: hello").await.expect_reply("You do not have A3");
    }

    async fn who_opted_out_is_not_written_to(world: World) {
        taken(&world).await;
        world.phone(TEXTER).texts("STOP").await;
        world.phone(TEXTER).inbox();
        world.phone(FIRST).inbox();
        world.phone(FIRST).texts("a3").await;
        world.phone(FIRST).inbox();
        world.phone(FIRST).texts("A3: hello there").await.expect_reply("has opted out");
        assert!(world.phone(TEXTER).inbox().is_empty());
    }

    async fn what_was_handed_on_goes_with_the_texter_who_is_erased(world: World) {
        taken(&world).await;
        world.phone(FIRST).texts("A3 follow").await;
        world.phone(FIRST).inbox();
        world.twilio.fail_always(Some(crate::support::gateway::Fault::ServerError));
        world.phone(TEXTER).texts("a word that is nobody elses").await;
        let texter = {
            let mut tx = world.app.store.read().await.unwrap();
            tx.open_alerts().await.unwrap().remove(0).texter_id
        };
        let now = harborline::clock::Clock::now(&world.clock);
        let erase = world.app.store.write(move |tx| Box::pin(async move { tx.erase(texter, now).await }));
        erase.await.unwrap();
        world.twilio.fail_always(None);
        world.advance(seconds(120)).await;
        let heard = world.phone(FIRST).inbox();
        assert!(heard.iter().all(|text| !text.contains("nobody elses")), "{heard:?}");
    }
}

#[tokio::test]
async fn a_line_that_does_not_want_it_leads_to_its_pages() {
    let without = |config: &mut harborline::config::Config| config.oncall.by_phone = false;
    let world = World::with(Engine::Sqlite, without).await.unwrap();
    world.a_person("First", FIRST).await;
    world.phone(TEXTER).texts("i want to die").await;
    world
        .phone(FIRST)
        .texts("a3")
        .await
        .expect_reply("A3 is yours");
    assert!(
        world
            .phone(FIRST)
            .inbox()
            .iter()
            .all(|text| !text.contains("follow"))
    );
    world.phone(TEXTER).inbox();
    for words in ["A3: hello there", "A3 follow"] {
        world
            .phone(FIRST)
            .texts(words)
            .await
            .expect_reply("on its pages only");
    }
    assert!(world.phone(TEXTER).inbox().is_empty());
}
