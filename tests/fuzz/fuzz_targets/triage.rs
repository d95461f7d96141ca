//! Any bytes have a verdict; its spans lie in the text; more text never lowers it.
#![no_main]

#[path = "../bodies/triage.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
