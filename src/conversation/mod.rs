//! The conversation: what is said next. Pure and total: no clock, no I/O, no `Result`. Floor 1.

mod crisis;
mod keywords;
mod menu;
mod state;
mod step;
mod turn;

#[cfg(test)]
mod journeys;
#[cfg(test)]
mod properties;

pub use state::{Place, Spot, State};
pub use step::step;
pub use turn::{AlertRequest, Line, Reason, Reply, Silence, Step, Turn};
