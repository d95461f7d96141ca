//! Duties: a person's time on a schedule, from the moment they are asked to take it to its end.

pub mod words;

use crate::clock::At;

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
