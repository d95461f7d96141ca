//! The contract of the store for drills, on both engines.

use harborline::clock::At;
use harborline::conversation::State;
use harborline::phone::PhoneNumber;
use harborline::store::{StoreError, Tx};
use uuid::Uuid;

use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

/// Runs a unit of work that must succeed.
macro_rules! unit {
    ($world:expr, |$tx:ident| $body:block) => {
        $world
            .app
            .store
            .write(move |$tx: &mut Tx| Box::pin(async move { Ok::<_, StoreError>($body) }))
            .await
            .unwrap()
    };
}

both! {
    async fn a_conversation_is_one_of_a_drill_open_and_closed(world: World) {
        let drill = Uuid::from_u128(7);
        let (drilled, other) = unit!(world, |tx| {
            let number = PhoneNumber::of_sender("+15555550107");
            let texter = tx.texter(&number, &State::default(), NOW).await?;
            let conversation = tx.open_conversation(texter.id, NOW).await?;
            assert_eq!(conversation.drill, None);
            tx.mark_drill(conversation.id, drill).await?;
            let someone = tx.texter(&PhoneNumber::of_sender("+15550123"), &State::default(), NOW).await?;
            let other = tx.open_conversation(someone.id, NOW).await?.id;
            let again = tx.texter(&number, &State::default(), NOW).await?;
            assert_eq!(again.conversation.unwrap().drill, Some(drill));
            (conversation.id, other)
        });
        unit!(world, |tx| { tx.close_conversation(drilled, NOW).await?; });
        let mut tx = world.app.store.read().await.unwrap();
        assert_eq!(tx.drill_of(drilled).await.unwrap(), Some(drill));
        for none in [other, Uuid::from_u128(1)] {
            assert_eq!(tx.drill_of(none).await.unwrap(), None);
        }
    }
}
