//! Answers to held texts that leave by a request of their own: columns of the quarantine say when each
//! is due, and how many went out.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use super::tx::{later, on, open};
use super::{StoreError, Tx};
use crate::clock::At;

/// How many answers may go to senders for whom no signature vouches. Anyone could make us text anyone.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long nobody else gets a text that was claimed.
    pub lease: Duration,
    /// How long one answer is enough for a number.
    pub once_in: Duration,
    /// The most answers by one gateway in an hour.
    pub an_hour: i64,
    /// How old a text may be to be answered at all.
    pub fresh: Duration,
}

/// A held text that is to be answered. No `Debug`: it holds a number and words.
pub struct HeldReply {
    /// The row.
    pub id: Uuid,
    /// The gateway that it claims to come from.
    pub gateway: String,
    /// When it came.
    pub at: At,
    /// The text itself.
    pub inbound: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    gateway: String,
    number_index: Vec<u8>,
    inbound_sealed: Vec<u8>,
    at: At,
}

/// PostgreSQL passes over what another replica is answering.
macro_rules! due {
    ($lock:literal) => {
        concat!(
            "SELECT id, gateway, number_index, inbound_sealed, at FROM quarantine
              WHERE reply_due_at <= $1 AND done_at IS NULL
              ORDER BY reply_due_at, id LIMIT $2 + 0",
            $lock
        )
    };
}

impl Tx {
    /// Claims held texts whose answer is due, `limit` at most. Who had one lately, or wrote too long ago,
    /// gets none, nor does what cannot be read; what is beyond the pace waits.
    pub async fn held_to_answer(
        &mut self,
        now: At,
        pace: &Pace,
        limit: u16,
    ) -> Result<Vec<HeldReply>, StoreError> {
        let rows: Vec<DueRow> = on!(self,
            sqlite: due!(""),
            postgres: due!(" FOR UPDATE SKIP LOCKED"),
            |sql, c| sqlx::query_as(sql)
                .bind(now)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?);
        let (mut claimed, mut numbers) = (Vec::new(), BTreeSet::new());
        for row in rows {
            let next = if now.since(row.at) > pace.fresh
                || self.answered_lately(&row, now, pace).await?
            {
                None
            } else {
                let before: i64 = on!(self, |c| sqlx::query_scalar(
                    "SELECT COUNT(*) FROM quarantine WHERE gateway = $1 AND replied_at > $2"
                )
                .bind(&row.gateway)
                .bind(now.minus(Duration::from_hours(1)))
                .fetch_one(c)
                .await?);
                let claimed_here = claimed.iter();
                let more = claimed_here.filter(|reply: &&HeldReply| reply.gateway == row.gateway);
                let full = before + i64::try_from(more.count()).unwrap_or(i64::MAX) >= pace.an_hour;
                let next = Some(now.plus(pace.lease));
                if full || numbers.contains(&row.number_index) {
                    next
                } else {
                    match self.held_reply(&row) {
                        Ok(reply) => {
                            claimed.push(reply);
                            numbers.insert(row.number_index);
                            next
                        }
                        // One damaged row must not hold up the answers behind it.
                        Err(error) => {
                            tracing::error!(%error, held = %row.id, "a held text cannot be read, and is not answered");
                            None
                        }
                    }
                }
            };
            later!(
                self,
                "UPDATE quarantine SET reply_due_at = $2 WHERE id = $1",
                row.id,
                next,
            );
        }
        Ok(claimed)
    }

    /// Opens a held text. All that can go wrong is that it is damaged.
    fn held_reply(&self, row: &DueRow) -> Result<HeldReply, StoreError> {
        let (house, column) = (self.keys.house(), "quarantine.inbound");
        Ok(HeldReply {
            id: row.id,
            gateway: row.gateway.clone(),
            at: row.at,
            inbound: open(house, column, row.id, &row.inbound_sealed)?,
        })
    }

    async fn answered_lately(
        &mut self,
        row: &DueRow,
        now: At,
        pace: &Pace,
    ) -> Result<bool, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM quarantine WHERE number_index = $1 AND replied_at > $2)"
        )
        .bind(&row.number_index)
        .bind(now.minus(pace.once_in))
        .fetch_one(c)
        .await?))
    }

    /// A held text has its answer.
    pub async fn held_answered(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE quarantine SET reply_due_at = NULL, replied_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }
}
