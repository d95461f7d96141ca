//! Every key of the house, and the keys of texters: all come from the master keys.

use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::keystore::{Keystore, SEED_ID, Seed};
use super::sealing::{KEY_ID, NONCE, SealingKey};
use super::{CryptoError, Master, Place};
use crate::id::{IdSource, random};
use crate::phone::PhoneNumber;

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
