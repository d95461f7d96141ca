//! Polls: texts that a gateway took, and of which no final receipt has come.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::lane::Lane;

/// A text whose gateway is to be asked.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DuePoll {
    /// The outbox row.
    pub id: Uuid,
    /// Its lane.
    pub lane: Lane,
    /// The gateway that it left by.
    pub gateway: String,
    /// The gateway's id of it.
    pub gateway_ref: String,
    /// How often it was asked before.
    pub polls: i32,
}

macro_rules! due {
    ($lock:literal) => {
        concat!(
            "SELECT id, lane, gateway, gateway_ref, polls FROM outbox
              WHERE poll_at <= $1 AND gateway_ref IS NOT NULL ORDER BY poll_at LIMIT $2",
            $lock
        )
    };
}

impl Tx {
    /// The texts to ask for now, locked; those that another replica is at are passed over.
    pub async fn polls_due(&mut self, now: At, limit: u16) -> Result<Vec<DuePoll>, StoreError> {
        Ok(on!(self,
            sqlite: due!(""),
            postgres: due!(" FOR UPDATE SKIP LOCKED"),
            |sql, c| sqlx::query_as(sql)
                .bind(now)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?))
    }

    /// Notes that a text is being asked for, and when again if nothing final comes of it.
    pub async fn polled(&mut self, id: Uuid, next: Option<At>) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET poll_at = $2, polls = polls + 1 WHERE id = $1",
            id,
            next,
        );
        Ok(())
    }
}
