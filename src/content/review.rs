//! What somebody reads before they approve a pack: each text as a phone gets it, with what it costs and
//! how hard it is to read, and a mark that tells whether it is still the one that was approved.
//! Floor 1.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::check::{Sent, filled, fills};
use super::{Fill, PackFile, Packs, Resource};
use crate::locale::Locale;
use crate::segment::{Segments, segments};

/// So many bytes of a digest are a mark: enough to tell versions of one text apart.
const MARK: usize = 8;

/// A text of a pack.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Its place in the file, as in `messages.welcome`.
    pub key: String,
    /// The words, as a phone gets them.
    pub words: String,
    /// What it costs to send.
    pub cost: Segments,
    /// The most units that it may have.
    pub most_units: usize,
    /// Its reading grade; none in a language that the formula is not for.
    pub grade: Option<f64>,
    /// Whether it is held against the rules for crisis texts.
    pub crisis: bool,
    /// What tells its version from others, whatever the line is called.
    pub mark: String,
}

/// Every text of a language, as this line sends it. Of what the chooser finds, the longest stands for all.
#[must_use]
pub fn texts(packs: &Packs, locale: Locale, fill: &Fill<'_>) -> Vec<Text> {
    let marks = marks(packs, locale);
    let text = |sent: Sent<'_>| Text {
        cost: segments(&sent.text),
        most_units: sent.most_units(),
        grade: sent.grade(),
        crisis: sent.is_crisis(),
        mark: marks.get(&sent.key).cloned().unwrap_or_default(),
        key: sent.key,
        words: sent.text,
    };
    let all = filled(packs, locale, fill, "").into_iter().map(text);
    let mut texts: Vec<Text> = Vec::new();
    for text in all {
        match texts.iter_mut().find(|kept| kept.key == text.key) {
            Some(kept) if kept.cost.units < text.cost.units => *kept = text,
            Some(_) => {}
            None => texts.push(text),
        }
    }
    texts
}

/// The marks of everything in a file, by its place there; a file that is signed off whole has none.
#[must_use]
pub fn marks_of(packs: &Packs, file: PackFile) -> BTreeMap<String, String> {
    match file {
        PackFile::En => marks(packs, Locale::En),
        PackFile::Es => marks(packs, Locale::Es),
        PackFile::Resources => packs
            .resources()
            .iter()
            .map(|(id, resource)| (format!("resources.{id}"), mark_of(resource)))
            .collect(),
        PackFile::Codes => BTreeMap::new(),
    }
}

/// The mark of a resource. That somebody looked it up again is no other fact.
#[must_use]
pub fn mark_of(resource: &Resource) -> String {
    let words = Locale::ALL.map(|locale| resource.words(locale));
    let fields = [&resource.name, words[0], words[1], &resource.source];
    mark(fields.into_iter())
}

/// Of words that the same key has several of, all count. The values that are filled in are always the
/// same, so that a line that is called otherwise has no other texts.
fn marks(packs: &Packs, locale: Locale) -> BTreeMap<String, String> {
    let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for fill in fills() {
        for sent in filled(packs, locale, &fill, "") {
            words.entry(sent.key).or_default().push(sent.text);
        }
    }
    let marked = words.into_iter();
    marked
        .map(|(key, all)| (key, mark(all.iter().map(String::as_str))))
        .collect()
}

fn mark<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..MARK])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{BUILTIN, Codes, Resources, Source};

    fn with(old: &str, new: &str) -> Packs {
        let [en, es, resources, codes] = BUILTIN;
        let text = en.text.replace(old, new);
        assert_ne!(text, en.text);
        let en = Source { text: &text, ..en };
        let packs = Packs::load(en, es, Resources::load(resources).unwrap()).unwrap();
        packs.with_codes(Codes::load(codes).unwrap())
    }

    #[test]
    fn every_text_is_there_once_with_its_cost_and_mark() {
        let packs = Packs::builtin().unwrap();
        for locale in Locale::ALL {
            let texts = texts(&packs, locale, &fills()[0]);
            let mut keys: Vec<&str> = texts.iter().map(|text| text.key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), texts.len());
            for text in &texts {
                assert!(
                    text.cost.segments >= 1 && text.mark.len() == 2 * MARK,
                    "{text:?}"
                );
                assert_eq!(text.grade.is_some(), locale == Locale::En, "{}", text.key);
            }
        }
    }

    #[test]
    fn a_changed_word_changes_the_marks_of_the_texts_that_it_stands_in() {
        let before = Packs::builtin().unwrap();
        let after = with("You are not the only one.", "Many people know this.");
        let [old, new] = [&before, &after].map(|packs| marks_of(packs, PackFile::En));
        let changed: Vec<&String> = old
            .iter()
            .filter(|(key, mark)| new.get(*key) != Some(*mark))
            .map(|(key, _)| key)
            .collect();
        assert_eq!(changed, ["pages.what_it_is.parts[1]"]);
        assert_ne!(before.hash(PackFile::En), after.hash(PackFile::En));
        for file in [PackFile::Es, PackFile::Resources, PackFile::Codes] {
            assert_eq!(before.hash(file), after.hash(file));
            assert_eq!(marks_of(&before, file), marks_of(&after, file));
        }
    }
}
