//! How often one address may try to sign in, whatever the login: in memory, for each replica.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// Tries at once; a shared address, as of an office, has several people behind it.
const BURST: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
/// One more try after this long.
const REFILL: Duration = Duration::from_secs(6);
/// With more addresses than this, those that have waited long enough are forgotten.
const MANY: usize = 10_000;

type Limiter = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, Time, NoOpMiddleware<Duration>>;

/// Counts the tries of addresses.
pub struct Addresses(Limiter);

struct Time(Arc<dyn Clock>);

impl governor::clock::Clock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or(0))
    }
}

impl Addresses {
    /// With this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::with_period(REFILL).unwrap_or_else(|| Quota::per_minute(BURST));
        let quota = quota.allow_burst(BURST);
        Self(RateLimiter::hashmap_with_clock(quota, Time(clock)))
    }

    /// Counts a try.
    ///
    /// # Errors
    /// How long the address has to wait.
    pub(super) fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        use governor::clock::Clock as _;
        if self.0.len() > MANY {
            self.0.retain_recent();
        }
        let whole = whole(address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
        let now = self.0.clock().now();
        let counted = self.0.check_key(&whole);
        counted.map_err(|not_yet| not_yet.wait_time_from(now))
    }
}

/// What one subscriber has: an address of IPv4, or the first half of one of IPv6.
fn whole(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let half = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(half))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{At, ManualClock};

    #[test]
    fn an_address_is_slowed_down_and_the_others_are_not() {
        let clock = ManualClock::new(At(1_767_225_600_000));
        let addresses = Addresses::new(Arc::new(clock.clone()));
        let address = |text: &str| Some(text.parse().unwrap());
        for _ in 0..BURST.get() {
            addresses.count(address("2001:db8::1")).unwrap();
        }
        let wait = addresses.count(address("2001:db8::2")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= REFILL, "{wait:?}");
        addresses.count(address("2001:db8:0:1::1")).unwrap();
        addresses.count(address("192.0.2.1")).unwrap();
        clock.advance(REFILL);
        addresses.count(address("2001:db8::3")).unwrap();
        addresses.count(address("2001:db8::3")).unwrap_err();
    }

    #[test]
    fn one_subscriber_is_one_address() {
        let same = |a: &str, b: &str| whole(a.parse().unwrap()) == whole(b.parse().unwrap());
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
