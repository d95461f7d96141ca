//! Escalation policies: the rungs of a ladder, and who is on each.

use std::time::Duration;

use uuid::Uuid;

/// The shortest delay of a rung: the people on it need a moment to answer (design.md section 8).
pub const SHORTEST_DELAY: Duration = Duration::from_secs(15);

/// Whom a rung pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Whoever is on call on a schedule.
    Schedule(Uuid),
    /// Whoever has the turn of one rotation.
    Rotation(Uuid),
    /// A person.
    Person(Uuid),
    /// Every person who can be paged.
    Everyone,
    /// The contacts of the configuration (`oncall.fallback`).
    Fallback,
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// From a page of this rung to the next page, of the same rung or of the next one.
    pub delay: Duration,
    /// How often it pages before the next rung; at least once. The last rung repeats for ever.
    pub repeat: u16,
    /// Whom it pages.
    pub targets: Vec<Target>,
}

/// A ladder: its rungs are climbed until somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The row.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many people must acknowledge before it stops paging; at least one.
    pub acks: u16,
    /// From the first to the last. Never empty.
    pub rungs: Vec<Rung>,
}
