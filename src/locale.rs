//! The languages that texters are answered in.

use serde::{Deserialize, Serialize};

/// A language with a content pack and triage rules.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Locale {
    /// Every locale, in a fixed order.
    pub const ALL: [Self; 2] = [Self::En, Self::Es];

    /// The BCP 47 language tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }
}
