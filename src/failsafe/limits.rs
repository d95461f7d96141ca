//! How long each thing may take before the gateway stops waiting for us.

use std::time::Duration;

use crate::gateway::Caps;

/// The longest that a text waits for its commit, whatever the gateway's patience.
const LONGEST_COMMIT: Duration = Duration::from_secs(8);
/// The longest that somebody in crisis waits for a disk.
const LONGEST_CRISIS_SPOOL: Duration = Duration::from_secs(1);

/// The shares of a gateway's patience: three quarters for the commit, an eighth for the spool, and the
/// rest for the way there and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) commit: Duration,
    spool: Duration,
}

impl Limits {
    pub(super) fn of(caps: &Caps) -> Self {
        let eighth = caps.hook_deadline / 8;
        Self {
            commit: (eighth * 6).min(LONGEST_COMMIT),
            spool: eighth,
        }
    }

    /// How long the spool may take.
    pub(super) fn spool(self, crisis: bool) -> Duration {
        if crisis {
            self.spool.min(LONGEST_CRISIS_SPOOL)
        } else {
            self.spool
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_ends_before_the_gateway_stops_waiting() {
        for seconds in [1, 2, 5, 10, 15, 60] {
            let hook_deadline = Duration::from_secs(seconds);
            let limits = Limits::of(&Caps {
                inline_reply: true,
                idempotent_send: false,
                max_chars: 1600,
                hook_deadline,
                repeats_hooks: false,
                blocks_opted_out: false,
            });
            assert!(
                limits.commit + limits.spool(false) < hook_deadline,
                "{seconds}"
            );
            assert!(limits.commit <= LONGEST_COMMIT);
            assert!(limits.spool(true) <= LONGEST_CRISIS_SPOOL);
        }
    }
}
