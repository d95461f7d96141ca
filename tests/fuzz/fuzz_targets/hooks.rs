//! Whatever a gateway signs is read without a panic, and nothing that it did not sign is trusted.
#![no_main]

#[path = "../bodies/hooks.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
