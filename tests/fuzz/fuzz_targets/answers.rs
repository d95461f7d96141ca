//! Whatever a provider answers is read without a panic; and what no one signed is not trusted.
#![no_main]

#[path = "../bodies/answers.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
