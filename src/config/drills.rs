//! `[drills]`: how long people have, and when drills are held by themselves.

use std::collections::HashSet;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::check::check_seconds;
use super::load::ConfigError;
use crate::oncall::{DrillTime, Variant};

/// `[drills]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrillsSection {
    /// Seconds that people have to answer, claim and write.
    pub limit_s: u64,
    /// When drills are held by themselves.
    pub schedule: Vec<DrillSection>,
}

/// `[[drills.schedule]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillSection {
    /// The days, as in `monday`; every day without them.
    #[serde(default)]
    pub weekdays: Vec<String>,
    /// The time on the wall, as in `14:00`.
    pub at: String,
    /// The zone of that wall, as in `America/New_York`.
    pub time_zone: String,
    /// What it shows.
    #[serde(default)]
    pub variant: Variant,
    /// No page leaves the program.
    #[serde(default)]
    pub dry_run: bool,
}

impl Default for DrillsSection {
    fn default() -> Self {
        Self {
            limit_s: 900,
            schedule: Vec::new(),
        }
    }
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const EVERY_DAY: u8 = 0b111_1111;

impl DrillSection {
    /// What it is called: when it is held.
    #[must_use]
    pub fn name(&self) -> String {
        let days = if self.weekdays.is_empty() {
            "every day".to_owned()
        } else {
            self.weekdays.join(", ")
        };
        let Self {
            at,
            time_zone,
            variant,
            ..
        } = self;
        match variant {
            Variant::Plain => format!("{days} {at} {time_zone}"),
            other => format!("{days} {at} {time_zone} ({})", other.name()),
        }
    }

    /// When it is held; the key that is wrong, where one is.
    ///
    /// # Errors
    /// The key, what is wrong with it, and how to write it.
    pub fn time(&self) -> Result<DrillTime, (&'static str, String, &'static str)> {
        let mut weekdays = if self.weekdays.is_empty() {
            EVERY_DAY
        } else {
            0
        };
        for day in &self.weekdays {
            let Some(bit) = WEEKDAYS.iter().position(|known| known == day) else {
                let wrong = format!("`{day}` is no day of the week");
                return Err(("weekdays", wrong, "Write days like monday, tuesday"));
            };
            if weekdays & (1 << bit) != 0 {
                let wrong = format!("`{day}` stands there twice");
                return Err(("weekdays", wrong, "Write each day once"));
            }
            weekdays |= 1 << bit;
        }
        let Some(minute) = minute_of(&self.at) else {
            let wrong = format!("`{}` is no time of day", self.at);
            return Err(("at", wrong, "Write it like 14:00"));
        };
        let Ok(zone) = TimeZone::get(&self.time_zone) else {
            let wrong = format!("`{}` is no time zone", self.time_zone);
            return Err(("time_zone", wrong, "Write it like America/New_York"));
        };
        Ok(DrillTime {
            weekdays,
            minute,
            zone,
        })
    }
}

/// Minutes after midnight of a time like `14:00`.
fn minute_of(time: &str) -> Option<u16> {
    let time = Time::strptime("%H:%M", time).ok()?;
    let (hour, minute) = (time.hour().unsigned_abs(), time.minute().unsigned_abs());
    Some(u16::from(hour) * 60 + u16::from(minute))
}

/// The first thing in the section that cannot work.
pub(super) fn check(
    section: &DrillsSection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    check_seconds("drills.limit_s", section.limit_s, 60, at)?;
    let mut names = HashSet::new();
    for (index, drill) in section.schedule.iter().enumerate() {
        let place = |key: &str| at(&format!("drills.schedule {}: {key}", index + 1));
        if let Err((key, problem, fix)) = drill.time() {
            return Err(ConfigError::new(place(key), problem, fix));
        }
        if !names.insert(drill.name()) {
            return Err(ConfigError::new(
                place("at"),
                "two drills have this time",
                "Give each a time of its own: one is held at a time",
            ));
        }
    }
    Ok(())
}
