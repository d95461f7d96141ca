//! Notes: what the staff write for each other in a conversation. They are never sent.

use uuid::Uuid;

use super::texters::Texter;
use super::tx::{later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::staff::Role;
use crate::text::MessageBody;

/// A note, as the thread shows it.
#[derive(Clone, Debug)]
pub struct Note {
    /// The row.
    pub id: Uuid,
    /// Who wrote it.
    pub by: String,
    /// Their role.
    pub role: Role,
    /// The words.
    pub body: MessageBody,
    /// When.
    pub at: At,
}

#[derive(sqlx::FromRow)]
struct NoteRow {
    id: Uuid,
    by_name: String,
    role: Role,
    body_sealed: Vec<u8>,
    at: At,
}

impl Tx {
    /// Keeps a note, sealed with the key of the texter: it goes when they are erased.
    pub async fn add_note(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        staff: Uuid,
        body: &MessageBody,
        now: At,
    ) -> Result<(), StoreError> {
        let id = self.id(now);
        let body = self.seal(&texter.key, "notes.body", id, body.reveal().as_bytes());
        later!(
            self,
            "INSERT INTO notes (id, conversation_id, staff_id, body_sealed, at)
             VALUES ($1, $2, $3, $4, $5)",
            id,
            conversation,
            staff,
            &body,
            now,
        );
        Ok(())
    }

    /// The latest notes of a conversation, the oldest first.
    pub async fn notes(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        limit: u16,
    ) -> Result<Vec<Note>, StoreError> {
        let rows: Vec<NoteRow> = on!(self, |c| sqlx::query_as(
            "SELECT n.id, s.name AS by_name, s.role, n.body_sealed, n.at
               FROM notes n JOIN staff s ON s.id = n.staff_id
              WHERE n.conversation_id = $1 ORDER BY n.id DESC LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        let read = rows.into_iter().rev().map(|row| {
            let body = open_text(&texter.key, "notes.body", row.id, &row.body_sealed)?;
            Ok(Note {
                id: row.id,
                by: row.by_name,
                role: row.role,
                body: MessageBody::new(body),
                at: row.at,
            })
        });
        read.collect()
    }
}
