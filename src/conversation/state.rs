//! Where a conversation stands between two texts.
//!
//! It is stored with the texter, and holds none of their words. Floor 1.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::At;
use crate::content::PageId;
use crate::content::chooser::Answers;
use crate::locale::Locale;
use crate::triage::Tier;

/// How far BACK remembers.
const TRAIL: usize = 8;

/// Within this time, the same content over and over is two robots that talk to each other.
const WINDOW: Duration = Duration::from_mins(10);

/// How often the same content is sent within the window.
pub(super) const SAME: usize = 10;

/// How often any content is sent within the window. A person who reads every page stays below it.
pub(super) const ANY: usize = 40;

/// Where a conversation stands. The default is a person who has never texted.
///
/// Reading tolerates fields that it does not know and fields that are missing, so that two
/// versions of the program can run side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each stored under its own name"
)]
pub struct State {
    /// Whether the welcome was sent.
    pub greeted: bool,
    /// The language of replies.
    pub locale: Locale,
    /// Whether the texter has been heard to write in that language.
    pub locale_heard: bool,
    /// Whether the texter chose that language, so that nothing else changes it.
    pub locale_chosen: bool,
    /// What the next text is an answer to.
    pub place: Place,
    /// Where BACK leads, the last one first to be left.
    pub trail: Vec<Spot>,
    /// Whether the texter wants no more texts. Only their own START changes this back.
    pub opted_out: bool,
    /// Whether the opt-out was confirmed, by us or by the gateway.
    pub opt_out_confirmed: bool,
    /// When the last STOP or START that counted was sent.
    pub opt_changed_at: Option<At>,
    /// How many texts in a row were not understood.
    pub misses: u8,
    /// The content that was sent lately, oldest first: for the loop guard.
    pub recent: Vec<Sent>,
    /// Whether a person was called and has not joined yet, so that a text that we do not
    /// understand is taken as meant for them.
    pub human_awaited: bool,
    /// The crisis that nobody has closed. It outlives every place: whoever looks at the menu in a
    /// crisis is still in it.
    pub crisis: Option<Crisis>,
    /// When a crisis text was last answered in full.
    pub crisis_full_at: Option<At>,
    /// When they were last told that a person has not joined yet.
    pub told_waiting_at: Option<At>,
    /// When the last text came.
    pub heard_at: Option<At>,
    /// When triage last heard something that worried it.
    pub concern_at: Option<At>,
    /// An answer that waits for the rest of the words.
    pub waiting: Option<Waiting>,
    /// When they were asked whether to delete everything.
    pub delete_asked_at: Option<At>,
    /// When they were asked whether we may check in with them.
    pub check_in_asked_at: Option<At>,
}

/// A crisis that nobody has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crisis {
    /// The highest tier in it; it only rises.
    pub tier: Tier,
    /// When it began.
    pub since: At,
    /// Whether the texter asked for the menu in it; until then it is hidden.
    #[serde(default)]
    pub menu: bool,
}

/// An answer to words that were not understood. It waits a few seconds, because people write in
/// pieces: what comes in that time is read together with them and gets the one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// When the first of the words came.
    pub since: At,
    /// When the answer goes out.
    pub until: At,
}

/// What the next text is an answer to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The menu.
    #[default]
    Menu,
    /// A page.
    Page {
        /// Which.
        page: PageId,
        /// Which part of it, from 0.
        part: u8,
    },
    /// Our question whether they are in danger.
    Asked {
        /// When it was asked.
        since: At,
        /// The page that the text asked for which worried us: shown when all is well.
        #[serde(default)]
        page: Option<PageId>,
    },
    /// A question of the guided chooser.
    Choosing {
        /// The answers before it.
        answers: Answers,
    },
}

/// A place with content in it, for BACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// The menu.
    Menu,
    /// A page.
    Page {
        /// Which.
        page: PageId,
        /// Which part of it, from 0.
        part: u8,
    },
}

impl From<Spot> for Place {
    fn from(spot: Spot) -> Self {
        match spot {
            Spot::Menu => Self::Menu,
            Spot::Page { page, part } => Self::Page { page, part },
        }
    }
}

/// Content that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When.
    pub at: At,
    /// A fingerprint of our own words.
    pub mark: u32,
}

impl State {
    /// A person who has never texted, to be answered in a language.
    #[must_use]
    pub fn new(locale: Locale) -> Self {
        Self {
            locale,
            ..Self::default()
        }
    }

    /// Reads a state that another version of the program may have written. What it does not know
    /// is passed over field by field: an opt-out or an open crisis must outlive a page that is gone.
    #[must_use]
    pub fn read(json: &[u8]) -> Self {
        if let Ok(state) = serde_json::from_slice(json) {
            return state;
        }
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(json) else {
            return Self::default();
        };
        let known = |name: &String, value: &serde_json::Value| {
            serde_json::from_value::<Self>(serde_json::json!({ name: value })).is_ok()
        };
        let kept = fields
            .into_iter()
            .filter(|(name, value)| known(name, value))
            .collect();
        serde_json::from_value(serde_json::Value::Object(kept)).unwrap_or_default()
    }

    /// The state after a human has closed the conversation: an open crisis or question is over.
    /// Only a human may do this (promise P7).
    #[must_use]
    pub fn closed(self) -> Self {
        Self {
            place: Place::Menu,
            trail: Vec::new(),
            misses: 0,
            human_awaited: false,
            crisis: None,
            crisis_full_at: None,
            told_waiting_at: None,
            ..self
        }
    }

    /// The tier of the open crisis or question, if there is one.
    #[must_use]
    pub const fn open_tier(&self) -> Option<Tier> {
        match (self.crisis, self.place) {
            (Some(crisis), _) => Some(crisis.tier),
            (None, Place::Asked { .. }) => Some(Tier::Concern),
            (None, Place::Menu | Place::Page { .. } | Place::Choosing { .. }) => None,
        }
    }

    /// The content that the texter looks at, if any.
    pub(super) const fn spot(&self) -> Option<Spot> {
        match self.place {
            Place::Menu => Some(Spot::Menu),
            Place::Page { page, part } => Some(Spot::Page { page, part }),
            Place::Choosing { .. } => Some(Spot::Page {
                page: PageId::Chooser,
                part: 0,
            }),
            Place::Asked { .. } => None,
        }
    }

    /// Remembers a place for BACK.
    pub(super) fn leave(&mut self, spot: Spot) {
        if self.trail.last() != Some(&spot) {
            self.trail.push(spot);
        }
        let excess = self.trail.len().saturating_sub(TRAIL);
        self.trail.drain(..excess);
    }

    /// Whether sending this content now would feed a loop; if not, it counts as sent.
    pub(super) fn loops(&mut self, mark: u32, now: At) -> bool {
        self.recent.retain(|sent| now.since(sent.at) < WINDOW);
        let same = self.recent.iter().filter(|sent| sent.mark == mark).count();
        if same >= SAME || self.recent.len() >= ANY {
            return true;
        }
        self.recent.push(Sent { at: now, mark });
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opt_out_outlives_fields_that_this_version_does_not_know() {
        let json = br#"{"greeted":true,"locale":"es","opted_out":true,"place":{"page":{"page":"from_the_future","part":0}},"trail":[{"page":{"page":"from_the_future","part":1}}],"colour":"blue"}"#;
        let state = State::read(json);
        assert!(state.greeted && state.opted_out && state.locale == Locale::Es);
        assert_eq!((state.place, state.trail.len()), (Place::Menu, 0));
        assert_eq!(State::read(b"not json"), State::default());
        let before = State::read(br#"{"place":{"asked":{"since":7}}}"#);
        let since = At(7);
        assert_eq!(before.place, Place::Asked { since, page: None });
    }

    #[test]
    fn what_was_written_is_read_back() {
        let crisis = Some(Crisis {
            tier: Tier::High,
            since: At(3),
            menu: false,
        });
        let state = State {
            opted_out: true,
            crisis,
            ..State::new(Locale::Es)
        };
        assert_eq!(State::read(&serde_json::to_vec(&state).unwrap()), state);
    }
}
