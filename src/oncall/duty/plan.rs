//! What is to be done about duties now. The schedules say who is on call; what was done about it stands
//! in the duties. The difference is what is left to do, so that a restart, a late look or a schedule
//! that was changed in between needs nothing of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use super::{Duty, DutyTiming};
use crate::clock::At;
use crate::oncall::{Cover, Schedule};

/// How far one must look back to know when a time on call began.
pub const BEFORE: Duration = Duration::from_hours(24);
/// Who is on call for longer is asked again after so long.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A time on call has begun or will soon: it becomes a duty.
    Plan {
        /// The schedule.
        schedule: Uuid,
        /// Who.
        staff: Uuid,
        /// From this moment.
        from: At,
        /// To before this moment.
        until: At,
    },
    /// Its person is told that it comes.
    Notice(Duty),
    /// Its person is asked to take it.
    Ask(Duty),
    /// It ends at another moment than was known.
    Move(Duty, At),
    /// Nobody has taken it in time: others are told.
    Escalate(Duty),
    /// It is over. Whether the same person goes on with another one is said, too.
    End(Duty, bool),
    /// It did not begin, and is not theirs any more.
    Withdraw(Duty),
}

/// What is to be done now. `open` are the duties that have not ended. Once all of it is done, asking
/// again finds what follows from it, and in the end nothing.
#[must_use]
pub fn steps(schedules: &[Schedule], open: &[Duty], timing: &DutyTiming, now: At) -> Vec<Step> {
    let mut steps = Vec::new();
    let from = now.minus(BEFORE);
    let until = now.plus(timing.notice).plus(LONGEST);
    let mut gone: Vec<&Duty> = open.iter().collect();
    for schedule in schedules {
        gone.retain(|duty| duty.schedule_id != schedule.id);
        let covers = schedule.coverage(from, until);
        let mut known = BTreeSet::new();
        let (at_start, later): (Vec<&Duty>, Vec<&Duty>) = open
            .iter()
            .filter(|duty| duty.schedule_id == schedule.id)
            .partition(|duty| exact(&covers, duty).is_some());
        for duty in at_start.into_iter().chain(later) {
            let place = exact(&covers, duty).or_else(|| around(&covers, duty, now));
            match place {
                // A time on call is one duty's: who looks late may find the one before it still open.
                Some(place) if !known.insert(place) => steps.push(over(duty, true)),
                _ => {
                    let cover = place.and_then(|place| covers.get(place));
                    steps.extend(of_duty(duty, cover, timing, now));
                }
            }
        }
        for (place, cover) in covers.iter().enumerate() {
            let due = cover.from.minus(timing.notice) <= now && now < cover.until;
            if due && !known.contains(&place) {
                // One that began before we look has no beginning that we know.
                let begins = if cover.from <= from { now } else { cover.from };
                steps.push(Step::Plan {
                    schedule: schedule.id,
                    staff: cover.staff,
                    from: begins,
                    until: cover.until.min(begins.plus(LONGEST)),
                });
            }
        }
    }
    // Their schedule was removed.
    let without = gone
        .into_iter()
        .flat_map(|duty| of_duty(duty, None, timing, now));
    steps.extend(without);
    steps
}

/// The time on call that begins with a duty: where it stands in `covers`.
fn exact(covers: &[Cover], duty: &Duty) -> Option<usize> {
    covers
        .iter()
        .position(|cover| cover.staff == duty.staff_id && cover.from == duty.starts_at)
}

/// The time on call of this moment, for a duty that has begun by now.
fn around(covers: &[Cover], duty: &Duty, now: At) -> Option<usize> {
    covers.iter().position(|cover| {
        cover.staff == duty.staff_id
            && duty.starts_at <= now
            && cover.from <= now
            && now < cover.until
    })
}

/// A duty that is no longer; one that was never asked for is taken back.
const fn over(duty: &Duty, goes_on: bool) -> Step {
    if duty.asked_at.is_some() {
        Step::End(*duty, goes_on)
    } else {
        Step::Withdraw(*duty)
    }
}

fn of_duty(duty: &Duty, cover: Option<&Cover>, timing: &DutyTiming, now: At) -> Vec<Step> {
    let Some(cover) = cover.filter(|cover| now < cover.until) else {
        return vec![over(duty, false)];
    };
    let longest = duty.starts_at.plus(LONGEST);
    if longest <= now {
        return vec![Step::End(*duty, true)];
    }
    let mut steps = Vec::new();
    let until = cover.until.min(longest);
    if until != duty.ends_at {
        steps.push(Step::Move(*duty, until));
    }
    let duty = Duty {
        ends_at: until,
        ..*duty
    };
    match duty.asked_at {
        None if duty.starts_at <= now => steps.push(Step::Ask(duty)),
        None => {
            let soon = duty.starts_at.minus(timing.notice) <= now;
            if soon && duty.noticed_at.is_none() {
                steps.push(Step::Notice(duty));
            }
        }
        Some(asked) => {
            let late = asked.plus(timing.take) <= now;
            if late && duty.is_waiting() && duty.escalated_at.is_none() {
                steps.push(Step::Escalate(duty));
            }
        }
    }
    steps
}
