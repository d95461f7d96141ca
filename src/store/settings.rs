//! Settings that the program keeps for itself.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::crypto::{Master, Place};

/// The mark that was sealed with the first keys of this database.
pub(super) const KEY_CHECK: Place = Place {
    column: "settings.value",
    row: uuid::Uuid::nil(),
};

/// The same with the key that the rows are being sealed with anew, as long as that lasts: whoever does not
/// have this key cannot open all of them.
const KEY_CHECK_NEXT: &str = "key_check_next";
/// The key of the blind indexes, which outlives the master key that it came from.
const INDEX_KEY: &str = "index_key";
/// The keystore that holds the seeds of this database.
const KEYSTORE: &str = "keystore";

/// Whether a database goes with the keys that it is to be opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Fits,
    /// It was sealed with a master key that is not there.
    OtherKey,
    /// The seeds of its texters' keys are in another keystore.
    OtherKeystore,
}

const INDEX_PLACE: Place = Place {
    column: "settings.index_key",
    row: uuid::Uuid::nil(),
};

impl Tx {
    /// Whether the keys open what this database was sealed with. The first call on a new database leaves
    /// the marks that later ones are checked against.
    pub(super) async fn keys_fit(&mut self) -> Result<Fit, StoreError> {
        for name in ["key_check", KEY_CHECK_NEXT] {
            if let Some(mark) = self.setting(name).await?
                && self.keys.house().open(KEY_CHECK, &mark).is_err()
            {
                return Ok(Fit::OtherKey);
            }
        }
        if self.setting("key_check").await?.is_none() {
            self.mark_key("key_check").await?;
        }
        let Some(index) = self.carried_index().await? else {
            return Ok(Fit::OtherKey);
        };
        self.keys.carry_index(index);
        if let Some(keystore) = self.keys.keystore().map(std::sync::Arc::clone) {
            let known = self.setting(KEYSTORE).await?;
            match known {
                Some(known) if known != keystore.name().as_bytes() => {
                    return Ok(Fit::OtherKeystore);
                }
                Some(_) => {}
                None => {
                    self.set_setting(KEYSTORE, keystore.name().as_bytes())
                        .await?;
                }
            }
        }
        Ok(Fit::Fits)
    }

    async fn mark_key(&mut self, name: &str) -> Result<(), StoreError> {
        let mark = self.keys.house().seal(&*self.ids, KEY_CHECK, b"harborline");
        self.set_setting(name, &mark).await
    }

    /// The key of the blind indexes; the first call keeps the one of the master key. None when it cannot be
    /// opened.
    async fn carried_index(&mut self) -> Result<Option<Master>, StoreError> {
        let Some(sealed) = self.setting(INDEX_KEY).await? else {
            let index = self.keys.index_key();
            self.keep_index(&index).await?;
            return Ok(Some(index));
        };
        let plain = self.keys.house().open(INDEX_PLACE, &sealed).ok();
        let key = plain.and_then(|plain| <[u8; 32]>::try_from(plain.as_slice()).ok());
        Ok(key.map(Master::new))
    }

    async fn keep_index(&mut self, index: &Master) -> Result<(), StoreError> {
        let sealed = self
            .keys
            .house()
            .seal(&*self.ids, INDEX_PLACE, index.as_slice());
        self.set_setting(INDEX_KEY, &sealed).await
    }

    /// Notes that rows are sealed anew with the key that seals now: from here on nobody opens this database
    /// without it.
    pub async fn begin_rotation(&mut self) -> Result<(), StoreError> {
        self.mark_key(KEY_CHECK_NEXT).await
    }

    /// Whether rows are being sealed anew.
    pub async fn is_rotating(&mut self) -> Result<bool, StoreError> {
        Ok(self.setting(KEY_CHECK_NEXT).await?.is_some())
    }

    /// Notes that all rows are sealed with the key that seals now: the one before is not needed any more.
    pub async fn end_rotation(&mut self) -> Result<(), StoreError> {
        let index = self.keys.index_key();
        self.keep_index(&index).await?;
        self.mark_key("key_check").await?;
        self.remove_setting(KEY_CHECK_NEXT).await.map(|_| ())
    }

    /// Whether the marks of this database are sealed with the key that seals now.
    pub async fn marks_are_current(&mut self) -> Result<bool, StoreError> {
        for name in ["key_check", INDEX_KEY] {
            let mark = self.setting(name).await?;
            if !mark.is_some_and(|mark| self.keys.house().is_current(&mark)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The value of a setting.
    pub async fn setting(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT value FROM settings WHERE name = $1"
        )
        .bind(name)
        .fetch_optional(c)
        .await?))
    }

    /// Sets a setting.
    pub async fn set_setting(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        );
        Ok(())
    }

    /// Removes a setting. `true` when it was there: of two who remove it at once, one is told so.
    pub async fn remove_setting(&mut self, name: &str) -> Result<bool, StoreError> {
        let removed = on!(self, |c| sqlx::query(
            "DELETE FROM settings WHERE name = $1"
        )
        .bind(name)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(removed == 1)
    }
}
