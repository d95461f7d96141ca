//! Drafts: what somebody has begun to write in a conversation, until it is sent. One of each person in each
//! conversation, sealed with the key of the texter.

use uuid::Uuid;

use super::texters::Texter;
use super::tx::{later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::text::MessageBody;

/// A draft.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The row.
    pub id: Uuid,
    /// Whose it is.
    pub staff_id: Uuid,
    /// Their name.
    pub by: String,
    /// The words.
    pub body: MessageBody,
    /// When they were last changed.
    pub at: At,
}

#[derive(sqlx::FromRow)]
struct DraftRow {
    id: Uuid,
    staff_id: Uuid,
    by_name: String,
    body_sealed: Vec<u8>,
    at: At,
}

impl Tx {
    /// Keeps what somebody has begun to write, in place of what they had begun before.
    pub async fn keep_draft(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        staff: Uuid,
        body: &MessageBody,
        now: At,
    ) -> Result<(), StoreError> {
        let known: Option<Uuid> = on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM drafts WHERE conversation_id = $1 AND staff_id = $2"
        )
        .bind(conversation)
        .bind(staff)
        .fetch_optional(c)
        .await?);
        let id = known.unwrap_or_else(|| self.id(now));
        let body = self.seal(&texter.key, "drafts.body", id, body.reveal().as_bytes());
        later!(
            self,
            "INSERT INTO drafts (id, conversation_id, staff_id, body_sealed, at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET body_sealed = excluded.body_sealed, at = excluded.at",
            id,
            conversation,
            staff,
            &body,
            now,
        );
        Ok(())
    }

    /// Forgets the draft of a person: it was sent, or they emptied it.
    pub async fn forget_draft(
        &mut self,
        conversation: Uuid,
        staff: Uuid,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM drafts WHERE conversation_id = $1 AND staff_id = $2",
            conversation,
            staff,
        );
        Ok(())
    }

    /// The drafts in a conversation, the latest first.
    pub async fn drafts(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
    ) -> Result<Vec<Draft>, StoreError> {
        let rows: Vec<DraftRow> = on!(self, |c| sqlx::query_as(
            "SELECT d.id, d.staff_id, s.name AS by_name, d.body_sealed, d.at
               FROM drafts d JOIN staff s ON s.id = d.staff_id
              WHERE d.conversation_id = $1 ORDER BY d.at DESC, d.id"
        )
        .bind(conversation)
        .fetch_all(c)
        .await?);
        let read = rows.into_iter().map(|row| {
            let body = open_text(&texter.key, "drafts.body", row.id, &row.body_sealed)?;
            Ok(Draft {
                id: row.id,
                staff_id: row.staff_id,
                by: row.by_name,
                body: MessageBody::new(body),
                at: row.at,
            })
        });
        read.collect()
    }
}
