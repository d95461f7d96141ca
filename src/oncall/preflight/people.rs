//! People who will be on call: whether they are there once only, and whether pages reach them.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{ALARM, Finding, Ladder, Level, Readiness, Trouble, UNTESTED, is_paged};
use crate::clock::At;
use crate::oncall::{Cover, Method, Person, Schedule, Target, stretch};

/// Somebody's first time on call.
type First<'a> = BTreeMap<Uuid, Option<(&'a Schedule, At, At)>>;

pub(super) fn look(readiness: &Readiness<'_>, ladders: &[Ladder<'_>], findings: &mut Vec<Finding>) {
    let (from, until) = (readiness.now, readiness.until());
    let paged: Vec<(&Schedule, Vec<Cover>)> = readiness
        .schedules
        .iter()
        .filter(|schedule| is_paged(ladders, schedule))
        .map(|schedule| (schedule, schedule.coverage(from, until)))
        .collect();
    let mut first = First::new();
    for (schedule, covers) in &paged {
        for cover in covers {
            let time = (*schedule, cover.from, cover.until);
            let known = first.entry(cover.staff).or_insert(Some(time));
            if known.is_some_and(|(_, begins, _)| cover.from < begins) {
                *known = Some(time);
            }
        }
    }
    for target in ladders.iter().flat_map(Ladder::targets) {
        if let Target::Person(id) = target {
            // At every hour.
            first.insert(*id, None);
        }
    }
    for (id, time) in &first {
        match readiness.person(*id) {
            Some(person) => reached(readiness, person, *time, findings),
            None => findings.push(left(readiness, *id, *time)),
        }
    }
    for (schedule, _) in &paged {
        doubled(readiness, schedule, findings);
    }
    for (place, (schedule, covers)) in paged.iter().enumerate() {
        for (other, theirs) in &paged[place + 1..] {
            both(readiness, (schedule, covers), (other, theirs), findings);
        }
    }
}

/// Whether it begins so soon that there is no time to lose.
fn level(readiness: &Readiness<'_>, time: Option<(&Schedule, At, At)>) -> Level {
    let soon = time.is_none_or(|(_, begins, _)| begins <= readiness.now.plus(ALARM));
    if soon { Level::Alarm } else { Level::Warn }
}

/// Somebody's first time on call, as people read it.
fn shown(time: Option<(&Schedule, At, At)>) -> String {
    time.map_or_else(String::new, |(schedule, from, until)| {
        stretch(&schedule.zone, from, until)
    })
}

/// When and where somebody is on call, as a part of a sentence.
fn whereabouts(time: Option<(&Schedule, At, At)>) -> String {
    time.map_or_else(
        || "is named in a policy".to_owned(),
        |(schedule, from, until)| {
            let when = stretch(&schedule.zone, from, until);
            format!("is on call on {}: {when}", schedule.name)
        },
    )
}

fn left(readiness: &Readiness<'_>, id: Uuid, time: Option<(&Schedule, At, At)>) -> Finding {
    let name = readiness.left.get(&id);
    let name = name.map_or("Somebody", String::as_str);
    Finding {
        level: level(readiness, time),
        trouble: Trouble::Left,
        place: name.to_owned(),
        what: format!(
            "{name} has left the team or is locked, and {}",
            whereabouts(time)
        ),
        when: time.map(|(_, from, until)| (from, until)),
        shown: shown(time),
        times: 1,
        who: Some(id),
        fix: "Take them out of the rotation or the policy, or replace them by an override"
            .to_owned(),
    }
}

/// Whether pages reach a person, and by enough ways.
fn reached(
    readiness: &Readiness<'_>,
    person: &Person,
    time: Option<(&Schedule, At, At)>,
    findings: &mut Vec<Finding>,
) {
    let name = &person.name;
    let found = |level, trouble, what, fix: &str| Finding {
        level,
        trouble,
        place: name.clone(),
        what,
        when: time.map(|(_, from, until)| (from, until)),
        shown: shown(time),
        times: 1,
        who: Some(person.id),
        fix: fix.to_owned(),
    };
    let working: Vec<&Method> = person.methods.iter().filter(|one| one.works()).collect();
    let stopped = person.methods.iter().any(|one| one.stopped_at.is_some());
    if working.is_empty() {
        let trouble = if stopped {
            Trouble::Stopped
        } else {
            Trouble::Unreachable
        };
        let why = if stopped {
            "has stopped our texts"
        } else {
            "has no verified way to be reached"
        };
        let what = format!("{name} {why}, and {}", whereabouts(time));
        let fix = if stopped {
            "Ask them to text START to the line, or to add another method"
        } else {
            "Ask them to add and verify a method, or put somebody else on call"
        };
        findings.push(found(level(readiness, time), trouble, what, fix));
        return;
    }
    if stopped {
        let what = format!("{name} has stopped our texts on one of their methods");
        let fix = "Ask them to text START to the line";
        findings.push(found(Level::Warn, Trouble::Stopped, what, fix));
    }
    if working.len() == 1 {
        let what = format!("One way only reaches {name}: when it fails, no page does");
        let fix = "Ask them to add and verify a second method";
        findings.push(found(Level::Warn, Trouble::OneMethod, what, fix));
    }
    let long_ago = readiness.now.minus(UNTESTED);
    let untested: Vec<&str> = working
        .iter()
        .filter(|method| method.tested_at.max(method.verified_at) < Some(long_ago))
        .map(|method| method.label.as_str())
        .collect();
    if !untested.is_empty() {
        let what = format!(
            "Nobody has answered on {} of {name} for 30 days",
            untested.join(", ")
        );
        findings.push(found(
            Level::Warn,
            Trouble::Untested,
            what,
            "Send a test, and answer it",
        ));
    }
}

/// Somebody who has two turns of one schedule at once counts for one only.
fn doubled(readiness: &Readiness<'_>, schedule: &Schedule, findings: &mut Vec<Finding>) {
    let doubled = schedule.doubled(readiness.now, readiness.until());
    let mut told: BTreeMap<Uuid, (Cover, usize)> = BTreeMap::new();
    for cover in doubled {
        told.entry(cover.staff).or_insert((cover, 0)).1 += 1;
    }
    let at_once = format!("twice on {}", schedule.name);
    findings.extend(
        told.into_values()
            .map(|(cover, times)| booked(readiness, schedule, cover, times, &at_once)),
    );
}

/// Somebody who is on call on two schedules at once cannot be there for both.
fn both(
    readiness: &Readiness<'_>,
    (schedule, covers): (&Schedule, &[Cover]),
    (other, theirs): (&Schedule, &[Cover]),
    findings: &mut Vec<Finding>,
) {
    let mut told: BTreeMap<Uuid, (Cover, usize)> = BTreeMap::new();
    for one in covers {
        for two in theirs.iter().filter(|two| two.staff == one.staff) {
            let cover = Cover {
                staff: one.staff,
                from: one.from.max(two.from),
                until: one.until.min(two.until),
            };
            if cover.from < cover.until {
                told.entry(one.staff).or_insert((cover, 0)).1 += 1;
            }
        }
    }
    let at_once = format!("on {} and {} at once", schedule.name, other.name);
    findings.extend(
        told.into_values()
            .map(|(cover, times)| booked(readiness, schedule, cover, times, &at_once)),
    );
}

fn booked(
    readiness: &Readiness<'_>,
    schedule: &Schedule,
    cover: Cover,
    times: usize,
    at_once: &str,
) -> Finding {
    let person = readiness.person(cover.staff);
    let name = person.map_or("Somebody", |person| person.name.as_str());
    let when = stretch(&schedule.zone, cover.from, cover.until);
    Finding {
        level: Level::Warn,
        trouble: Trouble::DoubleBooked,
        place: name.to_owned(),
        what: format!("{name} is on call {at_once}: {when}"),
        when: Some((cover.from, cover.until)),
        shown: when,
        times,
        who: Some(cover.staff),
        fix: "Put somebody else on call in one of the two places".to_owned(),
    }
}
