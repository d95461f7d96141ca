//! Logistic regression, one text after the other, in an order that the seed alone decides.
//!
//! Only additions, multiplications, divisions and square roots are used, which every machine
//! rounds alike: the same data and seed give the same bytes.

use harborline::text::normalise::Normal;
use harborline::triage::Tier;
use harborline::triage::model::features::{self, BUCKETS, Covered, Share, Shrink};
use harborline::triage::model::{Model, Settings};

use super::data::{Dice, Row};

/// The choices of the training.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe {
    /// Where all chance comes from.
    pub(super) seed: u64,
    /// How often every text is seen.
    pub(super) rounds: usize,
    /// The first step of a weight.
    pub(super) rate: f64,
    /// How strongly weights are drawn to zero.
    pub(super) decay: f64,
    /// What the model should say about `concern`, 0 to 1, and how much that counts.
    pub(super) concern: (f64, f64),
    /// The same for `topic`.
    pub(super) topic: (f64, f64),
    /// How much an ordinary text counts.
    pub(super) none: f64,
}

/// The recipe of the model that ships.
pub(super) const RECIPE: Recipe = Recipe {
    seed: 988,
    rounds: 24,
    rate: 0.2,
    decay: 0.03,
    concern: (0.5, 0.5),
    topic: (0.1, 1.0),
    none: 2.0,
};

/// Weights before they are rounded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    buckets: Vec<f64>,
    bias: f64,
}

struct Sample {
    /// Word, part of the share, bucket.
    features: Vec<(usize, usize, usize)>,
    words: usize,
    target: f64,
    counts: f64,
}

impl Recipe {
    fn sample(&self, text: &str, tier: Tier) -> Option<Sample> {
        let normal = Normal::of(text);
        let words = normal.words().len();
        if words < 2 || !features::is_scored(&normal) {
            return None;
        }
        let mut found = Vec::new();
        features::walk(&normal, |word, part, bucket| {
            found.push((word, part, bucket));
        });
        let (target, weight) = match tier {
            Tier::None => (0.0, self.none),
            Tier::Topic => self.topic,
            Tier::Concern => self.concern,
            Tier::High | Tier::Imminent => (1.0, 1.0),
        };
        Some(Sample {
            features: found,
            words,
            target,
            counts: weight * short(words),
        })
    }

    /// Learns from these rows.
    pub(super) fn fit<'a>(&self, rows: impl Iterator<Item = &'a Row>) -> Weights {
        let mut dice = Dice(self.seed);
        let mut samples = Vec::new();
        for row in rows {
            samples.extend(self.sample(&row.text, row.tier));
        }
        let shrink = Shrink::default();
        let mut weights = Weights {
            buckets: vec![0.0; BUCKETS],
            bias: 0.0,
        };
        // Adagrad: a weight that moved much moves less.
        let mut moved = vec![1e-2; BUCKETS];
        let mut moved_bias = 1e-2;
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut total = vec![0.0; BUCKETS];
        let mut total_bias = 0.0;
        let first_kept = self.rounds / 2;
        for round in 0..self.rounds {
            for end in (1..order.len()).rev() {
                order.swap(end, dice.below(end + 1));
            }
            for &index in &order {
                let sample = &samples[index];
                let Some((window, log_odds)) = weights.best_window(sample, &shrink, round) else {
                    continue;
                };
                let error = (sigmoid(log_odds) - sample.target) * sample.counts;
                moved_bias += error * error;
                weights.bias -= self.rate * error / f64::sqrt(moved_bias);
                let pull = error * f64::from(shrink.of(window.len()));
                for &(word, part, bucket) in &sample.features {
                    if window.contains(&word) && word - window.start >= part {
                        let weight = &mut weights.buckets[bucket];
                        let slope = pull + self.decay * *weight;
                        moved[bucket] += slope * slope;
                        *weight -= self.rate * slope / moved[bucket].sqrt();
                    }
                }
            }
            if round >= first_kept {
                total_bias += weights.bias;
                for (sum, weight) in total.iter_mut().zip(&weights.buckets) {
                    *sum += weight;
                }
            }
        }
        // The mean of the later rounds wavers less than the last one.
        let kept = (first_kept..self.rounds).map(|_| 1.0).sum::<f64>();
        for sum in &mut total {
            *sum /= kept;
        }
        Weights {
            buckets: total,
            bias: total_bias / kept,
        }
    }
}

impl Weights {
    /// The window that decides, as in inference; at first the beginning of the text, because the
    /// weights know nothing yet.
    fn best_window(
        &self,
        sample: &Sample,
        shrink: &Shrink,
        round: usize,
    ) -> Option<(std::ops::Range<usize>, f64)> {
        let mut sums = vec![[0.0; 3]; sample.words];
        for &(word, part, bucket) in &sample.features {
            sums[word][part] += self.buckets[bucket];
        }
        if round == 0 && sample.words <= features::WIDEST {
            let sum: f64 = sums.iter().flatten().sum();
            let score = sum * f64::from(shrink.of(sample.words));
            return Some((0..sample.words, self.bias + score));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the window is chosen as in inference"
        )]
        let shares: Vec<Share> = sums
            .iter()
            .map(|sums| sums.map(|sum: f64| sum as f32))
            .collect();
        let (window, score) =
            features::best_window(&shares, shrink, 0.0, &vec![Covered::Free; sample.words])?;
        Some((window, self.bias + f64::from(score)))
    }

    /// Rounds the weights to one byte each. Few weights are far out: the scale is that of all but
    /// one in a thousand, and those beyond are cut.
    pub(super) fn quantised(&self, settings: Settings) -> Model {
        let mut sizes: Vec<f64> = self.buckets.iter().map(|weight| weight.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let widest = sizes[BUCKETS - 1 - BUCKETS / 1000].max(1e-6);
        let scale = widest / 127.0;
        let bytes = Box::new(std::array::from_fn(|bucket| {
            let rounded = (self.buckets[bucket] / scale).round().clamp(-127.0, 127.0);
            #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
            let byte = rounded as i8;
            byte
        }));
        #[expect(clippy::cast_possible_truncation, reason = "a model stores f32")]
        let (scale, bias) = (scale as f32, self.bias as f32);
        Model::of(
            bytes,
            Settings {
                scale,
                bias,
                ..settings
            },
        )
    }
}

/// The logistic function by arithmetic that is the same on every machine.
fn sigmoid(x: f64) -> f64 {
    // exp(-|x|) = (exp(-|x| / 1024))^1024, by its series and ten squarings.
    let small = -x.abs().min(40.0) / 1024.0;
    let series = 1.0
        + small
            * (1.0 + small / 2.0 * (1.0 + small / 3.0 * (1.0 + small / 4.0 * (1.0 + small / 5.0))));
    let power = (0..10).fold(series, |power, _| power * power);
    if x < 0.0 {
        power / (1.0 + power)
    } else {
        1.0 / (1.0 + power)
    }
}

/// A short text has few features to say the same with, so it counts for more.
fn short(words: usize) -> f64 {
    let words = f64::from(u32::try_from(words).unwrap_or(u32::MAX));
    (12.0 / words).clamp(1.0, 3.0)
}
