//! The outbox beyond one gateway that answers: a slow sender, a second gateway, receipts that never come,
//! carriers that block a person, what is in doubt, what is owed, and the log of it all.

mod blocks;
mod doubts;
mod failover;
mod flight;
mod keys;
mod log;
mod outcomes;
mod owed;
mod polls;
mod simulation;
mod tokens;
