//! Duties: a person's time on a schedule, from the moment they are asked to take it to its end.

mod plan;
#[cfg(test)]
mod tests;
pub mod words;

use std::time::Duration;

use uuid::Uuid;

use crate::clock::At;

pub use plan::{BEFORE, Step, steps};

/// A time on a schedule, as people are told of it.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The schedule's name.
    pub schedule: &'a str,
    /// From this moment.
    pub from: At,
    /// To before this moment.
    pub until: At,
}

/// A person's time on a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The row.
    pub id: Uuid,
    /// The schedule.
    pub schedule_id: Uuid,
    /// Who.
    pub staff_id: Uuid,
    /// When it begins.
    pub starts_at: At,
    /// When it ends, as far as is known now.
    pub ends_at: At,
    /// When they were told that it comes.
    pub noticed_at: Option<At>,
    /// When they were asked to take it.
    pub asked_at: Option<At>,
    /// When they took it.
    pub taken_at: Option<At>,
    /// When others were told that they had not.
    pub escalated_at: Option<At>,
    /// When it was over, or not theirs any more.
    pub ended_at: Option<At>,
}

impl Duty {
    /// Whether somebody is waited for: asked, and neither taken nor over.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.asked_at.is_some() && self.taken_at.is_none() && self.ended_at.is_none()
    }
}

/// When people are told of their shifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyTiming {
    /// How long before a shift its person is told that it comes; zero for not at all.
    pub notice: Duration,
    /// How long they have to take it before others are told.
    pub take: Duration,
}

/// Whether a text takes the shift that was asked about: a 1, however it is typed.
#[must_use]
pub fn takes_shift(text: &str) -> bool {
    const AROUND: [&str; 8] = [
        "reply", "take", "taking", "the", "shift", "yes", "ok", "thanks",
    ];
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let ones = words.iter().filter(|word| *word == "1").count();
    let around = |word: &String| word == "1" || AROUND.contains(&word.as_str());
    ones == 1 && words.len() <= 5 && words.iter().all(around)
}
