//! The replay: what the spool kept goes to the normal decision, each texter's words oldest first.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
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

/// What was tried with the entries that are still there.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<Tried>);

#[derive(Debug, Default)]
struct Tried {
    /// How often each was refused by a store that was well.
    refused: HashMap<Uuid, u8>,
    /// Those that the store has, and whose file could not be removed yet.
    stored: HashSet<Uuid>,
}

impl Tries {
    /// Notes another refusal, and says whether that was the last.
    fn note(&self, id: Uuid) -> bool {
        let mut tried = self.tried();
        let count = tried.refused.entry(id).or_default();
        *count += 1;
        let last = *count >= TRIES;
        if last {
            tried.refused.remove(&id);
        }
        last
    }

    fn is_stored(&self, id: Uuid) -> bool {
        self.tried().stored.contains(&id)
    }

    fn note_stored(&self, id: Uuid) {
        let mut tried = self.tried();
        tried.refused.remove(&id);
        tried.stored.insert(id);
    }

    fn forget(&self, id: Uuid) {
        self.tried().stored.remove(&id);
    }

    fn tried(&self) -> MutexGuard<'_, Tried> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries that must keep their order among themselves: the words of one texter, or the receipts of
/// one text. In the order of their first ones.
#[derive(Default)]
struct Threads(Vec<(String, Vec<(Uuid, Entry)>)>);

impl Threads {
    fn add(&mut self, of: String, entry: (Uuid, Entry)) {
        match self.0.iter_mut().find(|(known, _)| *known == of) {
            Some((_, thread)) => thread.push(entry),
            None => self.0.push((of, vec![entry])),
        }
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
            // One by itself first: while the store is away, a pass costs one try.
            let limit = if last.is_none() { 1 } else { BATCH };
            let ids = self.spool.after(last, limit);
            let Some(newest) = ids.last().copied() else {
                return Ok(done);
            };
            match self.hand_over_batch(ids).await {
                Ok(taken) => done += taken,
                Err(away) => {
                    if self.spool.holds_a_crisis() {
                        self.page(true, true).await;
                    }
                    return Err(away);
                }
            }
            last = Some(newest);
        }
    }

    async fn hand_over_batch(self: &Arc<Self>, ids: Vec<Uuid>) -> Result<usize, StoreError> {
        // Nothing may be opened before the keys are known to be the right ones: with others, everything
        // would look damaged.
        if !self.store.is_whole() {
            return Err(StoreError::NotFoundYet);
        }
        let (mut texts, mut receipts) = (Threads::default(), Threads::default());
        for id in ids {
            match self.spool.read(id).await {
                Ok(Some(entry)) => match &entry.kept {
                    Kept::Text(text) => {
                        let from = text.inbound.from.reveal().to_owned();
                        texts.add(from, (id, entry));
                    }
                    Kept::Receipt(receipt) => {
                        let about = receipt.gateway_ref.clone();
                        receipts.add(about, (id, entry));
                    }
                },
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(entry = %id, %error, "a spooled entry could not be read just now");
                }
            }
        }
        // A receipt may be about the answer to a text that was kept just before it.
        Ok(self.hand_over_threads(texts).await? + self.hand_over_threads(receipts).await?)
    }

    /// Several at a time: with a database that is far away, one after the other takes many times as
    /// long. Who texts meanwhile finds a connection. When it turns out to be away, nothing more is begun.
    async fn hand_over_threads(self: &Arc<Self>, threads: Threads) -> Result<usize, StoreError> {
        let away = AtomicBool::new(false);
        let handed_over = stream::iter(threads.0)
            .map(|(_, thread)| self.hand_over_thread(thread, &away))
            .buffer_unordered(self.store.half())
            .collect::<Vec<_>>();
        handed_over.await.into_iter().sum()
    }

    async fn hand_over_thread(
        self: &Arc<Self>,
        thread: Vec<(Uuid, Entry)>,
        away: &AtomicBool,
    ) -> Result<usize, StoreError> {
        let mut done = 0;
        for (id, entry) in thread {
            if away.load(Ordering::Relaxed) {
                break;
            }
            let taken = self.hand_over(id, entry).await;
            away.fetch_or(taken.is_err(), Ordering::Relaxed);
            done += usize::from(taken?);
        }
        Ok(done)
    }

    /// Hands one entry over. `Ok(false)`: the store does not take it, or not now; or it has it, and the file
    /// cannot be removed.
    async fn hand_over(self: &Arc<Self>, id: Uuid, entry: Entry) -> Result<bool, StoreError> {
        if !self.tries.is_stored(id) {
            match timeout(LIMIT, self.decide(entry)).await {
                Ok(Ok(())) => self.tries.note_stored(id),
                Ok(Err(error)) => return self.not_taken(id, error).await,
                Err(_) => return self.not_taken(id, StoreError::Late).await,
            }
        }
        let gone = self.forget(Some(id)).await;
        if gone {
            self.tries.forget(id);
        }
        Ok(gone)
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
