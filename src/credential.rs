//! Passwords and tokens of staff. Floor 2.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::id::{IdSource, random};

/// The shortest password that is taken, in characters (NIST SP 800-63B asks for 8 at least).
pub const SHORTEST_PASSWORD: usize = 12;
/// The longest, so that hashing cannot be made to work for nothing.
pub const LONGEST_PASSWORD: usize = 256;

/// Hashes and checks passwords with argon2id, a few at once: each takes 19 MiB and a core.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    ids: Arc<dyn IdSource>,
}

impl Passwords {
    /// Two at once.
    #[must_use]
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(2)),
            ids,
        }
    }

    /// The hash of a password, in PHC string form. `None` if the machine could not make one.
    pub async fn hash(&self, password: String) -> Option<String> {
        let salt: [u8; 16] = random(&*self.ids);
        self.in_turn(move || {
            let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hash.ok().map(|hash| hash.to_string())
        })
        .await
        .flatten()
    }

    /// Whether a password is the one of a hash. Without a hash it takes as long and is `false`,
    /// so that a stopwatch does not tell which accounts exist.
    pub async fn fits(&self, password: String, hash: Option<String>) -> bool {
        self.in_turn(move || {
            let known = hash
                .as_deref()
                .and_then(|hash| PasswordHash::new(hash).ok());
            if let Some(hash) = known {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            } else {
                let _ = Argon2::default().hash_password_with_salt(password.as_bytes(), &[0; 16]);
                false
            }
        })
        .await
        .unwrap_or(false)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _turn = self.turns.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }
}

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

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new(Arc::new(SeededIds::new(1)));
        let hash = passwords
            .hash("correct horse battery".to_owned())
            .await
            .unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(
            passwords
                .fits("correct horse battery".to_owned(), Some(hash.clone()))
                .await
        );
        assert!(
            !passwords
                .fits("incorrect horse".to_owned(), Some(hash))
                .await
        );
        assert!(
            !passwords
                .fits("correct horse battery".to_owned(), None)
                .await
        );
    }

    #[test]
    fn a_token_is_kept_as_a_hash_only() {
        let token = Token::new(&SeededIds::new(1));
        assert!(token_fits(&token.shown, &token.hash));
        assert!(!token_fits("another", &token.hash));
        assert_ne!(token.shown.as_bytes(), token.hash);
    }
}
