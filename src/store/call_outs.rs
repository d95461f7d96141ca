//! Call-outs: a supervisor called for help, whom, and how many of them could be told.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::Audience;

/// A call for help to the team.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CallOut {
    /// The row.
    pub id: Uuid,
    /// The name of who called.
    pub by: String,
    /// Who was called.
    pub audience: Audience,
    /// Whether people were woken for it.
    pub urgent: bool,
    /// How many could be told.
    pub reached: i32,
    /// When.
    pub at: At,
}

impl Tx {
    /// Keeps a call for help; its id.
    pub async fn add_call_out(
        &mut self,
        by: Uuid,
        (audience, urgent): (Audience, bool),
        reached: usize,
        now: At,
    ) -> Result<Uuid, StoreError> {
        let id = self.id(now);
        later!(
            self,
            "INSERT INTO call_outs (id, called_by, audience, urgent, reached, at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            by,
            audience,
            urgent,
            i32::try_from(reached).unwrap_or(i32::MAX),
            now,
        );
        Ok(id)
    }

    /// The latest call for help, if one was made since then.
    pub async fn last_call_out(&mut self, since: At) -> Result<Option<CallOut>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT o.id, s.name AS by, o.audience, o.urgent, o.reached, o.at
               FROM call_outs o JOIN staff s ON s.id = o.called_by
              WHERE o.at >= $1 ORDER BY o.at DESC, o.id DESC LIMIT 1"
        )
        .bind(since)
        .fetch_optional(c)
        .await?))
    }

    /// Waits until nobody else calls for help in the same moment: on PostgreSQL units of work run side by
    /// side, and each would find no call of the other.
    pub async fn lock_call_outs(&mut self) -> Result<(), StoreError> {
        if let super::tx::Inner::Postgres(t) = &mut self.inner {
            sqlx::query("LOCK TABLE call_outs IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut **t)
                .await?;
        }
        Ok(())
    }
}
