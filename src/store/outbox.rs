//! The outbox: every text that is to leave, sent at least once by whoever holds its lease.

use std::time::Duration;

use uuid::Uuid;

use super::tx::{later, on, storable};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::delivery::Delivery;
use crate::lane::Lane;
use crate::oncall::Channel;
use crate::segment::segments;
use crate::text::MessageBody;

/// No lease of a send is longer, and nothing waits longer for a receipt before it is sent again.
const LONGEST_DOUBT: Duration = Duration::from_mins(2);

/// Where an outbox row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum OutboxState {
    /// To be sent when it is due.
    Queued,
    /// Sent, perhaps: in the response to a hook, or by a request that was not answered. Without a
    /// receipt it is sent again when it is due.
    Awaiting,
    /// The gateway has it.
    Accepted,
    /// It will never be sent.
    Failed,
    /// The person has opted out: they wanted no text before it left, or the gateway says that none
    /// reaches them.
    OptedOut,
    /// It will not be sent: more words came, a later page says it, it is not so any more, or the texter had
    /// everything deleted.
    Withdrawn,
}

/// What is due in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LaneDue {
    /// The lane.
    pub lane: Lane,
    /// How many.
    pub count: i64,
    /// Since when the oldest of them is.
    pub oldest: At,
}

/// Whom an outbox row goes to, and by that, whose key its words are sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A texter: the words are those of a message.
    Texter {
        /// The texter.
        texter_id: Uuid,
        /// The message.
        message_id: Uuid,
        /// The inbound text that it answers.
        answers: Option<Uuid>,
    },
    /// A responder: the words are those of a page.
    Responder {
        /// The page.
        page_id: Uuid,
    },
}

/// A new outbox row.
#[derive(Clone, Copy, Debug)]
pub struct NewOutbox<'a> {
    /// The row; the gateway hands it back in receipts.
    pub id: Uuid,
    /// Its lane.
    pub lane: Lane,
    /// How it gets there; what goes to a texter is always a text.
    pub channel: Channel,
    /// The gateway that it leaves by.
    pub gateway: &'a str,
    /// Whom it goes to.
    pub receiver: Receiver,
    /// The words, to count what they cost; they are kept with the message or the page.
    pub body: &'a MessageBody,
    /// `Queued`, or `Awaiting` when it goes out in the response to a hook.
    pub state: OutboxState,
    /// When it is sent, or sent again.
    pub due_at: At,
    /// When it was made.
    pub now: At,
}

/// How a try ended, for the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The new state.
    pub state: OutboxState,
    /// When it is due next; ignored when it is done.
    pub due_at: At,
    /// The gateway's id.
    pub gateway_ref: Option<String>,
    /// The gateway's code.
    pub code: Option<String>,
    /// The gateway that it leaves by next, if that is another one.
    pub moves_to: Option<String>,
    /// It may have arrived, and each more try may be one more text to the same person.
    pub in_doubt: bool,
    /// When its gateway is asked how far it has come, unless a final receipt says so before.
    pub poll_at: Option<At>,
}

impl Settled {
    /// A new state, and nothing else.
    #[must_use]
    pub const fn new(state: OutboxState, due_at: At) -> Self {
        Self {
            state,
            due_at,
            gateway_ref: None,
            code: None,
            moves_to: None,
            in_doubt: false,
            poll_at: None,
        }
    }
}

/// Our own id is sure, whichever gateway the row is at by now; a gateway's may be missing or, on another
/// account, taken twice. Of a texter who was erased there is nothing to keep.
macro_rules! by_receipt {
    ($lock:literal) => {
        concat!(
            "SELECT id, lane, channel, gateway, moved_from, state, lease_until, attempts, doubts, gateway_ref,
                    delivery, code, texter_id, page_id, answers, created_at
               FROM outbox WHERE (id = $2 OR (gateway = $1 AND gateway_ref = $3))
                AND NOT EXISTS (SELECT 1 FROM texters t WHERE t.id = outbox.texter_id AND t.erased_at IS NOT NULL)
              ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1",
            $lock
        )
    };
}

impl Tx {
    /// Puts a text into the outbox.
    pub async fn enqueue(&mut self, new: &NewOutbox<'_>) -> Result<(), StoreError> {
        let (texter, message, page, answers) = match new.receiver {
            Receiver::Texter {
                texter_id,
                message_id,
                answers,
            } => (Some(texter_id), Some(message_id), None, answers),
            Receiver::Responder { page_id } => (None, None, Some(page_id), None),
        };
        later!(
            self,
            "INSERT INTO outbox (id, lane, gateway, texter_id, message_id, page_id, answers,
                                 state, due_at, attempts, created_at, segments, channel)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12)",
            new.id,
            new.lane,
            new.gateway,
            texter,
            message,
            page,
            answers,
            new.state,
            new.due_at,
            new.now,
            i32::try_from(segments(new.body.reveal()).segments).unwrap_or(i32::MAX),
            new.channel,
        );
        Ok(())
    }

    /// Records how a try ended and gives the lease back. `true` when the gateway took the text, but has
    /// said since that it did not arrive: the receipt came before the answer was kept.
    pub async fn settle(
        &mut self,
        id: Uuid,
        now: At,
        settled: &Settled,
    ) -> Result<bool, StoreError> {
        let done = !matches!(settled.state, OutboxState::Queued | OutboxState::Awaiting);
        let gateway_ref = settled.gateway_ref.as_deref().map(storable);
        let code = settled.code.as_deref().map(storable);
        if settled.state == OutboxState::Accepted {
            let known: Option<Option<Delivery>> = on!(self, |c| {
                sqlx::query_scalar(
                "UPDATE outbox SET state = $2, done_at = $6, lease_until = NULL, poll_at = $3,
                        code = CASE WHEN gateway_ref = $4 AND delivery = 'failed' THEN code ELSE $5 END,
                        delivery = CASE WHEN gateway_ref = $4 THEN delivery ELSE NULL END,
                        gateway_ref = COALESCE($4, gateway_ref), attempts = attempts + 1
                  WHERE id = $1 AND done_at IS NULL RETURNING delivery"
            )
            .bind(id)
            .bind(settled.state)
            .bind(settled.poll_at)
            .bind(&gateway_ref)
            .bind(&code)
            .bind(now)
            .fetch_optional(c)
            .await?
            });
            return Ok(known.flatten() == Some(Delivery::Failed));
        }
        later!(
            self,
            "UPDATE outbox SET state = $2, due_at = $3, code = $4, done_at = $5, lease_until = NULL,
                    moved_from = CASE WHEN gateway = COALESCE($6, gateway) THEN moved_from
                                      ELSE COALESCE(moved_from, gateway) END,
                    gateway = COALESCE($6, gateway), attempts = attempts + 1, doubts = doubts + $7
              WHERE id = $1 AND done_at IS NULL",
            id,
            settled.state,
            settled.due_at,
            code,
            done.then_some(now),
            settled.moves_to.as_deref(),
            i32::from(settled.in_doubt),
        );
        Ok(false)
    }

    /// Takes back the answers to a texter that wait for more of their words, because these came. What
    /// was owed for the earlier words is settled by the answer to all of them.
    pub async fn withdraw_waiting(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        let answered: Vec<Option<Uuid>> = on!(self, |c| sqlx::query_scalar(
            "UPDATE outbox SET state = $2, done_at = $3
              WHERE texter_id = $1 AND done_at IS NULL AND state = 'queued' AND attempts = 0
                AND due_at > $3 AND lease_until IS NULL
             RETURNING answers"
        )
        .bind(texter)
        .bind(OutboxState::Withdrawn)
        .bind(now)
        .fetch_all(c)
        .await?);
        for inbound in answered.into_iter().flatten() {
            self.reply_settled(inbound, now, "answered_together")
                .await?;
        }
        Ok(())
    }

    /// Takes back what has not left yet for a texter who wants no more texts: the answers to their
    /// earlier texts, and what a person wrote. The answer to a crisis goes out all the same.
    pub async fn withdraw_from_opted_out(
        &mut self,
        texter: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        let answered: Vec<Option<Uuid>> = on!(self, |c| sqlx::query_scalar(
            "UPDATE outbox SET state = $2, done_at = $3, lease_until = NULL
              WHERE texter_id = $1 AND done_at IS NULL AND lane IN ($4, $5)
                AND (lease_until IS NULL OR lease_until <= $3)
             RETURNING answers"
        )
        .bind(texter)
        .bind(OutboxState::OptedOut)
        .bind(now)
        .bind(Lane::Conversation)
        .bind(Lane::Content)
        .fetch_all(c)
        .await?);
        for inbound in answered.into_iter().flatten() {
            self.reply_settled(inbound, now, "opted_out").await?;
        }
        Ok(())
    }

    /// Gives leases back untouched: what was claimed is sent by the next who looks.
    pub async fn release(&mut self, id: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET lease_until = NULL WHERE id = $1",
            id,
        );
        Ok(())
    }

    /// The row that a receipt is about: by our own id, else by the gateway's.
    pub async fn outbox_row_of(
        &mut self,
        gateway: &str,
        outbox_id: Option<Uuid>,
        gateway_ref: &str,
    ) -> Result<Option<OutboxRow>, StoreError> {
        // Locked on PostgreSQL: two receipts at once must not overwrite each other's rank.
        Ok(
            on!(self, sqlite: by_receipt!(""), postgres: by_receipt!(" FOR UPDATE"), |sql, c| {
                sqlx::query_as(sql)
                    .bind(gateway)
                    .bind(outbox_id)
                    .bind(storable(gateway_ref))
                    .fetch_optional(c)
                    .await?
            }),
        )
    }

    /// Records a receipt on a row.
    pub async fn record_delivery(
        &mut self,
        id: Uuid,
        new: &Delivered<'_>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET state = $2, delivery = $3, gateway_ref = COALESCE(gateway_ref, $4),
                    code = COALESCE($5, code), done_at = COALESCE(done_at, $6), lease_until = NULL,
                    poll_at = CASE WHEN $3 IN ('failed', 'delivered') THEN NULL
                                   ELSE COALESCE(poll_at, $7) END
              WHERE id = $1",
            id,
            new.state,
            new.delivery,
            storable(new.gateway_ref),
            new.code.map(storable),
            new.now,
            new.poll_at,
        );
        Ok(())
    }

    /// Keeps a receipt that says that a text did not arrive, and why, whose try is not settled yet. It counts
    /// if that try turns out to be the one that it is about.
    pub async fn failed_early(
        &mut self,
        id: Uuid,
        gateway_ref: &str,
        code: Option<&str>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET delivery = $2, gateway_ref = $3, code = $4
              WHERE id = $1 AND done_at IS NULL",
            id,
            Delivery::Failed,
            storable(gateway_ref),
            code.map(storable),
        );
        Ok(())
    }

    /// Puts a row back whose try failed, to leave by this gateway. Which try that was is kept: what else
    /// is told of it says nothing of the next one.
    pub async fn send_again(
        &mut self,
        id: Uuid,
        now: At,
        gateway: &str,
        failed: &str,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET state = $2, due_at = $3, done_at = NULL, lease_until = NULL,
                    delivery = $5, gateway_ref = $6, poll_at = NULL, attempts = attempts + 1,
                    moved_from = CASE WHEN gateway = $4 THEN moved_from
                                      ELSE COALESCE(moved_from, gateway) END,
                    gateway = $4
              WHERE id = $1",
            id,
            OutboxState::Queued,
            now,
            gateway,
            Delivery::Failed,
            storable(failed),
        );
        Ok(())
    }

    /// Sends what waits for a receipt as if it had left, because other words left in its place. It gets an id
    /// of its own: receipts of those words name the one that it had.
    pub async fn did_not_leave(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        let own = self.id(now);
        later!(
            self,
            "UPDATE outbox SET id = $2, state = $3, due_at = $4
              WHERE id = $1 AND state = 'awaiting' AND attempts = 0 AND lease_until IS NULL",
            id,
            own,
            OutboxState::Queued,
            now,
        );
        Ok(())
    }

    /// Makes due what a clock put off that was wrong: what is queued and due after `later`, now; what is being
    /// sent or may have been sent, no later than it ever is.
    pub async fn outbox_of_the_future(&mut self, later: At, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET due_at = $2
              WHERE done_at IS NULL AND state = 'queued' AND due_at > $1",
            later.max(now),
            now,
        );
        later!(
            self,
            "UPDATE outbox SET due_at = CASE WHEN due_at > $1 THEN $1 ELSE due_at END,
                    lease_until = CASE WHEN lease_until > $1 THEN $1 ELSE lease_until END
              WHERE done_at IS NULL AND (due_at > $1 OR lease_until > $1)",
            now.plus(LONGEST_DOUBT),
        );
        Ok(())
    }

    /// What is due to leave, by lane.
    pub async fn outbox_due(&mut self, now: At) -> Result<Vec<LaneDue>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT lane, COUNT(*) AS count, MIN(due_at) AS oldest FROM outbox
              WHERE done_at IS NULL AND state = 'queued' AND due_at <= $1
              GROUP BY lane ORDER BY lane"
        )
        .bind(now)
        .fetch_all(c)
        .await?))
    }

    /// How many texts wait, by any lane.
    pub async fn outbox_waiting(&mut self) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL"
        )
        .fetch_one(c)
        .await?))
    }
}

/// What a receipt says of a row.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The new state.
    pub state: OutboxState,
    /// How far it has come.
    pub delivery: Delivery,
    /// The gateway's id of it.
    pub gateway_ref: &'a str,
    /// The gateway's code.
    pub code: Option<&'a str>,
    /// When the receipt came.
    pub now: At,
    /// When the gateway is asked, if this is not the last that there is to say.
    pub poll_at: Option<At>,
}

/// What a receipt needs to know of its row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutboxRow {
    /// The row.
    pub id: Uuid,
    /// Its lane.
    pub lane: Lane,
    /// How it gets there.
    pub channel: Channel,
    /// The gateway that it leaves or left by.
    pub gateway: String,
    /// The gateway that it was written for, if that is another one.
    pub moved_from: Option<String>,
    /// Where it stands.
    pub state: OutboxState,
    /// While it is being sent: until when nobody else sends it.
    pub lease_until: Option<At>,
    /// How often it went through the API; 0 for a reply in the response to a hook.
    pub attempts: i32,
    /// How many of these tries ended in doubt.
    pub doubts: i32,
    /// The gateway's id of it.
    pub gateway_ref: Option<String>,
    /// What the last receipt said.
    pub delivery: Option<Delivery>,
    /// The gateway's code, of the last try or receipt.
    pub code: Option<String>,
    /// The texter, unless it is a page.
    pub texter_id: Option<Uuid>,
    /// The page, if it is one.
    pub page_id: Option<Uuid>,
    /// The inbound text that it answers.
    pub answers: Option<Uuid>,
    /// When it was made.
    pub created_at: At,
}
