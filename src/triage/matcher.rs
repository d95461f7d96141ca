//! Which phrases stand in a text, and where.
//!
//! A phrase is filed under the words of the rarest part that it cannot do without, its *anchor*. The words of a text name
//! the few phrases that may stand in it, and where each would begin; those are walked through word by word. What it finds is
//! what a regular expression finds: of the phrases of one pattern the first in the order of writing, at each place where one
//! begins; alternatives in the order of writing, parts that may be left out taken where they can be, gaps as short as they
//! can be. Nothing is remembered between texts, so a text in new words takes no longer than any other. Floor 1.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::phrase::{Part, Phrase, Way, Word};
use crate::text::normalise::{Normal, rank};

/// Compiled patterns: each is a list of phrases.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    phrases: Vec<Program>,
    sets: Vec<Set>,
    /// The numbers of the words that phrases know.
    vocabulary: FxHashMap<Box<str>, u32>,
    /// By the number of a word: the phrases that are anchored to it.
    anchored: Vec<Vec<u32>>,
    /// By the two letters that they begin with: beginnings of words, and the phrases that are anchored to them.
    beginnings: FxHashMap<[u8; 2], Vec<(Box<str>, u32)>>,
    /// The phrases that are anchored to numbers.
    numbers: Vec<u32>,
    tens: Vec<u32>,
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
    /// The fewest and the most words before the anchor.
    before: (usize, usize),
    /// Of each part that cannot be left out, the words of which a text must hold one.
    needs: Vec<Words>,
}

/// Some words, each as one bit of 128, by its number: what has no bit in common with a text does not stand in it.
type Words = u128;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next word is of this set.
    One(u32),
    /// The next word is any.
    Any,
    /// Goes on at the next step, and if that leads nowhere at this one.
    Or(u32),
    /// Goes on at this step, and if that leads nowhere at the next.
    Rather(u32),
    Goto(u32),
    End,
}

/// What one word may be.
#[derive(Clone, Debug, Default)]
struct Set {
    /// The numbers of words, ascending.
    words: Vec<u32>,
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
}

impl Set {
    fn holds(&self, token: &Token<'_>) -> bool {
        let known = |word: u32| match *self.words.as_slice() {
            [only] => only == word,
            [] => false,
            _ => self.words.binary_search(&word).is_ok(),
        };
        token.word.is_some_and(known)
            || (self.beginnings.iter()).any(|beginning| token.text.starts_with(&**beginning))
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
    /// Compiles patterns, in the order of their indices.
    pub(super) fn new(patterns: &[Vec<Phrase>]) -> Self {
        let mut matcher = Self::default();
        for (pattern, phrases) in (0..).zip(patterns) {
            for phrase in phrases {
                matcher.add(pattern, phrase);
            }
        }
        matcher
    }

    /// Everywhere that patterns match: by pattern, and then by where they begin. At each place one match a pattern.
    pub(super) fn find(&self, normal: &Normal) -> Vec<Place> {
        let tokens: Vec<Token<'_>> = normal
            .words()
            .iter()
            .map(|word| {
                let text = &normal.text()[word.at.clone()];
                Token {
                    text,
                    start: word.at.start,
                    word: self.vocabulary.get(text).copied(),
                }
            })
            .collect();
        let words = tokens.iter().filter_map(|token| token.word);
        let words: Words = words.fold(0, |words, word| words | bit(word));
        let mut found = Vec::new();
        let mut untried = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let mut try_all = |phrases: &[u32]| {
                for &phrase in phrases {
                    let needs = &self.phrases[phrase as usize].needs;
                    if needs.iter().any(|need| need & words == 0) {
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
                Step::One(set) => {
                    let token = tokens.get(at);
                    at += 1;
                    token.is_some_and(|token| self.sets[set as usize].holds(token))
                }
                Step::Any => {
                    at += 1;
                    at <= tokens.len()
                }
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

    fn add(&mut self, pattern: u32, phrase: &Phrase) {
        let mut steps = Vec::new();
        self.parts(&phrase.parts, &mut steps);
        steps.push(Step::End);
        let (anchor, before) = anchor(&phrase.parts);
        let index = u32::try_from(self.phrases.len()).unwrap_or(u32::MAX);
        for word in anchor {
            match word {
                Word::Is(word) => {
                    let number = self.number(word);
                    self.anchored[number as usize].push(index);
                }
                Word::Begins(beginning) => {
                    let &[a, b, ..] = beginning.as_bytes() else {
                        continue;
                    };
                    let same = self.beginnings.entry([a, b]).or_default();
                    same.push((beginning.as_str().into(), index));
                }
                Word::Number => self.numbers.push(index),
                Word::Ten => self.tens.push(index),
            }
        }
        let needs = self.needs(&phrase.parts);
        self.phrases.push(Program {
            pattern,
            needs,
            steps,
            whole: phrase.whole,
            before,
        });
    }

    fn needs(&mut self, parts: &[Part]) -> Vec<Words> {
        let needed = parts.iter().filter_map(|part| match part {
            Part::Ways {
                ways,
                optional: false,
            } => Some(anchors(ways).0),
            _ => None,
        });
        let needs = needed.map(|words| {
            words.into_iter().fold(0, |needs, word| match word {
                Word::Is(word) => needs | bit(self.number(word)),
                // What begins so, and numbers, have no bit of their own.
                Word::Begins(_) | Word::Number | Word::Ten => Words::MAX,
            })
        });
        needs.filter(|need| *need != Words::MAX).collect()
    }

    /// The number of a word.
    fn number(&mut self, word: &str) -> u32 {
        if let Some(&number) = self.vocabulary.get(word) {
            return number;
        }
        let number = u32::try_from(self.anchored.len()).unwrap_or(u32::MAX);
        self.vocabulary.insert(word.into(), number);
        self.anchored.push(Vec::new());
        number
    }

    fn parts(&mut self, parts: &[Part], steps: &mut Vec<Step>) {
        for part in parts {
            match part {
                Part::Gap(words) => {
                    let end = next(steps) + 2 * u32::try_from(*words).unwrap_or(u32::MAX);
                    for _ in 0..*words {
                        steps.extend([Step::Rather(end), Step::Any]);
                    }
                }
                Part::Ways { ways, optional } => {
                    let left_out = optional.then(|| hold_open(steps));
                    self.ways(ways, steps);
                    if let Some(left_out) = left_out {
                        steps[left_out] = Step::Or(next(steps));
                    }
                }
            }
        }
    }

    /// One after the other; words side by side are one set.
    fn ways(&mut self, ways: &[Way], steps: &mut Vec<Step>) {
        let mut ends = Vec::new();
        let mut groups = ways
            .chunk_by(|one, other| matches!((one, other), (Way::Word(_), Way::Word(_))))
            .peekable();
        while let Some(group) = groups.next() {
            let or = groups.peek().map(|_| hold_open(steps));
            if let [Way::Parts(parts)] = group {
                self.parts(parts, steps);
            } else {
                let set = self.set(group);
                steps.push(Step::One(set));
            }
            if let Some(or) = or {
                ends.push(hold_open(steps));
                steps[or] = Step::Or(next(steps));
            }
        }
        for end in ends {
            steps[end] = Step::Goto(next(steps));
        }
    }

    fn set(&mut self, words: &[Way]) -> u32 {
        let mut set = Set::default();
        for way in words {
            match way {
                Way::Word(Word::Is(word)) => set.words.push(self.number(word)),
                Way::Word(Word::Begins(beginning)) => {
                    set.beginnings.push(beginning.as_str().into());
                }
                Way::Word(Word::Number) => set.number = true,
                Way::Word(Word::Ten) => set.ten = true,
                // Ways of several words are no part of a set.
                Way::Parts(_) => {}
            }
        }
        set.words.sort_unstable();
        set.words.dedup();
        self.sets.push(set);
        u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX)
    }
}

fn bit(word: u32) -> Words {
    1 << (word % Words::BITS)
}

/// The index of the step that comes next.
fn next(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// A step that is known later, and its index.
fn hold_open(steps: &mut Vec<Step>) -> usize {
    steps.push(Step::End);
    steps.len() - 1
}

/// The words of which a text must hold one, of the part for which they are rarest; and how many words stand before them.
fn anchor(parts: &[Part]) -> (Vec<&Word>, (usize, usize)) {
    let mut before = (0, 0);
    let mut best: Option<(f32, Vec<&Word>, (usize, usize))> = None;
    for part in parts {
        let (fewest, most) = width(part);
        if let Part::Ways {
            ways,
            optional: false,
        } = part
        {
            let (words, inside) = anchors(ways);
            let weight: f32 = words.iter().map(|word| frequency(word)).sum();
            if best.as_ref().is_none_or(|(least, _, _)| weight < *least) {
                best = Some((weight, words, (before.0 + inside.0, before.1 + inside.1)));
            }
        }
        before = (before.0 + fewest, before.1 + most);
    }
    best.map(|(_, words, before)| (words, before))
        .unwrap_or_default()
}

/// The words of which one must be there for any of these ways; and how many of the ways' words stand before it.
fn anchors(ways: &[Way]) -> (Vec<&Word>, (usize, usize)) {
    let mut words = Vec::new();
    let mut inside: Option<(usize, usize)> = None;
    for way in ways {
        let (more, before) = match way {
            Way::Word(word) => (vec![word], (0, 0)),
            Way::Parts(parts) => anchor(parts),
        };
        words.extend(more);
        inside = Some(inside.map_or(before, |(fewest, most)| {
            (fewest.min(before.0), most.max(before.1))
        }));
    }
    (words, inside.unwrap_or_default())
}

/// The fewest and the most words of a part.
fn width(part: &Part) -> (usize, usize) {
    match part {
        Part::Gap(words) => (0, *words),
        Part::Ways { ways, optional } => {
            let widths = ways.iter().map(|way| match way {
                Way::Word(_) => (1, 1),
                Way::Parts(parts) => parts
                    .iter()
                    .map(width)
                    .fold((0, 0), |sum, (fewest, most)| (sum.0 + fewest, sum.1 + most)),
            });
            let (fewest, most) = widths
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .unwrap_or_default();
            (if *optional { 0 } else { fewest }, most)
        }
    }
}

/// How often a word stands in texts, roughly: by Zipf's law from its rank.
fn frequency(word: &Word) -> f32 {
    match word {
        Word::Is(word) => rank(word).map_or(1e-5, |rank| {
            0.1 / (f32::from(u16::try_from(rank).unwrap_or(u16::MAX)) + 1.0)
        }),
        Word::Begins(_) => 1e-3,
        Word::Number => 0.02,
        Word::Ten => 0.01,
    }
}

#[cfg(test)]
mod tests;
