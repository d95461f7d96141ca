//! Senders: the token bucket and the circuit of each gateway, one for all replicas.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::route::{Bucket, Circuit, Rate};

/// What is known of a gateway's sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// What it may send now; empty where it has no rate.
    pub bucket: Bucket,
    /// Its recent failures.
    pub circuit: Circuit,
}

#[derive(sqlx::FromRow)]
struct SenderRow {
    tokens: i64,
    at: At,
    failures: i32,
    failed_at: Option<At>,
}

impl Tx {
    /// The sender of a gateway now, locked against other replicas; made with a full bucket if there is none.
    pub async fn sender(
        &mut self,
        gateway: &str,
        rate: Option<&Rate>,
        now: At,
    ) -> Result<Sender, StoreError> {
        let empty = Bucket { tokens: 0, at: now };
        let full = rate.map_or(empty, |rate| Bucket::full(rate, now));
        let mut row = self.sender_row(gateway).await?;
        if row.is_none() {
            later!(
                self,
                "INSERT INTO senders (gateway, tokens, at, failures) VALUES ($1, $2, $3, 0)
                 ON CONFLICT (gateway) DO NOTHING",
                gateway,
                full.tokens,
                full.at,
            );
            // Another replica may have made it between our look and our insert.
            row = self.sender_row(gateway).await?;
        }
        let row = row.ok_or(sqlx::Error::RowNotFound)?;
        let stored = Bucket {
            tokens: row.tokens,
            at: row.at,
        };
        let bucket = rate.map_or(empty, |rate| stored.at(rate, now));
        if rate.is_some() && bucket.at < stored.at {
            // Kept though nothing is taken: it fills up from here on.
            self.save_bucket(gateway, &bucket).await?;
        }
        Ok(Sender {
            bucket,
            circuit: row.circuit(),
        })
    }

    async fn sender_row(&mut self, gateway: &str) -> Result<Option<SenderRow>, StoreError> {
        Ok(on!(self,
            sqlite: "SELECT tokens, at, failures, failed_at FROM senders WHERE gateway = $1",
            postgres: "SELECT tokens, at, failures, failed_at FROM senders WHERE gateway = $1 FOR UPDATE",
            |sql, c| sqlx::query_as(sql).bind(gateway).fetch_optional(c).await?))
    }

    pub(super) async fn save_bucket(
        &mut self,
        gateway: &str,
        bucket: &Bucket,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE senders SET tokens = $2, at = $3 WHERE gateway = $1",
            gateway,
            bucket.tokens,
            bucket.at,
        );
        Ok(())
    }

    /// The recent failures of a gateway; none of one that never failed.
    pub async fn circuit(&mut self, gateway: &str) -> Result<Circuit, StoreError> {
        let row: Option<SenderRow> = on!(self, |c| sqlx::query_as(
            "SELECT tokens, at, failures, failed_at FROM senders WHERE gateway = $1"
        )
        .bind(gateway)
        .fetch_optional(c)
        .await?);
        Ok(row.map_or_else(Circuit::default, |row| row.circuit()))
    }

    /// Notes that a gateway could not be used.
    pub async fn sender_failed(
        &mut self,
        gateway: &str,
        rate: Option<&Rate>,
        now: At,
    ) -> Result<(), StoreError> {
        let circuit = self.sender(gateway, rate, now).await?.circuit.failed(now);
        later!(
            self,
            "UPDATE senders SET failures = $2, failed_at = $3 WHERE gateway = $1",
            gateway,
            circuit.failures,
            circuit.failed_at,
        );
        Ok(())
    }

    /// Notes that one text tries a gateway again after its rest: until it is known how that ends, urgent texts
    /// still go round it.
    pub(super) async fn sender_tried(&mut self, gateway: &str, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE senders SET failed_at = $2 WHERE gateway = $1",
            gateway,
            now,
        );
        Ok(())
    }

    /// Notes that a gateway took a text or judged it: it works.
    pub async fn sender_works(&mut self, gateway: &str) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE senders SET failures = 0 WHERE gateway = $1 AND failures > 0",
            gateway,
        );
        Ok(())
    }
}

impl SenderRow {
    const fn circuit(&self) -> Circuit {
        Circuit {
            failures: self.failures,
            failed_at: self.failed_at,
        }
    }
}
