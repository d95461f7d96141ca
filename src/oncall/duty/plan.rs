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
        for duty in open.iter().filter(|duty| duty.schedule_id == schedule.id) {
            let place = place(&covers, duty, now);
            known.extend(place);
            let cover = place.and_then(|place| covers.get(place));
            steps.extend(of_duty(duty, cover, timing, now));
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

/// Which time on call a duty is for: the one that begins with it; else the one of this moment, if it has
/// begun by now.
fn place(covers: &[Cover], duty: &Duty, now: At) -> Option<usize> {
    let theirs = |cover: &Cover| cover.staff == duty.staff_id;
    let exact = |cover: &Cover| theirs(cover) && cover.from == duty.starts_at;
    let around = |cover: &Cover| {
        theirs(cover) && duty.starts_at <= now && cover.from <= now && now < cover.until
    };
    let exact = covers.iter().position(exact);
    exact.or_else(|| covers.iter().position(around))
}

fn of_duty(duty: &Duty, cover: Option<&Cover>, timing: &DutyTiming, now: At) -> Vec<Step> {
    let on = cover.filter(|cover| now < cover.until);
    let Some(cover) = on else {
        return vec![if duty.asked_at.is_some() {
            Step::End(*duty, false)
        } else {
            Step::Withdraw(*duty)
        }];
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
