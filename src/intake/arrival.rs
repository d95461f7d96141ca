//! One text with all that is known of it before the store is asked.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Taken;
use crate::clock::At;
use crate::gateway::{Inbound, drill};
use crate::store::StoreError;
use crate::triage::{Action, Tier, Verdict};

/// A text that came in.
#[derive(Debug)]
pub struct Arrival {
    /// The gateway that it came by.
    pub gateway: String,
    /// The text.
    pub inbound: Inbound,
    /// What triage says of it alone.
    pub verdict: Verdict,
    /// When it came in.
    pub arrived: At,
    /// The outbox row of the crisis reply that leaves outside the outbox. It is made before the
    /// decision, so that a reply that had to go out without the store, and the row that a late commit
    /// or a replay makes, are one and the same: receipts find it, and nothing is said twice.
    pub reply_id: Uuid,
    /// When it was sent, if that was not just now: the thread shows it there.
    pub sent_at: Option<At>,
    carried: AtomicBool,
    left_as: OnceLock<Tier>,
}

impl Arrival {
    pub(super) fn new(
        gateway: String,
        inbound: Inbound,
        verdict: Verdict,
        arrived: At,
        reply_id: Uuid,
    ) -> Self {
        Self {
            gateway,
            inbound,
            verdict,
            arrived,
            reply_id,
            sent_at: None,
            carried: AtomicBool::new(false),
            left_as: OnceLock::new(),
        }
    }

    /// The whole that this is a piece of, or the text with other words.
    pub(super) fn whole(&self, inbound: Inbound, verdict: Verdict) -> Self {
        let gateway = self.gateway.clone();
        let whole = Self::new(gateway, inbound, verdict, self.arrived, self.reply_id);
        whole.set_carried(self.is_carried());
        Self {
            sent_at: self.sent_at,
            left_as: self.left_as.clone(),
            ..whole
        }
    }

    /// Says whether the first crisis reply leaves outside the outbox: in the response to the hook, or
    /// by a request that needs no store. Its row then waits for a receipt instead of being sent.
    pub fn set_carried(&self, carried: bool) {
        self.carried.store(carried, Ordering::SeqCst);
    }

    /// Says that the crisis reply leaves before the store has decided, in words for this text alone.
    pub fn set_left(&self) {
        self.set_carried(true);
        // The same each time.
        let _ = self.left_as.set(self.verdict.tier);
    }

    /// How urgent the text is by the reply that left before the store had decided, if one did. After those
    /// before it the text may be worse.
    #[must_use]
    pub fn left_as(&self) -> Option<Tier> {
        self.left_as.get().copied()
    }

    /// See [`Arrival::set_carried`].
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.carried.load(Ordering::SeqCst)
    }

    /// When it was sent, as far as is known. Never later than it came: a provider's clock may be ahead of
    /// ours.
    pub(super) fn said_at(&self) -> At {
        self.sent_at.unwrap_or(self.arrived).min(self.arrived)
    }

    /// The drill that it belongs to, if it is none of a person.
    #[must_use]
    pub fn drill(&self) -> Option<Uuid> {
        drill::drill_of(&self.gateway, &self.inbound)
    }

    /// Whether the text is answered with 988 and pages, whatever else happens.
    #[must_use]
    pub fn is_crisis(&self) -> bool {
        self.verdict.action() == Action::Page
    }
}

/// The text could not be kept in time.
#[derive(Debug)]
pub struct NotStored {
    /// The text.
    pub arrival: std::sync::Arc<Arrival>,
    /// What went wrong.
    pub why: StoreError,
    /// The decision that still runs, if it is only late.
    pub late: Option<JoinHandle<Result<Taken, StoreError>>>,
}
