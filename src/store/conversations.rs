//! Conversations: one open for a texter at a time.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::locale::Locale;
use crate::triage::Tier;

/// A conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The row.
    pub id: Uuid,
    /// Whose it is.
    pub texter_id: Uuid,
    /// The most urgent tier that triage found in it; only a human lowers it.
    pub tier: Tier,
    /// Whether a human has written in it.
    pub human_joined: bool,
    /// The drill that it belongs to: nobody is behind it.
    pub drill: Option<Uuid>,
}

impl Tx {
    /// Opens a conversation for a texter who has none open.
    pub async fn open_conversation(
        &mut self,
        texter_id: Uuid,
        now: At,
    ) -> Result<Conversation, StoreError> {
        let id = self.id(now);
        later!(
            self,
            "INSERT INTO conversations (id, texter_id, tier, opened_at, last_inbound_at)
             VALUES ($1, $2, $3, $4, $4)",
            id,
            texter_id,
            Tier::None,
            now,
        );
        Ok(Conversation {
            id,
            texter_id,
            tier: Tier::None,
            human_joined: false,
            drill: None,
        })
    }

    /// Notes that a conversation is one of a drill: it is shown as that, and counts nowhere.
    pub async fn mark_drill(&mut self, id: Uuid, drill: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE conversations SET drill_id = $2 WHERE id = $1",
            id,
            drill,
        );
        Ok(())
    }

    /// Notes an inbound text, and the tier and language that the conversation now has.
    pub async fn touch_conversation(
        &mut self,
        id: Uuid,
        (tier, locale): (Tier, Locale),
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE conversations SET tier = $2, last_inbound_at = $3, locale = $4 WHERE id = $1",
            id,
            tier,
            now,
            locale.tag(),
        );
        Ok(())
    }

    /// Notes that the texter opted out in a conversation: the first time counts.
    pub async fn opted_out(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE conversations SET opted_out_at = $2 WHERE id = $1 AND opted_out_at IS NULL",
            id,
            now,
        );
        Ok(())
    }

    /// Keeps the tier that a person has decided.
    pub async fn set_tier(&mut self, id: Uuid, tier: Tier) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE conversations SET tier = $2 WHERE id = $1",
            id,
            tier,
        );
        Ok(())
    }

    /// Notes that a human has written in a conversation.
    pub async fn human_joined(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        on!(self, |c| {
            sqlx::query(
            "UPDATE conversations SET human_joined_at = $2 WHERE id = $1 AND human_joined_at IS NULL"
        )
        .bind(id)
        .bind(now)
        .execute(c)
        .await
        .map(|_| ())
        })?;
        Ok(())
    }

    /// Closes a conversation. A new text opens another.
    pub async fn close_conversation(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE conversations SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL",
            id,
            now,
        );
        later!(self, "DELETE FROM drafts WHERE conversation_id = $1", id);
        later!(self, "DELETE FROM presence WHERE conversation_id = $1", id);
        Ok(())
    }

    /// The drill that a conversation belongs to, open or closed.
    pub async fn drill_of(&mut self, id: Uuid) -> Result<Option<Uuid>, StoreError> {
        let drill: Option<Option<Uuid>> = on!(self, |c| sqlx::query_scalar(
            "SELECT drill_id FROM conversations WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?);
        Ok(drill.flatten())
    }

    /// Whether a conversation is closed.
    pub async fn is_closed(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let closed_at: Option<Option<At>> = on!(self, |c| sqlx::query_scalar(
            "SELECT closed_at FROM conversations WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?);
        Ok(closed_at.flatten().is_some())
    }
}
