//! The wall clock of a zone: from a date and time on it to a moment, and back.
//!
//! A time on the wall is the *first moment at which the wall shows it or a later time*. So a time that
//! spring leaves out is the moment of the jump, one that autumn shows twice is the first of the two, and
//! a later time on the wall is never an earlier moment. Every hand-off and every edge of hours is made by
//! this rule: what meets on the wall meets in time, without a gap and without an overlap.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::clock::At;

/// The moment of a time on the wall. `None` beyond the range of the calendar.
pub(super) fn moment(zone: &TimeZone, wall: DateTime) -> Option<At> {
    let at = match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(wall).ok()?
        }
        AmbiguousOffset::Gap { before, .. } => {
            // The clock that did not jump would show it at this moment or after it.
            let unjumped = before.to_timestamp(wall).ok()?;
            let after = unjumped.checked_add(SignedDuration::from_nanos(1)).ok()?;
            let jump = zone.preceding(after).next();
            jump.map_or(unjumped, |jump| jump.timestamp())
        }
    };
    Some(At(at.as_millisecond()))
}

/// What the wall shows at a moment. `None` beyond the range of the calendar.
pub(super) fn shown(zone: &TimeZone, at: At) -> Option<DateTime> {
    let moment = Timestamp::from_millisecond(at.0).ok()?;
    Some(zone.to_datetime(moment))
}
