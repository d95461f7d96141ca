//! The days ahead of a schedule, each as a bar and as a list that says the same in words.

use std::time::Duration;

use uuid::Uuid;

use super::super::when::Wall;
use super::People;
use crate::clock::At;
use crate::http::words::tr;
use crate::oncall::{Cover, Schedule};

/// How many days are shown.
pub(super) const DAYS: i32 = 14;
/// How many colours the bars have; more people than that share them.
const COLOURS: usize = 6;
/// The height of one person's stripe, in pixels.
const STRIPE: usize = 22;

/// A day of the table.
pub(super) struct Day {
    pub(super) name: String,
    pub(super) height: usize,
    pub(super) stripes: Vec<Stripe>,
    pub(super) lines: Vec<Line>,
}

/// A stripe of the bar, in percent of the day.
pub(super) struct Stripe {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: usize,
    pub(super) class: String,
}

/// A line of the list.
pub(super) struct Line {
    pub(super) when: String,
    /// Nobody, when it is a gap.
    pub(super) who: Option<String>,
    pub(super) class: String,
}

/// The days from today on, on the wall of the schedule.
pub(super) fn days(schedule: &Schedule, people: &People, wall: &Wall) -> Vec<Day> {
    let days = wall.days(DAYS);
    let (Some((_, from, _)), Some((_, _, until))) = (days.first(), days.last()) else {
        return Vec::new();
    };
    let covers = schedule.coverage(*from, *until);
    let gaps = schedule.gaps(*from, *until);
    let mut staff: Vec<Uuid> = covers.iter().map(|cover| cover.staff).collect();
    // In the order in which they come, so that neighbours differ.
    let mut seen = std::collections::BTreeSet::new();
    staff.retain(|id| seen.insert(*id));
    let class = |id: Uuid| {
        let place = staff.iter().position(|one| *one == id).unwrap_or(0);
        format!("p{}", place % COLOURS)
    };
    days.into_iter()
        .map(|(_, from, until)| {
            let of_day: Vec<Cover> = covers
                .iter()
                .filter_map(|one| within(one, from, until))
                .collect();
            let lanes = lanes(&of_day);
            let stripes = of_day.iter().zip(&lanes).map(|(cover, lane)| Stripe {
                x: percent(cover.from.since(from), until.since(from)),
                width: percent(cover.until.since(cover.from), until.since(from)),
                y: lane * STRIPE,
                class: class(cover.staff),
            });
            let when = |begins: At, ends: At| match (begins <= from, ends >= until) {
                (true, true) => tr!("all day"),
                (true, false) => tr!("until {time}", time = wall.time(ends)),
                (false, true) => tr!("from {time}", time = wall.time(begins)),
                (false, false) => format!("{} – {}", wall.time(begins), wall.time(ends)),
            };
            let mut said: Vec<(At, Line)> = of_day
                .iter()
                .map(|cover| {
                    let line = Line {
                        when: when(cover.from, cover.until),
                        who: Some(people.name(cover.staff)),
                        class: class(cover.staff),
                    };
                    (cover.from, line)
                })
                .collect();
            let empty = gaps
                .iter()
                .filter(|(begins, ends)| *begins < until && *ends > from);
            said.extend(empty.map(|(begins, ends)| {
                let line = Line {
                    when: when(*begins, *ends),
                    who: None,
                    class: String::new(),
                };
                (*begins.max(&from), line)
            }));
            said.sort_by_key(|(begins, _)| *begins);
            Day {
                name: wall.day(from),
                height: (lanes.iter().max().copied().unwrap_or(0) + 1) * STRIPE,
                stripes: stripes.collect(),
                lines: said.into_iter().map(|(_, line)| line).collect(),
            }
        })
        .collect()
}

/// The part of a time that is within others.
fn within(cover: &Cover, from: At, until: At) -> Option<Cover> {
    let cut = Cover {
        staff: cover.staff,
        from: cover.from.max(from),
        until: cover.until.min(until),
    };
    (cut.from < cut.until).then_some(cut)
}

/// For each time the first lane that is free then.
fn lanes(covers: &[Cover]) -> Vec<usize> {
    let mut ends: Vec<At> = Vec::new();
    covers
        .iter()
        .map(|cover| {
            let free = ends.iter().position(|end| *end <= cover.from);
            let lane = free.unwrap_or(ends.len());
            match ends.get_mut(lane) {
                Some(end) => *end = cover.until,
                None => ends.push(cover.until),
            }
            lane
        })
        .collect()
}

fn percent(part: Duration, of: Duration) -> String {
    let all = of.as_secs_f64();
    if all == 0.0 {
        return "0%".to_owned();
    }
    format!("{:.3}%", part.as_secs_f64() / all * 100.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::oncall::{Person, Shift};

    #[test]
    fn two_at_a_time_have_two_lanes_and_a_lane_is_used_again() {
        let cover = |from, until| Cover {
            staff: Uuid::nil(),
            from: At(from),
            until: At(until),
        };
        assert_eq!(
            lanes(&[cover(0, 10), cover(5, 20), cover(10, 30), cover(20, 30)]),
            [0, 1, 0, 1]
        );
    }

    #[test]
    fn a_day_of_25_hours_is_as_wide_as_any_and_says_which_hour_it_is() {
        // 2026-10-25 in Berlin: the hour from 02:00 comes twice.
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let midnight = At(1_792_879_200_000);
        let id = Uuid::from_u128(1);
        let hour = Duration::from_hours(1);
        let shift = Shift {
            id,
            staff_id: id,
            starts_at: midnight,
            ends_at: midnight.plus(hour * 3),
        };
        let schedule = Schedule {
            id,
            name: "Nights".to_owned(),
            zone: zone.clone(),
            rotations: Vec::new(),
            shifts: vec![shift],
            overrides: Vec::new(),
        };
        let night = Person {
            id,
            name: "Night".to_owned(),
            zone: zone.clone(),
            quiet: None,
            methods: Vec::new(),
        };
        let people = People(BTreeMap::from([(id, night)]));
        let days = days(&schedule, &people, &Wall::new(zone, midnight.plus(hour)));
        assert_eq!(days.len(), 14);
        assert_eq!(
            (
                days[0].stripes[0].x.as_str(),
                days[0].stripes[0].width.as_str()
            ),
            ("0.000%", "12.000%")
        );
        let lines: Vec<(&str, Option<&str>)> = days[0]
            .lines
            .iter()
            .map(|line| (line.when.as_str(), line.who.as_deref()))
            .collect();
        assert_eq!(
            lines,
            [("until 02:00 CET", Some("Night")), ("from 02:00 CET", None)]
        );
        assert_eq!(
            (days[1].name.as_str(), days[1].lines[0].when.as_str()),
            ("tomorrow", "all day")
        );
    }
}
