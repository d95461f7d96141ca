//! Who would be paged, and when: a policy is climbed on paper, with whoever would be on call at each
//! moment. Nothing is sent and nothing is written. Part of `paging`: floor 3.

use std::time::Duration;

use super::duty::Duty;
use crate::clock::At;
use crate::oncall::{Contact, Desk, Place, Policy, Round, Step, Target, Urgency, next_round};
use crate::store::{StoreError, Tx};

/// Nobody reads further than this many rounds of pages.
const ROUNDS: usize = 200;

/// A policy that was climbed on paper, for a case that nobody takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// The policy.
    pub policy: Policy,
    /// Who is paged, in order. The last one goes on until somebody is there.
    pub pages: Vec<Rehearsed>,
}

/// One round of pages, or several alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsed {
    /// How long after the first page.
    pub after: Duration,
    /// The rung, from 0; none when nobody can be reached on any that is left.
    pub rung: Option<usize>,
    /// Rungs that are passed over at once, because nobody can be reached on them.
    pub skipped: Vec<usize>,
    /// Who is paged.
    pub contacts: Vec<Contact>,
    /// How many rounds like this follow one another.
    pub times: u16,
    /// From one to the next.
    pub every: Duration,
    /// The policy was climbed in vain: everyone is paged, and the operator is told.
    pub exhausted: bool,
}

impl Rehearsed {
    /// Whether another round is like this one, so that both are one line.
    fn goes_on_with(&self, other: &Self) -> bool {
        self.rung == other.rung
            && self.contacts == other.contacts
            && self.exhausted == other.exhausted
            && other.skipped.is_empty()
    }
}

/// Climbs a policy as a case of this urgency would that comes now and that nobody takes: this one, or the
/// one in force.
///
/// # Errors
/// [`StoreError`].
pub async fn rehearse(
    tx: &mut Tx,
    desk: &Desk,
    (policy, urgency): (Option<Policy>, Urgency),
    now: At,
) -> Result<Rehearsal, StoreError> {
    let mut duty = Duty::read(tx, desk, now).await?;
    let policy = policy.unwrap_or_else(|| duty.policy_for(urgency));
    let (mut place, mut after) = (Place::default(), Duration::ZERO);
    let mut pages: Vec<Rehearsed> = Vec::new();
    for _ in 0..ROUNDS {
        duty.at(now.plus(after));
        let reached = |targets: &[Target]| duty.reached(targets, urgency);
        // Nobody is there, so that it is never enough.
        let Round::Page { step, contacts } = next_round(&[], &policy, place, reached) else {
            break;
        };
        let page = Rehearsed {
            after,
            rung: step.rung,
            skipped: skipped(place, &step, policy.rungs.len()),
            contacts,
            times: 1,
            every: step.delay,
            exhausted: step.exhausted,
        };
        match pages.last_mut() {
            Some(last) if last.goes_on_with(&page) => last.times += 1,
            _ => pages.push(page),
        }
        if step.exhausted {
            break;
        }
        (place, after) = (step.next, after + step.delay);
    }
    Ok(Rehearsal { policy, pages })
}

/// The rungs between where it stood and what is paged.
fn skipped(place: Place, step: &Step, rungs: usize) -> Vec<usize> {
    (usize::from(place.rung)..step.rung.unwrap_or(rungs)).collect()
}
