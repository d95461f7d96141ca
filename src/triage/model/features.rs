//! What the model sees of a text: hashed pieces of words, pairs of words, and runs of words.
//!
//! Inference and training both read texts through this file, so that they cannot differ. Floor 1.

use std::ops::Range;

use super::table::Feature;
use crate::text::normalise::Normal;

/// The most words in one window.
pub const WIDEST: usize = 16;
/// The fewest: a single word is a menu choice or a name, and the rules know the words that are not.
const NARROWEST: usize = 3;
/// The letters of a word that are read; longer words are addresses and noise.
const LONGEST_WORD: usize = 24;

/// The sums of weights that a word brings: its own, and with the one and the two words before it.
pub type Share = [f32; 3];

/// Walks through the features of a text, word by word.
///
/// `each` gets the index of the word, which part of its [`Share`] the feature belongs to, and the
/// feature.
pub fn walk(normal: &Normal, mut each: impl FnMut(usize, usize, Feature)) {
    let (mut before, mut two_before) = (0, 0);
    for (index, word) in normal.words().iter().enumerate() {
        let hash = pieces(&normal.text()[word.at.clone()], |piece| {
            each(index, 0, piece);
        });
        each(index, 0, Feature(mix(hash, b'=')));
        if index > 0 {
            each(index, 1, Feature(mix(before, b'+').wrapping_add(hash)));
        }
        if index > 1 {
            each(index, 2, Feature(mix(two_before, b'.').wrapping_add(hash)));
        }
        (before, two_before) = (hash, before);
    }
}

/// The character n-grams of 3 and 4 of one word between spaces; the hash of the whole is returned.
fn pieces(word: &str, mut each: impl FnMut(Feature)) -> u64 {
    let mut padded = [b' '; LONGEST_WORD + 2];
    let length = word.len().min(LONGEST_WORD);
    padded[1..=length].copy_from_slice(&word.as_bytes()[..length]);
    let padded = &padded[..length + 2];
    for start in 0..padded.len() - 1 {
        let mut hash = mix(SEED, padded[start]);
        for (length, &byte) in (2..=4).zip(&padded[start + 1..]) {
            hash = mix(hash, byte);
            if length > 2 {
                each(Feature(hash));
            }
        }
    }
    padded.iter().fold(SEED, |hash, &byte| mix(hash, byte))
}

// FNV-1a. The low bits are poor for short inputs: the table takes the high ones of a product.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

#[inline]
const fn mix(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}

/// What the rules know of a word, and the model does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// Nothing.
    Free,
    /// It stands in what a topic rule found: whoever asks about self-harm uses its words.
    Topic,
    /// It stands in what a guard lowered to a question: the model must not undo that.
    Guard,
}

/// The run of words that scores highest, and its score before bias and scale.
///
/// Every run of two to [`WIDEST`] words without a guarded one is tried, so a text scores at least as
/// high as any text that it contains: words before or after cannot hide what was said. `penalty` is
/// added to the score of a run with a word on topic: `covered` has one entry a word.
#[must_use]
pub fn best_window(
    shares: &[Share],
    shrink: &Shrink,
    penalty: f32,
    covered: &[Covered],
) -> Option<(Range<usize>, f32)> {
    let (mut best, mut most) = (None, f32::NEG_INFINITY);
    for start in 0..shares.len() {
        let (mut sum, mut topic) = (0.0, 0.0);
        let words = shares[start..].iter().zip(&covered[start..]);
        let lengths = shrink.0[1..].iter().enumerate();
        for ((back, factor), (&[own, with_one, with_two], &here)) in lengths.zip(words) {
            sum += match back {
                0 => own,
                1 => own + with_one,
                _ => own + with_one + with_two,
            };
            match here {
                Covered::Free => {}
                Covered::Topic => topic = penalty,
                Covered::Guard => break,
            }
            let score = sum * factor + topic;
            if back + 1 >= NARROWEST && score > most {
                (best, most) = (Some(start..start + back + 1), score);
            }
        }
    }
    best.map(|window| (window, most))
}

/// By how much the sum over a window shrinks with its length, so that long ones do not saturate.
#[derive(Clone, Debug)]
pub struct Shrink([f32; WIDEST + 1]);

impl Default for Shrink {
    fn default() -> Self {
        let mut factors = [1.0; WIDEST + 1];
        let mut words = 4.0_f32;
        for factor in &mut factors {
            *factor = 1.0 / words.sqrt();
            words += 1.0;
        }
        Self(factors)
    }
}

impl Shrink {
    /// The factor for so many words.
    #[must_use]
    pub fn of(&self, words: usize) -> f32 {
        self.0[words.min(WIDEST)]
    }
}

/// Whether a text is long enough to be scored: three letters somewhere.
#[must_use]
pub fn is_scored(normal: &Normal) -> bool {
    let letters = normal.text().bytes().filter(u8::is_ascii_lowercase);
    letters.take(3).count() == 3
}
