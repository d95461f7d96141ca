//! What can be said to a text without the store: nothing is known of who sent it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Arrival, Context, Intake};
use crate::content::{Fill, Key};
use crate::conversation::{self, State, Step};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::text::MessageBody;

impl Intake {
    /// The crisis reply.
    #[must_use]
    pub fn crisis_reply(&self, arrival: &Arrival) -> MessageBody {
        let replies = self.step_alone(arrival).map(|step| step.replies);
        let reply = replies
            .unwrap_or_default()
            .into_iter()
            .find(|reply| reply.lane == Lane::Crisis);
        MessageBody::new(match reply {
            Some(reply) => reply.text,
            None => self
                .packs
                .message(self.locale, Key::CrisisHigh, &Fill::from(&self.line)),
        })
    }

    /// The language of the answer.
    #[must_use]
    pub fn language(&self, arrival: &Arrival) -> Locale {
        let step = self.step_alone(arrival);
        step.map_or(self.locale, |step| step.state.locale)
    }

    /// The holding line for a text that is no crisis: honest about what was kept, with 988. None for
    /// who has just opted out, or was answered by the gateway: one confirmation is all they get.
    #[must_use]
    pub fn holding_line(&self, arrival: &Arrival, kept: bool) -> Option<MessageBody> {
        let step = self.step_alone(arrival);
        if let Some(step) = &step
            && (step.state.opted_out || step.silence.is_some())
        {
            return None;
        }
        let locale = step.map_or(self.locale, |step| step.state.locale);
        let key = if kept {
            Key::LineTrouble
        } else {
            Key::LineTroubleLost
        };
        let words = self.packs.message(locale, key, &Fill::from(&self.line));
        Some(MessageBody::new(words))
    }

    /// Whether a person must come, as far as the text alone can tell: it asks for one, or somebody may
    /// not be safe and cannot be asked now.
    #[must_use]
    pub fn calls_a_person(&self, arrival: &Arrival) -> bool {
        let step = self.step_alone(arrival);
        step.is_some_and(|step| step.alert.is_some())
    }

    /// The step of somebody who has never texted before; nothing if it panics.
    fn step_alone(&self, arrival: &Arrival) -> Option<Step> {
        let fresh = State::new(self.locale);
        let alone = Context::alone(&arrival.verdict);
        let step = || conversation::step(&fresh, &self.turn(arrival, &alone));
        catch_unwind(AssertUnwindSafe(step)).ok()
    }
}
