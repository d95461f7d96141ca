//! Content packs: every word that a texter can receive, and the words that find a page.
//!
//! A pack is checked in full when it is loaded, so that no message can be missing later. This
//! module reads no files and decides nothing: which message is said is up to the conversation.
//! Floor 1.

mod error;
mod find;
mod key;
mod pack;
mod template;
mod words;

#[cfg(test)]
mod lint;

pub use error::PackError;
pub use key::{Key, PageId};
pub use pack::{Packs, Page, Source};
pub use template::Fill;
pub use words::words;
