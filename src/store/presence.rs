//! Presence: who of the team has a conversation open, and who writes in it. It says nothing of any texter, and
//! is gone with the conversation's end.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// Somebody who has a conversation open.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Present {
    /// Their name.
    pub name: String,
    /// When their page was last there.
    pub seen_at: At,
    /// When they last wrote in it.
    pub wrote_at: Option<At>,
}

impl Tx {
    /// Somebody has a conversation open, and writes in it if that is said.
    pub async fn is_present(
        &mut self,
        conversation: Uuid,
        staff: Uuid,
        writes: bool,
        now: At,
    ) -> Result<(), StoreError> {
        let wrote = writes.then_some(now);
        later!(
            self,
            "INSERT INTO presence (conversation_id, staff_id, seen_at, wrote_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (conversation_id, staff_id) DO UPDATE
               SET seen_at = excluded.seen_at, wrote_at = COALESCE(excluded.wrote_at, presence.wrote_at)",
            conversation,
            staff,
            now,
            wrote,
        );
        Ok(())
    }

    /// When somebody's page of a conversation was last there, and when they last wrote in it.
    pub async fn presence_of(
        &mut self,
        conversation: Uuid,
        staff: Uuid,
    ) -> Result<Option<(At, Option<At>)>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT seen_at, wrote_at FROM presence WHERE conversation_id = $1 AND staff_id = $2"
        )
        .bind(conversation)
        .bind(staff)
        .fetch_optional(c)
        .await?))
    }

    /// Who but one has had a conversation open since a time, by name.
    pub async fn present(
        &mut self,
        conversation: Uuid,
        but: Uuid,
        since: At,
    ) -> Result<Vec<Present>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT s.name, p.seen_at, p.wrote_at FROM presence p JOIN staff s ON s.id = p.staff_id
              WHERE p.conversation_id = $1 AND p.staff_id <> $2 AND p.seen_at > $3
              ORDER BY s.name, s.id"
        )
        .bind(conversation)
        .bind(but)
        .bind(since)
        .fetch_all(c)
        .await?))
    }
}
