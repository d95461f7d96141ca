//! The keys at work: another master key takes over while texts come in, seeds of erased texters are
//! destroyed, and who was erased and came back with a backup is erased again. Floor 3.

mod rotate;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::crypto::Keyring;
use crate::crypto::source::KeySource;
use crate::id::IdSource;
use crate::store::{Cursor, Store, StoreError};

pub use rotate::{NotRotated, Prepared, Standing};

/// How many rows are looked at in one commit: texts that come in wait for the same writer.
const AT_ONCE: u16 = 200;
/// How long one replica looks through all texters after its start, before another may.
const LEASE: Duration = Duration::from_mins(10);
/// From one try to the next while another replica is at it.
const AGAIN: Duration = Duration::from_mins(1);

/// Looks after the keys.
pub struct Keys {
    /// What is sealed.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// The keys that everything here seals and opens with.
    pub keyring: Arc<Keyring>,
    /// Where the master key comes from.
    pub source: KeySource,
    /// This process, for the lease.
    pub holder: Uuid,
    /// Whether the key file could not be read the last time.
    pub unreadable: AtomicBool,
    /// When this process looks through all texters: once after its start.
    pub next: NextLook,
}

impl Keys {
    /// Takes over what changed in the key file, makes seeds ahead, destroys those of erased texters, and once
    /// after a start looks through all texters. Says how many seeds were destroyed.
    ///
    /// # Errors
    /// [`StoreError`]: what was not done is done the next time.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        self.reload();
        self.make_ahead();
        let destroyed = self.destroy_seeds().await?;
        let now = self.clock.now();
        if self.next.is_due(now) {
            let done = self.look_through(now).await?;
            self.next
                .set(if done { At(i64::MAX) } else { now.plus(AGAIN) });
        }
        Ok(destroyed)
    }

    /// The key file as it is now. The environment does not change under a running process, and a key
    /// management service is asked at a start alone.
    fn reload(&self) {
        if !matches!(self.source, KeySource::File(_)) {
            return;
        }
        match self.source.load() {
            Ok(masters) => {
                self.keyring.accept(&masters);
                self.unreadable.store(false, Ordering::Relaxed);
            }
            // Said once: it is looked at every second.
            Err(error) if !self.unreadable.swap(true, Ordering::Relaxed) => {
                tracing::error!(%error, "the key file cannot be read any more; the keys of the start serve");
            }
            Err(_) => {}
        }
    }

    fn make_ahead(&self) {
        if let Some(keystore) = self.keyring.keystore()
            && let Err(error) = keystore.make_ahead()
        {
            tracing::error!(%error, "the keystore takes no new seeds; until it does, a backup can bring new texters back after they were erased");
        }
    }

    /// Destroys the seeds of who was erased. The order matters: a crash in between leaves the row, and it is
    /// done again.
    async fn destroy_seeds(&self) -> Result<usize, StoreError> {
        let Some(keystore) = self.keyring.keystore() else {
            return Ok(0);
        };
        let left = self.store.read().await?.seeds_left(AT_ONCE).await?;
        if left.is_empty() {
            return Ok(0);
        }
        let seeds: Vec<Vec<u8>> = left.iter().map(|(_, seed)| seed.clone()).collect();
        if let Err(error) = keystore.destroy(&seeds) {
            tracing::error!(%error, "the seeds of erased texters cannot be destroyed; it is tried again");
            return Ok(0);
        }
        let done: Arc<Vec<Uuid>> = Arc::new(left.iter().map(|(id, _)| *id).collect());
        let count = done.len();
        let unit = self.store.write(move |tx| {
            let done = Arc::clone(&done);
            Box::pin(async move {
                for texter in &*done {
                    tx.seed_destroyed(*texter).await?;
                }
                Ok(())
            })
        });
        unit.await?;
        Ok(count)
    }

    /// Erases those again who came back with a backup, and gives a seed to those that have none. `false` while
    /// another replica is at it.
    async fn look_through(&self, now: At) -> Result<bool, StoreError> {
        let holder = self.holder;
        let lease = self.store.write(move |tx| {
            Box::pin(async move { tx.take_lease("keys", holder, now, LEASE).await })
        });
        if !lease.await? {
            return Ok(false);
        }
        let (again, lost) = self.erase_restored(now, false).await?;
        if again > 0 {
            tracing::warn!(
                texters = again,
                "erased texters came back with a backup, and were erased again"
            );
        }
        if lost > 0 {
            tracing::error!(
                texters = lost,
                "the seeds of texters are missing in the keystore: put back its newest copy, or run `harborline key lost`"
            );
        }
        let mut next = Some(Cursor::keys());
        while let Some(from) = next {
            let unit = self
                .store
                .write(move |tx| Box::pin(async move { tx.reseal(from, AT_ONCE).await }));
            next = unit.await?.next;
        }
        // Whoever starts next must not wait for it: the database may have come back from a backup.
        let over = self
            .store
            .write(move |tx| Box::pin(async move { tx.shorten_lease("keys", now).await }));
        over.await?;
        Ok(true)
    }

    /// Goes through all texters: how many were erased again because they had been erased, and how many have no
    /// seed in the keystore. The latter are erased, too, when `lost_too` says so: nobody can read them.
    ///
    /// # Errors
    /// [`StoreError`]: what was done stays done.
    pub async fn erase_restored(&self, now: At, lost_too: bool) -> Result<(u64, u64), StoreError> {
        let (mut after, mut again, mut lost) = (None, 0, 0);
        loop {
            let unit = self.store.write(move |tx| {
                Box::pin(async move { tx.erase_restored(after, AT_ONCE, now, lost_too).await })
            });
            let found = unit.await?;
            again += found.0;
            lost += found.1;
            if found.2.is_none() {
                return Ok((again, lost));
            }
            after = found.2;
        }
    }
}
