//! Ids and random bytes: the only door to randomness.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

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

/// Counts the ids: those of one moment keep the order in which they were made, also when the moment has
/// passed (a replay) and other moments' ids are made in between.
#[derive(Debug, Default)]
struct Counter(AtomicU32);

impl Counter {
    /// 26 bits count, twelve in `rand_a` and the first of `rand_b`; 48 stay random. It never starts again,
    /// so order is lost only among ids of one moment between which it went round.
    fn id(&self, at: At, mut random: [u8; 10]) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let [_, _, third, fourth] = count.to_be_bytes();
        let high = u16::try_from(count >> 14 & 0x0fff).unwrap_or_default();
        random[..2].copy_from_slice(&high.to_be_bytes());
        // The first two bits of this byte are the variant.
        random[2..4].copy_from_slice(&[third & 0x3f, fourth]);
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
        let mut made = Vec::new();
        for other in 0..20_000 {
            made.push(ids.id(At(1_767_225_600_000)));
            ids.id(At(1_767_225_600_001 + other));
        }
        assert!(made.is_sorted());
        let moment = "019b76da-a800";
        assert!(made.iter().all(|id| id.get_version_num() == 7
            && id.get_variant() == uuid::Variant::RFC4122
            && id.to_string().starts_with(moment)));
    }
}
