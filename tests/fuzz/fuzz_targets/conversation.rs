//! Any state that was kept, and any text, lead to a reply or to a reason for none.
#![no_main]

#[path = "../bodies/conversation.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::run(bytes));
