//! The contract of the store for answers to held texts, on both engines.

use std::time::Duration;

use harborline::clock::At;
use harborline::phone::PhoneNumber;
use harborline::store::{HeldReply, NewHeld, Pace, StoreError, Tx};
use harborline::triage::Tier;

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);
const PACE: Pace = Pace {
    lease: Duration::from_mins(1),
    once_in: Duration::from_mins(10),
    an_hour: 2,
    fresh: Duration::from_hours(24),
};

async fn hold(tx: &mut Tx, sid: &str, number: &str, answer: bool) -> Result<(), StoreError> {
    let held = NewHeld {
        gateway: "main",
        gateway_ref: sid,
        number: &PhoneNumber::of_sender(number),
        why: "the signature does not match",
        tier: Tier::High,
        inbound: sid.as_bytes(),
        at: NOW,
        page: false,
        answer,
    };
    tx.hold(&held).await.map(|_| ())
}

fn sids(due: &[HeldReply]) -> Vec<String> {
    let sid = |reply: &HeldReply| String::from_utf8(reply.inbound.clone()).unwrap();
    due.iter().map(sid).collect()
}

both! {
    async fn held_texts_are_answered_once_each_number_in_a_while_and_so_many_in_an_hour(world: World) {
        let unit = world.app.store.write(|tx: &mut Tx| Box::pin(async move {
            for (sid, number, answer) in [
                ("SM1", "+15550121", true), ("SM2", "+15550121", true), ("SM3", "+15550122", true),
                ("SM4", "+15550123", true), ("SM5", "+15550124", false),
            ] {
                hold(tx, sid, number, answer).await?;
            }
            let first = tx.held_to_answer(NOW, &PACE, 9).await?;
            assert_eq!(sids(&first), ["SM1", "SM3"], "one for a number, two in an hour");
            assert!(first.iter().all(|reply| reply.gateway == "main" && reply.at == NOW));
            assert_eq!(sids(&tx.held_to_answer(NOW, &PACE, 9).await?), [""; 0], "claimed");
            tx.held_answered(first[0].id, NOW).await?;

            let again = NOW.plus(seconds(60));
            let second = tx.held_to_answer(again, &PACE, 9).await?;
            assert_eq!(sids(&second), ["SM3"], "its lease ran out");
            tx.held_answered(second[0].id, again).await?;

            assert_eq!(sids(&tx.held_to_answer(NOW.plus(minutes(3)), &PACE, 9).await?), [""; 0]);
            let hour = NOW.plus(minutes(62));
            let third = tx.held_to_answer(hour, &PACE, 9).await?;
            assert_eq!(sids(&third), ["SM4"], "another hour");
            assert_eq!(sids(&tx.held_to_answer(NOW.plus(minutes(25 * 60)), &PACE, 9).await?), [""; 0]);
            tx.held_done(third[0].id, hour, "released").await
        }));
        unit.await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM quarantine WHERE reply_due_at IS NOT NULL").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM quarantine WHERE replied_at IS NOT NULL").await, 2);
    }

    async fn a_held_text_that_cannot_be_read_holds_up_no_answer_behind_it(world: World) {
        let unit = world.app.store.write(|tx: &mut Tx| Box::pin(async move {
            for (sid, number) in [("SM1", "+15550121"), ("SM2", "+15550121"), ("SM3", "+15550122")] {
                hold(tx, sid, number, true).await?;
            }
            Ok(())
        }));
        unit.await.unwrap();
        assert_eq!(world.damage("UPDATE quarantine SET inbound_sealed = number_index WHERE gateway_ref = 'SM1'").await, 1);
        for (now, expected) in [(NOW, ["SM2", "SM3"].as_slice()), (NOW.plus(seconds(60)), &["SM2", "SM3"])] {
            let unit = world.app.store.write(move |tx: &mut Tx| Box::pin(async move { tx.held_to_answer(now, &PACE, 9).await }));
            assert_eq!(sids(&unit.await.unwrap()), expected);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM quarantine WHERE gateway_ref = 'SM1' AND reply_due_at IS NULL AND done_at IS NULL").await, 1, "it is still held");
    }
}
