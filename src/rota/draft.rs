//! What somebody wants of a schedule.

use jiff::civil::DateTime;
use uuid::Uuid;

use crate::clock::At;
use crate::oncall::{Change, Hours, Unit};

/// The longest reason of an override, in characters.
pub const LONGEST_REASON: usize = 200;

/// A time as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A moment.
    At(At),
    /// A date and time on the wall of the schedule.
    Wall(DateTime),
}

/// A schedule as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleDraft {
    /// The one that changes; none for a new one.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// The name of its time zone, as in `Europe/Berlin`.
    pub zone: String,
}

/// A rotation as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationDraft {
    /// The one that changes; none for a new one.
    pub id: Option<Uuid>,
    /// The schedule.
    pub schedule: Uuid,
    /// Its name.
    pub name: String,
    /// The unit of a turn.
    pub unit: Unit,
    /// How many units a turn lasts.
    pub every: u16,
    /// The first hand-off, on the wall of the schedule.
    pub starts_on: DateTime,
    /// The days on which it covers: Monday is bit 0.
    pub weekdays: u8,
    /// The hours that it covers; without them, the whole day.
    pub hours: Option<Hours>,
    /// Who takes turns, in order.
    pub members: Vec<Uuid>,
}

/// A fixed shift as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShiftDraft {
    /// The one that changes; none for a new one.
    pub id: Option<Uuid>,
    /// The schedule.
    pub schedule: Uuid,
    /// Who.
    pub staff: Uuid,
    /// From when.
    pub starts: When,
    /// Until when.
    pub ends: When,
}

/// An override as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideDraft {
    /// The one that it takes the place of; none for a new one.
    pub id: Option<Uuid>,
    /// The schedule.
    pub schedule: Uuid,
    /// What changes.
    pub change: Change,
    /// From when.
    pub starts: When,
    /// Until when.
    pub ends: When,
    /// Why, for those who look at it; may be empty.
    pub reason: String,
}

/// An edit of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Makes or changes a schedule.
    Schedule(ScheduleDraft),
    /// Takes a schedule out of use.
    RemoveSchedule(Uuid),
    /// Makes or changes a rotation.
    Rotation(RotationDraft),
    /// Takes a rotation out of its schedule.
    RemoveRotation {
        /// The schedule.
        schedule: Uuid,
        /// The rotation.
        rotation: Uuid,
    },
    /// Makes or changes a fixed shift. One that has begun is changed from now on.
    Shift(ShiftDraft),
    /// Takes a fixed shift out of its schedule; one that has begun ends now.
    RemoveShift {
        /// The schedule.
        schedule: Uuid,
        /// The shift.
        shift: Uuid,
    },
    /// Makes an override, perhaps in place of an earlier one.
    Override(OverrideDraft),
    /// Takes an override back; one that has begun ends now.
    RemoveOverride {
        /// The schedule.
        schedule: Uuid,
        /// The override.
        id: Uuid,
    },
}

/// A swap as somebody offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwapDraft {
    /// The schedule.
    pub schedule: Uuid,
    /// Who is asked.
    pub asked_of: Uuid,
    /// The time that is given away.
    pub gives: (When, When),
    /// The time of the other one that is taken for it, if any.
    pub takes: Option<(When, When)>,
}

/// What somebody does with a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwapAct {
    /// Offers one.
    Offer(SwapDraft),
    /// Says yes: the overrides that carry it out are made at once.
    Accept(Uuid),
    /// Says no.
    Decline(Uuid),
    /// Takes an offer back.
    Withdraw(Uuid),
}
