//! What people type, in texts, forms, files and commands, is read or refused; nothing panics, and what is
//! written again is read as the same.
#![no_main]

#[path = "../bodies/words.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
