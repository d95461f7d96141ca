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

#[test]
fn overrides_add_remove_and_replace_and_the_later_one_wins() {
    let mut schedule = schedule("UTC", Vec::new());
    schedule.shifts = vec![shift(1, "2026-01-01T08:00:00Z", "2026-01-01T16:00:00Z")];
    let during = |schedule: &Schedule| on(schedule, "2026-01-01T12:00:00Z");
    let change = |change| changed(change, "2026-01-01T10:00:00Z", "2026-01-01T14:00:00Z");

    schedule.overrides = vec![change(Change::Add(person(2)))];
    assert_eq!(during(&schedule), [1, 2]);
    schedule.overrides.push(change(Change::Remove(person(1))));
    assert_eq!(during(&schedule), [2]);
    // Later ones see what the earlier ones made.
    let swap = Change::Replace(person(2), person(3));
    schedule.overrides.push(change(swap));
    assert_eq!(during(&schedule), [3]);
    schedule.overrides.push(change(Change::Add(person(1))));
    assert_eq!(during(&schedule), [1, 3]);
    // Outside of it nothing has changed.
    assert_eq!(on(&schedule, "2026-01-01T09:59:59Z"), [1]);
    assert_eq!(on(&schedule, "2026-01-01T14:00:00Z"), [1]);
}

#[test]
fn to_replace_somebody_who_is_not_on_call_does_nothing() {
    let mut schedule = schedule("UTC", Vec::new());
    schedule.shifts = vec![shift(1, "2026-01-01T08:00:00Z", "2026-01-01T12:00:00Z")];
    let replaced = Change::Replace(person(1), person(2));
    schedule.overrides = vec![changed(
        replaced,
        "2026-01-01T10:00:00Z",
        "2026-01-01T14:00:00Z",
    )];
    assert_eq!(
        told(&schedule, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        [
            (
                1,
                "2026-01-01T08:00:00Z".to_owned(),
                "2026-01-01T10:00:00Z".to_owned()
            ),
            (
                2,
                "2026-01-01T10:00:00Z".to_owned(),
                "2026-01-01T12:00:00Z".to_owned()
            ),
        ]
    );
}

#[test]
fn a_rotation_alone_knows_who_took_its_turn() {
    let turns = rotation(Unit::Daily, 1, date(2026, 1, 1).at(0, 0, 0, 0), 2);
    let mut schedule = schedule("UTC", vec![turns]);
    schedule.shifts = vec![shift(7, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")];
    let noon = at("2026-01-01T12:00:00Z");
    let id = schedule.rotations[0].id;
    assert_eq!(schedule.on_rotation(id, noon), Some(person(0)));
    let change = |change| changed(change, "2026-01-01T10:00:00Z", "2026-01-01T14:00:00Z");
    schedule.overrides = vec![
        change(Change::Add(person(4))),
        change(Change::Replace(person(0), person(5))),
    ];
    assert_eq!(schedule.on_rotation(id, noon), Some(person(5)));
    schedule.overrides.push(change(Change::Remove(person(5))));
    assert_eq!(schedule.on_rotation(id, noon), None);
    assert_eq!(schedule.on_rotation(Uuid::nil(), noon), None);
}

#[test]
fn a_rotation_of_nobody_and_a_time_beyond_the_calendar_have_no_holder() {
    let nobody = rotation(Unit::Daily, 1, date(2026, 1, 1).at(0, 0, 0, 0), 0);
    let all = rotation(Unit::Weekly, u16::MAX, date(2026, 1, 1).at(0, 0, 0, 0), 2);
    let schedule = schedule("America/New_York", vec![nobody]);
    assert!(schedule.on_call(at("2026-01-05T00:00:00Z")).is_empty());
    assert_eq!(
        schedule.spans(at("2026-01-05T00:00:00Z"), at("2026-01-05T00:00:00Z")),
        []
    );
    assert_eq!(
        schedule.spans(at("2026-01-06T00:00:00Z"), at("2026-01-05T00:00:00Z")),
        []
    );
    let far = super::Schedule {
        rotations: vec![all],
        ..schedule
    };
    for moment in [At(i64::MIN), At(i64::MAX)] {
        assert!(far.on_call(moment).is_empty());
    }
    assert_eq!(on(&far, "2027-01-01T00:00:00Z"), [0]);
}

/// What a person with a watch would see: going minute by minute, a hand-off has happened once the wall
/// has shown its time or a later one.
#[test]
fn minute_by_minute_the_wall_agrees() {
    let starts = [
        date(2018, 10, 31).at(0, 0, 0, 0),
        date(2018, 2, 14).at(23, 30, 0, 0),
        date(2026, 3, 6).at(2, 30, 0, 0),
        date(2026, 10, 23).at(2, 30, 0, 0),
        date(2026, 10, 30).at(1, 15, 0, 0),
        date(2026, 4, 3).at(1, 45, 0, 0),
        date(2026, 10, 2).at(2, 10, 0, 0),
        date(2011, 12, 28).at(8, 0, 0, 0),
    ];
    for name in ZONES {
        for starts_on in starts {
            let turns = rotation(Unit::Daily, 1, starts_on, 50);
            let schedule = schedule(name, vec![turns]);
            let begins = schedule.moment(starts_on).unwrap();
            let mut latest = starts_on;
            for minute in 0..6 * 24 * 60 {
                let now = At(begins.0 + minute * MINUTE_MS);
                latest = latest.max(schedule.wall(now).unwrap());
                let passed = latest.duration_since(starts_on).as_mins() / (24 * 60);
                let holder = u8::try_from(passed).unwrap();
                assert_eq!(
                    schedule.on_call(now),
                    BTreeSet::from([person(holder)]),
                    "{name}, {starts_on}, {}",
                    utc(now)
                );
            }
        }
    }
}

prop_compose! {
    fn a_start()(days in 0i64..500, minute in 0i64..24 * 60) -> DateTime {
        let day = date(2025, 9, 1).at(0, 0, 0, 0);
        day.checked_add(SignedDuration::from_mins(days * 24 * 60 + minute)).unwrap()
    }
}

prop_compose! {
    fn a_rotation(with_hours: bool)(
        unit in prop_oneof![Just(Unit::Hourly), Just(Unit::Daily), Just(Unit::Weekly)],
        every in 1u16..5,
        starts_on in a_start(),
        weekdays in 0u8..=EVERY_DAY,
        hours in proptest::option::of((0u16..24 * 60, 0u16..=24 * 60)),
        members in 1u8..5,
        id in 100u128..104,
    ) -> Rotation {
        let mut made = rotation(unit, every, starts_on, members);
        made.id = Uuid::from_u128(id);
        if with_hours {
            made.weekdays = weekdays;
            made.hours = hours.map(|(from, until)| Hours { from, until });
        }
        made
    }
}

/// 2025-09-01 00:00 UTC.
const SOME_DAY: i64 = 1_756_684_800_000;

prop_compose! {
    fn a_time()(begins in 0i64..500 * 24, hours in 1i64..100) -> (At, At) {
        let from = SOME_DAY + begins * HOUR_MS;
        (At(from), At(from + hours * HOUR_MS))
    }
}

prop_compose! {
    fn an_override()(
        (starts_at, ends_at) in a_time(),
        kind in 0u8..3,
        who in 0u8..6,
        by in 0u8..6,
        id in 300u128..304,
    ) -> Override {
        Override {
            id: Uuid::from_u128(id),
            change: match kind {
                0 => Change::Add(person(who)),
                1 => Change::Remove(person(who)),
                _ => Change::Replace(person(who), person(by)),
            },
            starts_at,
            ends_at,
            reason: String::new(),
        }
    }
}

prop_compose! {
    fn a_schedule()(
        name in proptest::sample::select(&ZONES[..]),
        rotations in proptest::collection::vec(a_rotation(true), 0..3),
        shifts in proptest::collection::vec((a_time(), 0u8..6), 0..6),
        overrides in proptest::collection::vec(an_override(), 0..8),
    ) -> Schedule {
        let mut made = schedule(name, rotations);
        made.shifts = shifts
            .into_iter()
            .map(|((starts_at, ends_at), who)| Shift {
                id: Uuid::from_u128(200),
                staff_id: person(who),
                starts_at,
                ends_at,
            })
            .collect();
        made.overrides = overrides;
        made
    }
}

proptest! {
    #[test]
    fn who_is_on_call_now_and_from_when_to_when_agree(
        schedule in a_schedule(),
        begins in 0i64..500 * 24 * 60,
        days in 1i64..30,
        moments in proptest::collection::vec(0.0f64..1.0, 20),
    ) {
        let from = At(SOME_DAY + begins * MINUTE_MS);
        let until = At(from.0 + days * DAY_MS);
        let spans = schedule.spans(from, until);
        let gaps = schedule.gaps(from, until);
        let inside = moments.iter().map(|part| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a moment in between")]
            let passed = (part * (until.0 - from.0) as f64) as i64;
            At(from.0 + passed)
        });
        // Where something changes, errors hide: just before, at, and just after.
        let edges = spans.iter().flat_map(|span| {
            [span.from, span.until].into_iter().flat_map(|at| [At(at.0 - 1), at, At(at.0 + 1)])
        });
        for at in inside.chain(edges).filter(|at| from <= *at && *at < until) {
            let covering: Vec<Uuid> = spans
                .iter()
                .filter(|span| span.from <= at && at < span.until)
                .map(|span| span.staff)
                .collect();
            let set: BTreeSet<Uuid> = covering.iter().copied().collect();
            prop_assert_eq!(set.len(), covering.len(), "somebody twice at {}", utc(at));
            prop_assert_eq!(&set, &schedule.on_call(at), "at {}", utc(at));
            let gap = gaps.iter().any(|(begins, ends)| *begins <= at && at < *ends);
            prop_assert_eq!(gap, set.is_empty(), "at {}", utc(at));
        }
        for span in &spans {
            prop_assert!(from <= span.from && span.from < span.until && span.until <= until);
        }
    }

    #[test]
    fn a_span_does_not_depend_on_where_one_begins_to_look(
        schedule in a_schedule(),
        begins in 0i64..480 * 24,
        cut in 1i64..19,
    ) {
        let from = At(SOME_DAY + begins * HOUR_MS);
        let until = At(from.0 + 20 * DAY_MS);
        let middle = At(from.0 + cut * DAY_MS);
        let whole: Vec<Span> = schedule
            .spans(from, until)
            .into_iter()
            .filter(|span| span.until > middle)
            .map(|span| Span { from: span.from.max(middle), ..span })
            .collect();
        let mut later = schedule.spans(middle, until);
        later.sort_by_key(|span| (span.from, span.staff));
        let mut whole = whole;
        whole.sort_by_key(|span| (span.from, span.staff));
        prop_assert_eq!(whole, later);
    }

    #[test]
    fn every_moment_of_a_rotation_without_hours_has_one_holder(
        name in proptest::sample::select(&ZONES[..]),
        turns in a_rotation(false),
        minutes in 0i64..400 * 24 * 60,
    ) {
        let schedule = schedule(name, vec![turns]);
        let first = schedule.moment(schedule.rotations[0].starts_on).unwrap();
        let now = At(first.0 + minutes * MINUTE_MS);
        prop_assert_eq!(schedule.on_call(now).len(), 1);
        prop_assert_eq!(schedule.gaps(first, At(first.0 + 30 * DAY_MS)), []);
        prop_assert!(schedule.on_call(At(first.0 - 1)).is_empty());
    }

    #[test]
    fn a_later_time_on_the_wall_is_never_an_earlier_moment(
        name in proptest::sample::select(&ZONES[..]),
        one in a_start(),
        minutes in 0i64..200,
    ) {
        let zone = zone(name);
        let other = one.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let moments = wall::moment(&zone, one).zip(wall::moment(&zone, other));
        prop_assert!(moments.is_some_and(|(one, other)| one <= other));
    }
}
