//! The audit log: who decided what, when. Never the words of a text, never a number.

use uuid::Uuid;

use super::audit_chain::Entry;
use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;

/// An entry about a conversation, as its page tells it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Happened {
    /// The row.
    pub id: Uuid,
    /// When.
    pub at: At,
    /// Who did it, by the name that others see; `line` is the program.
    pub by: String,
    /// What was done.
    pub action: String,
    /// More about it, in JSON.
    pub detail: String,
}

impl Tx {
    /// Adds an entry. `detail` is JSON without personal data. It gets its place in the chain when the
    /// unit of work commits.
    #[expect(
        clippy::unused_async,
        reason = "a method of the store like the others; callers need not know which of them wait"
    )]
    pub async fn audit(
        &mut self,
        at: At,
        actor: &str,
        action: &str,
        subject: Option<Uuid>,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.entries.push(Entry {
            id: self.id(at),
            at,
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject,
            detail: detail.to_string(),
        });
        Ok(())
    }

    /// What was done with a conversation and its cases, the latest entries, the oldest of them first.
    pub async fn history(
        &mut self,
        conversation: Uuid,
        limit: u16,
    ) -> Result<Vec<Happened>, StoreError> {
        self.chain().await?;
        let mut rows: Vec<Happened> = on!(self, |c| sqlx::query_as(
            "SELECT l.id, l.at, COALESCE(s.name, l.actor) AS by, l.action, l.detail
               FROM audit_log l LEFT JOIN staff s ON s.login = l.actor
              WHERE l.subject = $1
                 OR l.subject IN (SELECT id FROM alerts WHERE conversation_id = $1)
              ORDER BY l.id DESC LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        rows.reverse();
        Ok(rows)
    }

    /// The actions recorded for a subject, oldest first, with their details.
    pub async fn audit_of(&mut self, subject: Uuid) -> Result<Vec<(String, String)>, StoreError> {
        self.chain().await?;
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT action, detail FROM audit_log WHERE subject = $1 ORDER BY id"
        )
        .bind(subject)
        .fetch_all(c)
        .await?))
    }
}
