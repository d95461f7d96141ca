//! Settings that the program keeps for itself.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::crypto::Place;

/// The mark that was sealed with the first keys of this database.
pub(super) const KEY_CHECK: Place = Place {
    column: "settings.value",
    row: uuid::Uuid::nil(),
};

impl Tx {
    /// Whether the keys open what this database was sealed with. The first call on a new
    /// database leaves the mark that later ones are checked against.
    pub(super) async fn keys_fit(&mut self) -> Result<bool, StoreError> {
        if let Some(mark) = self.setting("key_check").await? {
            return Ok(self.keys.house().open(KEY_CHECK, &mark).is_ok());
        }
        let mark = self.keys.house().seal(&*self.ids, KEY_CHECK, b"harborline");
        self.set_setting("key_check", &mark).await?;
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
