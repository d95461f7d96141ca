use std::collections::BTreeSet;

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::words::{shift_begins, shift_soon, stretch, time};
use super::*;
use crate::oncall::{Change, Channel, Hours, Override, Person, Rotation, Schedule, Shift, Unit};

const HOUR_MS: i64 = 3_600_000;
/// 2026-01-05 00:00 UTC, a Monday.
const MONDAY: At = At(1_767_571_200_000);
const TIMING: DutyTiming = DutyTiming {
    notice: Duration::from_mins(15),
    take: Duration::from_mins(10),
};

fn hour(hour: i64) -> At {
    At(MONDAY.0 + hour * HOUR_MS)
}

fn person(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn shift(staff: u128, from: i64, until: i64) -> Shift {
    Shift {
        id: Uuid::from_u128(1000 + staff),
        staff_id: person(staff),
        starts_at: hour(from),
        ends_at: hour(until),
    }
}

fn schedule(shifts: Vec<Shift>) -> Schedule {
    Schedule {
        id: Uuid::from_u128(500),
        name: "Night".to_owned(),
        zone: TimeZone::UTC,
        rotations: Vec::new(),
        shifts,
        overrides: Vec::new(),
    }
}

/// The rows, as the store would keep them.
#[derive(Default)]
struct Rows(Vec<Duty>);

impl Rows {
    fn open(&self) -> Vec<Duty> {
        let open = self.0.iter().filter(|duty| duty.ended_at.is_none());
        open.copied().collect()
    }

    fn row(&mut self, duty: &Duty) -> &mut Duty {
        self.0.iter_mut().find(|row| row.id == duty.id).unwrap()
    }

    /// Does what is to be done until nothing is left, and says what it was.
    fn settle(&mut self, schedules: &[Schedule], now: At) -> Vec<Step> {
        let mut all = Vec::new();
        for _ in 0..10 {
            let steps = steps(schedules, &self.open(), &TIMING, now);
            if steps.is_empty() {
                return all;
            }
            for step in &steps {
                self.carry_out(*step, now);
            }
            all.extend(steps);
        }
        panic!("it never ends: {all:?}");
    }

    fn carry_out(&mut self, step: Step, now: At) {
        match step {
            Step::Plan {
                schedule,
                staff,
                from,
                until,
            } => {
                let same = |row: &&mut Duty| {
                    (row.schedule_id, row.staff_id, row.starts_at) == (schedule, staff, from)
                };
                if let Some(row) = self.0.iter_mut().find(same) {
                    (row.ended_at, row.ends_at) = (None, until);
                    return;
                }
                self.0.push(Duty {
                    id: Uuid::from_u128(u128::try_from(self.0.len()).unwrap()),
                    schedule_id: schedule,
                    staff_id: staff,
                    starts_at: from,
                    ends_at: until,
                    noticed_at: None,
                    asked_at: None,
                    taken_at: None,
                    escalated_at: None,
                    ended_at: None,
                });
            }
            Step::Notice(duty) => self.row(&duty).noticed_at = Some(now),
            Step::Ask(duty) => self.row(&duty).asked_at = Some(now),
            Step::Move(duty, until) => self.row(&duty).ends_at = until,
            Step::Escalate(duty) => self.row(&duty).escalated_at = Some(now),
            Step::End(duty, _) | Step::Withdraw(duty) => self.row(&duty).ended_at = Some(now),
        }
    }
}

fn names(steps: &[Step]) -> Vec<&'static str> {
    let name = |step: &Step| match step {
        Step::Plan { .. } => "plan",
        Step::Notice(_) => "notice",
        Step::Ask(_) => "ask",
        Step::Move(..) => "move",
        Step::Escalate(_) => "escalate",
        Step::End(_, true) => "go on",
        Step::End(_, false) => "end",
        Step::Withdraw(_) => "withdraw",
    };
    steps.iter().map(name).collect()
}

fn minutes_after(at: At, minutes: u64) -> At {
    at.plus(Duration::from_mins(minutes))
}

#[test]
fn a_shift_is_told_ahead_asked_for_escalated_and_over() {
    let night = [schedule(vec![shift(1, 20, 32)])];
    let mut rows = Rows::default();
    let mut told = |at: At| names(&rows.settle(&night, at));
    assert!(told(minutes_after(hour(19), 44)).is_empty());
    assert_eq!(told(minutes_after(hour(19), 45)), ["plan", "notice"]);
    assert!(told(minutes_after(hour(19), 59)).is_empty());
    assert_eq!(told(hour(20)), ["ask"]);
    assert!(told(minutes_after(hour(20), 9)).is_empty());
    assert_eq!(told(minutes_after(hour(20), 10)), ["escalate"]);
    assert!(told(hour(31)).is_empty());
    assert_eq!(told(hour(32)), ["end"]);
    assert!(told(hour(33)).is_empty());
}

#[test]
fn who_took_it_is_not_escalated() {
    let night = [schedule(vec![shift(1, 20, 32)])];
    let mut rows = Rows::default();
    rows.settle(&night, hour(20));
    rows.0[0].taken_at = Some(hour(20));
    assert!(rows.settle(&night, hour(31)).is_empty());
}

#[test]
fn two_shifts_that_meet_are_one_duty_and_two_people_are_two() {
    let night = [schedule(vec![
        shift(1, 20, 24),
        shift(1, 24, 28),
        shift(2, 28, 30),
    ])];
    let mut rows = Rows::default();
    rows.settle(&night, hour(20));
    assert_eq!(rows.0[0].ends_at, hour(28));
    assert!(
        rows.settle(&night, hour(24))
            .iter()
            .all(|step| matches!(step, Step::Escalate(_)))
    );
    assert_eq!(
        names(&rows.settle(&night, hour(28))),
        ["end", "plan", "ask"]
    );
}

#[test]
fn an_override_moves_the_end_and_the_duty_goes_with_it() {
    let mut night = [schedule(vec![shift(1, 20, 32)])];
    let mut rows = Rows::default();
    rows.settle(&night, hour(20));
    night[0].overrides.push(Override {
        id: Uuid::nil(),
        change: Change::Replace(person(1), person(2)),
        starts_at: hour(26),
        ends_at: hour(32),
        reason: String::new(),
    });
    assert_eq!(
        names(&rows.settle(&night, minutes_after(hour(20), 1))),
        ["move"]
    );
    assert_eq!(rows.0[0].ends_at, hour(26));
    rows.0[0].taken_at = Some(hour(20));
    assert_eq!(
        names(&rows.settle(&night, hour(26))),
        ["end", "plan", "ask"]
    );
}

#[test]
fn what_was_told_ahead_and_is_not_theirs_any_more_is_withdrawn() {
    let mut night = [schedule(vec![shift(1, 20, 32)])];
    let mut rows = Rows::default();
    rows.settle(&night, minutes_after(hour(19), 50));
    night[0].shifts[0].starts_at = hour(22);
    assert_eq!(
        names(&rows.settle(&night, minutes_after(hour(19), 55))),
        ["withdraw"]
    );
    assert_eq!(names(&rows.settle(&night, hour(22))), ["plan", "ask"]);
    // Its schedule is removed.
    assert_eq!(names(&rows.settle(&[], hour(23))), ["end"]);
}

#[test]
fn a_shift_that_comes_back_is_the_same_duty() {
    let night = [schedule(vec![shift(1, 20, 32)])];
    let mut rows = Rows::default();
    rows.settle(&night, hour(20));
    rows.0[0].taken_at = Some(hour(20));
    assert_eq!(
        names(&rows.settle(&[schedule(Vec::new())], hour(21))),
        ["end"]
    );
    assert_eq!(names(&rows.settle(&night, hour(22))), ["plan"]);
    assert_eq!((rows.0.len(), rows.0[0].ended_at), (1, None));
}

#[test]
fn who_is_always_on_call_is_asked_again_every_week() {
    let always = [Schedule {
        rotations: vec![Rotation {
            id: Uuid::nil(),
            name: "Alone".to_owned(),
            unit: Unit::Daily,
            every: 1,
            starts_on: date(2025, 1, 1).at(0, 0, 0, 0),
            weekdays: 0b111_1111,
            hours: None,
            members: vec![person(1)],
        }],
        ..schedule(Vec::new())
    }];
    let mut rows = Rows::default();
    assert_eq!(names(&rows.settle(&always, MONDAY)), ["plan", "ask"]);
    rows.0[0].taken_at = Some(MONDAY);
    assert_eq!(rows.0[0].ends_at, hour(7 * 24));
    for day in 1..7 {
        assert!(rows.settle(&always, hour(day * 24)).is_empty());
    }
    assert_eq!(
        names(&rows.settle(&always, hour(7 * 24))),
        ["go on", "plan", "ask"]
    );
}

#[test]
fn after_an_outage_what_is_over_is_not_asked_for_any_more() {
    let night = [schedule(vec![shift(1, 20, 22), shift(2, 22, 30)])];
    let mut rows = Rows::default();
    rows.settle(&night, minutes_after(hour(19), 50));
    // Away from before eight until midnight.
    let late = rows.settle(&night, hour(24));
    assert_eq!(names(&late), ["withdraw", "plan", "ask"]);
    assert_eq!(rows.0[1].starts_at, hour(22));
}

#[test]
fn a_look_after_the_gap_between_two_shifts_asks_once() {
    // The first is longer than one looks back.
    let nights = [schedule(vec![shift(1, 0, 30), shift(1, 31, 40)])];
    let mut rows = Rows::default();
    rows.settle(&nights, hour(0));
    rows.0[0].taken_at = Some(hour(0));
    // The second is told ahead while the first still runs; nobody looks until it has begun.
    let early = DutyTiming {
        notice: Duration::from_mins(90),
        ..TIMING
    };
    for step in steps(&nights, &rows.open(), &early, minutes_after(hour(29), 45)) {
        rows.carry_out(step, minutes_after(hour(29), 45));
    }
    assert_eq!(names(&rows.settle(&nights, hour(31))), ["ask", "go on"]);
    assert_eq!(rows.open().len(), 1);
}

#[test]
fn a_one_takes_the_shift_however_it_is_typed() {
    for text in [
        "1",
        " 1. ",
        "\"1\"",
        "Reply 1",
        "1 thanks",
        "taking the shift: 1",
    ] {
        assert!(takes_shift(text), "{text}");
    }
    for text in [
        "",
        "2",
        "11",
        "1 1",
        "1 and i feel bad",
        "K1",
        "one more",
        "shift",
    ] {
        assert!(!takes_shift(text), "{text}");
    }
}

#[test]
fn times_are_those_of_who_reads_them() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    assert_eq!(time(&berlin, hour(20), hour(19)), "21:00 CET");
    assert_eq!(time(&berlin, hour(44), hour(19)), "Tue 6 Jan 21:00 CET");
    assert_eq!(
        stretch(&berlin, hour(8), hour(10)),
        "Mon 5 Jan 09:00 to 11:00 CET"
    );
    assert_eq!(
        stretch(&berlin, hour(19), hour(31)),
        "Mon 5 Jan 20:00 to Tue 6 Jan 08:00 CET"
    );
    let night = Turn {
        schedule: "Night",
        from: hour(19),
        until: hour(31),
    };
    let reader = Person {
        id: person(1),
        name: "First".to_owned(),
        zone: berlin,
        quiet: None,
        methods: Vec::new(),
    };
    let url = "https://line.example.org";
    assert_eq!(
        shift_begins(&night, &reader, hour(19), Channel::Sms, url),
        "Your shift on Night starts now, until 08:00 CET. Reply 1 to take the shift."
    );
    assert_eq!(
        shift_begins(&night, &reader, hour(20), Channel::Email, url),
        "Your shift on Night began at 20:00 CET, until 08:00 CET. Take the shift: https://line.example.org"
    );
    assert_eq!(
        shift_soon(&night, &reader, hour(19)),
        "Your shift on Night starts at 20:00 CET, until 08:00 CET. We will ask you then."
    );
}

prop_compose! {
    fn a_schedule()(
        shifts in proptest::collection::vec((0u128..4, 0i64..24 * 14, 1i64..60), 0..8),
        members in proptest::collection::vec(0u128..4, 0..4),
        hours in proptest::option::of((0u16..1440, 0u16..1440)),
        out in proptest::collection::vec((0u128..4, 0u128..4, 0i64..24 * 14, 1i64..40), 0..4),
    ) -> Schedule {
        let mut made = schedule(
            shifts.into_iter().map(|(who, from, hours)| shift(who, from, from + hours)).collect(),
        );
        made.rotations = vec![Rotation {
            id: Uuid::nil(),
            name: "Turns".to_owned(),
            unit: Unit::Daily,
            every: 1,
            starts_on: date(2026, 1, 6).at(8, 0, 0, 0),
            weekdays: 0b111_1111,
            hours: hours.map(|(from, until)| Hours { from, until }),
            members: members.into_iter().map(person).collect(),
        }];
        made.overrides = out
            .into_iter()
            .map(|(who, by, from, hours)| Override {
                id: Uuid::nil(),
                change: Change::Replace(person(who), person(by)),
                starts_at: hour(from),
                ends_at: hour(from + hours),
                reason: String::new(),
            })
            .collect();
        made
    }
}

proptest! {
    /// Whatever is changed while time passes, and however irregularly anybody looks: who is on call has
    /// been asked, once, and nobody else is waited for.
    #[test]
    fn who_is_on_call_has_been_asked_and_nobody_else(
        first in a_schedule(),
        second in a_schedule(),
        changed in 0i64..24 * 14 * 60,
        looks in proptest::collection::vec(1u64..300, 1..120),
    ) {
        let mut rows = Rows::default();
        let mut now = MONDAY;
        for minutes in looks {
            now = minutes_after(now, minutes);
            let late = now.0 > MONDAY.0 + changed * 60_000;
            let schedules = [if late { second.clone() } else { first.clone() }];
            rows.settle(&schedules, now);
            let open = rows.open();
            let asked: Vec<Uuid> = open
                .iter()
                .filter(|duty| duty.asked_at.is_some())
                .map(|duty| duty.staff_id)
                .collect();
            let once: BTreeSet<Uuid> = asked.iter().copied().collect();
            prop_assert_eq!(once.len(), asked.len(), "somebody was asked twice");
            prop_assert_eq!(once, schedules[0].on_call(now));
            for duty in open {
                prop_assert!(now < duty.ends_at);
                prop_assert!(duty.asked_at.is_some() || duty.noticed_at.is_some());
            }
        }
    }
}
