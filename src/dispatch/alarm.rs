//! What leaves without the store: the page, and the crisis reply of a gateway that carries none in
//! the response to its hook.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Dispatch, NO_GATEWAY, policy};
use crate::clock::At;
use crate::gateway::{Outgoing, SendOutcome, receipts_url};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::oncall::{Contact, Roster, unstored, unstored_call};
use crate::phone::PhoneNumber;
use crate::route::Circuit;
use crate::text::MessageBody;

/// How often a text is tried at once; the next text in crisis starts another round of pages.
const TRIES: usize = 3;

/// When the last rounds went out, and how the gateways fared.
#[derive(Debug, Default)]
pub struct LastAlarm {
    crisis: LastRound,
    others: LastRound,
    circuits: Circuits,
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

/// A text that is sent past the outbox, as this row of it.
pub struct Apart<'a> {
    /// The gateway that it is written for; another stands in for it as for a row of the outbox.
    pub gateway: &'a str,
    /// The row.
    pub outbox_id: Uuid,
    /// Whom it goes to.
    pub to: &'a PhoneNumber,
    /// The words.
    pub body: &'a MessageBody,
    /// Its lane.
    pub lane: Lane,
    /// The language in which a texter is told whose the other number is; none for responders.
    pub locale: Option<Locale>,
}

/// What is known of the gateways while the store is away: in memory, by name.
#[derive(Debug, Default)]
struct Circuits(Mutex<BTreeMap<String, Circuit>>);

impl Circuits {
    fn is_open(&self, gateway: &str, now: At) -> bool {
        let circuits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        circuits
            .get(gateway)
            .is_some_and(|circuit| circuit.is_open(now))
    }

    /// Notes how a try ended.
    fn note(&self, gateway: &str, works: bool, now: At) {
        let mut circuits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = circuits.get(gateway).copied().unwrap_or_default();
        let after = if works {
            Circuit::default()
        } else {
            before.failed(now)
        };
        circuits.insert(gateway.to_owned(), after);
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
        let texted = |contact: &Contact| {
            // A gateway that is configured no more must not silence anybody.
            let own = contact.gateway.as_ref();
            let known = own.filter(|name| self.gateways.get(name).is_some());
            let gateway = known.unwrap_or(&self.desk.gateway);
            Some((contact.texts_from()?, gateway.clone()))
        };
        let pages = roster.paged_at(now).into_iter().filter_map(texted);
        let pages = pages.map(|(number, gateway)| {
            let (outbox_id, body) = (self.ids.id(now), &body);
            async move {
                let page = Apart {
                    gateway: &gateway,
                    outbox_id,
                    to: &number,
                    body,
                    lane: Lane::Page,
                    locale: None,
                };
                self.send_without_store(&page).await
            }
        });
        join_all(pages).await;
    }

    /// Sends a text past the outbox, and says whether a gateway has it. What fails moves to the gateway
    /// that stands in, at once and then by turns; what can never work is not tried again.
    pub async fn send_without_store(&self, text: &Apart<'_>) -> bool {
        let circuits = &self.last_alarm.circuits;
        let stand_in = self.routes.other(text.gateway, None);
        let now = self.clock.now();
        let rests = stand_in
            .filter(|other| circuits.is_open(text.gateway, now) && !circuits.is_open(other, now));
        let mut name = rests.unwrap_or(text.gateway);
        for attempt in 1..=TRIES {
            let outcome = self.once_without_store(text, name).await;
            tracing::warn!(
                attempt,
                gateway = name,
                lane = ?text.lane,
                ?outcome,
                "a text was sent without the store"
            );
            match outcome {
                SendOutcome::Accepted { .. } => {
                    circuits.note(name, true, self.clock.now());
                    return true;
                }
                SendOutcome::Permanent { .. } | SendOutcome::OptedOut { .. } => return false,
                SendOutcome::Retry { .. }
                | SendOutcome::Ambiguous
                | SendOutcome::Misconfigured { .. } => {
                    circuits.note(name, false, self.clock.now());
                    let moved_from = (name != text.gateway).then_some(text.gateway);
                    name = self.routes.other(name, moved_from).unwrap_or(name);
                }
            }
        }
        false
    }

    async fn once_without_store(&self, text: &Apart<'_>, name: &str) -> SendOutcome {
        let Some(gateway) = self.gateways.get(name) else {
            return SendOutcome::Misconfigured {
                code: NO_GATEWAY.to_owned(),
            };
        };
        // Whether they know the other number, only the store could say.
        let introduced = text
            .locale
            .filter(|_| name != text.gateway)
            .map(|locale| self.introduced(locale, text.body));
        let receipts = receipts_url(&self.desk.public_url, name, text.outbox_id);
        let text = Outgoing {
            outbox_id: text.outbox_id,
            to: text.to,
            body: introduced.as_ref().unwrap_or(text.body),
            lane: text.lane,
            validity: policy::validity(text.lane),
            receipts_url: &receipts,
        };
        self.carry(gateway.as_ref(), &text).await
    }
}
