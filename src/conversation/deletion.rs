//! DELETE: everything that a texter sent is destroyed, after one question back.
//!
//! Nobody's texts are destroyed while the team looks for them: with an open case it is done when that
//! is closed, and the texter is told so. What a legal hold keeps is destroyed when it is lifted. It works for who has opted out as well. Floor 1.

use std::time::Duration;

use crate::content::Key;
use crate::lane::Lane;

use super::keywords::{Answer, Keyword};
use super::step::{NEXT, Rule, SAID, Scene};
use super::turn::Reason;

/// How long the question back can be answered.
const ANSWERED_WITHIN: Duration = Duration::from_mins(10);

impl Scene<'_> {
    /// DELETE, and the answer to the question back.
    pub(super) fn deletion(&mut self) -> Rule {
        let now = self.turn.now;
        // What was sent before the question is no answer to it.
        let asked = self
            .state
            .delete_asked_at
            .take()
            .is_some_and(|at| now.since(at) < ANSWERED_WITHIN && self.turn.said_at >= at);
        let again = self.keyword == Some(Keyword::Delete);
        // With another question open, or none of ours allowed, only the word itself is an answer.
        let answers = asked && self.state.open_tier().is_none() && !self.state.opted_out;
        let answer = answers.then(|| Answer::of(self.turn.text, &self.words));
        // A yes, easily sent to something else, deletes nothing: we ask for the word again.
        if (again && !asked) || answer == Some(Answer::Yes) {
            self.state.delete_asked_at = Some(self.turn.decided);
            self.say(Key::DeleteAsk, Lane::Conversation);
        } else if again {
            self.erase = true;
            let key = if self.turn.held {
                Key::DeleteHeld
            } else if self.turn.call.is_some() || self.needs_care() {
                Key::DeleteLater
            } else {
                Key::DeleteDone
            };
            self.say(key, Lane::Conversation);
        } else if answer == Some(Answer::No) {
            self.say(Key::DeleteNot, Lane::Conversation);
        } else {
            return NEXT;
        }
        // The case stays open, and DELETE may be the only answer to our question that comes.
        if self.was_asked() {
            self.answered(Answer::Unclear);
        } else if let Some(crisis) = self.state.crisis {
            self.call(Reason::Crisis, crisis.tier, Duration::ZERO);
        }
        if self.needs_care() {
            // What else was heard in the text still gets its own answer.
            return NEXT;
        }
        SAID
    }
}
