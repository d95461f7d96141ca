use super::*;

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
