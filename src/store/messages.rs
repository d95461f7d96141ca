//! Messages: the thread of a conversation, both ways.

use uuid::Uuid;

use super::conversations::Conversation;
use super::texters::Texter;
use super::tx::{later, on, open, open_text, storable};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::Earlier;
use crate::delivery::Delivery;
use crate::store::OutboxState;
use crate::text::MessageBody;
use crate::triage::{Tier, Verdict};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Author {
    /// The texter.
    Texter,
    /// The line, automatically.
    Line,
    /// A member of staff.
    Staff,
}

/// An inbound text with what triage says of it.
pub struct NewInbound<'a> {
    /// The row.
    pub id: Uuid,
    /// The gateway that it came from.
    pub gateway: &'a str,
    /// The gateway's id of it.
    pub gateway_ref: &'a str,
    /// The words.
    pub body: &'a MessageBody,
    /// How many pictures or files came with it.
    pub media: u16,
    /// What triage says of it.
    pub verdict: &'a Verdict,
    /// When it came in.
    pub at: At,
    /// Whether the gateway delivered it before, where that is known already: see [`Tx::known_of`].
    pub came_before: Option<bool>,
}

/// A text to a texter.
pub struct NewOutbound<'a> {
    /// The row.
    pub id: Uuid,
    /// The gateway that it goes to.
    pub gateway: &'a str,
    /// Who wrote it.
    pub author: Author,
    /// Which member of staff, if one did.
    pub staff_id: Option<Uuid>,
    /// The words.
    pub body: &'a MessageBody,
    /// When it was written.
    pub at: At,
}

/// A message as the thread shows it.
#[derive(Clone, Debug)]
pub struct ThreadMessage {
    /// The row.
    pub id: Uuid,
    /// Who wrote it.
    pub author: Author,
    /// The name of the member of staff who did.
    pub by: Option<String>,
    /// The words.
    pub body: MessageBody,
    /// Whether the words were removed, because their time was over.
    pub gone: bool,
    /// What triage said of an inbound text.
    pub verdict: Option<Verdict>,
    /// How many pictures or files came with it.
    pub media: u16,
    /// When it was written.
    pub at: At,
    /// Where an outbound text stands.
    pub sending: Option<(OutboxState, Option<Delivery>)>,
}

#[derive(sqlx::FromRow)]
struct ThreadRow {
    id: Uuid,
    author: Author,
    by_name: Option<String>,
    body_sealed: Vec<u8>,
    verdict_sealed: Option<Vec<u8>>,
    media: i32,
    at: At,
    state: Option<OutboxState>,
    delivery: Option<Delivery>,
}

#[derive(sqlx::FromRow)]
pub(super) struct EarlierRow {
    id: Uuid,
    tier: Option<Tier>,
    body_sealed: Vec<u8>,
    at: At,
}

impl EarlierRow {
    pub(super) fn open(self, texter: &Texter) -> Result<Earlier, StoreError> {
        let body = body_of(texter, self.id, &self.body_sealed)?;
        Ok(Earlier {
            at: self.at,
            tier: self.tier.unwrap_or_default(),
            body: MessageBody::new(body),
        })
    }
}

/// An inbound text; one that came before changes nothing.
const INBOUND: &str =
    "INSERT INTO messages (id, conversation_id, texter_id, author, gateway, gateway_ref,
                       tier, media, body_sealed, verdict_sealed, at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
 ON CONFLICT (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL DO NOTHING";

impl Tx {
    /// Records an inbound text. `false` when the gateway delivered this one before: it is the key
    /// that makes one delivery, however often repeated, one decision (promise P6).
    pub async fn record_inbound(
        &mut self,
        texter: &Texter,
        conversation: &Conversation,
        new: &NewInbound<'_>,
    ) -> Result<bool, StoreError> {
        let body = new.body.reveal().as_bytes();
        let body = self.seal(&texter.key, "messages.body", new.id, body);
        // Plain data with string keys: serialising it cannot fail.
        let verdict = serde_json::to_vec(new.verdict).unwrap_or_default();
        let verdict = self.seal(&texter.key, "messages.verdict", new.id, &verdict);
        match new.came_before {
            Some(true) => return Ok(false),
            Some(false) => {
                later!(
                    self,
                    INBOUND,
                    new.id,
                    conversation.id,
                    texter.id,
                    Author::Texter,
                    new.gateway,
                    storable(new.gateway_ref),
                    new.verdict.tier,
                    i32::from(new.media),
                    &body,
                    &verdict,
                    new.at,
                );
                return Ok(true);
            }
            None => {}
        }
        let done = on!(self, |c| {
            sqlx::query(INBOUND)
                .bind(new.id)
                .bind(conversation.id)
                .bind(texter.id)
                .bind(Author::Texter)
                .bind(new.gateway)
                .bind(storable(new.gateway_ref))
                .bind(new.verdict.tier)
                .bind(i32::from(new.media))
                .bind(&body)
                .bind(&verdict)
                .bind(new.at)
                .execute(c)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(done == 1)
    }

    /// Gives an inbound text that was taken in before it was whole the words that it has now, and the
    /// verdict if that is higher. Returns the tier that it had.
    pub async fn extend_inbound(
        &mut self,
        texter: &Texter,
        id: Uuid,
        body: &MessageBody,
        verdict: &Verdict,
    ) -> Result<Tier, StoreError> {
        let known: Option<Tier> = on!(self, |c| sqlx::query_scalar(
            "SELECT tier FROM messages WHERE id = $1"
        )
        .bind(id)
        .fetch_one(c)
        .await?);
        let known = known.unwrap_or_default();
        let body = self.seal(&texter.key, "messages.body", id, body.reveal().as_bytes());
        later!(
            self,
            "UPDATE messages SET body_sealed = $2 WHERE id = $1",
            id,
            body,
        );
        if verdict.tier > known {
            let sealed = serde_json::to_vec(verdict).unwrap_or_default();
            let sealed = self.seal(&texter.key, "messages.verdict", id, &sealed);
            later!(
                self,
                "UPDATE messages SET tier = $2, verdict_sealed = $3 WHERE id = $1",
                id,
                verdict.tier,
                sealed,
            );
        }
        Ok(known)
    }

    /// Whether an inbound text with this id of the gateway was taken in; one whose texter was erased
    /// since counts too.
    pub async fn knows_inbound(
        &mut self,
        gateway: &str,
        gateway_ref: &str,
    ) -> Result<bool, StoreError> {
        let known: i64 = on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM messages WHERE gateway = $1 AND gateway_ref = $2"
        )
        .bind(gateway)
        .bind(storable(gateway_ref))
        .fetch_one(c)
        .await?);
        if known > 0 {
            return Ok(true);
        }
        self.was_erased(gateway, gateway_ref).await
    }

    /// Whether an inbound text with this id of the gateway was erased with its texter.
    pub(super) async fn was_erased(
        &mut self,
        gateway: &str,
        gateway_ref: &str,
    ) -> Result<bool, StoreError> {
        let index = self.keys.reference_index(gateway, &storable(gateway_ref));
        let erased: i64 = on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM erased_refs WHERE ref_index = $1"
        )
        .bind(index)
        .fetch_one(c)
        .await?);
        Ok(erased > 0)
    }

    /// Records a text to a texter; the outbox sends it.
    pub async fn record_outbound(
        &mut self,
        texter: &Texter,
        conversation: &Conversation,
        new: &NewOutbound<'_>,
    ) -> Result<(), StoreError> {
        let body = self.seal(
            &texter.key,
            "messages.body",
            new.id,
            new.body.reveal().as_bytes(),
        );
        later!(
            self,
            "INSERT INTO messages (id, conversation_id, texter_id, author, staff_id, gateway,
                                   media, body_sealed, at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
            new.id,
            conversation.id,
            texter.id,
            new.author,
            new.staff_id,
            new.gateway,
            &body,
            new.at,
        );
        Ok(())
    }

    /// Notes the form that a reply was sent with.
    pub async fn note_form(&mut self, message: Uuid, form: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE messages SET form_id = $2 WHERE id = $1",
            message,
            form,
        );
        Ok(())
    }

    /// Who sent a reply with this form, and its words.
    pub async fn sent_with(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        form: Uuid,
    ) -> Result<Option<(Option<Uuid>, MessageBody)>, StoreError> {
        let row: Option<(Uuid, Option<Uuid>, Vec<u8>)> = on!(self, |c| sqlx::query_as(
            "SELECT id, staff_id, body_sealed FROM messages
              WHERE conversation_id = $1 AND form_id = $2"
        )
        .bind(conversation)
        .bind(form)
        .fetch_optional(c)
        .await?);
        let Some((id, by, sealed)) = row else {
            return Ok(None);
        };
        let body = open_text(&texter.key, "messages.body", id, &sealed)?;
        Ok(Some((by, MessageBody::new(body))))
    }

    /// The latest messages of a conversation, oldest first.
    pub async fn thread(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        limit: u16,
    ) -> Result<Vec<ThreadMessage>, StoreError> {
        self.thread_until(texter, conversation, Uuid::max(), limit)
            .await
    }

    /// The messages of a conversation up to one of them, that one included, oldest first: the latest of
    /// them if there are more than `limit`.
    pub async fn thread_until(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        last: Uuid,
        limit: u16,
    ) -> Result<Vec<ThreadMessage>, StoreError> {
        let rows: Vec<ThreadRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT m.id, m.author, s.name AS by_name, m.body_sealed, m.verdict_sealed, m.media, m.at,
                    o.state, o.delivery
               FROM messages m LEFT JOIN outbox o ON o.message_id = m.id
               LEFT JOIN staff s ON s.id = m.staff_id
              WHERE m.conversation_id = $1 AND m.id <= $2 ORDER BY m.id DESC LIMIT $3"
        )
        .bind(conversation)
        .bind(last)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        rows.into_iter()
            .rev()
            .map(|row| thread_message(texter, row))
            .collect()
    }

    /// The words of the latest messages of a conversation, the latest first, and nothing else of them: for
    /// who looks for words.
    pub async fn words_of(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        limit: u16,
    ) -> Result<Vec<MessageBody>, StoreError> {
        let rows: Vec<(Uuid, Vec<u8>)> = on!(self, |c| sqlx::query_as(
            "SELECT id, body_sealed FROM messages
              WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        let rows = rows.into_iter();
        rows.map(|(id, sealed)| Ok(MessageBody::new(body_of(texter, id, &sealed)?)))
            .collect()
    }

    /// The texts of a texter in a conversation since then, oldest first, the latest ones if there
    /// are more than `limit`.
    pub async fn earlier(
        &mut self,
        texter: &Texter,
        conversation: Uuid,
        since: At,
        limit: u16,
    ) -> Result<Vec<Earlier>, StoreError> {
        let rows: Vec<EarlierRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, tier, body_sealed, at FROM messages
              WHERE conversation_id = $1 AND author = $2 AND at > $3
              ORDER BY id DESC LIMIT $4"
        )
        .bind(conversation)
        .bind(Author::Texter)
        .bind(since)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        let read = rows.into_iter().rev().map(|row| row.open(texter));
        read.collect()
    }

    /// How many texts of the texter came after a message.
    pub async fn texts_after(
        &mut self,
        conversation: Uuid,
        message: Uuid,
    ) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM messages WHERE conversation_id = $1 AND id > $2 AND author = $3"
        )
        .bind(conversation)
        .bind(message)
        .bind(Author::Texter)
        .fetch_one(c)
        .await?))
    }

    /// Destroys the words of a text, and what was found in them; its row stays.
    pub async fn forget_body(&mut self, texter: &Texter, id: Uuid) -> Result<(), StoreError> {
        let nothing = self.seal(&texter.key, "messages.body", id, b"");
        later!(
            self,
            "UPDATE messages SET body_sealed = $2, verdict_sealed = NULL WHERE id = $1",
            id,
            &nothing,
        );
        Ok(())
    }

    /// The gateway that a texter last wrote through.
    pub async fn gateway_of(&mut self, conversation: Uuid) -> Result<Option<String>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT gateway FROM messages WHERE conversation_id = $1 AND gateway_ref IS NOT NULL
              ORDER BY id DESC LIMIT 1"
        )
        .bind(conversation)
        .fetch_optional(c)
        .await?))
    }
}

/// The words of a message; none once their time was over.
fn body_of(texter: &Texter, id: Uuid, sealed: &[u8]) -> Result<String, StoreError> {
    if sealed.is_empty() {
        return Ok(String::new());
    }
    open_text(&texter.key, "messages.body", id, sealed)
}

fn thread_message(texter: &Texter, row: ThreadRow) -> Result<ThreadMessage, StoreError> {
    let body = body_of(texter, row.id, &row.body_sealed)?;
    let verdict = match row.verdict_sealed {
        Some(sealed) => {
            serde_json::from_slice(&open(&texter.key, "messages.verdict", row.id, &sealed)?).ok()
        }
        None => None,
    };
    Ok(ThreadMessage {
        id: row.id,
        author: row.author,
        by: row.by_name,
        gone: row.body_sealed.is_empty(),
        body: MessageBody::new(body),
        verdict,
        media: u16::try_from(row.media).unwrap_or(0),
        at: row.at,
        sending: row.state.map(|state| (state, row.delivery)),
    })
}
