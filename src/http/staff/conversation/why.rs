//! Why triage made of a text what it made: the words that it stopped at, the rules with their reasons, what a
//! guard lowered, what changed nothing, and the words that weighed most for the model.

use std::ops::Range;

use crate::http::words::{said, tr};
use crate::triage::{Hit, Verdict};

/// How much of the rule set's hash is shown: enough to tell one from another.
const HASH: usize = 12;

/// A piece of a text.
pub(super) struct Piece {
    pub(super) words: String,
    /// Whether triage stopped at it.
    pub(super) marked: bool,
}

/// Why triage made of a text what it made.
pub(super) struct Why {
    pub(super) tier: &'static str,
    /// The reason that weighs most, in a few words.
    pub(super) most: String,
    pub(super) reasons: Vec<Reason>,
    /// The score of the model, and the words that weighed most.
    pub(super) model: Option<(String, String)>,
    pub(super) ruleset: String,
}

/// A rule that matched, and what came of it.
pub(super) struct Reason {
    pub(super) tier: &'static str,
    pub(super) why: String,
    pub(super) rule: String,
    /// The steps through which the text was read, if any.
    pub(super) via: String,
    /// What became of it, where it did not count in full.
    pub(super) note: String,
}

impl Reason {
    fn of(hit: &Hit, note: String) -> Self {
        Self {
            tier: hit.tier.word(),
            why: said(&hit.why),
            rule: hit.rule.clone(),
            via: hit.via.join(", "),
            note,
        }
    }
}

impl Why {
    /// The explanation of a verdict; none for an ordinary text in which nothing was found.
    pub(super) fn of(verdict: &Verdict) -> Option<Self> {
        let mut hits: Vec<&Hit> = verdict.hits.iter().collect();
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.tier));
        let guarded = verdict.guarded.iter().map(|guarded| {
            let note = tr!(
                "asked instead of paged, because of {guard}",
                guard = guarded.guard
            );
            Reason::of(&guarded.hit, note)
        });
        let unsupported = verdict.unsupported.iter().map(|hit| {
            let note = match verdict.model {
                Some(_) => tr!("not asked, because the model finds the text an ordinary one"),
                None => tr!("not asked, because the text is too short for the model"),
            };
            Reason::of(hit, note)
        });
        let shadow = verdict
            .shadow
            .iter()
            .map(|hit| Reason::of(hit, tr!("on trial, changes nothing")));
        let reasons: Vec<Reason> = hits
            .iter()
            .map(|hit| Reason::of(hit, String::new()))
            .chain(guarded)
            .chain(unsupported)
            .chain(shadow)
            .collect();
        let model = verdict
            .model
            .as_ref()
            .filter(|model| !model.top_words.is_empty());
        if reasons.is_empty() && model.is_none() {
            return None;
        }
        let most = reasons.first().map_or_else(
            || tr!("the model found words that weigh"),
            |reason| reason.why.clone(),
        );
        Some(Self {
            tier: verdict.tier.word(),
            most,
            reasons,
            model: model.map(|model| (format!("{:.2}", model.score), model.top_words.join(", "))),
            ruleset: verdict.ruleset.chars().take(HASH).collect(),
        })
    }
}

/// A text in pieces, with the words marked that triage stopped at: those of the most urgent hits, and those
/// that a guard lowered. A span that does not fit the text marks nothing.
pub(super) fn pieces(text: &str, verdict: Option<&Verdict>) -> Vec<Piece> {
    let mut spans: Vec<Range<usize>> = verdict
        .into_iter()
        .flat_map(|verdict| {
            let most = verdict.hits.iter().map(|hit| hit.tier).max();
            let hits = verdict.hits.iter();
            let hits = hits.filter(move |hit| Some(hit.tier) == most);
            hits.chain(verdict.guarded.iter().map(|guarded| &guarded.hit))
        })
        .map(|hit| hit.span.clone())
        .filter(|span| {
            text.get(span.clone())
                .is_some_and(|words| !words.is_empty())
        })
        .collect();
    spans.sort_by_key(|span| (span.start, span.end));
    let (mut pieces, mut at) = (Vec::new(), 0);
    let mut add = |words: &str, marked| {
        if !words.is_empty() {
            let words = words.to_owned();
            pieces.push(Piece { words, marked });
        }
    };
    for span in spans {
        // Two rules may stop at the same words.
        let start = span.start.max(at);
        add(&text[at..start], false);
        let end = span.end.max(at);
        add(&text[start..end], true);
        at = end;
    }
    add(&text[at..], false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::{Category, Guarded, ModelScore, RuleSet, Tier, assess};

    fn shown(text: &str) -> (String, Option<Why>) {
        let rules = RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"));
        let verdict = assess(&rules, text);
        let pieces = pieces(text, Some(&verdict)).into_iter().map(|piece| {
            if piece.marked {
                format!("[{}]", piece.words)
            } else {
                piece.words
            }
        });
        (pieces.collect(), Why::of(&verdict))
    }

    #[test]
    fn the_words_that_fired_are_marked_and_the_rule_says_why() {
        let (text, why) = shown("hi, i want to die today");
        assert!(text.starts_with("hi, i [want to die"), "{text}");
        let why = why.unwrap();
        assert!(!why.reasons.is_empty() && why.reasons[0].why == why.most);
        assert_eq!(why.ruleset.len(), HASH);
    }

    fn hit(span: Range<usize>) -> Hit {
        Hit {
            rule: "r".to_owned(),
            tier: Tier::High,
            category: Category::Distress,
            why: "w".to_owned(),
            span,
            via: vec!["leet".to_owned()],
        }
    }

    #[test]
    fn a_guard_says_what_it_lowered() {
        let verdict = Verdict {
            tier: Tier::Concern,
            guarded: vec![Guarded {
                hit: hit(3..6),
                guard: "joke.lol".to_owned(),
            }],
            model: Some(ModelScore {
                score: 0.5,
                top_words: vec!["die".to_owned()],
            }),
            ..Verdict::default()
        };
        let why = Why::of(&verdict).unwrap();
        let one = &why.reasons[0];
        assert_eq!((one.via.as_str(), one.tier), ("leet", "high"));
        assert_eq!(one.note, "asked instead of paged, because of joke.lol");
        assert_eq!(why.model, Some(("0.50".to_owned(), "die".to_owned())));
        let marked = pieces("my die hard", Some(&verdict));
        assert!(marked[1].marked && marked[1].words == "die");
    }

    #[test]
    fn an_ordinary_text_needs_no_reason() {
        let (text, why) = shown("menu");
        assert_eq!(text, "menu");
        assert!(why.is_none());
    }

    #[test]
    fn spans_that_overlap_or_do_not_fit_lose_no_letter() {
        let text = "año nuevo";
        let verdict = Verdict {
            hits: vec![hit(0..4), hit(2..6), hit(2..4), hit(5..9), hit(90..99)],
            ..Verdict::default()
        };
        let pieces = pieces(text, Some(&verdict));
        let joined: String = pieces.iter().map(|piece| piece.words.as_str()).collect();
        assert_eq!(joined, text);
        assert!(pieces[0].marked);
    }
}
