//! The contract of the store for what is known of a text that just came in, on both engines.

use harborline::clock::At;
use harborline::conversation::State;
use harborline::phone::PhoneNumber;
use harborline::store::{Known, NewArrival, NewInbound, StoreError, Tx};
use harborline::text::MessageBody;
use harborline::triage::Verdict;

use crate::support::world::seconds;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);
const NUMBER: &str = "+15550123";

/// What is known of a text that comes so many seconds later; none of one that was erased.
async fn known_if_any(
    tx: &mut Tx,
    number: &str,
    gateway_ref: &str,
    after: u64,
) -> Result<Option<Known>, StoreError> {
    let now = NOW.plus(seconds(after));
    let new = NewArrival {
        number: &PhoneNumber::of_sender(number),
        fresh: &State::default(),
        gateway: "main",
        gateway_ref,
        now,
        since: now.minus(seconds(600)),
        most: 2,
    };
    tx.known_of(&new).await
}

/// The same of one that was not.
async fn known(
    tx: &mut Tx,
    number: &str,
    gateway_ref: &str,
    after: u64,
) -> Result<Known, StoreError> {
    let known = known_if_any(tx, number, gateway_ref, after).await?;
    Ok(known.unwrap())
}

/// Whether a text or a piece of one has a sender: both say the same.
async fn has_sender(tx: &mut Tx, gateway_ref: &str) -> Result<bool, StoreError> {
    let known = known_if_any(tx, NUMBER, gateway_ref, 9).await?.is_some();
    let (number, of) = (PhoneNumber::of_sender(NUMBER), ("main", gateway_ref));
    let sender = tx.sender_of(&number, &State::default(), of, NOW).await?;
    assert_eq!(sender.is_some(), known);
    Ok(known)
}

/// Takes a text in as intake does, and says whether it was new.
async fn hears(
    tx: &mut Tx,
    number: &str,
    gateway_ref: &str,
    after: u64,
) -> Result<bool, StoreError> {
    let known = known(tx, number, gateway_ref, after).await?;
    let (texter, at) = (known.texter, NOW.plus(seconds(after)));
    let conversation = match texter.conversation {
        Some(open) => open,
        None => tx.open_conversation(texter.id, at).await?,
    };
    let new = NewInbound {
        id: tx.id(at),
        gateway: "main",
        gateway_ref,
        body: &MessageBody::new(format!("words of {gateway_ref}")),
        media: 0,
        verdict: &Verdict::default(),
        at,
        came_before: known.came_before,
    };
    let is_new = tx.record_inbound(&texter, &conversation, &new).await?;
    let state = State {
        heard_at: Some(at),
        ..texter.state.clone()
    };
    tx.save_state(&texter, &state).await?;
    Ok(is_new)
}

fn words(known: &Known) -> Vec<&str> {
    let earlier = known.earlier.iter();
    earlier.map(|text| text.body.reveal()).collect()
}

both! {
    async fn the_texts_just_before_are_known_oldest_first_and_only_the_latest(world: World) {
        let unit = world.app.store.write(|tx| Box::pin(async move {
            assert!(known(tx, NUMBER, "SM1", 0).await?.texter.conversation.is_none());
            for (n, after) in (1..).zip([0, 300, 500, 700]) {
                assert!(hears(tx, NUMBER, &format!("SM{n}"), after).await?);
            }
            assert!(hears(tx, "+15550124", "SM9", 701).await?);
            let now = known(tx, NUMBER, "SM5", 702).await?;
            assert_eq!(words(&now), ["words of SM3", "words of SM4"]);
            let later = known(tx, NUMBER, "SM5", 1_200).await?;
            assert_eq!(words(&later), ["words of SM4"], "what is too old is left out");
            assert!(words(&known(tx, NUMBER, "SM5", 1_301).await?).is_empty());
            let conversation = later.texter.conversation.unwrap();
            tx.close_conversation(conversation.id, NOW.plus(seconds(703))).await?;
            let again = known(tx, NUMBER, "SM5", 704).await?;
            assert!(again.texter.conversation.is_none() && again.earlier.is_empty());
            Ok(())
        }));
        unit.await.unwrap();
    }

    async fn a_text_that_came_before_is_known_in_the_same_unit_and_afterwards(world: World) {
        let unit = world.app.store.write(|tx| Box::pin(async move {
            assert!(hears(tx, NUMBER, "SM1", 0).await?);
            assert!(!hears(tx, NUMBER, "SM1", 1).await?);
            // Whoever says that they sent it: another number, too.
            assert!(!hears(tx, "+15550124", "SM1", 2).await?);
            Ok(())
        }));
        unit.await.unwrap();
        let again = world.app.store.write(|tx| Box::pin(hears(tx, "+15550124", "SM1", 3)));
        assert!(!again.await.unwrap());
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn a_text_that_was_erased_has_no_sender_any_more_and_another_of_the_same_number_has(world: World) {
        let unit = world.app.store.write(|tx| Box::pin(async move {
            assert!(hears(tx, NUMBER, "SM1", 0).await?);
            let texter = known(tx, NUMBER, "SM2", 1).await?.texter;
            tx.erase(texter.id, NOW.plus(seconds(2))).await?;
            assert!(!has_sender(tx, "SM1").await?);
            assert!(hears(tx, NUMBER, "SM2", 4).await?, "a stranger");
            assert!(!has_sender(tx, "SM1").await?, "nor is it the stranger's");
            assert!(has_sender(tx, "SM3").await?);
            Ok(())
        }));
        unit.await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 2);
    }
}
