//! Logistic regression, one text after the other, in an order that the seed alone decides.
//!
//! It learns twice: first a weight for every feature that texts share, then again with those alone
//! that there is room for. Only additions, multiplications, divisions and square roots are used,
//! which every machine rounds alike: the same data and seed give the same bytes.

use std::collections::HashMap;

use harborline::text::normalise::Normal;
use harborline::triage::Tier;
use harborline::triage::model::features::{self, Covered, Share, Shrink};
use harborline::triage::model::table::{Feature, Table};
use harborline::triage::model::{Model, Settings};
use rustc_hash::FxBuildHasher;

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
    /// How often a feature must stand in the texts to be learnt.
    pub(super) least: u32,
}

/// The recipe of the model that ships.
pub(super) const RECIPE: Recipe = Recipe {
    seed: 988,
    rounds: 12,
    rate: 0.3,
    decay: 0.01,
    concern: (0.5, 0.5),
    topic: (0.1, 1.0),
    none: 2.0,
    least: 2,
};

/// Weights before they are rounded.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    /// The features that there is room for, without weights.
    table: Table,
    learnt: Vec<(Feature, f64)>,
    bias: f64,
}

/// A text as its features: each with the index of its word and the part of the share.
struct Sample<F> {
    features: Vec<(u16, u8, F)>,
    words: usize,
    target: f64,
    counts: f64,
}

/// Which feature has which number.
type Numbers = HashMap<Feature, u32, FxBuildHasher>;

fn numbered(features: impl Iterator<Item = Feature>) -> Numbers {
    features.zip(0..).collect()
}

impl Sample<Feature> {
    /// The same with numbers for features, without those that have none.
    fn numbered(&self, numbers: &Numbers) -> Sample<u32> {
        let features = self.features.iter();
        let features = features.filter_map(|(word, part, feature)| {
            numbers.get(feature).map(|&number| (*word, *part, number))
        });
        Sample {
            features: features.collect(),
            words: self.words,
            target: self.target,
            counts: self.counts,
        }
    }
}

impl Recipe {
    fn sample(&self, text: &str, tier: Tier) -> Option<Sample<Feature>> {
        let normal = Normal::of(text);
        let words = normal.words().len();
        if words < 2 || !features::is_scored(&normal) {
            return None;
        }
        let mut found = Vec::new();
        features::walk(&normal, |word, part, feature| {
            if let (Ok(word), Ok(part)) = (u16::try_from(word), u8::try_from(part)) {
                found.push((word, part, feature));
            }
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
        let texts: Vec<Sample<Feature>> = rows
            .filter_map(|row| self.sample(&row.text, row.tier))
            .collect();
        let shared = self.shared(&texts);
        let all = self.descend(&texts, shared.iter().map(|(feature, _)| *feature));

        // What moves many texts much is worth its place.
        let worth: Vec<f64> = shared
            .iter()
            .zip(&all.weights)
            .map(|((_, texts), weight)| weight.abs() * f64::from(*texts).sqrt())
            .collect();
        let mut order: Vec<usize> = (0..shared.len()).collect();
        order.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]).then(a.cmp(&b)));
        let mut table = Table::default();
        let features = order.into_iter().map(|at| shared[at].0);
        let kept: Vec<Feature> = features.filter(|&feature| table.admit(feature)).collect();
        let last = self.descend(&texts, kept.iter().copied());
        Weights {
            table,
            learnt: kept.into_iter().zip(last.weights).collect(),
            bias: last.bias,
        }
    }

    /// The features that stand often enough in the texts, in order, and how often.
    fn shared(&self, texts: &[Sample<Feature>]) -> Vec<(Feature, u32)> {
        let mut counts: HashMap<Feature, u32, FxBuildHasher> = HashMap::default();
        for (_, _, feature) in texts.iter().flat_map(|text| &text.features) {
            *counts.entry(*feature).or_default() += 1;
        }
        let often = |(_, count): &(Feature, u32)| *count >= self.least;
        let mut shared: Vec<(Feature, u32)> = counts.into_iter().filter(often).collect();
        shared.sort_unstable();
        shared
    }

    /// Goes down the slope with these features alone.
    fn descend(&self, texts: &[Sample<Feature>], features: impl Iterator<Item = Feature>) -> Slope {
        let numbers = numbered(features);
        let samples: Vec<Sample<u32>> = texts.iter().map(|text| text.numbered(&numbers)).collect();
        let mut dice = Dice(self.seed);
        let shrink = Shrink::default();
        let mut now = Slope {
            weights: vec![0.0; numbers.len()],
            bias: 0.0,
        };
        // Adagrad: a weight that moved much moves less.
        let mut moved = vec![1e-2; numbers.len()];
        let mut moved_bias = 1e-2;
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut total = vec![0.0; numbers.len()];
        let mut total_bias = 0.0;
        let first_kept = self.rounds / 2;
        for round in 0..self.rounds {
            for end in (1..order.len()).rev() {
                order.swap(end, dice.below(end + 1));
            }
            for &index in &order {
                let sample = &samples[index];
                let Some((window, log_odds)) = now.best_window(sample, &shrink, round) else {
                    continue;
                };
                let error = (sigmoid(log_odds) - sample.target) * sample.counts;
                moved_bias += error * error;
                now.bias -= self.rate * error / f64::sqrt(moved_bias);
                let pull = error * f64::from(shrink.of(window.len()));
                for &(word, part, number) in &sample.features {
                    let (word, part, number) =
                        (usize::from(word), usize::from(part), number as usize);
                    if window.contains(&word) && word - window.start >= part {
                        let weight = &mut now.weights[number];
                        let slope = pull + self.decay * *weight;
                        moved[number] += slope * slope;
                        *weight -= self.rate * slope / moved[number].sqrt();
                    }
                }
            }
            if round >= first_kept {
                total_bias += now.bias;
                for (sum, weight) in total.iter_mut().zip(&now.weights) {
                    *sum += weight;
                }
            }
        }
        // The mean of the later rounds wavers less than the last one.
        let kept = (first_kept..self.rounds).map(|_| 1.0).sum::<f64>();
        for sum in &mut total {
            *sum /= kept;
        }
        Slope {
            weights: total,
            bias: total_bias / kept,
        }
    }
}

/// Weights by the number of the feature, while they are learnt.
struct Slope {
    weights: Vec<f64>,
    bias: f64,
}

impl Slope {
    /// The window that decides, as in inference; at first the whole of a text, because the weights
    /// know nothing yet.
    fn best_window(
        &self,
        sample: &Sample<u32>,
        shrink: &Shrink,
        round: usize,
    ) -> Option<(std::ops::Range<usize>, f64)> {
        let mut sums = vec![[0.0; 3]; sample.words];
        for &(word, part, number) in &sample.features {
            sums[usize::from(word)][usize::from(part)] += self.weights[number as usize];
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
}

impl Weights {
    /// Rounds the weights to one byte each. Few weights are far out: the scale is that of all but
    /// one in a thousand, and those beyond are cut.
    pub(super) fn quantised(&self, settings: Settings) -> Model {
        let mut sizes: Vec<f64> = self.learnt.iter().map(|(_, weight)| weight.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let last = sizes.len().saturating_sub(1 + sizes.len() / 1000);
        let widest = sizes.get(last).copied().unwrap_or_default().max(1e-6);
        let scale = widest / 127.0;
        let mut table = self.table.clone();
        for (feature, weight) in &self.learnt {
            let rounded = (weight / scale).round().clamp(-127.0, 127.0);
            #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
            table.set(*feature, rounded as i8);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a model stores f32")]
        let (scale, bias) = (scale as f32, self.bias as f32);
        Model::of(
            table,
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
