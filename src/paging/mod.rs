//! Paging: the ladder of every open alert, advanced by rows and due times. Floor 3.
//!
//! One tick is one transaction: a restart or another replica changes nothing. What each tick does is
//! decided by [`crate::oncall`]; here it is found out who can be reached, and written down.

mod duty;
mod held;
mod rehearsal;
mod roster;
mod round;
mod storm;

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::{At, Clock, ClockWatch, NextLook};
use crate::feed::{Feed, Signal};
use crate::oncall::Desk;
use crate::roster::LastRoster;
use crate::store::{Store, StoreError, Tx};
use duty::Duty;
pub use rehearsal::{Rehearsal, Rehearsed, rehearse};

/// How many alerts one tick advances; the next tick follows at once.
const ALERTS: u16 = 256;

/// Pages until a human is there.
pub struct Paging {
    /// Where alerts are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The contacts of the configuration, and the clocks.
    pub desk: Arc<Desk>,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
    /// Who is paged when the store cannot be asked.
    pub last_roster: Arc<LastRoster>,
    /// When that is looked at next.
    pub next_roster: NextLook,
    /// Notices when the computer's clock goes back.
    pub clock_watch: ClockWatch,
}

impl Paging {
    /// Pages what is due and says for how many alerts. All of it commits together.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was sent, and all of it stays due.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        match self.mind_the_clock().await {
            // Nothing about the clock may keep anybody from being paged.
            Err(error) if error.is_of_the_work() => {
                tracing::error!(%error, "open cases could not be looked through for times that are wrong");
            }
            done => done?,
        }
        let paged = match self.advance(None).await {
            // One bad row must not keep the others from being paged.
            Err(error) if error.is_of_the_work() => {
                tracing::error!(%error, "open cases could not be paged together; each is tried alone");
                self.one_by_one().await?
            }
            done => done?,
        };
        if paged > 0 {
            self.feed.wake_outbox();
            self.feed.signal(Signal::Queue);
        }
        Ok(paged)
    }

    /// Makes due what would wait until a clock that went back is as late again.
    async fn mind_the_clock(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(later) = self.clock_watch.wrong_after(now) else {
            self.clock_watch.minded(now);
            return Ok(());
        };
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                let cases = tx.alerts_of_the_future(later).await?;
                for mut alert in cases.iter().cloned() {
                    alert.clock_went_back(now);
                    tx.save_alert(&alert).await?;
                }
                tx.outbox_of_the_future(later, now).await?;
                tx.replies_of_the_future(now).await?;
                Ok(cases.len())
            })
        });
        let cases = unit.await?;
        self.clock_watch.minded(now);
        if cases > 0 {
            tracing::error!(
                cases,
                "the clock of this computer went back: open cases are paged now; check how its time is set"
            );
        }
        Ok(())
    }

    async fn one_by_one(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due = self.store.read().await?.alerts_due_ids(now, ALERTS).await?;
        let mut paged = 0;
        for alert in due {
            match self.advance(Some(alert)).await {
                Ok(done) => paged += done,
                Err(error) if error.is_of_the_work() => {
                    tracing::error!(%alert, %error, "NOT PAGED: look at the queue");
                    let until = now.plus(storm::WINDOW);
                    let unit = self
                        .store
                        .write(move |tx| Box::pin(async move { tx.put_off(alert, until).await }));
                    unit.await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(paged)
    }

    /// The unit of work: of all that is due, or of one alert alone.
    async fn advance(&self, only: Option<Uuid>) -> Result<usize, StoreError> {
        let (now, desk) = (self.clock.now(), Arc::clone(&self.desk));
        let unit = self.store.write(move |tx| {
            let desk = Arc::clone(&desk);
            Box::pin(async move {
                let due = match only {
                    None => storm::due(tx, now, ALERTS).await?,
                    Some(id) => {
                        let alert = tx.alert_to_change(id).await?;
                        alert
                            .into_iter()
                            .filter(|one| one.page_is_due(now))
                            .collect()
                    }
                };
                let held = match only {
                    None => held::due(tx, &desk, now).await?,
                    Some(_) => Vec::new(),
                };
                if due.is_empty() && held.is_empty() {
                    return Ok(0);
                }
                let duty = Duty::read(tx, &desk, now).await?;
                let count = due.len() + held.len();
                let mut rounds = Vec::new();
                for alert in due {
                    rounds.extend(round::advance(tx, &desk, &duty, alert, now).await?);
                }
                storm::send(tx, &desk, &rounds, now).await?;
                held::page(tx, &desk, &duty, &held, now).await?;
                Ok(count)
            })
        });
        unit.await
    }
}

/// Sends a page or a notice about a case.
async fn tell(
    tx: &mut Tx,
    desk: &Desk,
    page: &crate::store::NewPage<'_>,
    now: At,
) -> Result<Uuid, StoreError> {
    tx.send_to_responder(&desk.gateway, page, now).await
}
