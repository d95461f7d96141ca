//! A drill of the fail-safe: what it does while the store is away, with a store that says so. Part of
//! `failsafe`: floor 3.

use std::sync::Arc;
use std::time::Duration;

use super::{FailSafe, entry_of};
use crate::gateway::{Gateway, Inbound};
use crate::text::MessageBody;

/// Nothing is waited for: the store refuses at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the fail-safe did with the text of a drill.
#[derive(Debug)]
pub struct Rehearsed {
    /// The answer in the response to the hook.
    pub answer: MessageBody,
    /// Whether the text is in the spool; the replay then brings it to the real store.
    pub kept: bool,
    /// Who was paged without the store, by name, and whether a gateway accepted it.
    pub told: Vec<(String, bool)>,
}

impl FailSafe {
    /// Takes the text of a drill in as if the store were away. `None`: it was stored all the same, so that
    /// nothing could be shown. With `dry_run` no page leaves the program.
    pub async fn rehearse_outage(
        self: &Arc<Self>,
        gateway: &dyn Gateway,
        inbound: Inbound,
        dry_run: bool,
    ) -> Option<Rehearsed> {
        let caps = gateway.caps();
        let intake = self.intake.unplugged();
        let taken = intake.text(gateway.name(), caps.inline_reply, inbound, PATIENCE);
        let arrival = taken.await.err()?.arrival;
        let answer = self.intake.crisis_reply(&arrival);
        arrival.set_left();
        // Paged first: from the spool the text comes to the real store within a second, and is paged again.
        let told = self
            .dispatch
            .rehearse_alarm(&self.roster.current(), dry_run)
            .await;
        let entry = entry_of(&arrival);
        let kept = self.keep(&caps, arrival.is_crisis(), &entry).await;
        Some(Rehearsed {
            answer,
            kept: kept.is_some(),
            told,
        })
    }
}
