//! Lanes of the outbox: what is sent first when not everything can go at once.

use serde::{Deserialize, Serialize};

/// The lane of an outgoing text, in the order in which lanes are served.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Lane {
    /// The answer to a crisis text. Twice rather than never.
    Crisis,
    /// A page or a notice to a responder. Twice rather than never.
    Page,
    /// Words of a person, and answers that a texter waits for.
    Conversation,
    /// Menus and pages of the content pack. Never rather than twice.
    Content,
}

impl Lane {
    /// Every lane, in the order in which they are served.
    pub const ALL: [Self; 4] = [Self::Crisis, Self::Page, Self::Conversation, Self::Content];

    /// The word for it in the table, logs and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crisis => "crisis",
            Self::Page => "page",
            Self::Conversation => "conversation",
            Self::Content => "content",
        }
    }

    /// Whether a text whose sending ended in doubt goes out again at once (promise P6).
    #[must_use]
    pub const fn prefers_twice(self) -> bool {
        matches!(self, Self::Crisis | Self::Page)
    }
}
