//! What leaves without the store: the page, and the crisis reply of a gateway that carries none in
//! the response to its hook.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Dispatch, NO_GATEWAY, policy};
use crate::clock::{At, CLOCKS_DIFFER};
use crate::gateway::call::Alarm;
use crate::gateway::{Outgoing, SendOutcome, receipts_url};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::oncall::{Channel, Contact, PageKind, Roster, unstored, unstored_call};
use crate::pager::Page;
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
    fn rang(&self, now: At, interval: Duration) -> bool {
        is_lately(At(self.0.load(Ordering::SeqCst)), now, interval)
    }

    /// Whether a round may go out now: one for all texts of an interval, not one for each.
    fn may_ring(&self, now: At, interval: Duration) -> bool {
        let rings = |last: i64| (!is_lately(At(last), now, interval)).then_some(now.0);
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, rings)
            .is_ok()
    }
}

/// Whether a moment is within this interval; one of a clock that has gone back since is not.
fn is_lately(last: At, now: At, interval: Duration) -> bool {
    last.plus(interval) > now && last <= now.plus(CLOCKS_DIFFER)
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
        let (body, alarm) = (MessageBody::new(words), Alarm { crisis, kept });
        let contacts = roster.paged_at(now, |contact| self.leaves(contact));
        // All at once: a mail server that hangs holds up no text.
        let pages = contacts
            .into_iter()
            .map(|contact| self.page_apart(contact, &body, alarm));
        join_all(pages).await;
    }

    /// Whether pages leave for this contact, as things are configured.
    fn leaves(&self, contact: &Contact) -> bool {
        match contact.to.channel {
            Channel::Sms | Channel::Webhook => true,
            Channel::Email => self.pagers.smtp.is_some(),
            Channel::Voice => self.calls_by(self.gateway_of(contact)).is_some(),
        }
    }

    /// A gateway that is configured no more must not silence anybody.
    pub(super) fn gateway_of<'a>(&'a self, contact: &'a Contact) -> &'a str {
        let own = contact.gateway.as_deref();
        let known = own.filter(|name| self.gateways.get(name).is_some());
        known.unwrap_or(&self.desk.gateway)
    }

    /// Pages one contact past the outbox.
    async fn page_apart(&self, contact: &Contact, words: &MessageBody, alarm: Alarm) {
        let now = self.clock.now();
        let (id, gateway, to) = (self.ids.id(now), self.gateway_of(contact), &contact.to);
        if to.channel == Channel::Sms {
            let text = Apart {
                gateway,
                outbox_id: id,
                to: &to.address.number(),
                body: words,
                lane: Lane::Page,
                locale: None,
            };
            self.send_without_store(&text).await;
            return;
        }
        for attempt in 1..=TRIES {
            let outcome = match (to.channel, self.calls_by(gateway)) {
                (Channel::Voice, Some(gateway)) => {
                    self.call(gateway, id, &to.address.number(), Some(alarm))
                        .await
                }
                (Channel::Voice, None) => return,
                (Channel::Sms | Channel::Email | Channel::Webhook, _) => {
                    let page = Page {
                        id,
                        kind: PageKind::Page,
                        to,
                        method: contact.method_id,
                        words: words.reveal(),
                        case: None,
                        cases: 0,
                        line: &self.line.name,
                        sign_in: &self.desk.public_url,
                        at: now,
                    };
                    self.send_page(&page).await
                }
            };
            let channel = to.channel.word();
            tracing::warn!(
                attempt,
                channel,
                ?outcome,
                "a page was sent without the store"
            );
            if matches!(
                outcome,
                SendOutcome::Accepted { .. } | SendOutcome::Permanent { .. }
            ) {
                return;
            }
        }
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
            key: text.outbox_id,
            to: text.to,
            body: introduced.as_ref().unwrap_or(text.body),
            lane: text.lane,
            validity: policy::validity(text.lane),
            receipts_url: &receipts,
        };
        self.carry(gateway.as_ref(), &text).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_goes_out_once_an_interval_and_at_once_when_the_clock_goes_back() {
        let (round, interval) = (LastRound::default(), Duration::from_mins(2));
        let start = At(1_767_225_600_000);
        assert!(!round.rang(start, interval) && round.may_ring(start, interval));
        assert!(!round.may_ring(start.minus(Duration::from_secs(1)), interval));
        assert!(round.rang(start, interval));
        let back = start.minus(Duration::from_hours(6));
        assert!(!round.rang(back, interval) && round.may_ring(back, interval));
        assert!(round.rang(back, interval) && !round.may_ring(back, interval));
    }
}
