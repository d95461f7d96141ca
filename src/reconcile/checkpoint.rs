//! Where the look at a gateway's list stands. Part of `reconcile`: floor 3.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{At, CLOCKS_DIFFER};
use crate::gateway::Named;
use crate::store::{StoreError, Tx};

/// How many texts may wait to be fetched; the list goes on when there is room again.
const MOST_OWED: usize = 500;
/// How long a text is asked for that the provider does not have: a list may know it sooner.
const NOT_THERE: Duration = Duration::from_mins(10);
/// How long it is asked for one that it may still hand out.
const NOT_NOW: Duration = Duration::from_hours(24);
/// How far the list goes back after a clock that was ahead.
const WRONG_CLOCK: Duration = Duration::from_hours(24);

/// Where a gateway stands, as it is kept in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Everything that came in before was listed; none before the first look.
    pub(super) up_to: Option<At>,
    /// How many looks in a row have failed.
    pub(super) failures: i64,
    /// A list that was not read to its end.
    #[serde(default)]
    pub(super) going: Option<Going>,
    /// Texts that were named and could not be fetched yet.
    #[serde(default)]
    pub(super) owed: Vec<Owed>,
}

/// A list that is read over several looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Going {
    /// What it was asked for: all since then.
    pub(super) since: At,
    /// When its first page was asked for: it says nothing of later.
    pub(super) until: At,
    /// The page that is read next; none for the first.
    pub(super) page: Option<String>,
}

/// A text that a list named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owed {
    /// The gateway's id of it.
    pub(super) gateway_ref: String,
    /// When it came in.
    pub(super) at: Option<At>,
    /// When it was first asked for.
    pub(super) since: At,
    /// The operator was told, and it is not asked for again.
    #[serde(default)]
    pub(super) given_up: bool,
}

impl Checkpoint {
    pub(super) async fn read(tx: &mut Tx, gateway: &str) -> Result<Self, StoreError> {
        let kept = tx.setting(&setting(gateway)).await?;
        // One that cannot be read is as good as none: the look goes back as far as the first one.
        Ok(kept
            .and_then(|kept| serde_json::from_slice(&kept).ok())
            .unwrap_or_default())
    }

    pub(super) async fn keep(&self, tx: &mut Tx, gateway: &str) -> Result<(), StoreError> {
        let kept = serde_json::to_vec(self).unwrap_or_default();
        tx.set_setting(&setting(gateway), &kept).await
    }

    /// The list that is to be read now: the one that was begun, or what came in since the last one,
    /// and so long before. What a clock says that was ahead is of no use: nobody knows since when it was, and
    /// the list goes back a day.
    pub(super) fn next(&self, now: At, look_back: Duration) -> Going {
        let ahead = |at: At| at > now.plus(CLOCKS_DIFFER);
        let begun = self.going.clone().filter(|going| !ahead(going.until));
        begun.unwrap_or_else(|| Going {
            since: match self.up_to {
                Some(up_to) if ahead(up_to) => now.minus(look_back.max(WRONG_CLOCK)),
                up_to => up_to.unwrap_or(now).min(now).minus(look_back),
            },
            until: now,
            page: None,
        })
    }

    /// Whether a text is asked for by itself already.
    pub(super) fn owes(&self, gateway_ref: &str) -> bool {
        self.owed.iter().any(|owed| owed.gateway_ref == gateway_ref)
    }

    /// Takes note of a text that the database refuses, and says whether that is new. It is remembered as one
    /// that was given up; where the list has its words, each look tries it again.
    pub(super) fn refuse(&mut self, text: &Named, now: At) -> bool {
        let new = !self.owes(&text.gateway_ref);
        if new
            && self.owe(text, now)
            && let Some(owed) = self.owed.last_mut()
        {
            owed.given_up = true;
        }
        new
    }

    /// Takes note of a text that could not be fetched; `false` when there is no room.
    pub(super) fn owe(&mut self, text: &Named, now: At) -> bool {
        let room = self.owed.len() < MOST_OWED;
        if room {
            self.owed.push(Owed {
                gateway_ref: text.gateway_ref.clone(),
                at: text.at,
                since: now,
                given_up: false,
            });
        }
        room
    }
}

impl Owed {
    /// Whether it is time to give it up. `there`: the provider may still hand it out.
    pub(super) fn is_too_late(&self, there: bool, now: At) -> bool {
        let patience = if there { NOT_NOW } else { NOT_THERE };
        now.since(self.since) >= patience
    }

    /// Whether no list names it any more that goes back so far.
    pub(super) fn is_forgotten(&self, now: At, look_back: Duration) -> bool {
        self.given_up && now.since(self.since) > look_back + 2 * NOT_NOW
    }
}

fn setting(gateway: &str) -> String {
    format!("reconcile.{gateway}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: At = At(1_767_225_600_000);

    #[test]
    fn a_list_that_was_begun_goes_on_and_the_next_one_overlaps_with_it() {
        let back = Duration::from_mins(30);
        let mut checkpoint = Checkpoint::default();
        assert_eq!(
            checkpoint.next(NOW, back).since,
            NOW.minus(back),
            "the first look"
        );
        let going = Going {
            since: NOW.minus(back),
            until: NOW,
            page: Some("2".to_owned()),
        };
        checkpoint.going = Some(going.clone());
        let later = NOW.plus(Duration::from_hours(1));
        assert_eq!(checkpoint.next(later, back), going);
        checkpoint.going = None;
        checkpoint.up_to = Some(NOW);
        let next = checkpoint.next(later, back);
        assert_eq!(
            (next.since, next.until, next.page),
            (NOW.minus(back), later, None),
            "from where the last list began, not from where it ended"
        );
    }

    #[test]
    fn what_a_clock_said_that_was_ahead_keeps_no_text_from_being_listed() {
        let back = Duration::from_mins(10);
        let ahead = NOW.plus(Duration::from_hours(6));
        let going = Going {
            since: ahead.minus(back),
            until: ahead,
            page: Some("2".to_owned()),
        };
        for going in [None, Some(going)] {
            let checkpoint = Checkpoint {
                up_to: Some(ahead),
                going,
                ..Checkpoint::default()
            };
            let next = checkpoint.next(NOW, back);
            assert_eq!((next.until, next.page), (NOW, None));
            assert_eq!(next.since, NOW.minus(WRONG_CLOCK));
        }
    }

    #[test]
    fn what_an_older_version_kept_is_read() {
        let kept = br#"{"up_to":5,"failures":2}"#;
        let read: Checkpoint = serde_json::from_slice(kept).unwrap();
        assert_eq!((read.up_to, read.failures), (Some(At(5)), 2));
        assert!(read.going.is_none() && read.owed.is_empty());
    }

    #[test]
    fn what_is_not_handed_out_is_asked_for_a_while_and_there_is_room_for_so_many() {
        let named = |n: usize| Named {
            gateway_ref: n.to_string(),
            at: None,
        };
        let mut checkpoint = Checkpoint::default();
        for n in 0..MOST_OWED {
            assert!(checkpoint.owe(&named(n), NOW));
        }
        assert!(!checkpoint.owe(&named(MOST_OWED), NOW));
        assert!(checkpoint.owes("0") && !checkpoint.owes("no"));
        let owed = &checkpoint.owed[0];
        for (minutes, there, given_up) in [
            (9, false, false),
            (10, false, true),
            (10, true, false),
            (24 * 60, true, true),
        ] {
            let now = NOW.plus(Duration::from_mins(minutes));
            assert_eq!(owed.is_too_late(there, now), given_up, "{minutes} {there}");
        }
    }
}
