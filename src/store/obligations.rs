//! Reply obligations: every inbound text is owed an answer, or a recorded reason for none.

use std::time::Duration;

use uuid::Uuid;

use super::arrivals::first_id;
use super::tx::{later, on};
use super::{Author, StoreError, Tx};
use crate::clock::At;

/// No text is owed its answer later than this after it came.
const LONGEST_OWED: Duration = Duration::from_mins(2);

/// What a gateway's texters are owed and did not get in time.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Overdue {
    /// The gateway that the texts came from.
    pub gateway: String,
    /// How many texts.
    pub count: i64,
    /// When the first of them was due.
    pub oldest_due: At,
}

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

    /// Closes what the words of a human in the outbox answer, once a gateway has them: all that had come when
    /// they were written. What the line says by itself answers nothing in this way.
    pub async fn human_replied(&mut self, outbox_id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE obligations SET closed_at = $2, outcome = 'replied'
              WHERE closed_at IS NULL
                AND texter_id = (SELECT o.texter_id FROM outbox o JOIN messages w ON w.id = o.message_id
                                  WHERE o.id = $1 AND w.author = $3)
                AND EXISTS (SELECT 1 FROM messages m
                             WHERE m.id = obligations.message_id
                               AND m.at <= (SELECT w.at FROM outbox o JOIN messages w ON w.id = o.message_id
                                             WHERE o.id = $1))",
            outbox_id,
            now,
            Author::Staff,
        );
        Ok(())
    }

    /// Closes every open obligation to a texter.
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

    /// Lets no answer be owed later than one ever is: a clock said when that was wrong.
    pub async fn replies_of_the_future(&mut self, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE obligations SET due_at = $1 WHERE closed_at IS NULL AND due_at > $1",
            now.plus(LONGEST_OWED),
        );
        Ok(())
    }

    /// How many obligations are open, and how many of them are overdue. Drills do not count.
    pub async fn obligations_open(&mut self, now: At) -> Result<(i64, i64), StoreError> {
        // CROSS: SQLite keeps this order, from the few that are open. It would begin with all messages.
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT COUNT(*), COUNT(CASE WHEN o.due_at < $1 THEN 1 END)
               FROM obligations o CROSS JOIN messages m CROSS JOIN conversations c
              WHERE m.id = o.message_id AND c.id = m.conversation_id
                AND o.closed_at IS NULL AND c.drill_id IS NULL"
        )
        .bind(now)
        .fetch_one(c)
        .await?))
    }

    /// What was due by then and is still owed, by gateway: with a human in the conversation, or without.
    /// What a drill is owed, its report tells.
    pub async fn overdue(
        &mut self,
        due_by: At,
        with_human: bool,
    ) -> Result<Vec<Overdue>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT m.gateway, COUNT(*) AS count, MIN(o.due_at) AS oldest_due
               FROM obligations o JOIN messages m ON m.id = o.message_id
               JOIN conversations c ON c.id = m.conversation_id
              WHERE o.closed_at IS NULL AND o.due_at <= $1 AND c.drill_id IS NULL
                AND CASE WHEN c.human_joined_at IS NULL THEN 0 ELSE 1 END = $2
              GROUP BY m.gateway ORDER BY m.gateway"
        )
        .bind(due_by)
        .bind(i32::from(with_human))
        .fetch_all(c)
        .await?))
    }

    /// Inbound texts since then for which nothing is owed and no reason was recorded: text, texter and
    /// gateway. A text and its obligation are one commit, so each of them is a fault.
    pub async fn unowed(
        &mut self,
        since: At,
        limit: u16,
    ) -> Result<Vec<(Uuid, Uuid, String)>, StoreError> {
        // No index on times is needed.
        let first = first_id(since);
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT m.id, m.texter_id, m.gateway
               FROM messages m LEFT JOIN obligations o ON o.message_id = m.id
              WHERE m.id >= $1 AND m.author = $2 AND o.message_id IS NULL
              ORDER BY m.id LIMIT $3"
        )
        .bind(first)
        .bind(Author::Texter)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }
}
