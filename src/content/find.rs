//! Which page a text asks for.
//!
//! A number, a name, or a plain question with typing mistakes: all are held against the words of the
//! pack itself, so that who writes a page also says what finds it. Floor 1.

use std::collections::{BTreeMap, BTreeSet};

use strsim::osa_distance;

use super::key::PageId;
use super::pack::Packs;
use super::words::words;
use crate::locale::Locale;
use crate::text::normalise::rank;

/// Words that people put before a number.
const BEFORE_A_NUMBER: [&str; 6] = ["number", "option", "numero", "opcion", "topic", "tema"];

/// Words that carriers own, and answers to our question: never the name of a page.
pub(super) const TAKEN: [&str; 28] = [
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "start",
    "unstop",
    "yes",
    "help",
    "info",
    "alto",
    "parar",
    "baja",
    "cancelar",
    "ayuda",
    "y",
    "n",
    "no",
    "si",
    "menu",
    "human",
    "988",
    "911",
];

/// Words that say nothing about what is asked.
const SMALL_WORDS: &[&str] = &[
    // English
    "a", "an", "and", "any", "are", "am", "be", "been", "but", "can", "could", "did", "do", "does",
    "dont", "for", "from", "had", "has", "have", "hey", "hi", "how", "i", "id", "if", "ill", "im",
    "in", "is", "it", "its", "ive", "just", "like", "me", "more", "my", "of", "ok", "on", "one",
    "or", "please", "pls", "really", "should", "so", "some", "than", "that", "thats", "the",
    "them", "there", "they", "this", "to", "u", "ur", "was", "wats", "we", "what", "whats", "when",
    "where", "which", "who", "why", "will", "with", "would", "you", "your", // Spanish
    "al", "algo", "como", "con", "cual", "cuando", "de", "del", "donde", "el", "ella", "en", "es",
    "esa", "ese", "eso", "esta", "este", "esto", "hay", "hola", "la", "las", "le", "les", "lo",
    "los", "mas", "mi", "mis", "muy", "no", "o", "para", "pero", "por", "pues", "q", "que",
    "quien", "se", "ser", "si", "son", "su", "sus", "te", "tu", "un", "una", "y", "ya", "yo",
];

/// The numbers from one on, for who speaks to their phone.
const fn numbers(locale: Locale) -> [&'static str; 20] {
    match locale {
        Locale::En => [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ],
        // "Once" is eleven, and an English word: who means it sends the number.
        Locale::Es => [
            "uno",
            "dos",
            "tres",
            "cuatro",
            "cinco",
            "seis",
            "siete",
            "ocho",
            "nueve",
            "diez",
            "11",
            "doce",
            "trece",
            "catorce",
            "quince",
            "dieciseis",
            "diecisiete",
            "dieciocho",
            "diecinueve",
            "veinte",
        ],
    }
}

/// How alike a text and a name must be, 0 to 1 (the weighted Dice coefficient).
const ALIKE: f64 = 0.6;

/// More words than these are a story and no question.
const QUESTION: usize = 12;

/// What a word that is in no name weighs, as if half a page had it.
const UNKNOWN: f64 = 0.5;

/// The names of the pages of one language, taken apart into words.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Every word of a name, and its weight: the rarer, the more it says.
    vocabulary: BTreeMap<String, f64>,
    names: Vec<Name>,
    /// Short forms, which find their page from anywhere in a text.
    short_forms: BTreeMap<String, PageId>,
}

#[derive(Clone, Debug)]
struct Name {
    page: PageId,
    words: BTreeSet<String>,
    weight: f64,
}

impl Index {
    /// Takes the names of the pages apart: each as it is written in the pack.
    pub(super) fn new<'a>(names: impl Iterator<Item = (PageId, &'a str)>) -> Self {
        let mut index = Self::default();
        let mut pages: BTreeMap<String, BTreeSet<PageId>> = BTreeMap::new();
        for (page, written) in names {
            let plain = words(written);
            if is_short_form(written) {
                index.short_forms.insert(plain.clone(), page);
            }
            let words: BTreeSet<String> = telling(&plain).map(str::to_owned).collect();
            for word in &words {
                pages.entry(word.clone()).or_default().insert(page);
            }
            // Of a long name with one telling word, "can you see where i am", only all of it counts.
            let is_telling = words.len() > 1 || plain.split(' ').count() < 3;
            if is_telling && !words.is_empty() {
                index.names.push(Name {
                    page,
                    words,
                    weight: 0.0,
                });
            }
        }
        for (word, pages) in pages {
            let pages = f64::from(u32::try_from(pages.len()).unwrap_or(u32::MAX));
            index.vocabulary.insert(word, weight(pages));
        }
        // In the order of the menu: of two names that are equally alike, the first counts.
        index.names.sort_by_key(|name| name.page);
        for name in &mut index.names {
            name.weight = name.words.iter().map(|word| index.vocabulary[word]).sum();
        }
        index
    }

    /// The page of a short form in the text; with those of two pages, the list of therapies.
    fn short_form(&self, plain: &str) -> Option<PageId> {
        let found: BTreeSet<PageId> = plain
            .split(' ')
            .filter_map(|word| self.short_forms.get(word).copied())
            .collect();
        match found.len() {
            0 => None,
            1 => found.first().copied(),
            _ => Some(PageId::Therapies),
        }
    }

    /// The page whose name is most like the text; of equals the one that comes first.
    fn most_alike(&self, plain: &str) -> Option<PageId> {
        let asked: Vec<&str> = telling(plain).filter(|word| !self.is_small(word)).collect();
        if asked.is_empty() || asked.len() > QUESTION {
            return None;
        }
        // Each word as the pack spells it, and its weight.
        let read: Vec<(Option<&str>, f64)> = asked.iter().map(|word| self.read(word)).collect();
        let total: f64 = read.iter().map(|(_, weight)| weight).sum();
        let mut best: Option<(PageId, f64)> = None;
        for name in &self.names {
            let shared: Vec<f64> = read
                .iter()
                .filter(|(word, _)| word.is_some_and(|word| name.words.contains(word)))
                .map(|(_, weight)| *weight)
                .collect();
            // One word of a longer name says too little: "tell me more" tells nobody.
            if shared.len() < name.words.len().min(2) {
                continue;
            }
            let shared: f64 = shared.iter().sum();
            let alike = 2.0 * shared / (total + name.weight);
            if alike >= ALIKE && best.is_none_or(|(_, most)| alike > most) {
                best = Some((name.page, alike));
            }
        }
        best.map(|(page, _)| page)
    }

    /// Whether a word is a mistyped small word: "waht" asks for nothing that "want" is about.
    fn is_small(&self, word: &str) -> bool {
        let mistyped = |small: &&&str| small.len() > 3 && osa_distance(small, word) == 1;
        !self.vocabulary.contains_key(word) && SMALL_WORDS.iter().find(mistyped).is_some()
    }

    /// A word as the pack spells it, typing mistakes repaired, and what it weighs.
    fn read(&self, word: &str) -> (Option<&str>, f64) {
        if let Some((known, weight)) = self.vocabulary.get_key_value(word) {
            return (Some(known), *weight);
        }
        // A word of its own is no mistake: "train" is not "trans".
        if rank(word).is_some() {
            return (None, weight(UNKNOWN));
        }
        let mistakes = match word.len() {
            0..=3 => 0,
            4..=7 => 1,
            _ => 2,
        };
        let near = self.vocabulary.iter().filter_map(|(known, weight)| {
            let may_be = known.len() > 3 && known.len().abs_diff(word.len()) <= mistakes;
            let distance = may_be.then(|| osa_distance(known, word))?;
            (distance <= mistakes).then_some((distance, known, weight))
        });
        match near.min_by_key(|(distance, known, _)| (*distance, known.len())) {
            Some((_, known, weight)) => (Some(known), *weight),
            None => (None, weight(UNKNOWN)),
        }
    }
}

/// The words that say what is asked, without the ending of a plural.
fn telling(plain: &str) -> impl Iterator<Item = &str> {
    plain
        .split(' ')
        .filter(|word| !word.is_empty() && !SMALL_WORDS.contains(word))
        .map(|word| match word.strip_suffix('s') {
            Some(one) if one.len() > 3 && !one.ends_with(['s', 'u', 'i']) => one,
            _ => word,
        })
}

/// The rarer a word is among the pages, the more it says (inverse document frequency).
fn weight(pages: f64) -> f64 {
    let all = f64::from(u8::try_from(PageId::ALL.len()).unwrap_or(u8::MAX));
    (1.0 + all / pages).ln()
}

/// A name in capitals: DBT, EMDR.
fn is_short_form(written: &str) -> bool {
    let letters = written.chars().filter(|c| c.is_alphabetic());
    letters.clone().count() > 1 && letters.clone().all(char::is_uppercase) && !written.contains(' ')
}

impl Packs {
    /// The page that a text asks for in a language.
    #[must_use]
    pub fn find(&self, text: &str, locale: Locale) -> Option<PageId> {
        let plain = words(text);
        // However often: "stop stop" asks for nothing, too.
        if TAKEN.contains(&plain.as_str()) || plain.split(' ').all(|word| TAKEN.contains(&word)) {
            return None;
        }
        let index = self.index(locale);
        numbered(&plain, locale)
            .or_else(|| self.named(&plain, locale))
            .or_else(|| index.short_form(&plain))
            .or_else(|| index.most_alike(&plain))
    }

    /// The page with exactly this name.
    fn named(&self, plain: &str, locale: Locale) -> Option<PageId> {
        let is_named = |id: &PageId| {
            self.page(locale, *id)
                .aliases()
                .iter()
                .any(|name| name == plain)
        };
        PageId::ALL.into_iter().find(is_named)
    }
}

/// The page of a number that stands alone, as in "4", "#4", "option 4" or "four".
fn numbered(plain: &str, locale: Locale) -> Option<PageId> {
    let number = match plain.split_once(' ') {
        Some((before, number)) if BEFORE_A_NUMBER.contains(&before) => number,
        _ => plain,
    };
    let mut said = (1_u8..).zip(numbers(locale));
    let said = said.find(|(_, word)| *word == number);
    let number = said.map_or_else(|| number.parse().ok(), |(number, _)| Some(number))?;
    PageId::ALL.into_iter().find(|id| id.number() == number)
}

#[cfg(test)]
mod tests;
