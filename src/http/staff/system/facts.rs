//! What the page System says of the program itself: the roster it would page from, version, database, key.

use std::time::Duration;

use super::super::readiness::Mark;
use super::super::when::{Wall, length};
use crate::http::Doors;
use crate::http::words::{phrase, tr};
use crate::system::Look;

pub(super) fn snapshot(look: &Look) -> (Mark, String) {
    let on_call = look
        .roster
        .standby
        .iter()
        .filter(|one| one.from <= look.now && look.now < one.until)
        .count();
    let until = look.roster.standby.iter().map(|one| one.until).max();
    let reach = until.map_or_else(
        || tr!("no schedule is in it"),
        |until| {
            let ahead = until.since(look.now);
            tr!(
                "it knows the schedules for the next {time}",
                time = length(ahead)
            )
        },
    );
    let contacts = look.roster.fallback.len();
    let of_configuration = match contacts {
        1 => tr!("1 contact"),
        n => tr!("{n} contacts", n),
    };
    let words = tr!(
        "{on_call} on call now and {of_configuration} of the configuration would be paged; {reach}.",
        on_call,
        of_configuration,
        reach
    );
    let mark = if on_call + contacts == 0 {
        Mark {
            class: "bad",
            word: phrase!("pages nobody"),
        }
    } else if look.roster_kept {
        Mark {
            class: "good",
            word: phrase!("kept on disk"),
        }
    } else {
        Mark {
            class: "bad",
            word: phrase!("in memory only"),
        }
    };
    (mark, words)
}

pub(super) fn facts(doors: &Doors, look: &Look, wall: &Wall) -> Vec<(&'static str, String)> {
    let age = look.key_since.map_or_else(String::new, |since| {
        let age = length(look.now.since(since).max(Duration::from_mins(1)));
        tr!(
            ", written {age} ago ({moment})",
            age,
            moment = wall.moment(since)
        )
    });
    let running = length(look.now.since(look.started).max(Duration::from_mins(1)));
    vec![
        (phrase!("Version"), env!("CARGO_PKG_VERSION").to_owned()),
        (
            phrase!("Running"),
            tr!(
                "since {moment}, for {length}",
                moment = wall.moment(look.started),
                length = running
            ),
        ),
        (
            phrase!("Database"),
            tr!(
                "{engine}, {size}, migration {migration}",
                engine = look.database.engine,
                size = size(look.database.bytes),
                migration = look.database.migration
            ),
        ),
        (
            phrase!("Master key"),
            tr!("id {id}{age}", id = look.key_id, age),
        ),
        (
            phrase!("Rules"),
            tr!(
                "version {version}",
                version = short(doors.rulebook.current().hash())
            ),
        ),
        (phrase!("Address"), doors.public_url.to_string()),
    ]
}

/// The beginning of a hash, to compare by eye.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// A number of bytes, as people read it.
#[expect(clippy::cast_precision_loss, reason = "it is rounded for reading")]
fn size(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let mut amount = bytes as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if amount < 1000.0 {
            break;
        }
        amount /= 1000.0;
        unit = next;
    }
    format!("{amount:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_for_people() {
        for (bytes, words) in [
            (0, "0.0 KB"),
            (4_096, "4.1 KB"),
            (12_300_000, "12.3 MB"),
            (5_000_000_000, "5.0 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
