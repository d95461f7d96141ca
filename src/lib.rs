//! Harborline: a self-hosted front door for a text helpline.
//!
//! A folder imports only from floors below its own (`tests/it/architecture.rs` enforces it):
//!
//! | floor | what | modules |
//! |---|---|---|
//! | 0 | words | [`clock`] [`delivery`] [`id`] [`lane`] [`locale`] [`phone`] [`route`] [`segment`] [`text`] |
//! | 1 | domain, pure | [`triage`] [`content`] [`conversation`] [`oncall`] [`reports`] [`staff`] |
//! | 2 | adapters | [`config`] [`credential`] [`crypto`] [`descriptors`] [`disk`] [`feed`] [`gateway`] [`limit`] [`meter`] [`pager`] [`phrasebook`] [`roster`] [`rulebook`] [`spool`] [`store`] [`trail`] |
//! | 3 | services | [`acknowledge`] [`call_outs`] [`calls`] [`canned`] [`intake`] [`failsafe`] [`followup`] [`dispatch`] [`paging`] [`page_tests`] [`policies`] [`handoff`] [`drill`] [`accounts`] [`audit_log`] [`heartbeat`] [`incidents`] [`keys`] [`lab`] [`ledger`] [`lookup`] [`neighbours`] [`reconcile`] [`records`] [`retention`] [`review`] [`rota`] [`people`] [`duties`] [`export`] [`preflight`] [`push`] [`system`] |
//! | 4 | doors | [`http`] |
//! | 5 | assembly | [`app`] [`backup`] [`doctor`] [`lifecycle`] [`listener`] [`process`] [`worker`] [`telemetry`] [`cli`] |

pub mod clock;
pub mod delivery;
pub mod id;
pub mod lane;
pub mod locale;
pub mod phone;
pub mod route;
pub mod segment;
pub mod text;

pub mod content;
pub mod conversation;
pub mod oncall;
pub mod reports;
pub mod staff;
pub mod triage;

pub mod config;
pub mod credential;
pub mod crypto;
pub mod descriptors;
pub mod disk;
pub mod feed;
pub mod gateway;
pub mod limit;
pub mod meter;
pub mod pager;
pub mod phrasebook;
pub mod roster;
pub mod rulebook;
pub mod spool;
pub mod store;
pub mod trail;

pub mod accounts;
pub mod acknowledge;
pub mod audit_log;
pub mod call_outs;
pub mod calls;
pub mod canned;
pub mod dispatch;
pub mod drill;
pub mod duties;
pub mod export;
pub mod failsafe;
pub mod followup;
pub mod handoff;
pub mod heartbeat;
pub mod incidents;
pub mod intake;
pub mod keys;
pub mod lab;
pub mod ledger;
pub mod lookup;
pub mod neighbours;
pub mod page_tests;
pub mod paging;
pub mod people;
pub mod policies;
pub mod preflight;
pub mod push;
pub mod reconcile;
pub mod records;
pub mod retention;
pub mod review;
pub mod rota;
pub mod system;

pub mod http;

pub mod app;
pub mod backup;
pub mod cli;
pub mod doctor;
pub mod lifecycle;
pub mod listener;
pub mod process;
pub mod telemetry;
pub mod worker;
