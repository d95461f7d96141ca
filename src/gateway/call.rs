//! Calls: how one is placed, what a gateway brings from it while it goes on, and what it says next.
//! Part of `gateway`: floor 2.
//!
//! A call says nothing of its own: when somebody picks up, the gateway asks the address that it was given
//! what to say, so that whoever comes later hears what has happened since.

use std::time::Duration;

use uuid::Uuid;

use super::{ApiRequest, HookReply, RawRequest, Verified};
use crate::phone::PhoneNumber;

/// A call to place.
#[derive(Clone, Copy, Debug)]
pub struct Calling<'a> {
    /// Whom it rings.
    pub to: &'a PhoneNumber,
    /// Where the gateway asks what to say, and brings what is pressed: see [`call_url`].
    pub script_url: &'a str,
    /// Where it says how the call ended (the status hook, with the outbox id as `ref`).
    pub receipts_url: &'a str,
    /// How long it rings.
    pub rings: Duration,
}

/// What a gateway brings from a call that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InCall {
    /// The gateway's id of the call.
    pub gateway_ref: String,
    /// Our id of the outbox row.
    pub outbox_id: Option<Uuid>,
    /// The key that was pressed; none when somebody has only picked up.
    pub key: Option<char>,
    /// A machine has picked up, as far as the gateway can tell by now.
    pub machine: bool,
    /// The call was placed without the store, for this.
    pub alarm: Option<Alarm>,
}

/// Why a call was placed without the store: nothing of it can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// A text in crisis, or else somebody who needs a person.
    pub crisis: bool,
    /// Whether we have kept the text.
    pub kept: bool,
}

impl Alarm {
    const WORDS: [(&'static str, bool, bool); 4] = [
        ("crisis-kept", true, true),
        ("crisis-lost", true, false),
        ("person-kept", false, true),
        ("person-lost", false, false),
    ];

    /// The word for it in an address.
    #[must_use]
    pub fn word(self) -> &'static str {
        let word = Self::WORDS
            .iter()
            .find(|(_, crisis, kept)| (*crisis, *kept) == (self.crisis, self.kept));
        word.map_or("crisis-lost", |(word, ..)| word)
    }

    /// The alarm of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let known = Self::WORDS.iter().find(|(known, ..)| *known == word)?;
        Some(Self {
            crisis: known.1,
            kept: known.2,
        })
    }
}

/// What a call says next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The sentences.
    pub said: String,
    /// Whether a key is waited for, and what then.
    pub asks: Option<Ask>,
}

/// How a key is waited for. What is said before is said several times: the first words of a call are
/// easily lost, and whoever was asleep needs a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Where the gateway brings the key.
    pub url: String,
    /// What is said when none was pressed, before the call ends.
    pub missed: String,
}

/// A gateway that can call. Pure over bytes, as [`super::Gateway`] is.
pub trait Caller: Send + Sync {
    /// The request that places a call. Its answer means what
    /// [`read_send`](super::Gateway::read_send) says.
    fn build_call(&self, call: &Calling<'_>) -> ApiRequest;

    /// Reads what came from a call; none when it is nothing of a call.
    fn parse_call(&self, request: &RawRequest<'_>, verified: Verified) -> Option<InCall>;

    /// What the call says next, as the gateway wants it.
    fn say(&self, script: &Script) -> HookReply;
}

/// Where a gateway asks what the call of an outbox row says.
#[must_use]
pub fn call_url(public_url: &str, gateway: &str, outbox_id: Uuid, alarm: Option<Alarm>) -> String {
    let alarm = alarm.map_or_else(String::new, |alarm| format!("&alarm={}", alarm.word()));
    format!("{public_url}/hooks/{gateway}/call?ref={outbox_id}{alarm}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_known_by_its_word() {
        for crisis in [true, false] {
            for kept in [true, false] {
                let alarm = Alarm { crisis, kept };
                assert_eq!(Alarm::of(alarm.word()), Some(alarm));
            }
        }
        assert_eq!(Alarm::of("fire"), None);
    }
}
