//! When scheduled drills are due.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::clock::At;

/// A time of day on some days of the week, on the wall of a time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct DrillTime {
    /// The days: Monday is bit 0.
    pub weekdays: u8,
    /// Minutes after local midnight. A time that a change of the clocks leaves out is the one just
    /// after it; one that comes twice is the first.
    pub minute: u16,
    /// The zone of the wall clock.
    pub zone: TimeZone,
}

impl DrillTime {
    /// When it was last due, now included; none where it has no day.
    #[must_use]
    pub fn last(&self, now: At) -> Option<At> {
        let days = (0..=7).map(|back| -back);
        self.first(now, days, |due| due <= now)
    }

    /// When it is due next, after now; none where it has no day.
    #[must_use]
    pub fn next(&self, now: At) -> Option<At> {
        self.first(now, 0..=8, |due| due > now)
    }

    /// The first due time among these days, counted from today, that will do.
    fn first(
        &self,
        now: At,
        mut days: impl Iterator<Item = i64>,
        will_do: impl Fn(At) -> bool,
    ) -> Option<At> {
        let moment = Timestamp::from_millisecond(now.0).ok()?;
        let today = moment.to_zoned(self.zone.clone()).date();
        let hour = i8::try_from(self.minute / 60).ok()?;
        let minute = i8::try_from(self.minute % 60).ok()?;
        days.find_map(|day| {
            let date = today.checked_add(day.days()).ok()?;
            let bit = date.weekday().to_monday_zero_offset();
            if self.weekdays & (1 << bit) == 0 {
                return None;
            }
            let wall = date.at(hour, minute, 0, 0);
            let due = wall.to_zoned(self.zone.clone()).ok()?.timestamp();
            Some(At(due.as_millisecond())).filter(|due| will_do(*due))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01 00:00 UTC, a Thursday.
    const NEW_YEAR: At = At(1_767_225_600_000);
    const HOUR: i64 = 3_600_000;

    fn at(weekdays: u8, minute: u16, zone: &str) -> DrillTime {
        DrillTime {
            weekdays,
            minute,
            zone: TimeZone::get(zone).unwrap(),
        }
    }

    #[test]
    fn it_is_due_at_the_same_time_on_the_wall() {
        let thursdays = at(0b1000, 60, "UTC");
        let due = At(NEW_YEAR.0 + HOUR);
        assert_eq!(thursdays.last(due), Some(due));
        assert_eq!(thursdays.last(At(due.0 + 5 * 24 * HOUR)), Some(due));
        assert_eq!(
            thursdays.last(At(due.0 - 1)),
            Some(At(due.0 - 7 * 24 * HOUR))
        );
        assert_eq!(at(0, 60, "UTC").last(due), None);
        assert_eq!(at(0, 60, "UTC").next(due), None);
        assert_eq!(thursdays.next(At(due.0 - 1)), Some(due));
        assert_eq!(thursdays.next(due), Some(At(due.0 + 7 * 24 * HOUR)));
        // 19:00 the day before, in New York.
        let wednesdays = at(0b100, 19 * 60, "America/New_York");
        assert_eq!(wednesdays.last(NEW_YEAR), Some(NEW_YEAR));
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_is_due_once() {
        // 2026-03-08 02:30 does not exist in New York; the clocks go from 02:00 to 03:00 (07:00 UTC).
        let sundays = at(0b100_0000, 150, "America/New_York");
        let midday = At("2026-03-08T16:00:00Z"
            .parse::<Timestamp>()
            .unwrap()
            .as_millisecond());
        let due = "2026-03-08T07:30:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(sundays.last(midday), Some(At(due.as_millisecond())));
        let before = At(due.as_millisecond() - 1);
        assert_eq!(sundays.next(before), sundays.last(midday));
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        // 2026-11-01 01:30 comes twice in New York: at 05:30 and at 06:30 UTC.
        let at_night = at(0b111_1111, 90, "America/New_York");
        let moment = |text: &str| At(text.parse::<Timestamp>().unwrap().as_millisecond());
        let (first, again) = (
            moment("2026-11-01T05:30:00Z"),
            moment("2026-11-01T06:30:00Z"),
        );
        assert_eq!(at_night.last(again), Some(first));
        assert_eq!(at_night.next(first), Some(moment("2026-11-02T06:30:00Z")));
    }

    /// Over a year of days with both changes of the clocks: what is due next is due, once a day.
    #[test]
    fn every_day_has_one_due_time_whatever_the_clocks_do() {
        for minute in [0, 119, 120, 150, 180, 1439] {
            let daily = at(0b111_1111, minute, "Europe/Berlin");
            let (mut now, mut count) = (NEW_YEAR, 0);
            while now < At(NEW_YEAR.0 + 365 * 24 * HOUR) {
                let next = daily.next(now).unwrap();
                assert!(next.0 - now.0 <= 26 * HOUR && next > now);
                assert_eq!(daily.last(next), Some(next));
                (now, count) = (next, count + 1);
            }
            assert!((365..=366).contains(&count), "{minute}: {count}");
        }
    }
}
