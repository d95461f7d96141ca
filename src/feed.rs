//! The feed: who must look again, inside this process. Signals only, never data. Floor 2.

use std::sync::Arc;

use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

/// Something changed; whoever shows it reads it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The queue.
    Queue,
    /// One conversation.
    Conversation(Uuid),
    /// The phones of the simulator.
    Simulator,
}

/// Carries signals to open pages, and wakes the workers. Clones share it.
#[derive(Clone)]
pub struct Feed {
    signals: broadcast::Sender<Signal>,
    outbox: Arc<Notify>,
    ladder: Arc<Notify>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            signals: broadcast::channel(256).0,
            outbox: Arc::default(),
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

    /// There is something to send.
    pub fn wake_outbox(&self) {
        self.outbox.notify_waiters();
    }

    /// An alert was opened or changed.
    pub fn wake_ladder(&self) {
        self.ladder.notify_waiters();
    }

    /// What the outbox workers wait for, besides time.
    #[must_use]
    pub fn outbox_handle(&self) -> Arc<Notify> {
        Arc::clone(&self.outbox)
    }

    /// What the paging worker waits for, besides time.
    #[must_use]
    pub fn ladder_handle(&self) -> Arc<Notify> {
        Arc::clone(&self.ladder)
    }
}
