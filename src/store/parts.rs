//! Parts: pieces of long texts that wait for each other, where the gateway does not put them together.

use uuid::Uuid;

use super::texters::Texter;
use super::tx::{later, on, open_text, storable};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::text::MessageBody;

/// Which long text pieces belong to. A gateway uses a reference again, so only pieces that still wait
/// are of one text.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LongText {
    /// Who wrote it.
    pub texter_id: Uuid,
    /// The gateway that it came from.
    pub gateway: String,
    /// What its pieces share.
    pub reference: String,
    /// How many pieces it has.
    pub total: i32,
}

/// A piece that came in.
pub struct NewPart<'a> {
    /// The row.
    pub id: Uuid,
    /// The text that it belongs to.
    pub text: &'a LongText,
    /// The gateway's id of the piece.
    pub gateway_ref: &'a str,
    /// Which piece it is, from 1.
    pub number: u8,
    /// Its words.
    pub body: &'a MessageBody,
    /// How many pictures or files came with it.
    pub media: u16,
    /// When it came in.
    pub at: At,
}

/// A piece that waits.
#[derive(Debug)]
pub struct Part {
    /// The gateway's id of the piece.
    pub gateway_ref: String,
    /// Which piece it is, from 1.
    pub number: i32,
    /// Its words.
    pub body: MessageBody,
    /// How many pictures or files came with it.
    pub media: i32,
    /// The message that the text was taken in as before it was whole.
    pub message_id: Option<Uuid>,
}

#[derive(sqlx::FromRow)]
struct PartRow {
    id: Uuid,
    gateway_ref: String,
    number: i32,
    media: i32,
    body_sealed: Vec<u8>,
    message_id: Option<Uuid>,
}

impl Tx {
    /// Keeps a piece. `false` when the gateway delivered this one before.
    pub async fn record_part(
        &mut self,
        texter: &Texter,
        new: &NewPart<'_>,
    ) -> Result<bool, StoreError> {
        let body = new.body.reveal().as_bytes();
        let body = self.seal(&texter.key, "parts.body", new.id, body);
        let done = on!(self, |c| {
            sqlx::query(
                "INSERT INTO parts (id, texter_id, gateway, gateway_ref, reference, number, total,
                                    media, body_sealed, at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (gateway, gateway_ref) DO NOTHING",
            )
            .bind(new.id)
            .bind(new.text.texter_id)
            .bind(&new.text.gateway)
            .bind(storable(new.gateway_ref))
            .bind(storable(&new.text.reference))
            .bind(i32::from(new.number))
            .bind(new.text.total)
            .bind(i32::from(new.media))
            .bind(&body)
            .bind(new.at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(done == 1)
    }

    /// The pieces of a text that wait, in order.
    pub async fn parts_of(
        &mut self,
        texter: &Texter,
        text: &LongText,
    ) -> Result<Vec<Part>, StoreError> {
        let rows: Vec<PartRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, gateway_ref, number, media, body_sealed, message_id FROM parts
              WHERE texter_id = $1 AND gateway = $2 AND reference = $3 AND total = $4
                AND done_at IS NULL
              ORDER BY number, id"
        )
        .bind(text.texter_id)
        .bind(&text.gateway)
        .bind(storable(&text.reference))
        .bind(text.total)
        .fetch_all(c)
        .await?);
        let read = rows.into_iter().map(|row| {
            let body = open_text(&texter.key, "parts.body", row.id, &row.body_sealed)?;
            Ok(Part {
                gateway_ref: row.gateway_ref,
                number: row.number,
                body: MessageBody::new(body),
                media: row.media,
                message_id: row.message_id,
            })
        });
        read.collect()
    }

    /// Notes the message that the waiting pieces of a text were taken in as. With `done` they wait no
    /// longer, and their words stand in the message alone.
    pub async fn parts_taken(
        &mut self,
        text: &LongText,
        message: Option<Uuid>,
        done: Option<At>,
    ) -> Result<(), StoreError> {
        let nothing: &[u8] = &[];
        later!(
            self,
            "UPDATE parts SET message_id = COALESCE($5, message_id), done_at = $6,
                    body_sealed = CASE WHEN $6 IS NULL THEN body_sealed ELSE $7 END
              WHERE texter_id = $1 AND gateway = $2 AND reference = $3 AND total = $4
                AND done_at IS NULL",
            text.texter_id,
            text.gateway.clone(),
            storable(&text.reference).into_owned(),
            text.total,
            message,
            done,
            nothing,
        );
        Ok(())
    }

    /// The texts of which the first piece came in by then, and which still wait.
    pub async fn long_texts_waiting(
        &mut self,
        since: At,
        limit: u16,
    ) -> Result<Vec<LongText>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT texter_id, gateway, reference, total FROM parts WHERE done_at IS NULL
              GROUP BY texter_id, gateway, reference, total
             HAVING MIN(at) <= $1 ORDER BY MIN(at) LIMIT $2"
        )
        .bind(since)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Deletes what was done by then: a gateway that is answered does not bring it again.
    pub async fn forget_parts(&mut self, done_by: At) -> Result<(), StoreError> {
        later!(self, "DELETE FROM parts WHERE done_at <= $1", done_by);
        Ok(())
    }
}
