//! What a page is: a call to take a case, or one of the messages around it.

use uuid::Uuid;

use crate::clock::At;
use crate::triage::Tier;

/// What a message to a responder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PageKind {
    /// A call to take a case.
    Page,
    /// An answer or a piece of news. Nobody is called by phone for it.
    Notice,
    /// The news that somebody has the case: a receiver that keeps track of cases marks it.
    Taken,
    /// The case needs nobody any more. It goes to receivers that keep track of cases, and to nobody else.
    Over,
    /// The code that proves that a contact method reaches its owner.
    Code,
    /// A test, to be answered like a page.
    Test,
}

impl PageKind {
    /// The word for it in tables and in what receivers are told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Notice => "notice",
            Self::Taken => "taken",
            Self::Over => "over",
            Self::Code => "code",
            Self::Test => "test",
        }
    }
}

/// The case that a page is about: what may be said of it, and nothing of the texter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The alert.
    pub alert: Uuid,
    /// Its code.
    pub code: String,
    /// How urgent it is.
    pub tier: Tier,
    /// When it was opened.
    pub opened_at: At,
    /// How often it was called for anew since, from the first rung on.
    pub again: i64,
}

/// The shape of a webhook's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Our own JSON, signed (Standard Webhooks).
    #[default]
    Json,
    /// A topic of an ntfy server.
    Ntfy,
    /// An incoming webhook of Slack, or of what speaks its language.
    Slack,
    /// A workflow of Microsoft Teams.
    Teams,
    /// A service of `PagerDuty`, by its Events API v2.
    Pagerduty,
    /// An Alertmanager, or a receiver of its webhooks.
    Alertmanager,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 6] = [
        Self::Json,
        Self::Ntfy,
        Self::Slack,
        Self::Teams,
        Self::Pagerduty,
        Self::Alertmanager,
    ];

    /// The word for it in tables, forms and the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ntfy => "ntfy",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Pagerduty => "pagerduty",
            Self::Alertmanager => "alertmanager",
        }
    }

    /// The preset of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.word() == word)
    }

    /// Whether the receiver is a machine that keeps track of cases: it is told when one is over.
    #[must_use]
    pub const fn tracks_cases(self) -> bool {
        matches!(self, Self::Json | Self::Pagerduty | Self::Alertmanager)
    }

    /// Whether the receiver rings once for what it knows: whoever has acknowledged it there hears of it no
    /// more. A case that is called for anew must be new to it.
    #[must_use]
    pub const fn rings_once(self) -> bool {
        matches!(self, Self::Pagerduty | Self::Alertmanager)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_known_by_its_word_only() {
        for preset in Preset::ALL {
            assert_eq!(Preset::of(preset.word()), Some(preset));
        }
        for other in ["", "JSON", "discord"] {
            assert_eq!(Preset::of(other), None);
        }
    }
}
