//! The outbox beyond one gateway that answers: a slow sender, a second gateway, receipts that never come,
//! carriers that block a person, and the log of it all.

mod blocks;
mod failover;
mod flight;
mod log;
mod outcomes;
mod owed;
mod polls;
mod simulation;
mod tokens;
