//! The parts of a schedule in words.

use std::fmt::Write as _;

use super::super::when::{WEEKDAYS, full_day, minutes};
use super::People;
use crate::http::words::{said, tr};
use crate::oncall::{Change, Rotation, Unit};

/// How a rotation turns, as in "every 2 weeks, first hand-off Mon 5 Jan 2026 08:00, Monday to Friday,
/// 20:00 – 08:00".
pub(super) fn turns(rotation: &Rotation) -> String {
    let every = match (rotation.unit, rotation.every) {
        (Unit::Hourly, 1) => tr!("every hour"),
        (Unit::Hourly, n) => tr!("every {n} hours", n),
        (Unit::Daily, 1) => tr!("every day"),
        (Unit::Daily, n) => tr!("every {n} days", n),
        (Unit::Weekly, 1) => tr!("every week"),
        (Unit::Weekly, n) => tr!("every {n} weeks", n),
    };
    let first = rotation.starts_on;
    let first = format!("{} {}", full_day(first.date()), first.strftime("%H:%M"));
    let mut words = tr!("Hands off {every}, counted from {first}", every, first);
    if let Some(days) = weekdays(rotation.weekdays) {
        words.push_str(&tr!(", on {days}", days));
    }
    if let Some(hours) = rotation.hours {
        let _ = write!(
            words,
            ", {} – {}",
            minutes(hours.from),
            minutes(hours.until)
        );
    }
    words.push('.');
    words
}

/// The days that are set, where not all are: "Monday to Friday", "Saturday, Sunday".
fn weekdays(days: u8) -> Option<String> {
    let set: Vec<usize> = (0..7).filter(|day| days & 1 << day != 0).collect();
    match set.as_slice() {
        [] | [_, _, _, _, _, _, _] => None,
        [first, .., last] if last - first + 1 == set.len() && set.len() > 2 => {
            let (from, to) = (said(WEEKDAYS[*first]), said(WEEKDAYS[*last]));
            Some(tr!("{from} to {to}", from, to))
        }
        some => Some(
            some.iter()
                .map(|day| said(WEEKDAYS[*day]))
                .collect::<Vec<_>>()
                .join(", "),
        ),
    }
}

/// What an override changes, as in "Second instead of First".
pub(super) fn change(change: Change, people: &People) -> String {
    match change {
        Change::Add(id) => tr!("{name} too", name = people.name(id)),
        Change::Remove(id) => tr!("not {name}", name = people.name(id)),
        Change::Replace(out, by) => tr!(
            "{name} instead of {other}",
            name = people.name(by),
            other = people.name(out)
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::oncall::Hours;

    #[test]
    fn a_rotation_is_said_in_one_sentence() {
        let mut rotation = Rotation {
            id: Uuid::nil(),
            name: "Nights".to_owned(),
            unit: Unit::Weekly,
            every: 1,
            starts_on: date(2026, 1, 5).at(8, 0, 0, 0),
            weekdays: 0b111_1111,
            hours: None,
            members: Vec::new(),
        };
        assert_eq!(
            turns(&rotation),
            "Hands off every week, counted from Mon 5 Jan 2026 08:00."
        );
        rotation.every = 2;
        rotation.unit = Unit::Daily;
        rotation.weekdays = 0b001_1111;
        rotation.hours = Some(Hours {
            from: 20 * 60,
            until: 8 * 60,
        });
        assert_eq!(
            turns(&rotation),
            "Hands off every 2 days, counted from Mon 5 Jan 2026 08:00, on Monday to Friday, 20:00 – 08:00."
        );
        assert_eq!(weekdays(0b110_0000).as_deref(), Some("Saturday, Sunday"));
        assert_eq!(weekdays(0b000_0101).as_deref(), Some("Monday, Wednesday"));
    }
}
