//! Triage: how urgently does this text need a person? Pure: no clock, no I/O, no `Result` at
//! assessment. Floor 1.

mod verdict;

pub use verdict::{Action, Category, Guarded, Hit, ModelScore, Tier, Verdict};
