//! Rotations: whose turn it is, and when it changes.

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::wall::{moment, shown};
use super::{Hours, Rotation, Unit};
use crate::clock::At;

/// Every day of the week.
pub(super) const EVERY_DAY: u8 = 0b111_1111;
const HOUR_MS: i64 = 3_600_000;

impl Rotation {
    /// Who has the turn at a moment within the days and hours that it covers.
    pub(super) fn holder(&self, zone: &TimeZone, at: At) -> Option<Uuid> {
        if !self.covers(zone, at) {
            return None;
        }
        let count = i64::try_from(self.members.len()).ok()?;
        let place = self.turn(zone, at)?.checked_rem(count)?;
        self.members.get(usize::try_from(place).ok()?).copied()
    }

    /// Adds every moment after `from` and before `until` at which its holder may change.
    pub(super) fn edges(&self, zone: &TimeZone, from: At, until: At, edges: &mut Vec<At>) {
        let inside = |at: &At| from < *at && *at < until;
        let first = self.turn(zone, from).map_or(0, |turn| turn + 1);
        let hand_offs = (first..).map_while(|turn| self.hand_off(zone, turn));
        edges.extend(hand_offs.take_while(|at| *at < until).filter(inside));
        if self.is_always() {
            return;
        }
        let days = shown(zone, from).zip(shown(zone, until));
        let Some((first, last)) = days.map(|(from, until)| (from.date(), until.date())) else {
            return;
        };
        for day in around(first, last) {
            let (begins, ends) = self.window(zone, day).unzip();
            edges.extend([begins, ends].into_iter().flatten().filter(inside));
        }
    }

    /// The number of the turn at a moment, from 0; `None` before the first hand-off.
    fn turn(&self, zone: &TimeZone, at: At) -> Option<i64> {
        let first = self.hand_off(zone, 0)?;
        if at < first {
            return None;
        }
        if self.unit == Unit::Hourly {
            return Some((at.0 - first.0) / (i64::from(self.every.max(1)) * HOUR_MS));
        }
        let passed = shown(zone, at)?
            .date()
            .duration_since(self.starts_on.date());
        let mut turn = passed.as_hours() / 24 / self.days();
        // The day alone may be one turn off: the hand-off has a time of day, and a clock may have jumped.
        while turn > 0 && self.hand_off(zone, turn)? > at {
            turn -= 1;
        }
        while self.hand_off(zone, turn + 1).is_some_and(|next| next <= at) {
            turn += 1;
        }
        Some(turn)
    }

    /// When a turn begins.
    fn hand_off(&self, zone: &TimeZone, turn: i64) -> Option<At> {
        if self.unit == Unit::Hourly {
            let hours = turn.checked_mul(i64::from(self.every.max(1)))?;
            let first = moment(zone, self.starts_on)?;
            return Some(At(first.0.checked_add(hours.checked_mul(HOUR_MS)?)?));
        }
        let hours = turn.checked_mul(self.days())?.checked_mul(24)?;
        let later = SignedDuration::try_from_hours(hours)?;
        moment(zone, self.starts_on.checked_add(later).ok()?)
    }

    /// The days of a daily or weekly turn.
    fn days(&self) -> i64 {
        let days = if self.unit == Unit::Weekly { 7 } else { 1 };
        i64::from(self.every.max(1)) * days
    }

    /// Whether it covers every day and every hour.
    fn is_always(&self) -> bool {
        self.hours.is_none() && self.weekdays & EVERY_DAY == EVERY_DAY
    }

    fn covers(&self, zone: &TimeZone, at: At) -> bool {
        self.is_always()
            || shown(zone, at).is_some_and(|wall| {
                around(wall.date(), wall.date()).any(|day| {
                    self.window(zone, day)
                        .is_some_and(|(begins, ends)| begins <= at && at < ends)
                })
            })
    }

    /// From when to when it covers the hours that begin on a day.
    fn window(&self, zone: &TimeZone, day: Date) -> Option<(At, At)> {
        let bit = day.weekday().to_monday_zero_offset().unsigned_abs();
        if self.weekdays >> bit & 1 == 0 {
            return None;
        }
        let Hours { from, until } = self.hours.unwrap_or(Hours { from: 0, until: 0 });
        let until = i64::from(until) + if until <= from { 24 * 60 } else { 0 };
        let edge = |minute: i64| {
            let wall = day.at(0, 0, 0, 0);
            moment(
                zone,
                wall.checked_add(SignedDuration::from_mins(minute)).ok()?,
            )
        };
        edge(i64::from(from)).zip(edge(until))
    }
}

/// The days whose hours may reach into these: hours last a day at most, and a zone may skip one.
fn around(first: Date, last: Date) -> impl Iterator<Item = Date> {
    let early = first.yesterday().unwrap_or(first);
    let early = early.yesterday().unwrap_or(early);
    let late = last.tomorrow().unwrap_or(last);
    std::iter::successors(Some(early), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= late)
}
