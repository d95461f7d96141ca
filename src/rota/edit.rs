//! Schedules and their rotations are edited.

use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::json;
use uuid::Uuid;

use super::draft::{Edit, RotationDraft, ScheduleDraft};
use super::{Refused, Stop, Work};
use crate::oncall::{LONGEST_NAME, Person, Rotation, Schedule, Target, Unit};
use crate::text::name::{self, look_alike};

/// The longest turn, in its unit.
const LONGEST_TURN: u16 = 366;
/// The most turns of a round.
const MOST_MEMBERS: usize = 100;
const MINUTES: u16 = 24 * 60;

impl Work<'_> {
    pub(super) async fn edit(&mut self, edit: &Edit) -> Result<Uuid, Stop> {
        match edit {
            Edit::Schedule(draft) => self.save_schedule(draft).await,
            Edit::RemoveSchedule(id) => self.remove_schedule(*id).await,
            Edit::Rotation(draft) => self.save_rotation(draft).await,
            Edit::RemoveRotation { schedule, rotation } => {
                self.remove_rotation(*schedule, *rotation).await
            }
            Edit::Shift(draft) => self.save_shift(draft).await,
            Edit::RemoveShift { schedule, shift } => self.remove_shift(*schedule, *shift).await,
            Edit::Override(draft) => self.make_override(draft).await,
            Edit::RemoveOverride { schedule, id } => self.remove_override(*schedule, *id).await,
        }
    }

    /// The schedule as it is from now on, locked.
    pub(super) async fn schedule(&mut self, id: Uuid) -> Result<Schedule, Stop> {
        let found = self.tx.schedule_to_change(id, self.now).await?;
        Ok(found.ok_or(Refused::UnknownSchedule)?)
    }

    /// Everyone who can be on call.
    pub(super) async fn people(&mut self) -> Result<BTreeMap<Uuid, Person>, Stop> {
        let people = self.tx.people().await?.into_iter();
        Ok(people.map(|person| (person.id, person)).collect())
    }

    async fn save_schedule(&mut self, draft: &ScheduleDraft) -> Result<Uuid, Stop> {
        let name = named("schedule", &draft.name)?;
        let zone = zone(&draft.zone)?;
        let taken = || Stop::from(Refused::NameTaken("schedule", name.clone()));
        let mut others = self.tx.schedules(self.now).await?.into_iter();
        if others.any(|one| Some(one.id) != draft.id && look_alike(&one.name, &name)) {
            return Err(taken());
        }
        let (id, action) = match draft.id {
            None => {
                let made = self.tx.add_schedule(&name, &zone, self.now).await?;
                (made.ok_or_else(taken)?, "schedule.made")
            }
            Some(id) => {
                self.schedule(id).await?;
                if !self.tx.save_schedule(id, &name, &zone).await? {
                    return Err(taken());
                }
                (id, "schedule.changed")
            }
        };
        let detail = json!({"name": name, "zone": zone.iana_name()});
        self.audit(action, id, detail).await?;
        Ok(id)
    }

    async fn remove_schedule(&mut self, id: Uuid) -> Result<Uuid, Stop> {
        let schedule = self.schedule(id).await?;
        let mut targets = vec![Target::Schedule(id)];
        let rotations = schedule.rotations.iter();
        targets.extend(rotations.map(|rotation| Target::Rotation(rotation.id)));
        self.not_paged("schedule", &targets).await?;
        self.tx.remove_schedule(id, self.now).await?;
        let detail = json!({"name": schedule.name});
        self.audit("schedule.removed", id, detail).await?;
        Ok(id)
    }

    /// A policy that pages what is gone would page nobody.
    async fn not_paged(&mut self, what: &'static str, targets: &[Target]) -> Result<(), Stop> {
        let policies = self.tx.policies().await?;
        let paging = policies.into_iter().find(|policy| {
            let mut paged = policy.rungs.iter().flat_map(|rung| &rung.targets);
            paged.any(|target| targets.contains(target))
        });
        match paging {
            Some(policy) => Err(Refused::Paged(policy.name, what).into()),
            None => Ok(()),
        }
    }

    async fn save_rotation(&mut self, draft: &RotationDraft) -> Result<Uuid, Stop> {
        let schedule = self.schedule(draft.schedule).await?;
        let name = named("rotation", &draft.name)?;
        check(draft)?;
        let people = self.people().await?;
        if !draft.members.iter().all(|id| people.contains_key(id)) {
            return Err(Refused::UnknownPerson.into());
        }
        let of_schedule = |id: Uuid| schedule.rotations.iter().any(|one| one.id == id);
        if draft.id.is_some_and(|id| !of_schedule(id)) {
            return Err(Refused::UnknownPart("rotation").into());
        }
        let same = |one: &Rotation| {
            let same = one.name == name || look_alike(&one.name, &name);
            same && Some(one.id) != draft.id
        };
        if schedule.rotations.iter().any(same) {
            return Err(Refused::NameTaken("rotation", name).into());
        }
        let rotation = Rotation {
            id: draft.id.unwrap_or_else(|| self.tx.id(self.now)),
            name,
            unit: draft.unit,
            every: draft.every,
            starts_on: draft.starts_on,
            weekdays: draft.weekdays,
            hours: draft.hours,
            members: draft.members.clone(),
        };
        let action = if draft.id.is_some() {
            self.tx.save_rotation(&rotation).await?;
            "rotation.changed"
        } else {
            self.tx.add_rotation(schedule.id, &rotation).await?;
            "rotation.made"
        };
        let unit = match rotation.unit {
            Unit::Hourly => "hours",
            Unit::Daily => "days",
            Unit::Weekly => "weeks",
        };
        let detail = json!({
            "schedule": schedule.id,
            "name": rotation.name,
            "turn": [rotation.every.to_string(), unit.to_owned()],
            "starts_on": rotation.starts_on.to_string(),
            "weekdays": rotation.weekdays,
            "hours": rotation.hours.map(|hours| [hours.from, hours.until]),
            "members": rotation.members,
        });
        self.audit(action, rotation.id, detail).await?;
        Ok(rotation.id)
    }

    async fn remove_rotation(&mut self, schedule: Uuid, id: Uuid) -> Result<Uuid, Stop> {
        let schedule = self.schedule(schedule).await?;
        let found = schedule.rotations.iter().find(|one| one.id == id);
        let rotation = found.ok_or(Refused::UnknownPart("rotation"))?;
        self.not_paged("rotation", &[Target::Rotation(id)]).await?;
        self.tx.remove_rotation(id, self.now).await?;
        let detail = json!({"schedule": schedule.id, "name": rotation.name});
        self.audit("rotation.removed", id, detail).await?;
        Ok(id)
    }
}

/// What can be seen of a rotation alone.
fn check(draft: &RotationDraft) -> Result<(), Refused> {
    if !(1..=LONGEST_TURN).contains(&draft.every) {
        return Err(Refused::Every);
    }
    if draft.members.is_empty() {
        return Err(Refused::NoMembers);
    }
    if draft.members.len() > MOST_MEMBERS {
        return Err(Refused::ManyMembers);
    }
    if !(1..=0b111_1111).contains(&draft.weekdays) {
        return Err(Refused::NoDay);
    }
    if let Some(hours) = draft.hours
        && (hours.from >= MINUTES || hours.until > MINUTES)
    {
        return Err(Refused::Hours);
    }
    // Turns may be counted from long ago; a century more or less is a slip.
    let sane = date(2000, 1, 1).at(0, 0, 0, 0)..date(2100, 1, 1).at(0, 0, 0, 0);
    if !sane.contains(&draft.starts_on) {
        return Err(Refused::TooFar);
    }
    Ok(())
}

/// A name that can be shown on one line.
fn named(what: &'static str, name: &str) -> Result<String, Refused> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return Err(Refused::Name(what));
    }
    name::check(name)?;
    Ok(name.to_owned())
}

/// A zone with a name: what has none cannot be kept.
fn zone(name: &str) -> Result<TimeZone, Refused> {
    let zone = TimeZone::get(name.trim()).ok();
    let named = zone.filter(|zone| zone.iana_name().is_some() && !zone.is_unknown());
    named.ok_or_else(|| Refused::Zone(name.trim().chars().take(LONGEST_NAME).collect()))
}
