//! The texts that the model learns from, and the dice of the training.

use std::collections::BTreeSet;
use std::fmt;

use harborline::triage::Tier;

/// One message of the training data.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What a person who knows the whole message would call it.
    pub(super) tier: Tier,
    /// The idea that the message says in its own way: what is held out together.
    pub(super) family: String,
    /// The words.
    pub(super) text: String,
    /// Whether it comes from the Spanish file.
    pub(super) spanish: bool,
}

/// How many parts the families are split into.
pub(super) const FOLDS: u64 = 5;

impl Row {
    /// The part that the family belongs to; a whole family is held out, never single lines of it.
    pub(super) fn fold(&self) -> u64 {
        hash(&self.family) % FOLDS
    }
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    file: String,
    line: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: not `tier<TAB>category<TAB>family<TAB>text`",
            self.file, self.line
        )
    }
}

impl std::error::Error for Malformed {}

/// Reads one file. A text that is already there, in this file or one before it, is left out.
pub(super) fn read(
    file: &str,
    content: &str,
    seen: &mut BTreeSet<String>,
    rows: &mut Vec<Row>,
) -> Result<(), Malformed> {
    for (index, line) in content.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let malformed = || Malformed {
            file: file.to_owned(),
            line: index + 1,
        };
        let columns: Vec<&str> = line.split('\t').collect();
        let &[tier, _category, family, text] = columns.as_slice() else {
            return Err(malformed());
        };
        let tier = tier_of(tier).ok_or_else(malformed)?;
        if seen.insert(text.trim().to_lowercase()) {
            rows.push(Row {
                tier,
                family: family.to_owned(),
                text: text.trim().to_owned(),
                spanish: file.starts_with("es") || family.starts_with("es."),
            });
        }
    }
    Ok(())
}

fn tier_of(word: &str) -> Option<Tier> {
    [
        Tier::None,
        Tier::Topic,
        Tier::Concern,
        Tier::High,
        Tier::Imminent,
    ]
    .into_iter()
    .find(|tier| tier.word() == word)
}

fn hash(text: &str) -> u64 {
    let folded = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Dice(folded).next()
}

/// A small generator of numbers (splitmix64): the same seed gives the same numbers everywhere.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, and 0 when there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }
}
