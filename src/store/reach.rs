//! Reach: whether texts arrive at a texter at all, and what the team was told about it.

use uuid::Uuid;

use super::alerts::{AlertRow, select_alerts};
use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::Alert;

/// Why texts do not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Unreached {
    /// A text was given up or not delivered; the next one may arrive.
    Failed,
    /// The carrier blocks our texts to this person.
    OptedOut,
}

/// The open cases of a texter about which this has not been said yet.
macro_rules! untold {
    ($lock:literal) => {
        select_alerts!(
            "WHERE texter_id = $1 AND closed_at IS NULL
                AND (unreachable IS NULL OR (unreachable = 'failed' AND $2 = 'opted_out')) ORDER BY id",
            $lock
        )
    };
}

impl Tx {
    /// Notes that a carrier blocks our texts to this person.
    pub async fn texter_blocked(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE texters SET blocked_at = COALESCE(blocked_at, $2) WHERE id = $1",
            texter,
            now,
        );
        Ok(())
    }

    /// Takes back a block from before this moment: they texted START, or a text that was written after the
    /// block was taken. What the team was told is open again.
    pub async fn texter_unblocked(&mut self, texter: Uuid, before: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE alerts SET unreachable = NULL WHERE texter_id = $1 AND closed_at IS NULL
                AND EXISTS (SELECT 1 FROM texters WHERE id = $1 AND blocked_at < $2)",
            texter,
            before,
        );
        later!(
            self,
            "UPDATE texters SET blocked_at = NULL WHERE id = $1 AND blocked_at < $2",
            texter,
            before,
        );
        Ok(())
    }

    /// Since when the carrier blocks our texts to this person.
    pub async fn blocked_since(&mut self, texter: Uuid) -> Result<Option<At>, StoreError> {
        let found: Option<Option<At>> = on!(self, |c| sqlx::query_scalar(
            "SELECT blocked_at FROM texters WHERE id = $1"
        )
        .bind(texter)
        .fetch_optional(c)
        .await?);
        Ok(found.flatten())
    }

    /// The open cases of a texter of which the team has not been told this yet, locked.
    pub async fn untold_cases(
        &mut self,
        texter: Uuid,
        why: Unreached,
    ) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<AlertRow> = on!(self,
            sqlite: untold!(""),
            postgres: untold!(" FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).bind(texter).bind(why).fetch_all(c).await?);
        Ok(rows.into_iter().map(Alert::from).collect())
    }

    /// Notes that the team was told of this case that texts do not arrive.
    pub async fn told_unreached(&mut self, alert: Uuid, why: Unreached) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE alerts SET unreachable = $2 WHERE id = $1",
            alert,
            why,
        );
        Ok(())
    }

    /// Notes that a text has arrived: the next one that does not is news again.
    pub async fn reached(&mut self, texter: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE alerts SET unreachable = NULL
              WHERE texter_id = $1 AND closed_at IS NULL AND unreachable = 'failed'",
            texter,
        );
        Ok(())
    }
}
