//! Swaps: two people who agree to stand in for each other.

use uuid::Uuid;

use crate::clock::At;

/// How far a swap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SwapState {
    /// The other one is asked.
    Offered,
    /// They said yes; overrides carry it out.
    Accepted,
    /// They said no.
    Declined,
    /// Who offered it took it back.
    Withdrawn,
    /// Nobody answered before the time was over.
    Lapsed,
}

/// Somebody gives a time on a schedule to another person, and may take a time of theirs for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The row.
    pub id: Uuid,
    /// The schedule that both are on.
    pub schedule_id: Uuid,
    /// Who offers it.
    pub asked_by: Uuid,
    /// Who is asked.
    pub asked_of: Uuid,
    /// The time that is given away, from the first moment to before the second.
    pub gives: (At, At),
    /// The time that is taken for it, if any.
    pub takes: Option<(At, At)>,
    /// How far it is.
    pub state: SwapState,
    /// When it was offered.
    pub made_at: At,
    /// When it was accepted, or came to nothing.
    pub done_at: Option<At>,
}
