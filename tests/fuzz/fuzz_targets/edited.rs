//! Rule files and canned replies that somebody has edited are read or refused, whatever stands in them.
#![no_main]

#[path = "../bodies/edited.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
