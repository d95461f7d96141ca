//! Sealing: what is written to disk can be read only with the master key. Floor 2.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) seals; every texter has a data key of their own, wrapped
//! by a key that comes from the master key and from a seed in the [`keystore`]. The seed stands outside of
//! the database: once it is destroyed, no copy of the database opens, whoever has the master key. Numbers are
//! found through HMAC-SHA-256 (RFC 2104). There may be several master keys while one is replaced: the first
//! seals, each opens. This module does not know where the master key is kept: see [`keyfile`].

pub mod keyfile;
pub mod keystore;
#[cfg(test)]
mod properties;
pub mod source;

use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::id::{IdSource, random};
use crate::phone::PhoneNumber;
use keystore::{Keystore, SEED_ID, Seed};

const KEY_ID: usize = 4;
const NONCE: usize = 24;

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
    fn new<'a>(keys: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
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

    fn replace(&self, other: &Self) {
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

/// How long a wrapped key without a seed is: it then comes from the master key alone.
const WRAPPED: usize = KEY_ID + NONCE + 32 + 16;

/// Every key of the house, derived from the master keys.
pub struct Keyring {
    /// From which the keys that wrap come: one a master key.
    wrap: RwLock<Vec<Master>>,
    house: SealingKey,
    spool: SealingKey,
    index: RwLock<Master>,
    sandbox: Zeroizing<[u8; 32]>,
    drill: Zeroizing<[u8; 32]>,
    keystore: Option<Arc<Keystore>>,
}

impl Keyring {
    /// Derives all keys from one master key, without a keystore.
    #[must_use]
    pub fn new(master: &[u8; 32]) -> Self {
        Self::of(&[Zeroizing::new(*master)], None)
    }

    /// Derives all keys from master keys, of which there is at least one. The first seals.
    #[must_use]
    pub fn of(masters: &[Master], keystore: Option<Arc<Keystore>>) -> Self {
        let zero = Zeroizing::new([0; 32]);
        let first = masters.first().unwrap_or(&zero);
        let made = Self {
            wrap: RwLock::default(),
            house: SealingKey::new([]),
            spool: SealingKey::new([]),
            index: RwLock::new(derive(first, "index")),
            sandbox: derive(first, "sandbox"),
            drill: derive(first, "drill"),
            keystore,
        };
        made.accept(masters);
        made
    }

    /// Takes these master keys from now on, for all who have this keyring; the first seals. What finds rows
    /// stays as it is: see [`Keyring::index_key`].
    pub fn accept(&self, masters: &[Master]) {
        let all = |purpose: &str| -> Vec<Master> {
            masters
                .iter()
                .map(|master| derive(master, purpose))
                .collect()
        };
        let sealing = |purpose: &str| SealingKey::new(all(purpose).iter().map(|key| &**key));
        self.house.replace(&sealing("house"));
        self.spool.replace(&sealing("spool"));
        *self.wrap.write().unwrap_or_else(PoisonError::into_inner) = all("wrap");
    }

    /// Where the seeds of texters' keys are, if anywhere.
    #[must_use]
    pub const fn keystore(&self) -> Option<&Arc<Keystore>> {
        self.keystore.as_ref()
    }

    /// The key for what belongs to no texter: pages to staff, settings.
    #[must_use]
    pub fn house(&self) -> &SealingKey {
        &self.house
    }

    /// The key for what is kept beside the database: texts that could not be stored in time.
    #[must_use]
    pub fn spool(&self) -> &SealingKey {
        &self.spool
    }

    /// The key of the blind indexes. It outlives a master key: numbers that somebody stopped, or codes, are
    /// kept as an index alone, and could not be found again under another one.
    #[must_use]
    pub fn index_key(&self) -> Master {
        self.index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Finds rows by this key from now on: the one that the database was begun with.
    pub fn carry_index(&self, key: Master) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// The blind index of a number: finds its row without the number being stored in clear.
    #[must_use]
    pub fn number_index(&self, number: &PhoneNumber) -> Vec<u8> {
        hmac(&self.index_key(), number.reveal().as_bytes()).to_vec()
    }

    /// The blind index of where a responder is reached. Another one than the index of a texter with
    /// the same number: nobody can tell from the tables that a responder has texted the line.
    #[must_use]
    pub fn address_index(&self, address: &str) -> Vec<u8> {
        hmac(&self.index_key(), format!("address\n{address}").as_bytes()).to_vec()
    }

    /// The blind index of a gateway's id of a text: it says whether an id is known, and nothing else.
    #[must_use]
    pub fn reference_index(&self, gateway: &str, gateway_ref: &str) -> Vec<u8> {
        // The separator is in no name of a gateway and in no number.
        let named = format!("{gateway}\n{gateway_ref}");
        hmac(&self.index_key(), named.as_bytes()).to_vec()
    }

    /// The hash of a recovery code. With the key in it, a stolen database is not enough to guess codes.
    #[must_use]
    pub fn recovery_index(&self, staff: Uuid, code: &str) -> Vec<u8> {
        hmac(
            &self.index_key(),
            format!("recovery\n{staff}\n{code}").as_bytes(),
        )
        .to_vec()
    }

    /// The hash of the code that proves a contact method. With the key in it, a stolen database is not
    /// enough to guess six digits.
    #[must_use]
    pub fn method_code(&self, method: Uuid, code: &str) -> Vec<u8> {
        hmac(
            &self.index_key(),
            format!("method code\n{method}\n{code}").as_bytes(),
        )
        .to_vec()
    }

    /// The blind index of who tries to sign in: a login as it was typed, from a browser that is known
    /// by the hash of its token, or from any other (no bytes).
    #[must_use]
    pub fn trier_index(&self, browser: &[u8], login: &str) -> Vec<u8> {
        let named = format!("try\n{}\n{login}", hex::encode(browser));
        hmac(&self.index_key(), named.as_bytes()).to_vec()
    }

    /// The secret that the sandbox gateway signs with, hexadecimal.
    #[must_use]
    pub fn sandbox_secret(&self) -> String {
        hex::encode(self.sandbox.as_slice())
    }

    /// What makes a hook one of a drill. Nobody outside can make it.
    #[must_use]
    pub fn drill_mark(&self, drill: Uuid, hook: &[u8]) -> [u8; 32] {
        hmac(&self.drill, &[drill.as_bytes(), hook].concat())
    }

    /// A new data key for a texter, and its wrapped form for their row: the id of its seed, and the sealed
    /// key. When the keystore has no seed to give, the master key alone wraps it; [`Keyring::rewrap`] mends
    /// that later.
    #[must_use]
    pub fn new_texter_key(&self, ids: &dyn IdSource, texter: Uuid) -> (SealingKey, Vec<u8>) {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(random(ids));
        let wrapped = self.wrap(ids, texter, &key);
        (SealingKey::new([&*key]), wrapped)
    }

    fn wrap(&self, ids: &dyn IdSource, texter: Uuid, key: &[u8; 32]) -> Vec<u8> {
        let seed = self.keystore.as_ref().and_then(|store| store.take());
        let (id, seed) = match &seed {
            Some((id, seed)) => (id.as_slice(), Some(seed)),
            None => (&[][..], None),
        };
        let sealed = self.wrapping(seed).seal(ids, texter_key_place(texter), key);
        [id, &sealed].concat()
    }

    /// The keys that wrap with a seed, or without one.
    fn wrapping(&self, seed: Option<&Seed>) -> SealingKey {
        let wrap = self.wrap.read().unwrap_or_else(PoisonError::into_inner);
        match seed {
            None => SealingKey::new(wrap.iter().map(|key| &**key)),
            Some(seed) => {
                let mixed: Vec<Master> = wrap
                    .iter()
                    .map(|key| Zeroizing::new(hmac(key, seed.as_slice())))
                    .collect();
                SealingKey::new(mixed.iter().map(|key| &**key))
            }
        }
    }

    /// The data key of a texter, from its wrapped form.
    ///
    /// # Errors
    /// [`CryptoError`] when the wrapped key belongs to another master key or texter, or its seed is gone.
    pub fn texter_key(&self, texter: Uuid, wrapped: &[u8]) -> Result<SealingKey, CryptoError> {
        let key = self.unwrap(texter, wrapped)?;
        Ok(SealingKey::new([&*key]))
    }

    fn unwrap(&self, texter: Uuid, wrapped: &[u8]) -> Result<Master, CryptoError> {
        let (seed, sealed) = self.seed_and_sealed(wrapped)?;
        let key = self
            .wrapping(seed.as_ref())
            .open(texter_key_place(texter), sealed)?;
        let key: [u8; 32] = key
            .as_slice()
            .try_into()
            .map_err(|_| CryptoError::Damaged)?;
        Ok(Zeroizing::new(key))
    }

    fn seed_and_sealed<'a>(
        &self,
        wrapped: &'a [u8],
    ) -> Result<(Option<Seed>, &'a [u8]), CryptoError> {
        let Some(id) = seed_of(wrapped) else {
            return Ok((None, wrapped));
        };
        let store = self.keystore.as_ref().ok_or(CryptoError::NoSeed)?;
        Ok((Some(store.seed(id)?), &wrapped[SEED_ID..]))
    }

    /// A texter's key wrapped anew, where it is not wrapped by the first master key with a seed; none where
    /// it is, or nothing better can be done just now.
    ///
    /// # Errors
    /// [`CryptoError`] as for [`Keyring::texter_key`].
    pub fn rewrap(
        &self,
        ids: &dyn IdSource,
        texter: Uuid,
        wrapped: &[u8],
    ) -> Result<Option<Vec<u8>>, CryptoError> {
        let (seed, sealed) = self.seed_and_sealed(wrapped)?;
        let current = self.wrapping(seed.as_ref()).is_current(sealed);
        let seeded = seed.is_some() || self.keystore.as_ref().is_none_or(|store| !store.has_some());
        if current && seeded {
            return Ok(None);
        }
        let key = self.unwrap(texter, wrapped)?;
        let Some(seed) = seed else {
            return Ok(Some(self.wrap(ids, texter, &key)));
        };
        let sealed = self
            .wrapping(Some(&seed))
            .seal(ids, texter_key_place(texter), key.as_slice());
        Ok(Some([&wrapped[..SEED_ID], &sealed].concat()))
    }
}

/// The id of the seed that a wrapped key needs; none where the master key alone opens it.
#[must_use]
pub fn seed_of(wrapped: &[u8]) -> Option<&[u8]> {
    (wrapped.len() == SEED_ID + WRAPPED).then(|| &wrapped[..SEED_ID])
}

fn texter_key_place(texter: Uuid) -> Place {
    Place {
        column: "texters.wrapped_key",
        row: texter,
    }
}

fn derive(master: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hmac(master, format!("harborline/1/{purpose}").as_bytes()))
}

fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length: the error branch cannot be reached.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().into())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SeededIds;

    fn place(column: &'static str, row: u128) -> Place {
        Place {
            column,
            row: Uuid::from_u128(row),
        }
    }

    #[test]
    fn sealed_words_open_in_their_own_place_only() {
        let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
        let sealed = keys.house().seal(&ids, place("pages.body", 1), b"words");
        assert_eq!(
            &**keys.house().open(place("pages.body", 1), &sealed).unwrap(),
            b"words"
        );
        for elsewhere in [place("pages.body", 2), place("pages.address", 1)] {
            assert_eq!(
                keys.house().open(elsewhere, &sealed).unwrap_err(),
                CryptoError::Damaged
            );
        }
    }

    #[test]
    fn another_key_and_damage_are_told_apart() {
        let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
        let mut sealed = keys.house().seal(&ids, place("pages.body", 1), b"words");
        let other = Keyring::new(&[8; 32]);
        assert_eq!(
            other
                .house()
                .open(place("pages.body", 1), &sealed)
                .unwrap_err(),
            CryptoError::OtherKey
        );
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(
            keys.house()
                .open(place("pages.body", 1), &sealed)
                .unwrap_err(),
            CryptoError::Damaged
        );
        assert_eq!(
            keys.house().open(place("pages.body", 1), &[]).unwrap_err(),
            CryptoError::Damaged
        );
    }

    #[test]
    fn the_same_words_seal_to_other_bytes_each_time() {
        let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
        let seal = || keys.house().seal(&ids, place("pages.body", 1), b"words");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_texter_key_is_bound_to_its_texter() {
        let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
        let (key, wrapped) = keys.new_texter_key(&ids, Uuid::from_u128(1));
        let sealed = key.seal(&ids, place("messages.body", 9), b"words");
        let again = keys.texter_key(Uuid::from_u128(1), &wrapped).unwrap();
        assert_eq!(
            &**again.open(place("messages.body", 9), &sealed).unwrap(),
            b"words"
        );
        assert!(keys.texter_key(Uuid::from_u128(2), &wrapped).is_err());
    }

    #[test]
    fn the_index_of_a_number_depends_on_the_key() {
        let number = PhoneNumber::parse("+15550100123").unwrap();
        let index = Keyring::new(&[7; 32]).number_index(&number);
        assert_eq!(index, Keyring::new(&[7; 32]).number_index(&number));
        assert_ne!(index, Keyring::new(&[8; 32]).number_index(&number));
        assert_eq!(index.len(), 32);
        let responder = Keyring::new(&[7; 32]).address_index(number.reveal());
        assert_ne!(index, responder, "a texter and a responder are not linked");
    }
}
