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

use super::keywords::{Answer, Keyword, is_spanish};
use super::state::{Place, State};
use super::turn::{AlertRequest, Line, Reason, Reply, Silence, Step, Turn};

/// How long our question waits for its answer before a human is paged.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_mins(5);

/// Says what happens because of one text. Total and pure.
#[must_use]
pub fn step(state: &State, turn: &Turn<'_>) -> Step {
    let mut scene = Scene::new(state, turn);
    let silence = match scene.play() {
        ControlFlow::Break(End::Silent(silence)) => silence,
        ControlFlow::Break(End::Said) | ControlFlow::Continue(()) => Silence::LoopGuard,
    };
    scene.mute_loops(state);
    Step {
        silence: scene.replies.is_empty().then_some(silence),
        state: scene.state,
        replies: scene.replies,
        alert: scene.alert,
        question_answered_no: scene.question_answered_no,
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
}

impl<'a> Scene<'a> {
    fn new(state: &State, turn: &'a Turn<'a>) -> Self {
        let words = words(turn.text);
        let mut state = state.clone();
        let heard = is_spanish(&words).then_some(Locale::Es);
        if let Some(locale) = turn.verdict.locale.or(heard)
            && !state.locale_chosen
        {
            state.locale = locale;
        }
        state.human_awaited &= !turn.human_joined;
        Self {
            turn,
            keyword: Keyword::of(&words),
            words,
            state,
            replies: Vec::new(),
            alert: None,
            question_answered_no: false,
        }
    }

    fn play(&mut self) -> Rule {
        self.crisis_text()?;
        self.carrier_keyword()?;
        self.opted_out()?;
        self.asks_for_a_person()?;
        self.with_a_person()?;
        self.choose_language();
        self.answer_to_our_question()?;
        self.concern()?;
        self.open_crisis()?;
        self.content()
    }

    /// STOP, START and HELP: a whole message that carriers and the law give a meaning.
    fn carrier_keyword(&mut self) -> Rule {
        match self.keyword {
            Some(Keyword::OptOut) => self.opt_out(),
            Some(Keyword::Help) => self.help(),
            _ if self.opts_in() => self.opt_in(),
            // YES is a keyword of carriers too, but as an answer to our question it is ours.
            _ if self.turn.keyword_handled && !self.was_asked() && !self.needs_care() => {
                if let Some(tier) = self.state.open_tier() {
                    self.call(Reason::Crisis, tier, Duration::ZERO);
                }
                silent(Silence::KeywordHandled)
            }
            _ => NEXT,
        }
    }

    fn opt_out(&mut self) -> Rule {
        if let Some(tier) = self.state.open_tier() {
            self.call(Reason::OptedOutInCrisis, tier, Duration::ZERO);
        } else if self.is_concern() {
            self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN);
        }
        let told = self.state.opted_out && self.state.opt_out_confirmed;
        self.state.opted_out = true;
        self.state.opt_out_confirmed = true;
        if self.turn.keyword_handled {
            return silent(Silence::KeywordHandled);
        }
        if told {
            return silent(Silence::OptedOut);
        }
        self.say(Key::StopConfirm, Lane::Conversation);
        SAID
    }

    /// Whether the text wants texts again. YES does, for somebody who has opted out.
    pub(super) fn opts_in(&self) -> bool {
        let yes = self.state.opted_out && self.words == "yes";
        yes || self.keyword == Some(Keyword::OptIn)
    }

    fn opt_in(&mut self) -> Rule {
        let returns = self.state.opted_out;
        self.state.opted_out = false;
        self.state.opt_out_confirmed = false;
        let handled = self.turn.keyword_handled;
        let open = self.state.open_tier().is_some() || self.is_concern();
        if !handled && (returns || self.state.greeted) {
            self.say(Key::StartConfirm, Lane::Conversation);
        }
        if open {
            // A concern, a question or a crisis is not over because somebody texts START.
            return NEXT;
        }
        if handled {
            return silent(Silence::KeywordHandled);
        }
        if self.replies.is_empty() {
            // START as the very first text: a hello like any other.
            return NEXT;
        }
        self.show_menu();
        SAID
    }

    fn help(&mut self) -> Rule {
        let calm = self.state.open_tier().is_none();
        match self.state.place {
            // HELP may well be the answer to "are you in danger?".
            Place::Asked { .. } => self.answered(Answer::Unclear),
            Place::Crisis { tier, .. } => self.call(Reason::Crisis, tier, Duration::ZERO),
            Place::Menu | Place::Page { .. } => {}
        }
        if !self.turn.keyword_handled {
            self.say(Key::Help, Lane::Conversation);
        }
        if calm && self.is_concern() {
            // The carrier has its reply; the concern still needs its question.
            return NEXT;
        }
        silent(Silence::KeywordHandled)
    }

    /// Nothing is sent to a person who has opted out, but a human still learns what needs one.
    fn opted_out(&mut self) -> Rule {
        if !self.state.opted_out {
            return NEXT;
        }
        if self.was_asked() && Answer::of(&self.words) == Answer::Yes {
            self.answered(Answer::Yes);
            return SAID;
        }
        if self.wants_a_person() {
            self.call(Reason::WantsHuman, self.tier(), Duration::ZERO);
        } else if let Some(tier) = self.state.open_tier() {
            self.call(Reason::OptedOutInCrisis, tier, Duration::ZERO);
        } else if self.is_concern() {
            // We cannot ask, so nobody will answer: a human looks, as if the answer were missing.
            self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN);
        }
        silent(Silence::OptedOut)
    }

    fn asks_for_a_person(&mut self) -> Rule {
        if !self.wants_a_person() {
            return NEXT;
        }
        self.call(Reason::WantsHuman, self.tier(), Duration::ZERO);
        if self.turn.human_joined && self.keyword != Some(Keyword::Human) {
            // Words like "are you a real person?" in a talk with one are theirs to answer.
            return silent(Silence::WithHuman);
        }
        self.state.misses = 0;
        self.state.human_awaited = !self.turn.human_joined;
        self.say(Key::HumanAsked, Lane::Conversation);
        self.welcome();
        SAID
    }

    /// A person of the team is writing with them: only MENU is still ours.
    fn with_a_person(&mut self) -> Rule {
        if !self.turn.human_joined {
            return NEXT;
        }
        if self.is_concern() {
            // The person reads it and asks in their own words; the alert is for when they are gone.
            match self.state.place {
                Place::Crisis { tier, .. } => self.call(Reason::Crisis, tier, Duration::ZERO),
                _ => self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN),
            }
        }
        if self.keyword != Some(Keyword::Menu) {
            if self.alert.is_none() {
                // The answer is the person's to give; without one, others are called.
                self.call(Reason::AwaitsHuman, self.tier(), ANSWER_WITHIN);
            }
            return silent(Silence::WithHuman);
        }
        self.state.misses = 0;
        if self.state.open_tier().is_some() {
            self.say(Key::Menu, Lane::Content);
        } else {
            self.show_menu();
        }
        SAID
    }

    /// The language is set before the rules below answer, so that they answer in it.
    fn choose_language(&mut self) {
        if let Some(Keyword::Language(wanted)) = self.keyword {
            self.state.locale = wanted.unwrap_or_else(|| other(self.state.locale));
            self.state.locale_chosen = true;
        }
    }

    fn wants_a_person(&self) -> bool {
        self.turn.verdict.wants_human || self.keyword == Some(Keyword::Human)
    }

    pub(super) fn is_concern(&self) -> bool {
        self.turn.verdict.action() == Action::Ask
    }

    /// Whether triage heard something in the text that no keyword may hide.
    fn needs_care(&self) -> bool {
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
        let packs = self.turn.packs;
        let text = packs.message(self.state.locale, key, &self.fill());
        self.replies.push(Reply { text, lane });
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

const fn other(locale: Locale) -> Locale {
    match locale {
        Locale::En => Locale::Es,
        Locale::Es => Locale::En,
    }
}
