//! Fixed shifts and overrides are edited.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::draft::{LONGEST_REASON, OverrideDraft, ShiftDraft, When};
use super::{Refused, Stop, Work};
use crate::clock::At;
use crate::oncall::{Change, Override, Person, Schedule, Shift, Turn, duty_words, stretch};
use crate::store::NewOverride;
use crate::text::name::is_unseen;

/// The longest shift or override.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// How far ahead one may start.
const FARTHEST: Duration = Duration::from_hours(2 * 366 * 24);

impl Work<'_> {
    /// From when to when, on a schedule: forwards, not over yet, and not by a slip in another century.
    pub(super) fn time(
        &self,
        schedule: &Schedule,
        (starts, ends): (When, When),
    ) -> Result<(At, At), Refused> {
        let moment = |when| match when {
            When::At(at) => Ok(at),
            When::Wall(wall) => schedule.moment(wall).ok_or(Refused::TooFar),
        };
        let (starts, ends) = (moment(starts)?, moment(ends)?);
        if ends <= starts {
            return Err(Refused::Backwards);
        }
        if ends <= self.now {
            return Err(Refused::Over);
        }
        if starts > self.now.plus(FARTHEST) {
            return Err(Refused::TooFar);
        }
        if ends.since(starts) > LONGEST {
            return Err(Refused::TooLong);
        }
        Ok((starts, ends))
    }

    pub(super) async fn save_shift(&mut self, draft: &ShiftDraft) -> Result<Uuid, Stop> {
        let schedule = self.schedule(draft.schedule).await?;
        let before = match draft.id {
            None => None,
            Some(id) => Some(part(&schedule.shifts, |one| one.id == id, "shift")?),
        };
        let (starts_at, ends_at) = self.time(&schedule, (draft.starts, draft.ends))?;
        let people = self.people().await?;
        let person = people.get(&draft.staff).ok_or(Refused::UnknownPerson)?;
        let overlapping = schedule.shifts.iter().find(|one| {
            let theirs = one.staff_id == draft.staff && Some(one.id) != draft.id;
            theirs && one.starts_at < ends_at && starts_at < one.ends_at
        });
        if let Some(other) = overlapping {
            return Err(Refused::Overlaps {
                name: person.name.clone(),
                when: stretch(&schedule.zone, other.starts_at, other.ends_at),
            }
            .into());
        }
        let wanted = Shift {
            id: draft.id.unwrap_or_else(|| self.tx.id(self.now)),
            staff_id: draft.staff,
            starts_at,
            ends_at,
        };
        let shift = match before {
            None => {
                self.tx.add_shift(schedule.id, &wanted).await?;
                wanted
            }
            Some(before) if before.starts_at > self.now => {
                self.tx.save_shift(&wanted).await?;
                wanted
            }
            // It has begun: what was stays.
            Some(before) if before.staff_id == draft.staff && starts_at <= self.now => {
                let longer = Shift {
                    ends_at,
                    ..before.clone()
                };
                self.tx.save_shift(&longer).await?;
                longer
            }
            Some(before) => {
                let ended = Shift {
                    ends_at: self.now,
                    ..before.clone()
                };
                self.tx.save_shift(&ended).await?;
                let rest = Shift {
                    id: self.tx.id(self.now),
                    starts_at: starts_at.max(self.now),
                    ..wanted
                };
                self.tx.add_shift(schedule.id, &rest).await?;
                rest
            }
        };
        let action = match draft.id {
            None => "shift.made",
            Some(_) => "shift.changed",
        };
        let detail = json!({
            "schedule": schedule.id, "staff": shift.staff_id, "from": shift.starts_at, "until": shift.ends_at,
        });
        self.audit(action, shift.id, detail).await?;
        let turn = turn(&schedule, &shift);
        self.tell_of(person, duty_words::put_on_call, &turn).await?;
        Ok(shift.id)
    }

    pub(super) async fn remove_shift(&mut self, schedule: Uuid, id: Uuid) -> Result<Uuid, Stop> {
        let schedule = self.schedule(schedule).await?;
        let shift = part(&schedule.shifts, |one| one.id == id, "shift")?;
        if shift.starts_at <= self.now {
            let ended = Shift {
                ends_at: self.now,
                ..shift.clone()
            };
            self.tx.save_shift(&ended).await?;
        } else {
            self.tx.remove_shift(id, self.now).await?;
        }
        let detail = json!({"schedule": schedule.id, "staff": shift.staff_id});
        self.audit("shift.removed", id, detail).await?;
        if let Some(person) = self.tx.person(shift.staff_id).await? {
            let turn = turn(&schedule, shift);
            self.tell_of(&person, duty_words::taken_off_call, &turn)
                .await?;
        }
        Ok(id)
    }

    pub(super) async fn make_override(&mut self, draft: &OverrideDraft) -> Result<Uuid, Stop> {
        let mut schedule = self.schedule(draft.schedule).await?;
        let before = match draft.id {
            None => None,
            Some(id) => Some(part(&schedule.overrides, |one| one.id == id, "override")?.clone()),
        };
        let (starts_at, ends_at) = self.time(&schedule, (draft.starts, draft.ends))?;
        // What was is not changed any more.
        let starts_at = starts_at.max(self.now);
        let reason = draft.reason.trim();
        if reason.chars().count() > LONGEST_REASON || reason.contains(is_unseen) {
            return Err(Refused::Reason.into());
        }
        let people = self.people().await?;
        if let Change::Replace(out, by) = draft.change
            && out == by
        {
            return Err(Refused::SamePerson.into());
        }
        if let Change::Add(staff) | Change::Replace(_, staff) = draft.change
            && !people.contains_key(&staff)
        {
            return Err(Refused::UnknownPerson.into());
        }
        if let Some(before) = &before {
            schedule.overrides.retain(|one| one.id != before.id);
        }
        let made = Override {
            id: self.tx.id(self.now),
            change: draft.change,
            starts_at,
            ends_at,
            reason: reason.to_owned(),
        };
        let who = |schedule: &Schedule| on_call(schedule, starts_at, ends_at);
        let without = who(&schedule);
        schedule.overrides.push(made.clone());
        if who(&schedule) == without {
            return Err(Refused::NothingChanges.into());
        }
        if let Some(before) = &before {
            self.end_override(before).await?;
        }
        let new = NewOverride {
            schedule: schedule.id,
            made: &made,
            by: self.by.id,
            swap: None,
        };
        self.tx.add_override(&new, self.now).await?;
        self.audit("override.made", made.id, detail(&schedule, &made))
            .await?;
        self.tell_changed(&schedule, &made, &people).await?;
        Ok(made.id)
    }

    pub(super) async fn remove_override(&mut self, schedule: Uuid, id: Uuid) -> Result<Uuid, Stop> {
        let schedule = self.schedule(schedule).await?;
        let before = part(&schedule.overrides, |one| one.id == id, "override")?;
        self.end_override(before).await?;
        self.audit("override.removed", id, detail(&schedule, before))
            .await?;
        // What the override had undone is in force again.
        let back = Override {
            change: match before.change {
                Change::Add(staff) => Change::Remove(staff),
                Change::Remove(staff) => Change::Add(staff),
                Change::Replace(out, by) => Change::Replace(by, out),
            },
            starts_at: before.starts_at.max(self.now),
            ..before.clone()
        };
        let people = self.people().await?;
        self.tell_changed(&schedule, &back, &people).await?;
        Ok(id)
    }

    /// Removes an override that has not begun; one that has ends now.
    async fn end_override(&mut self, one: &Override) -> Result<(), Stop> {
        if one.starts_at <= self.now {
            self.tx.end_override(one.id, self.now).await?;
        } else {
            self.tx.remove_override(one.id, self.now).await?;
        }
        Ok(())
    }

    /// Tells who is put on call and who is taken off it.
    async fn tell_changed(
        &mut self,
        schedule: &Schedule,
        made: &Override,
        people: &BTreeMap<Uuid, Person>,
    ) -> Result<(), Stop> {
        let (off, on) = match made.change {
            Change::Add(staff) => (None, Some(staff)),
            Change::Remove(staff) => (Some(staff), None),
            Change::Replace(out, by) => (Some(out), Some(by)),
        };
        let turn = Turn {
            schedule: &schedule.name,
            from: made.starts_at,
            until: made.ends_at,
        };
        if let Some(person) = off.and_then(|id| people.get(&id)) {
            self.tell_of(person, duty_words::taken_off_call, &turn)
                .await?;
        }
        if let Some(person) = on.and_then(|id| people.get(&id)) {
            self.tell_of(person, duty_words::put_on_call, &turn).await?;
        }
        Ok(())
    }

    /// Tells a person that somebody changed their time. Who did it themselves knows.
    async fn tell_of(
        &mut self,
        person: &Person,
        words: impl Fn(&str, &Turn<'_>, &Person) -> String,
        turn: &Turn<'_>,
    ) -> Result<(), Stop> {
        if person.id != self.by.id {
            let words = words(&self.by.name, turn, person);
            self.tell(person, &words).await?;
        }
        Ok(())
    }
}

fn turn<'a>(schedule: &'a Schedule, shift: &Shift) -> Turn<'a> {
    Turn {
        schedule: &schedule.name,
        from: shift.starts_at,
        until: shift.ends_at,
    }
}

fn part<'a, T>(
    parts: &'a [T],
    is_it: impl Fn(&T) -> bool,
    what: &'static str,
) -> Result<&'a T, Refused> {
    let found = parts.iter().find(|one| is_it(one));
    found.ok_or(Refused::UnknownPart(what))
}

/// Who is on call from when to when, whatever the reason.
fn on_call(schedule: &Schedule, from: At, until: At) -> Vec<(Uuid, At, At)> {
    let spans = schedule.coverage(from, until).into_iter();
    spans
        .map(|span| (span.staff, span.from, span.until))
        .collect()
}

/// An override for the audit log. Its reason stays with it.
fn detail(schedule: &Schedule, made: &Override) -> serde_json::Value {
    let (kind, staff, by) = match made.change {
        Change::Add(staff) => ("add", staff, None),
        Change::Remove(staff) => ("remove", staff, None),
        Change::Replace(staff, by) => ("replace", staff, Some(by)),
    };
    json!({
        "schedule": schedule.id, "kind": kind, "staff": staff, "by": by,
        "from": made.starts_at, "until": made.ends_at,
    })
}
