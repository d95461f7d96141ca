//! Calendars: the address at which a person's own calendar is read, kept as the hash of its token.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};

impl Tx {
    /// Keeps the hash of the token of a person's calendar, in place of an earlier one; `None` takes it
    /// back.
    pub async fn set_feed(&mut self, staff: Uuid, hash: Option<&[u8]>) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET feed_hash = $2 WHERE id = $1",
            staff,
            hash,
        );
        Ok(())
    }

    /// Whose calendar has this token. Nobody's, once its owner has left.
    pub async fn staff_of_feed(&mut self, hash: &[u8]) -> Result<Option<Uuid>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM staff WHERE feed_hash = $1 AND left_at IS NULL"
        )
        .bind(hash)
        .fetch_optional(c)
        .await?))
    }

    /// Whether a person's calendar has an address.
    pub async fn has_feed(&mut self, staff: Uuid) -> Result<bool, StoreError> {
        let found: Option<Uuid> = on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM staff WHERE id = $1 AND feed_hash IS NOT NULL"
        )
        .bind(staff)
        .fetch_optional(c)
        .await?);
        Ok(found.is_some())
    }
}
