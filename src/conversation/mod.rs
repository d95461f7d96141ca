//! The conversation: what is said next. Pure and total: no clock, no I/O, no `Result`. Floor 1.

mod turn;

pub use turn::{AlertRequest, Line, Reason, Reply, Silence, Step, Turn};

/// stub
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct State {}
