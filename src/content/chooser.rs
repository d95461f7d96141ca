//! The guided chooser: a few questions, then one to three therapies to read about, with the reason.
//!
//! It weighs what people say against what a therapy is for. It diagnoses nothing, and says so.
//! The questions, their weights and the reasons are in the pack. Floor 1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::PackError;
use super::key::PageId;

/// The most questions.
pub const QUESTIONS: usize = 5;

/// How many therapies are named at most.
const NAMED: usize = 3;

/// The answers so far, in order: the position of each option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    options: [u8; QUESTIONS],
    count: u8,
}

impl Answers {
    /// How many questions have been answered.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::from(self.count).min(QUESTIONS)
    }

    /// One more answer. Beyond the last question it changes nothing.
    #[must_use]
    pub fn and(mut self, option: u8) -> Self {
        let count = self.count();
        if let Some(place) = self.options.get_mut(count) {
            *place = option;
            self.count += 1;
        }
        self
    }

    fn options(&self) -> &[u8] {
        &self.options[..self.count()]
    }
}

/// The questions of a pack, and why a therapy may fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chooser {
    questions: Vec<Question>,
    reasons: BTreeMap<PageId, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    text: String,
    options: Vec<Choice>,
}

/// An answer, and what it speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    says: String,
    #[serde(default)]
    toward: BTreeMap<PageId, u8>,
    #[serde(default)]
    rules_out: Vec<PageId>,
}

/// `[chooser]`, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChooser {
    questions: Vec<Question>,
    reasons: BTreeMap<PageId, String>,
}

impl RawChooser {
    pub(super) fn read(self, file: &str) -> Result<Chooser, PackError> {
        let wrong = |key: String, problem: &str| PackError::Chooser {
            file: file.to_owned(),
            key,
            problem: problem.to_owned(),
        };
        let key = |n: usize| format!("chooser.questions[{}]", n + 1);
        if !(3..=QUESTIONS).contains(&self.questions.len()) {
            return Err(wrong(
                "chooser.questions".to_owned(),
                "there must be 3 to 5",
            ));
        }
        for (n, question) in self.questions.iter().enumerate() {
            if !(2..=5).contains(&question.options.len()) {
                return Err(wrong(key(n), "a question has 2 to 5 options"));
            }
            let words = question.options.iter().map(|option| &option.says);
            if words
                .chain([&question.text])
                .any(|text| text.trim().is_empty() || text.contains(['{', '}']))
            {
                return Err(wrong(key(n), "a text is empty, or has a brace"));
            }
            let named = question
                .options
                .iter()
                .flat_map(|option| option.toward.keys());
            if let Some(page) = named.copied().find(|page| !page.is_therapy()) {
                return Err(wrong(key(n), &format!("`{}` is no therapy", page.name())));
            }
        }
        let therapies = PageId::ALL.into_iter().filter(|page| page.is_therapy());
        if let Some(page) = therapies.into_iter().find(|page| {
            self.reasons
                .get(page)
                .is_none_or(|reason| reason.trim().is_empty())
        }) {
            return Err(wrong(
                format!("chooser.reasons.{}", page.name()),
                "the reason is missing",
            ));
        }
        let chooser = Chooser {
            questions: self.questions,
            reasons: self.reasons,
        };
        if let Some(answers) = chooser.dead_end() {
            let problem = format!("with the answers {answers} no therapy is left");
            return Err(wrong("chooser.questions".to_owned(), &problem));
        }
        Ok(chooser)
    }
}

impl Chooser {
    /// How many questions there are.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.questions.len()
    }

    /// Whether all questions have been answered.
    #[must_use]
    pub fn is_done(&self, answers: &Answers) -> bool {
        answers.count() >= self.questions.len()
    }

    /// The next question with its options, each after its letter. Past the last one it is the last.
    #[must_use]
    pub fn question(&self, answers: &Answers) -> String {
        let last = self.questions.len().saturating_sub(1);
        let Some(question) = self.questions.get(answers.count().min(last)) else {
            return String::new();
        };
        let options = question.options.iter().zip('A'..);
        let options = options.map(|(option, letter)| format!("\n{letter} {}", option.says));
        question.text.trim().to_owned() + &options.collect::<String>()
    }

    /// The option of the next question that a letter means.
    #[must_use]
    pub fn option(&self, answers: &Answers, words: &str) -> Option<u8> {
        let question = self.questions.get(answers.count())?;
        let mut letters = ('a'..).zip(0..).take(question.options.len());
        let mut bytes = words.chars();
        let (letter, None) = (bytes.next()?, bytes.next()) else {
            return None;
        };
        letters
            .find(|(a, _)| *a == letter)
            .map(|(_, option)| option)
    }

    /// The therapies that the answers speak for: the best, then up to two that come close to it.
    #[must_use]
    pub fn therapies(&self, answers: &Answers) -> Vec<PageId> {
        let mut points: BTreeMap<PageId, u8> = BTreeMap::new();
        let mut out = Vec::new();
        for (question, &option) in self.questions.iter().zip(answers.options()) {
            let Some(option) = question.options.get(usize::from(option)) else {
                continue;
            };
            for (page, more) in &option.toward {
                let sum = points.entry(*page).or_default();
                *sum = sum.saturating_add(*more);
            }
            out.extend(&option.rules_out);
        }
        let mut left: Vec<(u8, PageId)> = points
            .into_iter()
            .filter(|(page, points)| *points > 0 && !out.contains(page))
            .map(|(page, points)| (points, page))
            .collect();
        left.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let best = left.first().map_or(0, |(points, _)| *points);
        let close = left.into_iter().filter(|(points, _)| *points * 2 >= best);
        close.map(|(_, page)| page).take(NAMED).collect()
    }

    /// Why a therapy may fit.
    #[must_use]
    pub fn reason(&self, page: PageId) -> &str {
        self.reasons
            .get(&page)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// Whether the weights are those of another pack: both languages must lead to the same end.
    #[must_use]
    pub fn weighs_like(&self, other: &Self) -> bool {
        let weights = |chooser: &Self| {
            let options = chooser.questions.iter().map(|question| {
                let options = question.options.iter();
                options
                    .map(|option| (option.toward.clone(), option.rules_out.clone()))
                    .collect::<Vec<_>>()
            });
            options.collect::<Vec<_>>()
        };
        weights(self) == weights(other)
    }

    /// Every way to answer all questions.
    #[must_use]
    pub fn ends(&self) -> Vec<Answers> {
        let mut ends = vec![Answers::default()];
        for question in &self.questions {
            let options = (0..).take(question.options.len());
            ends = ends
                .iter()
                .flat_map(|answers| options.clone().map(|option| answers.and(option)))
                .collect();
        }
        ends
    }

    /// Answers after which nothing is left, as letters.
    fn dead_end(&self) -> Option<String> {
        let mut ends = self.ends().into_iter();
        let dead = ends.find(|answers| self.therapies(answers).is_empty())?;
        let letters = dead
            .options()
            .iter()
            .map(|option| char::from(b'A' + option));
        Some(letters.collect())
    }
}
