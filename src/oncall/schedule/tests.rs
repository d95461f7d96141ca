mod overrides;
mod properties;

use std::collections::BTreeSet;

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::rotation::EVERY_DAY;
use super::*;

const ZONES: [&str; 7] = [
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Pacific/Apia",
];
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(utc: &str) -> At {
    At(utc.parse::<Timestamp>().unwrap().as_millisecond())
}

fn utc(at: At) -> String {
    Timestamp::from_millisecond(at.0).unwrap().to_string()
}

fn person(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn rotation(unit: Unit, every: u16, starts_on: DateTime, members: u8) -> Rotation {
    Rotation {
        id: Uuid::from_u128(100),
        name: "Turns".to_owned(),
        unit,
        every,
        starts_on,
        weekdays: EVERY_DAY,
        hours: None,
        members: (0..members).map(person).collect(),
    }
}

fn schedule(name: &str, rotations: Vec<Rotation>) -> Schedule {
    Schedule {
        id: Uuid::from_u128(1),
        name: "Night".to_owned(),
        zone: zone(name),
        rotations,
        shifts: Vec::new(),
        overrides: Vec::new(),
    }
}

fn shift(staff: u8, from: &str, until: &str) -> Shift {
    Shift {
        id: Uuid::from_u128(200 + u128::from(staff)),
        staff_id: person(staff),
        starts_at: at(from),
        ends_at: at(until),
    }
}

fn changed(change: Change, from: &str, until: &str) -> Override {
    Override {
        id: Uuid::from_u128(300),
        change,
        starts_at: at(from),
        ends_at: at(until),
        reason: "ill".to_owned(),
    }
}

/// The spans of a schedule as (person, from, until) in UTC.
fn told(schedule: &Schedule, from: &str, until: &str) -> Vec<(u128, String, String)> {
    let spans = schedule.spans(at(from), at(until)).into_iter();
    spans
        .map(|span| (span.staff.as_u128(), utc(span.from), utc(span.until)))
        .collect()
}

fn on(schedule: &Schedule, moment: &str) -> Vec<u128> {
    let on_call = schedule.on_call(at(moment)).into_iter();
    on_call.map(|staff| staff.as_u128()).collect()
}

/// A daily hand-off, and the moments at which it happens over a change of the clocks.
const DAILY: [(&str, DateTime, [&str; 3]); 10] = [
    // Spring: the day has 23 hours, and 08:00 is 13:00, then 12:00 UTC.
    (
        "America/New_York",
        date(2026, 3, 7).at(8, 0, 0, 0),
        [
            "2026-03-07T13:00:00Z",
            "2026-03-08T12:00:00Z",
            "2026-03-09T12:00:00Z",
        ],
    ),
    // A hand-off in the hour that is left out: the moment of the jump, and 02:30 again the day after.
    (
        "America/New_York",
        date(2026, 3, 7).at(2, 30, 0, 0),
        [
            "2026-03-07T07:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-09T06:30:00Z",
        ],
    ),
    // Autumn: 01:30 comes twice, and the first one counts.
    (
        "America/New_York",
        date(2026, 10, 31).at(1, 30, 0, 0),
        [
            "2026-10-31T05:30:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-02T06:30:00Z",
        ],
    ),
    (
        "Europe/Berlin",
        date(2026, 3, 28).at(20, 0, 0, 0),
        [
            "2026-03-28T19:00:00Z",
            "2026-03-29T18:00:00Z",
            "2026-03-30T18:00:00Z",
        ],
    ),
    (
        "Europe/Berlin",
        date(2026, 10, 24).at(2, 30, 0, 0),
        [
            "2026-10-24T00:30:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z",
        ],
    ),
    // There midnight itself was left out, until 2019.
    (
        "America/Sao_Paulo",
        date(2018, 11, 3).at(0, 0, 0, 0),
        [
            "2018-11-03T03:00:00Z",
            "2018-11-04T03:00:00Z",
            "2018-11-05T02:00:00Z",
        ],
    ),
    // And 23:30 came twice.
    (
        "America/Sao_Paulo",
        date(2018, 2, 16).at(23, 30, 0, 0),
        [
            "2018-02-17T01:30:00Z",
            "2018-02-18T01:30:00Z",
            "2018-02-19T02:30:00Z",
        ],
    ),
    // Half an hour: 02:00 becomes 02:30 in October.
    (
        "Australia/Lord_Howe",
        date(2026, 10, 3).at(2, 10, 0, 0),
        [
            "2026-10-02T15:40:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-04T15:10:00Z",
        ],
    ),
    // And 02:00 becomes 01:30 in April: 01:45 comes twice.
    (
        "Australia/Lord_Howe",
        date(2026, 4, 4).at(1, 45, 0, 0),
        [
            "2026-04-03T14:45:00Z",
            "2026-04-04T14:45:00Z",
            "2026-04-05T15:15:00Z",
        ],
    ),
    // No change at all.
    (
        "Asia/Kolkata",
        date(2026, 3, 28).at(8, 0, 0, 0),
        [
            "2026-03-28T02:30:00Z",
            "2026-03-29T02:30:00Z",
            "2026-03-30T02:30:00Z",
        ],
    ),
];

#[test]
fn daily_hand_offs_keep_the_time_on_the_wall() {
    for (name, starts_on, hand_offs) in DAILY {
        let schedule = schedule(name, vec![rotation(Unit::Daily, 1, starts_on, 3)]);
        let first = at(hand_offs[0]);
        let spans = schedule.spans(At(first.0 - DAY_MS), At(first.0 + 3 * DAY_MS));
        let begins: Vec<String> = spans.iter().take(3).map(|span| utc(span.from)).collect();
        assert_eq!(begins, hand_offs, "{name}, {starts_on}");
        let turns: Vec<u128> = spans
            .iter()
            .take(3)
            .map(|span| span.staff.as_u128())
            .collect();
        assert_eq!(turns, [0, 1, 2], "{name}, {starts_on}");
    }
}

#[test]
fn weekly_hand_offs_keep_day_and_time_and_may_skip_weeks() {
    let monday = date(2026, 3, 2).at(9, 0, 0, 0);
    let schedule = schedule(
        "America/New_York",
        vec![rotation(Unit::Weekly, 2, monday, 2)],
    );
    assert_eq!(
        told(&schedule, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"),
        [
            (
                0,
                "2026-03-02T14:00:00Z".to_owned(),
                "2026-03-16T13:00:00Z".to_owned()
            ),
            (
                1,
                "2026-03-16T13:00:00Z".to_owned(),
                "2026-03-30T13:00:00Z".to_owned()
            ),
            (
                0,
                "2026-03-30T13:00:00Z".to_owned(),
                "2026-04-01T00:00:00Z".to_owned()
            ),
        ]
    );
}

#[test]
fn hourly_turns_last_as_long_as_every_other() {
    let schedule = schedule(
        "America/New_York",
        vec![rotation(
            Unit::Hourly,
            1,
            date(2026, 11, 1).at(0, 0, 0, 0),
            2,
        )],
    );
    // 01:00 comes twice that night: each of the two hours is a turn.
    let spans = schedule.spans(at("2026-11-01T04:00:00Z"), at("2026-11-01T08:00:00Z"));
    assert_eq!(spans.len(), 4);
    assert!(
        spans
            .iter()
            .all(|span| span.until.0 - span.from.0 == HOUR_MS)
    );
}

#[test]
fn before_the_first_hand_off_nobody_has_the_turn() {
    let starts_on = date(2026, 1, 5).at(8, 0, 0, 0);
    for unit in [Unit::Hourly, Unit::Daily, Unit::Weekly] {
        let schedule = schedule("UTC", vec![rotation(unit, 1, starts_on, 2)]);
        assert!(on(&schedule, "2026-01-05T07:59:59Z").is_empty());
        assert_eq!(on(&schedule, "2026-01-05T08:00:00Z"), [0]);
    }
}

#[test]
fn hours_over_midnight_belong_to_the_day_that_they_begin() {
    let mut nights = rotation(Unit::Weekly, 1, date(2026, 1, 5).at(12, 0, 0, 0), 1);
    // Fridays and Saturdays, 20:00 to 08:00.
    nights.weekdays = 0b011_0000;
    nights.hours = Some(Hours {
        from: 20 * 60,
        until: 8 * 60,
    });
    let schedule = schedule("UTC", vec![nights]);
    assert_eq!(
        told(&schedule, "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"),
        [
            (
                0,
                "2026-01-09T20:00:00Z".to_owned(),
                "2026-01-10T08:00:00Z".to_owned()
            ),
            (
                0,
                "2026-01-10T20:00:00Z".to_owned(),
                "2026-01-11T08:00:00Z".to_owned()
            ),
        ]
    );
    assert_eq!(
        schedule.gaps(at("2026-01-10T00:00:00Z"), at("2026-01-11T09:00:00Z")),
        [
            (at("2026-01-10T08:00:00Z"), at("2026-01-10T20:00:00Z")),
            (at("2026-01-11T08:00:00Z"), at("2026-01-11T09:00:00Z")),
        ]
    );
}

#[test]
fn hours_that_meet_on_the_wall_meet_in_time_on_the_day_of_the_jump() {
    let daily = |id: u128, staff: u8, from: u16, until: u16| Rotation {
        id: Uuid::from_u128(id),
        hours: Some(Hours { from, until }),
        members: vec![person(staff)],
        ..rotation(Unit::Daily, 1, date(2026, 3, 1).at(0, 0, 0, 0), 1)
    };
    // 02:30 does not exist on March 8th: the first has until the jump, the second from it on.
    let schedule = schedule(
        "America/New_York",
        vec![
            daily(1, 1, 0, 2 * 60 + 30),
            daily(2, 2, 2 * 60 + 30, 3 * 60),
            daily(3, 3, 3 * 60, 24 * 60),
        ],
    );
    assert_eq!(
        told(&schedule, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        [
            (
                1,
                "2026-03-08T05:00:00Z".to_owned(),
                "2026-03-08T07:00:00Z".to_owned()
            ),
            (
                3,
                "2026-03-08T07:00:00Z".to_owned(),
                "2026-03-09T04:00:00Z".to_owned()
            ),
        ]
    );
}

#[test]
fn the_same_hour_as_beginning_and_end_is_a_whole_day() {
    let mut sundays = rotation(Unit::Weekly, 1, date(2026, 1, 4).at(8, 0, 0, 0), 1);
    sundays.weekdays = 0b100_0000;
    sundays.hours = Some(Hours {
        from: 8 * 60,
        until: 8 * 60,
    });
    let schedule = schedule("UTC", vec![sundays]);
    assert_eq!(
        told(&schedule, "2026-01-03T00:00:00Z", "2026-01-08T00:00:00Z"),
        [(
            0,
            "2026-01-04T08:00:00Z".to_owned(),
            "2026-01-05T08:00:00Z".to_owned()
        )]
    );
}
