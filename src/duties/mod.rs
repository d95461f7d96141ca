//! Duties: people are told of their shifts, asked to take them, and told when they are over. When nobody
//! takes one, the others and the operator hear of it before a texter needs them. Floor 3.
//!
//! What is to be done is the difference between the schedules and what was done (`oncall::duty_steps`):
//! here it is only carried out, in one unit of work.

mod carry_out;
mod untaken;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::feed::{Feed, Signal};
use crate::oncall::{DUTY_LOOKS_BACK, Desk, Duty, DutyTiming, Operator, Schedule, duty_steps};
use crate::store::{Account, Store, StoreError, Tx};

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(5);

/// Tells and asks people about their shifts.
pub struct Duties {
    /// Where duties are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The gateway of notices, and where people sign in.
    pub desk: Arc<Desk>,
    /// Who is told when nobody takes a shift.
    pub operator: Arc<Operator>,
    /// When people are told and asked.
    pub timing: DutyTiming,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
    /// When this process looks next.
    pub next: NextLook,
}

/// Why a shift was not taken; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// They are not asked.
    #[error(
        "You are not asked to take a shift now. It was taken before, or is not yours any more."
    )]
    NotAsked,
}

/// What a unit of work needs.
struct Work {
    desk: Arc<Desk>,
    operator: Arc<Operator>,
    timing: DutyTiming,
    now: At,
}

/// Everything that says what is to be done.
struct Found {
    schedules: Vec<Schedule>,
    open: Vec<Duty>,
}

impl Found {
    async fn read(tx: &mut Tx, now: At) -> Result<Self, StoreError> {
        Ok(Self {
            schedules: tx.schedules(now.minus(DUTY_LOOKS_BACK)).await?,
            open: tx.duties_open().await?,
        })
    }
}

impl Duties {
    /// Does what is due, and says how much that was. A worker may call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was done, and all of it stays due.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.next.is_due(now) {
            return Ok(0);
        }
        // A look that fails is not put off.
        let due = self.is_due(now).await?;
        self.next.set(now.plus(EVERY));
        if !due {
            return Ok(0);
        }
        let work = Arc::new(Work {
            desk: Arc::clone(&self.desk),
            operator: Arc::clone(&self.operator),
            timing: self.timing,
            now,
        });
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.tend(tx).await })
        });
        let done = unit.await?;
        if done > 0 {
            self.feed.wake_outbox();
            self.feed.signal(Signal::OnCall);
        }
        Ok(done)
    }

    /// A look that waits for nobody: only what is due costs a write.
    async fn is_due(&self, now: At) -> Result<bool, StoreError> {
        let mut tx = self.store.read().await?;
        let found = Found::read(&mut tx, now).await?;
        let steps = duty_steps(&found.schedules, &found.open, &self.timing, now);
        Ok(!steps.is_empty()
            || untaken::changed(&mut tx, &found).await?
            || !lapsed(&mut tx, now).await?.is_empty())
    }

    /// Takes the shifts that somebody is asked about, from the dashboard.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why nothing was taken.
    pub async fn take(&self, by: &Account) -> Result<Result<(), Refused>, StoreError> {
        let (now, by) = (self.clock.now(), Arc::new(by.clone()));
        let unit = self.store.write(move |tx| {
            let by = Arc::clone(&by);
            Box::pin(async move {
                let taken = tx.take_duties((by.id, &by.login), "dashboard", now).await?;
                Ok(!taken.is_empty())
            })
        });
        let taken = unit.await?;
        self.look_soon();
        self.feed.signal(Signal::OnCall);
        Ok(if taken {
            Ok(())
        } else {
            Err(Refused::NotAsked)
        })
    }

    /// Lets the next tick look, however short ago the last one was.
    fn look_soon(&self) {
        self.next.soon();
    }
}

/// The offers of swaps whose time is over without an answer.
async fn lapsed(tx: &mut Tx, now: At) -> Result<Vec<Uuid>, StoreError> {
    let open = tx.swaps_open().await?.into_iter();
    let over = open.filter(|swap| swap.gives.1 <= now);
    Ok(over.map(|swap| swap.id).collect())
}
