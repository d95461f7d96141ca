//! Who got the holding line lately: a robot that answers it must not be answered for ever.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{At, CLOCKS_DIFFER};
use crate::phone::PhoneNumber;

/// How long one holding line is enough.
const ONCE_IN: Duration = Duration::from_mins(10);
/// How many numbers are remembered; then all are forgotten, and told once more.
const MOST: usize = 10_000;

/// Numbers and when they were told, in memory only.
#[derive(Default)]
pub(super) struct Told(Mutex<HashMap<PhoneNumber, At>>);

impl Told {
    /// Whether a number is to be told now; if so, it counts as told.
    pub(super) fn is_due(&self, number: &PhoneNumber, now: At) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of a clock that has gone back since, nobody knows how long it is ago.
        let lately = |at: &At| now.since(*at) < ONCE_IN && *at <= now.plus(CLOCKS_DIFFER);
        if told.get(number).is_some_and(lately) {
            return false;
        }
        if told.len() >= MOST {
            told.clear();
        }
        told.insert(number.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_told_once_in_a_while() {
        let (told, start) = (Told::default(), At(0));
        let (one, two) = (
            PhoneNumber::of_sender("+15550123"),
            PhoneNumber::of_sender("+15550124"),
        );
        assert!(told.is_due(&one, start) && told.is_due(&two, start));
        assert!(!told.is_due(&one, start.plus(Duration::from_mins(9))));
        assert!(told.is_due(&one, start.plus(Duration::from_mins(10))));
        let back = start.minus(Duration::from_hours(6));
        assert!(told.is_due(&one, back) && !told.is_due(&one, back));
        for n in 0..MOST {
            told.is_due(&PhoneNumber::of_sender(&format!("+1555{n:07}")), start);
        }
        assert!(told.0.lock().unwrap().len() <= MOST);
    }
}
