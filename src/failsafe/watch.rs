//! What the operator must know of the spool: what was set aside, and what waits too long.
//! Part of `failsafe`: floor 3.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::FailSafe;
use crate::clock::At;
use crate::oncall::IncidentKind;
use crate::spool::Counts;
use crate::store::Tally;

/// How long a spool may hold something while the database is well: a replay takes seconds.
const PATIENCE: Duration = Duration::from_mins(5);
/// From one word about it to the next: the replay looks far more often.
const AGAIN: Duration = Duration::from_mins(1);

/// What was seen, in memory only: after a start the operator hears again of what is still set aside.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    corrupt: usize,
    refused: usize,
    /// Since when the database is well and the spool not empty.
    since: Option<At>,
    /// When that was last raised.
    raised: Option<At>,
}

/// What a look finds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// How many are set aside, if they are more than at the look before.
    corrupt: Option<usize>,
    /// Likewise.
    refused: Option<usize>,
    /// What waits, if it waits too long and that is to be said now.
    waiting: Option<usize>,
}

impl Watch {
    fn look(&self, counts: Counts, well: bool, now: At) -> Found {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Found {
            corrupt: (counts.corrupt > seen.corrupt).then_some(counts.corrupt),
            refused: (counts.refused > seen.refused).then_some(counts.refused),
            waiting: None,
        };
        (seen.corrupt, seen.refused) = (counts.corrupt, counts.refused);
        if !well || counts.entries == 0 {
            (seen.since, seen.raised) = (None, None);
            return found;
        }
        let since = *seen.since.get_or_insert(now);
        let due = seen.raised.is_none_or(|at| now.since(at) >= AGAIN);
        if now.since(since) > PATIENCE && due {
            seen.raised = Some(now);
            found.waiting = Some(counts.entries);
        }
        found
    }
}

impl FailSafe {
    /// Looks at the spool after a replay. `well`: the store took what it was handed.
    pub(super) fn watch(&self, well: bool) {
        let now = self.intake.clock.now();
        let found = self.watch.look(self.spool.counts(), well, now);
        for (kind, subject, count) in [
            (IncidentKind::SetAside, "corrupt", found.corrupt),
            (IncidentKind::SetAside, "refused", found.refused),
            (IncidentKind::Spooled, "spool", found.waiting),
        ] {
            if let Some(count) = count {
                let tally = Tally::Now(i64::try_from(count).unwrap_or(i64::MAX));
                self.incidents.count(kind, subject, tally, json!({}));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(entries: usize, corrupt: usize) -> Counts {
        Counts {
            entries,
            oldest: None,
            corrupt,
            refused: 0,
        }
    }

    #[test]
    fn what_waits_is_raised_after_five_minutes_with_a_well_database_and_once_a_minute() {
        let watch = Watch::default();
        let look = |entries, well, seconds: u64| {
            let now = At(0).plus(Duration::from_secs(seconds));
            watch.look(holding(entries, 0), well, now).waiting
        };
        assert_eq!(look(1, false, 0), None);
        assert_eq!(look(1, true, 600), None, "away until now");
        assert_eq!(look(1, true, 900), None);
        assert_eq!(look(2, true, 901), Some(2));
        assert_eq!(look(2, true, 960), None);
        assert_eq!(look(2, true, 961), Some(2));
        assert_eq!(look(0, true, 962), None);
        assert_eq!(look(1, true, 1_300), None, "another one");
        assert_eq!(look(1, true, 1_601), Some(1));
    }

    #[test]
    fn what_was_set_aside_is_raised_once_and_after_a_start_again() {
        let watch = Watch::default();
        let look = |corrupt| watch.look(holding(0, corrupt), true, At(0)).corrupt;
        assert_eq!(
            [look(2), look(2), look(3), look(1), look(2)],
            [Some(2), None, Some(3), None, Some(2)]
        );
    }
}
