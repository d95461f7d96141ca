//! Reading one text against the rules. Total and pure: no clock, no I/O, no `Result`.
//!
//! It only raises. A guard lowers a hit to [`Tier::Concern`] when the words of the guard cover the
//! words of the hit, never because of a word elsewhere, so what is added to a text cannot hide what
//! it said before. Floor 1.

use std::ops::Range;

use super::matcher::Place;
use super::model::Model;
use super::model::features::Covered;
use super::rules::{Rule, RuleSet};
use super::{Category, Guarded, Hit, ModelScore, Tier, Verdict};
use crate::locale::Locale;
use crate::text::normalise::Normal;

/// The rule of a hit that the model alone asks for.
pub const ASKED_BY_MODEL: &str = "model.ask";

/// Judges one text.
#[must_use]
pub fn assess(rules: &RuleSet, text: &str) -> Verdict {
    let normal = Normal::of(text);
    let mut verdict = Verdict {
        ruleset: rules.hash().to_owned(),
        ..Verdict::default()
    };
    let mut found = Found {
        verdict: &mut verdict,
        covered: Vec::new(),
        weak: Vec::new(),
        languages: [0; Locale::ALL.len()],
    };
    let places = rules.matcher.find(&normal);
    let covers = covers(rules, &places, &normal);
    for places in places.chunk_by(|one, next| one.pattern() == next.pattern()) {
        // The guards come last.
        let Some(rule) = (places.first()).and_then(|place| rules.rules.get(place.pattern())) else {
            break;
        };
        let guardable = rule.guardable && rule.tier == Tier::High;
        found.record(rule, places, &normal, if guardable { &covers } else { &[] });
    }
    found.record_unread(&normal);
    found.record_model(&rules.model, &normal);
    let languages = found.languages;
    verdict.locale = Locale::ALL
        .into_iter()
        .zip(languages)
        .filter(|(_, hits)| *hits > 0)
        // The first of equals: a word that both languages share says nothing against the default.
        .reduce(|most, next| if next.1 > most.1 { next } else { most })
        .map(|(locale, _)| locale);
    verdict
}

/// Where a guard holds in the normal text.
struct Cover<'a> {
    guard: &'a str,
    at: Range<usize>,
}

fn covers<'a>(rules: &'a RuleSet, places: &[Place], normal: &Normal) -> Vec<Cover<'a>> {
    let guards = places.iter().filter_map(|place| {
        let nth = place.pattern().checked_sub(rules.rules.len())?;
        let (guard, at) = (rules.guards.get(nth)?, place.range());
        Some(Cover { guard, at })
    });
    guards
        // "No, I want to die" is not "I do not want to die".
        .filter(|cover| !normal.spans_clauses(&cover.at))
        .collect()
}

struct Found<'a> {
    verdict: &'a mut Verdict,
    /// What topic rules found in the normal text, and what guards lowered.
    covered: Vec<(Range<usize>, Covered)>,
    /// What weak rules found.
    weak: Vec<Hit>,
    languages: [usize; Locale::ALL.len()],
}

impl Found<'_> {
    fn record(&mut self, rule: &Rule, places: &[Place], normal: &Normal, covers: &[Cover<'_>]) {
        let mut open_until = 0;
        let mut guarded_until = 0;
        for at in places.iter().map(Place::range) {
            let guard = covers
                .iter()
                .find(|cover| cover.at.start <= at.start && at.end <= cover.at.end);
            let seen = if guard.is_some() {
                &mut guarded_until
            } else {
                &mut open_until
            };
            if at.start < *seen {
                continue;
            }
            *seen = at.end;
            if guard.is_some() {
                self.covered.push((at.clone(), Covered::Guard));
            } else if rule.tier == Tier::Topic {
                self.covered.push((at.clone(), Covered::Topic));
            }
            let (span, steps) = normal.origin(at);
            let hit = Hit {
                rule: rule.id.clone(),
                tier: rule.tier,
                category: rule.category,
                why: rule.why.clone(),
                span,
                via: steps.iter().map(|step| step.word().to_owned()).collect(),
            };
            if rule.shadow {
                self.verdict.shadow.push(hit);
            } else if rule.weak {
                self.weak.push(hit);
            } else {
                self.languages[rule.locale as usize] += 1;
                self.keep(hit, guard.map(|cover| cover.guard));
            }
            // One free place says all that a rule can say. A guarded one may hide another, and the
            // model asks where a topic stands.
            if guard.is_none() && rule.tier != Tier::Topic {
                return;
            }
        }
    }

    /// A text in a script that the normal form cannot express still deserves a question.
    fn record_unread(&mut self, normal: &Normal) {
        let (letters, span) = normal.unread();
        if letters < 2 {
            return;
        }
        let hit = Hit {
            rule: "structure.unread_script".to_owned(),
            tier: Tier::Concern,
            category: Category::Distress,
            why: "Written in letters that triage cannot read".to_owned(),
            span,
            via: Vec::new(),
        };
        self.keep(hit, None);
    }

    /// What the model finds beyond the rules. It raises, and never lowers.
    fn record_model(&mut self, model: &Model, normal: &Normal) {
        let covered = |word: usize| {
            let at = &normal.words()[word].at;
            let here = |(range, _): &&(Range<usize>, Covered)| {
                range.start < at.end && at.start < range.end
            };
            let mut known = self.covered.iter().filter(here).map(|(_, known)| *known);
            let first = known.next().unwrap_or(Covered::Free);
            if known.any(|also| also == Covered::Guard) {
                Covered::Guard
            } else {
                first
            }
        };
        let settings = model.settings();
        let reading = model.score(normal, covered);
        // In a text that is too short for the model nothing speaks for them: longer ones, which hold
        // the same words, must not be less urgent.
        let supported = (reading.as_ref()).is_some_and(|reading| reading.log_odds >= settings.weak);
        for hit in std::mem::take(&mut self.weak) {
            if supported {
                self.keep(hit, None);
            } else {
                self.verdict.unsupported.push(hit);
            }
        }
        let Some(reading) = reading else {
            return;
        };
        let asks = reading.log_odds >= settings.ask;
        self.verdict.model = Some(ModelScore {
            score: reading.score(),
            top_words: if asks {
                reading.top_words(normal)
            } else {
                Vec::new()
            },
        });
        let asked = self
            .verdict
            .hits
            .iter()
            .any(|hit| hit.tier == Tier::Concern);
        let (rule, tier, why) = if reading.log_odds >= settings.page {
            (
                "model.page",
                Tier::High,
                "The model finds this text close to crisis texts",
            )
        } else if asked && reading.log_odds >= settings.supported {
            (
                "model.supports",
                Tier::High,
                "A rule asks, and the model finds this text close to crisis texts",
            )
        } else if asks {
            (
                ASKED_BY_MODEL,
                Tier::Concern,
                "The model finds this text somewhat close to crisis texts",
            )
        } else {
            return;
        };
        if self.verdict.tier >= tier {
            return;
        }
        let words = &normal.words()[reading.window];
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        let (span, steps) = normal.origin(first.at.start..last.at.end);
        let hit = Hit {
            rule: rule.to_owned(),
            tier,
            category: Category::Distress,
            why: why.to_owned(),
            span,
            via: steps.iter().map(|step| step.word().to_owned()).collect(),
        };
        self.keep(hit, None);
    }

    fn keep(&mut self, hit: Hit, guard: Option<&str>) {
        let verdict = &mut *self.verdict;
        verdict.categories.insert(hit.category);
        verdict.wants_human |= hit.category == Category::WantsHuman;
        if let Some(guard) = guard {
            verdict.tier = verdict.tier.max(Tier::Concern);
            verdict.guarded.push(Guarded {
                hit,
                guard: guard.to_owned(),
            });
        } else {
            verdict.tier = verdict.tier.max(hit.tier);
            verdict.hits.push(hit);
        }
    }
}

#[cfg(test)]
mod tests;
