//! How cases and conversations ended, as a report counts them. Part of `reports`: floor 1.

use std::collections::BTreeMap;

use super::rows::CaseRow;
use crate::conversation::Reason;
use crate::oncall::Closed;

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseEnd {
    /// A person wrote.
    Answered,
    /// It was closed, and no person had written.
    Unanswered,
    /// It is open, and no person has written yet.
    Waiting,
    /// The texter answered our question with a clear no: nobody was paged.
    NotNeeded,
    /// A person of the team began to write where nobody was called, or the texter went on with them.
    Begun,
}

impl CaseEnd {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Answered,
        Self::Unanswered,
        Self::Waiting,
        Self::NotNeeded,
        Self::Begun,
    ];

    pub(super) fn of(row: &CaseRow) -> Self {
        match row {
            CaseRow {
                closed_because: Some(Closed::AnsweredNo),
                ..
            } => Self::NotNeeded,
            CaseRow {
                reason: Reason::AwaitsHuman,
                ..
            } => Self::Begun,
            CaseRow {
                first_answered_at: Some(_),
                ..
            } => Self::Answered,
            CaseRow {
                closed_at: Some(_), ..
            } => Self::Unanswered,
            _ => Self::Waiting,
        }
    }

    /// Whether a person was called, so that how long it took says something.
    pub(super) const fn was_called(self) -> bool {
        matches!(self, Self::Answered | Self::Unanswered | Self::Waiting)
    }
}

/// How many cases came to which end.
pub type Cases = BTreeMap<CaseEnd, u64>;

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// A person closed it, with the code of its outcome.
    Outcome(String),
    /// It was closed without one.
    Without,
    /// It is open.
    Open,
}
