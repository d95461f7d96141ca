//! Schedules: who is on call when. Rotations and fixed shifts, changed by overrides, in a named time
//! zone.
//!
//! All of it is arithmetic on values: who is on call now ([`Schedule::on_call`]) and who will be
//! ([`Schedule::spans`]) come from the same moments, so that they cannot disagree. What the wall clock
//! does in spring and autumn is decided in one place, `wall`.

mod rotation;
mod spans;
#[cfg(test)]
mod tests;
mod wall;

pub use spans::{Cover, Source, Span};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::clock::At;

/// The unit in which a rotation hands off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Unit {
    /// Hours as they pass, sixty minutes each: when the wall clock changes, hand-offs move on it. Who
    /// wants day and night at fixed times makes two daily rotations with hours.
    Hourly,
    /// Days, at the same time on the wall.
    Daily,
    /// Weeks, on the same day at the same time on the wall.
    Weekly,
}

/// Part of a day, in minutes after local midnight. `until` that is not after `from` is on the day
/// after, so that 20:00 to 08:00 goes over midnight, and 08:00 to 08:00 is a whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub from: u16,
    /// The first minute after it.
    pub until: u16,
}

/// People who take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The row.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The unit of a turn.
    pub unit: Unit,
    /// How many units a turn lasts; at least one.
    pub every: u16,
    /// The first hand-off, on the wall of the schedule's zone. Before it nobody has the turn.
    pub starts_on: DateTime,
    /// The days on which it covers: Monday is bit 0. For hours over midnight, the day that they begin.
    pub weekdays: u8,
    /// The hours that it covers; without them, the whole day.
    pub hours: Option<Hours>,
    /// Who takes turns, in order, from the first hand-off on.
    pub members: Vec<Uuid>,
}

/// A fixed shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The row.
    pub id: Uuid,
    /// Who.
    pub staff_id: Uuid,
    /// From this moment.
    pub starts_at: At,
    /// To before this moment.
    pub ends_at: At,
}

/// How an override changes who is on call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Also this person.
    Add(Uuid),
    /// Not this person.
    Remove(Uuid),
    /// In place of the first, the second. While the first is not on call it does nothing: nobody is
    /// put on call in place of nobody.
    Replace(Uuid, Uuid),
}

/// A change for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The row.
    pub id: Uuid,
    /// What changes.
    pub change: Change,
    /// From this moment.
    pub starts_at: At,
    /// To before this moment.
    pub ends_at: At,
    /// Why, for those who look at it.
    pub reason: String,
}

/// Who is on call when.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The row.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The zone of its wall clock.
    pub zone: TimeZone,
    /// Turns.
    pub rotations: Vec<Rotation>,
    /// Fixed shifts.
    pub shifts: Vec<Shift>,
    /// Changes, in the order in which they were made: a later one wins.
    pub overrides: Vec<Override>,
}
