//! The contract of the store for heartbeats, on both engines: signs of life, and what the audit counts.

use harborline::clock::At;
use harborline::conversation::{AlertRequest, Reason, State};
use harborline::lane::Lane;
use harborline::oncall::audit::Vitals;
use harborline::oncall::{Alert, Channel};
use harborline::phone::PhoneNumber;
use harborline::store::{
    Author, NewInbound, NewOutbound, NewOutbox, OutboxState, Receiver, StoreError, Tx,
};
use harborline::text::MessageBody;
use harborline::triage::{Tier, Verdict};

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

async fn vitals(world: &World, at: At) -> Vitals {
    world
        .app
        .store
        .read()
        .await
        .unwrap()
        .vitals(at)
        .await
        .unwrap()
}

both! {
    async fn a_sign_of_life_is_kept_with_its_last_time_and_forgotten_by_its_name(world: World) {
        unit!(world, |tx| {
            tx.expect_to_hear("backup", NOW).await?;
            tx.heard_of("backup", NOW.plus(seconds(1)), "{}").await?;
            tx.expect_to_hear("backup", NOW.plus(seconds(2))).await?;
            tx.heard_of("self:one", NOW, "[]").await?;
            tx.heard_of("self:two", NOW.plus(minutes(1)), "[]").await?;
            tx.forget_heartbeats("self:", NOW.plus(seconds(1))).await?;
        });
        let kept = world.app.store.read().await.unwrap().heartbeats().await.unwrap();
        let kept: Vec<_> = kept.iter().map(|sign| (sign.name.as_str(), sign.at, sign.detail.as_str())).collect();
        assert_eq!(kept, [("backup", NOW.plus(seconds(1)), "{}"), ("self:two", NOW.plus(minutes(1)), "[]")]);
    }

    async fn what_is_late_owed_or_lies_in_the_outbox_is_counted_once_it_is_too_long(world: World) {
        unit!(world, |tx| {
            let texter = tx.texter(&PhoneNumber::of_sender("+15550123"), &State::default(), NOW).await?;
            let conversation = tx.open_conversation(texter.id, NOW).await?;
            let body = MessageBody::new("words");
            let inbound = NewInbound {
                id: tx.id(NOW), gateway: "main", gateway_ref: "SM1", body: &body, media: 0,
                verdict: &Verdict::default(), at: NOW,
                came_before: None,
            };
            tx.record_inbound(&texter, &conversation, &inbound).await?;
            tx.owe_reply(inbound.id, texter.id, NOW, None).await?;
            for lane in [Lane::Crisis, Lane::Conversation, Lane::Content] {
                let new = NewOutbound {
                    id: tx.id(NOW), gateway: "main", author: Author::Line, staff_id: None, body: &body, at: NOW,
                };
                tx.record_outbound(&texter, &conversation, &new).await?;
                let row = NewOutbox {
                    id: tx.id(NOW), lane, channel: Channel::Sms, gateway: "main",
                    receiver: Receiver::Texter { texter_id: texter.id, message_id: new.id, answers: None },
                    body: &body, state: OutboxState::Queued, due_at: NOW, now: NOW,
                };
                tx.enqueue(&row).await?;
            }
            let request = AlertRequest { reason: Reason::Crisis, tier: Tier::High, page_after: seconds(0) };
            let alert = Alert::open(tx.id(NOW), conversation.id, texter.id, "A3".to_owned(), request, NOW);
            tx.insert_alert(&alert).await?;
        });
        assert_eq!(vitals(&world, NOW.plus(seconds(14))).await, Vitals::default());
        let owed = Vitals { overdue: 1, ..Vitals::default() };
        assert_eq!(vitals(&world, NOW.plus(seconds(15))).await, owed);
        let late = Vitals { late_pages: 1, stuck: 1, ..owed };
        assert_eq!(vitals(&world, NOW.plus(minutes(1))).await, late);
        assert_eq!(vitals(&world, NOW.plus(minutes(10))).await, Vitals { stuck: 2, ..late });
        assert_eq!(vitals(&world, NOW.plus(minutes(65))).await, Vitals { stuck: 3, ..late });
        world.damage("UPDATE alerts SET next_page_at = NULL").await;
        assert_eq!(vitals(&world, NOW.plus(minutes(1))).await, Vitals { unscheduled: 1, late_pages: 0, ..late });
        // While somebody is sending it, and once it is sent, it does not lie there.
        world.damage("UPDATE outbox SET lease_until = 9999999999999 WHERE lane = 'crisis'").await;
        assert_eq!(vitals(&world, NOW.plus(minutes(1))).await.stuck, 0);
        world.damage("UPDATE outbox SET done_at = 1").await;
        world.damage("UPDATE obligations SET closed_at = 1").await;
        world.damage("UPDATE alerts SET answered_at = 1").await;
        assert_eq!(vitals(&world, NOW.plus(minutes(99))).await, Vitals::default());
    }
}
