//! Long texts from gateways that bring them in pieces: one message, one answer, nothing lost.

use harborline::gateway::{Inbound, Part};
use harborline::phone::PhoneNumber;
use harborline::text::MessageBody;

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const TEXTER: &str = "+15550123";
const INBOUNDS: &str = "SELECT COUNT(*) FROM messages WHERE author = 'texter'";

/// Delivers one piece of a text, as a hook would.
async fn piece(world: &World, id: &str, (number, total): (u8, u8), words: &str) {
    let inbound = Inbound {
        gateway_ref: id.to_owned(),
        from: PhoneNumber::of_sender(TEXTER),
        to: PhoneNumber::of_sender("+15550100"),
        body: MessageBody::new(words),
        media: 0,
        keyword_handled: None,
        part: Some(Part {
            reference: "108".to_owned(),
            number,
            total,
        }),
    };
    world
        .app
        .intake()
        .text("main", false, inbound, std::time::Duration::from_secs(8))
        .await
        .unwrap();
    world.settle().await;
}

/// The words of the texter, as staff see them.
async fn words(world: &World) -> Vec<String> {
    let conversation = world.first_in_the_queue().await;
    let mut tx = world.app.store.read().await.unwrap();
    let texter = tx.texter_of(conversation).await.unwrap().unwrap();
    let thread = tx.thread(&texter, conversation, 100).await.unwrap();
    thread
        .iter()
        .filter(|message| message.sending.is_none())
        .map(|message| message.body.reveal().to_owned())
        .collect()
}

both! {
    async fn pieces_in_any_order_are_one_text_with_one_answer(world: World) {
        world.phone(TEXTER).texts("menu").await;
        piece(&world, "p3", (3, 3), "BT?").await;
        piece(&world, "p1", (1, 3), "what").await;
        assert!(world.phone(TEXTER).inbox().is_empty(), "the rest is waited for");
        assert_eq!(world.count(INBOUNDS).await, 1);
        piece(&world, "p2", (2, 3), " is D").await;
        let inbox = world.phone(TEXTER).inbox();
        assert!(inbox.len() == 1 && inbox[0].contains("DBT is"), "{inbox:?}");
        assert_eq!(words(&world).await, ["menu", "what is DBT?"]);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM parts WHERE length(body_sealed) > 0").await, 0);
        world.advance(minutes(1)).await;
        assert_eq!(world.count(INBOUNDS).await, 2);
    }

    async fn a_piece_that_is_repeated_after_all_was_deleted_brings_nobody_back(world: World) {
        piece(&world, "p1", (1, 2), "what").await;
        piece(&world, "p2", (2, 2), " is DBT?").await;
        for _ in 0..2 {
            world.phone(TEXTER).texts("DELETE").await;
        }
        world.advance(minutes(1)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE erased_at IS NOT NULL").await, 1);
        world.phone(TEXTER).inbox();
        piece(&world, "p2", (2, 2), " is DBT?").await;
        piece(&world, "p1", (1, 2), "what").await;
        world.advance(seconds(30)).await;
        assert_eq!(world.phone(TEXTER).inbox(), [""; 0]);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM parts").await, 0);
    }

    async fn a_crisis_that_stands_across_two_pieces_is_found(world: World) {
        piece(&world, "p1", (1, 2), "i just want to").await;
        piece(&world, "p2", (2, 2), " die").await;
        let inbox = world.phone(TEXTER).inbox().join("\n");
        assert!(inbox.contains("988"), "{inbox}");
        assert!(!world.responder().inbox().is_empty());
    }

    async fn a_crisis_in_a_piece_is_answered_at_once_and_the_rest_is_added_to_it(world: World) {
        piece(&world, "p2", (2, 3), " i want to die").await;
        let inbox = world.phone(TEXTER).inbox();
        assert!(inbox.len() == 1 && inbox[0].contains("988"), "{inbox:?}");
        assert_eq!(world.responder().inbox().len(), 1);
        piece(&world, "p1", (1, 3), "school was bad today and").await;
        piece(&world, "p3", (3, 3), " and nobody knows").await;
        assert_eq!(words(&world).await, ["school was bad today and i want to die and nobody knows"]);
        assert!(world.phone(TEXTER).inbox().is_empty(), "answered already");
        world.advance(seconds(30)).await;
        assert_eq!(world.count(INBOUNDS).await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM parts WHERE done_at IS NULL").await, 0);
    }

    async fn a_later_piece_that_makes_it_worse_is_acted_on(world: World) {
        piece(&world, "p1", (1, 2), "i want to die").await;
        let first = world.phone(TEXTER).inbox().join("\n");
        assert!(first.contains("988"), "{first}");
        piece(&world, "p2", (2, 2), ". i took all my pills").await;
        let second = world.phone(TEXTER).inbox().join("\n");
        assert!(second.contains("911"), "{second}");
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE tier = 'imminent'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE tier = 'imminent'").await, 1);
        assert_eq!(world.count(INBOUNDS).await, 1);
    }

    async fn a_piece_that_never_comes_is_not_waited_for_long(world: World) {
        world.phone(TEXTER).texts("menu").await;
        piece(&world, "p1", (1, 4), "what is").await;
        piece(&world, "p3", (3, 4), "DBT").await;
        world.clock.advance(seconds(9));
        world.settle().await;
        assert!(world.phone(TEXTER).inbox().is_empty());
        world.clock.advance(seconds(1));
        world.settle().await;
        assert_eq!(world.phone(TEXTER).inbox().len(), 1);
        assert_eq!(words(&world).await, ["menu", "what is … DBT … "]);
        // Too late to be joined, but not lost.
        piece(&world, "p4", (4, 4), "for my sister").await;
        world.advance(seconds(10)).await;
        assert_eq!(words(&world).await, ["menu", "what is … DBT … ", " … for my sister"]);
    }

    async fn a_piece_that_comes_again_is_known(world: World) {
        for _ in 0..2 {
            piece(&world, "p1", (1, 2), "what is ").await;
        }
        for _ in 0..2 {
            piece(&world, "p2", (2, 2), "DBT").await;
        }
        world.advance(minutes(1)).await;
        piece(&world, "p1", (1, 2), "what is ").await;
        world.advance(minutes(1)).await;
        assert_eq!(world.count(INBOUNDS).await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations").await, 1);
    }

    async fn a_crash_before_the_last_piece_loses_nothing(world: World) {
        piece(&world, "p1", (1, 2), "what is DBT").await;
        let other = world.another_app().await;
        world.clock.advance(seconds(10));
        assert_eq!(other.intake().tick().await.unwrap(), 1);
        assert_eq!(world.app.intake().tick().await.unwrap(), 0);
        world.settle().await;
        assert!(!world.phone(TEXTER).inbox().is_empty());
        assert_eq!(world.count(INBOUNDS).await, 1);
    }

    async fn who_is_erased_leaves_no_piece(world: World) {
        piece(&world, "p1", (1, 2), "my secret word").await;
        world.phone(TEXTER).texts("DELETE").await;
        world.phone(TEXTER).texts("DELETE").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM parts").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE length(body_sealed) > 0").await, 0);
    }
}
