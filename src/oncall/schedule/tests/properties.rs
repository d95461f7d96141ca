use super::*;

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
