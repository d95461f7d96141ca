//! Handoff: a person of the team takes a conversation, writes in it and closes it. Floor 3.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::acknowledge::{self, How, Responder};
use crate::clock::{At, Clock};
use crate::content::{Fill, Key, Packs};
use crate::conversation::{Line, State};
use crate::feed::{Feed, Signal};
use crate::lane::Lane;
use crate::oncall::{Alert, Channel, Closed, Desk};
use crate::segment::to_gsm;
use crate::store::{
    Account, Author, NewCheckIn, NewOutbound, NewOutbox, OutboxState, Receiver, Store, StoreError,
    Texter, Tx,
};
use crate::text::MessageBody;

/// The longest text that a gateway takes.
pub const LONGEST_TEXT: usize = 1600;

/// Hands conversations to people.
pub struct Handoff {
    /// Where conversations are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The clocks of an alert.
    pub desk: Arc<Desk>,
    /// The words that are not the staff's own.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

/// What a member of staff does with a conversation.
#[derive(Clone, Debug)]
pub enum Act {
    /// Makes it theirs; takes it over if another one has it.
    Claim,
    /// Writes to the texter.
    Write(MessageBody),
    /// Asks the texter whether the line may check in with them the day after. Nothing is sent
    /// without their yes.
    OfferCheckIn,
    /// Ends it; a new text opens another.
    Close,
}

/// Why an act was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such conversation.
    #[error("This conversation does not exist.")]
    Unknown,
    /// It was closed before.
    #[error("This conversation was closed. A new text from the person opens another.")]
    AlreadyClosed,
    /// Another one has it.
    #[error("{0} has this conversation. Claim it first if you want to take it over.")]
    ClaimedBy(String),
    /// There is no case to claim.
    #[error("Nobody waits for a person here: just write to them.")]
    NobodyWaits,
    /// Nothing to send.
    #[error("Write something first.")]
    Empty,
    /// More than a gateway takes.
    #[error("This text has {0} characters; a text may have {LONGEST_TEXT}.")]
    TooLong(usize),
    /// The person has asked not to be texted.
    #[error("This person has opted out (STOP). They must text START before you can write to them.")]
    OptedOut,
    /// The carrier blocks our texts to this person.
    #[error(
        "The carrier blocks our texts to this person. Call them, or wait until they text START."
    )]
    Blocked,
}

impl Handoff {
    /// Carries out an act of a member of staff.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why the act was refused.
    pub async fn act(
        self: &Arc<Self>,
        staff: &Account,
        conversation: Uuid,
        act: Act,
    ) -> Result<Result<(), Refused>, StoreError> {
        if let Act::Write(body) = &act {
            let length = body.reveal().chars().count();
            if body.reveal().trim().is_empty() {
                return Ok(Err(Refused::Empty));
            }
            if length > LONGEST_TEXT {
                return Ok(Err(Refused::TooLong(length)));
            }
        }
        let now = self.clock.now();
        let work = Arc::new((Arc::clone(self), staff.clone(), act));
        let done = self
            .store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    work.0
                        .carry_out(tx, &work.1, conversation, &work.2, now)
                        .await
                })
            })
            .await?;
        self.feed.wake_outbox();
        self.feed.signal(Signal::Queue);
        self.feed.signal(Signal::Conversation(conversation));
        Ok(done)
    }

    async fn carry_out(
        &self,
        tx: &mut Tx,
        staff: &Account,
        conversation: Uuid,
        act: &Act,
        now: At,
    ) -> Result<Result<(), Refused>, StoreError> {
        // Locked: a STOP that comes at the same moment must not be overwritten by a close.
        let Some(texter) = tx.texter_to_change(conversation).await? else {
            return Ok(Err(Refused::Unknown));
        };
        if tx.is_closed(conversation).await? {
            return Ok(Err(Refused::AlreadyClosed));
        }
        let mut alert = tx.open_alert(conversation).await?;
        let owner = alert
            .as_ref()
            .and_then(|alert| alert.claimed)
            .map(|(owner, _)| owner);
        let others = owner.filter(|owner| *owner != staff.id);
        // Only a claim, asked for as such, takes a conversation from someone: they may be gone.
        if let Some(other) = others
            && !matches!(act, Act::Claim)
        {
            let name = tx.staff_name(other).await?;
            return Ok(Err(Refused::ClaimedBy(
                name.unwrap_or_else(|| "Someone".to_owned()),
            )));
        }
        if matches!(act, Act::Write(_) | Act::OfferCheckIn) {
            if texter.state.opted_out {
                return Ok(Err(Refused::OptedOut));
            }
            if tx.blocked_since(texter.id).await?.is_some() {
                return Ok(Err(Refused::Blocked));
            }
        }
        match act {
            Act::Claim => {
                let Some(alert) = &mut alert else {
                    return Ok(Err(Refused::NobodyWaits));
                };
                self.take(tx, staff, alert, now).await?;
            }
            Act::Write(body) => {
                let body = MessageBody::new(to_gsm(body.reveal().trim()));
                let author = (Author::Staff, Some(staff.id));
                write(tx, author, &texter, conversation, &body, now).await?;
                tx.human_joined(conversation, now).await?;
                if let Some(alert) = &mut alert {
                    self.take(tx, staff, alert, now).await?;
                    alert.answered(now);
                }
            }
            Act::OfferCheckIn => {
                self.offer_check_in(tx, staff, &texter, conversation, now)
                    .await?;
            }
            Act::Close => {
                if let Some(alert) = &mut alert {
                    alert.close(Closed::ByStaff, now);
                    tx.tell_over(&self.desk.gateway, alert, now).await?;
                }
                tx.close_conversation(conversation, now).await?;
                tx.replies_settled(texter.id, now, "closed_by_staff")
                    .await?;
                tx.save_state(&texter, &texter.state.clone().closed())
                    .await?;
            }
        }
        if let Some(alert) = &alert {
            tx.save_alert(alert).await?;
        }
        let action = match act {
            Act::Claim if others.is_some() => "conversation.taken_over",
            Act::Claim => "conversation.claimed",
            Act::Write(_) => "conversation.written",
            Act::OfferCheckIn => "check_in.asked",
            Act::Close => "conversation.closed",
        };
        let code = alert.as_ref().map(|alert| alert.code.as_str());
        tx.audit(
            now,
            &staff.login,
            action,
            Some(conversation),
            &json!({ "code": code }),
        )
        .await?;
        Ok(Ok(()))
    }

    /// Asks whether we may check in. The answer is the texter's next yes or no.
    async fn offer_check_in(
        &self,
        tx: &mut Tx,
        staff: &Account,
        texter: &Texter,
        conversation: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        let (locale, fill) = (texter.state.locale, Fill::from(&self.line));
        let words = self.packs.message(locale, Key::CheckInAsk, &fill);
        let author = (Author::Line, None);
        let body = MessageBody::new(words);
        write(tx, author, texter, conversation, &body, now).await?;
        let gateway = tx.gateway_of(conversation).await?.unwrap_or_default();
        tx.ask_check_in(&NewCheckIn {
            texter_id: texter.id,
            conversation_id: conversation,
            gateway: &gateway,
            asked_by: staff.id,
            at: now,
        })
        .await?;
        let state = State {
            check_in_asked_at: Some(now),
            ..texter.state.clone()
        };
        tx.save_state(texter, &state).await
    }

    /// Makes a case theirs: whoever claims it has acknowledged it, too, and the others who were paged
    /// hear of it.
    async fn take(
        &self,
        tx: &mut Tx,
        staff: &Account,
        alert: &mut Alert,
        now: At,
    ) -> Result<(), StoreError> {
        let who = Responder::staff(tx, staff, &self.desk).await?;
        acknowledge::take(tx, &self.desk, alert, &who, How::Dashboard, now).await?;
        alert.claim(staff.id, now, &self.desk.clocks);
        Ok(())
    }
}

/// Sends a text in a conversation.
async fn write(
    tx: &mut Tx,
    (author, staff_id): (Author, Option<Uuid>),
    texter: &Texter,
    conversation: Uuid,
    body: &MessageBody,
    now: At,
) -> Result<(), StoreError> {
    let Some(open) = texter.conversation else {
        return Ok(());
    };
    let gateway = tx.gateway_of(conversation).await?.unwrap_or_default();
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
    .await
}
