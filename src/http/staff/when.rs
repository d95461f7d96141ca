//! Times as staff read and write them: on the wall of a zone, with the zone named on the page. Floor 4.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::form::{Sent, Wrong};
use crate::clock::At;
use crate::http::words::{phrase, said, tr};
pub(super) use crate::oncall::minutes_of as read_minutes;
use crate::store::{Account, StoreError, Tx};

/// The days of a week, from Monday on.
pub(super) const WEEKDAYS: [&str; 7] = [
    phrase!("Monday"),
    phrase!("Tuesday"),
    phrase!("Wednesday"),
    phrase!("Thursday"),
    phrase!("Friday"),
    phrase!("Saturday"),
    phrase!("Sunday"),
];

/// A wait, as in "2 min 05 s".
pub(super) fn wait(since: At, now: At) -> String {
    let seconds = now.since(since).as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// A length of time that nobody counts in seconds, as in "3 days" or "10 h 05 min".
pub(super) fn length(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60, minutes % 60) {
        (days @ 2.., _, _) => tr!("{days} days", days),
        (_, 0, m) => format!("{m} min"),
        (_, h, 0) => format!("{h} h"),
        (_, h, m) => format!("{h} h {m:02} min"),
    }
}

/// A length of time of seconds and minutes, as in "45 s", "2 min" or "2 min 30 s".
pub(super) fn length_s(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, s) => format!("{s} s"),
        (60.., _) => length(duration),
        (m, 0) => format!("{m} min"),
        (m, s) => format!("{m} min {s:02} s"),
    }
}

/// A moment to the millisecond, as in "03:12:04.123 UTC".
pub(super) fn second(at: At) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(
        |_| String::new(),
        |t| t.strftime("%H:%M:%S%.3f UTC").to_string(),
    )
}

/// The wall clock of a zone, at the time at which a page is made.
#[derive(Clone)]
pub(super) struct Wall {
    zone: TimeZone,
    now: At,
}

impl Wall {
    pub(super) const fn new(zone: TimeZone, now: At) -> Self {
        Self { zone, now }
    }

    /// The wall of who looks at a page.
    pub(super) async fn of(tx: &mut Tx, me: &Account, now: At) -> Result<Self, StoreError> {
        Ok(Self::new(tx.zone_of(me.id).await?, now))
    }

    /// The time at which the page is made.
    pub(super) const fn now(&self) -> At {
        self.now
    }

    /// From when until when an address asks (`from` and `until`), for the fields of a form: not before now,
    /// and for so long unless it says otherwise.
    pub(super) fn asked(&self, sent: &Sent, long: Duration) -> (String, String) {
        let given = |name: &str| sent.get(name).parse().ok().map(At);
        let from = given("from").unwrap_or(self.now).max(self.now);
        let until = given("until").filter(|until| *until > from);
        (
            self.field(from),
            self.field(until.unwrap_or_else(|| from.plus(long))),
        )
    }

    /// The times that were typed into the fields `from` and `until`, or what to do about one.
    pub(super) fn typed(&self, from: &str, until: &str) -> Result<(At, At), Wrong> {
        let moment = |field: &str, words: &str| {
            let moment = self.moment_of(typed(field, words)?);
            moment.ok_or_else(|| not_read(field))
        };
        Ok((moment("from", from)?, moment("until", until)?))
    }

    /// The zone, as in "Europe/Berlin (CET)".
    pub(super) fn name(&self) -> String {
        let name = self.zone.iana_name().unwrap_or("UTC");
        let short = self.form(self.now, "%Z");
        if short == name {
            short
        } else {
            format!("{name} ({short})")
        }
    }

    /// The time of a moment, as in "20:00". Of an hour that autumn shows twice, with which of them it is.
    pub(super) fn time(&self, at: At) -> String {
        let twice = self.zoned(at).is_some_and(|moment| {
            let ambiguous = self.zone.to_ambiguous_zoned(moment.datetime());
            ambiguous.is_ambiguous()
        });
        self.form(at, if twice { "%H:%M %Z" } else { "%H:%M" })
    }

    /// The time of a moment to the second, as in "20:00:05".
    pub(super) fn second(&self, at: At) -> String {
        self.form(at, "%H:%M:%S")
    }

    /// A moment as it is read on paper, on any other day, as in "28 Nov 2026 20:00:05".
    pub(super) fn exact(&self, at: At) -> String {
        let day = self.date(at).map_or_else(String::new, date);
        format!("{day} {}", self.second(at))
    }

    /// The day of a moment, as in "today" or "Fri 28 Nov".
    pub(super) fn day(&self, at: At) -> String {
        let (Some(day), Some(today)) = (self.date(at), self.date(self.now)) else {
            return String::new();
        };
        let days = (day - today).get_days();
        match days {
            -1 => tr!("yesterday"),
            0 => tr!("today"),
            1 => tr!("tomorrow"),
            _ if day.year() == today.year() || (0..180).contains(&days) => short_day(day),
            _ => full_day(day),
        }
    }

    /// A moment, as in "today 20:00".
    pub(super) fn moment(&self, at: At) -> String {
        format!("{} {}", self.day(at), self.time(at))
    }

    /// A moment to the second, as in "today 20:00:05".
    pub(super) fn second_of_day(&self, at: At) -> String {
        format!("{} {}", self.day(at), self.second(at))
    }

    /// From a moment to another, as in "today 20:00 – tomorrow 08:00".
    pub(super) fn span(&self, from: At, until: At) -> String {
        if self.date(from) == self.date(until) {
            return format!("{} – {}", self.moment(from), self.time(until));
        }
        format!("{} – {}", self.moment(from), self.moment(until))
    }

    /// The value of a field for a date and a time.
    pub(super) fn field(&self, at: At) -> String {
        self.form(at, "%Y-%m-%dT%H:%M")
    }

    /// The moment of a date and a time on this wall. A time that spring leaves out is the moment of the
    /// jump, and of one that autumn shows twice it is the first.
    pub(super) fn moment_of(&self, wall: DateTime) -> Option<At> {
        let moment = self.zone.to_timestamp(wall).ok()?;
        Some(At(moment.as_millisecond()))
    }

    /// The date that the wall shows at a moment.
    pub(super) fn date(&self, at: At) -> Option<Date> {
        self.zoned(at).map(|moment| moment.date())
    }

    /// The days from today on, each with its first moment and the first after it.
    pub(super) fn days(&self, count: i32) -> Vec<(Date, At, At)> {
        let Some(today) = self.date(self.now) else {
            return Vec::new();
        };
        let midnight = |date: Date| self.moment_of(date.at(0, 0, 0, 0));
        (0..count)
            .filter_map(|nth| {
                let date = today.checked_add(nth.days()).ok()?;
                Some((date, midnight(date)?, midnight(date.tomorrow().ok()?)?))
            })
            .collect()
    }

    fn zoned(&self, at: At) -> Option<Zoned> {
        let moment = Timestamp::from_millisecond(at.0).ok()?;
        Some(moment.to_zoned(self.zone.clone()))
    }

    fn form(&self, at: At, form: &str) -> String {
        self.zoned(at)
            .map_or_else(String::new, |moment| moment.strftime(form).to_string())
    }
}

/// The names of the days of the week, from Monday on, and of the months, as short as they are read.
const DAYS: [&str; 7] = [
    phrase!("Mon"),
    phrase!("Tue"),
    phrase!("Wed"),
    phrase!("Thu"),
    phrase!("Fri"),
    phrase!("Sat"),
    phrase!("Sun"),
];
const MONTHS: [&str; 12] = [
    phrase!("Jan"),
    phrase!("Feb"),
    phrase!("Mar"),
    phrase!("Apr"),
    phrase!("May"),
    phrase!("Jun"),
    phrase!("Jul"),
    phrase!("Aug"),
    phrase!("Sep"),
    phrase!("Oct"),
    phrase!("Nov"),
    phrase!("Dec"),
];

/// A day within a year, as in "Fri 28 Nov".
pub(super) fn short_day(day: Date) -> String {
    let weekday = name(&DAYS, day.weekday().to_monday_zero_offset());
    let month = name(&MONTHS, day.month() - 1);
    format!("{weekday} {} {month}", day.day())
}

/// The name at a place of a list.
fn name(names: &[&str], nth: i8) -> String {
    let nth = usize::try_from(nth).ok();
    nth.and_then(|nth| names.get(nth))
        .map_or_else(String::new, said)
}

/// A day on paper, as in "28 Nov 2026".
pub(super) fn date(day: Date) -> String {
    format!(
        "{} {} {}",
        day.day(),
        name(&MONTHS, day.month() - 1),
        day.year()
    )
}

/// A day of any year, as in "Fri 28 Nov 2025".
pub(super) fn full_day(day: Date) -> String {
    format!("{} {}", short_day(day), day.year())
}

/// The names of the zones of places, to choose from.
pub(super) fn zones() -> Vec<String> {
    let names = jiff::tz::db().available();
    names
        .map(|name| name.to_string())
        .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
        .collect()
}

/// What was typed into a field for a date and a time, or what to do about it.
pub(super) fn typed(field: &str, typed: &str) -> Result<DateTime, Wrong> {
    read_wall(typed).ok_or_else(|| not_read(field))
}

fn not_read(field: &str) -> Wrong {
    Wrong::with(
        field,
        &phrase!("Write a date and a time, like 2026-01-31 20:00."),
    )
}

/// A date and a time as a browser sends them, or as a person types them: "2026-01-31T20:00".
pub(super) fn read_wall(typed: &str) -> Option<DateTime> {
    let typed = typed.trim();
    // A date alone is midnight to the parser: half an answer is none.
    typed.contains(':').then(|| typed.parse().ok()).flatten()
}

/// A time of day, as in "20:00".
pub(super) fn minutes(all: u16) -> String {
    format!("{:02}:{:02}", all / 60, all % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::words::within;
    use crate::locale::Locale;

    /// 2026-01-01 00:00 UTC.
    const START: At = At(1_767_225_600_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn berlin(now: At) -> Wall {
        Wall::new(TimeZone::get("Europe/Berlin").unwrap(), now)
    }

    #[test]
    fn times_are_those_of_the_wall() {
        let wall = berlin(START);
        assert_eq!(wall.name(), "Europe/Berlin (CET)");
        assert_eq!(Wall::new(TimeZone::UTC, START).name(), "UTC");
        assert_eq!(wall.moment(START), "today 01:00");
        assert_eq!(wall.exact(START), "1 Jan 2026 01:00:00");
        let late = START.plus(23 * HOUR);
        assert_eq!(wall.span(START, late), "today 01:00 – tomorrow 00:00");
        assert_eq!(wall.span(START, START.plus(HOUR)), "today 01:00 – 02:00");
        assert_eq!(wall.day(START.plus(72 * HOUR)), "Sun 4 Jan");
        assert_eq!(wall.day(START.minus(72 * HOUR)), "Mon 29 Dec 2025");
        assert_eq!(wall.field(START), "2026-01-01T01:00");
        let typed = read_wall(&wall.field(START)).unwrap();
        assert_eq!(wall.moment_of(typed), Some(START));
    }

    #[test]
    fn times_read_right_in_spanish() {
        within(Locale::Es, || {
            let wall = berlin(START);
            let late = START.plus(23 * HOUR);
            assert_eq!(wall.span(START, late), "hoy 01:00 – mañana 00:00");
            assert_eq!(wall.day(START.plus(72 * HOUR)), "dom 4 ene");
            assert_eq!(wall.day(START.minus(72 * HOUR)), "lun 29 dic 2025");
            assert_eq!(length(14 * 24 * HOUR), "14 días");
        });
    }

    #[test]
    fn an_hour_that_comes_twice_says_which_it_is() {
        // 2026-10-25 00:30 UTC is 02:30 in summer time; an hour later the wall shows 02:30 again.
        let first = At(1_792_888_200_000);
        let wall = berlin(first);
        assert_eq!(wall.time(first), "02:30 CEST");
        assert_eq!(wall.time(first.plus(HOUR)), "02:30 CET");
        let lengths: Vec<Duration> = wall
            .days(2)
            .into_iter()
            .map(|(_, from, until)| until.since(from))
            .collect();
        assert_eq!(lengths, [25 * HOUR, 24 * HOUR]);
    }

    #[test]
    fn what_is_typed_is_read_or_refused() {
        for (typed, minutes) in [
            ("20:00", Some(1200)),
            (" 7:05 ", Some(425)),
            ("24:00", Some(1440)),
            ("24:01", None),
            ("20:60", None),
            ("20", None),
            ("+1:00", None),
            ("20:5", None),
            ("", None),
        ] {
            assert_eq!(read_minutes(typed), minutes, "{typed:?}");
        }
        for typed in ["", "2026-01-31", "tomorrow", "2026-02-30T10:00", "10:00"] {
            assert_eq!(read_wall(typed), None, "{typed:?}");
        }
        assert!(read_wall("2026-01-31 20:00").is_some());
    }

    #[test]
    fn lengths_are_rounded_for_people() {
        for (minutes, words) in [
            (5, "5 min"),
            (60, "1 h"),
            (605, "10 h 05 min"),
            (36 * 60, "36 h"),
            (14 * 24 * 60, "14 days"),
        ] {
            assert_eq!(length(Duration::from_mins(minutes)), words);
        }
    }
}
