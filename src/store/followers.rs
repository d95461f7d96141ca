//! Followers: who of the staff reads a conversation on their phone.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// Somebody who follows a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Follower {
    /// Who.
    pub staff_id: Uuid,
    /// On which of their phones.
    pub method_id: Uuid,
}

impl Tx {
    /// Lets somebody follow a conversation; on another phone than before, from now on on this one.
    pub async fn follow(
        &mut self,
        conversation: Uuid,
        follower: Follower,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO followers (conversation_id, staff_id, method_id, since) VALUES ($1, $2, $3, $4)
             ON CONFLICT (conversation_id, staff_id) DO UPDATE SET method_id = $3",
            conversation,
            follower.staff_id,
            follower.method_id,
            now,
        );
        Ok(())
    }

    /// Ends it.
    pub async fn unfollow(&mut self, conversation: Uuid, staff: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM followers WHERE conversation_id = $1 AND staff_id = $2",
            conversation,
            staff,
        );
        Ok(())
    }

    /// Who follows a conversation.
    pub async fn followers(&mut self, conversation: Uuid) -> Result<Vec<Follower>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT staff_id, method_id FROM followers WHERE conversation_id = $1 ORDER BY staff_id"
        )
        .bind(conversation)
        .fetch_all(c)
        .await?))
    }

    /// Whether somebody follows any conversation that is open.
    pub async fn follows_any(&mut self, staff: Uuid) -> Result<Option<String>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT a.code FROM followers f
               JOIN alerts a ON a.conversation_id = f.conversation_id AND a.closed_at IS NULL
              WHERE f.staff_id = $1 ORDER BY f.since DESC LIMIT 1"
        )
        .bind(staff)
        .fetch_optional(c)
        .await?))
    }
}
