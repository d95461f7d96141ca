//! The replay: what the spool kept goes to the normal decision, oldest first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::FailSafe;
use crate::spool::{Aside, Entry, Kept};
use crate::store::StoreError;

/// Entries looked up at a time.
const BATCH: usize = 64;
/// How long the store may take for one of them.
const LIMIT: Duration = Duration::from_secs(8);
/// How often a store that is well may refuse an entry before it is set aside.
const TRIES: u8 = 3;

/// How often each entry was refused by a store that was well.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<Uuid, u8>>);

impl Tries {
    /// Notes another one, and says whether that was the last.
    fn note(&self, id: Uuid) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tries.entry(id).or_default();
        *count += 1;
        let last = *count >= TRIES;
        if last {
            tries.remove(&id);
        }
        last
    }

    fn forget(&self, id: Uuid) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.remove(&id);
    }
}

impl FailSafe {
    /// Hands over what waits in the spool and says how much of it the store took. Each entry leaves
    /// the spool only after its commit; one that was stored before is not stored again. While the
    /// store is away and somebody in crisis waits, everyone on call is paged again every so often. The
    /// operator hears of what was set aside, and of what is not taken although the store is well.
    ///
    /// # Errors
    /// [`StoreError`]: the store is away; everything that was not taken stays.
    pub async fn replay(self: &Arc<Self>) -> Result<usize, StoreError> {
        let handed_over = self.hand_over_all().await;
        self.watch(handed_over.is_ok());
        handed_over
    }

    async fn hand_over_all(self: &Arc<Self>) -> Result<usize, StoreError> {
        let (mut done, mut last) = (0, None);
        loop {
            let ids = self.spool.after(last, BATCH);
            if ids.is_empty() {
                return Ok(done);
            }
            for id in ids {
                match self.hand_over(id).await {
                    Ok(taken) => done += usize::from(taken),
                    Err(away) => {
                        if self.spool.holds_a_crisis() {
                            self.page(true).await;
                        }
                        return Err(away);
                    }
                }
                last = Some(id);
            }
        }
    }

    /// Hands one entry over. `Ok(false)`: it is not the store's to take, or not now.
    async fn hand_over(self: &Arc<Self>, id: Uuid) -> Result<bool, StoreError> {
        // Nothing may be opened before the keys are known to be the right ones: with others, everything
        // would look damaged.
        if !self.store.is_whole() {
            return Err(StoreError::NotFoundYet);
        }
        let entry = match self.spool.read(id).await {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(false),
            Err(error) => {
                tracing::error!(entry = %id, %error, "a spooled entry could not be read just now");
                return Ok(false);
            }
        };
        match timeout(LIMIT, self.decide(entry)).await {
            Ok(Ok(())) => {
                self.tries.forget(id);
                self.forget(Some(id)).await;
                Ok(true)
            }
            Ok(Err(error)) => self.not_taken(id, error).await,
            Err(_) => self.not_taken(id, StoreError::Late).await,
        }
    }

    async fn decide(self: &Arc<Self>, entry: Entry) -> Result<(), StoreError> {
        match entry.kept {
            Kept::Text(text) => self.intake.again(entry.gateway, entry.arrived, *text).await,
            Kept::Receipt(receipt) => self.dispatch.receipt(&entry.gateway, receipt).await,
        }
    }

    /// What follows when the store did not take an entry: it is away, or it is the entry's own fault.
    /// A store that is well is asked for the others, so that one bad entry holds up nobody.
    async fn not_taken(&self, id: Uuid, error: StoreError) -> Result<bool, StoreError> {
        if !self.store.is_well().await {
            return Err(error);
        }
        tracing::error!(entry = %id, %error, "the database is well and did not take a spooled entry");
        if error.is_of_the_work() && self.tries.note(id) {
            match self.spool.set_aside(id, Aside::Refused).await {
                Ok(()) => {
                    tracing::error!(entry = %id, "a spooled entry is set aside in spool/refused");
                }
                Err(error) => tracing::error!(entry = %id, %error, "it could not be set aside"),
            }
        }
        Ok(false)
    }
}
