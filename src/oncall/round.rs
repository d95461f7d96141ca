//! One round of an alert: who is paged now, or that enough people are there. All that decides it is
//! here; `paging` finds out who can be reached, and writes down what came of it.

use uuid::Uuid;

use super::alert::{Acknowledged, Acknowledgement, Alert};
use super::contact::Contact;
use super::ladder::{Place, Step, climb};
use super::policy::{Policy, Target};
use super::roster::once_each;

/// Everyone at all, for a ladder that was climbed in vain.
const ALL_HANDS: [Target; 2] = [Target::Everyone, Target::Fallback];

/// What is to be done for an alert whose page is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Round {
    /// As many people are there as the policy asks for, or as can be reached.
    Enough,
    /// The next page: its step, and whom it goes to. Nobody, where nobody can be reached: the step says
    /// that the ladder is exhausted, and when it is tried again.
    Page {
        /// Where the alert stands afterwards.
        step: Step,
        /// Whom it goes to, nobody twice, and nobody who is there.
        contacts: Vec<Contact>,
    },
}

/// The next round from a place on a policy, while some have acknowledged. `reached` is whom targets
/// lead to at this moment.
#[must_use]
pub fn next_round(
    there: &[Acknowledgement],
    policy: &Policy,
    place: Place,
    reached: impl Fn(&[Target]) -> Vec<Contact>,
) -> Round {
    if !there.is_empty() && there.len() >= usize::from(policy.acks) {
        // The policy asks for fewer people than it did.
        return Round::Enough;
    }
    let still_away = |targets: &[Target]| -> Vec<Contact> {
        let mut contacts = reached(targets);
        contacts.retain(|contact| !is_among(there, contact.staff_id, &contact.name));
        contacts
    };
    let mut rungs: Vec<Vec<Contact>> = policy
        .rungs
        .iter()
        .map(|rung| still_away(&rung.targets))
        .collect();
    let step = climb(place, &policy.rungs, |rung| !rungs[rung].is_empty());
    let mut contacts = match step.rung {
        Some(rung) => std::mem::take(&mut rungs[rung]),
        None => Vec::new(),
    };
    if step.exhausted {
        contacts.extend(still_away(&ALL_HANDS));
        contacts = once_each(contacts);
    }
    if contacts.is_empty() && !there.is_empty() {
        // Everyone who can be reached is there: more people than that nobody can ask for.
        return Round::Enough;
    }
    Round::Page { step, contacts }
}

/// What an acknowledgement of somebody comes to, where so many are `needed`; theirs is not among those
/// who are `there` before it was noted.
#[must_use]
pub fn acknowledgement(
    alert: &Alert,
    there: &[Acknowledgement],
    (staff_id, name): (Option<Uuid>, &str),
    needed: u16,
) -> Acknowledged {
    let known = is_among(there, staff_id, name);
    if let Some(taken) = &alert.acknowledged {
        // A case that was taken before acknowledgements were kept one by one has but the name.
        let theirs = known || (there.is_empty() && taken.by == name);
        return if theirs {
            Acknowledged::Yours
        } else {
            Acknowledged::Already(taken.clone())
        };
    }
    let count = there.len() + usize::from(!known);
    match usize::from(needed.max(1)).saturating_sub(count) {
        0 => Acknowledged::Yours,
        missing => Acknowledged::More(u16::try_from(missing).unwrap_or(u16::MAX)),
    }
}

/// Whether somebody has acknowledged.
#[must_use]
pub fn is_among(there: &[Acknowledgement], staff_id: Option<Uuid>, name: &str) -> bool {
    there.iter().any(|one| one.is_of(staff_id, name))
}
