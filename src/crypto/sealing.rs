//! The keys that seal and open.

use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{CryptoError, Place};
use crate::id::{IdSource, random};

pub(super) const KEY_ID: usize = 4;
pub(super) const NONCE: usize = 24;

/// Keys that seal and open: the first seals, each opens what it sealed. The sealed form is: key id, nonce,
/// ciphertext with its tag.
pub struct SealingKey {
    ring: RwLock<Vec<Arc<OneKey>>>,
}

struct OneKey {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

impl OneKey {
    fn new(key: &[u8; 32]) -> Arc<Self> {
        let digest = Sha256::digest([b"harborline key id\0".as_slice(), key].concat());
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&digest[..KEY_ID]);
        Arc::new(Self {
            id,
            cipher: XChaCha20Poly1305::new(key.into()),
        })
    }
}

impl SealingKey {
    pub(super) fn new<'a>(keys: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
        Self {
            ring: RwLock::new(keys.into_iter().map(OneKey::new).collect()),
        }
    }

    /// What tells this key from others, hexadecimal. It says nothing of the key itself.
    #[must_use]
    pub fn id(&self) -> String {
        self.first()
            .map(|key| hex::encode(key.id))
            .unwrap_or_default()
    }

    fn ring(&self) -> Vec<Arc<OneKey>> {
        self.ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn find(&self, id: &[u8]) -> Option<Arc<OneKey>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.iter().find(|key| key.id == id).map(Arc::clone)
    }

    pub(super) fn replace(&self, other: &Self) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = other.ring();
    }

    fn first(&self) -> Option<Arc<OneKey>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.first().map(Arc::clone)
    }

    /// Whether bytes were sealed with the key that seals now.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        self.first().is_some_and(|key| sealed.starts_with(&key.id))
    }

    /// Seals bytes for one place.
    #[must_use]
    pub fn seal(&self, ids: &dyn IdSource, place: Place, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random(ids);
        let payload = Payload {
            msg: plain,
            aad: &place.bytes(),
        };
        let Some(key) = self.first() else {
            return Vec::new();
        };
        // Sealing fails only for messages over 256 GiB; an empty ciphertext never opens again.
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .unwrap_or_default();
        [key.id.as_slice(), &nonce, &sealed].concat()
    }

    /// Opens bytes that were sealed for the same place.
    ///
    /// # Errors
    /// [`CryptoError`] tells a wrong key from damaged bytes.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (id, rest) = sealed
            .split_at_checked(KEY_ID)
            .ok_or(CryptoError::Damaged)?;
        let key = self.find(id).ok_or(CryptoError::OtherKey)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE).ok_or(CryptoError::Damaged)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| CryptoError::Damaged)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place.bytes(),
        };
        let plain = key.cipher.decrypt(&XNonce::from(nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| CryptoError::Damaged)
    }
}
