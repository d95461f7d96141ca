//! The conversation: what is said next. Pure and total: no clock, no I/O, no `Result`. Floor 1.

mod carrier;
mod context;
mod crisis;
mod deletion;
mod keywords;
mod language;
mod menu;
mod people;
mod rehearsal;
mod state;
mod step;
mod turn;

#[cfg(test)]
mod journeys;
#[cfg(test)]
mod properties;

pub use context::{EARLIER, Earlier, JOINED_WITHIN};
pub use rehearsal::{Happens, Moment, Played, Setting, rehearse};
pub use state::{Crisis, Place, Spot, State, Waiting};
pub use step::step;
pub use turn::{
    AlertRequest, Call, CarrierWord, CheckIn, Line, Reason, Reply, Silence, Step, Turn,
};
