//! The days that a report is about. Part of `reports`: floor 1.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::At;

/// The most days that one report covers: a year, and the day that makes it whole.
pub const LONGEST: i32 = 366;

/// Whole days on the wall of the line's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day; it counts.
    pub until: Date,
}

/// Why there is no report for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodProblem {
    /// The first day cannot be read.
    #[error("The first day is no date: write it like 2026-01-31.")]
    From,
    /// The last day cannot be read.
    #[error("The last day is no date: write it like 2026-01-31.")]
    Until,
    /// The last day is before the first.
    #[error("The last day is before the first one: swap them.")]
    Backwards,
    /// It is longer than [`LONGEST`].
    #[error("A report covers {LONGEST} days at most: choose a shorter time.")]
    TooLong,
}

impl Period {
    /// The days until today, as many as said; today is the last one.
    #[must_use]
    pub fn last(days: i32, today: Date) -> Self {
        let back = days.clamp(1, LONGEST) - 1;
        Self {
            from: today.checked_sub(back.days()).unwrap_or(Date::MIN),
            until: today,
        }
    }

    /// A period as it was typed.
    ///
    /// # Errors
    /// [`PeriodProblem`], in words for who typed it.
    pub fn read(from: &str, until: &str) -> Result<Self, PeriodProblem> {
        let from: Date = from.trim().parse().map_err(|_| PeriodProblem::From)?;
        let until: Date = until.trim().parse().map_err(|_| PeriodProblem::Until)?;
        let period = Self { from, until };
        match period.days() {
            ..=0 => Err(PeriodProblem::Backwards),
            days if days > LONGEST => Err(PeriodProblem::TooLong),
            _ => Ok(period),
        }
    }

    /// How many days.
    #[must_use]
    pub fn days(&self) -> i32 {
        (self.until - self.from).get_days() + 1
    }

    /// The first moment of it, and the first one after it, where the wall shows this zone. A midnight that
    /// spring leaves out is the moment of the jump.
    #[must_use]
    pub fn bounds(&self, zone: &TimeZone) -> (At, At) {
        let midnight = |date: Date| {
            let moment = zone.to_timestamp(date.at(0, 0, 0, 0));
            moment.map(|moment| At(moment.as_millisecond()))
        };
        let next = self.until.tomorrow().unwrap_or(Date::MAX);
        (
            midnight(self.from).unwrap_or(At(0)),
            midnight(next).unwrap_or(At(i64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_period_has_whole_days_on_the_wall_of_the_line() {
        let week = Period::last(7, date(2026, 3, 29));
        assert_eq!(
            (week.from, week.until, week.days()),
            (date(2026, 3, 23), date(2026, 3, 29), 7)
        );
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let (from, until) = week.bounds(&zone);
        // The last of the seven days has 23 hours.
        assert_eq!(until.0 - from.0, (7 * 24 - 1) * 3_600_000);
        assert_eq!(
            Period::read(" 2026-03-23", "2026-03-29 "),
            Ok(week),
            "as typed"
        );
    }

    #[test]
    fn what_is_no_period_is_refused_with_the_reason() {
        for (from, until, problem) in [
            ("", "2026-01-01", PeriodProblem::From),
            ("yesterday", "2026-01-01", PeriodProblem::From),
            ("2026-01-01", "2026-02-30", PeriodProblem::Until),
            ("2026-01-02", "2026-01-01", PeriodProblem::Backwards),
            ("2026-01-01", "2027-01-02", PeriodProblem::TooLong),
            ("-009999-01-01", "9999-12-31", PeriodProblem::TooLong),
        ] {
            assert_eq!(Period::read(from, until), Err(problem), "{from} {until}");
        }
        assert!(Period::read("2026-01-01", "2027-01-01").is_ok());
        assert_eq!(Period::last(i32::MAX, date(2026, 1, 1)).days(), LONGEST);
        let (from, until) = Period::last(1, Date::MAX).bounds(&TimeZone::UTC);
        assert!(from <= until);
    }
}
