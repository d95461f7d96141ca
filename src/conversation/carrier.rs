//! STOP, START and HELP: whole messages that carriers and the law give a meaning.
//!
//! They are answered in every state, each as CTIA and the FCC want it: one confirmation of an opt-out
//! and then silence; HELP and START whether or not somebody is subscribed. None of them hides what
//! triage heard in the same text. Floor 1.

use std::time::Duration;

use crate::content::Key;
use crate::lane::Lane;
use crate::triage::Tier;

use super::keywords::{Answer, Keyword};
use super::step::{ANSWER_WITHIN, NEXT, Rule, SAID, Scene, silent};
use super::turn::{CarrierWord, Reason, Silence};

impl Scene<'_> {
    /// STOP, START and HELP.
    pub(super) fn carrier_keyword(&mut self) -> Rule {
        match self.keyword {
            _ if self.is_overtaken() => self.overtaken(),
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

    /// Keeps what the texter wants, and since when. The confirmation follows.
    const fn opt(&mut self, out: bool) {
        self.state.opted_out = out;
        self.state.opt_out_confirmed = out;
        self.state.opt_changed_at = Some(self.turn.said_at);
    }

    /// Whether the text is a STOP or START that was sent before the last one that counted.
    fn is_overtaken(&self) -> bool {
        let last = self.state.opt_changed_at;
        let changes = self.keyword == Some(Keyword::OptOut) || self.opts_in();
        changes && last.is_some_and(|last| self.turn.said_at < last)
    }

    /// What came late changes nothing and says nothing. A YES may still be the answer to our question.
    fn overtaken(&mut self) -> Rule {
        if self.was_asked() && self.words == "yes" {
            return NEXT;
        }
        if self.is_concern() {
            self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN);
        }
        silent(Silence::Overtaken)
    }

    fn opt_out(&mut self) -> Rule {
        if let Some(tier) = self.state.open_tier() {
            self.call(Reason::OptedOutInCrisis, tier, Duration::ZERO);
        } else if self.is_concern() {
            self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN);
        }
        let told = self.state.opted_out && self.state.opt_out_confirmed;
        self.opt(true);
        if self.turn.keyword_handled {
            return silent(Silence::KeywordHandled);
        }
        if told {
            return silent(Silence::OptedOut);
        }
        self.say(Key::StopConfirm, Lane::Conversation);
        SAID
    }

    /// What the text is to carriers and the law.
    pub(super) fn carrier_word(&self) -> Option<CarrierWord> {
        match self.keyword {
            _ if self.is_overtaken() => None,
            Some(Keyword::OptOut) => Some(CarrierWord::Stop),
            Some(Keyword::Help) => Some(CarrierWord::Help),
            _ => self.opts_in().then_some(CarrierWord::Start),
        }
    }

    /// Whether the text wants texts again. YES does, for somebody who has opted out.
    pub(super) fn opts_in(&self) -> bool {
        let yes = self.state.opted_out && self.words == "yes";
        yes || self.keyword == Some(Keyword::OptIn)
    }

    fn opt_in(&mut self) -> Rule {
        let returns = self.state.opted_out;
        self.opt(false);
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
        if self.was_asked() {
            // HELP may well be the answer to "are you in danger?".
            self.answered(Answer::Unclear);
        } else if let Some(crisis) = self.state.crisis {
            self.call(Reason::Crisis, crisis.tier, Duration::ZERO);
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
    pub(super) fn opted_out(&mut self) -> Rule {
        if !self.state.opted_out {
            return NEXT;
        }
        if self.was_asked() && Answer::of(self.turn.text, &self.words) == Answer::Yes {
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

    /// A STOP or START that triage reads together with the texts before it, or could not read: the
    /// law wants it honoured, and the person needs the answer. Both happen. Gives the confirmation
    /// that is still owed.
    pub(super) fn keyword_in_a_crisis(&mut self) -> Option<Key> {
        if self.is_overtaken() {
            return None;
        }
        let was_out = self.state.opted_out;
        let told = was_out && self.state.opt_out_confirmed;
        let (out, key) = if self.keyword == Some(Keyword::OptOut) {
            (true, (!told).then_some(Key::StopConfirm))
        } else if self.opts_in() {
            (false, was_out.then_some(Key::StartConfirm))
        } else {
            return None;
        };
        self.opt(out);
        key.filter(|_| !self.turn.keyword_handled)
    }
}
