//! Preflight: everything that says who will be paged, read and looked at.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::preflight::{Finding, Readiness, preflight};
use crate::oncall::{Change, Target};

impl Tx {
    /// What will go wrong with being on call in the next two weeks, the worst first. `fallback` is how
    /// many contacts the configuration has.
    pub async fn preflight(
        &mut self,
        fallback: usize,
        now: At,
    ) -> Result<Vec<Finding>, StoreError> {
        let schedules = self.schedules(now).await?;
        let policies = self.policies().await?;
        let assigned = self.assigned_policies().await?;
        let people = self.people().await?;
        let mut named: BTreeSet<Uuid> = BTreeSet::new();
        for schedule in &schedules {
            named.extend(schedule.rotations.iter().flat_map(|one| &one.members));
            named.extend(schedule.shifts.iter().map(|one| one.staff_id));
            named.extend(schedule.overrides.iter().map(|one| match one.change {
                Change::Add(staff) | Change::Remove(staff) | Change::Replace(_, staff) => staff,
            }));
        }
        let rungs = policies.iter().flat_map(|policy| &policy.rungs);
        named.extend(
            rungs
                .flat_map(|rung| &rung.targets)
                .filter_map(|target| match target {
                    Target::Person(staff) => Some(*staff),
                    _ => None,
                }),
        );
        let mut left = BTreeMap::new();
        for id in named {
            if people.iter().all(|person| person.id != id)
                && let Some(name) = self.staff_name(id).await?
            {
                left.insert(id, name);
            }
        }
        Ok(preflight(&Readiness {
            schedules: &schedules,
            policies: &policies,
            assigned: &assigned,
            people: &people,
            left: &left,
            fallback,
            now,
        }))
    }
}
