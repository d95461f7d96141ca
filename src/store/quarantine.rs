//! Quarantine: texts whose signature did not hold, sealed with the house key until somebody decides.

use std::time::Duration;

use uuid::Uuid;

use super::tx::{later, on, open, storable};
use super::{Overdue, StoreError, Tx};
use crate::clock::At;
use crate::phone::PhoneNumber;
use crate::triage::Tier;

/// A text to hold. No `Debug`: it holds a number and words.
pub struct NewHeld<'a> {
    /// The gateway that it claims to come from.
    pub gateway: &'a str,
    /// What it claims to be the gateway's id of it.
    pub gateway_ref: &'a str,
    /// Who it says that it is from.
    pub number: &'a PhoneNumber,
    /// Why its signature did not hold.
    pub why: &'a str,
    /// How urgent it is.
    pub tier: Tier,
    /// The text itself, to be sealed.
    pub inbound: &'a [u8],
    /// When it came.
    pub at: At,
    /// Whether the people on call are to hear of it.
    pub page: bool,
    /// Whether it is to be answered by a request of its own: see [`Tx::held_to_answer`].
    pub answer: bool,
}

/// A text that is held, without its words.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    /// The row.
    pub id: Uuid,
    /// The gateway that it claims to come from.
    pub gateway: String,
    /// Why its signature did not hold.
    pub why: String,
    /// How urgent it is.
    pub tier: Tier,
    /// When it came.
    pub at: At,
}

impl Tx {
    /// Holds a text. `false` when this one is, or was, held before.
    pub async fn hold(&mut self, new: &NewHeld<'_>) -> Result<bool, StoreError> {
        let (id, keys) = (self.id(new.at), std::sync::Arc::clone(&self.keys));
        let sealed = self.seal(keys.house(), "quarantine.inbound", id, new.inbound);
        let made = on!(self, |c| {
            sqlx::query(
                "INSERT INTO quarantine (id, gateway, gateway_ref, number_index, why, tier,
                                         inbound_sealed, at, page_due_at, reply_due_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL DO NOTHING",
            )
            .bind(id)
            .bind(new.gateway)
            .bind(storable(new.gateway_ref))
            .bind(keys.number_index(new.number))
            .bind(new.why)
            .bind(new.tier)
            .bind(&sealed)
            .bind(new.at)
            .bind(new.page.then_some(new.at))
            .bind(new.answer.then_some(new.at))
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(made == 1)
    }

    /// What is held, oldest first.
    pub async fn held(&mut self, limit: u16) -> Result<Vec<Held>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT id, gateway, why, tier, at FROM quarantine
              WHERE done_at IS NULL ORDER BY id LIMIT $1"
        )
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// How many texts are held.
    pub async fn held_count(&mut self) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM quarantine WHERE done_at IS NULL"
        )
        .fetch_one(c)
        .await?))
    }

    /// What has been held since before then, by gateway.
    pub async fn held_since(&mut self, before: At) -> Result<Vec<Overdue>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT gateway, COUNT(*) AS count, MIN(at) AS oldest_due
               FROM quarantine WHERE done_at IS NULL AND at <= $1
              GROUP BY gateway ORDER BY gateway"
        )
        .bind(before)
        .fetch_all(c)
        .await?))
    }

    /// A held text, with its words unsealed; none if it is not held any more.
    pub async fn held_text(&mut self, id: Uuid) -> Result<Option<(Held, Vec<u8>)>, StoreError> {
        let held: Option<Held> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, gateway, why, tier, at FROM quarantine WHERE id = $1 AND done_at IS NULL"
        )
        .bind(id)
        .fetch_optional(c)
        .await?
        });
        let Some(held) = held else {
            return Ok(None);
        };
        let sealed: Vec<u8> = on!(self, |c| sqlx::query_scalar(
            "SELECT inbound_sealed FROM quarantine WHERE id = $1"
        )
        .bind(id)
        .fetch_one(c)
        .await?);
        let keys = std::sync::Arc::clone(&self.keys);
        let words = open(keys.house(), "quarantine.inbound", id, &sealed)?;
        Ok(Some((held, words)))
    }

    /// Ends the holding of a text, and destroys what was held of it.
    pub async fn held_done(&mut self, id: Uuid, now: At, outcome: &str) -> Result<(), StoreError> {
        let nothing: &[u8] = &[];
        later!(
            self,
            "UPDATE quarantine SET done_at = $2, outcome = $3, inbound_sealed = $4,
                    number_index = $4, page_due_at = NULL, reply_due_at = NULL
              WHERE id = $1 AND done_at IS NULL",
            id,
            now,
            outcome,
            nothing,
        );
        Ok(())
    }

    /// The held text with this id of the gateway, if there is one.
    pub async fn held_as(
        &mut self,
        gateway: &str,
        gateway_ref: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM quarantine
              WHERE gateway = $1 AND gateway_ref = $2 AND done_at IS NULL"
        )
        .bind(gateway)
        .bind(storable(gateway_ref))
        .fetch_optional(c)
        .await?))
    }

    /// Takes note that the people on call are told now of the urgent texts that are held: by gateway,
    /// how many. Each is told once; after a page, the next ones wait for `interval`, so that nobody
    /// can make phones ring without end with texts that no provider vouches for.
    pub async fn held_to_page(
        &mut self,
        now: At,
        interval: Duration,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let due: Vec<(String, i64)> = on!(self, |c| sqlx::query_as(
            "SELECT q.gateway, COUNT(*) FROM quarantine q
              WHERE q.page_due_at <= $1
                AND NOT EXISTS (SELECT 1 FROM quarantine p
                                 WHERE p.gateway = q.gateway AND p.paged_at > $2)
              GROUP BY q.gateway ORDER BY q.gateway"
        )
        .bind(now)
        .bind(now.minus(interval))
        .fetch_all(c)
        .await?);
        let mut told = Vec::with_capacity(due.len());
        for (gateway, _) in due {
            // Counted again by what was changed: another replica may have come first.
            let count = on!(self, |c| {
                sqlx::query(
                    "UPDATE quarantine SET paged_at = $2, page_due_at = NULL
                      WHERE gateway = $1 AND page_due_at <= $2",
                )
                .bind(&gateway)
                .bind(now)
                .execute(c)
                .await
                .map(|done| done.rows_affected())
            })?;
            if count > 0 {
                told.push((gateway, i64::try_from(count).unwrap_or(i64::MAX)));
            }
        }
        Ok(told)
    }

    /// Destroys what is held of a texter who is to be erased. Called while their number is known.
    pub(super) async fn erase_held(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        let nothing: &[u8] = &[];
        later!(
            self,
            "UPDATE quarantine SET inbound_sealed = $2, number_index = $2, gateway_ref = NULL,
                    page_due_at = NULL, reply_due_at = NULL, done_at = COALESCE(done_at, $3),
                    outcome = COALESCE(outcome, 'erased')
              WHERE number_index = (SELECT number_index FROM texters WHERE id = $1)",
            texter,
            nothing,
            now,
        );
        Ok(())
    }
}
