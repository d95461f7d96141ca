//! No bytes that we did not seal open, and none make the program panic: rows, wrapped keys, places of push
//! services, names.
#![no_main]

#[path = "../bodies/sealed.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
