//! What the texts before a text say about it.
//!
//! People write in pieces ("i want", "to", "die"), and a second sign of distress in a day weighs more
//! than the first. Reading in context only raises: the verdict on the text alone is kept, and what the
//! earlier texts add is put on top of it, with a hit that says so. Floor 1.

use std::time::Duration;

use crate::clock::At;
use crate::content::words;
use crate::text::MessageBody;
use crate::triage::{ASKED_BY_MODEL, Action, Category, Guarded, Hit, Tier, Verdict};

use super::keywords::{Answer, Keyword, is_menu_input};
use super::{Place, State};

/// Texts within this time of each other are also read joined.
pub const JOINED_WITHIN: Duration = Duration::from_mins(10);

/// How many earlier texts are read at most.
pub const EARLIER: u16 = 8;

/// How many earlier texts are read however long they are: with the new one, three.
const ALWAYS: usize = 2;

/// More of them are read while together they are no longer than this, in bytes: somebody who sends
/// a word at a time.
const FRAGMENTS: usize = 80;

/// Two texts of concern within this time are a crisis.
const CONCERNS_WITHIN: Duration = Duration::from_hours(24);

/// The rule that hears suicide named, and the guards that hear it denied.
const NAMED: &str = "concern.suicide_named";
const DENIED: [&str; 2] = ["negation.not_suicidal", "es.negation"];

/// A text that came before the one that is read.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// When it came.
    pub at: At,
    /// What it weighed, read in its own context.
    pub tier: Tier,
    /// Its words.
    pub body: MessageBody,
}

impl State {
    /// Whether texts from just before can change what a new one means, so that they must be read.
    #[must_use]
    pub fn reads_earlier(&self, now: At) -> bool {
        self.heard_at
            .is_some_and(|at| now.since(at) < JOINED_WITHIN)
    }

    /// Reads a text in the light of what came before. `own` is the verdict on the text alone,
    /// `earlier` the texts before it, oldest first, and `assess` judges words.
    #[must_use]
    pub fn in_context(
        &self,
        own: Verdict,
        text: &str,
        earlier: &[Earlier],
        now: At,
        assess: impl Fn(&str) -> Verdict,
    ) -> Verdict {
        let mut verdict = own;
        let said: Vec<_> = earlier.iter().filter(|text| !finds_its_way(text)).collect();
        let before = last_few(&said);
        let own_words = words(text);
        // HELP is owed the answer that carriers ask for, not a reading of what was said before.
        let asks_the_line = Keyword::of(&own_words) == Some(Keyword::Help);
        // What our question was about, a clear no to it does not make worse.
        let denies = matches!(self.place, Place::Asked { .. })
            && Answer::of(text, &own_words) == Answer::No
            && (verdict.action() == Action::None || only_denies(&verdict));
        let alone = is_menu_input(&own_words) || asks_the_line || denies;
        let joins = !before.is_empty() && !alone;
        if joins && verdict.tier < Tier::Imminent {
            let mut joined: String = before
                .iter()
                .flat_map(|earlier| [earlier.body.reveal(), " "])
                .collect();
            let offset = joined.len();
            joined.push_str(text);
            let heard = before.iter().map(|earlier| earlier.tier).max();
            add(
                &mut verdict,
                assess(&joined),
                offset,
                heard.unwrap_or_default(),
            );
        }
        let second = self
            .concern_at
            .is_some_and(|at| now.since(at) < CONCERNS_WITHIN);
        if second && verdict.tier == Tier::Concern && !denies {
            verdict.tier = Tier::High;
            verdict.categories.insert(Category::Distress);
            verdict.hits.push(Hit {
                rule: "context.second_concern".to_owned(),
                tier: Tier::High,
                category: Category::Distress,
                why: "The second text of concern within 24 hours".to_owned(),
                span: 0..text.len(),
                via: Vec::new(),
            });
        }
        verdict
    }
}

/// Whether all that triage heard in a text is what it says no to: "no, I'm not suicidal" names suicide.
pub(super) fn only_denies(verdict: &Verdict) -> bool {
    let denied = |guarded: &Guarded| DENIED.contains(&guarded.guard.as_str());
    let named = |hit: &Hit| hit.rule == NAMED || hit.tier < Tier::Concern;
    let heard = !(verdict.hits.is_empty() && verdict.guarded.is_empty());
    heard
        && verdict.tier == Tier::Concern
        && verdict.hits.iter().all(named)
        && verdict.guarded.iter().all(denied)
}

/// Whether a text is a way through the menu, which adds nothing to the words around it.
fn finds_its_way(text: &Earlier) -> bool {
    is_menu_input(&words(text.body.reveal()))
}

/// The texts to read together with the new one: the last two, and more while they are fragments.
fn last_few<'a>(earlier: &'a [&'a Earlier]) -> &'a [&'a Earlier] {
    let mut bytes = 0;
    let taken = earlier.iter().rev().enumerate().take_while(|(n, earlier)| {
        bytes += earlier.body.reveal().len();
        *n < ALWAYS || bytes <= FRAGMENTS
    });
    &earlier[earlier.len() - taken.count()..]
}

/// Puts on top of a verdict what the joined words say beyond each text alone. `offset` is where the
/// text begins in them, `heard` the most urgent tier that was heard before.
fn add(verdict: &mut Verdict, mut joined: Verdict, offset: usize, heard: Tier) {
    let crosses = |hit: &Hit| hit.span.start < offset && hit.span.end > offset;
    let in_text = |mut hit: Hit| {
        hit.span = hit.span.start.max(offset) - offset..hit.span.end.max(offset) - offset;
        hit.via.push("joined".to_owned());
        hit
    };
    // What the model finds only somewhat close is too little to go on where texts are put together.
    let asks = |hit: &Hit| hit.tier == Tier::Concern;
    let faint = joined.tier == Tier::Concern
        && joined.guarded.is_empty()
        && joined
            .hits
            .iter()
            .filter(|hit| asks(hit))
            .all(|hit| hit.rule == ASKED_BY_MODEL);
    if faint {
        joined.tier = Tier::None;
        joined.hits.retain(|hit| !asks(hit));
    }
    if joined.tier > heard.max(verdict.tier) {
        verdict.tier = joined.tier;
        verdict.locale = verdict.locale.or(joined.locale);
        if verdict.model.is_none() {
            verdict.model = joined.model;
        }
        let guarded = joined.guarded.into_iter();
        verdict
            .guarded
            .extend(
                guarded
                    .filter(|guarded| crosses(&guarded.hit))
                    .map(|mut guarded| {
                        guarded.hit = in_text(guarded.hit);
                        guarded
                    }),
            );
    }
    for hit in joined.hits {
        let raises = hit.tier > heard || hit.category == Category::WantsHuman;
        if crosses(&hit) && raises {
            verdict.wants_human |= hit.category == Category::WantsHuman;
            verdict.categories.insert(hit.category);
            verdict.hits.push(in_text(hit));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::triage::{RuleSet, assess};

    /// Read once: it takes longer than a judgement.
    static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().unwrap());

    const NOW: At = At(100_000_000);

    fn earlier(texts: &[&str]) -> Vec<Earlier> {
        let heard = texts.iter().map(|text| Earlier {
            at: NOW,
            tier: assess(&RULES, text).tier,
            body: MessageBody::new(*text),
        });
        heard.collect()
    }

    fn read(before: &[&str], text: &str) -> Verdict {
        let own = assess(&RULES, text);
        State::default().in_context(own, text, &earlier(before), NOW, |words| {
            assess(&RULES, words)
        })
    }

    #[test]
    fn fragments_are_heard_together_and_the_part_in_this_text_is_shown() {
        let verdict = read(&["i want", "to"], "die");
        assert_eq!(verdict.tier, Tier::High);
        let hit = &verdict.hits[0];
        assert_eq!(
            (hit.rule.as_str(), hit.span.clone()),
            ("suicide.want_to_die", 0..3)
        );
        assert!(hit.via.contains(&"joined".to_owned()), "{hit:?}");
        assert_eq!(read(&["no", "kiero"], "vivir").tier, Tier::High);
        assert_eq!(
            read(&["i", "dont", "want", "to", "be"], "here anymore").tier,
            Tier::High
        );
        assert!(read(&["can i"], "talk to someone").wants_human);
    }

    #[test]
    fn what_was_heard_before_is_not_heard_again() {
        for text in ["ok", "menu", "1", "what is dbt"] {
            assert_eq!(
                read(&["i want to die"], text).tier,
                read(&[], text).tier,
                "{text}"
            );
            assert_eq!(
                read(&["im so alone", "hm"], text).tier,
                read(&[], text).tier,
                "{text}"
            );
            assert!(
                !read(&["can i talk to someone"], text).wants_human,
                "{text}"
            );
        }
    }

    #[test]
    fn a_way_through_the_menu_joins_nothing_and_is_no_gap() {
        assert_eq!(read(&["i want to"], "MENU").tier, Tier::None);
        assert_eq!(
            read(&["i want", "menu", "12", "to"], "die").tier,
            Tier::High
        );
    }

    #[test]
    fn everyday_texts_together_stay_everyday() {
        for (before, text) in [
            (&["hi", "3"][..], "12"),
            (&["what is the weather"], "pizza"),
            (&["my phone is"], "dying lol"),
            (&["how do i", "tell"], "my mom"),
        ] {
            assert_eq!(read(before, text).tier, Tier::None, "{before:?} {text}");
        }
    }

    #[test]
    fn a_clear_no_to_our_question_is_not_made_worse_by_what_we_asked_about() {
        let state = |place| State {
            place,
            concern_at: Some(NOW),
            ..State::default()
        };
        let asked = Place::Asked {
            since: NOW,
            page: None,
        };
        for (before, text, asks) in [
            ("im hurting", "no", Tier::None),
            ("im hurting", "nope", Tier::None),
            ("i used to be suicidal", "no", Tier::None),
            ("i cant do this", "no", Tier::None),
            ("my daughter cuts what do i do", "no", Tier::None),
            ("im so alone", "no im not suicidal", Tier::Concern),
            ("im so alone", "no not suicidal", Tier::Concern),
            (
                "im so alone",
                "no im not thinking of suicide",
                Tier::Concern,
            ),
            ("me siento sola", "no soy suicida", Tier::Concern),
        ] {
            let read = |place| {
                let own = assess(&RULES, text);
                state(place).in_context(own, text, &earlier(&[before]), NOW, |words| {
                    assess(&RULES, words)
                })
            };
            assert_eq!(read(asked).tier, asks, "{before} / {text}");
        }
        // Anything else after our question is read in full.
        for (before, text) in [
            (&["me siento sola", "no"][..], "quiero vivir"),
            (&["im so alone", "no"], "point in living"),
            (&["im so alone"], "no i want to die"),
            (&["im so alone"], "im still so alone"),
        ] {
            let own = assess(&RULES, text);
            let verdict = state(asked).in_context(own, text, &earlier(before), NOW, |words| {
                assess(&RULES, words)
            });
            assert_eq!(verdict.tier, Tier::High, "{before:?} {text}");
        }
    }

    #[test]
    fn long_texts_are_read_three_at_a_time_and_fragments_eight() {
        let long = "a text that is long enough to be no fragment of anything at all, so it counts";
        let taken = |texts: &[&str]| {
            let earlier = earlier(texts);
            last_few(&earlier.iter().collect::<Vec<_>>()).len()
        };
        assert_eq!(taken(&["i want", long, long]), 2);
        assert_eq!(taken(&["a", "b", "c", "d", "e", "f", "g", "h"]), 8);
        assert_eq!(taken(&[]), 0);
    }

    #[test]
    fn the_second_concern_of_a_day_is_a_crisis() {
        let own = || assess(&RULES, "im so alone");
        assert_eq!(own().tier, Tier::Concern);
        for (hours, tier) in [(0, Tier::High), (23, Tier::High), (24, Tier::Concern)] {
            let state = State {
                concern_at: Some(NOW.minus(Duration::from_hours(hours))),
                ..State::default()
            };
            let verdict = state.in_context(own(), "im so alone", &[], NOW, |_| own());
            assert_eq!(verdict.tier, tier, "{hours} hours");
            let says = verdict
                .hits
                .iter()
                .any(|hit| hit.rule == "context.second_concern");
            assert_eq!(says, tier == Tier::High);
        }
    }
}
