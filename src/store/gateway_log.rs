//! The gateway log: what gateways were asked and what they answered, redacted before it comes here,
//! kept for days, shown beside the message.

use uuid::Uuid;

use super::tx::{later, on, open_text, storable};
use super::{StoreError, Tx};
use crate::clock::At;

/// What an exchange with a gateway was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ExchangeKind {
    /// A text was sent, or tried.
    Send,
    /// The gateway was asked how far a text has come.
    Poll,
    /// The gateway handed a text over.
    Inbound,
    /// The gateway said how far a text has come.
    Receipt,
}

/// One exchange with a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExchange {
    /// When it began.
    pub at: At,
    /// The gateway.
    pub gateway: String,
    /// What it was.
    pub kind: ExchangeKind,
    /// The outbox row that it is about, if one.
    pub outbox_id: Option<Uuid>,
    /// The gateway's id of the text.
    pub gateway_ref: Option<String>,
    /// The HTTP status; none when no answer came.
    pub status: Option<u16>,
    /// What came of it, in a word or two.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What was asked, redacted.
    pub asked: String,
    /// What was answered, redacted.
    pub answered: String,
}

/// An exchange as it is shown beside its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it began.
    pub at: At,
    /// The gateway.
    pub gateway: String,
    /// What it was.
    pub kind: ExchangeKind,
    /// The HTTP status; none when no answer came.
    pub status: Option<i32>,
    /// What came of it.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What was asked.
    pub asked: String,
    /// What was answered.
    pub answered: String,
}

#[derive(sqlx::FromRow)]
struct ExchangeRow {
    id: Uuid,
    at: At,
    gateway: String,
    kind: ExchangeKind,
    status: Option<i32>,
    outcome: String,
    duration_ms: i64,
    exchange_sealed: Vec<u8>,
}

/// Between what was asked and what was answered.
const ANSWER: char = '\0';

impl Tx {
    /// Keeps an exchange, sealed, with the message that it is about; nothing once its texter was erased.
    pub async fn log_exchange(&mut self, new: &NewExchange) -> Result<(), StoreError> {
        let id = self.id(new.at);
        let words = format!("{}{ANSWER}{}", new.asked, new.answered);
        let keys = std::sync::Arc::clone(&self.keys);
        let sealed = self.seal(keys.house(), "gateway_log.exchange", id, words.as_bytes());
        let gateway_ref = new.gateway_ref.as_deref().map(storable);
        let (status, outcome) = (new.status.map(i32::from), storable(&new.outcome));
        if new.kind == ExchangeKind::Inbound {
            later!(
                self,
                "INSERT INTO gateway_log (id, at, gateway, kind, message_id, status, outcome, duration_ms,
                                          exchange_sealed)
                 VALUES ($1, $2, $3, $4, (SELECT id FROM messages WHERE gateway = $3 AND gateway_ref = $5),
                         $6, $7, $8, $9)",
                id,
                new.at,
                new.gateway.as_str(),
                new.kind,
                gateway_ref,
                status,
                outcome,
                new.duration_ms,
                sealed,
            );
            return Ok(());
        }
        later!(
            self,
            "INSERT INTO gateway_log (id, at, gateway, kind, message_id, outbox_id, status, outcome,
                                      duration_ms, exchange_sealed)
             SELECT $1, $2, $3, $4,
                    (SELECT message_id FROM outbox WHERE id = $5 OR (gateway = $3 AND gateway_ref = $6) LIMIT 1),
                    (SELECT id FROM outbox WHERE id = $5 OR (gateway = $3 AND gateway_ref = $6) LIMIT 1),
                    $7, $8, $9, $10
              WHERE NOT EXISTS (SELECT 1 FROM outbox o JOIN texters t ON t.id = o.texter_id
                                 WHERE o.id = $5 AND t.erased_at IS NOT NULL)",
            id,
            new.at,
            new.gateway.as_str(),
            new.kind,
            new.outbox_id,
            gateway_ref,
            status,
            outcome,
            new.duration_ms,
            sealed,
        );
        Ok(())
    }

    /// The exchanges about a message, oldest first, the latest ones if there are more than `limit`.
    pub async fn exchanges(
        &mut self,
        message: Uuid,
        limit: u16,
    ) -> Result<Vec<Exchange>, StoreError> {
        let rows: Vec<ExchangeRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, at, gateway, kind, status, outcome, duration_ms, exchange_sealed
               FROM gateway_log WHERE message_id = $1 ORDER BY id DESC LIMIT $2"
        )
        .bind(message)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        let house = self.keys.house();
        rows.into_iter()
            .rev()
            .map(|row| {
                let words = open_text(house, "gateway_log.exchange", row.id, &row.exchange_sealed)?;
                let (asked, answered) = words.split_once(ANSWER).unwrap_or((&words, ""));
                Ok(Exchange {
                    at: row.at,
                    gateway: row.gateway,
                    kind: row.kind,
                    status: row.status,
                    outcome: row.outcome,
                    duration_ms: row.duration_ms,
                    asked: asked.to_owned(),
                    answered: answered.to_owned(),
                })
            })
            .collect()
    }
}
