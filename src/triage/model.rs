//! The small linear model: what the rules did not foresee.
//!
//! A logistic regression over pieces of words and short runs of words, with one byte a weight. It is read from bytes that
//! are checked once; after that nothing in it can fail. It can only raise a verdict. Trained by
//! `examples/train_triage` on texts written for this project (`templates/triage/training`).
//! Floor 1.

pub mod features;
pub mod table;

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::text::normalise::Normal;
use features::{Covered, Share, Shrink};
use table::Table;

const MAGIC: [u8; 4] = *b"HLTM";
const VERSION: u32 = 3;
const HEADER: usize = 4 + 4 + 4 + 4 * Settings::NUMBERS + 4;
/// How many words an explanation names.
const NAMED: usize = 3;

/// Why the bytes of a model were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// There are too few or too many bytes.
    #[error("the model has {found} bytes, not {expected}; train it again")]
    Size {
        /// The bytes that are there.
        found: usize,
        /// The bytes of a whole model.
        expected: usize,
    },
    /// It is no model, or one of another version.
    #[error(
        "the model does not begin as one of version {VERSION} with room for {} weights; train it again",
        table::ROOM
    )]
    Kind,
    /// A number in the header cannot be: not finite, a scale of zero, or asking later than paging.
    #[error("the numbers of the model contradict each other; train it again")]
    Numbers,
    /// The weights are not those that were written.
    #[error("the weights of the model are damaged; restore model.bin")]
    Damaged,
}

/// The numbers of a model beside its weights. Thresholds are on the scale of the log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What one step of a weight is worth.
    pub scale: f32,
    /// The log-odds of a text that says nothing.
    pub bias: f32,
    /// From here on the texter is asked.
    pub ask: f32,
    /// From here on staff are paged.
    pub page: f32,
    /// From here on a weak rule counts.
    pub weak: f32,
    /// From here on staff are paged where a rule asks.
    pub supported: f32,
    /// What is added where the words of a topic rule stand: not more than 0.
    pub on_topic: f32,
}

impl Settings {
    const NUMBERS: usize = 7;

    const fn numbers(&self) -> [f32; Self::NUMBERS] {
        [
            self.scale,
            self.bias,
            self.ask,
            self.page,
            self.weak,
            self.supported,
            self.on_topic,
        ]
    }

    fn hold(&self) -> bool {
        self.numbers().iter().all(|number| number.is_finite())
            && self.scale > 0.0
            && self.weak <= self.ask
            && self.ask <= self.page
            && self.supported <= self.page
            && self.on_topic <= 0.0
    }
}

/// A model that has been checked and can be used.
#[derive(Clone, Debug)]
pub struct Model {
    weights: Table,
    settings: Settings,
    shrink: Shrink,
    hash: String,
}

/// What the model makes of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The log-odds of the best window.
    pub log_odds: f32,
    /// The best window, as indices of words.
    pub window: Range<usize>,
    /// The sums of weights by word.
    shares: Vec<Share>,
}

impl Model {
    /// The model that ships with the program.
    pub fn builtin() -> Result<Self, ModelError> {
        Self::read(include_bytes!("../../templates/triage/model.bin"))
    }

    /// A model that finds nothing, for measuring rules alone.
    #[must_use]
    pub fn silent() -> Self {
        let settings = Settings {
            scale: 1.0,
            bias: -100.0,
            ask: 0.0,
            page: 0.0,
            weak: -1000.0,
            supported: 0.0,
            on_topic: 0.0,
        };
        Self::of(Table::default(), settings)
    }

    /// Puts a model together.
    #[must_use]
    pub fn of(weights: Table, settings: Settings) -> Self {
        let mut model = Self {
            weights,
            settings,
            shrink: Shrink::default(),
            hash: String::new(),
        };
        model.hash = hex::encode(Sha256::digest(model.write()));
        model
    }

    /// Reads and checks a model.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let expected = HEADER + table::BYTES;
        let size = || ModelError::Size {
            found: bytes.len(),
            expected,
        };
        let (header, weights) = bytes.split_at_checked(HEADER).ok_or_else(size)?;
        let table = Table::read(weights).ok_or_else(size)?;
        let mut words = header.chunks_exact(4).map(|word| match word {
            &[a, b, c, d] => [a, b, c, d],
            _ => [0; 4],
        });
        let mut next = || words.next().unwrap_or_default();
        if next() != MAGIC
            || u32::from_le_bytes(next()) != VERSION
            || u32::from_le_bytes(next()) as usize != table::ROOM
        {
            return Err(ModelError::Kind);
        }
        let mut number = || f32::from_le_bytes(next());
        let settings = Settings {
            scale: number(),
            bias: number(),
            ask: number(),
            page: number(),
            weak: number(),
            supported: number(),
            on_topic: number(),
        };
        if !settings.hold() {
            return Err(ModelError::Numbers);
        }
        if u32::from_le_bytes(next()) != checksum(weights) {
            return Err(ModelError::Damaged);
        }
        Ok(Self::of(table, settings))
    }

    /// The bytes that [`Model::read`] reads.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let weights = self.weights.write();
        let mut bytes = Vec::with_capacity(HEADER + weights.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(u32::try_from(table::ROOM).unwrap_or_default().to_le_bytes());
        for number in self.settings.numbers() {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(checksum(&weights).to_le_bytes());
        bytes.extend(weights);
        bytes
    }

    /// SHA-256 of the model, hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The numbers beside the weights.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Scores a text; `None` when it is too short, or too little of it is free of guards, to say
    /// anything. `covered` says what the rules know of a word, by its index.
    #[must_use]
    pub fn score(&self, normal: &Normal, covered: impl Fn(usize) -> Covered) -> Option<Reading> {
        if !features::is_scored(normal) {
            return None;
        }
        let mut shares: Vec<Share> = vec![[0.0; 3]; normal.words().len()];
        // Sums of whole numbers: no order of adding them changes the outcome.
        features::walk(normal, |word, part, feature| {
            shares[word][part] += f32::from(self.weights.weight(feature));
        });
        let penalty = self.settings.on_topic / self.settings.scale;
        let covered: Vec<Covered> = (0..shares.len()).map(covered).collect();
        let (window, sum) = features::best_window(&shares, &self.shrink, penalty, &covered)?;
        Some(Reading {
            log_odds: self.settings.bias + self.settings.scale * sum,
            window,
            shares,
        })
    }
}

impl Reading {
    /// The score as a probability of the model's own kind, 0 to 1. It is no risk of anything.
    #[must_use]
    pub fn score(&self) -> f32 {
        1.0 / (1.0 + (-self.log_odds).exp())
    }

    /// The words of the window that weighed most, heaviest first.
    #[must_use]
    pub fn top_words(&self, normal: &Normal) -> Vec<String> {
        let mut words: Vec<(f32, usize)> = self
            .window
            .clone()
            .map(|word| {
                let back = word - self.window.start;
                let parts = self.shares[word].iter().take(back + 1);
                (parts.sum(), word)
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut named: Vec<&str> = Vec::with_capacity(NAMED);
        for (_, word) in words {
            let word = &normal.text()[normal.words()[word].at.clone()];
            if !named.contains(&word) {
                named.push(word);
            }
            if named.len() == NAMED {
                break;
            }
        }
        named.into_iter().map(str::to_owned).collect()
    }
}

fn checksum(weights: &[u8]) -> u32 {
    weights.iter().fold(0x811c_9dc5, |hash: u32, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests;
