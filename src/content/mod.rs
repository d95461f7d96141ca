//! Content packs: every word that a texter can receive, and the words that find a page.
//!
//! A pack is checked in full when it is loaded, so that no message can be missing later. This
//! module reads no files and decides nothing: which message is said is up to the conversation.
//! Floor 1.

pub mod approval;
pub mod canned;
pub mod check;
pub mod chooser;
pub mod codes;
mod error;
mod find;
mod key;
mod pack;
mod resource;
pub mod review;
mod template;
mod words;

pub use approval::Approval;
pub use canned::CannedReply;
pub use codes::{Code, Codes};
pub use error::PackError;
pub use key::{Key, PageId};
pub use pack::{BUILTIN, PackFile, Packs, Page, Source};
pub use resource::{Resource, Resources};
pub use template::Fill;
pub use words::words;
