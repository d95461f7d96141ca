//! The integration tests: one binary, modules by behaviour. They drive a phone, a responder, a
//! clock and a gateway with faults, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod access;
mod architecture;
mod bad_input;
mod browser;
mod channels;
mod commands;
mod crash;
mod crisis;
mod delivery;
mod doctor;
mod drills;
mod duties;
mod failsafe;
mod failsafe_roster;
mod failsafe_stand_in;
mod failsafe_told;
mod followup;
mod gateways;
mod heartbeat;
mod hooks;
mod journeys;
mod kannel;
mod ledger;
mod long_texts;
mod migrations;
mod model;
mod on_call_pages;
mod oracles;
mod outbox;
mod page_tests;
mod paging;
mod policies;
mod policy_pages;
mod preflight;
mod privacy;
mod reconcile;
mod rota;
mod rules_in_force;
mod serving;
mod sign_in;
mod signatures;
mod staff_pages;
mod store_contract;
mod support;
mod user_command;
mod words_in_force;
