//! Calls for help: a responder asks for a supervisor, again and again until one comes.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// A call that nobody has answered yet.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HelpCall {
    /// The row.
    pub id: Uuid,
    /// The case.
    pub alert_id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Who asks.
    pub asked_by: Uuid,
    /// Their name.
    pub asked_name: String,
    /// When they asked.
    pub asked_at: At,
    /// How often supervisors were called.
    pub calls: i32,
}

/// Selects open calls; `rest` says which.
macro_rules! open {
    ($rest:literal) => {
        concat!(
            "SELECT h.id, h.alert_id, h.conversation_id, h.asked_by, s.name AS asked_name, h.asked_at,
                    h.calls
               FROM help_calls h JOIN staff s ON s.id = h.asked_by WHERE h.ended_at IS NULL AND ",
            $rest
        )
    };
}

impl Tx {
    /// Notes that somebody asks for a supervisor, who was called for the first time just now. `false`
    /// when they are called for this case already.
    pub async fn call_help(
        &mut self,
        alert: Uuid,
        conversation: Uuid,
        by: Uuid,
        now: At,
        next_at: At,
    ) -> Result<bool, StoreError> {
        let id = self.id(now);
        let done = on!(self, |c| {
            sqlx::query(
            "INSERT INTO help_calls (id, alert_id, conversation_id, asked_by, asked_at, next_at, calls)
             VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING"
        )
        .bind(id)
        .bind(alert)
        .bind(conversation)
        .bind(by)
        .bind(now)
        .bind(next_at)
        .execute(c)
        .await
        .map(|done| done.rows_affected())
        })?;
        Ok(done == 1)
    }

    /// The open call of a case.
    pub async fn open_help(&mut self, alert: Uuid) -> Result<Option<HelpCall>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(open!("h.alert_id = $1"))
            .bind(alert)
            .fetch_optional(c)
            .await?))
    }

    /// Every open call, the oldest first.
    pub async fn open_help_calls(&mut self) -> Result<Vec<HelpCall>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(open!(
            "h.asked_at IS NOT NULL ORDER BY h.asked_at, h.id"
        ))
        .fetch_all(c)
        .await?))
    }

    /// The calls that are due again.
    pub async fn help_due(&mut self, now: At, limit: u16) -> Result<Vec<HelpCall>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(open!(
            "h.next_at <= $1 ORDER BY h.next_at LIMIT $2"
        ))
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Notes that supervisors were called once more. `false` when somebody else has just done so.
    pub async fn help_called(&mut self, call: &HelpCall, next_at: At) -> Result<bool, StoreError> {
        let done = on!(self, |c| sqlx::query(
            "UPDATE help_calls SET calls = calls + 1, next_at = $3
              WHERE id = $1 AND calls = $2 AND ended_at IS NULL"
        )
        .bind(call.id)
        .bind(call.calls)
        .bind(next_at)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Ends a call: somebody has come, or the case is over.
    pub async fn end_help(
        &mut self,
        id: Uuid,
        now: At,
        answered_by: Option<Uuid>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE help_calls SET ended_at = $2, answered_by = $3 WHERE id = $1 AND ended_at IS NULL",
            id,
            now,
            answered_by,
        );
        Ok(())
    }
}
