//! The unit of work of one inbound text: dedupe, texter, step, outbox, alert, obligation, audit.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::by_phone::{self, Spoken};
use super::{
    Arrival, Context, Intake, JUDGED_AT_ONCE, Taken, calls, consent, responder, shift, tested,
};
use crate::clock::At;
use crate::conversation::{
    self, CarrierWord, CheckIn, EARLIER, Earlier, JOINED_WITHIN, Reply, Silence, State, Step,
};
use crate::gateway::KeywordHandled;
use crate::lane::Lane;
use crate::oncall::Channel;
use crate::store::{
    Author, Conversation, NewArrival, NewInbound, NewOutbound, NewOutbox, OutboxState, Receiver,
    StoreError, Texter, Tx,
};
use crate::text::MessageBody;
use crate::triage::{Tier, Verdict};

/// Without a receipt for this long, a crisis reply that left outside the outbox goes out again.
const INLINE_CONFIRMED_WITHIN: Duration = Duration::from_secs(30);

/// What the transaction decided.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) taken: Taken,
    pub(super) conversation: Option<Uuid>,
    /// The row of the text; none when it was a repetition.
    pub(super) message: Option<Uuid>,
    /// The lanes of its replies, where nothing else followed from it that anybody must look for.
    pub(super) only_replies: Option<Vec<Lane>>,
}

pub(super) async fn decide(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
) -> Result<Decided, StoreError> {
    // When it came in, and when it is decided: hours apart when it waited in the spool.
    let (now, decided) = (arrival.arrived, intake.clock.now());
    let new = NewArrival {
        number: &arrival.inbound.from,
        fresh: &State::new(intake.locale),
        gateway: &arrival.gateway,
        gateway_ref: &arrival.inbound.gateway_ref,
        now,
        since: now.minus(JOINED_WITHIN),
        most: EARLIER,
    };
    let Some(known) = tx.known_of(&new).await? else {
        return Ok(Decided::default());
    };
    if known.came_before == Some(true) {
        return Ok(Decided::default());
    }
    let texter = known.texter;
    let mut conversation = match texter.conversation {
        Some(open) => open,
        None => tx.open_conversation(texter.id, now).await?,
    };
    if let Some(drill) = arrival.drill() {
        tx.mark_drill(conversation.id, drill).await?;
        conversation.drill = Some(drill);
    }
    let (verdict, earlier) = in_context(intake, arrival, &texter.state, known.earlier);
    let message = tx.id(now);
    let new = NewInbound {
        id: message,
        gateway: &arrival.gateway,
        gateway_ref: &arrival.inbound.gateway_ref,
        body: &arrival.inbound.body,
        media: arrival.inbound.media,
        verdict: &verdict,
        at: arrival.said_at(),
        came_before: known.came_before,
    };
    if !tx.record_inbound(&texter, &conversation, &new).await? {
        if texter.conversation.is_none() {
            // The first delivery's conversation has been closed since: leave no empty one behind.
            tx.close_conversation(conversation.id, now).await?;
        }
        return Ok(Decided::default());
    }
    count_shadows(tx, arrival).await?;
    let number = &arrival.inbound.from;
    let listed = || intake.desk.roster.contact(number).is_some();
    if known.is_staffs.unwrap_or(true) || listed() {
        let before = (&texter, conversation.id);
        let done = of_responder(tx, intake, arrival, &verdict, before, message).await?;
        if let Some(done) = done {
            return Ok(done);
        }
    }

    let read = (&verdict, earlier.as_slice());
    let acted = act(tx, intake, arrival, &texter, &conversation, message, read).await?;
    let due = decided.plus(reply_within(verdict.tier));
    let closed = acted
        .silence
        .and_then(recorded_reason)
        .map(|reason| (decided, reason));
    tx.owe_reply(message, texter.id, due, closed).await?;
    Ok(Decided {
        taken: Taken {
            inline: acted.inline,
            tier: verdict.tier,
        },
        conversation: Some(conversation.id),
        message: Some(message),
        only_replies: acted.only_replies,
    })
}

/// What a responder says by text as a responder: an answer to a page, a word for their conversation. None for
/// every other text: it goes the way of a texter's. `conversation` was opened for it if the texter had none.
async fn of_responder(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
    (texter, conversation): (&Texter, Uuid),
    message: Uuid,
) -> Result<Option<Decided>, StoreError> {
    let (now, decided) = (arrival.arrived, intake.clock.now());
    let spoken = by_phone::spoken(tx, intake, arrival, verdict, texter).await?;
    if let Spoken::Sent(_) = spoken {
        // They are in the conversation that they were written for, and go with it.
        tx.forget_body(texter, message).await?;
    }
    let was_one = !matches!(spoken, Spoken::No)
        || shift::taken(tx, intake, arrival, verdict).await?
        || responder::left_open(tx, intake, arrival, verdict, texter).await?
        || tested::answered(tx, intake, arrival, verdict, texter).await?
        || responder::answered(tx, intake, arrival, verdict, texter).await?;
    if !was_one {
        return Ok(None);
    }
    tx.owe_reply(message, texter.id, decided, Some((decided, "responder")))
        .await?;
    if texter.conversation.is_none() {
        tx.close_conversation(conversation, now).await?;
    }
    Ok(Some(Decided {
        message: Some(message),
        conversation: spoken.conversation(),
        ..Decided::default()
    }))
}

/// More of a text that was taken in before it was whole. It is one message and owed one reply: only
/// what makes it worse is acted on.
pub(super) async fn extend(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    texter: &Texter,
    message: Uuid,
) -> Result<Decided, StoreError> {
    let (verdict, body) = (&arrival.verdict, &arrival.inbound.body);
    let known = tx.extend_inbound(texter, message, body, verdict).await?;
    let conversation = match &texter.conversation {
        Some(open) => open,
        None => &tx.open_conversation(texter.id, arrival.arrived).await?,
    };
    let mut inline = None;
    if verdict.tier > known {
        let read = (verdict, &[][..]);
        let acted = act(tx, intake, arrival, texter, conversation, message, read).await?;
        inline = acted.inline;
    } else {
        by_phone::hand_on(tx, intake, arrival, texter, conversation).await?;
    }
    Ok(Decided {
        taken: Taken {
            inline,
            tier: verdict.tier,
        },
        conversation: Some(conversation.id),
        message: Some(message),
        ..Decided::default()
    })
}

/// What followed from a step of the conversation.
struct Acted {
    /// The crisis reply that goes back in the response.
    inline: Option<(Uuid, MessageBody)>,
    /// Why there was no reply.
    silence: Option<Silence>,
    /// See [`Decided::only_replies`].
    only_replies: Option<Vec<Lane>>,
}

/// Lets the conversation take its step, and keeps all that follows from it but the obligation.
async fn act(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    texter: &Texter,
    conversation: &Conversation,
    message: Uuid,
    (verdict, earlier): (&Verdict, &[Earlier]),
) -> Result<Acted, StoreError> {
    let (now, decided) = (arrival.arrived, intake.clock.now());
    let context = Context {
        verdict,
        earlier,
        human_joined: conversation.human_joined,
        call: calls::progress(tx, &texter.state, conversation).await?,
        // Asked only of who may be about to confirm: a hold changes nothing else that is said.
        held: texter.state.delete_asked_at.is_some() && tx.is_held(texter.id).await?,
    };
    let step = conversation::step(&texter.state, &intake.turn(arrival, &context));
    tx.save_state(texter, &step.state).await?;
    let opted_in = step.carrier_word == Some(CarrierWord::Start);
    if opted_in || arrival.inbound.keyword_handled == Some(KeywordHandled::OptIn) {
        // A block of this very moment, too.
        tx.texter_unblocked(texter.id, now.plus(Duration::from_millis(1)))
            .await?;
    }
    let tier = conversation.tier.max(verdict.tier);
    tx.touch_conversation(conversation.id, (tier, step.state.locale), now)
        .await?;
    if step.state.opted_out && !texter.state.opted_out {
        tx.opted_out(conversation.id, now).await?;
        tx.withdraw_from_opted_out(texter.id, decided).await?;
    }
    if step.takes_back_waiting {
        tx.withdraw_waiting(texter.id, decided).await?;
    }
    let answer = Answer {
        texter,
        conversation,
        answers: message,
        tier: verdict.tier,
        decided,
    };
    let inline = answer.send(tx, arrival, &step.replies).await?;
    calls::call_human(tx, intake, arrival, conversation, &step).await?;
    by_phone::hand_on(tx, intake, arrival, texter, conversation).await?;
    keep_wishes(tx, intake, texter, conversation, &step).await?;
    consent::follow(tx, intake, arrival, &step).await?;
    tx.audit(
        decided,
        "line",
        "text.decided",
        Some(message),
        &summary(verdict, &step, conversation),
    )
    .await?;
    Ok(Acted {
        inline,
        silence: step.silence,
        only_replies: only_replies(arrival, &texter.state, conversation, &step),
    })
}

/// The lanes of the replies of a step from which nothing else follows: as most are. Where in doubt, none: all
/// workers look.
fn only_replies(
    arrival: &Arrival,
    before: &State,
    conversation: &Conversation,
    step: &Step,
) -> Option<Vec<Lane>> {
    let of_a_case = |state: &State| state.open_tier().is_some() || state.human_awaited;
    let more_follows = step.alert.is_some()
        || step.question_answered_no
        || step.erase
        || step.carrier_word.is_some()
        || arrival.inbound.keyword_handled.is_some()
        || conversation.human_joined
        || conversation.drill.is_some()
        || of_a_case(before)
        || of_a_case(&step.state);
    (!more_follows).then(|| step.replies.iter().map(|reply| reply.lane).collect())
}

/// The verdict in the light of the texts just before, and those that count.
fn in_context(
    intake: &Intake,
    arrival: &Arrival,
    state: &State,
    mut earlier: Vec<Earlier>,
) -> (Verdict, Vec<Earlier>) {
    let text = arrival.inbound.body.reveal();
    // What is judged here must stay as short as what is judged at once.
    let mut room = JUDGED_AT_ONCE.saturating_sub(text.len());
    let fits = earlier.iter().rev().take_while(|earlier| {
        let fits = room > earlier.body.reveal().len();
        room = room.saturating_sub(earlier.body.reveal().len() + 1);
        fits
    });
    let fits = fits.count();
    earlier.drain(..earlier.len() - fits);
    let own = arrival.verdict.clone();
    let judge = |words: &str| intake.assess_here(words);
    let verdict = state.in_context(own, text, &earlier, arrival.arrived, judge);
    (verdict, earlier)
}

/// Each rule on trial once a text; in one order, so that replicas cannot block each other.
async fn count_shadows(tx: &mut Tx, arrival: &Arrival) -> Result<(), StoreError> {
    if arrival.drill().is_some() {
        return Ok(());
    }
    let rules = arrival.verdict.shadow.iter().map(|hit| hit.rule.as_str());
    for rule in rules.collect::<BTreeSet<_>>() {
        tx.count_shadow(rule, arrival.arrived).await?;
    }
    Ok(())
}

/// How soon a text is owed its answer.
fn reply_within(tier: Tier) -> Duration {
    Duration::from_secs(match tier {
        Tier::High | Tier::Imminent => 30,
        Tier::Concern => 60,
        Tier::None | Tier::Topic => 120,
    })
}

/// The reason that closes an obligation without a reply. While a human is writing, the reply is
/// theirs to give: the obligation stays open until they do.
fn recorded_reason(silence: Silence) -> Option<&'static str> {
    match silence {
        Silence::OptedOut => Some("opted_out"),
        Silence::KeywordHandled => Some("keyword_handled"),
        Silence::LoopGuard => Some("loop_guard"),
        Silence::Overtaken => Some("overtaken"),
        Silence::WithHuman => None,
    }
}

/// What the replies to a text are tied to.
struct Answer<'a> {
    texter: &'a Texter,
    conversation: &'a Conversation,
    answers: Uuid,
    tier: Tier,
    decided: At,
}

impl Answer<'_> {
    /// Puts the replies into the outbox. The first crisis reply also goes back in the response to the
    /// hook where the gateway can carry one, or went out before, when the store was away: unless the text is
    /// worse after those before it than it was answered as alone.
    async fn send(
        &self,
        tx: &mut Tx,
        arrival: &Arrival,
        replies: &[Reply],
    ) -> Result<Option<(Uuid, MessageBody)>, StoreError> {
        let (arrived, now) = (arrival.arrived, self.decided);
        let mut carried = None;
        let left_as = arrival.left_as();
        let said = arrival.is_carried() && left_as.is_none_or(|left| left >= self.tier);
        // With a crisis reply among them, only that one settles what the texter is owed.
        let owed = replies.iter().map(|reply| reply.lane).min();
        for reply in replies {
            let is_carried =
                said && reply.lane == Lane::Crisis && reply.wait.is_zero() && carried.is_none();
            // Ids of the time of arrival: the thread shows the answer after its text.
            let message_id = tx.id(arrived);
            let outbox_id = if is_carried {
                arrival.reply_id
            } else {
                tx.id(arrived)
            };
            let body = MessageBody::new(reply.text.as_str());
            let new = NewOutbound {
                id: message_id,
                gateway: &arrival.gateway,
                author: Author::Line,
                staff_id: None,
                body: &body,
                at: now,
            };
            tx.record_outbound(self.texter, self.conversation, &new)
                .await?;
            let (state, due_at) = if is_carried {
                (OutboxState::Awaiting, now.plus(INLINE_CONFIRMED_WITHIN))
            } else {
                (OutboxState::Queued, now.plus(reply.wait))
            };
            tx.enqueue(&NewOutbox {
                id: outbox_id,
                lane: reply.lane,
                channel: Channel::Sms,
                gateway: &arrival.gateway,
                receiver: Receiver::Texter {
                    texter_id: self.texter.id,
                    message_id,
                    answers: (Some(reply.lane) == owed).then_some(self.answers),
                },
                body: &body,
                state,
                due_at,
                now,
            })
            .await?;
            if is_carried {
                carried = Some((outbox_id, body));
            }
        }
        Ok(carried)
    }
}

/// Keeps what the texter wants for later: a check-in or none, and to be forgotten.
async fn keep_wishes(
    tx: &mut Tx,
    intake: &Intake,
    texter: &Texter,
    conversation: &Conversation,
    step: &Step,
) -> Result<(), StoreError> {
    let now = intake.clock.now();
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
fn summary(verdict: &Verdict, step: &Step, conversation: &Conversation) -> serde_json::Value {
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
        "drill": conversation.drill,
    })
}
