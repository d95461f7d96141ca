//! The snapshot of who is on call, for when the store cannot be asked. Part of `paging`: floor 3.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::Paging;
use super::duty::{Duty, on_call_by};
use crate::clock::At;
use crate::oncall::{Roster, Schedule, Standby, Target, Urgency, once_each};
use crate::store::StoreError;

/// From one look to the next.
const EVERY: Duration = Duration::from_mins(1);
/// How far it looks ahead: an outage that is longer pages everyone.
const AHEAD_HOURS: i64 = 48;
const HOUR: i64 = 3_600_000;

impl Paging {
    /// Keeps who is on call now and in the next 48 hours, with every method, for the fail-safe path. It
    /// looks once a minute, and writes only what has changed. 1 when it looked.
    ///
    /// # Errors
    /// [`StoreError`]: what was known before stays.
    pub async fn keep_roster(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.next_roster.is_due(now) {
            return Ok(0);
        }
        let duty = Duty::read(&mut self.store.read().await?, &self.desk, now).await?;
        let roster = duty.roster(&self.desk.roster.fallback, now);
        let last = Arc::clone(&self.last_roster);
        let saved = tokio::task::spawn_blocking(move || last.save(&roster)).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "who is on call could not be written down for an outage; it is known in memory only");
            }
            Err(_) => return Err(StoreError::Panicked),
        }
        self.next_roster.set(now.plus(EVERY));
        Ok(1)
    }
}

impl Duty {
    /// Who is on the first rung of a crisis, from when to when.
    fn roster(&self, fallback: &[crate::oncall::Contact], now: At) -> Roster {
        // Whole hours: the same people are the same roster for an hour.
        let from = At(now.0.div_euclid(HOUR) * HOUR);
        let until = At(from.0 + (AHEAD_HOURS + 1) * HOUR);
        let urgency = Urgency::High;
        let mut targets: Vec<Target> = Vec::new();
        for urgency in [Urgency::Imminent, Urgency::High] {
            let rungs = self.policy_for(urgency).rungs;
            let first = rungs.into_iter().find(|rung| !rung.targets.is_empty());
            targets.extend(first.into_iter().flat_map(|rung| rung.targets));
        }
        let mut spans: Vec<(Uuid, At, At)> = Vec::new();
        let mut seen = BTreeSet::new();
        for target in targets {
            match target {
                Target::Schedule(id) if seen.insert(id) => {
                    let schedule = self.schedules.iter().find(|schedule| schedule.id == id);
                    let ahead = on_call_by(schedule, |one| one.spans(from, until));
                    spans.extend(ahead.iter().map(|span| (span.staff, span.from, span.until)));
                }
                Target::Rotation(id) if seen.insert(id) => {
                    let schedules = self.schedules.iter();
                    spans.extend(schedules.flat_map(|schedule| {
                        on_call_by(Some(schedule), |one| turns_of(one, id, from, until))
                    }));
                }
                Target::Person(id) if seen.insert(id) => spans.push((id, from, until)),
                // Everyone is known apart, and so are the contacts of the configuration.
                _ => {}
            }
        }
        let mut standby = Vec::new();
        for (staff, from, until) in spans {
            let Some(person) = self.people.iter().find(|person| person.id == staff) else {
                continue;
            };
            let methods = self.methods_of(person, urgency).into_iter();
            standby.extend(methods.map(|contact| Standby {
                contact,
                from,
                until,
            }));
        }
        let everyone = self.people.iter();
        let everyone = everyone.flat_map(|person| self.methods_of(person, urgency));
        Roster {
            fallback: fallback.to_vec(),
            standby,
            everyone: once_each(everyone.collect()),
        }
    }
}

/// The turns of one rotation. Who has it changes only where who is on call by its schedule does.
fn turns_of(schedule: &Schedule, rotation: Uuid, from: At, until: At) -> Vec<(Uuid, At, At)> {
    if !schedule.rotations.iter().any(|one| one.id == rotation) {
        return Vec::new();
    }
    let spans = schedule.spans(from, until);
    let mut cuts: BTreeSet<At> = spans
        .iter()
        .flat_map(|span| [span.from, span.until])
        .collect();
    cuts.extend([from, until]);
    // Or where somebody is on call by two of its rotations: a turn begins on some hour.
    cuts.extend((from.0..until.0).step_by(3_600_000).map(At));
    let cuts: Vec<At> = cuts.into_iter().collect();
    let pieces = cuts.windows(2).filter_map(|cut| match cut {
        [begins, ends] => Some((schedule.on_rotation(rotation, *begins)?, *begins, *ends)),
        _ => None,
    });
    pieces.collect()
}
