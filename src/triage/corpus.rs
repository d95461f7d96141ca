//! The regression corpus: what a set of rules must make of sentences that were agreed on.
//!
//! It is part of the program, because rules are edited where the line is run: an edit that lowers
//! one line of it, or pages for one that must not page, is refused. Floor 1.

use super::{RuleSet, Tier, assess};

/// The files, each with its place in the repository. A line is: text, the lowest tier that it may
/// have, the highest, and a note; separated by tabs.
const FILES: [(&str, &str); 4] = [
    (
        "must_page.tsv",
        include_str!("../../tests/corpus/must_page.tsv"),
    ),
    (
        "must_ask.tsv",
        include_str!("../../tests/corpus/must_ask.tsv"),
    ),
    (
        "must_not_page.tsv",
        include_str!("../../tests/corpus/must_not_page.tsv"),
    ),
    ("topic.tsv", include_str!("../../tests/corpus/topic.tsv")),
];

/// One sentence, and the tiers that it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The file of `tests/corpus` that it stands in.
    pub file: &'static str,
    /// What somebody texts.
    pub text: &'static str,
    /// The lowest tier that is right.
    pub least: Tier,
    /// The highest tier that is right.
    pub most: Tier,
}

/// A sentence that a set of rules gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tests/corpus/{}: \"{}\" must be {}, and would be {}", sentence.file, sentence.text, range(sentence), found.word())]
pub struct Broken {
    /// The sentence.
    pub sentence: Sentence,
    /// The tier that it would have.
    pub found: Tier,
}

fn range(sentence: &Sentence) -> String {
    let (least, most) = (sentence.least.word(), sentence.most.word());
    if least == most {
        least.to_owned()
    } else {
        format!("{least} to {most}")
    }
}

/// Every sentence of the corpus. A line that is not one is left out; a test finds it.
pub fn sentences() -> impl Iterator<Item = Sentence> {
    FILES
        .iter()
        .flat_map(|(file, lines)| lines.lines().filter_map(|line| sentence(file, line)))
}

fn sentence(file: &'static str, line: &'static str) -> Option<Sentence> {
    let mut columns = line.split('\t');
    let (text, least, most) = (columns.next()?, columns.next()?, columns.next()?);
    let tier = |word: &str| Tier::ALL.into_iter().find(|tier| tier.word() == word);
    Some(Sentence {
        file,
        text,
        least: tier(least)?,
        most: tier(most)?,
    })
}

/// The sentences that these rules get wrong.
#[must_use]
pub fn broken_by(rules: &RuleSet) -> Vec<Broken> {
    let judged = sentences().map(|sentence| Broken {
        found: assess(rules, sentence.text).tier,
        sentence,
    });
    judged
        .filter(|it| it.found < it.sentence.least || it.found > it.sentence.most)
        .collect()
}

/// A sentence that two sets of rules judge differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The sentence.
    pub sentence: Sentence,
    /// The tier that it had.
    pub before: Tier,
    /// The tier that it would have.
    pub after: Tier,
}

impl Change {
    /// Whether the new tier is one that the sentence must not have.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.after < self.sentence.least || self.after > self.sentence.most
    }
}

/// The sentences that change their tier from one set of rules to another, those that break it first.
#[must_use]
pub fn difference(before: &RuleSet, after: &RuleSet) -> Vec<Change> {
    let judged = sentences().map(|sentence| Change {
        before: assess(before, sentence.text).tier,
        after: assess(after, sentence.text).tier,
        sentence,
    });
    let mut changes: Vec<Change> = judged
        .filter(|change| change.before != change.after)
        .collect();
    changes.sort_by_key(|change| !change.breaks());
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_sentence_with_its_tiers_in_order() {
        for (file, lines) in FILES {
            for line in lines.lines() {
                let read = sentence(file, line).unwrap_or_else(|| panic!("{file}: {line}"));
                assert!(
                    read.least <= read.most && !read.text.is_empty(),
                    "{file}: {line}"
                );
            }
        }
    }

    #[test]
    fn the_difference_names_file_sentence_and_both_tiers() {
        let sentence = Sentence {
            file: "must_ask.tsv",
            text: "i feel empty",
            least: Tier::Concern,
            most: Tier::High,
        };
        let broken = Broken {
            sentence,
            found: Tier::None,
        };
        assert_eq!(
            broken.to_string(),
            "tests/corpus/must_ask.tsv: \"i feel empty\" must be concern to high, and would be none"
        );
    }
}
