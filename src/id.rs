//! Ids and random bytes: the only door to randomness.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::clock::At;

/// Makes ids and random bytes.
pub trait IdSource: Send + Sync {
    /// Fills `bytes` with random bytes fit for keys, nonces and tokens.
    fn fill(&self, bytes: &mut [u8]);

    /// A new id: `UUIDv7` whose time part is `at`. Ids that one source makes within a
    /// millisecond keep their order (RFC 9562 section 6.2, a counter in `rand_a`).
    fn id(&self, at: At) -> Uuid;
}

/// `N` random bytes from a source.
pub fn random<const N: usize>(ids: &dyn IdSource) -> [u8; N] {
    let mut bytes = [0; N];
    ids.fill(&mut bytes);
    bytes
}

/// The machine's random numbers.
#[derive(Debug, Default)]
pub struct SystemIds {
    counter: Counter,
}

impl IdSource for SystemIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the seam that the ban points to"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }

    fn id(&self, at: At) -> Uuid {
        self.counter.id(at, random(self))
    }
}

/// The same ids on every run: for tests.
#[derive(Debug)]
pub struct SeededIds {
    rng: Mutex<StdRng>,
    counter: Counter,
}

impl SeededIds {
    /// A source that repeats itself for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
            counter: Counter::default(),
        }
    }
}

impl IdSource for SeededIds {
    fn fill(&self, bytes: &mut [u8]) {
        self.rng
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .fill_bytes(bytes);
    }

    fn id(&self, at: At) -> Uuid {
        self.counter.id(at, random(self))
    }
}

/// Counts the ids made within one millisecond.
#[derive(Debug, Default)]
struct Counter(Mutex<(i64, u16)>);

impl Counter {
    fn id(&self, at: At, mut random: [u8; 10]) -> Uuid {
        let count = {
            let mut last = self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            // A time that is not later keeps counting: ids made for one moment stay in order even
            // when another moment's are made in between.
            *last = if at.0 > last.0 {
                (at.0, 0)
            } else {
                (last.0, (last.1 + 1).min(0x0fff))
            };
            last.1
        };
        random[..2].copy_from_slice(&count.to_be_bytes());
        let millis = u64::try_from(at.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_keep_their_order() {
        let ids = SeededIds::new(1);
        let made: Vec<Uuid> = (0..500).map(|_| ids.id(At(1_767_225_600_000))).collect();
        assert!(made.is_sorted());
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
