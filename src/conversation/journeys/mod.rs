//! Conversations, text by text.

mod danger;
mod keywords;
mod pages;

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use super::step::MORE_WORDS;
use super::{AlertRequest, Call, Line, Reason, Reply, State, Step, Turn, step};
use crate::clock::At;
use crate::content::{Fill, Key, Packs, PageId};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::{Category, Hit, RuleSet, Tier, Verdict, assess};

/// Read once: it takes longer than a judgement.
static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().unwrap());

/// A phone, and a line that answers it.
struct Phone {
    packs: Packs,
    line: Line,
    now: At,
    state: State,
    human_joined: bool,
    has_media: bool,
    keyword_handled: bool,
    call: Option<Call>,
    /// How long ago the next text was sent when it comes.
    late_by: Duration,
    /// How long a text waits for the store.
    decided_after: Duration,
}

impl Phone {
    fn new() -> Self {
        Self {
            packs: Packs::builtin().unwrap(),
            line: Line {
                name: "Example Line".to_owned(),
                contact: "help@example.org".to_owned(),
                free_to_end_user: true,
                care: String::new(),
            },
            now: At(1_000_000),
            state: State::default(),
            human_joined: false,
            has_media: false,
            keyword_handled: false,
            call: None,
            late_by: Duration::ZERO,
            decided_after: Duration::ZERO,
        }
    }

    /// A phone of somebody who has been welcomed.
    fn greeted() -> Self {
        let mut phone = Self::new();
        phone.state.greeted = true;
        phone
    }

    fn texts(&mut self, text: &str) -> Step {
        self.texts_as(text, &Verdict::default())
    }

    /// A text that was sent some seconds ago and only now comes to light.
    fn texts_late(&mut self, text: &str, seconds: u64) -> Step {
        self.late_by = Duration::from_secs(seconds);
        let step = self.texts(text);
        self.late_by = Duration::ZERO;
        step
    }

    fn texts_at(&mut self, text: &str, tier: Tier) -> Step {
        self.texts_as(text, &verdict(tier, &[]))
    }

    fn texts_as(&mut self, text: &str, verdict: &Verdict) -> Step {
        self.now = self.now.plus(Duration::from_secs(1));
        let step = step(
            &self.state,
            &Turn {
                now: self.now,
                said_at: self.now.minus(self.late_by),
                decided: self.now.plus(self.decided_after),
                text,
                has_media: self.has_media,
                verdict,
                earlier: &[],
                human_joined: self.human_joined,
                held: false,
                call: self.call,
                keyword_handled: self.keyword_handled,
                line: &self.line,
                packs: &self.packs,
            },
        );
        assert_eq!(step.replies.is_empty(), step.silence.is_some(), "{text:?}");
        self.state = step.state.clone();
        step
    }

    fn waits(&mut self, minutes: u64) {
        self.now = self.now.plus(Duration::from_mins(minutes));
    }

    fn waits_seconds(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    fn says(&self, key: Key, lane: Lane) -> Reply {
        self.says_in(Locale::En, key, lane)
    }

    fn says_in(&self, locale: Locale, key: Key, lane: Lane) -> Reply {
        let text = self.packs.message(locale, key, &self.fill());
        Reply {
            text,
            lane,
            wait: Duration::ZERO,
        }
    }

    /// A reply that waits a moment for more words.
    fn says_after_a_moment(&self, key: Key, lane: Lane) -> Reply {
        Reply {
            wait: MORE_WORDS,
            ..self.says(key, lane)
        }
    }

    fn shows(&self, locale: Locale, page: PageId, part: usize) -> Reply {
        let text = self.packs.page_part(locale, page, part, &self.fill());
        Reply {
            text,
            lane: Lane::Content,
            wait: Duration::ZERO,
        }
    }

    fn fill(&self) -> Fill<'_> {
        Fill::from(&self.line)
    }
}

/// A verdict with a hit of its tier in each of the categories.
fn verdict(tier: Tier, categories: &[Category]) -> Verdict {
    let hits = categories.iter().map(|category| Hit {
        rule: "some.rule".to_owned(),
        tier,
        category: *category,
        why: "Some reason".to_owned(),
        span: 0..1,
        via: Vec::new(),
    });
    Verdict {
        tier,
        categories: categories.iter().copied().collect::<BTreeSet<_>>(),
        hits: hits.collect(),
        ..Verdict::default()
    }
}

/// What triage says of a text alone.
fn judged(text: &str) -> Verdict {
    assess(&RULES, text)
}

fn wants_human() -> Verdict {
    Verdict {
        wants_human: true,
        ..Verdict::default()
    }
}

fn now(reason: Reason, tier: Tier) -> AlertRequest {
    later(reason, tier, 0)
}

fn later(reason: Reason, tier: Tier, minutes: u64) -> AlertRequest {
    AlertRequest {
        reason,
        tier,
        page_after: Duration::from_mins(minutes),
    }
}
