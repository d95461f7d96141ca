//! Leases: who does a job that is done once for all replicas.

use std::time::Duration;

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::{At, CLOCKS_DIFFER};

impl Tx {
    /// Takes the lease of a job for a while. `false` while anybody has it, this holder included: a
    /// lease is one round of the job, and a holder that dies leaves it to run out. One that lasts longer than a
    /// lease can was taken by a clock that was ahead, and counts for nothing.
    pub async fn take_lease(
        &mut self,
        name: &str,
        holder: Uuid,
        now: At,
        lasts: Duration,
    ) -> Result<bool, StoreError> {
        let taken = on!(self, |c| {
            sqlx::query(
                "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $4)
                 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
                  WHERE leases.until <= $3 OR leases.until > $5",
            )
            .bind(name)
            .bind(holder)
            .bind(now)
            .bind(now.plus(lasts))
            .bind(now.plus(lasts).plus(CLOCKS_DIFFER))
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(taken == 1)
    }

    /// Lets a lease end sooner: the round did not come to its end, and somebody should try again.
    pub async fn shorten_lease(&mut self, name: &str, until: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE leases SET until = $2 WHERE name = $1 AND until > $2",
            name,
            until,
        );
        Ok(())
    }
}
