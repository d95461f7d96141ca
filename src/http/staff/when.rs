//! Times as staff read them.

use jiff::Timestamp;

use crate::clock::At;

/// A wait, as in "2 min 05 s".
pub(super) fn wait(since: At, now: At) -> String {
    let seconds = now.since(since).as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// A moment, as in "24 Nov 03:12 UTC".
pub(super) fn moment(at: At) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(
        |_| String::new(),
        |t| t.strftime("%-d %b %H:%M UTC").to_string(),
    )
}

/// A moment to the millisecond, as in "03:12:04.123 UTC".
pub(super) fn second(at: At) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(
        |_| String::new(),
        |t| t.strftime("%H:%M:%S%.3f UTC").to_string(),
    )
}
