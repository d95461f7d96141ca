//! The unit of work of one inbound text: dedupe, texter, step, outbox, alert, obligation, audit.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Arrival, Intake, Taken, responder};
use crate::conversation::{self, AlertRequest, Reply, Silence, State, Step};
use crate::lane::Lane;
use crate::oncall::{Alert, Closed};
use crate::store::{
    Author, Conversation, NewInbound, NewOutbound, NewOutbox, OutboxState, Receiver, StoreError,
    Texter, Tx,
};
use crate::text::MessageBody;
use crate::triage::Tier;

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
    let message = tx.id(now);
    let new = NewInbound {
        id: message,
        gateway: &arrival.gateway,
        gateway_ref: &arrival.inbound.gateway_ref,
        body: &arrival.inbound.body,
        media: arrival.inbound.media,
        verdict: &arrival.verdict,
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
    if responder::answered(tx, intake, arrival).await? {
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

    let step = conversation::step(
        &texter.state,
        &intake.turn(arrival, conversation.human_joined),
    );
    tx.save_state(&texter, &step.state).await?;
    let tier = conversation.tier.max(arrival.verdict.tier);
    tx.touch_conversation(conversation.id, tier, now).await?;
    let due = now.plus(reply_within(arrival.verdict.tier));
    let closed = step
        .silence
        .and_then(recorded_reason)
        .map(|reason| (now, reason));
    tx.owe_reply(message, texter.id, due, closed).await?;
    let inline = send_replies(tx, arrival, &texter, &conversation, message, &step.replies).await?;
    call_human(tx, intake, arrival, &conversation, &step).await?;
    tx.audit(
        now,
        "line",
        "text.decided",
        Some(message),
        &summary(arrival, &step),
    )
    .await?;
    Ok(Decided {
        taken: Taken { inline },
        conversation: Some(conversation.id),
    })
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
        let goes_inline = arrival.inline_reply && reply.lane == Lane::Crisis && inline.is_none();
        let (state, due_at) = if goes_inline {
            (OutboxState::Awaiting, now.plus(INLINE_CONFIRMED_WITHIN))
        } else {
            (OutboxState::Queued, now)
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

/// Opens, raises or calls off the alert of a conversation, and pages if that is due now.
async fn call_human(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    conversation: &Conversation,
    step: &Step,
) -> Result<(), StoreError> {
    if step.alert.is_none() && !step.question_answered_no {
        return Ok(());
    }
    let (now, desk) = (arrival.now, &intake.desk);
    let open = tx.open_alert(conversation.id).await?;
    let Some(request) = step.alert else {
        // A clear no calls off the page that waited for it; once paged, only a human closes it.
        if let Some(mut alert) = open.filter(|alert| alert.pages == 0) {
            alert.close(Closed::AnsweredNo, now);
            tx.save_alert(&alert).await?;
        }
        return Ok(());
    };
    let mut alert = match open {
        Some(mut alert) => {
            alert.raise(request, now, &desk.timing);
            tx.save_alert(&alert).await?;
            alert
        }
        None => open_alert(tx, conversation, request, now).await?,
    };
    if alert.page_is_due(now) {
        tx.page_round(
            &desk.gateway,
            &desk.roster.fallback,
            &mut alert,
            &desk.timing,
            now,
        )
        .await?;
    }
    Ok(())
}

async fn open_alert(
    tx: &mut Tx,
    conversation: &Conversation,
    request: AlertRequest,
    now: crate::clock::At,
) -> Result<Alert, StoreError> {
    let code = tx.free_code().await?;
    let alert = Alert::open(
        tx.id(now),
        conversation.id,
        conversation.texter_id,
        code,
        request,
        now,
    );
    tx.insert_alert(&alert).await?;
    Ok(alert)
}

/// The decision for the audit log: rules and outcomes, no words.
fn summary(arrival: &Arrival, step: &Step) -> serde_json::Value {
    let verdict = &arrival.verdict;
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
