//! The operator: whoever looks after the program itself hears of what it cannot mend alone.

mod kind;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::Contact;
use crate::clock::At;

pub use kind::{IncidentKind, OF_ANOTHER, REFUSED, UNANSWERED};
pub use words::{incident, incident_over, span};

/// Who looks after the program, and how they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Everyone who is told.
    pub contacts: Vec<Contact>,
    /// From one text about an open incident to the next.
    pub repeat: Duration,
    /// The gateway that these texts leave by.
    pub gateway: String,
    /// Where the server is reached.
    pub public_url: String,
}

/// Something that the operator must know of; open until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The row.
    pub id: Uuid,
    /// What went wrong.
    pub kind: IncidentKind,
    /// Where: mostly the name of a gateway.
    pub subject: String,
    /// When it was opened.
    pub opened_at: At,
    /// When it last happened or grew.
    pub last_at: At,
    /// How often it happened, or how many there are.
    pub count: i64,
    /// When the operator was last told.
    pub told_at: Option<At>,
    /// More about it, without personal data.
    pub detail: Value,
}
