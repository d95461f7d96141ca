//! Which phrases stand in a text, and where.
//!
//! A phrase is filed under the words of the rarest part that it cannot do without, its *anchor*. The words of a text name
//! the few phrases that may stand in it, and where each would begin; those are walked through word by word. What it finds is
//! what a regular expression finds: of the phrases of one pattern the first in the order of writing, at each place where one
//! begins; alternatives in the order of writing, parts that may be left out taken where they can be, gaps as short as they
//! can be. Nothing is remembered between texts, so a text in new words takes no longer than any other. Floor 1.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::text::normalise::Normal;

mod compile;

/// Compiled patterns: each is a list of phrases.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    phrases: Vec<Program>,
    sets: Vec<Set>,
    /// The numbers of the words that phrases know.
    vocabulary: FxHashMap<Box<str>, u32>,
    /// By the number of a word: the phrases that are anchored to it.
    anchored: Vec<Vec<Anchored>>,
    /// By the two letters that they begin with: beginnings of words, and the phrases that are anchored to them.
    beginnings: FxHashMap<[u8; 2], Vec<(Box<str>, Anchored)>>,
    /// The phrases that are anchored to numbers.
    numbers: Vec<Anchored>,
    tens: Vec<Anchored>,
}

/// A place where a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pattern: u32,
    /// The word that it begins with.
    first: u32,
    phrase: u32,
    from: usize,
    to: usize,
}

impl Place {
    /// The index of the pattern.
    pub(super) fn pattern(&self) -> usize {
        self.pattern as usize
    }

    /// The bytes of the normal text.
    pub(super) fn range(&self) -> Range<usize> {
        self.from..self.to
    }
}

/// A phrase as steps.
#[derive(Debug)]
struct Program {
    pattern: u32,
    steps: Vec<Step>,
    whole: bool,
    /// The words that it can begin with.
    first: Words,
    /// The fewest and the most words before the anchor.
    before: (usize, usize),
}

/// A phrase under its anchor.
#[derive(Clone, Copy, Debug)]
struct Anchored {
    /// Words of which one must stand at a place, and the place: most phrases are told apart by a neighbour.
    near: (Words, Where),
    /// Words of which one must stand somewhere.
    needs: Words,
    phrase: u32,
}

/// Where a word stands, seen from the anchor.
#[derive(Clone, Copy, Debug)]
enum Where {
    Before,
    After,
    Anywhere,
}

/// Some words, each as one bit by its number: what has no bit in common with a text does not stand in it.
type Words = u128;

/// The bit of what cannot be told from numbers of words. Every text has it.
const SOME: Words = 1 << (Words::BITS - 1);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next word is this one.
    Is(u32),
    /// The next word is of this set.
    One(u32),
    /// The next word is any.
    Any,
    /// The next word is not of this set, or begins another sentence.
    Not(u32),
    /// The word before is not of this set, or ends another sentence.
    NotAfter(u32),
    /// Goes on at the next step, and if that leads nowhere at this one.
    Or(u32),
    /// Goes on at this step, and if that leads nowhere at the next.
    Rather(u32),
    Goto(u32),
    End,
}

/// What one word may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Set {
    /// The numbers of words, ascending.
    words: Vec<u32>,
    /// Those words.
    bits: Words,
    beginnings: Vec<Box<str>>,
    number: bool,
    ten: bool,
}

/// A word of the text that is read.
struct Token<'t> {
    text: &'t str,
    start: usize,
    /// Its number, if phrases know it.
    word: Option<u32>,
    bits: Words,
    opens_clause: bool,
}

impl Set {
    fn holds(&self, token: &Token<'_>) -> bool {
        // Most words are none of these: one look at the bits says so.
        token.word.is_some_and(|word| {
            self.bits & token.bits != 0 && self.words.binary_search(&word).is_ok()
        }) || (self.beginnings.iter()).any(|beginning| token.text.starts_with(&**beginning))
            || (self.number && is_number(token.text))
            || (self.ten && is_ten(token.text))
    }
}

/// Digits and up to five letters.
fn is_number(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < word.len() && unit.len() <= 5 && unit.bytes().all(|b| b.is_ascii_lowercase())
}

/// Two to five digits, the first no zero.
fn is_ten(word: &str) -> bool {
    (2..=5).contains(&word.len())
        && !word.starts_with('0')
        && word.bytes().all(|b| b.is_ascii_digit())
}

impl Matcher {
    /// Everywhere that patterns match: by pattern, and then by where they begin. At each place one match a pattern.
    pub(super) fn find(&self, normal: &Normal) -> Vec<Place> {
        let tokens: Vec<Token<'_>> = normal
            .words()
            .iter()
            .map(|word| {
                let text = &normal.text()[word.at.clone()];
                let (start, opens_clause) = (word.at.start, word.opens_clause);
                let word = self.vocabulary.get(text).copied();
                let bits = SOME | word.map_or(0, bit);
                Token {
                    text,
                    start,
                    word,
                    bits,
                    opens_clause,
                }
            })
            .collect();
        let words = tokens.iter().fold(SOME, |words, token| words | token.bits);
        let mut found = Vec::new();
        let mut untried = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let beside = |at: usize| tokens.get(at).map_or(SOME, |token| token.bits);
            let there = [beside(at.wrapping_sub(1)), beside(at + 1), words];
            let mut try_all = |phrases: &[Anchored]| {
                for &Anchored {
                    near: (near, place),
                    needs,
                    phrase,
                } in phrases
                {
                    if near & there[place as usize] == 0 || needs & words == 0 {
                        continue;
                    }
                    self.try_around(phrase, at, &tokens, &mut untried, &mut found);
                }
            };
            if let Some(word) = token.word {
                try_all(&self.anchored[word as usize]);
            }
            if let [a, b, ..] = *token.text.as_bytes()
                && let Some(beginnings) = self.beginnings.get(&[a, b])
            {
                for (beginning, phrase) in beginnings {
                    if token.text.starts_with(&**beginning) {
                        try_all(&[*phrase]);
                    }
                }
            }
            if token.text.starts_with(|c: char| c.is_ascii_digit()) {
                if is_number(token.text) {
                    try_all(&self.numbers);
                }
                if is_ten(token.text) {
                    try_all(&self.tens);
                }
            }
        }
        found.sort_unstable();
        // The first phrase of the pattern that begins here.
        found.dedup_by_key(|found| (found.pattern, found.first));
        found
    }

    /// Tries a phrase wherever it could begin if its anchor is this word.
    fn try_around(
        &self,
        phrase: u32,
        anchor: usize,
        tokens: &[Token<'_>],
        untried: &mut Vec<(u32, usize)>,
        found: &mut Vec<Place>,
    ) {
        let program = &self.phrases[phrase as usize];
        let (fewest, most) = program.before;
        let Some(last) = anchor.checked_sub(fewest) else {
            return;
        };
        for first in anchor.saturating_sub(most)..=last {
            if program.whole && first > 0 {
                return;
            }
            if program.first & tokens[first].bits == 0 {
                continue;
            }
            let Some(end) = self.walk(program, first, tokens, untried) else {
                continue;
            };
            let last = &tokens[end - 1];
            found.push(Place {
                pattern: program.pattern,
                first: u32::try_from(first).unwrap_or(u32::MAX),
                phrase,
                from: tokens[first].start,
                to: last.start + last.text.len(),
            });
        }
    }

    /// Walks through a phrase from a word on. Returns the word after its last one.
    fn walk(
        &self,
        program: &Program,
        first: usize,
        tokens: &[Token<'_>],
        untried: &mut Vec<(u32, usize)>,
    ) -> Option<usize> {
        untried.clear();
        let (mut step, mut at) = (0, first);
        loop {
            let goes_on = match program.steps[step as usize] {
                Step::Is(word) => {
                    let token = tokens.get(at);
                    at += 1;
                    token.is_some_and(|token| token.word == Some(word))
                }
                Step::One(set) => {
                    let token = tokens.get(at);
                    at += 1;
                    token.is_some_and(|token| self.sets[set as usize].holds(token))
                }
                Step::Any => {
                    at += 1;
                    at <= tokens.len()
                }
                Step::Not(set) => !(tokens.get(at)).is_some_and(|token| {
                    !token.opens_clause && self.sets[set as usize].holds(token)
                }),
                Step::NotAfter(set) => !(at.checked_sub(1)).is_some_and(|before| {
                    !tokens[at].opens_clause && self.sets[set as usize].holds(&tokens[before])
                }),
                Step::Or(other) => {
                    untried.push((other, at));
                    true
                }
                Step::Rather(other) => {
                    untried.push((step + 1, at));
                    step = other;
                    continue;
                }
                Step::Goto(other) => {
                    step = other;
                    continue;
                }
                Step::End => {
                    if !program.whole || at == tokens.len() {
                        return Some(at);
                    }
                    false
                }
            };
            if goes_on {
                step += 1;
            } else {
                (step, at) = untried.pop()?;
            }
        }
    }
}

fn bit(word: u32) -> Words {
    1 << (word % (Words::BITS - 1))
}

#[cfg(test)]
mod tests;
