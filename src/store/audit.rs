//! The audit log: who decided what, when. Never the words of a text, never a number.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

impl Tx {
    /// Adds an entry. `detail` is JSON without personal data.
    pub async fn audit(
        &mut self,
        at: At,
        actor: &str,
        action: &str,
        subject: Option<Uuid>,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let (id, detail) = (self.id(at), detail.to_string());
        later!(
            self,
            "INSERT INTO audit_log (id, at, actor, action, subject, detail)
             VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            at,
            actor,
            action,
            subject,
            &detail,
        );
        Ok(())
    }

    /// The actions recorded for a subject, oldest first, with their details.
    pub async fn audit_of(&mut self, subject: Uuid) -> Result<Vec<(String, String)>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT action, detail FROM audit_log WHERE subject = $1 ORDER BY id"
        )
        .bind(subject)
        .fetch_all(c)
        .await?))
    }
}
