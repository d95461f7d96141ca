//! What leaves without the store: the page, and the crisis reply of a gateway that carries none in
//! the response to its hook.

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Dispatch, policy};
use crate::clock::At;
use crate::gateway::{Outgoing, SendOutcome, receipts_url};
use crate::lane::Lane;
use crate::oncall::{Contact, Roster, unstored, unstored_call};
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// How often a text is tried at once; the next text in crisis starts another round of pages.
const TRIES: usize = 3;

/// When the last rounds went out.
#[derive(Debug, Default)]
pub struct LastAlarm {
    crisis: LastRound,
    others: LastRound,
}

/// When one kind of round last went out.
#[derive(Debug)]
struct LastRound(AtomicI64);

impl Default for LastRound {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl LastRound {
    /// Whether a round went out within this interval.
    fn rang(&self, now: At, interval: std::time::Duration) -> bool {
        At(self.0.load(Ordering::SeqCst)).plus(interval) > now
    }

    /// Whether a round may go out now: one for all texts of an interval, not one for each.
    fn may_ring(&self, now: At, interval: std::time::Duration) -> bool {
        let rings = |last: i64| (At(last).plus(interval) <= now).then_some(now.0);
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, rings)
            .is_ok()
    }
}

impl Dispatch {
    /// Pages who is on call by the roster, all at once: nothing is said of the text but how urgent it
    /// is, and whether we have `kept` it. One round an interval; one for a crisis stands for the others.
    pub async fn page_without_store(&self, roster: &Roster, crisis: bool, kept: bool) {
        let (now, clocks) = (self.clock.now(), &self.desk.clocks);
        let alarm = &self.last_alarm;
        let rings = if crisis {
            alarm.crisis.may_ring(now, clocks.high.repage)
        } else {
            !alarm.crisis.rang(now, clocks.high.repage)
                && alarm.others.may_ring(now, clocks.wants_human.repage)
        };
        if !rings {
            return;
        }
        let words = if crisis {
            unstored(kept)
        } else {
            unstored_call(kept)
        };
        let body = MessageBody::new(words);
        let pages = roster.paged_at(now).into_iter().filter_map(|contact| {
            let (number, gateway) = (contact.texts_from()?, self.texts_by(contact));
            let (id, body) = (self.ids.id(now), &body);
            Some(async move {
                self.send_without_store(gateway, id, &number, body, Lane::Page)
                    .await
            })
        });
        join_all(pages).await;
    }

    /// The gateway that texts to a contact leave by.
    pub(super) fn texts_by<'a>(&'a self, contact: &'a Contact) -> &'a str {
        // A gateway that is configured no more must not silence anybody.
        let own = contact.gateway.as_ref();
        let known = own.filter(|name| self.gateways.get(name).is_some());
        known.unwrap_or(&self.desk.gateway)
    }

    /// Sends a text past the outbox, as this row of it, and says whether the gateway has it.
    pub async fn send_without_store(
        &self,
        gateway: &str,
        outbox_id: Uuid,
        to: &PhoneNumber,
        body: &MessageBody,
        lane: Lane,
    ) -> bool {
        let Some(gateway) = self.gateways.get(gateway) else {
            return false;
        };
        let receipts = receipts_url(&self.desk.public_url, gateway.name(), outbox_id);
        let text = Outgoing {
            outbox_id,
            to,
            body,
            lane,
            validity: policy::validity(lane),
            receipts_url: &receipts,
        };
        for attempt in 1..=TRIES {
            let outcome = self.carry(gateway.as_ref(), &text).await;
            tracing::warn!(
                attempt,
                ?lane,
                ?outcome,
                "a text was sent without the store"
            );
            if matches!(outcome, SendOutcome::Accepted { .. }) {
                return true;
            }
        }
        false
    }
}
