//! What leaves without the store goes by the gateway that stands in, as the outbox would send it.

use harborline::dispatch::Apart;
use harborline::lane::Lane;
use harborline::locale::Locale;
use harborline::phone::PhoneNumber;
use harborline::text::MessageBody;
use uuid::Uuid;

use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{Engine, World};

const TEXTER: &str = "+15550123";
const WORDS: &str = "Call or text 988";

/// Sends a crisis reply without the store, as this row.
async fn sends(world: &World, row: u128) -> bool {
    let reply = Apart {
        gateway: "main",
        outbox_id: Uuid::from_u128(row),
        to: &PhoneNumber::of_sender(TEXTER),
        body: &MessageBody::new(WORDS),
        lane: Lane::Crisis,
        locale: Some(Locale::En),
    };
    world.app.dispatch.send_without_store(&reply).await
}

async fn world() -> World {
    World::with_a_second_gateway(Engine::Sqlite).await.unwrap()
}

#[tokio::test]
async fn what_the_first_gateway_refuses_leaves_by_the_other_and_says_whose_number_it_is() {
    let world = world().await;
    world.twilio.fail_always(Some(Fault::ServerError));
    assert!(sends(&world, 7).await);
    assert_eq!(world.twilio.requests(), 1);
    let sent = world.second().sent_to(TEXTER);
    assert_eq!(sent.len(), 1);
    let whose = sent[0].body.strip_suffix(WORDS).unwrap();
    assert!(
        !whose.is_empty(),
        "a number that they do not know says whose it is"
    );
    let receipts = format!("/hooks/second/status?ref={}", Uuid::from_u128(7));
    assert!(sent[0].status_callback.ends_with(&receipts), "{sent:?}");

    // Three failures in a row: for a minute nobody waits for the first one.
    for row in [8, 9, 10, 11] {
        assert!(sends(&world, row).await);
    }
    assert_eq!((world.twilio.requests(), world.second().requests()), (3, 5));
    world.twilio.calm();
    world.clock.advance(seconds(61));
    assert!(sends(&world, 12).await);
    assert_eq!(
        world.twilio.sent_to(TEXTER)[0].body,
        WORDS,
        "by the number that they know"
    );
}

#[tokio::test]
async fn what_can_never_work_is_not_tried_by_the_other() {
    for fault in [Fault::OptedOut, Fault::NoSuchNumber] {
        let world = world().await;
        world.twilio.fail_always(Some(fault));
        assert!(!sends(&world, 7).await, "{fault:?}");
        assert_eq!((world.twilio.requests(), world.second().requests()), (1, 0));
    }
}

#[tokio::test]
async fn while_both_fail_they_are_tried_by_turns() {
    let world = world().await;
    for gateway in [&world.twilio, world.second()] {
        gateway.fail_always(Some(Fault::Unauthorized));
    }
    assert!(!sends(&world, 7).await);
    assert_eq!((world.twilio.requests(), world.second().requests()), (2, 1));
}

#[tokio::test]
async fn pages_leave_by_the_other_gateway_too() {
    let world = world().await;
    world.settle().await;
    world.clock.advance(minutes(1));
    world.twilio.fail_always(Some(Fault::TooMany(30)));
    world.app.failsafe.page(true, true).await;
    for number in [DUTY, SECOND] {
        let heard = world.second().sent_to(number);
        assert_eq!(heard.len(), 1, "{number}");
        assert!(heard[0].body.starts_with("CRISIS"), "{heard:?}");
    }
}
