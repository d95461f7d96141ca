//! How often somebody may do something: in memory, for each replica. The one mechanism by which anything
//! but a text is slowed down; nothing here stands between a texter and an answer. Floor 2.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::{At, Clock};

/// With more callers than this, those that have waited long enough are forgotten.
const MANY: usize = 10_000;
/// With more than this nobody new is counted: whoever has so many addresses must not fill the memory.
const MOST: usize = 200_000;
/// How long to wait from one clearing to the next, in milliseconds: each looks at everybody.
const CLEARED_EVERY: i64 = 1_000;

/// How often: so many at once, and one more after each wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: NonZeroU32,
    /// Until there is one more.
    pub refill: Duration,
}

impl Rate {
    /// `burst` at once and one more after each `refill`. Zero is read as one.
    #[must_use]
    pub const fn new(burst: u32, refill: Duration) -> Self {
        let burst = match NonZeroU32::new(burst) {
            Some(burst) => burst,
            None => NonZeroU32::MIN,
        };
        Self { burst, refill }
    }
}

type Counts<K> = RateLimiter<K, HashMapStateStore<K>, Time, NoOpMiddleware<Duration>>;

/// Counts what callers do, each by itself.
pub struct Limit<K: Hash + Eq + Clone> {
    counts: Counts<K>,
    cleared: AtomicI64,
}

/// Time as it passes: when the clock goes back, nobody waits until it has caught up.
struct Time {
    clock: Arc<dyn Clock>,
    /// The clock as it was last seen, and how much time had passed by then.
    passed: Mutex<(At, Duration)>,
}

impl governor::clock::Clock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut kept = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        *kept = (now, kept.1 + now.since(kept.0));
        kept.1
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// At this rate, by this clock.
    #[must_use]
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let quota =
            Quota::with_period(rate.refill).unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX));
        let passed = Mutex::new((clock.now(), Duration::ZERO));
        let time = Time { clock, passed };
        let counts = RateLimiter::hashmap_with_clock(quota.allow_burst(rate.burst), time);
        Self {
            counts,
            cleared: AtomicI64::new(0),
        }
    }

    /// Counts once.
    ///
    /// # Errors
    /// How long this caller has to wait.
    pub fn count(&self, whose: &K) -> Result<(), Duration> {
        use governor::clock::Clock as _;
        let clock = self.counts.clock();
        let known = self.counts.len();
        if known > MANY {
            let now = clock.clock.now().0;
            let last = self.cleared.load(Ordering::Relaxed);
            if now.saturating_sub(last).abs() >= CLEARED_EVERY {
                self.cleared.store(now, Ordering::Relaxed);
                self.counts.retain_recent();
            }
            if known > MOST {
                return Ok(());
            }
        }
        let counted = self.counts.check_key(whose);
        counted.map_err(|not_yet| not_yet.wait_time_from(clock.now()))
    }
}

/// What one subscriber has: an address of IPv4, or the first half of one of IPv6. Who has no address is
/// one subscriber, too.
#[must_use]
pub fn subscriber(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let half = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(half))
        }
        Some(v4 @ IpAddr::V4(_)) => v4,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const RATE: Rate = Rate::new(3, Duration::from_secs(6));

    fn limit() -> (ManualClock, Limit<IpAddr>) {
        let clock = ManualClock::new(At(1_767_225_600_000));
        let limit = Limit::new(RATE, Arc::new(clock.clone()));
        (clock, limit)
    }

    fn of(address: &str) -> IpAddr {
        subscriber(Some(address.parse().unwrap()))
    }

    #[test]
    fn whoever_does_it_too_often_waits_and_the_others_do_not() {
        let (clock, limit) = limit();
        for _ in 0..3 {
            limit.count(&of("2001:db8::1")).unwrap();
        }
        let wait = limit.count(&of("2001:db8::2")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= RATE.refill, "{wait:?}");
        limit.count(&of("2001:db8:0:1::1")).unwrap();
        limit.count(&of("192.0.2.1")).unwrap();
        clock.advance(RATE.refill);
        limit.count(&of("2001:db8::3")).unwrap();
        limit.count(&of("2001:db8::3")).unwrap_err();
    }

    #[test]
    fn a_clock_that_goes_back_makes_nobody_wait_until_it_has_caught_up() {
        let (clock, limit) = limit();
        limit.count(&of("192.0.2.1")).unwrap();
        clock.go_back(Duration::from_hours(6));
        for _ in 0..2 {
            limit.count(&of("192.0.2.1")).unwrap();
        }
        let wait = limit.count(&of("192.0.2.1")).unwrap_err();
        assert!(wait <= RATE.refill, "{wait:?}");
        clock.advance(RATE.refill);
        limit.count(&of("192.0.2.1")).unwrap();
    }

    #[test]
    fn one_subscriber_is_one_address() {
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(subscriber(None), subscriber(None));
    }

    #[test]
    fn whoever_has_very_many_addresses_does_not_fill_the_memory() {
        let (clock, limit) = limit();
        for number in 0..300_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            limit.count(&address).unwrap();
        }
        assert!(limit.counts.len() <= MOST + 1);
        clock.advance(Duration::from_mins(1));
        limit.count(&of("192.0.2.1")).unwrap();
        assert!(limit.counts.len() <= 2, "{}", limit.counts.len());
    }
}
