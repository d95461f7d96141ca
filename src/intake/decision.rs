//! The unit of work of one inbound text: dedupe, texter, step, outbox, alert, obligation, audit.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Arrival, Context, Intake, JUDGED_AT_ONCE, Taken, calls, responder};
use crate::conversation::{
    self, CheckIn, EARLIER, Earlier, JOINED_WITHIN, Reply, Silence, State, Step,
};
use crate::gateway::KeywordHandled;
use crate::lane::Lane;
use crate::store::{
    Author, Conversation, NewInbound, NewOutbound, NewOutbox, OutboxState, Receiver, StoreError,
    Texter, Tx,
};
use crate::text::MessageBody;
use crate::triage::{Tier, Verdict};

/// Without a receipt for this long, an inline crisis reply goes out again through the API.
const INLINE_CONFIRMED_WITHIN: Duration = Duration::from_secs(30);

/// What the transaction decided.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) taken: Taken,
    pub(super) conversation: Option<Uuid>,
}

pub(super) async fn decide(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
) -> Result<Decided, StoreError> {
    let now = arrival.now;
    let texter = tx
        .texter(&arrival.inbound.from, &State::new(intake.locale), now)
        .await?;
    let conversation = match texter.conversation {
        Some(open) => open,
        None => tx.open_conversation(texter.id, now).await?,
    };
    let (verdict, earlier) = in_context(tx, intake, arrival, &texter, &conversation).await?;
    let message = tx.id(now);
    let new = NewInbound {
        id: message,
        gateway: &arrival.gateway,
        gateway_ref: &arrival.inbound.gateway_ref,
        body: &arrival.inbound.body,
        media: arrival.inbound.media,
        verdict: &verdict,
        at: now,
    };
    if !tx.record_inbound(&texter, &conversation, &new).await? {
        if texter.conversation.is_none() {
            // The first delivery's conversation has been closed since: leave no empty one behind.
            tx.close_conversation(conversation.id, now).await?;
        }
        return Ok(Decided::default());
    }
    count_shadows(tx, arrival).await?;
    if responder::answered(tx, intake, arrival, &verdict).await? {
        tx.owe_reply(message, texter.id, now, Some((now, "responder")))
            .await?;
        if texter.conversation.is_none() {
            tx.close_conversation(conversation.id, now).await?;
        }
        return Ok(Decided {
            conversation: None,
            ..Decided::default()
        });
    }

    let context = Context {
        verdict: &verdict,
        earlier: &earlier,
        human_joined: conversation.human_joined,
        call: calls::progress(tx, &texter.state, &conversation).await?,
    };
    let step = conversation::step(&texter.state, &intake.turn(arrival, &context));
    tx.save_state(&texter, &step.state).await?;
    if step.opted_in || arrival.inbound.keyword_handled == Some(KeywordHandled::OptIn) {
        // A block of this very moment, too.
        tx.texter_unblocked(texter.id, now.plus(Duration::from_millis(1)))
            .await?;
    }
    let tier = conversation.tier.max(verdict.tier);
    tx.touch_conversation(conversation.id, tier, now).await?;
    let due = now.plus(reply_within(verdict.tier));
    let closed = step
        .silence
        .and_then(recorded_reason)
        .map(|reason| (now, reason));
    tx.owe_reply(message, texter.id, due, closed).await?;
    if step.takes_back_waiting {
        tx.withdraw_waiting(texter.id, now).await?;
    }
    let inline = send_replies(tx, arrival, &texter, &conversation, message, &step.replies).await?;
    calls::call_human(tx, intake, arrival, &conversation, &step).await?;
    keep_wishes(tx, intake, arrival, &texter, &conversation, &step).await?;
    tx.audit(
        now,
        "line",
        "text.decided",
        Some(message),
        &summary(&verdict, &step),
    )
    .await?;
    Ok(Decided {
        taken: Taken { inline },
        conversation: Some(conversation.id),
    })
}

/// The verdict in the light of the texts just before, and these. They are read only if there are
/// any: their time stands in the state.
async fn in_context(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    texter: &Texter,
    conversation: &Conversation,
) -> Result<(Verdict, Vec<Earlier>), StoreError> {
    let (now, state) = (arrival.now, &texter.state);
    let text = arrival.inbound.body.reveal();
    let mut earlier = Vec::new();
    if state.reads_earlier(now) && text.len() < JUDGED_AT_ONCE {
        let since = now.minus(JOINED_WITHIN);
        earlier = tx.earlier(texter, conversation.id, since, EARLIER).await?;
        // What is judged here must stay as short as what is judged at once.
        let mut room = JUDGED_AT_ONCE - text.len();
        let fits = earlier.iter().rev().take_while(|earlier| {
            let fits = room > earlier.body.reveal().len();
            room = room.saturating_sub(earlier.body.reveal().len() + 1);
            fits
        });
        let fits = fits.count();
        earlier.drain(..earlier.len() - fits);
    }
    let own = arrival.verdict.clone();
    let judge = |words: &str| intake.assess_here(words);
    let verdict = state.in_context(own, text, &earlier, now, judge);
    Ok((verdict, earlier))
}

/// Each rule on trial once a text; in one order, so that replicas cannot block each other.
async fn count_shadows(tx: &mut Tx, arrival: &Arrival) -> Result<(), StoreError> {
    let rules = arrival.verdict.shadow.iter().map(|hit| hit.rule.as_str());
    for rule in rules.collect::<BTreeSet<_>>() {
        tx.count_shadow(rule, arrival.now).await?;
    }
    Ok(())
}

/// How soon a text is owed its answer.
fn reply_within(tier: Tier) -> Duration {
    Duration::from_secs(if tier >= Tier::Concern { 60 } else { 120 })
}

/// The reason that closes an obligation without a reply. While a human is writing, the reply is
/// theirs to give: the obligation stays open until they do.
fn recorded_reason(silence: Silence) -> Option<&'static str> {
    match silence {
        Silence::OptedOut => Some("opted_out"),
        Silence::KeywordHandled => Some("keyword_handled"),
        Silence::LoopGuard => Some("loop_guard"),
        Silence::WithHuman => None,
    }
}

/// Puts the replies into the outbox. The first crisis reply also goes back in the response to the
/// hook where the gateway can carry one.
async fn send_replies(
    tx: &mut Tx,
    arrival: &Arrival,
    texter: &Texter,
    conversation: &Conversation,
    answers: Uuid,
    replies: &[Reply],
) -> Result<Option<(Uuid, MessageBody)>, StoreError> {
    let now = arrival.now;
    let mut inline = None;
    // With a crisis reply among them, only that one settles what the texter is owed.
    let owed = replies.iter().map(|reply| reply.lane).min();
    for reply in replies {
        let (message_id, outbox_id) = (tx.id(now), tx.id(now));
        let body = MessageBody::new(reply.text.as_str());
        let new = NewOutbound {
            id: message_id,
            gateway: &arrival.gateway,
            author: Author::Line,
            staff_id: None,
            body: &body,
            at: now,
        };
        tx.record_outbound(texter, conversation, &new).await?;
        let goes_inline = arrival.inline_reply
            && reply.lane == Lane::Crisis
            && reply.wait.is_zero()
            && inline.is_none();
        let (state, due_at) = if goes_inline {
            (OutboxState::Awaiting, now.plus(INLINE_CONFIRMED_WITHIN))
        } else {
            (OutboxState::Queued, now.plus(reply.wait))
        };
        tx.enqueue(&NewOutbox {
            id: outbox_id,
            lane: reply.lane,
            gateway: &arrival.gateway,
            receiver: Receiver::Texter {
                texter_id: texter.id,
                message_id,
                answers: (Some(reply.lane) == owed).then_some(answers),
            },
            body: &body,
            state,
            due_at,
            now,
        })
        .await?;
        if goes_inline {
            inline = Some((outbox_id, body));
        }
    }
    Ok(inline)
}

/// Keeps what the texter wants for later: a check-in or none, and to be forgotten.
async fn keep_wishes(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    texter: &Texter,
    conversation: &Conversation,
    step: &Step,
) -> Result<(), StoreError> {
    let now = arrival.now;
    match step.check_in {
        Some(CheckIn::At(due)) => tx.agree_check_in(texter.id, now, due).await?,
        Some(CheckIn::Declined) => tx.end_check_in(texter.id, now, "declined").await?,
        None if step.state.opted_out && !texter.state.opted_out => {
            tx.end_check_in(texter.id, now, "opted_out").await?;
        }
        None => {}
    }
    if step.erase {
        tx.ask_erasure(texter.id, now).await?;
        let detail = json!({});
        tx.audit(now, "texter", "erasure.asked", Some(texter.id), &detail)
            .await?;
        calls::tell_of_erasure(tx, intake, conversation, now).await?;
    }
    Ok(())
}

/// The decision for the audit log: rules and outcomes, no words.
fn summary(verdict: &Verdict, step: &Step) -> serde_json::Value {
    json!({
        "tier": verdict.tier,
        "action": verdict.action(),
        "wants_human": verdict.wants_human,
        "rules": verdict.hits.iter().map(|hit| hit.rule.as_str()).collect::<Vec<_>>(),
        "guards": verdict.guarded.iter().map(|guarded| guarded.guard.as_str()).collect::<Vec<_>>(),
        "ruleset": verdict.ruleset,
        "replies": step.replies.iter().map(|reply| reply.lane).collect::<Vec<_>>(),
        "silence": step.silence.map(|silence| format!("{silence:?}")),
        "calls_human": step.alert.is_some(),
    })
}
