//! What triage found in one text, and why.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::locale::Locale;

/// How urgently a human is needed. Ordered: a later tier is more urgent.
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
pub enum Tier {
    /// Nothing found.
    #[default]
    None,
    /// Self-harm or suicide as a subject: a menu answer with the 988 line, no page.
    Topic,
    /// Unclear: the 988 line and one direct question.
    Concern,
    /// Thoughts of suicide, self-harm or harm, abuse, someone else at risk: 988 and a page now.
    High,
    /// An act under way, means in hand, a plan with a time, a medical emergency: 911, 988, page now.
    Imminent,
}

impl Tier {
    /// Every tier, the least urgent first.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Topic,
        Self::Concern,
        Self::High,
        Self::Imminent,
    ];

    /// What follows from the tier.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Imminent | Self::High => Action::Page,
            Self::Concern => Action::Ask,
            Self::Topic | Self::None => Action::None,
        }
    }

    /// The word for it in tables, pages and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Topic => "topic",
            Self::Concern => "concern",
            Self::High => "high",
            Self::Imminent => "imminent",
        }
    }
}

/// What happens because of a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Staff and 988 now.
    Page,
    /// The 988 line and one direct question.
    Ask,
    /// An ordinary answer.
    None,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    Suicide,
    SelfHarm,
    Overdose,
    Abuse,
    SexualAssault,
    HarmToOthers,
    Psychosis,
    Medical,
    Child,
    ThirdParty,
    WantsHuman,
    EatingDisorder,
    Distress,
}

/// One rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The stable id of the rule.
    pub rule: String,
    /// The tier that the rule asks for.
    pub tier: Tier,
    /// What the rule is about.
    pub category: Category,
    /// The reason, in words for staff.
    pub why: String,
    /// Where in the raw text, in bytes.
    pub span: Range<usize>,
    /// The steps of normalisation that the match went through, such as `leet` or `emoji`.
    pub via: Vec<String>,
}

/// A hit that a guard lowered to [`Tier::Concern`]; never to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarded {
    /// The hit, with the tier that it had before.
    pub hit: Hit,
    /// The stable id of the guard.
    pub guard: String,
}

/// What the linear model made of the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelScore {
    /// The score, 0 to 1.
    pub score: f32,
    /// The words that weighed most, heaviest first; none when the model asks for nothing.
    pub top_words: Vec<String>,
}

/// The outcome of triage for one text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The most urgent tier found, after guards.
    pub tier: Tier,
    /// Whether the person asks for a human; a trigger of its own, independent of the tier.
    pub wants_human: bool,
    /// What the hits are about.
    pub categories: BTreeSet<Category>,
    /// The rules that matched.
    pub hits: Vec<Hit>,
    /// The hits that a guard lowered.
    pub guarded: Vec<Guarded>,
    /// What weak rules found in a text that the model finds an ordinary one. It changes nothing.
    #[serde(default)]
    pub unsupported: Vec<Hit>,
    /// What the rules on trial would have found. It changes nothing.
    #[serde(default)]
    pub shadow: Vec<Hit>,
    /// The model's view, unless the text is too short for it.
    pub model: Option<ModelScore>,
    /// The language of the rules that matched most, when any did.
    pub locale: Option<Locale>,
    /// SHA-256 of the rule set, hexadecimal.
    pub ruleset: String,
}

impl Verdict {
    /// What follows from the verdict.
    #[must_use]
    pub fn action(&self) -> Action {
        self.tier.action()
    }

    /// The verdict on a text that triage could not finish: a panic or a timeout counts as a crisis.
    #[must_use]
    pub fn unreadable(ruleset: &str) -> Self {
        Self {
            tier: Tier::High,
            categories: BTreeSet::from([Category::Distress]),
            hits: vec![Hit {
                rule: "triage.failed".to_owned(),
                tier: Tier::High,
                category: Category::Distress,
                why: "Triage could not read this text, so it counts as a crisis".to_owned(),
                span: 0..0,
                via: Vec::new(),
            }],
            ruleset: ruleset.to_owned(),
            ..Self::default()
        }
    }
}
