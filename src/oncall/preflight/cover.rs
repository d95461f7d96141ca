//! Gaps, and ways of paging that lead to nobody.

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::{ALARM, Finding, Ladder, Level, Readiness, Trouble, is_paged};
use crate::clock::At;
use crate::oncall::{Cover, Schedule, Target, stretch};

pub(super) fn look(readiness: &Readiness<'_>, ladders: &[Ladder<'_>], findings: &mut Vec<Finding>) {
    for schedule in readiness.schedules {
        if !is_paged(ladders, schedule) {
            findings.push(Finding {
                level: Level::Warn,
                trouble: Trouble::NotPaged,
                place: schedule.name.clone(),
                what: format!("No policy in use pages {}", schedule.name),
                when: None,
                shown: String::new(),
                times: 0,
                who: None,
                fix: "Choose it as a target of a rung, or remove it".to_owned(),
            });
            continue;
        }
        let covers = schedule.coverage(readiness.now, readiness.until());
        let gaps = without(readiness, &covers);
        if let Some(first) = gaps.first() {
            findings.push(gap(readiness, schedule, *first, gaps.len()));
        }
    }
    for ladder in ladders {
        if ladder.built_in && readiness.schedules.is_empty() {
            continue;
        }
        findings.extend(nobody(readiness, ladder));
        if ladder.built_in {
            findings.push(Finding {
                level: Level::Note,
                trouble: Trouble::NoPolicy,
                place: ladder.place.to_owned(),
                what: format!(
                    "No policy is chosen for {}: who is on call on any schedule is paged, then everyone, then the contacts of the configuration",
                    ladder.pages_for.join(", ")
                ),
                when: None,
                shown: String::new(),
                times: 0,
                who: None,
                fix: String::new(),
            });
        }
        for (number, targets) in (1..).zip(&ladder.rungs) {
            findings.extend(empty_rung(readiness, ladder, number, targets));
        }
    }
}

/// The times in which nobody of these can be reached.
fn without(readiness: &Readiness<'_>, covers: &[Cover]) -> Vec<(At, At)> {
    let (from, until) = (readiness.now, readiness.until());
    let mut there: Vec<(At, At)> = covers
        .iter()
        .filter(|cover| readiness.is_reached(cover.staff))
        .map(|cover| (cover.from, cover.until))
        .collect();
    there.sort_unstable();
    let mut gaps = Vec::new();
    let mut covered = from;
    for (begins, ends) in there {
        if begins > covered {
            gaps.push((covered, begins));
        }
        covered = covered.max(ends);
    }
    if covered < until {
        gaps.push((covered, until));
    }
    gaps
}

fn more(times: usize) -> String {
    match times {
        0 | 1 => String::new(),
        2 => ", and once more within two weeks".to_owned(),
        _ => format!(", and {} more times within two weeks", times - 1),
    }
}

fn gap(readiness: &Readiness<'_>, schedule: &Schedule, first: (At, At), times: usize) -> Finding {
    let soon = first.0 <= readiness.now.plus(ALARM);
    let when = stretch(&schedule.zone, first.0, first.1);
    let there = schedule.on_call(first.0);
    let nobody = if there.is_empty() {
        "Nobody is on call"
    } else {
        "Nobody who can be reached is on call"
    };
    Finding {
        level: if soon { Level::Alarm } else { Level::Warn },
        trouble: Trouble::Gap,
        place: schedule.name.clone(),
        what: format!("{nobody} on {}: {when}{}", schedule.name, more(times)),
        when: Some(first),
        shown: when,
        times,
        who: None,
        fix: "Add a shift or an override for that time, or a contact method for who is on call"
            .to_owned(),
    }
}

/// Who is there for a target, from when to when. `None` for a target that is not there any more.
fn covers(readiness: &Readiness<'_>, target: &Target) -> Option<Vec<Cover>> {
    let (from, until) = (readiness.now, readiness.until());
    let always = |staff: Uuid| Cover { staff, from, until };
    match target {
        Target::Schedule(id) => {
            let schedule = readiness.schedules.iter().find(|one| one.id == *id)?;
            Some(schedule.coverage(from, until))
        }
        Target::Rotation(id) => {
            let has = |one: &&Schedule| one.rotations.iter().any(|rotation| rotation.id == *id);
            let schedule = readiness.schedules.iter().find(has)?;
            Some(schedule.rotation_coverage(*id, from, until))
        }
        Target::Person(id) => readiness.person(*id).map(|_| vec![always(*id)]),
        Target::Everyone => {
            let people = readiness.people.iter();
            Some(people.map(|person| always(person.id)).collect())
        }
        Target::Fallback => Some(Vec::new()),
    }
}

/// The loudest one: times in which a way of paging that is meant to reach who is on call reaches nobody
/// who is. That everyone else may be woken instead is no excuse. Where a policy names no turns and no
/// people, it is meant for everyone; where it names the contacts of the configuration alone, they are
/// there or not.
fn nobody(readiness: &Readiness<'_>, ladder: &Ladder<'_>) -> Option<Finding> {
    let all: Vec<Target> = if ladder.built_in {
        let schedules = readiness.schedules.iter();
        schedules.map(|one| Target::Schedule(one.id)).collect()
    } else {
        ladder.targets().copied().collect()
    };
    let everyone = ladder.built_in || all.contains(&Target::Everyone);
    let fallback = ladder.built_in || all.contains(&Target::Fallback);
    let contacts = fallback && readiness.fallback > 0;
    let turns = |target: &Target| matches!(target, Target::Schedule(_) | Target::Rotation(_));
    let named = |target: &Target| turns(target) || matches!(target, Target::Person(_));
    let names_some = all.iter().any(named);
    if !names_some && contacts {
        return None;
    }
    let there: Vec<Cover> = all
        .iter()
        .filter(|target| named(target) || (!names_some && **target == Target::Everyone))
        .filter_map(|target| covers(readiness, target))
        .flatten()
        .collect();
    let gaps = without(readiness, &there);
    let first = *gaps.first()?;
    let rest = match (everyone && names_some, contacts) {
        (true, true) => "everyone else and the contacts of the configuration",
        (true, false) => "everyone else",
        (false, true) => "the contacts of the configuration",
        (false, false) => "nobody until the policy is exhausted",
    };
    let zone = readiness.schedules.first().map(|one| &one.zone);
    let when = stretch(zone.unwrap_or(&TimeZone::UTC), first.0, first.1);
    let (who, fix) = if all.iter().any(turns) {
        (
            "NOBODY is on call",
            "Put somebody on call for that time: add a shift or an override",
        )
    } else {
        (
            "NOBODY who can be reached is named",
            "Add and verify a contact method for who is named in the policy, or choose other targets",
        )
    };
    Some(Finding {
        level: Level::Alarm,
        trouble: Trouble::NobodyOnCall,
        place: ladder.place.to_owned(),
        what: format!(
            "{who} for {}: {when}{}. Pages then go to {rest}",
            ladder.pages_for.join(", "),
            more(gaps.len())
        ),
        when: Some(first),
        shown: when,
        times: gaps.len(),
        who: None,
        fix: fix.to_owned(),
    })
}

/// A rung that reaches nobody at any time is passed over: it is not what somebody wanted.
fn empty_rung(
    readiness: &Readiness<'_>,
    ladder: &Ladder<'_>,
    number: usize,
    targets: &[Target],
) -> Option<Finding> {
    let reaches = |target: &Target| {
        if *target == Target::Fallback {
            return readiness.fallback > 0;
        }
        let covers = covers(readiness, target).unwrap_or_default();
        covers.iter().any(|cover| readiness.is_reached(cover.staff))
    };
    if targets.iter().any(reaches) {
        return None;
    }
    Some(Finding {
        level: Level::Warn,
        trouble: Trouble::EmptyRung,
        place: ladder.place.to_owned(),
        what: format!(
            "Rung {number} of {} reaches nobody in the next two weeks, and is passed over",
            ladder.name
        ),
        when: None,
        shown: String::new(),
        times: 0,
        who: None,
        fix: "Choose other targets for it, or remove it".to_owned(),
    })
}
