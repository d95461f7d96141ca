//! The feed: who must look again, inside this process. Signals only, never data. Floor 2.

use std::sync::Arc;

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

/// Carries signals to open pages, and wakes the workers. Clones share it.
#[derive(Clone)]
pub struct Feed {
    signals: broadcast::Sender<Signal>,
    lanes: [Arc<Notify>; Lane::ALL.len()],
    channels: [Arc<Notify>; Channel::ALL.len()],
    ladder: Arc<Notify>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            signals: broadcast::channel(256).0,
            lanes: Default::default(),
            channels: Default::default(),
            ladder: Arc::default(),
        }
    }
}

impl Feed {
    /// Tells open pages. Nobody may be looking: that is no error.
    pub fn signal(&self, signal: Signal) {
        let _ = self.signals.send(signal);
    }

    /// Signals from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.signals.subscribe()
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
