//! Check-ins: a text a day later, to who agreed to it and to nobody else. One open for a texter.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// The question whether we may check in, as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct NewCheckIn<'a> {
    /// Whom it is for.
    pub texter_id: Uuid,
    /// The conversation in which it was asked.
    pub conversation_id: Uuid,
    /// The gateway that it will leave by.
    pub gateway: &'a str,
    /// The member of staff who asked.
    pub asked_by: Uuid,
    /// When.
    pub at: At,
}

/// A check-in that is due.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueCheckIn {
    /// The row.
    pub id: Uuid,
    /// Whom it is for.
    pub texter_id: Uuid,
    /// The conversation in which it was agreed.
    pub conversation_id: Uuid,
    /// The gateway that it leaves by.
    pub gateway: String,
}

impl Tx {
    /// Notes that a texter was asked. A question that is open already is replaced by this one.
    pub async fn ask_check_in(&mut self, new: &NewCheckIn<'_>) -> Result<(), StoreError> {
        self.end_check_in(new.texter_id, new.at, "asked_again")
            .await?;
        let id = self.id(new.at);
        later!(
            self,
            "INSERT INTO check_ins (id, texter_id, conversation_id, gateway, asked_at, asked_by)
             VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            new.texter_id,
            new.conversation_id,
            new.gateway,
            new.at,
            new.asked_by,
        );
        Ok(())
    }

    /// Keeps a texter's consent: from here on the check-in has a due time.
    pub async fn agree_check_in(
        &mut self,
        texter: Uuid,
        now: At,
        due_at: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE check_ins SET agreed_at = $2, due_at = $3
              WHERE texter_id = $1 AND done_at IS NULL",
            texter,
            now,
            due_at,
        );
        Ok(())
    }

    /// Ends what is open, asked or agreed, with its outcome: `sent`, or why it is not sent.
    pub async fn end_check_in(
        &mut self,
        texter: Uuid,
        now: At,
        outcome: &str,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE check_ins SET done_at = $2, outcome = $3
              WHERE texter_id = $1 AND done_at IS NULL",
            texter,
            now,
            outcome,
        );
        Ok(())
    }

    /// The check-ins that are due, locked; those that another replica is at are passed over.
    pub async fn check_ins_due(
        &mut self,
        now: At,
        limit: u16,
    ) -> Result<Vec<DueCheckIn>, StoreError> {
        Ok(on!(self,
            sqlite: "SELECT id, texter_id, conversation_id, gateway FROM check_ins
                      WHERE done_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2",
            postgres: "SELECT id, texter_id, conversation_id, gateway FROM check_ins
                        WHERE done_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2
                          FOR UPDATE SKIP LOCKED",
            |sql, c| sqlx::query_as(sql).bind(now).bind(i64::from(limit)).fetch_all(c).await?))
    }
}
