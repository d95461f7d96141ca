//! Legal holds: what must be kept although its time is over, or its texter wants it deleted.

use uuid::Uuid;

use super::tx::{Inner, later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::phone::PhoneNumber;

const REASON: &str = "legal_holds.reason";

/// A hold to set.
#[derive(Clone, Copy, Debug)]
pub struct NewHold<'a> {
    /// The texter whose words and number stay.
    pub texter_id: Uuid,
    /// The conversation whose words stay; none for all of the texter's.
    pub conversation_id: Option<Uuid>,
    /// Why: an order, a date, a file number.
    pub reason: &'a str,
    /// Who sets it, as in the audit log.
    pub by: &'a str,
    /// When.
    pub at: At,
}

/// A hold, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The row.
    pub id: Uuid,
    /// The texter.
    pub texter_id: Uuid,
    /// The conversation; none for all of the texter's.
    pub conversation_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// The code of the latest case in what is held.
    pub code: Option<String>,
    /// The conversation, or the latest of the texter's: where somebody looks who wants to know more.
    pub seen_in: Option<Uuid>,
    /// Who set it, by the name that others see.
    pub set_by: String,
    /// When.
    pub set_at: At,
}

#[derive(sqlx::FromRow)]
struct HoldRow {
    id: Uuid,
    texter_id: Uuid,
    conversation_id: Option<Uuid>,
    reason_sealed: Vec<u8>,
    code: Option<String>,
    seen_in: Option<Uuid>,
    set_by: String,
    set_at: At,
}

/// What is shown of holds that stand.
macro_rules! standing {
    ($rest:literal) => {
        concat!(
            "SELECT h.id, h.texter_id, h.conversation_id, h.reason_sealed,
                    (SELECT a.code FROM alerts a WHERE a.texter_id = h.texter_id
                        AND (h.conversation_id IS NULL OR a.conversation_id = h.conversation_id)
                      ORDER BY a.id DESC LIMIT 1) AS code,
                    COALESCE(h.conversation_id, (SELECT l.id FROM conversations l
                      WHERE l.texter_id = h.texter_id ORDER BY l.id DESC LIMIT 1)) AS seen_in,
                    COALESCE(s.name, h.set_by) AS set_by, h.set_at ",
            $rest
        )
    };
}

/// A texter that somebody named, with what else is known by that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Named {
    /// The texter.
    pub texter_id: Uuid,
    /// The conversation that was named; none when the texter was.
    pub conversation_id: Option<Uuid>,
}

/// Why a texter cannot be erased now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Needed {
    /// A case of theirs is open.
    pub open_case: bool,
    /// They, or a conversation of theirs, are under a legal hold.
    pub held: bool,
}

impl Tx {
    /// Sets a hold and returns its row.
    pub async fn set_hold(&mut self, new: &NewHold<'_>) -> Result<Uuid, StoreError> {
        let (id, keys) = (self.id(new.at), std::sync::Arc::clone(&self.keys));
        let reason = self.seal(keys.house(), REASON, id, new.reason.as_bytes());
        later!(
            self,
            "INSERT INTO legal_holds (id, texter_id, conversation_id, reason_sealed, set_by, set_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            new.texter_id,
            new.conversation_id,
            &reason,
            new.by,
            new.at,
        );
        Ok(id)
    }

    /// Lifts a hold. `false` when it is not there, or was lifted before.
    pub async fn lift_hold(&mut self, id: Uuid, by: &str, now: At) -> Result<bool, StoreError> {
        let done = on!(self, |c| {
            sqlx::query(
                "UPDATE legal_holds SET lifted_by = $2, lifted_at = $3
                  WHERE id = $1 AND lifted_at IS NULL",
            )
            .bind(id)
            .bind(by)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(done == 1)
    }

    /// The holds that stand, oldest first.
    pub async fn holds(&mut self) -> Result<Vec<Hold>, StoreError> {
        let rows: Vec<HoldRow> = on!(self, |c| sqlx::query_as(standing!(
            "FROM legal_holds h LEFT JOIN staff s ON s.login = h.set_by
              WHERE h.lifted_at IS NULL ORDER BY h.id"
        ))
        .fetch_all(c)
        .await?);
        rows.into_iter().map(|row| self.hold_from(row)).collect()
    }

    fn hold_from(&self, row: HoldRow) -> Result<Hold, StoreError> {
        let reason = open_text(self.keys.house(), REASON, row.id, &row.reason_sealed)?;
        Ok(Hold {
            id: row.id,
            texter_id: row.texter_id,
            conversation_id: row.conversation_id,
            reason,
            code: row.code,
            seen_in: row.seen_in,
            set_by: row.set_by,
            set_at: row.set_at,
        })
    }

    /// Locks a texter against a concurrent text, without opening what is sealed: for who erases them.
    pub async fn lock_texter(&mut self, texter: Uuid) -> Result<(), StoreError> {
        if let Inner::Postgres(t) = &mut self.inner {
            let lock = "SELECT 1 FROM texters WHERE id = $1 FOR UPDATE";
            sqlx::query(lock).bind(texter).execute(&mut **t).await?;
        }
        Ok(())
    }

    /// Whether anything of a texter is under a legal hold.
    pub async fn is_held(&mut self, texter: Uuid) -> Result<bool, StoreError> {
        Ok(self.needed(texter).await?.held)
    }

    /// Why a texter cannot be erased now.
    pub async fn needed(&mut self, texter: Uuid) -> Result<Needed, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM alerts WHERE texter_id = $1 AND closed_at IS NULL) AS open_case,
                    EXISTS (SELECT 1 FROM legal_holds WHERE texter_id = $1 AND lifted_at IS NULL) AS held"
        )
        .bind(texter)
        .fetch_one(c)
        .await?
        }))
    }

    /// The texter and the latest conversation of a case's code.
    pub async fn named_by_code(&mut self, code: &str) -> Result<Option<Named>, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT a.texter_id, a.conversation_id FROM alerts a JOIN texters t ON t.id = a.texter_id
              WHERE a.code = $1 AND t.erased_at IS NULL
              ORDER BY CASE WHEN a.closed_at IS NULL THEN 0 ELSE 1 END, a.id DESC LIMIT 1"
        )
        .bind(code)
        .fetch_optional(c)
        .await?
        }))
    }

    /// The texter of an id: of their own, or of a conversation.
    pub async fn named_by_id(&mut self, id: Uuid) -> Result<Option<Named>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT t.id AS texter_id, c.id AS conversation_id
               FROM conversations c JOIN texters t ON t.id = c.texter_id
              WHERE c.id = $1 AND t.erased_at IS NULL
             UNION ALL
             SELECT t.id AS texter_id, NULL AS conversation_id
               FROM texters t WHERE t.id = $1 AND t.erased_at IS NULL"
        )
        .bind(id)
        .fetch_optional(c)
        .await?))
    }

    /// The texter of a number. It is looked up by its blind index and stands nowhere.
    pub async fn named_by_number(
        &mut self,
        number: &PhoneNumber,
    ) -> Result<Option<Named>, StoreError> {
        let index = self.keys.number_index(number);
        let id: Option<Uuid> = on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM texters WHERE number_index = $1 AND erased_at IS NULL"
        )
        .bind(&index)
        .fetch_optional(c)
        .await?);
        Ok(id.map(|texter_id| Named {
            texter_id,
            conversation_id: None,
        }))
    }
}
