//! The clock: the only door to wall time. Everything else is handed an [`At`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: Unix time in milliseconds. Stored as `BIGINT` on both engines, because text
/// timestamps that drop zero fractions sort in the wrong order.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct At(pub i64);

impl At {
    /// This moment plus a duration, held at the end of the range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This moment minus a duration, held at the start of the range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl At {
    /// The day of this moment in UTC.
    #[must_use]
    pub fn day(self) -> jiff::civil::Date {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        moment.to_zoned(jiff::tz::TimeZone::UTC).date()
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// When a worker looks next, for what is not to be looked at every second; at the start, at once, unless
/// that was put off.
#[derive(Debug)]
pub struct NextLook {
    at: AtomicI64,
    /// When it was last asked whether it is time.
    asked: AtomicI64,
}

/// Nobody has said when.
const NEVER: i64 = i64::MIN;

impl Default for NextLook {
    fn default() -> Self {
        Self {
            at: AtomicI64::new(NEVER),
            asked: AtomicI64::new(NEVER),
        }
    }
}

impl NextLook {
    /// Puts the first look off for so long after the start; `false` when that was done before.
    pub fn begins(&self, now: At, after: Duration) -> bool {
        let begins = self.at.load(Ordering::Relaxed) == NEVER;
        if begins {
            self.asked.store(now.0, Ordering::Relaxed);
            self.set(now.plus(after));
        }
        begins
    }

    /// Whether it is time; also when the clock went back, by which the next look was put off.
    #[must_use]
    pub fn is_due(&self, now: At) -> bool {
        let asked = At(self.asked.swap(now.0, Ordering::Relaxed));
        if now.plus(CORRECTED) < asked {
            self.soon();
        }
        self.at.load(Ordering::Relaxed) <= now.0
    }

    /// Puts the next look off until then.
    pub fn set(&self, at: At) {
        self.at.store(at.0, Ordering::Relaxed);
    }

    /// Lets the next look be at once.
    pub fn soon(&self) {
        self.set(At::default());
    }
}

/// How far the clocks of two replicas may be apart. What is later than this is of a clock that was wrong.
pub const CLOCKS_DIFFER: Duration = Duration::from_mins(1);
/// A clock is set back by less than this all the time, to keep it right.
const CORRECTED: Duration = Duration::from_secs(10);

/// Notices when the computer's clock goes back: what is due by it would wait until it is as late again.
#[derive(Debug)]
pub struct ClockWatch(AtomicI64);

impl Default for ClockWatch {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl ClockWatch {
    /// What is later than this moment was written by a clock that was wrong: everything, when the clock
    /// went back since the last look; at the first look, what no clock of ours can have written. `None`
    /// while the clock goes on as it should. The same again until it is [`Self::minded`].
    #[must_use]
    pub fn wrong_after(&self, now: At) -> Option<At> {
        let last = At(self.0.load(Ordering::Relaxed));
        if last.0 == i64::MAX {
            return Some(now.plus(CLOCKS_DIFFER));
        }
        (now.plus(CORRECTED) < last).then_some(At(i64::MIN))
    }

    /// All is well by the clock as it shows now.
    pub fn minded(&self, now: At) {
        self.0.store(now.0, Ordering::Relaxed);
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> At;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the seam that the ban points to"
    )]
    fn now(&self) -> At {
        At(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that a test moves by hand. Clones share one time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: At) -> Self {
        Self(Arc::new(AtomicI64::new(start.0)))
    }

    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::SeqCst);
    }

    /// Sets the clock back, as somebody who corrects a clock does.
    pub fn go_back(&self, by: Duration) {
        self.0.fetch_sub(millis(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> At {
        At(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_was_put_off_is_due_at_once_when_the_clock_goes_back() {
        let (next, minute) = (NextLook::default(), Duration::from_mins(1));
        let (start, back) = (At(1_767_225_600_000), Duration::from_hours(6));
        assert!(next.is_due(start));
        next.set(start.plus(minute));
        assert!(!next.is_due(start.plus(minute / 2)));
        let corrected = start.plus(minute / 3);
        assert!(!next.is_due(corrected), "as a clock is kept right");
        for _ in 0..2 {
            assert!(next.is_due(start.minus(back)), "until it was looked");
        }
        next.set(start.minus(back).plus(minute));
        assert!(!next.is_due(start.minus(back)));
        assert!(next.is_due(start.minus(back).plus(minute)));
        let first = NextLook::default();
        assert!(first.begins(start, minute) && !first.begins(start, minute));
        assert!(first.is_due(start.minus(back)), "the first look, too");
    }
}
