//! How long somebody who tried in vain waits before the next try counts.
//!
//! Nothing here is for ever: whoever guesses is slowed down until guessing is hopeless, and an account
//! is never closed by strangers. Browsers that a person has signed in with before have tries of their
//! own (OWASP, device cookies), so that strangers do not slow them down.

use std::time::Duration;

use crate::clock::At;

/// How many tries are free, and how fast the wait grows after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Tries in a row without a wait.
    pub free: u32,
    /// The wait after the next one; it doubles with each.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

/// For everyone who is not known, together, and one login. With the longest wait, less than a hundred
/// tries a day: NIST SP 800-63B (section 5.2.2) allows a hundred in a row.
pub const STRANGERS: Patience = Patience {
    free: 10,
    first: Duration::from_secs(30),
    longest: Duration::from_mins(15),
};

/// For a browser that the person has signed in with before.
pub const KNOWN: Patience = Patience {
    free: 10,
    first: Duration::from_secs(15),
    longest: Duration::from_mins(5),
};

impl Patience {
    /// After this long without a try, earlier ones are forgotten.
    pub const MEMORY: Duration = Duration::from_hours(24);

    /// How long the next try has to wait; zero when it may come now.
    #[must_use]
    pub fn wait(&self, failures: u32, last_at: At, now: At) -> Duration {
        let since = now.since(last_at);
        if since >= Self::MEMORY || failures < self.free {
            return Duration::ZERO;
        }
        let doublings = (failures - self.free).min(20);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        wait.saturating_sub(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tries_are_free_and_then_the_wait_doubles_to_its_end() {
        let wait = |failures| STRANGERS.wait(failures, At(0), At(0)).as_secs();
        assert_eq!([0, 9, 10, 11, 12].map(wait), [0, 0, 30, 60, 120]);
        assert_eq!([15, 16, u32::MAX].map(wait), [900, 900, 900]);
    }

    #[test]
    fn a_wait_passes_and_a_day_forgets() {
        let at = |seconds: i64| STRANGERS.wait(10, At(0), At(seconds * 1000)).as_secs();
        assert_eq!([0, 10, 30, 31].map(at), [30, 20, 0, 0]);
        let day = At(0).plus(Patience::MEMORY);
        assert_eq!(STRANGERS.wait(1000, At(0), day), Duration::ZERO);
    }

    #[test]
    fn nobody_gets_more_than_a_hundred_tries_a_day() {
        let (mut now, mut tries) = (At(0), 0);
        let mut last_at = now;
        while now < At(0).plus(Duration::from_hours(24)) {
            let wait = STRANGERS.wait(tries, last_at, now);
            now = now.plus(wait.max(Duration::from_millis(1)));
            if wait.is_zero() {
                tries += 1;
                last_at = now;
            }
        }
        assert!((90..=110).contains(&tries), "{tries}");
    }
}
