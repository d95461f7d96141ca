//! The rules for the people of the line: asked for, awaited, writing, and checking in the day after.
//! Floor 1.

use std::time::Duration;

use crate::clock::At;
use crate::content::Key;
use crate::lane::Lane;
use crate::triage::Action;

use super::keywords::{Answer, Keyword};
use super::state::Waiting;
use super::step::{ANSWER_WITHIN, MORE_WORDS, NEXT, Rule, SAID, Scene, silent};
use super::turn::{Call, CheckIn, Reason, Silence};
use crate::triage::Tier;

/// Who is told again within this time that a person has not joined yet is writing in pieces.
const PIECES_WITHIN: Duration = Duration::from_secs(15);

/// How long the question whether we may check in can be answered.
const CHECK_IN_ANSWERED_WITHIN: Duration = Duration::from_hours(48);

/// How long after the consent a check-in goes out at the earliest.
const CHECK_IN_AFTER: Duration = Duration::from_hours(20);

/// The hours, UTC, between which it is between 8 and 21 o'clock everywhere from the US East Coast to
/// Hawaii, in summer and in winter: we do not know where a texter is, and wake nobody.
const DAYTIME: std::ops::Range<i64> = 18..25;

const HOUR: i64 = 3_600_000;

impl Scene<'_> {
    /// HUMAN, or words that triage reads as that.
    pub(super) fn asks_for_a_person(&mut self) -> Rule {
        if !self.wants_a_person() {
            return NEXT;
        }
        let dials = self.keyword == Some(Keyword::Dial);
        // Whoever texts an emergency number to us may be in one.
        let tier = self
            .tier()
            .max(if dials { Tier::Concern } else { Tier::None });
        self.call(Reason::WantsHuman, tier, Duration::ZERO);
        if self.turn.human_joined && self.keyword != Some(Keyword::Human) {
            // Words like "are you a real person?" in a talk with one are theirs to answer.
            return silent(Silence::WithHuman);
        }
        self.state.misses = 0;
        self.state.human_awaited = !self.turn.human_joined;
        let key = if dials {
            Key::DialDirect
        } else {
            Key::HumanAsked
        };
        self.say(key, Lane::Conversation);
        self.welcome();
        SAID
    }

    /// Whether the text asks for a person. 988 and 911 do: nobody dials them for a menu.
    pub(super) fn wants_a_person(&self) -> bool {
        let asks = matches!(self.keyword, Some(Keyword::Human | Keyword::Dial));
        self.turn.verdict.wants_human || asks
    }

    /// A person of the team is writing with them: only MENU is still ours.
    pub(super) fn with_a_person(&mut self) -> Rule {
        if !self.turn.human_joined {
            return NEXT;
        }
        if self.is_concern() {
            // The person reads it and asks in their own words; the alert is for when they are gone.
            match self.state.crisis {
                Some(crisis) => self.call(Reason::Crisis, crisis.tier, Duration::ZERO),
                None => self.call(Reason::Question, Tier::Concern, ANSWER_WITHIN),
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

    /// Tells who waits for a person how far the call has come, and no more. Somebody who writes in
    /// pieces is told once for all of them.
    pub(super) fn say_waiting(&mut self, lane: Lane) {
        let now = self.turn.now;
        let in_pieces = |at: At| now.since(at) < PIECES_WITHIN;
        let wait = if self.state.told_waiting_at.is_some_and(in_pieces) {
            self.state.waiting = Some(Waiting {
                since: self.fragments_since.unwrap_or(now),
                until: now.plus(MORE_WORDS),
            });
            MORE_WORDS
        } else {
            Duration::ZERO
        };
        self.state.told_waiting_at = Some(now);
        self.say_after(waiting_key(self.turn.call), lane, wait);
    }

    /// The answer to the question whether we may check in. Only a clear yes is consent.
    pub(super) fn answer_to_check_in(&mut self) -> Rule {
        let now = self.turn.now;
        let asked = self
            .state
            .check_in_asked_at
            .is_some_and(|at| now.since(at) < CHECK_IN_ANSWERED_WITHIN && self.turn.said_at >= at);
        let alarming = self.turn.verdict.action() != Action::None || self.turn.has_media;
        if !asked || alarming || self.was_asked() {
            return NEXT;
        }
        let (answer, key) = match Answer::of(self.turn.text, &self.words) {
            Answer::Yes => (CheckIn::At(check_in_due(now)), Key::CheckInYes),
            Answer::No => (CheckIn::Declined, Key::CheckInNo),
            Answer::Unclear => return NEXT,
        };
        self.check_in = Some(answer);
        self.say(key, Lane::Conversation);
        SAID
    }
}

/// The message for who waits.
const fn waiting_key(call: Option<Call>) -> Key {
    match call {
        Some(Call::Taken) => Key::CrisisWaitingTaken,
        Some(Call::Told) => Key::CrisisWaitingTold,
        Some(Call::Made) | None => Key::CrisisWaiting,
    }
}

/// When a check-in that was agreed to now goes out: about a day later, by day.
fn check_in_due(now: At) -> At {
    let due = now.plus(CHECK_IN_AFTER);
    let hour = due.0.div_euclid(HOUR).rem_euclid(24);
    if DAYTIME.contains(&hour) || DAYTIME.contains(&(hour + 24)) {
        return due;
    }
    let midnight = due.0.div_euclid(24 * HOUR) * 24 * HOUR;
    At(midnight.saturating_add(DAYTIME.start * HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_in_comes_about_a_day_later_and_by_day_from_coast_to_coast() {
        for hour in 0..24 {
            for minute in [0, 1, 59] {
                let now = At(20_000 * 24 * HOUR + hour * HOUR + minute * 60_000);
                let due = check_in_due(now);
                let waits = due.since(now).as_secs() / 3600;
                assert!((20..38).contains(&waits), "{hour}: {waits}");
                // New York and Honolulu, in summer and in winter.
                for offset in [-4, -5, -10] {
                    let local = (due.0 + offset * HOUR).div_euclid(HOUR).rem_euclid(24);
                    assert!((8..21).contains(&local), "{hour}: {local} at {offset}");
                }
            }
        }
    }
}
