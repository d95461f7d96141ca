//! What the words of a human settle: what the texter had written by then, once a gateway has them.

use harborline::handoff::Act;
use harborline::store::Account;
use harborline::text::MessageBody;
use uuid::Uuid;

use crate::support::gateway::Fault;
use crate::support::world::{PUBLIC_URL, minutes, seconds};
use crate::support::{World, both};

const TEXTER: &str = "+15550123";
const OWED: &str = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";

/// A case that a person has taken and written in, and the texter's words that wait for them now.
async fn waits_for_a_person(world: &World) -> (Account, Uuid) {
    let texter = world.phone(TEXTER);
    texter.texts("I want to die").await;
    let staff = world.a_member_of_staff("second").await;
    let case = world.first_in_the_queue().await;
    let words = |words| Act::Write(MessageBody::new(words));
    world.acts(&staff, case, words("I am here.")).await.unwrap();
    world.advance(seconds(40)).await;
    texter.texts("thank you").await;
    assert_eq!(world.count(OWED).await, 1);
    world.clock.advance(seconds(10));
    (staff, case)
}

both! {
    async fn words_that_leave_late_do_not_answer_what_came_after_them(world: World) {
        let (staff, case) = waits_for_a_person(&world).await;
        world.twilio.fail_for(TEXTER, Some(Fault::ServerError));
        world.acts(&staff, case, Act::Write(MessageBody::new("Take your time."))).await.unwrap();
        world.advance(minutes(2)).await;
        world.phone(TEXTER).texts("are you there").await;
        assert_eq!(world.count(OWED).await, 2);
        world.twilio.fail_for(TEXTER, None);
        world.advance(minutes(1)).await;
        world.phone(TEXTER).expect("Take your time.");
        assert_eq!(world.count(OWED).await, 1, "what came after them is still owed");
        world.acts(&staff, case, Act::Write(MessageBody::new("Yes."))).await.unwrap();
        world.settle().await;
        assert_eq!(world.count(OWED).await, 0);
    }

    async fn words_that_may_have_arrived_answer_when_a_receipt_says_so(world: World) {
        let (staff, case) = waits_for_a_person(&world).await;
        world.twilio.fail_next(&[Fault::Garbage]);
        world.acts(&staff, case, Act::Write(MessageBody::new("Take your time."))).await.unwrap();
        world.settle().await;
        assert_eq!(world.count(OWED).await, 1);
        let sent = world.twilio.sent_to(TEXTER).pop().unwrap();
        let path = sent.status_callback.strip_prefix(PUBLIC_URL).unwrap().to_owned();
        world.hook(&path, &[("MessageSid", sent.sid.as_str()), ("MessageStatus", "sent")]).await;
        assert_eq!(world.count(OWED).await, 0);
    }

    async fn what_the_line_asks_by_itself_answers_nobody(world: World) {
        let (staff, case) = waits_for_a_person(&world).await;
        world.acts(&staff, case, Act::OfferCheckIn).await.unwrap();
        world.settle().await;
        assert_eq!(world.count(OWED).await, 1);
    }
}
