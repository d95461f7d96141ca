//! The feed: who must look again, inside this process. Signals only, never data. Floor 2.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use crate::lane::Lane;
use crate::oncall::Channel;

/// Something changed; whoever shows it reads it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The queue.
    Queue,
    /// One conversation.
    Conversation(Uuid),
    /// Who is on call, and when.
    OnCall,
    /// The phones of the simulator.
    Simulator,
}

/// How many signals are kept for a page that comes back.
const KEPT: usize = 1024;

/// A signal with its place among all signals of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The place, from 1.
    pub number: u64,
    /// The signal.
    pub signal: Signal,
}

/// What a page that comes back has missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// These, in their order.
    These(Vec<Numbered>),
    /// More than is known: it must read everything again.
    Unknown,
}

/// What somebody hears from here on.
pub struct Subscription {
    /// What they missed.
    pub missed: Missed,
    /// The number of the last signal before.
    pub last: u64,
    /// What comes.
    pub signals: broadcast::Receiver<Numbered>,
}

/// Carries signals to open pages, and wakes the workers. Clones share it.
#[derive(Clone)]
pub struct Feed {
    signals: broadcast::Sender<Numbered>,
    recent: Arc<Mutex<VecDeque<Numbered>>>,
    lanes: [Arc<Notify>; Lane::ALL.len()],
    channels: [Arc<Notify>; Channel::ALL.len()],
    ladder: Arc<Notify>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            signals: broadcast::channel(256).0,
            recent: Arc::default(),
            lanes: Default::default(),
            channels: Default::default(),
            ladder: Arc::default(),
        }
    }
}

impl Feed {
    /// Tells open pages. Nobody may be looking: that is no error.
    pub fn signal(&self, signal: Signal) {
        // Sent under the lock, so that nobody sees them in another order.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let number = recent.back().map_or(1, |last| last.number + 1);
        let signal = Numbered { number, signal };
        recent.push_back(signal);
        if recent.len() > KEPT {
            recent.pop_front();
        }
        let _ = self.signals.send(signal);
    }

    /// Signals from now on, and what came after the one with this number, if one is given: nothing is
    /// between the two.
    #[must_use]
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let last = recent.back().map_or(0, |last| last.number);
        let first = recent.front().map_or(1, |first| first.number);
        let after = after.unwrap_or(last);
        let missed = if after > last || after + 1 < first {
            Missed::Unknown
        } else {
            let missed = recent.iter().filter(|one| one.number > after);
            Missed::These(missed.copied().collect())
        };
        Subscription {
            missed,
            last,
            signals: self.signals.subscribe(),
        }
    }

    /// How many pages are open that hear signals.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.signals.receiver_count()
    }

    /// There may be something to send, in any lane.
    pub fn wake_outbox(&self) {
        // One worker of each lane and channel; it takes all that is due.
        let all = self.lanes.iter().chain(&self.channels);
        all.for_each(|workers| workers.notify_one());
    }

    /// An alert was opened or changed.
    pub fn wake_ladder(&self) {
        self.ladder.notify_one();
    }

    /// What the workers of a lane wait for, besides time: for texts one of their own each, and one for
    /// each other channel, by which nothing but pages leaves.
    #[must_use]
    pub fn outbox(&self, lane: Lane, channel: Channel) -> Arc<Notify> {
        Arc::clone(match channel {
            Channel::Sms => &self.lanes[lane as usize],
            other => &self.channels[other as usize],
        })
    }

    /// What the paging worker waits for, besides time.
    #[must_use]
    pub fn ladder(&self) -> Arc<Notify> {
        Arc::clone(&self.ladder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_gets_what_they_missed_in_its_order_or_reads_everything_again() {
        let feed = Feed::default();
        assert_eq!(feed.subscribe(Some(0)).missed, Missed::These(Vec::new()));
        assert_eq!(
            feed.subscribe(Some(1)).missed,
            Missed::Unknown,
            "of another process"
        );
        for _ in 0..3 {
            feed.signal(Signal::Queue);
        }
        let now = feed.subscribe(None);
        assert_eq!((now.missed, now.last), (Missed::These(Vec::new()), 3));
        let numbers = |after| match feed.subscribe(Some(after)).missed {
            Missed::These(these) => these.iter().map(|one| one.number).collect::<Vec<_>>(),
            Missed::Unknown => vec![0],
        };
        assert_eq!(numbers(1), [2, 3]);
        assert!(numbers(3).is_empty());
        for _ in 0..KEPT {
            feed.signal(Signal::OnCall);
        }
        assert_eq!(numbers(2), [0], "too long ago");
        assert_eq!(numbers(3).len(), KEPT);
    }
}
