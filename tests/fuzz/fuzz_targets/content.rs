//! A content pack of any bytes is read or refused, and any text finds a page or none.
#![no_main]

#[path = "../bodies/content.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
