//! Retention: removes what has been kept long enough, keeps what is under a legal hold, and erases a texter
//! on the operator's word. Floor 3.
//!
//! Every hour one replica, by a lease, removes what is due, class by class and a batch a commit, so that
//! nobody waits for it long. A dry run counts by the same conditions.

mod by_hand;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::config::RetentionSection;
use crate::followup::Scrub;
use crate::store::{Amount, Class, Store, StoreError};

pub use by_hand::{NotDone, Who};

/// From one round to the next.
const EVERY: Duration = Duration::from_hours(1);
/// How long a round keeps others from one; longer, and it is one of its own.
const LEASE: Duration = Duration::from_mins(30);
/// How many rows are removed in one commit: texts that come in wait for the same writer.
const AT_ONCE: u16 = 200;
const DAY: Duration = Duration::from_hours(24);

/// Hears which class is gone through, and how many rows of it were.
pub type Tell<'a> = &'a (dyn Fn(Class, u64) + Send + Sync);

/// For how long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps(RetentionSection);

impl Keeps {
    /// As it was configured.
    #[must_use]
    pub const fn of(section: &RetentionSection) -> Self {
        Self(*section)
    }

    /// Days for which a class is kept.
    #[must_use]
    pub const fn days(&self, class: Class) -> u32 {
        match class {
            Class::Bodies => self.0.bodies_days,
            Class::Notes => self.0.notes_days,
            Class::Drafts => self.0.drafts_days,
            Class::Numbers => self.0.numbers_days,
            Class::GatewayLog => self.0.gateway_log_days,
            Class::Sessions => self.0.sessions_days,
            Class::Pages => self.0.pages_days,
            Class::Counts => self.0.counts_days,
        }
    }

    fn cutoff(&self, class: Class, now: At) -> At {
        now.minus(DAY * self.days(class))
    }
}

/// What is due of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueClass {
    /// The class.
    pub class: Class,
    /// For how many days it is kept.
    pub days: u32,
    /// What is older than this is due.
    pub cutoff: At,
    /// How much, table by table.
    pub amounts: Vec<Amount>,
}

/// Removes what has been kept long enough.
pub struct Retention {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For how long what is kept.
    pub keeps: Keeps,
    /// Clears the journal of the database afterwards.
    pub scrub: Arc<Scrub>,
    /// This process, for the lease.
    pub holder: Uuid,
    /// When this process looks next.
    pub next: NextLook,
}

impl Retention {
    /// What would be removed now. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn dry_run(&self) -> Result<Vec<DueClass>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.read().await?;
        let mut due = Vec::with_capacity(Class::ALL.len());
        for class in Class::ALL {
            let cutoff = self.keeps.cutoff(class, now);
            due.push(DueClass {
                class,
                days: self.keeps.days(class),
                cutoff,
                amounts: tx.retention_of(class, cutoff).await?,
            });
        }
        Ok(due)
    }

    /// Removes what is due, if it is time and no other replica does, and says whether it did. A worker may
    /// call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: what was not removed yet stays due.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.next.is_due(now) {
            return Ok(0);
        }
        let holder = self.holder;
        let lease = self.store.write(move |tx| {
            Box::pin(async move { tx.take_lease("retention", holder, now, LEASE).await })
        });
        self.next.set(now.plus(EVERY));
        if !lease.await? {
            return Ok(0);
        }
        self.remove_all(now, &|_, _| {}).await?;
        Ok(1)
    }

    /// Removes what is due, whoever else is at it. `tell` hears of each class and how many rows of it were
    /// gone through.
    ///
    /// # Errors
    /// [`StoreError`]: what was not removed yet stays due.
    pub async fn run(&self, tell: Tell<'_>) -> Result<(), StoreError> {
        self.remove_all(self.clock.now(), tell).await?;
        self.scrub.run(&self.store).await
    }

    async fn remove_all(&self, now: At, tell: Tell<'_>) -> Result<(), StoreError> {
        let mut removed = false;
        for class in Class::ALL {
            removed |= self.remove(class, now, tell).await?;
        }
        if removed {
            self.scrub.want();
        }
        Ok(())
    }

    /// Removes what of a class is due, and says whether there was anything.
    async fn remove(&self, class: Class, now: At, tell: Tell<'_>) -> Result<bool, StoreError> {
        let cutoff = self.keeps.cutoff(class, now);
        let mut gone = 0;
        loop {
            let unit = self.store.write(move |tx| {
                Box::pin(async move { tx.retain(class, cutoff, now, AT_ONCE).await })
            });
            let most = unit.await?;
            gone += most;
            tell(class, gone);
            if most < u64::from(AT_ONCE) {
                return Ok(gone > 0);
            }
        }
    }
}
