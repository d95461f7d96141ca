//! The normal form of a text for matching: lower-case ASCII words with one space between them, and
//! for each word where it stands in the raw text and which steps led to it.
//!
//! It undoes disguise, haste and thumbs. It does not judge: no word is dropped or weighed because
//! of what it means, and what it cannot read it counts ([`Normal::unread`]) rather than hides.
//! Contractions and short forms are always written out (`don't`, `dont` and `dnt` are all
//! `do not`; `I'm` and `im` are `i am`), so that phrases need only one spelling. Floor 0.

mod fold;
mod lexicon;
mod repair;
mod steps;

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use zeroize::Zeroize;

use fold::Folded;
use lexicon::{Known, look_up};
pub use steps::{Step, Steps};

/// How common a word is in English and Spanish texts: 0 for the most common; `None` when it is not among the common ones.
#[must_use]
pub fn rank(word: &str) -> Option<usize> {
    lexicon::rank(word)
}

/// A text in its normal form.
#[derive(Clone, Debug, Default)]
pub struct Normal {
    text: String,
    words: Vec<Word>,
    unread: usize,
    unread_at: Range<usize>,
    /// While reading: the next word follows punctuation.
    clause: bool,
}

/// One word of a [`Normal`] text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where the word stands in the normal text, in bytes.
    pub at: Range<usize>,
    /// What it stands for in the raw text, in bytes, on character boundaries.
    pub raw: Range<usize>,
    /// The steps that led to it.
    pub steps: Steps,
    /// Whether punctuation or a new line stands between it and the word before.
    pub opens_clause: bool,
}

impl Normal {
    /// Normalises a text. Total: every `&str` has a normal form, perhaps an empty one.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        let mut normal = Self::once(raw);
        while let Some(joined) = normal.again() {
            normal = joined;
        }
        normal
    }

    fn once(raw: &str) -> Self {
        let mut normal = Self {
            text: String::with_capacity(raw.len() + 16),
            words: Vec::with_capacity(raw.len() / 4),
            ..Self::default()
        };
        let mut scratch = SCRATCH.take();
        scratch.read(raw, &mut normal);
        let Scratch { letters, tokens } = &scratch;
        let mut rest = tokens.as_slice();
        while !rest.is_empty() {
            let singles = rest
                .iter()
                .take_while(|token| token.is_single(letters))
                .count();
            let taken = if singles > 2 && normal.push_joined(letters, &rest[..singles]) {
                singles
            } else {
                // Singles that join to nothing are words of one letter.
                let taken = singles.max(1);
                for token in &rest[..taken] {
                    normal.push_token(token.core(letters), token);
                }
                taken
            };
            rest = &rest[taken..];
        }
        SCRATCH.set(scratch.emptied());
        normal
    }

    /// The normal text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The words of the normal text, in order.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// How many letters of other scripts could not be read, and where they stand in the raw text.
    #[must_use]
    pub fn unread(&self) -> (usize, Range<usize>) {
        (self.unread, self.unread_at.clone())
    }

    /// Whether punctuation stands inside a range of the normal text.
    #[must_use]
    pub fn spans_clauses(&self, at: &Range<usize>) -> bool {
        let from = self.words.partition_point(|word| word.at.start <= at.start);
        let inside = self.words[from..]
            .iter()
            .take_while(|word| word.at.start < at.end);
        inside.into_iter().any(|word| word.opens_clause)
    }

    /// What a range of the normal text stands for in the raw text, and the steps in between.
    #[must_use]
    pub fn origin(&self, at: Range<usize>) -> (Range<usize>, Steps) {
        let from = self.words.partition_point(|word| word.at.end <= at.start);
        let covered = self.words[from..]
            .iter()
            .take_while(|word| word.at.start < at.end);
        covered
            .map(|word| (word.raw.clone(), word.steps))
            .reduce(|(a, steps), (b, more)| {
                (a.start.min(b.start)..a.end.max(b.end), steps.and(more))
            })
            .unwrap_or((0..0, Steps::default()))
    }

    /// Read once more, where letters stand alone only now and join: `b a p p s` is `be a p p s`
    /// at first, and `be apps` then. Every time fewer letters are left.
    fn again(&self) -> Option<Self> {
        let alone = |words: &[Word]| words.iter().all(|word| word.at.len() == 1);
        if !self.words.windows(3).any(alone) {
            return None;
        }
        let mut again = Self::once(&self.text);
        if again.text == self.text {
            return None;
        }
        for word in &mut again.words {
            let first = self
                .words
                .partition_point(|before| before.at.end <= word.raw.start);
            word.opens_clause = self
                .words
                .get(first)
                .is_some_and(|before| before.opens_clause);
            let (raw, steps) = self.origin(word.raw.clone());
            word.raw = raw;
            word.steps = word.steps.and(steps);
        }
        again.unread = self.unread;
        again.unread_at = self.unread_at.clone();
        Some(again)
    }

    fn push_joined(&mut self, letters: &str, run: &[Token]) -> bool {
        let joined: String = run.iter().map(|token| token.core(letters)).collect();
        let Some(parts) = repair::join(&joined) else {
            return false;
        };
        for (part, word) in parts {
            let tokens = &run[part];
            let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
                continue;
            };
            let steps = tokens
                .iter()
                .fold(Steps::default(), |steps, token| steps.and(token.steps));
            let raw = first.raw.start..last.raw.end;
            self.clause |= first.opens_clause;
            if tokens.len() > 1 {
                self.push_word(&word, &raw, steps.with(Step::Joined));
            } else {
                self.push_token(&word, first);
            }
        }
        true
    }

    fn push_token(&mut self, written: &str, token: &Token) {
        let mut steps = token.steps;
        self.clause |= token.opens_clause;
        let plain = written.bytes().all(|b| b.is_ascii_lowercase());
        let word = if plain {
            Cow::Borrowed(written)
        } else {
            plainly(written, &mut steps)
        };
        if !word.is_empty() {
            self.push_word(&word, &token.raw, steps);
        }
    }

    /// Adds a word of letters and digits, repaired if it is no word that is known.
    fn push_word(&mut self, word: &str, raw: &Range<usize>, steps: Steps) {
        match look_up(word) {
            Some(Known::Plain) => return self.push(word, raw, steps),
            Some(Known::Short(long)) => {
                return self.push_all(long.split(' '), raw, steps.with(Step::Short));
            }
            None => {}
        }
        if word.starts_with(fold::EMOJI) || !word.bytes().all(|b| b.is_ascii_lowercase()) {
            self.push(word, raw, steps);
        } else if let Some(once) = repair::unrepeat(word) {
            self.push_word(&once, raw, steps.with(Step::Repeats));
        } else if let Some(meant) = repair::unmistype(word) {
            self.push_word(meant, raw, steps.with(Step::Typo));
        } else if let Some(parts) = repair::split(word) {
            for part in parts {
                self.push_word(part, raw, steps.with(Step::Split));
            }
        } else {
            self.push(word, raw, steps);
        }
    }

    fn push_all<'a>(
        &mut self,
        words: impl Iterator<Item = &'a str>,
        raw: &Range<usize>,
        steps: Steps,
    ) {
        for word in words {
            self.push(word, raw, steps);
        }
    }

    fn push(&mut self, word: &str, raw: &Range<usize>, steps: Steps) {
        if word.len() < 3 && self.push_contracted(word, raw, steps) {
            return;
        }
        self.read_two_as_to(word);
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let start = self.text.len();
        self.text.push_str(word);
        let opens_clause = std::mem::take(&mut self.clause);
        self.words.push(Word {
            at: start..self.text.len(),
            raw: raw.clone(),
            steps,
            opens_clause,
        });
    }

    /// `don t` and `i m` had an apostrophe once: some phones and systems write a space for it.
    fn push_contracted(&mut self, rest: &str, raw: &Range<usize>, steps: Steps) -> bool {
        let Some(before) = self.words.last_mut() else {
            return false;
        };
        let before_text = &self.text[before.at.clone()];
        let Some(long) = lexicon::contracted(before_text, rest) else {
            return false;
        };
        let steps = steps.and(before.steps).with(Step::Short);
        let raw = before.raw.start..raw.end;
        self.clause |= before.opens_clause;
        self.text.truncate(before.at.start);
        self.text.truncate(self.text.trim_end().len());
        self.words.pop();
        for word in long.split(' ') {
            self.push(word, &raw, steps);
        }
        true
    }

    /// `want 2 die` is `want to die`, `took 2 pills` is not; and `tp` is a thumb beside the `o`.
    fn read_two_as_to(&mut self, next: &str) {
        const BEFORE: [&str; 12] = [
            "want", "wants", "need", "going", "ready", "have", "has", "trying", "about", "try",
            "able", "how",
        ];
        let [.., before, two] = self.words.as_mut_slice() else {
            return;
        };
        if matches!(&self.text[two.at.clone()], "2" | "tp")
            && BEFORE.contains(&&self.text[before.at.clone()])
            && next.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        {
            self.text.truncate(two.at.start);
            self.text.push_str("to");
            two.at.end = self.text.len();
            two.steps.insert(Step::Short);
        }
    }
}

/// A word as written: folded letters, apostrophes and symbols.
struct Token {
    at: Range<usize>,
    raw: Range<usize>,
    steps: Steps,
    opens_clause: bool,
}

impl Token {
    /// The letters, without the symbols around them; a leading `$` or `@` may stand for a letter.
    fn core<'a>(&self, letters: &'a str) -> &'a str {
        let symbol = |c: char| !c.is_ascii_alphanumeric();
        let lead = |c: char| symbol(c) && !matches!(c, '$' | '@');
        let token = &letters[self.at.clone()];
        match token.trim_matches(symbol) {
            bare if bare.len() < 2 => bare,
            _ => token.trim_start_matches(lead).trim_end_matches(symbol),
        }
    }

    fn is_single(&self, letters: &str) -> bool {
        self.core(letters).len() == 1
    }
}

thread_local! {
    /// Every text needs these while it is read: they are made once a thread.
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::NEW) };
}

/// More room than this, in bytes, is not kept.
const LONG: usize = 4096;

/// What a text is read into: one buffer of folded bytes, and the tokens as ranges of it.
#[derive(Default)]
struct Scratch {
    letters: String,
    tokens: Vec<Token>,
}

impl Scratch {
    const NEW: Self = Self {
        letters: String::new(),
        tokens: Vec::new(),
    };

    /// As it was, for the next text: nobody's words stay behind, nor the room of a very long text.
    fn emptied(mut self) -> Self {
        self.letters.zeroize();
        self.tokens.clear();
        if self.letters.capacity() > LONG {
            return Self::default();
        }
        self
    }

    /// Cuts a text into tokens.
    fn read(&mut self, raw: &str, normal: &mut Normal) {
        let Self { letters, tokens } = self;
        let mut open = false;
        let clause = Cell::new(false);
        let mut add = |letters: &mut String,
                       part: &str,
                       raw: Range<usize>,
                       step: Option<Step>,
                       open: bool| {
            let start = letters.len();
            letters.push_str(part);
            let steps = step.map_or(Steps::default(), |step| Steps::default().with(step));
            match tokens.last_mut() {
                Some(token) if open => {
                    token.at.end = letters.len();
                    // Symbols at the end are no part of the word.
                    if part
                        .as_bytes()
                        .last()
                        .is_some_and(u8::is_ascii_alphanumeric)
                    {
                        token.raw.end = raw.end;
                    }
                    token.steps = token.steps.and(steps);
                }
                last => {
                    let mut opens_clause = clause.take();
                    // Symbols alone are no word, and keep no letters apart: `k i ' l l`.
                    if let Some(token) = last.filter(|token| token.core(letters).is_empty()) {
                        opens_clause |= token.opens_clause;
                        tokens.pop();
                    }
                    tokens.push(Token {
                        at: start..letters.len(),
                        raw,
                        steps,
                        opens_clause,
                    });
                }
            }
            // It may stand for an `i`; as an end of a clause it only keeps guards short.
            clause.set(clause.get() || part == "!");
        };
        let mut rest = raw;
        while let Some(c) = rest.chars().next() {
            let start = raw.len() - rest.len();
            // Most of a text is runs of letters and digits: each is taken at once.
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if run > 0 {
                let from = letters.len();
                add(letters, &rest[..run], start..start + run, None, open);
                letters[from..].make_ascii_lowercase();
                open = true;
                rest = &rest[run..];
                continue;
            }
            let here = start..start + c.len_utf8();
            rest = &rest[c.len_utf8()..];
            if c.is_ascii() {
                let folded = fold::ascii(c as u8);
                clause.set(clause.get() || matches!(c, '.' | ',' | '?' | ';' | ':' | '\n'));
                if let Folded::Part(byte) = folded {
                    add(
                        letters,
                        char::from(byte).encode_utf8(&mut [0; 4]),
                        here,
                        None,
                        open,
                    );
                }
                open = matches!(folded, Folded::Part(_));
            } else if let Some(name) = fold::emoji(c) {
                add(letters, name, here, Some(Step::Emoji), false);
                open = false;
            } else {
                fold::wide(c, |folded, step| {
                    match folded {
                        Folded::Part(byte) => {
                            let part = char::from(byte);
                            add(
                                letters,
                                part.encode_utf8(&mut [0; 4]),
                                here.clone(),
                                Some(step),
                                open,
                            );
                        }
                        Folded::Unread => {
                            let from = if normal.unread == 0 {
                                here.start
                            } else {
                                normal.unread_at.start
                            };
                            normal.unread += 1;
                            normal.unread_at = from..here.end;
                        }
                        Folded::Break => {}
                    }
                    open = matches!(folded, Folded::Part(_));
                });
            }
        }
    }
}

/// A token with apostrophes, digits or symbols, in plain letters and digits; empty when none are left.
fn plainly<'a>(token: &'a str, steps: &mut Steps) -> Cow<'a, str> {
    if look_up(token).is_some() {
        return Cow::Borrowed(token);
    }
    let token: String = token.chars().filter(|&c| c != '\'').collect();
    if look_up(&token).is_some() {
        return Cow::Owned(token);
    }
    if let Some(word) = repair::unmask(&token) {
        steps.insert(Step::Masked);
        return Cow::Borrowed(word);
    }
    let stripped: String = token.chars().filter(char::is_ascii_alphanumeric).collect();
    if stripped.len() == token.len() && token.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Owned(token);
    }
    if let Some(word) = repair::unleet(&token).or_else(|| repair::unleet(&stripped)) {
        steps.insert(Step::Leet);
        return Cow::Owned(word);
    }
    Cow::Owned(stripped)
}

#[cfg(test)]
mod tests;
