//! The feed: who must look again, inside this process. Signals only, never data. Floor 2.

use std::sync::Arc;

use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use crate::lane::Lane;

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
    ladder: Arc<Notify>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            signals: broadcast::channel(256).0,
            lanes: Default::default(),
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
        // One worker a lane; it takes all that is due.
        self.lanes.iter().for_each(|lane| lane.notify_one());
    }

    /// An alert was opened or changed.
    pub fn wake_ladder(&self) {
        self.ladder.notify_one();
    }

    /// What the workers of a lane wait for, besides time.
    #[must_use]
    pub fn outbox(&self, lane: Lane) -> Arc<Notify> {
        Arc::clone(&self.lanes[lane as usize])
    }

    /// What the paging worker waits for, besides time.
    #[must_use]
    pub fn ladder(&self) -> Arc<Notify> {
        Arc::clone(&self.ladder)
    }
}
