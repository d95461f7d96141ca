//! The outbox: every text that is to leave, sent at least once by whoever holds its lease.

use std::time::Duration;

use uuid::Uuid;

use super::tx::{later, on, open_text, storable};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::delivery::Delivery;
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

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
    /// The gateway says that the person has opted out: no text reaches them.
    OptedOut,
    /// It will not be sent: more words came, or the texter had everything deleted.
    Withdrawn,
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
    /// The gateway that it leaves by.
    pub gateway: &'a str,
    /// Whom it goes to.
    pub receiver: Receiver,
    /// `Queued`, or `Awaiting` when it goes out in the response to a hook.
    pub state: OutboxState,
    /// When it is sent, or sent again.
    pub due_at: At,
    /// When it was made.
    pub now: At,
}

/// An outbox row that was claimed for sending.
#[derive(Clone, Debug)]
pub struct Due {
    /// The row.
    pub id: Uuid,
    /// Its lane.
    pub lane: Lane,
    /// The gateway that it leaves by.
    pub gateway: String,
    /// Whom it goes to.
    pub receiver: Receiver,
    /// The number.
    pub to: PhoneNumber,
    /// The words.
    pub body: MessageBody,
    /// How often it was tried before.
    pub attempts: u32,
    /// When it was made.
    pub created_at: At,
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
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    lane: Lane,
    gateway: String,
    texter_id: Option<Uuid>,
    message_id: Option<Uuid>,
    page_id: Option<Uuid>,
    answers: Option<Uuid>,
    attempts: i32,
    created_at: At,
    wrapped_key: Option<Vec<u8>>,
    number_sealed: Option<Vec<u8>>,
    message_sealed: Option<Vec<u8>>,
    address_sealed: Option<Vec<u8>>,
    page_sealed: Option<Vec<u8>>,
}

/// The rows to claim: due, not leased, and for a texter the first of its lane that waits, so that
/// the parts of an answer arrive in order. PostgreSQL passes over what another replica is taking.
const CLAIM: &str = "UPDATE outbox SET lease_until = $3 WHERE id IN (
    SELECT o.id FROM outbox o
     WHERE o.done_at IS NULL AND o.lane = $1 AND o.due_at <= $2
       AND (o.lease_until IS NULL OR o.lease_until <= $2)
       AND NOT EXISTS (SELECT 1 FROM outbox e
                        WHERE e.texter_id = o.texter_id AND e.done_at IS NULL
                          AND e.id < o.id AND e.lane = o.lane AND e.state = 'queued')
     ORDER BY o.due_at, o.id LIMIT $4)
 RETURNING id";
const CLAIM_SKIP_LOCKED: &str = "UPDATE outbox SET lease_until = $3 WHERE id IN (
    SELECT o.id FROM outbox o
     WHERE o.done_at IS NULL AND o.lane = $1 AND o.due_at <= $2
       AND (o.lease_until IS NULL OR o.lease_until <= $2)
       AND NOT EXISTS (SELECT 1 FROM outbox e
                        WHERE e.texter_id = o.texter_id AND e.done_at IS NULL
                          AND e.id < o.id AND e.lane = o.lane AND e.state = 'queued')
     ORDER BY o.due_at, o.id LIMIT $4 FOR UPDATE SKIP LOCKED)
 RETURNING id";

/// Our own id is sure; a gateway's may be missing or, on another account, taken twice.
const BY_RECEIPT: &str =
    "SELECT id, lane, attempts, delivery, texter_id, page_id, answers FROM outbox
  WHERE gateway = $1 AND (id = $2 OR gateway_ref = $3)
  ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1";
const BY_RECEIPT_LOCKED: &str =
    "SELECT id, lane, attempts, delivery, texter_id, page_id, answers FROM outbox
  WHERE gateway = $1 AND (id = $2 OR gateway_ref = $3)
  ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1 FOR UPDATE";

const DUE: &str = "SELECT o.id, o.lane, o.gateway, o.texter_id, o.message_id, o.page_id, o.answers,
        o.attempts, o.created_at, t.wrapped_key, t.number_sealed, m.body_sealed AS message_sealed,
        p.address_sealed, p.body_sealed AS page_sealed
   FROM outbox o
   LEFT JOIN texters t ON t.id = o.texter_id
   LEFT JOIN messages m ON m.id = o.message_id
   LEFT JOIN pages p ON p.id = o.page_id
  WHERE o.id = $1";

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
                                 state, due_at, attempts, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)",
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
        );
        Ok(())
    }

    /// Claims what is due in a lane: nobody else gets these rows until the lease runs out.
    pub async fn claim_due(
        &mut self,
        lane: Lane,
        now: At,
        lease: Duration,
        limit: u16,
    ) -> Result<Vec<Due>, StoreError> {
        let mut ids: Vec<Uuid> = on!(self, sqlite: CLAIM, postgres: CLAIM_SKIP_LOCKED, |sql, c| {
            sqlx::query_scalar(sql)
                .bind(lane)
                .bind(now)
                .bind(now.plus(lease))
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?
        });
        ids.sort_unstable();
        let mut claimed = Vec::with_capacity(ids.len());
        for id in ids {
            let row: DueRow = on!(self, |c| sqlx::query_as(DUE).bind(id).fetch_one(c).await?);
            match self.due(row) {
                Ok(due) => claimed.push(due),
                // One damaged row must not hold up the texts behind it.
                Err(error) => {
                    tracing::error!(%error, outbox = %id, "an outgoing text cannot be read");
                    self.settle(
                        id,
                        now,
                        &Settled {
                            state: OutboxState::Failed,
                            due_at: now,
                            gateway_ref: None,
                            code: Some("unreadable".to_owned()),
                        },
                    )
                    .await?;
                }
            }
        }
        Ok(claimed)
    }

    fn due(&self, row: DueRow) -> Result<Due, StoreError> {
        let missing = || StoreError::Corrupt {
            table: "outbox",
            id: row.id,
            why: "it refers to nothing".to_owned(),
        };
        let (receiver, to, body) = match (row.texter_id, row.message_id, row.page_id) {
            (Some(texter_id), Some(message_id), None) => {
                let key =
                    self.unwrap_key(texter_id, row.wrapped_key.as_deref().ok_or_else(missing)?)?;
                let number = row.number_sealed.as_deref().ok_or_else(missing)?;
                let body = row.message_sealed.as_deref().ok_or_else(missing)?;
                (
                    Receiver::Texter {
                        texter_id,
                        message_id,
                        answers: row.answers,
                    },
                    open_text(&key, "texters.number", texter_id, number)?,
                    open_text(&key, "messages.body", message_id, body)?,
                )
            }
            (None, None, Some(page_id)) => {
                let address = row.address_sealed.as_deref().ok_or_else(missing)?;
                let body = row.page_sealed.as_deref().ok_or_else(missing)?;
                (
                    Receiver::Responder { page_id },
                    open_text(self.keys.house(), "pages.address", page_id, address)?,
                    open_text(self.keys.house(), "pages.body", page_id, body)?,
                )
            }
            _ => return Err(missing()),
        };
        Ok(Due {
            id: row.id,
            lane: row.lane,
            gateway: row.gateway,
            receiver,
            to: PhoneNumber::of_sender(&to),
            body: MessageBody::new(body),
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            created_at: row.created_at,
        })
    }

    /// Records how a try ended and gives the lease back.
    pub async fn settle(&mut self, id: Uuid, now: At, settled: &Settled) -> Result<(), StoreError> {
        let done = !matches!(settled.state, OutboxState::Queued | OutboxState::Awaiting);
        later!(
            self,
            "UPDATE outbox SET state = $2, due_at = $3, gateway_ref = COALESCE($4, gateway_ref),
                    code = $5, done_at = $6, lease_until = NULL, attempts = attempts + 1
              WHERE id = $1 AND done_at IS NULL",
            id,
            settled.state,
            settled.due_at,
            settled.gateway_ref.as_deref().map(storable),
            settled.code.as_deref().map(storable),
            done.then_some(now),
        );
        Ok(())
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
            on!(self, sqlite: BY_RECEIPT, postgres: BY_RECEIPT_LOCKED, |sql, c| {
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
        now: At,
        state: OutboxState,
        delivery: Delivery,
        gateway_ref: &str,
        code: Option<&str>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET state = $2, delivery = $3, gateway_ref = COALESCE(gateway_ref, $4),
                    code = COALESCE($5, code), done_at = COALESCE(done_at, $6), lease_until = NULL
              WHERE id = $1",
            id,
            state,
            delivery,
            storable(gateway_ref),
            code.map(storable),
            now,
        );
        Ok(())
    }

    /// Puts a row back as if it had never been sent.
    pub async fn send_again(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET state = $2, due_at = $3, done_at = NULL, lease_until = NULL,
                    delivery = NULL, gateway_ref = NULL, attempts = attempts + 1
              WHERE id = $1",
            id,
            OutboxState::Queued,
            now,
        );
        Ok(())
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

/// What a receipt needs to know of its row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutboxRow {
    /// The row.
    pub id: Uuid,
    /// Its lane.
    pub lane: Lane,
    /// How often it went through the API; 0 for a reply in the response to a hook.
    pub attempts: i32,
    /// What the last receipt said.
    pub delivery: Option<Delivery>,
    /// The texter, unless it is a page.
    pub texter_id: Option<Uuid>,
    /// The page, if it is one.
    pub page_id: Option<Uuid>,
    /// The inbound text that it answers.
    pub answers: Option<Uuid>,
}
