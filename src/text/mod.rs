//! What people write: the body of a text, and its normal form for matching.

pub mod body;
pub mod normalise;

pub use body::MessageBody;
