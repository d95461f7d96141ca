//! Sealing: what is written to disk can be read only with the master key. Floor 2.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) seals; every texter has a data key of their own, wrapped
//! by a key that comes from the master key and from a seed in the [`keystore`]. The seed stands outside of
//! the database: once it is destroyed, no copy of the database opens, whoever has the master key. Numbers are
//! found through HMAC-SHA-256 (RFC 2104). There may be several master keys while one is replaced: the first
//! seals, each opens. This module does not know where the master key is kept: see [`keyfile`].

pub mod keyfile;
mod keyring;
pub mod keystore;
#[cfg(test)]
mod properties;
mod sealing;
pub mod source;
#[cfg(test)]
mod tests;

use uuid::Uuid;
use zeroize::Zeroizing;

pub use keyring::{Keyring, seed_of};
pub use sealing::SealingKey;

/// Why sealed bytes could not be opened. Says nothing of what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The bytes were sealed with another key.
    #[error("sealed with another key")]
    OtherKey,
    /// The bytes are damaged, or stood in another row or column when they were sealed.
    #[error("damaged or moved")]
    Damaged,
    /// The seed of the key was destroyed: these bytes were erased, and are of a copy from before.
    #[error("erased: its seed was destroyed")]
    Erased,
    /// The seed of the key is not in the keystore.
    #[error("its seed is not in the keystore")]
    NoSeed,
}

/// A master key.
pub type Master = Zeroizing<[u8; 32]>;

/// Where sealed bytes stand: the associated data, so that bytes moved to another row or column
/// do not open.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Table and column, as in `messages.body`.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        [self.column.as_bytes(), b"\0", self.row.as_bytes()].concat()
    }
}
