//! Whatever lies where our own files should is read, passed over or refused.
#![no_main]

#[path = "../bodies/kept.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
