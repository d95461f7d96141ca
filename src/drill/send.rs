//! The text of a drill: it comes in by the way of every hook.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::door::{Knocked, outbox_id_in};
use super::{Drills, happened};
use crate::clock::At;
use crate::delivery::Delivery;
use crate::gateway::drill::{Loopback, NAME, inbound};
use crate::gateway::{Gateway as _, Inbound, Receipt};
use crate::oncall::Variant;
use crate::oncall::drill::Step;
use crate::store::{Drill, StoreError};

/// How old what was asked for may be: nobody waits for it any more, and people are not paged by surprise.
const ASKED_WITHIN: Duration = Duration::from_mins(2);

/// A crisis that every triage must see, marked for who reads it.
const TEXT: &str = "DRILL: i want to die";
/// What the answer must name.
const LIFELINE: &str = "988";

impl Drills {
    /// Takes a drill up, unless another server has, and sends its text.
    pub(super) async fn take_up(self: &Arc<Self>, drill: Drill) -> Result<usize, StoreError> {
        let (id, now) = (drill.id, self.clock.now());
        if let Some(why) = self.hindrance(&drill, now) {
            return Ok(usize::from(self.call_off(id, why).await?));
        }
        let taken = self
            .store
            .write(move |tx| Box::pin(async move { tx.take_drill(id, now).await }));
        if !taken.await? {
            return Ok(0);
        }
        tracing::info!(drill = %id, variant = drill.variant.word(), "a drill begins");
        let mut drill = drill;
        drill.report.text_at = Some(now);
        let text = inbound(id, TEXT);
        if drill.variant == Variant::DbDown {
            self.send_without_store(&mut drill, text).await;
        } else {
            self.send(&mut drill, text, now).await?;
        }
        let report = Arc::new(drill.report);
        let keep = self.store.write(move |tx| {
            let report = Arc::clone(&report);
            Box::pin(async move { tx.save_drill(id, &report).await })
        });
        keep.await?;
        self.wake();
        Ok(1)
    }

    /// Why a drill that was asked for is not held after all.
    fn hindrance(&self, drill: &Drill, now: At) -> Option<&'static str> {
        if now.since(drill.started_at) > ASKED_WITHIN {
            return Some("no server took it up in time");
        }
        let waits = self.failsafe.spool.counts().entries > 0;
        waits.then_some("texts wait in the spool: the database was out of reach")
    }

    async fn send(&self, drill: &mut Drill, text: Inbound, now: At) -> Result<(), StoreError> {
        let (answer, outbox_id) = self.bring(drill, text).await;
        if answer.contains(LIFELINE) {
            let what = Some("in the answer to the text".to_owned());
            happened(drill, Step::Reply, self.clock.now(), what);
        }
        let Some(outbox_id) = outbox_id else {
            return Ok(());
        };
        // What a provider says of a text that arrived: without it, it would be sent again.
        let receipt = Receipt {
            gateway_ref: format!("{NAME}-{}", drill.id),
            outbox_id: Some(outbox_id),
            delivery: Delivery::Delivered,
            code: None,
            opted_out: false,
        };
        tracing::debug!(drill = %drill.id, at = now.0, "the answer to a drill arrived");
        self.failsafe.dispatch.receipt(NAME, receipt).await
    }

    /// Brings the text in by a hook, or past the door where no hook can be made here. Returns what it was
    /// answered, and the row of that reply.
    async fn bring(&self, drill: &mut Drill, text: Inbound) -> (String, Option<Uuid>) {
        let knocked = match &self.door {
            Some(door) => door.knock(&self.marker, drill.id, &text).await,
            None => None,
        };
        if let Some(Knocked { way, answer }) = knocked {
            drill.report.way = Some(way);
            let answer = answer.unwrap_or_default();
            let outbox_id = outbox_id_in(&answer);
            return (answer, outbox_id);
        }
        drill.report.way = Some("past the door: only the provider can sign its hooks".to_owned());
        let loopback = Loopback::default();
        let came_by = (loopback.name(), &loopback.caps());
        let answer = self.failsafe.text(came_by, Instant::now(), text).await;
        match answer {
            Ok(Some(answer)) => (answer.body.reveal().to_owned(), answer.outbox_id),
            _ => Default::default(),
        }
    }

    async fn send_without_store(&self, drill: &mut Drill, text: Inbound) {
        let rehearsed = self
            .failsafe
            .rehearse_outage(&Loopback::default(), text, drill.dry_run)
            .await;
        drill.report.way = Some("past the door, to a store that refuses".to_owned());
        let (Some(rehearsed), now) = (rehearsed, self.clock.now()) else {
            return;
        };
        if rehearsed.answer.reveal().contains(LIFELINE) {
            let what = Some("without the database".to_owned());
            happened(drill, Step::Reply, now, what);
        }
        if rehearsed.kept {
            happened(drill, Step::Kept, now, None);
        }
        let accepted = rehearsed.told.iter().filter(|(_, accepted)| *accepted);
        let accepted: Vec<&str> = accepted.map(|(name, _)| name.as_str()).collect();
        if !accepted.is_empty() && accepted.len() == rehearsed.told.len() {
            happened(drill, Step::Snapshot, now, Some(accepted.join(", ")));
        }
    }
}
