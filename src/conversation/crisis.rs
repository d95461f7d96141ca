//! The rules for danger: a crisis text, our one question, and a crisis that is open.
//!
//! Nothing here lowers a tier: only the texter's clear no ends a question, and only a human ends
//! a crisis. Floor 1.

use std::time::Duration;

use crate::content::{Key, PageId, words};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::{Action, Category, Hit, Tier, Verdict};

use super::context::only_denies;
use super::keywords::{Answer, Keyword, speaks_of_self};
use super::state::{Crisis, Place};
use super::step::{ANSWER_WITHIN, NEXT, Rule, SAID, Scene};
use super::turn::Reason;

/// How long after a full crisis reply a repeat gets the short one.
const SHORT_WITHIN: Duration = Duration::from_mins(10);

impl Scene<'_> {
    /// A crisis verdict. It is answered in every state, and a human is called every time.
    pub(super) fn crisis_text(&mut self) -> Rule {
        let verdict = self.turn.verdict;
        if verdict.action() != Action::Page {
            return NEXT;
        }
        let confirmation = self.keyword_in_a_crisis();
        let now = self.turn.now;
        let open = self.state.crisis;
        let repeat = open.is_some_and(|crisis| crisis.tier >= verdict.tier)
            && self
                .state
                .crisis_full_at
                .is_some_and(|at| now.since(at) < SHORT_WITHIN);
        if repeat && !self.state.opted_out {
            self.enter_crisis(verdict.tier);
            let again = if self.turn.human_joined {
                Key::CrisisJoined
            } else {
                Key::CrisisAgain
            };
            self.say(again, Lane::Crisis);
        } else {
            self.answer_in_full(crisis_key(verdict, self.turn.text), verdict.tier);
        }
        if let Some(key) = confirmation {
            self.say(key, Lane::Conversation);
        }
        SAID
    }

    /// The text after our question is its answer, whatever else it may be.
    pub(super) fn answer_to_our_question(&mut self) -> Rule {
        let Place::Asked { since, .. } = self.state.place else {
            return NEXT;
        };
        // We cannot see what a picture adds to a no, and triage may hear more in it than we do.
        let worries = self.turn.verdict.action() != Action::None && !only_denies(self.turn.verdict);
        let doubtful = self.turn.has_media || worries;
        let answer = match Answer::of(self.turn.text, &self.words) {
            Answer::No if doubtful => Answer::Unclear,
            answer => answer,
        };
        if self.turn.said_at < since && answer != Answer::Yes && !doubtful {
            // It was sent before we asked, and came late: the question stays open.
            self.say(Key::Ask, Lane::Crisis);
            self.say_menu_if_asked();
        } else {
            self.answered(answer);
        }
        SAID
    }

    /// Acts on an answer to our question.
    pub(super) fn answered(&mut self, answer: Answer) {
        self.state.misses = 0;
        match answer {
            Answer::No => {
                let asked_for = match self.state.place {
                    Place::Asked { page, .. } => page,
                    _ => None,
                };
                self.state.place = Place::Menu;
                self.question_answered_no = true;
                self.say(Key::AskedNo, Lane::Conversation);
                self.welcome();
                if let Some(page) = asked_for {
                    self.show_page(page, 0);
                }
            }
            Answer::Yes => self.answer_in_full(Key::AskedYes, Tier::High),
            Answer::Unclear => {
                self.answer_in_full(Key::AskedUnclear, Tier::High);
                self.say_menu_if_asked();
            }
        }
    }

    /// Something may be wrong: 988, and one direct question.
    pub(super) fn concern(&mut self) -> Rule {
        if self.state.crisis.is_some() || !self.is_concern() {
            return NEXT;
        }
        self.state.misses = 0;
        self.state.place = Place::Asked {
            since: self.turn.decided,
            page: self.turn.packs.find(self.turn.text, self.state.locale),
        };
        self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN);
        self.say(Key::Ask, Lane::Crisis);
        SAID
    }

    /// A crisis is open and nobody has joined: every text goes to a human, and the menu is hidden
    /// until they ask for it. A new worry hides it again.
    pub(super) fn open_crisis(&mut self) -> Rule {
        let Some(crisis) = &mut self.state.crisis else {
            return NEXT;
        };
        let tier = crisis.tier;
        if self.turn.verdict.action() == Action::None {
            if matches!(self.keyword, Some(Keyword::Menu | Keyword::Back)) {
                self.opens_menu();
                self.show_menu();
                return SAID;
            }
            if crisis.menu {
                return NEXT;
            }
        }
        crisis.menu = false;
        // The same alert again, so that one that was closed opens again.
        self.call(Reason::Crisis, tier, Duration::ZERO);
        if self.asks_about_us() {
            self.say(Key::CrisisPrivacy, Lane::Crisis);
        } else {
            self.say_waiting(Lane::Crisis);
        }
        SAID
    }

    /// MENU is a way on, whatever else it is.
    fn say_menu_if_asked(&mut self) {
        if matches!(self.keyword, Some(Keyword::Menu | Keyword::Back)) {
            self.opens_menu();
            self.say(Key::Menu, Lane::Content);
        }
    }

    /// The texter sees the menu in the crisis: what they send next may be a choice from it.
    const fn opens_menu(&mut self) {
        if let Some(crisis) = &mut self.state.crisis {
            crisis.menu = true;
        }
    }

    /// Whether the whole text is a question that the page about us answers: who we are, who reads
    /// this. It may decide whether they go on writing.
    fn asks_about_us(&self) -> bool {
        let packs = self.turn.packs;
        let mut pages = Locale::ALL
            .map(|locale| packs.page(locale, PageId::About))
            .into_iter();
        pages.any(|page| page.aliases().contains(&self.words))
    }

    /// Nobody can text a person who has opted out, so they are told that, and never that we will.
    fn answer_in_full(&mut self, key: Key, tier: Tier) {
        let key = match tier {
            _ if !self.state.opted_out => key,
            Tier::Imminent => Key::CrisisImminentOptedOut,
            _ => Key::CrisisOptedOut,
        };
        self.enter_crisis(tier);
        self.state.crisis_full_at = Some(self.turn.now);
        self.say(key, Lane::Crisis);
    }

    /// Opens the crisis, or raises the one that is open, and calls a human.
    fn enter_crisis(&mut self, tier: Tier) {
        let now = self.turn.now;
        let open = self.state.crisis.unwrap_or(Crisis {
            tier,
            since: now,
            menu: false,
        });
        let tier = open.tier.max(tier);
        self.state.misses = 0;
        self.state.human_awaited = !self.turn.human_joined;
        self.state.place = Place::Menu;
        self.state.crisis = Some(Crisis {
            tier,
            menu: false,
            ..open
        });
        self.call(Reason::Crisis, tier, Duration::ZERO);
    }
}

/// What each kind of danger is answered with, the first that fits; thoughts of one's own death with the
/// general reply.
const KINDS: [(Category, Key); 7] = [
    (Category::SexualAssault, Key::CrisisSexualAssault),
    (Category::Child, Key::CrisisChild),
    (Category::Abuse, Key::CrisisAbuse),
    (Category::Suicide, Key::CrisisHigh),
    (Category::HarmToOthers, Key::CrisisHarmToOthers),
    (Category::Psychosis, Key::CrisisPsychosis),
    (Category::EatingDisorder, Key::CrisisEating),
];

/// What somebody is in themselves who texts of it, whoever else is named: a threat, an assault, a voice.
const OWN: [Category; 6] = [
    Category::SelfHarm,
    Category::Abuse,
    Category::SexualAssault,
    Category::Child,
    Category::HarmToOthers,
    Category::Psychosis,
];

/// The full reply that fits. An act under way comes before all else; somebody else's danger before
/// what the danger is, where the texter is not in it too. What is urgent by itself says most.
fn crisis_key(verdict: &Verdict, text: &str) -> Key {
    if verdict.tier == Tier::Imminent && is_about(verdict, Category::Overdose, Tier::High) {
        return Key::CrisisOverdose;
    }
    if is_others(verdict, text) || names_only_others(verdict, text) {
        // "If you are hurt" puzzles someone who fears for a friend: their text names 911 as well.
        return Key::CrisisThirdParty;
    }
    if verdict.tier == Tier::Imminent {
        return Key::CrisisImminent;
    }
    let kind = |least| {
        let mut kinds = KINDS.into_iter();
        kinds.find(|(category, _)| is_about(verdict, *category, least))
    };
    kind(Tier::High)
        .or_else(|| kind(Tier::Concern))
        .map_or(Key::CrisisHigh, |(_, key)| key)
}

/// Whether something that no guard lowered is about a kind of danger, and at least so urgent.
fn is_about(verdict: &Verdict, category: Category, least: Tier) -> bool {
    let mut hits = verdict.hits.iter();
    hits.any(|hit| hit.tier >= least && hit.category == category)
}

/// Whether the danger is somebody else's alone. "My mom hates me, I want to die" names one person and is
/// about another: thoughts of death are the other's only where they stand within what is said of the
/// other, and the texter does not speak of themselves at all.
fn is_others(verdict: &Verdict, text: &str) -> bool {
    let urgent = |category| {
        let hits = verdict.hits.iter();
        hits.filter(move |hit| hit.tier >= Tier::High && hit.category == category)
    };
    let meets =
        |one: &Hit, other: &Hit| one.span.start < other.span.end && other.span.start < one.span.end;
    let of_other = |death: &Hit| urgent(Category::ThirdParty).any(|other| meets(death, other));
    is_about(verdict, Category::ThirdParty, verdict.tier)
        && !OWN.into_iter().any(|own| urgent(own).next().is_some())
        && urgent(Category::Suicide).all(|death| of_other(death) && !speaks_of_self(&words(text)))
}

/// Whether only the sum of a text is urgent, and what its rules hear in it says nothing of the texter:
/// "I found out my daughter hurts herself", but not "how do I tell my mom I cut".
fn names_only_others(verdict: &Verdict, text: &str) -> bool {
    let is_sum = |hit: &Hit| hit.tier == Tier::High && hit.category == Category::Distress;
    let of_self = |hit: &Hit| {
        let said = words(text.get(hit.span.clone()).unwrap_or(text));
        speaks_of_self(&said) || said.split(' ').any(|word| word == "me")
    };
    let heard = || {
        let hits = verdict.hits.iter();
        hits.filter(|hit| hit.tier >= Tier::Concern && !is_sum(hit))
    };
    verdict.tier == Tier::High
        && heard().next().is_some()
        && heard().all(|hit| hit.category == Category::ThirdParty && !of_self(hit))
}
