//! How times are spread: the median and the slow end. Part of `reports`: floor 1.

/// Of some times: how many there are, and the values at three ranks, in milliseconds.
///
/// A percentile is the nearest rank: the smallest of the times that at least so many of a hundred are not
/// longer than. So each is a time that really passed, and none is made up between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many times were measured.
    pub count: u64,
    /// The 50th percentile.
    pub median: Option<i64>,
    /// The 90th percentile.
    pub p90: Option<i64>,
    /// The 99th percentile.
    pub p99: Option<i64>,
}

impl Spread {
    /// Of these times, in milliseconds, in any order.
    #[must_use]
    pub fn of(mut times: Vec<i64>) -> Self {
        times.sort_unstable();
        let rank = |percent: usize| {
            let nth = (times.len() * percent).div_ceil(100);
            times.get(nth.checked_sub(1)?).copied()
        };
        Self {
            count: times.len() as u64,
            median: rank(50),
            p90: rank(90),
            p99: rank(99),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranks_are_the_nearest_and_nothing_has_none() {
        assert_eq!(Spread::of(Vec::new()), Spread::default());
        let one = Spread::of(vec![7]);
        assert_eq!(
            (one.median, one.p90, one.p99),
            (Some(7), Some(7), Some(7)),
            "of one it is that one"
        );
        let ten = Spread::of((1..=10).rev().collect());
        assert_eq!(
            (ten.count, ten.median, ten.p90, ten.p99),
            (10, Some(5), Some(9), Some(10))
        );
        let many = Spread::of((1..=200).collect());
        assert_eq!(
            (many.median, many.p90, many.p99),
            (Some(100), Some(180), Some(198))
        );
    }

    proptest! {
        #[test]
        fn enough_are_not_longer_and_one_less_would_be_too_few(times in prop::collection::vec(0i64..50, 1..200)) {
            let spread = Spread::of(times.clone());
            for (percent, value) in [(50, spread.median), (90, spread.p90), (99, spread.p99)] {
                let value = value.unwrap();
                let not_longer = |than: i64| times.iter().filter(|time| **time <= than).count() * 100;
                prop_assert!(times.contains(&value));
                prop_assert!(not_longer(value) >= percent * times.len());
                prop_assert!(not_longer(value - 1) < percent * times.len());
            }
        }
    }
}
