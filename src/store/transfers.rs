//! Transfers: a case is offered to somebody, and stays with its owner until they accept.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// An offer that nobody has answered yet.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Transfer {
    /// The row.
    pub id: Uuid,
    /// The case.
    pub alert_id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Who offers it.
    pub from_id: Uuid,
    /// Their name.
    pub from_name: String,
    /// Whom it is offered to.
    pub to_id: Uuid,
    /// Their name.
    pub to_name: String,
    /// When it was offered.
    pub offered_at: At,
    /// From when on it cannot be accepted any more.
    pub until: At,
}

/// A new offer.
#[derive(Clone, Copy, Debug)]
pub struct NewTransfer {
    /// The case.
    pub alert_id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Who offers it.
    pub from_id: Uuid,
    /// Whom it is offered to.
    pub to_id: Uuid,
    /// Now.
    pub at: At,
    /// From when on it cannot be accepted any more.
    pub until: At,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TransferEnd {
    /// The case changed hands.
    Accepted,
    /// It was refused.
    Declined,
    /// Its owner took it back.
    Withdrawn,
    /// Nobody answered in time.
    Lapsed,
    /// The case was closed, or changed hands in another way.
    Overtaken,
}

impl TransferEnd {
    /// The word for the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
            Self::Overtaken => "overtaken",
        }
    }
}

/// Selects open offers; `rest` says which.
macro_rules! open {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.alert_id, t.conversation_id, t.from_id, f.name AS from_name, t.to_id,
                    r.name AS to_name, t.offered_at, t.until
               FROM transfers t JOIN staff f ON f.id = t.from_id JOIN staff r ON r.id = t.to_id
              WHERE t.ended_at IS NULL AND ",
            $rest
        )
    };
}

impl Tx {
    /// Offers a case. An older offer of it must have ended.
    pub async fn offer_transfer(&mut self, new: &NewTransfer) -> Result<(), StoreError> {
        let id = self.id(new.at);
        later!(
            self,
            "INSERT INTO transfers (id, alert_id, conversation_id, from_id, to_id, offered_at, until)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id,
            new.alert_id,
            new.conversation_id,
            new.from_id,
            new.to_id,
            new.at,
            new.until,
        );
        Ok(())
    }

    /// The open offer of a case.
    pub async fn open_transfer(&mut self, alert: Uuid) -> Result<Option<Transfer>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(open!("t.alert_id = $1"))
            .bind(alert)
            .fetch_optional(c)
            .await?))
    }

    /// What is offered to a person by who still has it, the oldest first.
    pub async fn transfers_to(
        &mut self,
        staff: Uuid,
        now: At,
    ) -> Result<Vec<Transfer>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(open!(
            "t.to_id = $1 AND t.until > $2
               AND EXISTS (SELECT 1 FROM alerts a WHERE a.id = t.alert_id AND a.closed_at IS NULL
                              AND a.claimed_by = t.from_id)
             ORDER BY t.offered_at, t.id"
        ))
        .bind(staff)
        .bind(now)
        .fetch_all(c)
        .await?))
    }

    /// The offers that nobody has answered in time.
    pub async fn transfers_lapsed(
        &mut self,
        now: At,
        limit: u16,
    ) -> Result<Vec<Transfer>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(open!(
            "t.until <= $1 ORDER BY t.until LIMIT $2"
        ))
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Ends an offer. `false` when it had ended before.
    pub async fn end_transfer(
        &mut self,
        id: Uuid,
        now: At,
        end: TransferEnd,
    ) -> Result<bool, StoreError> {
        let done = on!(self, |c| {
            sqlx::query(
            "UPDATE transfers SET ended_at = $2, outcome = $3 WHERE id = $1 AND ended_at IS NULL"
        )
        .bind(id)
        .bind(now)
        .bind(end)
        .execute(c)
        .await
        .map(|done| done.rows_affected())
        })?;
        Ok(done == 1)
    }
}
