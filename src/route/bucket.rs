//! The token bucket of a sender, in segments.
//!
//! Carriers count segments, not texts, and a sender that is too fast has its texts queued or refused
//! by the gateway, a crisis reply behind the menus. So menus wait here, where lanes have an order.

use std::time::Duration;

use crate::clock::{At, CLOCKS_DIFFER};
use crate::lane::Lane;

/// Tokens are counted in millionths of a segment, so that a slow sender loses nothing to rounding.
const SEGMENT: i64 = 1_000_000;
/// For at most so long the others wait for what urgent texts took before it was there. Through an outage
/// those are tried again and again, and each try is paid for: that must hold up nobody for hours after it.
const LONGEST_DEBT: Duration = Duration::from_mins(1);

/// How fast a sender may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Millionths of a segment in a millisecond.
    per_ms: i64,
    /// The most that can be saved up.
    burst: i64,
}

impl Rate {
    /// A sender of so many segments a second, which may send `burst` of them at once; without a
    /// `burst`, what it may send in a second. None when there is no limit: zero, or no number.
    #[must_use]
    pub fn new(segments_per_second: f64, burst: Option<u32>) -> Option<Self> {
        if !segments_per_second.is_finite() || segments_per_second <= 0.0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a rate that was checked when the configuration was read; a float cast saturates"
        )]
        let per_ms = ((segments_per_second * 1_000.0) as i64).clamp(1, SEGMENT * 1_000);
        let burst = burst.map_or(per_ms.saturating_mul(1_000), |burst| {
            i64::from(burst) * SEGMENT
        });
        Some(Self {
            per_ms,
            burst: burst.max(SEGMENT),
        })
    }

    /// The least that urgent texts leave.
    fn deepest(&self) -> i64 {
        let ms = i64::try_from(LONGEST_DEBT.as_millis()).unwrap_or(i64::MAX);
        self.per_ms.saturating_mul(ms).saturating_neg()
    }

    /// What a lane leaves in the bucket for those before it. Crisis replies and pages leave nothing.
    const fn left_by(&self, lane: Lane) -> i64 {
        match lane {
            Lane::Crisis | Lane::Page => 0,
            Lane::Conversation => self.burst / 4,
            Lane::Content => self.burst / 2,
        }
    }
}

/// What a sender has left to send, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Millionths of a segment; below zero when a crisis reply took what was not there yet.
    pub tokens: i64,
    /// When it was counted.
    pub at: At,
}

impl Bucket {
    /// A sender that has sent nothing lately.
    #[must_use]
    pub const fn full(rate: &Rate, now: At) -> Self {
        Self {
            tokens: rate.burst,
            at: now,
        }
    }

    /// The same bucket now. A clock that runs behind another replica's adds nothing; one that was set back
    /// counts on from where it is now.
    #[must_use]
    pub fn at(self, rate: &Rate, now: At) -> Self {
        let ahead = self.at > now.plus(CLOCKS_DIFFER);
        let passed = now.0.saturating_sub(self.at.0).max(0);
        let grown = self
            .tokens
            .saturating_add(rate.per_ms.saturating_mul(passed));
        Self {
            tokens: grown.min(rate.burst),
            at: if ahead { now } else { self.at.max(now) },
        }
    }

    /// Takes what a text of so many segments needs.
    ///
    /// Crisis replies and pages never wait: they take what is not there yet, up to a limit. The others leave room
    /// for the lanes before them, and a text longer than the bucket goes when the bucket is full.
    ///
    /// # Errors
    /// How long it must wait; nothing was taken.
    pub fn take(&mut self, rate: &Rate, lane: Lane, segments: u16) -> Result<(), Duration> {
        let cost = i64::from(segments.max(1)) * SEGMENT;
        let rest = self.tokens.saturating_sub(cost);
        if lane.prefers_twice() {
            self.tokens = rest.max(rate.deepest());
        } else {
            let left = rate.left_by(lane);
            let needed = left + cost.min(rate.burst - left);
            if self.tokens < needed {
                let wait = (needed - self.tokens).div_euclid(rate.per_ms) + 1;
                return Err(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
            }
            self.tokens = rest;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(segments_per_second: f64, burst: u32) -> Rate {
        Rate::new(segments_per_second, Some(burst)).unwrap()
    }

    #[test]
    fn no_limit_is_no_rate() {
        for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::new(none, None), None);
        }
        assert!(Rate::new(0.1, None).is_some() && Rate::new(1e300, None).is_some());
    }

    #[test]
    fn menus_leave_half_a_bucket_conversations_a_quarter_and_a_crisis_takes_what_is_not_there() {
        let rate = rate(10.0, 8);
        let mut bucket = Bucket::full(&rate, At(0));
        for lane in [Lane::Content, Lane::Content, Lane::Conversation] {
            assert_eq!(bucket.take(&rate, lane, 2), Ok(()), "{lane:?}");
        }
        assert_eq!(
            bucket.take(&rate, Lane::Content, 1),
            Err(Duration::from_millis(301))
        );
        assert!(bucket.take(&rate, Lane::Conversation, 1).is_err());
        for _ in 0..9 {
            assert_eq!(bucket.take(&rate, Lane::Crisis, 2), Ok(()));
            assert_eq!(bucket.take(&rate, Lane::Page, 1), Ok(()));
        }
        let wait = bucket.take(&rate, Lane::Conversation, 1).unwrap_err();
        let mut later = bucket.at(&rate, At(0).plus(wait));
        assert_eq!(later.take(&rate, Lane::Conversation, 1), Ok(()));
    }

    #[test]
    fn a_text_that_is_longer_than_the_bucket_goes_when_it_is_full() {
        let rate = rate(1.0, 1);
        let mut bucket = Bucket::full(&rate, At(0));
        assert_eq!(bucket.take(&rate, Lane::Content, 4), Ok(()));
        assert!(
            bucket
                .at(&rate, At(3_900))
                .take(&rate, Lane::Content, 4)
                .is_err()
        );
        assert_eq!(
            bucket.at(&rate, At(4_000)).take(&rate, Lane::Content, 4),
            Ok(())
        );
    }

    #[test]
    fn however_often_urgent_texts_are_tried_the_others_wait_for_a_minute_and_a_bucket_at_most() {
        for (per_second, burst) in [(1.0, 1), (0.1, 1), (100.0, 100)] {
            let rate = rate(per_second, burst);
            let mut bucket = Bucket::full(&rate, At(0));
            for _ in 0..20_000 {
                assert_eq!(bucket.take(&rate, Lane::Page, 2), Ok(()));
            }
            let longest = LONGEST_DEBT + Duration::from_secs_f64(f64::from(burst) / per_second);
            for lane in [Lane::Conversation, Lane::Content] {
                let mut later = bucket.at(&rate, At(0).plus(longest));
                assert_eq!(later.take(&rate, lane, 1), Ok(()), "{per_second} {lane:?}");
            }
        }
    }

    #[test]
    fn a_clock_that_runs_behind_adds_nothing() {
        let rate = rate(10.0, 10);
        let bucket = Bucket {
            tokens: 0,
            at: At(5_000),
        };
        assert_eq!(bucket.at(&rate, At(1_000)), bucket);
        assert_eq!(bucket.at(&rate, At(5_500)).tokens, 5 * SEGMENT);
    }

    #[test]
    fn after_a_clock_went_back_by_hours_a_sender_fills_up_as_before() {
        let rate = rate(1.0, 4);
        let hours = 6 * 3_600_000;
        let bucket = Bucket {
            tokens: 0,
            at: At(hours),
        };
        let back = bucket.at(&rate, At(0));
        assert_eq!(back.tokens, 0, "nothing for nothing");
        assert_eq!(back.at(&rate, At(2_000)).tokens, 2 * SEGMENT);
    }

    proptest! {
        #[test]
        fn over_any_time_menus_never_send_more_than_the_rate_and_one_burst(
            per_second in 1_u32..50, burst in 1_u32..50, texts in prop::collection::vec((0_i64..500, 1_u16..5), 1..200),
        ) {
            let rate = rate(f64::from(per_second), burst);
            let (mut bucket, mut now, mut sent) = (Bucket::full(&rate, At(0)), At(0), 0_i64);
            for (pause, segments) in texts {
                now = At(now.0 + pause);
                bucket = bucket.at(&rate, now);
                if bucket.take(&rate, Lane::Content, segments).is_ok() {
                    sent += i64::from(segments);
                }
            }
            // One text may be longer than the bucket: at most its own length is overdrawn.
            let most = i64::from(burst) + now.0 * i64::from(per_second) / 1_000 + 5;
            prop_assert!(sent <= most, "{sent} > {most}");
        }

        #[test]
        fn who_waits_as_long_as_they_were_told_may_send(
            tokens in -100_i64..100, burst in 1_u32..40, segments in 1_u16..9, content in any::<bool>(),
        ) {
            let rate = rate(7.3, burst);
            let bucket = Bucket { tokens: (tokens * SEGMENT).min(rate.burst), at: At(0) };
            let lane = if content { Lane::Content } else { Lane::Conversation };
            let mut now = bucket;
            if let Err(wait) = now.take(&rate, lane, segments) {
                prop_assert_eq!(bucket.at(&rate, At(0).plus(wait)).take(&rate, lane, segments), Ok(()));
            }
        }
    }
}
