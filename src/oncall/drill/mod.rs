//! Drills: a made-up texter goes through the real loop, and what happens is measured.

mod report;
mod schedule;
mod words;

pub use report::{Asked, Event, Facts, Measured, Report, Step, Verdict};
pub use schedule::DrillTime;
pub use words::{limit, moment, took};

use serde::{Deserialize, Serialize};

/// What a drill shows. The words that it is kept by are those of the table.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Variant {
    /// The whole loop, from the text to the first words of a person.
    #[default]
    Plain,
    /// The database is out of reach when the text comes.
    DbDown,
    /// The gateway of the pages refuses them.
    ProviderDown,
    /// Nobody answers the pages.
    ResponderSilent,
}

impl Until {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Acknowledged, Self::Claimed, Self::Answered];

    /// The word that it is kept by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Claimed => "claimed",
            Self::Answered => "answered",
        }
    }
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Plain,
        Self::DbDown,
        Self::ProviderDown,
        Self::ResponderSilent,
    ];

    /// The word that it is kept by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::DbDown => "db_down",
            Self::ProviderDown => "provider_down",
            Self::ResponderSilent => "responder_silent",
        }
    }

    /// The same as people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "the whole loop",
            Self::DbDown => "database down",
            Self::ProviderDown => "provider down",
            Self::ResponderSilent => "responder silent",
        }
    }

    /// What it shows, as people read it.
    #[must_use]
    pub const fn shows(self) -> &'static str {
        match self {
            Self::Plain => {
                "a text comes in, is answered, paged, taken, claimed and written back to"
            }
            Self::DbDown => {
                "the text is answered, kept and paged without the database, and stored afterwards"
            }
            Self::ProviderDown => "the gateway of the pages refuses, and another one carries them",
            Self::ResponderSilent => {
                "nobody is to answer: every rung is paged, and the operator is told"
            }
        }
    }
}

/// How a drill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DrillOutcome {
    /// Everything that it expects happened in time.
    Passed,
    /// Something did not, or came too late.
    Failed,
    /// It was ended before it could show anything: a real case came, or a person stopped it.
    CalledOff,
}

impl DrillOutcome {
    /// The same as people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::CalledOff => "called off",
        }
    }
}

/// How far people must come for a drill to pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// Somebody answered a page.
    Acknowledged,
    /// Somebody opened the conversation and made it theirs.
    Claimed,
    /// Somebody wrote to the texter.
    #[default]
    Answered,
}

/// A text to a responder, marked if it is of a drill: nobody may take it for the real thing.
#[must_use]
pub fn marked(drill: bool, words: String) -> String {
    if drill {
        format!("DRILL: {words}")
    } else {
        words
    }
}

/// A page that nobody is to answer: without these words everyone would, as they have learned.
#[must_use]
pub fn not_to_be_answered(page: &str) -> String {
    page.replacen("DRILL:", "DRILL, please do NOT answer:", 1)
}

/// The page of a drill for a text that could not be stored.
#[must_use]
pub fn unstored_drill() -> String {
    let words = "CRISIS, and Harborline acts as if it could not reach its database. Nobody is in danger: a page comes when the text is stored.";
    marked(true, words.to_owned())
}

/// The notice to everyone who was paged that a drill is over.
#[must_use]
pub fn drill_over(code: &str) -> String {
    let words = format!("case {code} is over, nobody was in danger. Thank you for being there.");
    marked(true, words)
}

/// What the operator is told when a drill climbed its ladder to the end and nobody came, as it was to be.
#[must_use]
pub fn nobody_came(code: &str) -> String {
    let words = format!(
        "case {code} was paged on every rung and nobody took it, as this drill wants. In a real case you would be told like this."
    );
    marked(true, words)
}
