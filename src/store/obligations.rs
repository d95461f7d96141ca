//! Reply obligations: every inbound text is owed an answer, or a recorded reason for none.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

impl Tx {
    /// Opens the obligation of an inbound text. With an outcome it is closed at once.
    pub async fn owe_reply(
        &mut self,
        message_id: Uuid,
        texter_id: Uuid,
        due_at: At,
        closed: Option<(At, &str)>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO obligations (message_id, texter_id, due_at, closed_at, outcome)
             VALUES ($1, $2, $3, $4, $5)",
            message_id,
            texter_id,
            due_at,
            closed.map(|(at, _)| at),
            closed.map(|(_, outcome)| outcome),
        );
        Ok(())
    }

    /// Closes the obligation of one inbound text.
    pub async fn reply_settled(
        &mut self,
        message_id: Uuid,
        now: At,
        outcome: &str,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE obligations SET closed_at = $2, outcome = $3
              WHERE message_id = $1 AND closed_at IS NULL",
            message_id,
            now,
            outcome,
        );
        Ok(())
    }

    /// Closes every open obligation to a texter: a human's words answer all that came before.
    pub async fn replies_settled(
        &mut self,
        texter_id: Uuid,
        now: At,
        outcome: &str,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE obligations SET closed_at = $2, outcome = $3
              WHERE texter_id = $1 AND closed_at IS NULL",
            texter_id,
            now,
            outcome,
        );
        Ok(())
    }

    /// How many obligations are open, and how many of them are overdue.
    pub async fn obligations_open(&mut self, now: At) -> Result<(i64, i64), StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT COUNT(*), COUNT(CASE WHEN due_at < $1 THEN 1 END)
               FROM obligations WHERE closed_at IS NULL"
        )
        .bind(now)
        .fetch_one(c)
        .await?))
    }
}
