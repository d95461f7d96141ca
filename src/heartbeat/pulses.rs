//! Pulses: when each worker of this process last did its work.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::At;

/// The pulses of all workers of this process.
#[derive(Debug, Default)]
pub struct Pulses(Mutex<Vec<Arc<Pulse>>>);

/// The pulse of one worker.
#[derive(Debug)]
pub struct Pulse {
    worker: &'static str,
    within: Duration,
    at: AtomicI64,
}

impl Pulses {
    /// A worker begins now, and is to finish a look each time `within` this long.
    pub fn of(&self, worker: &'static str, within: Duration, now: At) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse {
            worker,
            within,
            at: AtomicI64::new(now.0),
        });
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&pulse));
        pulse
    }

    /// The workers that have not finished a look for too long, each named once.
    #[must_use]
    pub fn silent(&self, now: At) -> Vec<&'static str> {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = |pulse: &&Arc<Pulse>| now.since(pulse.last()) > pulse.within;
        let mut silent: Vec<_> = pulses.iter().filter(is_silent).map(|p| p.worker).collect();
        silent.sort_unstable();
        silent.dedup();
        silent
    }
}

impl Pulse {
    /// The worker finished a look without an error.
    pub fn beat(&self, now: At) {
        self.at.store(now.0, Ordering::Relaxed);
    }

    fn last(&self) -> At {
        At(self.at.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_silent_once_it_has_not_finished_for_its_time() {
        let pulses = Pulses::default();
        let minute = Duration::from_mins(1);
        let at = |seconds: i64| At(seconds * 1_000);
        let (paging, _dispatch, _another) = (
            pulses.of("paging", minute, at(0)),
            pulses.of("dispatch", minute * 2, at(0)),
            pulses.of("dispatch", minute * 2, at(0)),
        );
        assert!(pulses.silent(at(60)).is_empty());
        assert_eq!(pulses.silent(at(61)), ["paging"]);
        paging.beat(at(100));
        assert!(pulses.silent(at(120)).is_empty());
        assert_eq!(pulses.silent(at(121)), ["dispatch"]);
    }
}
