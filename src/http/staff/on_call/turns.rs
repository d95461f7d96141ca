//! Turns on schedules: who has one now, who comes next, the hand-offs and the gaps.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::readiness::{self, Mark};
use super::super::rights::may_stand_in;
use super::super::when::{Wall, length};
use super::AHEAD;
use crate::clock::At;
use crate::http::words::tr;
use crate::oncall::{Cover, Person, Schedule};
use crate::store::Account;

/// How many turns of a schedule are shown after the present ones.
const NEXT: usize = 3;
/// How many hand-offs are listed.
const HAND_OFFS: usize = 8;

/// A schedule: who is on it now, and who comes next.
pub(super) struct Card {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) now: Vec<Turn>,
    pub(super) next: Vec<Turn>,
    /// What is said when nobody is on call on it.
    pub(super) nobody: String,
}

/// A turn of a person.
pub(super) struct Turn {
    pub(super) who: String,
    pub(super) when: String,
    /// What keeps a page from them, if anything.
    pub(super) mark: Option<Mark>,
    /// Where somebody else is put in their place; empty for who may not.
    pub(super) replace: String,
    /// Where it is offered for another; empty for the turns of others.
    pub(super) swap: String,
}

/// The moment at which a turn ends or begins.
pub(super) struct HandOff {
    pub(super) when: String,
    pub(super) schedule: String,
    pub(super) words: String,
}

/// A time in which nobody is on call.
pub(super) struct Gap {
    pub(super) schedule: Option<String>,
    pub(super) when: String,
    pub(super) length: String,
}

/// What the page is made from.
pub(super) struct Look<'a> {
    pub(super) me: &'a Account,
    pub(super) wall: &'a Wall,
    pub(super) people: &'a BTreeMap<Uuid, Person>,
    pub(super) now: At,
    pub(super) until: At,
}

impl Look<'_> {
    pub(super) fn name(&self, id: Uuid) -> String {
        let person = self.people.get(&id);
        person.map_or_else(|| tr!("somebody who left"), |one| one.name.clone())
    }

    fn mark(&self, id: Uuid) -> Option<Mark> {
        let mark = self
            .people
            .get(&id)
            .map(|one| readiness::of_person(one, self.now));
        mark.filter(|mark| mark.class == "bad")
    }

    fn turn(&self, schedule: &Schedule, cover: &Cover) -> Turn {
        let when = match (cover.from <= self.now, cover.until >= self.until) {
            (true, true) => tr!("for {length} and longer", length = length(AHEAD)),
            (true, false) => tr!(
                "until {moment} ({length})",
                moment = self.wall.moment(cover.until),
                length = length(cover.until.since(self.now))
            ),
            (false, true) => tr!("from {moment}", moment = self.wall.moment(cover.from)),
            (false, false) => self.wall.span(cover.from, cover.until),
        };
        let only = |may: bool, path: String| if may { path } else { String::new() };
        let (id, staff, from, until) = (schedule.id, cover.staff, cover.from.0, cover.until.0);
        Turn {
            who: self.name(staff),
            when,
            mark: self.mark(staff),
            replace: only(
                may_stand_in(self.me, Some(staff)),
                format!("/schedules/{id}/overrides/new?out={staff}&from={from}&until={until}"),
            ),
            swap: only(
                staff == self.me.id,
                format!("/schedules/{id}/swaps/new?from={from}&until={until}"),
            ),
        }
    }

    pub(super) fn card(&self, schedule: &Schedule, covers: &[Cover]) -> Card {
        let (now, later): (Vec<&Cover>, Vec<&Cover>) =
            covers.iter().partition(|cover| cover.from <= self.now);
        let next = later.first().map(|cover| self.wall.moment(cover.from));
        Card {
            id: schedule.id,
            name: schedule.name.clone(),
            nobody: match next {
                _ if !now.is_empty() => String::new(),
                Some(when) => tr!("Nobody until {when}.", when),
                None => tr!(
                    "Nobody, and nobody in the next {length}.",
                    length = length(AHEAD)
                ),
            },
            now: now
                .into_iter()
                .map(|cover| self.turn(schedule, cover))
                .collect(),
            next: later
                .into_iter()
                .take(NEXT)
                .map(|cover| self.turn(schedule, cover))
                .collect(),
        }
    }

    /// Who goes and who comes at each moment at which anybody does.
    fn hand_offs(&self, schedule: &Schedule, covers: &[Cover]) -> Vec<(At, HandOff)> {
        let mut moments: BTreeMap<At, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for cover in covers {
            if cover.until < self.until {
                let (off, _) = moments.entry(cover.until).or_default();
                off.push(self.name(cover.staff));
            }
            if cover.from > self.now {
                let (_, on) = moments.entry(cover.from).or_default();
                on.push(self.name(cover.staff));
            }
        }
        let and = tr!(" and ");
        let words = |off: Vec<String>, on: Vec<String>| match (off.is_empty(), on.is_empty()) {
            (true, _) => tr!("{on} comes on call", on = on.join(&and)),
            (_, true) => tr!("{off} goes off call", off = off.join(&and)),
            _ => tr!(
                "{off} hands off to {on}",
                off = off.join(&and),
                on = on.join(&and)
            ),
        };
        moments
            .into_iter()
            .map(|(at, (off, on))| {
                let hand_off = HandOff {
                    when: self.wall.moment(at),
                    schedule: schedule.name.clone(),
                    words: words(off, on),
                };
                (at, hand_off)
            })
            .collect()
    }

    /// The next of them on all schedules, in order.
    pub(super) fn next_hand_offs<'s>(
        &self,
        each: impl Iterator<Item = (&'s Schedule, &'s Vec<Cover>)>,
    ) -> Vec<HandOff> {
        let mut all: Vec<(At, HandOff)> = each
            .flat_map(|(schedule, covers)| self.hand_offs(schedule, covers))
            .collect();
        all.sort_by_key(|(at, _)| *at);
        let all = all.into_iter().map(|(_, hand_off)| hand_off);
        all.take(HAND_OFFS).collect()
    }

    /// The times in which nobody is on call at all, then those in which nobody is on one schedule of several.
    pub(super) fn gaps(&self, schedules: &[Schedule]) -> Vec<Gap> {
        let gaps: Vec<Vec<(At, At)>> = schedules
            .iter()
            .map(|one| one.gaps(self.now, self.until))
            .collect();
        let nobody_at_all = in_all(&gaps).into_iter().map(|gap| self.gap(None, gap));
        let on_one = schedules.iter().zip(&gaps).flat_map(|(schedule, gaps)| {
            let gaps = gaps.iter().filter(|_| schedules.len() > 1);
            gaps.map(|gap| self.gap(Some(schedule), *gap))
        });
        nobody_at_all.chain(on_one).collect()
    }

    fn gap(&self, schedule: Option<&Schedule>, (from, until): (At, At)) -> Gap {
        let longer = until >= self.until;
        Gap {
            schedule: schedule.map(|one| one.name.clone()),
            when: if longer {
                tr!("from {moment}", moment = self.wall.moment(from))
            } else {
                self.wall.span(from, until)
            },
            length: if longer {
                tr!("with no end in sight")
            } else {
                length(until.since(from))
            },
        }
    }
}

/// The times that are in every list of times: in order, not touching, as the lists are.
fn in_all(lists: &[Vec<(At, At)>]) -> Vec<(At, At)> {
    let Some((first, rest)) = lists.split_first() else {
        return Vec::new();
    };
    rest.iter().fold(first.clone(), |common, list| {
        let pairs = common
            .iter()
            .flat_map(|one| list.iter().map(move |other| (one, other)));
        pairs
            .map(|(one, other)| (one.0.max(other.0), one.1.min(other.1)))
            .filter(|(from, until)| from < until)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_on_call_at_all_only_where_no_schedule_has_anybody() {
        let list = |times: &[(i64, i64)]| -> Vec<(At, At)> {
            times
                .iter()
                .map(|(from, until)| (At(*from), At(*until)))
                .collect()
        };
        let (days, nights) = (
            list(&[(0, 10), (20, 30), (40, 50)]),
            list(&[(5, 25), (45, 60)]),
        );
        assert_eq!(in_all(&[]), []);
        assert_eq!(in_all(std::slice::from_ref(&days)), days);
        assert_eq!(
            in_all(&[days.clone(), nights]),
            list(&[(5, 10), (20, 25), (45, 50)])
        );
        assert_eq!(in_all(&[days, Vec::new()]), []);
    }
}
