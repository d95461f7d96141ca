//! The page that needs no store: a crisis text came in and could not be kept.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Dispatch, policy};
use crate::clock::At;
use crate::gateway::client::send;
use crate::gateway::{Outgoing, SendOutcome, receipts_url};
use crate::lane::Lane;
use crate::oncall::unstored;
use crate::text::MessageBody;

/// How often a contact is tried at once; the next text in crisis starts another round.
const TRIES: usize = 3;

/// When the last round went out.
#[derive(Debug)]
pub struct LastAlarm(AtomicI64);

impl Default for LastAlarm {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl LastAlarm {
    /// Whether a round may go out now: one for all texts of an interval, not one for each.
    fn may_ring(&self, now: At, interval: std::time::Duration) -> bool {
        let rings = |last: i64| (At(last).plus(interval) <= now).then_some(now.0);
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, rings)
            .is_ok()
    }
}

impl Dispatch {
    /// Pages everyone on call from memory: nothing is known of the text but that it is a crisis.
    pub async fn page_without_store(&self) {
        let now = self.clock.now();
        if !self.last_alarm.may_ring(now, self.desk.timing.repage) {
            return;
        }
        let Some(gateway) = self.gateways.get(&self.desk.gateway) else {
            return;
        };
        let body = MessageBody::new(unstored());
        for contact in &self.desk.roster.fallback {
            let outbox_id = self.ids.id(now);
            let receipts = receipts_url(&self.desk.public_url, gateway.name(), outbox_id);
            let page = Outgoing {
                outbox_id,
                to: &contact.number,
                body: &body,
                lane: Lane::Page,
                validity: policy::validity(Lane::Page),
                receipts_url: &receipts,
            };
            for attempt in 1..=TRIES {
                let answer = send(&self.client, gateway.build_send(&page)).await;
                let outcome = gateway.read_send(outbox_id, answer.as_result());
                tracing::warn!(attempt, ?outcome, "page without the store");
                if matches!(outcome, SendOutcome::Accepted { .. }) {
                    break;
                }
            }
        }
    }
}
