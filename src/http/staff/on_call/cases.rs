//! Open cases as the page of on call shows them: the three clocks, what is paged next, and who has it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::when::{Wall, wait};
use crate::clock::At;
use crate::http::words::{phrase, said, tr};
use crate::oncall::{Acknowledgement, Alert, Clocks, Person, Policy, built_in};
use crate::store::{StoreError, Tx};

/// More than this are looked at in the queue.
const MOST: u16 = 50;

/// An open case, in words.
pub(super) struct Case {
    pub(super) conversation: Uuid,
    pub(super) code: String,
    pub(super) tier: &'static str,
    pub(super) drill: bool,
    pub(super) what: String,
    pub(super) waits: String,
    pub(super) clocks: [ClockLine; 3],
    pub(super) paged: String,
    pub(super) next: String,
    /// Nobody has it: it can be taken from here.
    pub(super) is_free: bool,
}

/// One of the three clocks: a word, a shape and a colour.
pub(super) struct ClockLine {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// The open cases, the most urgent first.
pub(super) async fn cases(
    tx: &mut Tx,
    (people, clocks): (&BTreeMap<Uuid, Person>, &Clocks),
    wall: &Wall,
) -> Result<Vec<Case>, StoreError> {
    let alerts = tx.cases_by_urgency(MOST).await?;
    let policies = if alerts.is_empty() {
        Vec::new()
    } else {
        tx.policies().await?
    };
    let mut cases = Vec::with_capacity(alerts.len());
    for alert in &alerts {
        let mut look = Look {
            alert,
            people,
            clocks,
            policies: &policies,
            wall,
            there: Vec::new(),
            needed: 1,
        };
        if alert.acknowledged.is_none() {
            look.there = tx.acknowledgements(alert.id).await?;
            look.needed = tx.acknowledgements_needed(alert).await?;
        }
        cases.push(look.case());
    }
    Ok(cases)
}

/// What a case is told from.
struct Look<'a> {
    alert: &'a Alert,
    people: &'a BTreeMap<Uuid, Person>,
    clocks: &'a Clocks,
    policies: &'a [Policy],
    wall: &'a Wall,
    /// Who has acknowledged, where more are needed.
    there: Vec<Acknowledgement>,
    needed: u16,
}

impl Look<'_> {
    fn case(&self) -> Case {
        let alert = self.alert;
        Case {
            conversation: alert.conversation_id,
            code: alert.code.clone(),
            tier: alert.tier.word(),
            drill: alert.drill.is_some(),
            what: said(alert.urgency().label()),
            waits: wait(alert.opened_at, self.now()),
            clocks: [self.acknowledged(), self.claimed(), self.answered()],
            paged: match (alert.pages, alert.paged_at) {
                (0, _) | (_, None) => tr!("Not paged yet."),
                (1, Some(at)) => tr!("Paged once, {since} ago.", since = self.since(at)),
                (times, Some(at)) => {
                    tr!(
                        "Paged {times} times, last {since} ago.",
                        times,
                        since = self.since(at)
                    )
                }
            },
            next: self.next(),
            is_free: alert.acknowledged.is_none() && alert.claimed.is_none(),
        }
    }

    fn now(&self) -> At {
        self.wall.now()
    }

    fn since(&self, at: At) -> String {
        wait(at, self.now())
    }

    /// How long after the case was opened something happened.
    fn after(&self, at: At) -> String {
        wait(self.alert.opened_at, at)
    }

    /// How long until a moment, as in "in 40 s".
    fn until(&self, due: At) -> String {
        if due <= self.now() {
            tr!("now")
        } else {
            tr!("in {wait}", wait = wait(self.now(), due))
        }
    }

    fn acknowledged(&self) -> ClockLine {
        let alert = self.alert;
        let (class, words) = match (&alert.acknowledged, alert.exhausted_at) {
            (Some(taken), _) => (
                "good",
                tr!(
                    "by {by}, after {after}",
                    by = taken.by,
                    after = self.after(taken.at)
                ),
            ),
            (None, _) if !self.there.is_empty() => {
                let names: Vec<&str> = self.there.iter().map(|one| one.name.as_str()).collect();
                let more = usize::from(self.needed).saturating_sub(self.there.len());
                let names = names.join(&tr!(" and "));
                ("care", tr!("by {names}; {more} more must", names, more))
            }
            (None, Some(since)) => (
                "bad",
                tr!(
                    "by nobody; every rung was paged in vain {since} ago",
                    since = self.since(since)
                ),
            ),
            (None, None) if alert.pages == 0 => ("plain", tr!("nobody was asked yet")),
            (None, None) => (
                "care",
                tr!(
                    "by nobody yet, for {since}",
                    since = self.since(alert.opened_at)
                ),
            ),
        };
        ClockLine {
            name: phrase!("Acknowledged"),
            class,
            words,
        }
    }

    fn claimed(&self) -> ClockLine {
        let alert = self.alert;
        let (class, words) = match (alert.claimed, &alert.acknowledged, alert.next_page_at) {
            (Some((staff, at)), _, _) => {
                let person = self.people.get(&staff);
                let name = person.map_or_else(|| tr!("somebody who left"), |one| one.name.clone());
                (
                    "good",
                    tr!("by {name}, after {after}", name, after = self.after(at)),
                )
            }
            (None, Some(_), Some(due)) => (
                "care",
                tr!("not yet; opened again {until}", until = self.until(due)),
            ),
            _ => ("plain", tr!("not yet")),
        };
        ClockLine {
            name: phrase!("Claimed"),
            class,
            words,
        }
    }

    fn answered(&self) -> ClockLine {
        let alert = self.alert;
        let running = alert.acknowledged.is_some() && alert.claimed.is_some();
        let leased = alert.next_page_at == alert.lease_until;
        let (class, words) = match (alert.answered_at, alert.next_page_at) {
            (Some(at), _) if running && leased => (
                "good",
                tr!("last at {moment}", moment = self.wall.moment(at)),
            ),
            (_, Some(due)) if running => (
                "care",
                tr!("not yet; opened again {until}", until = self.until(due)),
            ),
            (Some(at), _) => (
                "plain",
                tr!(
                    "last at {moment}, they wrote again",
                    moment = self.wall.moment(at)
                ),
            ),
            (None, _) => ("plain", tr!("not yet")),
        };
        ClockLine {
            name: phrase!("First message"),
            class,
            words,
        }
    }

    fn next(&self) -> String {
        let alert = self.alert;
        match (alert.next_page_at, &alert.acknowledged) {
            (None, _) => tr!("No page is planned."),
            (Some(due), Some(_)) => tr!(
                "Everyone is paged again {until} if nothing happens.",
                until = self.until(due)
            ),
            (Some(due), None) if alert.pages == 0 => {
                tr!("First page {until}.", until = self.until(due))
            }
            (Some(due), None) => tr!(
                "Next page {until}{rung}.",
                until = self.until(due),
                rung = self.rung()
            ),
        }
    }

    /// The rung that pages next, as in ": rung 2 of 3 of Nights".
    fn rung(&self) -> String {
        let built_in = built_in([], self.clocks.of(self.alert.urgency()));
        let policy = match self.alert.policy_id {
            Some(id) if id.is_nil() => Some(&built_in),
            Some(id) => self.policies.iter().find(|one| one.id == id),
            None => None,
        };
        let Some(policy) = policy else {
            return String::new();
        };
        let (rung, last) = (usize::from(self.alert.place.rung) + 1, policy.rungs.len());
        let own = &policy.name;
        let name = if policy.id.is_nil() {
            tr!("Built-in")
        } else {
            own.clone()
        };
        if rung >= last {
            tr!(": the last rung of {name}", name)
        } else {
            tr!(": rung {rung} of {last} of {name}", rung, last, name)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::conversation::{AlertRequest, Reason};
    use crate::oncall::{Place, Taken, Timing};
    use crate::triage::Tier;

    const OPENED: At = At(1_767_225_600_000);
    const CLOCKS: Clocks = Clocks::all(Timing {
        repage: Duration::from_mins(1),
        claim: Duration::from_mins(2),
        answer: Duration::from_mins(3),
        lease: Duration::from_hours(1),
    });

    fn at(seconds: u64) -> At {
        OPENED.plus(Duration::from_secs(seconds))
    }

    fn alert() -> Alert {
        let request = AlertRequest {
            reason: Reason::Crisis,
            tier: Tier::High,
            page_after: Duration::ZERO,
        };
        let id = Uuid::from_u128;
        Alert::open(id(1), id(2), id(3), "K7".to_owned(), request, OPENED)
    }

    /// The case at a moment: its clocks and what comes next.
    fn said(alert: &Alert, there: &[&str], seconds: u64) -> Vec<String> {
        let wall = Wall::new(TimeZone::UTC, at(seconds));
        let there = there.iter().map(|name| Acknowledgement {
            staff_id: None,
            name: (*name).to_owned(),
            at: at(seconds),
        });
        let look = Look {
            alert,
            people: &BTreeMap::new(),
            clocks: &CLOCKS,
            policies: &[],
            wall: &wall,
            there: there.collect(),
            needed: 2,
        };
        let case = look.case();
        let clocks = case.clocks.iter();
        clocks
            .map(|one| format!("{} {}", one.class, one.words))
            .chain([case.next])
            .collect()
    }

    #[test]
    fn the_three_clocks_are_told_one_after_the_other() {
        let mut alert = alert();
        let waits = "plain not yet";
        assert_eq!(
            said(&alert, &[], 0),
            [
                "plain nobody was asked yet",
                waits,
                waits,
                "First page now."
            ]
        );
        (alert.pages, alert.paged_at, alert.policy_id) = (1, Some(OPENED), Some(Uuid::nil()));
        (alert.place, alert.next_page_at) = (Place { rung: 1, round: 0 }, Some(at(60)));
        assert_eq!(
            said(&alert, &[], 20),
            [
                "care by nobody yet, for 20 s",
                waits,
                waits,
                "Next page in 40 s: rung 2 of 3 of Built-in."
            ]
        );
        assert_eq!(
            said(&alert, &["Night"], 20)[0],
            "care by Night; 1 more must"
        );
        let taken = Taken {
            by: "Night".to_owned(),
            at: at(30),
        };
        alert.taken(taken, &CLOCKS);
        assert_eq!(
            said(&alert, &[], 40),
            [
                "good by Night, after 30 s",
                "care not yet; opened again in 1 min 50 s",
                waits,
                "Everyone is paged again in 1 min 50 s if nothing happens."
            ]
        );
        alert.claim(Uuid::from_u128(9), at(60), &CLOCKS);
        assert_eq!(
            said(&alert, &[], 61)[1..3],
            [
                "good by somebody who left, after 1 min 00 s",
                "care not yet; opened again in 2 min 59 s"
            ]
        );
        alert.answered(at(90));
        assert_eq!(
            said(&alert, &[], 100)[2..],
            [
                "good last at today 00:01",
                "Everyone is paged again in 59 min 20 s if nothing happens."
            ]
        );
    }

    #[test]
    fn a_policy_that_was_climbed_in_vain_is_said_loudly() {
        let mut alert = alert();
        (alert.pages, alert.paged_at) = (9, Some(OPENED));
        alert.exhausted_at = Some(at(60));
        let said = said(&alert, &[], 90);
        assert_eq!(
            said[0],
            "bad by nobody; every rung was paged in vain 30 s ago"
        );
    }
}
