//! The steps that a word went through on its way to the normal form. Floor 0.

/// One step of normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A letter outside ASCII was folded, or an invisible character dropped.
    Unicode,
    /// A letter of another script that looks like a Latin one.
    Confusable,
    /// An emoji became a word.
    Emoji,
    /// Digits or symbols stood for letters.
    Leet,
    /// Letters were hidden behind `*` or `#`.
    Masked,
    /// Letters repeated three times or more.
    Repeats,
    /// Single letters with spaces or dots between them.
    Joined,
    /// Words written without spaces.
    Split,
    /// A short form: `u`, `wanna`, `don't`, `xq`.
    Short,
    /// A misspelt word of the curated list.
    Typo,
}

impl Step {
    const ALL: [Self; 10] = [
        Self::Unicode,
        Self::Confusable,
        Self::Emoji,
        Self::Leet,
        Self::Masked,
        Self::Repeats,
        Self::Joined,
        Self::Split,
        Self::Short,
        Self::Typo,
    ];

    /// The word for the step in an explanation.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unicode => "unicode",
            Self::Confusable => "confusable",
            Self::Emoji => "emoji",
            Self::Leet => "leet",
            Self::Masked => "masked",
            Self::Repeats => "repeats",
            Self::Joined => "joined",
            Self::Split => "split",
            Self::Short => "short",
            Self::Typo => "typo",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of [`Step`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps(u16);

impl Steps {
    /// Adds a step.
    pub fn insert(&mut self, step: Step) {
        self.0 |= step.bit();
    }

    /// The set with one more step.
    #[must_use]
    pub const fn with(self, step: Step) -> Self {
        Self(self.0 | step.bit())
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a step is in the set.
    #[must_use]
    pub const fn contains(self, step: Step) -> bool {
        self.0 & step.bit() != 0
    }

    /// The steps, in pipeline order.
    pub fn iter(self) -> impl Iterator<Item = Step> {
        Step::ALL
            .into_iter()
            .filter(move |step| self.contains(*step))
    }
}
