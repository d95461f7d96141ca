//! What staff prove themselves with: passwords, codes, tokens. It keeps nothing. Floor 2.

mod code;
mod password;
mod patience;
mod token;

pub use code::{Secret, normal, recovery_codes};
pub use password::{Hashed, LONGEST_PASSWORD, Passwords, Queue, SHORTEST_PASSWORD, Turn, Weak};
pub use patience::{KNOWN, Patience, STRANGERS};
pub use token::{Token, token_fits, token_hash};
