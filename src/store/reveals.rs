//! Reveals: who saw the number of a texter, why, and until when.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// A number that is shown to somebody for a while.
#[derive(Clone, Copy, Debug)]
pub struct NewReveal<'a> {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Who sees it.
    pub staff_id: Uuid,
    /// The code of the reason.
    pub reason: &'a str,
    /// From when on.
    pub at: At,
    /// Until when.
    pub until: At,
}

impl Tx {
    /// Notes that somebody is shown a number.
    pub async fn reveal(&mut self, new: &NewReveal<'_>) -> Result<(), StoreError> {
        let id = self.id(new.at);
        later!(
            self,
            "INSERT INTO reveals (id, conversation_id, staff_id, reason, at, until)
             VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            new.conversation_id,
            new.staff_id,
            new.reason,
            new.at,
            new.until,
        );
        Ok(())
    }

    /// Until when somebody may see the number of a conversation; `None` when they may not now.
    pub async fn revealed_until(
        &mut self,
        conversation: Uuid,
        staff: Uuid,
        now: At,
    ) -> Result<Option<At>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT until FROM reveals
              WHERE conversation_id = $1 AND staff_id = $2 AND until > $3
              ORDER BY until DESC LIMIT 1"
        )
        .bind(conversation)
        .bind(staff)
        .bind(now)
        .fetch_optional(c)
        .await?))
    }
}
