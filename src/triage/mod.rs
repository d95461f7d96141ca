//! Triage: how urgently does this text need a person? Pure: no clock, no I/O, no `Result` at
//! assessment. It finds words; it does not predict what a person will do. Floor 1.

mod assess;
pub mod corpus;
pub mod explain;
mod file;
mod matcher;
pub mod model;
mod phrase;
mod rules;
mod structure;
mod verdict;

pub use assess::{ASKED_BY_MODEL, assess};
pub use corpus::Broken;
pub use explain::Explanation;
pub use rules::{OnTrial, RuleError, RuleSet};
pub use verdict::{Action, Category, Guarded, Hit, ModelScore, Tier, Verdict};
