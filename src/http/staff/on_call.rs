//! On call: who is there now, who comes next, what is missing, and whom a page would reach.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::frame::{Frame, Section, Visit};
use super::readiness::{self, Mark, Row};
use super::rights::may_stand_in;
use super::when::{Wall, length};
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::oncall::{Cover, Person, Schedule};
use crate::staff::Permission;
use crate::store::{Account, StoreError};

/// How far ahead the page looks.
pub(super) const AHEAD: Duration = Duration::from_hours(14 * 24);
/// How many turns of a schedule are shown after the present ones.
const NEXT: usize = 3;
/// How many hand-offs are listed.
const HAND_OFFS: usize = 8;

pub(super) fn routes() -> Routes {
    let view = Access::May(Permission::ViewOnCall);
    Routes::new()
        .get("/on-call", view, page)
        .get("/on-call/board", view, fragment)
}

#[derive(Template)]
#[template(path = "pages/on_call.html", blocks = ["board"])]
struct OnCallPage {
    frame: Frame,
    zone: String,
    may_change: bool,
    may_edit: bool,
    there: BTreeSet<String>,
    fallback: Vec<String>,
    schedules: Vec<Card>,
    hand_offs: Vec<HandOff>,
    gaps: Vec<Gap>,
    people: Vec<Row>,
}

/// A schedule: who is on it now, and who comes next.
struct Card {
    id: Uuid,
    name: String,
    now: Vec<Turn>,
    next: Vec<Turn>,
    /// What is said when nobody is on call on it.
    nobody: String,
}

/// A turn of a person.
struct Turn {
    who: String,
    when: String,
    /// What keeps a page from them, if anything.
    mark: Option<Mark>,
    /// Where somebody else is put in their place; empty for who may not.
    replace: String,
}

/// The moment at which a turn ends or begins.
struct HandOff {
    when: String,
    schedule: String,
    words: String,
}

/// A time in which nobody is on call.
struct Gap {
    schedule: Option<String>,
    when: String,
    length: String,
}

/// What the page is made from.
struct Look<'a> {
    me: &'a Account,
    wall: &'a Wall,
    people: &'a BTreeMap<Uuid, Person>,
    now: At,
    until: At,
}

impl Look<'_> {
    fn name(&self, id: Uuid) -> String {
        let person = self.people.get(&id);
        person.map_or_else(|| "somebody who left".to_owned(), |one| one.name.clone())
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
            (true, true) => format!("for {} and longer", length(AHEAD)),
            (true, false) => format!(
                "until {} ({})",
                self.wall.moment(cover.until),
                length(cover.until.since(self.now))
            ),
            (false, true) => format!("from {}", self.wall.moment(cover.from)),
            (false, false) => self.wall.span(cover.from, cover.until),
        };
        Turn {
            who: self.name(cover.staff),
            when,
            mark: self.mark(cover.staff),
            replace: if may_stand_in(self.me, Some(cover.staff)) {
                format!(
                    "/schedules/{}/overrides/new?out={}&from={}&until={}",
                    schedule.id, cover.staff, cover.from.0, cover.until.0
                )
            } else {
                String::new()
            },
        }
    }

    fn card(&self, schedule: &Schedule, covers: &[Cover]) -> Card {
        let (now, later): (Vec<&Cover>, Vec<&Cover>) =
            covers.iter().partition(|cover| cover.from <= self.now);
        let next = later.first().map(|cover| self.wall.moment(cover.from));
        Card {
            id: schedule.id,
            name: schedule.name.clone(),
            nobody: match next {
                _ if !now.is_empty() => String::new(),
                Some(when) => format!("Nobody until {when}."),
                None => format!("Nobody, and nobody in the next {}.", length(AHEAD)),
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
        let words = |off: Vec<String>, on: Vec<String>| match (off.is_empty(), on.is_empty()) {
            (true, _) => format!("{} comes on call", on.join(" and ")),
            (_, true) => format!("{} goes off call", off.join(" and ")),
            _ => format!("{} hands off to {}", off.join(" and "), on.join(" and ")),
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

    fn gap(&self, schedule: Option<&Schedule>, (from, until): (At, At)) -> Gap {
        let longer = until >= self.until;
        Gap {
            schedule: schedule.map(|one| one.name.clone()),
            when: if longer {
                format!("from {}", self.wall.moment(from))
            } else {
                self.wall.span(from, until)
            },
            length: if longer {
                "with no end in sight".to_owned()
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

async fn load(doors: &Doors, visit: &Visit) -> Result<OnCallPage, StoreError> {
    let now = doors.clock.now();
    let until = now.plus(AHEAD);
    let mut tx = doors.store.read().await?;
    let schedules = tx.schedules(now).await?;
    let people = tx.people().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    drop(tx);
    let rows = people.iter().map(|one| Row::new(one, &wall, now)).collect();
    let people = people.into_iter().map(|one| (one.id, one)).collect();
    let look = Look {
        me: &visit.me,
        wall: &wall,
        people: &people,
        now,
        until,
    };
    let covers: Vec<Vec<Cover>> = schedules
        .iter()
        .map(|schedule| schedule.coverage(now, until))
        .collect();
    let each = || schedules.iter().zip(&covers);
    let mut hand_offs: Vec<(At, HandOff)> = each()
        .flat_map(|(schedule, covers)| look.hand_offs(schedule, covers))
        .collect();
    hand_offs.sort_by_key(|(at, _)| *at);
    let gaps: Vec<Vec<(At, At)>> = schedules.iter().map(|one| one.gaps(now, until)).collect();
    let nobody_at_all = in_all(&gaps).into_iter().map(|gap| look.gap(None, gap));
    let on_one = schedules.iter().zip(&gaps).flat_map(|(schedule, gaps)| {
        let gaps = gaps.iter().filter(|_| schedules.len() > 1);
        gaps.map(|gap| look.gap(Some(schedule), *gap))
    });
    let there = each()
        .flat_map(|(_, covers)| covers)
        .filter(|one| one.from <= now);
    let fallback = doors.policies.desk.roster.fallback.iter();
    Ok(OnCallPage {
        frame: visit.frame(doors, Section::OnCall),
        zone: wall.name(),
        may_change: visit.me.role.may(Permission::OverrideOnCall),
        may_edit: visit.me.role.may(Permission::EditSchedules),
        there: there.map(|cover| look.name(cover.staff)).collect(),
        fallback: fallback.map(|contact| contact.name.clone()).collect(),
        schedules: each().map(|(one, covers)| look.card(one, covers)).collect(),
        gaps: nobody_at_all.chain(on_one).collect(),
        hand_offs: hand_offs
            .into_iter()
            .map(|(_, hand_off)| hand_off)
            .take(HAND_OFFS)
            .collect(),
        people: rows,
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    Ok(Html(load(&doors, &visit).await?.as_board().render()?))
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
