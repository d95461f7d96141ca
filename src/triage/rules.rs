//! The rule files: their shape, their checks, and the compiled set.
//!
//! A file is accepted whole or not at all: every phrase compiles and every example holds, or the
//! error names the file, the rule and the fix. Nothing is read from disk here. Floor 1.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::file::File;
use super::matcher::Matcher;
use super::model::{Model, ModelError, Settings};
use super::phrase::{self, Phrase, PhraseError};
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
    /// The linear model cannot be used.
    #[error("templates/triage/model.bin: {0}")]
    Model(#[from] ModelError),
    /// Examples that do not hold: all of them, because one edit often breaks several.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Examples(Vec<RuleError>),
}

/// A compiled set of crisis rules in every language, and the model beside them.
#[derive(Debug)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    /// The ids of the guards.
    pub(super) guards: Vec<String>,
    /// Finds what `rules` look for, in order, and after them what `guards` cover.
    pub(super) matcher: Matcher,
    pub(super) model: Model,
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
    pub(super) shadow: bool,
    pub(super) weak: bool,
    pub(super) locale: Locale,
}

/// A rule on trial: it runs on every text, is counted, and never acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnTrial {
    /// Its id.
    pub rule: String,
    /// The tier that it would ask for.
    pub tier: Tier,
    /// The reason, in words for staff.
    pub why: String,
}

impl RuleSet {
    /// The rule files that ship with the program: place in the repository, and content.
    pub const SOURCES: [(&str, &str); 2] = [
        (
            "templates/triage/en.toml",
            include_str!("../../templates/triage/en.toml"),
        ),
        (
            "templates/triage/es.toml",
            include_str!("../../templates/triage/es.toml"),
        ),
    ];

    /// The rules and the model that ship with the program.
    pub fn builtin() -> Result<Self, RuleError> {
        Self::builtin_with(Model::builtin()?)
    }

    /// The rules that ship with the program, with another model.
    pub fn builtin_with(model: Model) -> Result<Self, RuleError> {
        Self::load(&Self::SOURCES, model)
    }

    /// Compiles rule files, given as name and content, and checks every example in them.
    pub fn load(files: &[(&str, &str)], model: Model) -> Result<Self, RuleError> {
        let mut hash = Sha256::new();
        hash.update(model.hash());
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
            matcher: Matcher::new(&[sources.patterns, sources.covers].concat()),
            rules: sources.rules,
            guards: sources.guards,
            model,
            hash: hex::encode(hash.finalize()),
            #[cfg(test)]
            crisis_examples: read
                .iter()
                .flat_map(|(_, file)| &file.rules)
                .filter(|rule| rule.tier >= Tier::High && !rule.shadow)
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

    /// The same rules with another model, for measuring it.
    #[must_use]
    pub fn with_model(self, model: Model) -> Self {
        let hash = hex::encode(Sha256::digest(format!("{}{}", self.hash, model.hash())));
        Self {
            model,
            hash,
            ..self
        }
    }

    /// SHA-256 of the rule sources and the model, hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The numbers of the model beside the rules.
    #[must_use]
    pub const fn model_settings(&self) -> &Settings {
        self.model.settings()
    }

    /// How many rules act, those that are built from the lists too; and how many guards there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let acting = self.rules.iter().filter(|rule| !rule.shadow);
        (acting.count(), self.guards.len())
    }

    /// The rules on trial.
    #[must_use]
    pub fn on_trial(&self) -> Vec<OnTrial> {
        let trial = self.rules.iter().filter(|rule| rule.shadow);
        let named = trial.map(|rule| OnTrial {
            rule: rule.id.clone(),
            tier: rule.tier,
            why: rule.why.clone(),
        });
        named.collect()
    }

    /// The `must_match` of every rule of tier high or imminent, with that tier.
    #[cfg(test)]
    pub(super) fn crisis_examples(&self) -> Vec<(String, Tier)> {
        self.crisis_examples.clone()
    }

    /// Whether a pattern of the matcher stands in a text.
    fn finds(&self, pattern: usize, text: &str) -> bool {
        let places = self.matcher.find(&Normal::of(text));
        places.iter().any(|place| place.pattern() == pattern)
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
            let Some(rule) = self.rules.iter().position(|rule| rule.id == entry.id) else {
                continue;
            };
            let hits = |text: &str| self.finds(rule, text);
            for text in &entry.must_match {
                if !hits(text) {
                    let problem = format!("must_match \"{text}\" does not match");
                    fault(
                        &entry.id,
                        problem,
                        "add a phrase for it, or take the example out",
                    );
                } else if !entry.shadow && !entry.weak && assess(self, text).tier < entry.tier {
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
            let Some(guard) = self.guards.iter().position(|id| *id == entry.id) else {
                continue;
            };
            let covers = |text: &str| self.finds(self.rules.len() + guard, text);
            for text in entry.must_match.iter().filter(|text| !covers(text)) {
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
    patterns: Vec<Vec<Phrase>>,
    rules: Vec<Rule>,
    guards: Vec<String>,
    covers: Vec<Vec<Phrase>>,
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
            let phrases = phrase::read(&entry.any, &file.defs)
                .map_err(|(phrase, error)| bad_phrase(name, &entry.id, &phrase, error))?;
            self.patterns.push(phrases);
            self.rules.push(Rule {
                id: entry.id.clone(),
                tier: entry.tier,
                category: entry.category,
                why: entry.why.clone(),
                guardable: entry.guardable,
                shadow: entry.shadow,
                weak: entry.weak,
                locale: file.lang,
            });
        }
        for pair in &structure::PAIRS {
            let id = format!("{}.{}", pair.id, file.lang.tag());
            let phrases = pair
                .phrases(&file.defs)
                .map_err(|error| bad_phrase(name, &id, "", error))?;
            self.patterns.push(phrases);
            self.rules.push(pair.rule(id, file.lang));
        }
        for entry in &file.guards {
            if let Some((problem, fix)) = entry.fault() {
                return Err(wrong(&entry.id, problem.to_owned(), fix));
            }
            self.claim(&entry.id)
                .map_err(|problem| wrong(&entry.id, problem, "give it another id"))?;
            let phrases = phrase::read(&entry.covers, &file.defs)
                .map_err(|(phrase, error)| bad_phrase(name, &entry.id, &phrase, error))?;
            self.covers.push(phrases);
            self.guards.push(entry.id.clone());
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
