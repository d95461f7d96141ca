//! What people write: the body of a text, its normal form for matching, and the names that they give.

pub mod body;
pub mod name;
pub mod normalise;

pub use body::MessageBody;
