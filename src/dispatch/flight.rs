//! What is on its way: each text waits for its answer by itself, so that a slow one holds up no other.
//! Part of `dispatch`: floor 3.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::{Dispatch, Looked};
use crate::feed::Signal;
use crate::lane::Lane;
use crate::oncall::Channel;
use crate::store::{Due, StoreError};

/// How many texts of a lane may wait for the answer of one gateway at once; how many mails, that of the
/// mail server.
pub(super) const fn most(channel: Channel) -> u16 {
    match channel {
        Channel::Email => super::MAILS,
        Channel::Sms | Channel::Voice | Channel::Webhook => 32,
    }
}

/// How many texts are on their way, by lane, channel and gateway.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<BTreeMap<(Lane, Channel, String), u16>>);

impl InFlight {
    /// How many are on their way by each gateway.
    pub(super) fn of(&self, lane: Lane, channel: Channel) -> BTreeMap<String, u16> {
        let counts = self.counts();
        let here = counts
            .iter()
            .filter(|((l, c, _), _)| (*l, *c) == (lane, channel));
        here.map(|((_, _, gateway), count)| (gateway.clone(), *count))
            .collect()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(Lane, Channel, String), u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text that is on its way, until it is dropped.
struct Underway {
    all: Arc<InFlight>,
    by: (Lane, Channel, String),
    /// Who may send more then.
    wake: Arc<Notify>,
}

impl Underway {
    fn new(all: &Arc<InFlight>, due: &Due, wake: Arc<Notify>) -> Self {
        let by = (due.lane, due.to.channel, due.gateway.clone());
        *all.counts().entry(by.clone()).or_default() += 1;
        Self {
            all: Arc::clone(all),
            by,
            wake,
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let left = {
            let mut counts = self.all.counts();
            let left = counts.get(&self.by).copied().unwrap_or(0).saturating_sub(1);
            if left == 0 {
                counts.remove(&self.by);
            } else {
                counts.insert(self.by.clone(), left);
            }
            left
        };
        // While most are still on their way, looking for more after each would only keep the store busy.
        if left <= most(self.by.1) / 2 {
            self.wake.notify_one();
        }
    }
}

impl Dispatch {
    /// Starts to send what is due in a lane by one channel, and says how many texts that was and when to
    /// look again for what waits for its sender. Each waits for its answer on a task of its own, which
    /// settles it.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was claimed.
    pub async fn start(
        self: &Arc<Self>,
        lane: Lane,
        channel: Channel,
        tasks: &TaskTracker,
    ) -> Result<Looked, StoreError> {
        let (claimed, until) = self.claim(lane, channel).await?;
        let looked = Looked {
            done: claimed.due.len(),
            again: claimed.again,
            full: claimed.full,
        };
        for due in claimed.due {
            let wake = self.feed.outbox(lane, channel);
            let underway = Underway::new(&self.in_flight, &due, wake);
            let dispatch = Arc::clone(self);
            tasks.spawn(async move {
                let outbox = due.id;
                // A panic must not leave it counted for ever.
                let sent = AssertUnwindSafe(dispatch.send(due, until)).catch_unwind().await;
                if let Err(error) = sent.unwrap_or(Err(StoreError::Panicked)) {
                    tracing::error!(%outbox, %error, "how a text fared was not kept: it goes out again when its lease runs out");
                }
                dispatch.feed.signal(Signal::Queue);
                drop(underway);
            });
        }
        Ok(looked)
    }
}
