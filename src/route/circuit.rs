//! The circuit of a gateway: whether it has failed so often lately that urgent texts go round it.

use std::time::Duration;

use crate::clock::{At, CLOCKS_DIFFER};

/// So many failures in a row open the circuit.
const OPENS_AFTER: i32 = 3;
/// For so long after the last failure urgent texts go round it; then one tries it again, and the others still
/// go round it until it is known how that ended.
const RESTS: Duration = Duration::from_mins(1);
/// Failures further apart than this have nothing to do with each other.
const FORGETS: Duration = Duration::from_mins(10);

/// The recent failures of a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    /// How many tries in a row failed.
    pub failures: i32,
    /// When the last one did, or when one was let through after a rest.
    pub failed_at: Option<At>,
}

impl Circuit {
    /// Whether urgent texts go round the gateway.
    #[must_use]
    pub fn is_open(&self, now: At) -> bool {
        // What a clock says that was ahead is no failure of now.
        let lately = |at: At| now.since(at) < RESTS && at <= now.plus(CLOCKS_DIFFER);
        let lately = self.failed_at.is_some_and(lately);
        self.failures >= OPENS_AFTER && lately
    }

    /// Whether it has failed, and rested for long enough that one urgent text may try it again.
    #[must_use]
    pub fn has_rested(&self, now: At) -> bool {
        self.failures >= OPENS_AFTER && !self.is_open(now)
    }

    /// The circuit after one more failure.
    #[must_use]
    pub fn failed(self, now: At) -> Self {
        let recent = self.failed_at.is_some_and(|at| now.since(at) < FORGETS);
        Self {
            failures: if recent {
                self.failures.saturating_add(1)
            } else {
                1
            },
            failed_at: Some(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_open_it_for_a_minute() {
        let once = Circuit::default().failed(At(0));
        let twice = once.failed(At(1));
        assert!(!once.is_open(At(1)) && !twice.is_open(At(1)));
        let open = twice.failed(At(2));
        assert!(open.is_open(At(60_001)) && !open.is_open(At(60_002)));
        assert!(!open.has_rested(At(60_001)) && open.has_rested(At(60_002)));
        assert!(!twice.has_rested(At(60_002)), "it was never open");
        assert!(
            open.failed(At(70_000)).is_open(At(70_000)),
            "it failed again: it rests again"
        );
        let much_later = open.failed(At(10_000_000));
        assert_eq!(much_later.failures, 1);
    }
}
