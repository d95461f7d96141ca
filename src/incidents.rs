//! Incidents: what went wrong is counted, and the operator hears of it at once, again while it lasts,
//! and when it is over. Floor 3.
//!
//! A door that turns hooks away must not write a row for each: what happens is counted in memory and
//! written by the next tick, so that a storm costs one row and one text.

mod attend;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::clock::Clock;
use crate::feed::Feed;
use crate::oncall::{IncidentKind, Operator};
use crate::store::{Store, StoreError, Tally};
pub use attend::{Attend, LONGEST_INCIDENT_NOTE, Refused};

/// What happened since the last tick: how often, or how many there are, and what was first found.
type Counted = BTreeMap<(IncidentKind, String), (Tally, Value)>;

/// Keeps incidents.
pub struct Incidents {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub operator: Arc<Operator>,
    /// Wakes the outbox.
    pub feed: Feed,
    /// What is not yet written.
    pub counted: Fresh,
}

/// Incidents that are counted and not yet written.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<Counted>);

impl Fresh {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, counted: Counted) {
        let mut fresh = self.lock();
        for (key, (tally, detail)) in counted {
            let (kept, _) = fresh.entry(key).or_insert((Tally::More(0), detail));
            *kept = match (*kept, tally) {
                (Tally::More(before), Tally::More(count)) => Tally::More(before + count),
                (_, latest) => latest,
            };
        }
    }
}

impl Incidents {
    /// Opens or counts an incident. It never fails and never waits: it is written, and the operator
    /// told, by the next [tick](Self::tick). `detail` holds no personal data.
    pub fn raise(&self, kind: IncidentKind, subject: &str, detail: Value) {
        self.count(kind, subject, Tally::More(1), detail);
    }

    /// The same for what happened several times, or for how many there are.
    pub fn count(&self, kind: IncidentKind, subject: &str, tally: Tally, detail: Value) {
        let one = ((kind, subject.to_owned()), (tally, detail));
        self.counted.add(BTreeMap::from([one]));
    }

    /// Writes what was counted, tells the operator what is due, and says how much that was.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written, and all of it stays due.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let fresh = Arc::new(std::mem::take(&mut *self.counted.lock()));
        if fresh.is_empty() && self.store.read().await?.incidents_open().await?.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let (operator, work) = (Arc::clone(&self.operator), Arc::clone(&fresh));
        let unit = self.store.write(move |tx| {
            let (operator, work) = (Arc::clone(&operator), Arc::clone(&work));
            Box::pin(async move {
                for ((kind, subject), (tally, detail)) in &*work {
                    tx.raise(&operator, (*kind, subject), *tally, detail, now)
                        .await?;
                }
                Ok(work.len() + tx.tend_incidents(&operator, now).await?)
            })
        });
        match unit.await {
            Ok(done) => {
                if done > 0 {
                    self.feed.wake_outbox();
                }
                Ok(done)
            }
            Err(error) => {
                self.counted.add((*fresh).clone());
                Err(error)
            }
        }
    }
}
