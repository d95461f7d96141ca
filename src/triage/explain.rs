//! A verdict for a person who reads it: the text with the words that counted, how it was read, every rule
//! with its reason, and the model with its thresholds. The command line and the pages say the same. Floor 1.

use std::ops::Range;

use super::model::Settings;
use super::{Action, Category, Hit, Tier, Verdict};
use crate::text::normalise::Normal;

/// What triage made of one text, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The text as it came, in pieces.
    pub raw: Vec<Piece>,
    /// The text as it was read: its normal form, in pieces.
    pub read_as: Vec<Piece>,
    /// The tier.
    pub tier: Tier,
    /// What happens to somebody who texts this.
    pub follows: &'static str,
    /// What it is about, in words.
    pub categories: Vec<&'static str>,
    /// Every rule that matched, those that count first.
    pub reasons: Vec<Reason>,
    /// What the model says; none when the text is too short for it.
    pub model: Option<Scored>,
    /// SHA-256 of the rules, hexadecimal.
    pub ruleset: String,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The words.
    pub text: String,
    /// Whether a rule stopped at them.
    pub marked: bool,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What comes of it.
    pub effect: Effect,
    /// What kind of rule it is.
    pub kind: Kind,
    /// The stable id of the rule.
    pub rule: String,
    /// The tier that it asks for.
    pub tier: Tier,
    /// What it is about.
    pub category: &'static str,
    /// The reason, in words for staff.
    pub why: String,
    /// The words of the text that it stopped at.
    pub words: String,
    /// The steps of reading that led to them.
    pub via: Vec<String>,
}

/// What comes of a rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It counts.
    Counts,
    /// A guard turns it into a question; its id.
    Guarded(String),
    /// It is weak, and the model finds the text an ordinary one: it does nothing.
    Unsupported,
    /// It is weak, and the text is too short for the model: it does nothing.
    TooShort,
    /// It is on trial: it does nothing.
    OnTrial,
}

/// What kind of rule one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A rule of a rule file.
    Rule,
    /// Two kinds of words close to each other.
    Structure,
    /// The model.
    Model,
    /// What was said before.
    Context,
}

impl Kind {
    fn of(rule: &str) -> Self {
        match rule.split('.').next() {
            Some("structure") => Self::Structure,
            Some("model") => Self::Model,
            Some("context") => Self::Context,
            _ => Self::Rule,
        }
    }

    /// The kind in a word or two.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Structure => "structure",
            Self::Model => "model",
            Self::Context => "context",
        }
    }
}

/// The model's view, with what it takes to matter. All on its scale from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The score.
    pub score: f32,
    /// From here on a weak rule counts.
    pub weak: f32,
    /// From here on the texter is asked.
    pub ask: f32,
    /// From here on staff are paged where a rule asks.
    pub supported: f32,
    /// From here on staff are paged.
    pub page: f32,
    /// The words that weighed most, heaviest first; none when it asks for nothing.
    pub top_words: Vec<String>,
}

impl Explanation {
    /// Explains a verdict on a text. `settings` are those of the model that it came from.
    #[must_use]
    pub fn of(text: &str, verdict: &Verdict, settings: &Settings) -> Self {
        let guarded = verdict.guarded.iter();
        let spans: Vec<&Range<usize>> = (verdict.hits.iter())
            .chain(guarded.clone().map(|guarded| &guarded.hit))
            .map(|hit| &hit.span)
            .collect();
        let reason = |effect, hit: &Hit| Reason::new(text, effect, hit);
        let counts = verdict.hits.iter().map(|hit| reason(Effect::Counts, hit));
        let lowered =
            guarded.map(|guarded| reason(Effect::Guarded(guarded.guard.clone()), &guarded.hit));
        let weak = verdict.unsupported.iter();
        let unheard = match verdict.model {
            Some(_) => Effect::Unsupported,
            None => Effect::TooShort,
        };
        let trial = verdict.shadow.iter();
        Self {
            raw: pieces(text.char_indices().map(|(at, c)| {
                let marked = spans.iter().any(|span| span.contains(&at));
                (c.to_string(), marked)
            })),
            read_as: read_as(text, &spans),
            tier: verdict.tier,
            follows: follows(verdict),
            categories: verdict.categories.iter().map(|one| one.words()).collect(),
            reasons: counts
                .chain(lowered)
                .chain(weak.map(|hit| reason(unheard.clone(), hit)))
                .chain(trial.map(|hit| reason(Effect::OnTrial, hit)))
                .collect(),
            model: verdict.model.as_ref().map(|model| Scored {
                score: model.score,
                weak: probability(settings.weak),
                ask: probability(settings.ask),
                supported: probability(settings.supported),
                page: probability(settings.page),
                top_words: model.top_words.clone(),
            }),
            ruleset: verdict.ruleset.clone(),
        }
    }
}

impl Reason {
    fn new(text: &str, effect: Effect, hit: &Hit) -> Self {
        Self {
            effect,
            kind: Kind::of(&hit.rule),
            rule: hit.rule.clone(),
            tier: hit.tier,
            category: hit.category.words(),
            why: hit.why.clone(),
            words: text.get(hit.span.clone()).unwrap_or_default().to_owned(),
            via: hit.via.clone(),
        }
    }

    /// The reason in one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        let effect = match &self.effect {
            Effect::Counts => String::new(),
            Effect::Guarded(guard) => format!("asked instead of paged, because of {guard}: "),
            Effect::Unsupported => {
                "not asked, because the model finds the text an ordinary one: ".to_owned()
            }
            Effect::TooShort => {
                "not asked, because the text is too short for the model: ".to_owned()
            }
            Effect::OnTrial => "on trial, changes nothing: ".to_owned(),
        };
        let via = if self.via.is_empty() {
            String::new()
        } else {
            format!(" (read through {})", self.via.join(", "))
        };
        let (rule, tier, why) = (&self.rule, self.tier.word(), &self.why);
        format!("{effect}{rule} [{tier}]: {why}{via}")
    }
}

impl Scored {
    /// The score in one line, with what it takes to matter.
    #[must_use]
    pub fn sentence(&self) -> String {
        let words = if self.top_words.is_empty() {
            String::new()
        } else {
            format!(", most for: {}", self.top_words.join(", "))
        };
        format!(
            "model: {:.2}{words} (asks from {:.2}, pages from {:.2})",
            self.score, self.ask, self.page
        )
    }
}

/// What happens to somebody who texts this.
fn follows(verdict: &Verdict) -> &'static str {
    match (verdict.action(), verdict.wants_human) {
        (Action::Page, _) => "988 in the answer, and staff are paged now",
        (Action::Ask, true) => {
            "988 and one direct question, and staff are paged: a person is asked for"
        }
        (Action::Ask, false) => "988 and one direct question",
        (Action::None, true) => "staff are paged: a person is asked for",
        (Action::None, false) => "an ordinary answer",
    }
}

/// The normal form, with the words marked that stand for what the rules stopped at.
fn read_as(text: &str, spans: &[&Range<usize>]) -> Vec<Piece> {
    let normal = Normal::of(text);
    let mut last = false;
    let words = normal.words().iter().enumerate().flat_map(|(nth, word)| {
        let raw = &word.raw;
        let marked = spans
            .iter()
            .any(|span| span.start < raw.end && raw.start < span.end);
        // The space before it belongs to the mark only when both of its sides do.
        let space = (nth > 0).then(|| (" ".to_owned(), marked && last));
        last = marked;
        space
            .into_iter()
            .chain([(normal.text()[word.at.clone()].to_owned(), marked)])
    });
    pieces(words)
}

fn pieces(parts: impl Iterator<Item = (String, bool)>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for (text, marked) in parts {
        match all.last_mut() {
            Some(piece) if piece.marked == marked => piece.text.push_str(&text),
            _ => all.push(Piece { text, marked }),
        }
    }
    all
}

/// Log-odds on the model's scale from 0 to 1.
fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl Category {
    /// The category in words for staff.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Suicide => "suicide",
            Self::SelfHarm => "self-harm",
            Self::Overdose => "overdose",
            Self::Abuse => "abuse",
            Self::SexualAssault => "sexual assault",
            Self::HarmToOthers => "harm to others",
            Self::Psychosis => "psychosis",
            Self::Medical => "medical emergency",
            Self::Child => "a child in danger",
            Self::ThirdParty => "somebody else at risk",
            Self::WantsHuman => "asks for a person",
            Self::EatingDisorder => "eating disorder",
            Self::Distress => "distress",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::triage::{RuleSet, assess};

    static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().unwrap());

    fn explained(text: &str) -> Explanation {
        Explanation::of(text, &assess(&RULES, text), RULES.model_settings())
    }

    fn marked(pieces: &[Piece]) -> Vec<&str> {
        let marked = pieces.iter().filter(|piece| piece.marked);
        marked.map(|piece| piece.text.as_str()).collect()
    }

    #[test]
    fn the_words_are_marked_as_they_came_and_as_they_were_read() {
        let found = explained("ok so i w4nt to d1e tonight");
        assert_eq!(
            found
                .raw
                .iter()
                .map(|piece| piece.text.as_str())
                .collect::<String>(),
            "ok so i w4nt to d1e tonight"
        );
        assert!(
            marked(&found.raw)
                .iter()
                .any(|words| words.contains("w4nt to d1e")),
            "{found:?}"
        );
        assert!(
            marked(&found.read_as)
                .iter()
                .any(|words| words.contains("want to die")),
            "{found:?}"
        );
        let reason = found
            .reasons
            .iter()
            .find(|reason| reason.words.contains("w4nt"))
            .unwrap();
        assert!(reason.via.contains(&"leet".to_owned()), "{reason:?}");
        assert_eq!(found.categories.first(), Some(&"suicide"));
    }

    #[test]
    fn a_guard_and_the_model_are_explained_in_one_line_each() {
        let found = explained("i dont want to die");
        assert_eq!(found.tier, Tier::Concern);
        assert!(
            found.reasons.iter().any(|reason| {
                matches!(&reason.effect, Effect::Guarded(guard) if guard.starts_with("negation."))
                    && reason
                        .sentence()
                        .starts_with("asked instead of paged, because of negation.")
            }),
            "{found:?}"
        );
        let found = explained("everyone would be better off if i was gone for good");
        let scored = found.model.unwrap();
        assert!(
            scored.weak <= scored.ask && scored.ask <= scored.page && scored.page < 1.0,
            "{scored:?}"
        );
        assert!(
            scored.sentence().contains("(asks from "),
            "{}",
            scored.sentence()
        );
        assert_eq!(explained("MENU").model, None);
    }

    #[test]
    fn what_the_model_did_not_read_it_does_not_find_ordinary() {
        let said = |text: &str| explained(text).reasons[0].sentence();
        assert!(said("i die").starts_with("not asked, because the text is too short"));
        let read = said("I'd die for a nap on that beach with you right now");
        assert!(
            read.starts_with("not asked, because the model finds"),
            "{read}"
        );
    }

    #[test]
    fn letters_of_several_bytes_and_an_empty_text_are_shown_whole() {
        for text in ["", "😭😭 kms", "él quiere morir ya", "\u{200b}k\u{200b}ms"] {
            let found = explained(text);
            assert_eq!(
                found
                    .raw
                    .iter()
                    .map(|piece| piece.text.as_str())
                    .collect::<String>(),
                text
            );
        }
    }
}
