//! Rota: who edits schedules, and swaps that people offer each other. Floor 3.
//!
//! What is refused leaves everything as it was. What is over stays as a record, and what has begun is
//! ended, never undone: who was on call stays known. Who may do it is asked where the request comes in;
//! only a swap is about the two people in it alone.

mod draft;
mod edit;
mod feed;
mod refused;
mod swaps;
mod times;

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::feed::{Feed, Signal};
use crate::id::IdSource;
use crate::oncall::{Desk, Person};
use crate::store::{Account, Store, StoreError, Tx};

pub use draft::{
    Edit, LONGEST_REASON, OverrideDraft, RotationDraft, ScheduleDraft, ShiftDraft, SwapAct,
    SwapDraft, When,
};
pub use feed::{Agenda, Time};
pub use refused::Refused;

/// Edits schedules.
pub struct Rota {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes for the addresses of calendars.
    pub ids: Arc<dyn IdSource>,
    /// The gateway of notices, and where people sign in.
    pub desk: Arc<Desk>,
    /// Wakes the outbox, the ladder and open pages: somebody else may be on call now.
    pub feed: Feed,
}

/// Why a unit of work ends early.
enum Stop {
    /// What was asked for cannot be done.
    Refused(Refused),
    /// The store failed.
    Store(StoreError),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One edit by one person at one time.
struct Work<'a> {
    tx: &'a mut Tx,
    by: &'a Account,
    desk: &'a Desk,
    now: At,
}

impl Rota {
    /// Carries out an edit of a schedule, whole or not at all. Returns what was made or changed.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn edit(
        &self,
        by: &Account,
        edit: Edit,
    ) -> Result<Result<Uuid, Refused>, StoreError> {
        let (now, work) = (self.clock.now(), self.work(by, edit));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, edit, desk) = &*work;
                told(Work { tx, by, desk, now }.edit(edit).await)
            })
        });
        self.look_again(unit.await)
    }

    /// Offers a swap, or answers one. Returns the swap.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn swap(
        &self,
        by: &Account,
        act: SwapAct,
    ) -> Result<Result<Uuid, Refused>, StoreError> {
        let (now, work) = (self.clock.now(), self.work(by, act));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, act, desk) = &*work;
                told(Work { tx, by, desk, now }.swap(act).await)
            })
        });
        self.look_again(unit.await)
    }

    fn work<T>(&self, by: &Account, what: T) -> Arc<(Account, T, Arc<Desk>)> {
        Arc::new((by.clone(), what, Arc::clone(&self.desk)))
    }

    /// Wakes whoever depends on who is on call.
    fn look_again<T>(&self, done: T) -> T {
        self.feed.wake_outbox();
        self.feed.wake_ladder();
        self.feed.signal(Signal::OnCall);
        done
    }
}

/// A refusal is an outcome of the unit, not a failure of it: the checks come before the first write.
fn told<T>(done: Result<T, Stop>) -> Result<Result<T, Refused>, StoreError> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Stop::Refused(refused)) => Ok(Err(refused)),
        Err(Stop::Store(error)) => Err(error),
    }
}

impl Work<'_> {
    /// Tells a person by every method of theirs that is for notices; in their quiet hours, at their end.
    async fn tell(&mut self, person: &Person, words: &str) -> Result<(), StoreError> {
        let told = self
            .tx
            .tell_person(&self.desk.gateway, person, words, self.now);
        told.await.map(|_| ())
    }

    async fn audit(
        &mut self,
        action: &str,
        subject: Uuid,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        self.tx
            .audit(self.now, &self.by.login, action, Some(subject), &detail)
            .await
    }
}
