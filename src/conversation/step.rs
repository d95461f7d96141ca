//! One step: the order in which a text is answered.
//!
//! The order is the promise "crisis first": what stands above is never reached by what stands
//! below. No clock, no I/O, no failure. Floor 1.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::content::{Fill, Key, words};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::{Action, Tier};

use super::keywords::{Keyword, asks_for_spanish};
use super::state::{Place, State};
use super::turn::{AlertRequest, CheckIn, Line, Reason, Reply, Silence, Step, Turn};

/// How long our question waits for its answer before a human is paged.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_mins(5);

/// Who writes again after this time is reminded of where they were.
const PAUSE: Duration = Duration::from_mins(30);

/// How long an answer to words that were not understood waits for more of them.
pub(super) const MORE_WORDS: Duration = Duration::from_secs(3);

/// Says what happens because of one text. Total and pure.
#[must_use]
pub fn step(state: &State, turn: &Turn<'_>) -> Step {
    let mut scene = Scene::new(state, turn);
    let carrier_word = scene.carrier_word();
    let silence = match scene.play() {
        ControlFlow::Break(End::Silent(silence)) => silence,
        ControlFlow::Break(End::Said) | ControlFlow::Continue(()) => Silence::LoopGuard,
    };
    scene.mute_loops(state);
    scene.state.check_in_asked_at = scene
        .state
        .check_in_asked_at
        .filter(|_| scene.check_in.is_none() && !scene.state.opted_out);
    Step {
        silence: scene.replies.is_empty().then_some(silence),
        takes_back_waiting: scene.fragments_since.is_some(),
        state: scene.state,
        replies: scene.replies,
        alert: scene.alert,
        question_answered_no: scene.question_answered_no,
        erase: scene.erase,
        check_in: scene.check_in,
        carrier_word,
    }
}

/// How a text is done with.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// It has a reply.
    Said,
    /// It has none, unless a rule before has replied already; this is why.
    Silent(Silence),
}

/// A rule of the order: it is done with the text, or leaves it to the next rule.
pub(super) type Rule = ControlFlow<End>;

/// The text is answered.
pub(super) const SAID: Rule = ControlFlow::Break(End::Said);

/// The text is left to the next rule.
pub(super) const NEXT: Rule = ControlFlow::Continue(());

/// The text gets no reply.
pub(super) const fn silent(why: Silence) -> Rule {
    ControlFlow::Break(End::Silent(why))
}

/// What is known and what was said, while a text is being answered.
pub(super) struct Scene<'a> {
    pub(super) turn: &'a Turn<'a>,
    pub(super) words: String,
    pub(super) keyword: Option<Keyword>,
    pub(super) state: State,
    pub(super) replies: Vec<Reply>,
    pub(super) alert: Option<AlertRequest>,
    pub(super) question_answered_no: bool,
    pub(super) erase: bool,
    pub(super) check_in: Option<CheckIn>,
    /// Since when there are words whose answer still waits for this text.
    pub(super) fragments_since: Option<crate::clock::At>,
    /// Whether they were away for a while.
    pub(super) paused: bool,
}

impl<'a> Scene<'a> {
    fn new(before: &State, turn: &'a Turn<'a>) -> Self {
        let words = words(turn.text);
        let mut state = before.clone();
        state.choose_heard_language(&words, turn.verdict);
        state.human_awaited &= !turn.human_joined;
        state.waiting = None;
        state.heard_at = Some(turn.now);
        if turn.verdict.tier >= Tier::Concern {
            state.concern_at = Some(turn.now);
        }
        let waiting = before.waiting.filter(|waiting| turn.now < waiting.until);
        let spanish = Keyword::Language(Some(Locale::Es));
        let keyword = Keyword::of(&words);
        Self {
            turn,
            keyword: keyword.or_else(|| asks_for_spanish(&words).then_some(spanish)),
            words,
            state,
            replies: Vec::new(),
            alert: None,
            question_answered_no: false,
            erase: false,
            check_in: None,
            fragments_since: waiting.map(|waiting| waiting.since),
            paused: before.heard_at.is_some_and(|at| turn.now.since(at) > PAUSE),
        }
    }

    fn play(&mut self) -> Rule {
        self.crisis_text()?;
        self.carrier_keyword()?;
        self.deletion()?;
        self.opted_out()?;
        self.asks_for_a_person()?;
        self.answer_to_check_in()?;
        self.with_a_person()?;
        self.choose_language();
        self.answer_to_our_question()?;
        self.concern()?;
        self.open_crisis()?;
        self.content()
    }

    pub(super) fn is_concern(&self) -> bool {
        self.turn.verdict.action() == Action::Ask
    }

    /// Whether triage heard something in the text that no keyword may hide.
    pub(super) fn needs_care(&self) -> bool {
        self.is_concern() || self.turn.verdict.wants_human
    }

    pub(super) const fn was_asked(&self) -> bool {
        matches!(self.state.place, Place::Asked { .. })
    }

    /// The most urgent of what this text says and what is open already.
    pub(super) fn tier(&self) -> Tier {
        let open = self.state.open_tier().unwrap_or_default();
        self.turn.verdict.tier.max(open)
    }

    /// Calls a human.
    pub(super) fn call(&mut self, reason: Reason, tier: Tier, page_after: Duration) {
        self.alert = Some(AlertRequest {
            reason,
            tier,
            page_after,
        });
    }

    /// What everybody is told once: automatic, the limits of privacy, rates, STOP and HELP. It comes
    /// with the first reply outside of danger. Who is in a crisis, was asked our question, or
    /// writes with a person gets it when that is over; who asks for a person, after that answer.
    pub(super) fn welcome(&mut self) {
        let is_calm = self.state.open_tier().is_none() && !self.turn.human_joined;
        if is_calm && !self.state.greeted {
            self.state.greeted = true;
            self.say(Key::Welcome, Lane::Content);
        }
    }

    /// Says a message.
    pub(super) fn say(&mut self, key: Key, lane: Lane) {
        self.say_after(key, lane, Duration::ZERO);
    }

    /// Says a message unless more words come first.
    pub(super) fn say_after(&mut self, key: Key, lane: Lane, wait: Duration) {
        let packs = self.turn.packs;
        let text = packs.message(self.state.locale, key, &self.fill());
        self.replies.push(Reply { text, lane, wait });
    }

    pub(super) fn fill(&self) -> Fill<'a> {
        Fill::from(self.turn.line)
    }

    /// Drops content that would feed a loop, and with it the places that it led to. Never anything
    /// else: a crisis, a person, STOP and HELP are answered however often they come.
    fn mute_loops(&mut self, before: &State) {
        let is_content = |reply: &&Reply| reply.lane == Lane::Content;
        if !self.replies.iter().any(|reply| is_content(&reply)) {
            return;
        }
        let mark = mark(self.replies.iter().filter(is_content));
        if self.state.loops(mark, self.turn.now) {
            self.replies.retain(|reply| reply.lane != Lane::Content);
            self.state.waiting = None;
            if self.state.open_tier().is_none() {
                self.state.place = before.place;
                self.state.trail.clone_from(&before.trail);
            }
            self.state.greeted = before.greeted;
        }
    }
}

impl<'a> From<&'a Line> for Fill<'a> {
    fn from(line: &'a Line) -> Self {
        Self {
            line: &line.name,
            contact: &line.contact,
            free_to_end_user: line.free_to_end_user,
            topic: "",
            choices: "",
            care: &line.care,
        }
    }
}

/// A fingerprint of our own words (FNV-1a), the same on every machine and in every version.
fn mark<'r>(replies: impl Iterator<Item = &'r Reply>) -> u32 {
    let bytes = replies.flat_map(|reply| reply.text.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
