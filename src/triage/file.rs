//! The shape of a rule file, and what can be wrong with an entry before it is compiled. Floor 1.

use serde::Deserialize;

use super::phrase::Defs;
use super::{Category, Tier};
use crate::locale::Locale;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) schema: u32,
    pub(super) lang: Locale,
    #[serde(default)]
    pub(super) defs: Defs,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<RuleEntry>,
    #[serde(default, rename = "guard")]
    pub(super) guards: Vec<GuardEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    pub(super) id: String,
    pub(super) tier: Tier,
    pub(super) category: Category,
    pub(super) why: String,
    pub(super) any: Vec<String>,
    #[serde(default)]
    pub(super) guardable: bool,
    /// Runs and is counted, and never acts: how a new rule is tried out.
    #[serde(default)]
    pub(super) shadow: bool,
    /// Asks only where the model does not find the text an ordinary one.
    #[serde(default)]
    pub(super) weak: bool,
    pub(super) must_match: Vec<String>,
    pub(super) must_not_match: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuardEntry {
    pub(super) id: String,
    pub(super) why: String,
    pub(super) covers: Vec<String>,
    pub(super) max_effect: Tier,
    pub(super) must_match: Vec<String>,
}

impl RuleEntry {
    /// What is missing or contradictory, and the fix.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.why.trim().is_empty() {
            Some((
                "`why` is empty",
                "say in words for staff what the person said",
            ))
        } else if self.any.is_empty() {
            Some(("`any` is empty", "give it a phrase"))
        } else if self.must_match.len() < 2 {
            Some((
                "it has fewer than two must_match",
                "add sentences that it must find",
            ))
        } else if self.must_not_match.is_empty() {
            Some((
                "it has no must_not_match",
                "add a sentence that it must leave alone",
            ))
        } else if self.guardable && self.tier != Tier::High {
            Some((
                "only a rule of tier high can be guardable",
                "take `guardable` away",
            ))
        } else if self.weak && self.tier != Tier::Concern {
            Some((
                "only a rule of tier concern can be weak",
                "take `weak` away",
            ))
        } else if self.tier > Tier::None && self.any.iter().any(|phrase| phrase.starts_with('=')) {
            Some((
                "a phrase with `=` stops matching when a word is added, and more words must never lower a tier",
                "take the `=` away",
            ))
        } else if self.tier == Tier::None && self.category != Category::WantsHuman {
            Some(("tier none is for wants_human only", "choose a tier"))
        } else {
            None
        }
    }
}

impl GuardEntry {
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.max_effect != Tier::Concern {
            Some((
                "a guard can lower to concern only",
                "write `max_effect = \"concern\"`",
            ))
        } else if self.why.trim().is_empty() {
            Some(("`why` is empty", "say why this is not a crisis"))
        } else if self.covers.is_empty() || self.must_match.is_empty() {
            Some((
                "`covers` or `must_match` is empty",
                "give it a phrase and an example",
            ))
        } else {
            None
        }
    }
}
