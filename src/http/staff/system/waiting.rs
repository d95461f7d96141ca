//! What the page System says of what waits: the lanes, overdue answers, the spool.

use super::super::readiness::Mark;
use super::super::when::wait;
use crate::clock::At;
use crate::http::words::{phrase, phrase_of, said, tr};
use crate::lane::Lane;
use crate::store::{LaneStanding, Overdue};
use crate::system::Look;

/// A lane, in words.
pub(super) struct LaneRow {
    pub(super) name: &'static str,
    pub(super) due: i64,
    pub(super) later: i64,
    pub(super) oldest: String,
}

impl LaneRow {
    pub(super) fn new(lane: Lane, standings: &[LaneStanding], now: At) -> Self {
        let found = standings.iter().find(|one| one.lane == lane);
        Self {
            name: match lane {
                Lane::Crisis => phrase!("Crisis replies"),
                Lane::Page => phrase!("Pages"),
                Lane::Conversation => phrase!("Conversations"),
                Lane::Content => phrase!("Menus"),
            },
            due: found.map_or(0, |one| one.due),
            later: found.map_or(0, |one| one.later),
            oldest: found
                .and_then(|one| one.oldest_due)
                .map_or_else(String::new, |at| wait(at, now)),
        }
    }
}

pub(super) fn overdue(look: &Look) -> Vec<String> {
    let [alone, with_human] = &look.overdue;
    let words = |one: &Overdue, who: &str| {
        let since = wait(one.oldest_due, look.now);
        tr!(
            "{count} from gateway {gateway}, {who}; the first was due {since} ago",
            count = one.count,
            gateway = one.gateway,
            who = said(who),
            since
        )
    };
    let alone = alone
        .iter()
        .map(|one| words(one, phrase!("for the line to answer")));
    let human = with_human.iter();
    alone
        .chain(human.map(|one| words(one, phrase!("while a person has the conversation"))))
        .collect()
}

pub(super) fn spool(look: &Look) -> Vec<(Mark, String)> {
    let good = Mark {
        class: "good",
        word: phrase!("empty"),
    };
    let bad = |word| Mark { class: "bad", word };
    let counts = &look.spool;
    let mut rows = Vec::new();
    if counts.entries == 0 {
        rows.push((good, tr!("Nothing waits for the database.")));
    } else {
        let oldest = counts.oldest.map_or_else(String::new, |at| {
            tr!(", the oldest for {wait}", wait = wait(at, look.now))
        });
        let n = counts.entries;
        let words = tr!("{n} wait for the database{oldest}.", n, oldest);
        rows.push((bad(phrase!("waiting")), words));
    }
    for (count, words) in [
        (
            counts.corrupt,
            phrase!(
                "{n} could not be opened, and nobody has read them. The checks say what to do."
            ),
        ),
        (
            counts.refused,
            phrase!(
                "{n} were refused by the database, and nobody has read them. The checks say what to do."
            ),
        ),
    ] {
        if count > 0 {
            let words = phrase_of(words).with("n", &count).to_string();
            rows.push((bad(phrase!("set aside")), words));
        }
    }
    rows
}
