//! Tokens: a secret that a person or a browser is handed once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::id::{IdSource, random};

/// A secret that is handed to a person once; only its hash is kept.
pub struct Token {
    /// What the person gets: 256 random bits, base64url.
    pub shown: String,
    /// What is kept.
    pub hash: Vec<u8>,
}

impl Token {
    /// A new token.
    #[must_use]
    pub fn new(ids: &dyn IdSource) -> Self {
        let shown = URL_SAFE_NO_PAD.encode(random::<32>(ids));
        let hash = token_hash(&shown);
        Self { shown, hash }
    }
}

/// What is kept of a token: SHA-256, enough for 256 random bits.
#[must_use]
pub fn token_hash(shown: &str) -> Vec<u8> {
    Sha256::digest(shown.as_bytes()).to_vec()
}

/// Whether a token is the one of a hash, in constant time.
#[must_use]
pub fn token_fits(shown: &str, hash: &[u8]) -> bool {
    token_hash(shown).ct_eq(hash).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SeededIds;

    #[test]
    fn a_token_is_kept_as_a_hash_only() {
        let token = Token::new(&SeededIds::new(1));
        assert!(token_fits(&token.shown, &token.hash));
        assert!(!token_fits("another", &token.hash));
        assert_ne!(token.shown.as_bytes(), token.hash);
    }
}
