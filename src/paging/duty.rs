//! Who is there at one moment: people, schedules and policies, read once a tick.
//! Part of `paging`: floor 3.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use uuid::Uuid;

use crate::clock::At;
use crate::oncall::{
    Alert, Clocks, Contact, Desk, Person, Place, Policy, Schedule, Target, Urgency, built_in,
    once_each,
};
use crate::store::{StoreError, Tx};

pub(super) struct Duty {
    now: At,
    pub(super) people: Vec<Person>,
    pub(super) schedules: Vec<Schedule>,
    policies: Vec<Policy>,
    assigned: BTreeMap<Urgency, Uuid>,
    fallback: Vec<Contact>,
    clocks: Clocks,
}

impl Duty {
    /// Reads who is there. What cannot be read is passed over, and said loudly: the rungs that need it
    /// are empty, and the next ones are paged.
    pub(super) async fn read(tx: &mut Tx, desk: &Desk, now: At) -> Result<Self, StoreError> {
        Ok(Self {
            now,
            people: readable(tx.people().await)?,
            schedules: readable(tx.schedules(now).await)?,
            policies: readable(tx.policies().await)?,
            assigned: tx.assigned_policies().await?,
            fallback: tx.without_stopped(&desk.roster.fallback).await?,
            clocks: desk.clocks,
        })
    }

    /// The same people and schedules at another moment.
    pub(super) const fn at(&mut self, now: At) {
        self.now = now;
    }

    /// The policy that pages for an urgency.
    pub(super) fn policy_for(&self, urgency: Urgency) -> Policy {
        let assigned = self.assigned.get(&urgency).and_then(|id| self.policy(*id));
        assigned.cloned().unwrap_or_else(|| self.built_in(urgency))
    }

    /// The policy that an alert climbs, and where it stands on it: it stays on the one that it began with
    /// for as long as that is there.
    pub(super) fn policy_of(&self, alert: &Alert) -> (Policy, Place) {
        let urgency = alert.urgency();
        match alert.policy_id {
            Some(id) if id.is_nil() => (self.built_in(urgency), alert.place),
            Some(id) => match self.policy(id) {
                Some(policy) => (policy.clone(), alert.place),
                None => (self.policy_for(urgency), Place::default()),
            },
            None => (self.policy_for(urgency), Place::default()),
        }
    }

    /// A policy that can page: one whose rungs were lost is none.
    fn policy(&self, id: Uuid) -> Option<&Policy> {
        let mut policies = self.policies.iter();
        policies.find(|policy| policy.id == id && !policy.rungs.is_empty())
    }

    fn built_in(&self, urgency: Urgency) -> Policy {
        let schedules = self.schedules.iter().map(|schedule| schedule.id);
        built_in(schedules, self.clocks.of(urgency))
    }

    /// Everyone whom these targets reach now, by the methods that each wants for this.
    pub(super) fn reached(&self, targets: &[Target], urgency: Urgency) -> Vec<Contact> {
        let contacts = targets
            .iter()
            .flat_map(|target| self.reached_by(target, urgency));
        once_each(contacts.collect())
    }

    fn reached_by(&self, target: &Target, urgency: Urgency) -> Vec<Contact> {
        let on_call: BTreeSet<Uuid> = match *target {
            Target::Fallback => return self.fallback.clone(),
            Target::Everyone => self.people.iter().map(|person| person.id).collect(),
            Target::Person(id) => BTreeSet::from([id]),
            Target::Schedule(id) => {
                let schedule = self.schedules.iter().find(|schedule| schedule.id == id);
                on_call_by(schedule, |schedule| schedule.on_call(self.now))
            }
            Target::Rotation(id) => {
                let has = |schedule: &&Schedule| schedule.rotations.iter().any(|one| one.id == id);
                on_call_by(self.schedules.iter().find(has), |schedule| {
                    schedule.on_rotation(id, self.now).into_iter().collect()
                })
            }
        };
        self.people
            .iter()
            .filter(|person| on_call.contains(&person.id))
            .flat_map(|person| self.methods_of(person, urgency))
            .collect()
    }

    /// The ways to reach a person now.
    pub(super) fn methods_of(&self, person: &Person, urgency: Urgency) -> Vec<Contact> {
        let methods = person.reached_by(urgency.is_crisis(), self.now);
        methods
            .into_iter()
            .map(|method| Contact::of(person, method))
            .collect()
    }
}

/// Who is on call by a schedule. Arithmetic that panics must not end paging: nobody is on call by it.
pub(super) fn on_call_by<T: Default>(
    schedule: Option<&Schedule>,
    ask: impl Fn(&Schedule) -> T,
) -> T {
    let Some(schedule) = schedule else {
        return T::default();
    };
    let asked = catch_unwind(AssertUnwindSafe(|| ask(schedule)));
    asked.unwrap_or_else(|_| {
        tracing::error!(schedule = %schedule.id, "who is on call by a schedule cannot be told; its rungs are skipped");
        T::default()
    })
}

/// Nothing in place of what is damaged.
fn readable<T>(read: Result<Vec<T>, StoreError>) -> Result<Vec<T>, StoreError> {
    match read {
        Err(error) if error.is_unreadable() => {
            tracing::error!(%error, "a part of who is on call cannot be read; the next rungs are paged");
            Ok(Vec::new())
        }
        read => read,
    }
}
