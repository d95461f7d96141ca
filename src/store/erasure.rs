//! Erasure: what a texter sent is destroyed on their word. What is left are rows that count.

use std::time::Duration;

use uuid::Uuid;

use super::outbox::OutboxState;
use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::crypto::seed_of;

/// How long a look at a gateway's list may go back, and a hook may come again.
const REFS_KEPT: Duration = Duration::from_hours(24 * 30);

/// Which texters are to be erased: asked for it, with no open alert (the person in danger comes
/// first) and no legal hold, and with nothing left to send, or not sent in time.
macro_rules! due {
    ($locked:literal) => {
        concat!(
            "SELECT t.id FROM texters t
              WHERE t.erase_at <= $1 AND t.erased_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM alerts a JOIN conversations c ON c.id = a.conversation_id
                                 WHERE c.texter_id = t.id AND a.closed_at IS NULL)
                AND NOT EXISTS (SELECT 1 FROM legal_holds h WHERE h.texter_id = t.id AND h.lifted_at IS NULL)
                AND (t.erase_at <= $2
                     OR NOT EXISTS (SELECT 1 FROM outbox o WHERE o.texter_id = t.id AND o.done_at IS NULL))
              ORDER BY t.erase_at LIMIT $3",
            $locked
        )
    };
}
const DUE: &str = due!("");
const DUE_LOCKED: &str = due!(" FOR UPDATE OF t SKIP LOCKED");

impl Tx {
    /// Notes that a texter wants everything deleted.
    pub async fn ask_erasure(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE texters SET erase_at = $2 WHERE id = $1 AND erase_at IS NULL",
            texter,
            now,
        );
        Ok(())
    }

    /// The texters to erase now. Texts that still wait to be sent, such as the answer to DELETE,
    /// hold it up until `asked_by`: who asked before that is erased all the same.
    pub async fn erasures_due(
        &mut self,
        now: At,
        asked_by: At,
        limit: u16,
    ) -> Result<Vec<Uuid>, StoreError> {
        Ok(on!(self, sqlite: DUE, postgres: DUE_LOCKED, |sql, c| {
            sqlx::query_scalar(sql)
                .bind(now)
                .bind(asked_by)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?
        }))
    }

    /// Keeps blind indexes of what a gateway calls a texter's recent texts and pieces of them: the gateway still
    /// lists these and may deliver them again, and they must not be taken for new ones. Old ones are forgotten
    /// here.
    async fn remember_refs(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        let since = now.minus(REFS_KEPT);
        let refs: Vec<(String, String)> = on!(self, |c| sqlx::query_as(
            "SELECT gateway, gateway_ref FROM messages
              WHERE texter_id = $1 AND gateway_ref IS NOT NULL AND at > $2
             UNION
             SELECT gateway, gateway_ref FROM parts WHERE texter_id = $1 AND at > $2"
        )
        .bind(texter)
        .bind(since)
        .fetch_all(c)
        .await?);
        for (gateway, gateway_ref) in refs {
            let index = self.keys.reference_index(&gateway, &gateway_ref);
            later!(
                self,
                "INSERT INTO erased_refs (ref_index, at) VALUES ($1, $2)
                 ON CONFLICT (ref_index) DO NOTHING",
                &index,
                now,
            );
        }
        later!(self, "DELETE FROM erased_refs WHERE at <= $1", since,);
        Ok(())
    }

    /// Erases a texter again who came back with a backup; the seed of their key was destroyed when they were
    /// erased first.
    pub async fn erase_again(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        self.erase(texter, now).await?;
        let detail = serde_json::json!({ "why": "restored" });
        self.audit(now, "line", "texter.erased", Some(texter), &detail)
            .await
    }

    /// Destroys a texter's key, number, state and words, and what a gateway calls their texts. The
    /// rows stay, so that counts stay true; a text from the same number is a stranger's from now on.
    pub async fn erase(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        let nothing: &[u8] = &[];
        // The index must be unique, and nothing that is looked up is as short as an id.
        let index = texter.as_bytes().as_slice();
        let wrapped: Option<Vec<u8>> = on!(self, |c| sqlx::query_scalar(
            "SELECT wrapped_key FROM texters WHERE id = $1"
        )
        .bind(texter)
        .fetch_optional(c)
        .await?);
        // Destroyed once this is committed: see `Tx::seeds_left`.
        let seed = wrapped.as_deref().and_then(seed_of).map(<[u8]>::to_vec);
        self.erase_held(texter, now).await?;
        self.remember_refs(texter, now).await?;
        later!(
            self,
            "UPDATE texters SET number_index = $2, number_sealed = $3, wrapped_key = $3,
                    state_sealed = $3, erased_at = $4, seed_left = $5 WHERE id = $1",
            texter,
            index,
            nothing,
            now,
            &seed,
        );
        later!(
            self,
            "DELETE FROM gateway_log WHERE message_id IN (SELECT m.id FROM messages m JOIN conversations c
                                      ON c.id = m.conversation_id WHERE c.texter_id = $1)",
            texter,
        );
        later!(
            self,
            "UPDATE outbox SET state = $2, done_at = $3, lease_until = NULL
              WHERE done_at IS NULL AND page_id IN (SELECT id FROM pages WHERE texter_id = $1)",
            texter,
            OutboxState::Withdrawn,
            now,
        );
        later!(
            self,
            "UPDATE pages SET body_sealed = $2 WHERE texter_id = $1",
            texter,
            nothing,
        );
        later!(
            self,
            "UPDATE outbox SET gateway_ref = NULL, poll_at = NULL,
                    state = CASE WHEN done_at IS NULL THEN $2 ELSE state END,
                    done_at = COALESCE(done_at, $3), lease_until = NULL
              WHERE message_id IN (SELECT m.id FROM messages m JOIN conversations c
                                      ON c.id = m.conversation_id WHERE c.texter_id = $1)",
            texter,
            OutboxState::Withdrawn,
            now,
        );
        later!(
            self,
            "UPDATE messages SET body_sealed = $2, verdict_sealed = NULL, gateway_ref = NULL
              WHERE conversation_id IN (SELECT id FROM conversations WHERE texter_id = $1)",
            texter,
            nothing,
        );
        later!(
            self,
            "DELETE FROM notes
              WHERE conversation_id IN (SELECT id FROM conversations WHERE texter_id = $1)",
            texter,
        );
        later!(
            self,
            "DELETE FROM drafts
              WHERE conversation_id IN (SELECT id FROM conversations WHERE texter_id = $1)",
            texter,
        );
        later!(self, "DELETE FROM parts WHERE texter_id = $1", texter);
        later!(
            self,
            "UPDATE conversations SET closed_at = $2 WHERE texter_id = $1 AND closed_at IS NULL",
            texter,
            now,
        );
        self.replies_settled(texter, now, "erased").await?;
        self.end_check_in(texter, now, "erased").await
    }
}
