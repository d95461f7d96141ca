use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;
use crate::oncall::{
    Address, Change, Channel, Hours, Method, Override, Rotation, Rung, Shift, Unit, Uses,
};

const HOUR_MS: i64 = 3_600_000;
/// 2026-01-05 00:00 UTC, a Monday.
const MONDAY: At = At(1_767_571_200_000);

fn hour(hour: i64) -> At {
    At(MONDAY.0 + hour * HOUR_MS)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn method(number: u128) -> Method {
    Method {
        id: id(9000 + number),
        staff_id: id(number),
        channel: Channel::Sms,
        label: "my phone".to_owned(),
        gateway: None,
        preset: None,
        address: Address::new("+15550171"),
        secret: None,
        uses: Uses::All,
        verified_at: Some(MONDAY),
        tested_at: Some(MONDAY),
        stopped_at: None,
        disabled_at: None,
    }
}

/// Somebody whom two methods reach.
fn person(number: u128) -> Person {
    Person {
        id: id(number),
        name: ["First", "Second", "Third"][usize::try_from(number - 1).unwrap()].to_owned(),
        zone: TimeZone::UTC,
        quiet: None,
        methods: vec![method(number), method(number)],
    }
}

/// A schedule on which the first person is always on call.
fn always(number: u128, name: &str) -> Schedule {
    Schedule {
        id: id(number),
        name: name.to_owned(),
        zone: TimeZone::UTC,
        rotations: vec![Rotation {
            id: id(number + 1),
            name: "Turns".to_owned(),
            unit: Unit::Daily,
            every: 1,
            starts_on: date(2026, 1, 1).at(0, 0, 0, 0),
            weekdays: 0b111_1111,
            hours: None,
            members: vec![id(1)],
        }],
        shifts: Vec::new(),
        overrides: Vec::new(),
    }
}

fn gone(staff: u128, from: i64, until: i64) -> Override {
    Override {
        id: id(800),
        change: Change::Remove(id(staff)),
        starts_at: hour(from),
        ends_at: hour(until),
        reason: String::new(),
    }
}

fn shift(staff: u128, from: i64, until: i64) -> Shift {
    Shift {
        id: id(700),
        staff_id: id(staff),
        starts_at: hour(from),
        ends_at: hour(until),
    }
}

fn policy(targets: &[&[Target]]) -> Policy {
    Policy {
        id: id(500),
        name: "Crisis".to_owned(),
        acks: 1,
        rungs: targets
            .iter()
            .map(|targets| Rung {
                delay: Duration::from_secs(30),
                repeat: 1,
                targets: targets.to_vec(),
            })
            .collect(),
    }
}

/// A line that is ready: what a test spoils.
struct Line {
    schedules: Vec<Schedule>,
    policies: Vec<Policy>,
    assigned: BTreeMap<Urgency, Uuid>,
    people: Vec<Person>,
    left: BTreeMap<Uuid, String>,
    fallback: usize,
}

impl Line {
    fn new() -> Self {
        let policy = policy(&[&[Target::Schedule(id(10))], &[Target::Fallback]]);
        Self {
            assigned: Urgency::ALL
                .into_iter()
                .map(|urgency| (urgency, policy.id))
                .collect(),
            schedules: vec![always(10, "Night")],
            policies: vec![policy],
            people: vec![person(1), person(2)],
            left: BTreeMap::new(),
            fallback: 1,
        }
    }

    fn look(&self) -> Vec<Finding> {
        preflight(&Readiness {
            schedules: &self.schedules,
            policies: &self.policies,
            assigned: &self.assigned,
            people: &self.people,
            left: &self.left,
            fallback: self.fallback,
            now: MONDAY,
        })
    }

    fn found(&self) -> Vec<(Level, Trouble, String)> {
        let found = self.look().into_iter();
        found
            .map(|one| (one.level, one.trouble, one.what))
            .collect()
    }
}

#[test]
fn a_line_that_is_ready_has_no_findings() {
    assert_eq!(Line::new().look(), []);
}

#[test]
fn with_the_contacts_of_the_configuration_alone_all_is_calm() {
    let line = Line {
        schedules: Vec::new(),
        policies: Vec::new(),
        assigned: BTreeMap::new(),
        fallback: 2,
        ..Line::new()
    };
    assert_eq!(
        line.found(),
        [(
            Level::Note,
            Trouble::OnlyFallback,
            "There is no schedule: every page goes to the 2 contacts of the configuration, at every hour".to_owned()
        )]
    );
}

#[test]
fn when_nobody_is_on_call_it_is_loudest() {
    let mut line = Line::new();
    line.schedules[0].overrides = vec![gone(1, 100, 110), gone(1, 120, 121)];
    assert_eq!(
        line.found(),
        [
            (
                Level::Alarm,
                Trouble::NobodyOnCall,
                "NOBODY is on call for imminent danger, a crisis, a concern, a wish for a person: Fri 9 Jan 04:00 to 14:00 UTC, and once more within two weeks. Pages then go to the contacts of the configuration".to_owned()
            ),
            (
                Level::Warn,
                Trouble::Gap,
                "Nobody is on call on Night: Fri 9 Jan 04:00 to 14:00 UTC, and once more within two weeks".to_owned()
            ),
        ]
    );
    let found = &line.look()[1];
    assert_eq!((found.when, found.times), (Some((hour(100), hour(110))), 2));
}

#[test]
fn a_gap_alarms_a_day_ahead_and_another_rung_makes_it_no_emergency() {
    let mut line = Line::new();
    let second = Target::Person(id(2));
    line.policies = vec![policy(&[&[Target::Schedule(id(10))], &[second]])];
    let level = |line: &Line| -> Vec<(Level, Trouble)> {
        let found = line.look().into_iter();
        found.map(|one| (one.level, one.trouble)).collect()
    };
    line.schedules[0].overrides = vec![gone(1, 24, 30)];
    assert_eq!(level(&line), [(Level::Alarm, Trouble::Gap)]);
    line.schedules[0].overrides = vec![gone(1, 25, 30)];
    assert_eq!(level(&line), [(Level::Warn, Trouble::Gap)]);
    // What is further ahead than two weeks is not looked at.
    line.schedules[0].overrides = vec![gone(1, 15 * 24, 16 * 24)];
    assert_eq!(level(&line), []);
}

#[test]
fn who_cannot_be_reached_fills_no_gap() {
    let mut line = Line::new();
    line.people[0].methods.clear();
    let found = line.found();
    assert_eq!(found[0].1, Trouble::NobodyOnCall);
    assert_eq!(
        found[1],
        (
            Level::Alarm,
            Trouble::Gap,
            "Nobody who can be reached is on call on Night: Mon 5 Jan 00:00 to Mon 19 Jan 00:00 UTC".to_owned()
        )
    );
    assert_eq!(
        found[2],
        (
            Level::Alarm,
            Trouble::Unreachable,
            "First has no verified way to be reached, and is on call on Night: Mon 5 Jan 00:00 to Mon 19 Jan 00:00 UTC".to_owned()
        )
    );
    assert_eq!(found[3].1, Trouble::EmptyRung);
}

#[test]
fn a_policy_of_people_alone_is_loud_when_none_of_them_can_be_reached() {
    let mut line = Line::new();
    line.schedules.clear();
    let (first, second) = (Target::Person(id(1)), Target::Person(id(2)));
    line.policies = vec![policy(&[&[first], &[second]])];
    assert_eq!(line.found(), []);
    line.people[0].methods.clear();
    let loud = |line: &Line| -> Vec<String> {
        let found = line.look().into_iter();
        let nobody = found.filter(|one| one.trouble == Trouble::NobodyOnCall);
        nobody.map(|one| one.what).collect()
    };
    assert_eq!(loud(&line), [""; 0], "one of them is there");
    line.people[1].methods.clear();
    assert_eq!(
        loud(&line),
        [
            "NOBODY who can be reached is named for imminent danger, a crisis, a concern, a wish for a person: Mon 5 Jan 00:00 to Mon 19 Jan 00:00 UTC. Pages then go to nobody until the policy is exhausted"
        ]
    );
    // Everyone is nobody, too; the contacts of the configuration are somebody.
    line.policies = vec![policy(&[&[Target::Everyone]])];
    assert_eq!(loud(&line).len(), 1);
    line.policies = vec![policy(&[&[Target::Everyone, Target::Fallback]])];
    assert_eq!(loud(&line).len(), 0);
    line.policies = vec![policy(&[&[Target::Fallback]])];
    line.fallback = 0;
    assert_eq!(loud(&line).len(), 1);
}

#[test]
fn people_who_left_or_stopped_or_have_one_way_or_none_tested_are_named() {
    let mut line = Line::new();
    let one = |line: &Line| {
        let found = line.found();
        let about = |one: &(Level, Trouble, String)| {
            !matches!(
                one.1,
                Trouble::NobodyOnCall | Trouble::Gap | Trouble::EmptyRung
            )
        };
        found.into_iter().find(about).unwrap()
    };
    line.people[0].methods.pop();
    assert_eq!(
        one(&line),
        (
            Level::Warn,
            Trouble::OneMethod,
            "One way only reaches First: when it fails, no page does".to_owned()
        )
    );
    line = Line::new();
    line.people[0].methods[0].tested_at = Some(MONDAY.minus(Duration::from_hours(31 * 24)));
    line.people[0].methods[0].verified_at = Some(MONDAY.minus(Duration::from_hours(90 * 24)));
    assert_eq!(
        one(&line),
        (
            Level::Warn,
            Trouble::Untested,
            "Nobody has answered on my phone of First for 30 days".to_owned()
        )
    );
    line = Line::new();
    line.people[0].methods[0].stopped_at = Some(MONDAY);
    assert_eq!(
        (one(&line).0, one(&line).1),
        (Level::Warn, Trouble::Stopped)
    );
    line.people[0].methods[1].stopped_at = Some(MONDAY);
    assert_eq!(
        (one(&line).0, one(&line).1),
        (Level::Alarm, Trouble::Stopped)
    );
    line = Line::new();
    line.people.remove(0);
    line.left = BTreeMap::from([(id(1), "First".to_owned())]);
    assert_eq!(
        one(&line),
        (
            Level::Alarm,
            Trouble::Left,
            "First has left the team or is locked, and is on call on Night: Mon 5 Jan 00:00 to Mon 19 Jan 00:00 UTC".to_owned()
        )
    );
    // Somebody who is not on call may be as they like.
    line = Line::new();
    line.people[1].methods.clear();
    assert_eq!(line.look(), []);
}

#[test]
fn nobody_can_be_in_two_places() {
    let mut line = Line::new();
    line.schedules.push(Schedule {
        rotations: Vec::new(),
        shifts: vec![shift(1, 8, 16), shift(2, 16, 20)],
        ..always(20, "Day")
    });
    line.policies = vec![policy(&[
        &[Target::Schedule(id(10)), Target::Schedule(id(20))],
        &[Target::Person(id(2))],
    ])];
    let found = line.found();
    let booked: Vec<_> = found
        .into_iter()
        .filter(|one| one.1 == Trouble::DoubleBooked)
        .collect();
    assert_eq!(
        booked,
        [(
            Level::Warn,
            Trouble::DoubleBooked,
            "First is on call on Night and Day at once: Mon 5 Jan 08:00 to 16:00 UTC".to_owned()
        )]
    );
    // And twice on one schedule is once.
    let mut line = Line::new();
    line.schedules[0].shifts = vec![shift(1, 8, 16)];
    assert_eq!(
        line.found(),
        [(
            Level::Warn,
            Trouble::DoubleBooked,
            "First is on call twice on Night: Mon 5 Jan 08:00 to 16:00 UTC".to_owned()
        )]
    );
}

#[test]
fn a_rung_that_leads_to_nobody_and_a_schedule_that_nobody_pages_are_named() {
    let mut line = Line::new();
    line.policies[0].rungs[1].targets = vec![Target::Schedule(id(99)), Target::Rotation(id(98))];
    line.schedules.push(always(20, "Day"));
    assert_eq!(
        line.found(),
        [
            (
                Level::Warn,
                Trouble::EmptyRung,
                "Rung 2 of the policy “Crisis” reaches nobody in the next two weeks, and is passed over".to_owned()
            ),
            (
                Level::Warn,
                Trouble::NotPaged,
                "No policy in use pages Day".to_owned()
            ),
        ]
    );
}

#[test]
fn a_rotation_of_a_policy_is_looked_at_by_itself() {
    let mut line = Line::new();
    // By night it is the rotation's turn, by day somebody else's.
    line.schedules[0].rotations[0].hours = Some(Hours {
        from: 20 * 60,
        until: 8 * 60,
    });
    line.schedules[0].shifts = vec![shift(2, 0, 15 * 24)];
    line.policies = vec![policy(&[&[Target::Rotation(id(11))], &[Target::Fallback]])];
    let found = line.look();
    assert_eq!(found[0].trouble, Trouble::NobodyOnCall);
    assert_eq!(found[0].when, Some((hour(8), hour(20))));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn without_a_policy_the_built_in_one_pages_every_schedule() {
    let mut line = Line::new();
    line.policies.clear();
    line.assigned.clear();
    let found = line.look();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].level, found[0].trouble),
        (Level::Note, Trouble::NoPolicy)
    );
    line.schedules[0].overrides = vec![gone(1, 2, 3)];
    let what = &line.look()[0].what;
    assert!(
        what.ends_with("Pages then go to everyone else and the contacts of the configuration"),
        "{what}"
    );
}
