//! Writing to the texter, and asking whether we may check in. Part of `handoff`: floor 3.

use std::borrow::Cow;

use uuid::Uuid;

use super::carry_out::{Case, Done};
use super::{Handoff, Refused};
use crate::content::{Fill, Key};
use crate::conversation::State;
use crate::lane::Lane;
use crate::oncall::Channel;
use crate::segment::to_gsm;
use crate::store::{
    Author, NewCheckIn, NewOutbound, NewOutbox, OutboxState, Receiver, StoreError, Tx,
};
use crate::text::MessageBody;

impl Handoff {
    /// Whoever writes has it from then on.
    pub(super) async fn write(
        &self,
        tx: &mut Tx,
        case: &mut Case<'_>,
        body: &MessageBody,
        form: Option<Uuid>,
    ) -> Done {
        if let Err(refused) = reachable(tx, case).await? {
            return Ok(Err(refused));
        }
        self.own(tx, case).await?;
        let body = MessageBody::new(as_sent(body.reveal()));
        let sent = send(tx, case, (Author::Staff, Some(case.staff.id)), &body).await?;
        if let (Some(message), Some(form)) = (sent, form) {
            tx.note_form(message, form).await?;
        }
        tx.forget_draft(case.conversation, case.staff.id).await?;
        tx.human_joined(case.conversation, case.now).await?;
        if let Some(alert) = &mut case.alert {
            alert.answered(case.now);
        }
        Ok(Ok(()))
    }

    /// Asks whether we may check in. The answer is the texter's next yes or no.
    pub(super) async fn offer_check_in(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        if let Err(refused) = reachable(tx, case).await? {
            return Ok(Err(refused));
        }
        let (locale, fill) = (case.texter.state.locale, Fill::from(&self.line));
        let words = self.packs.message(locale, Key::CheckInAsk, &fill);
        let body = MessageBody::new(words);
        send(tx, case, (Author::Line, None), &body).await?;
        let gateway = tx.gateway_of(case.conversation).await?.unwrap_or_default();
        tx.ask_check_in(&NewCheckIn {
            texter_id: case.texter.id,
            conversation_id: case.conversation,
            gateway: &gateway,
            asked_by: case.staff.id,
            at: case.now,
        })
        .await?;
        let state = State {
            check_in_asked_at: Some(case.now),
            ..case.texter.state.clone()
        };
        tx.save_state(&case.texter, &state).await?;
        case.texter.state = state;
        Ok(Ok(()))
    }
}

/// The words of a person as they are really sent.
#[must_use]
pub fn as_sent(words: &str) -> Cow<'_, str> {
    to_gsm(words.trim())
}

/// Whether a text to them would arrive, as far as we know.
pub(super) async fn reachable(tx: &mut Tx, case: &Case<'_>) -> Done {
    if case.texter.state.opted_out {
        return Ok(Err(Refused::OptedOut));
    }
    if tx.blocked_since(case.texter.id).await?.is_some() {
        return Ok(Err(Refused::Blocked));
    }
    Ok(Ok(()))
}

/// Sends a text in a conversation. Returns its row.
async fn send(
    tx: &mut Tx,
    case: &Case<'_>,
    (author, staff_id): (Author, Option<Uuid>),
    body: &MessageBody,
) -> Result<Option<Uuid>, StoreError> {
    let (texter, now) = (&case.texter, case.now);
    let Some(open) = texter.conversation else {
        return Ok(None);
    };
    let gateway = tx.gateway_of(case.conversation).await?.unwrap_or_default();
    let (message_id, outbox_id) = (tx.id(now), tx.id(now));
    let new = NewOutbound {
        id: message_id,
        gateway: &gateway,
        author,
        staff_id,
        body,
        at: now,
    };
    tx.record_outbound(texter, &open, &new).await?;
    tx.enqueue(&NewOutbox {
        id: outbox_id,
        lane: Lane::Conversation,
        channel: Channel::Sms,
        gateway: &gateway,
        receiver: Receiver::Texter {
            texter_id: texter.id,
            message_id,
            answers: None,
        },
        body,
        state: OutboxState::Queued,
        due_at: now,
        now,
    })
    .await?;
    Ok(Some(message_id))
}
