//! The rule files: their shape, their checks, and the compiled set.
//!
//! A file is accepted whole or not at all: every phrase compiles and every example holds, or the
//! error names the file, the rule and the fix. Nothing is read from disk here. Floor 1.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::phrase::{self, Defs, PhraseError};
use super::structure;
use super::{Category, Tier, assess};
use crate::locale::Locale;
use crate::text::normalise::Normal;

/// Why a rule file was refused. Every message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file is not TOML of the expected shape.
    #[error("{file}: {message}")]
    Shape {
        /// The file.
        file: String,
        /// What the TOML reader says, with line and column.
        message: String,
    },
    /// A rule, guard or list cannot be used as it is.
    #[error("{file}: {rule}: {problem}; {fix}")]
    Rule {
        /// The file.
        file: String,
        /// The id of the rule or guard, or the name of the list.
        rule: String,
        /// What is wrong.
        problem: String,
        /// What to change.
        fix: String,
    },
    /// Examples that do not hold: all of them, because one edit often breaks several.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Examples(Vec<RuleError>),
}

/// A compiled set of crisis rules in every language.
#[derive(Debug)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    pub(super) guards: Vec<Guard>,
    /// One pass over a text that says which of `rules`, in order, match at all.
    pub(super) any_rule: RegexSet,
    hash: String,
    #[cfg(test)]
    crisis_examples: Vec<(String, Tier)>,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) tier: Tier,
    pub(super) category: Category,
    pub(super) why: String,
    pub(super) guardable: bool,
    pub(super) locale: Locale,
    pub(super) regex: Regex,
}

#[derive(Debug)]
pub(super) struct Guard {
    pub(super) id: String,
    pub(super) regex: Regex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    lang: Locale,
    #[serde(default)]
    defs: Defs,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleEntry>,
    #[serde(default, rename = "guard")]
    guards: Vec<GuardEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: String,
    tier: Tier,
    category: Category,
    why: String,
    any: Vec<String>,
    #[serde(default)]
    guardable: bool,
    must_match: Vec<String>,
    must_not_match: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardEntry {
    id: String,
    why: String,
    covers: Vec<String>,
    max_effect: Tier,
    must_match: Vec<String>,
}

impl RuleSet {
    /// The rules that ship with the program.
    pub fn builtin() -> Result<Self, RuleError> {
        Self::load(&[
            (
                "templates/triage/en.toml",
                include_str!("../../templates/triage/en.toml"),
            ),
            (
                "templates/triage/es.toml",
                include_str!("../../templates/triage/es.toml"),
            ),
        ])
    }

    /// Compiles rule files, given as name and content, and checks every example in them.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, RuleError> {
        let mut hash = Sha256::new();
        let mut read = Vec::new();
        for (name, source) in files {
            hash.update(name.len().to_le_bytes());
            hash.update(name);
            hash.update(source.len().to_le_bytes());
            hash.update(source);
            let file: File = toml::from_str(source).map_err(|error| RuleError::Shape {
                file: (*name).to_owned(),
                message: error.to_string(),
            })?;
            read.push((*name, file));
        }
        let mut sources = Sources::default();
        for (name, file) in &read {
            sources.add(name, file)?;
        }
        let set = Self {
            any_rule: sources.set()?,
            rules: sources.rules,
            guards: sources.guards,
            hash: hex::encode(hash.finalize()),
            #[cfg(test)]
            crisis_examples: read
                .iter()
                .flat_map(|(_, file)| &file.rules)
                .filter(|rule| rule.tier >= Tier::High)
                .flat_map(|rule| rule.must_match.iter().map(|text| (text.clone(), rule.tier)))
                .collect(),
        };
        let faults: Vec<RuleError> = read
            .iter()
            .flat_map(|(name, file)| set.broken_examples(name, file))
            .collect();
        if faults.is_empty() {
            Ok(set)
        } else {
            Err(RuleError::Examples(faults))
        }
    }

    /// SHA-256 of the rule sources, hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The `must_match` of every rule of tier high or imminent, with that tier.
    #[cfg(test)]
    pub(super) fn crisis_examples(&self) -> Vec<(String, Tier)> {
        self.crisis_examples.clone()
    }

    fn broken_examples(&self, name: &str, file: &File) -> Vec<RuleError> {
        let mut faults = Vec::new();
        let mut fault = |id: &str, problem: String, fix: &str| {
            let [file, rule, fix] = [name, id, fix].map(str::to_owned);
            faults.push(RuleError::Rule {
                file,
                rule,
                problem,
                fix,
            });
        };
        for entry in &file.rules {
            let Some(rule) = self.rules.iter().find(|rule| rule.id == entry.id) else {
                continue;
            };
            let hits = |text: &str| rule.regex.is_match(Normal::of(text).text());
            for text in &entry.must_match {
                if !hits(text) {
                    let problem = format!("must_match \"{text}\" does not match");
                    fault(
                        &entry.id,
                        problem,
                        "add a phrase for it, or take the example out",
                    );
                } else if assess(self, text).tier < entry.tier {
                    let problem = format!("a guard lowers must_match \"{text}\"");
                    fault(
                        &entry.id,
                        problem,
                        "make the guard longer, or the rule not guardable",
                    );
                }
            }
            for text in entry.must_not_match.iter().filter(|text| hits(text)) {
                let problem = format!("must_not_match \"{text}\" matches");
                fault(&entry.id, problem, "make the phrase that it matches longer");
            }
        }
        for entry in &file.guards {
            let Some(guard) = self.guards.iter().find(|guard| guard.id == entry.id) else {
                continue;
            };
            for text in entry
                .must_match
                .iter()
                .filter(|text| !guard.regex.is_match(Normal::of(text).text()))
            {
                let problem = format!("must_match \"{text}\" does not match");
                fault(
                    &entry.id,
                    problem,
                    "add to `covers`, or take the example out",
                );
            }
        }
        faults
    }
}

/// What has been compiled so far.
#[derive(Default)]
struct Sources {
    ids: BTreeSet<String>,
    patterns: Vec<String>,
    rules: Vec<Rule>,
    guards: Vec<Guard>,
}

impl Sources {
    fn add(&mut self, name: &str, file: &File) -> Result<(), RuleError> {
        let wrong = |rule: &str, problem: String, fix: &str| RuleError::Rule {
            file: name.to_owned(),
            rule: rule.to_owned(),
            problem,
            fix: fix.to_owned(),
        };
        if file.schema != 1 {
            let problem = format!("schema {} is not known", file.schema);
            return Err(wrong("schema", problem, "write `schema = 1`"));
        }
        for entry in &file.rules {
            if let Some((problem, fix)) = entry.fault() {
                return Err(wrong(&entry.id, problem.to_owned(), fix));
            }
            self.claim(&entry.id)
                .map_err(|problem| wrong(&entry.id, problem, "give it another id"))?;
            let pattern = phrase::any(&entry.any, &file.defs)
                .map_err(|(phrase, error)| bad_phrase(name, &entry.id, &phrase, error))?;
            let regex =
                compile(&pattern).map_err(|problem| wrong(&entry.id, problem, "split the rule"))?;
            self.patterns.push(pattern);
            self.rules.push(Rule {
                id: entry.id.clone(),
                tier: entry.tier,
                category: entry.category,
                why: entry.why.clone(),
                guardable: entry.guardable,
                locale: file.lang,
                regex,
            });
        }
        for pair in &structure::PAIRS {
            let id = format!("{}.{}", pair.id, file.lang.tag());
            let pattern = pair
                .pattern(&file.defs)
                .map_err(|error| bad_phrase(name, &id, "", error))?;
            let regex =
                compile(&pattern).map_err(|problem| wrong(&id, problem, "shorten the lists"))?;
            self.patterns.push(pattern);
            self.rules.push(pair.rule(id, file.lang, regex));
        }
        for entry in &file.guards {
            if let Some((problem, fix)) = entry.fault() {
                return Err(wrong(&entry.id, problem.to_owned(), fix));
            }
            self.claim(&entry.id)
                .map_err(|problem| wrong(&entry.id, problem, "give it another id"))?;
            let pattern = phrase::any(&entry.covers, &file.defs)
                .map_err(|(phrase, error)| bad_phrase(name, &entry.id, &phrase, error))?;
            let regex = compile(&pattern)
                .map_err(|problem| wrong(&entry.id, problem, "split the guard"))?;
            self.guards.push(Guard {
                id: entry.id.clone(),
                regex,
            });
        }
        Ok(())
    }

    fn claim(&mut self, id: &str) -> Result<(), String> {
        if self.ids.insert(id.to_owned()) {
            Ok(())
        } else {
            Err("the id is taken".to_owned())
        }
    }

    fn set(&self) -> Result<RegexSet, RuleError> {
        RegexSetBuilder::new(&self.patterns)
            .unicode(false)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| RuleError::Rule {
                file: "all files".to_owned(),
                rule: "all rules".to_owned(),
                problem: error.to_string(),
                fix: "shorten the longest lists".to_owned(),
            })
    }
}

impl RuleEntry {
    /// What is missing or contradictory, and the fix.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
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
        } else if self.tier == Tier::None && self.category != Category::WantsHuman {
            Some(("tier none is for wants_human only", "choose a tier"))
        } else {
            None
        }
    }
}

impl GuardEntry {
    fn fault(&self) -> Option<(&'static str, &'static str)> {
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

const SIZE_LIMIT: usize = 64 << 20;

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| error.to_string())
}

fn bad_phrase(file: &str, rule: &str, phrase: &str, error: PhraseError) -> RuleError {
    let place = if phrase.is_empty() {
        String::new()
    } else {
        format!("in \"{phrase}\": ")
    };
    RuleError::Rule {
        file: file.to_owned(),
        rule: rule.to_owned(),
        problem: format!("{place}{}", error.problem),
        fix: error.fix,
    }
}

#[cfg(test)]
mod tests;
