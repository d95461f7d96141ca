//! What a person proves themselves with: password, second factor, recovery codes. Secrets are sealed
//! with the house key; what only has to be recognized is kept as a hash.

use std::sync::Arc;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::tx::{later, on, open};
use super::{StoreError, Tx};
use crate::clock::At;

/// The column that a secret is sealed for, shown or confirmed.
const SECRET: &str = "staff.totp";

/// What an account is proved with. No `Debug`: it holds secrets.
pub struct Credentials {
    /// The argon2id hash of the password; none while the person has not chosen one.
    pub password_hash: Option<String>,
    /// The secret of the second factor.
    pub totp: Option<Zeroizing<Vec<u8>>>,
    /// One that was shown and is not confirmed yet.
    pub totp_next: Option<Zeroizing<Vec<u8>>>,
    /// When the account was locked.
    pub locked_at: Option<At>,
}

#[derive(sqlx::FromRow)]
struct Row {
    password_hash: String,
    totp_sealed: Option<Vec<u8>>,
    totp_next_sealed: Option<Vec<u8>>,
    locked_at: Option<At>,
}

impl Tx {
    /// What an account is proved with; none when the person has left.
    pub async fn credentials(&mut self, staff: Uuid) -> Result<Option<Credentials>, StoreError> {
        let row: Option<Row> = on!(self, |c| sqlx::query_as(
            "SELECT password_hash, totp_sealed, totp_next_sealed, locked_at
               FROM staff WHERE id = $1 AND left_at IS NULL"
        )
        .bind(staff)
        .fetch_optional(c)
        .await?);
        let Some(row) = row else { return Ok(None) };
        let house = self.keys.house();
        let secret = |sealed: Option<Vec<u8>>| match sealed {
            None => Ok(None),
            Some(sealed) => open(house, SECRET, staff, &sealed).map(|s| Some(Zeroizing::new(s))),
        };
        Ok(Some(Credentials {
            totp: secret(row.totp_sealed)?,
            totp_next: secret(row.totp_next_sealed)?,
            password_hash: Some(row.password_hash).filter(|hash| !hash.is_empty()),
            locked_at: row.locked_at,
        }))
    }

    /// Keeps a new password.
    pub async fn set_password(
        &mut self,
        staff: Uuid,
        hash: &str,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET password_hash = $2, password_at = $3 WHERE id = $1",
            staff,
            hash,
            now,
        );
        Ok(())
    }

    /// Keeps another hash of the same password, unless the password was changed since.
    pub async fn rehash_password(
        &mut self,
        staff: Uuid,
        old: &str,
        new: &str,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
            staff,
            old,
            new,
        );
        Ok(())
    }

    /// Keeps a secret that the person is shown; it counts once they have answered with its code.
    pub async fn propose_totp(&mut self, staff: Uuid, secret: &[u8]) -> Result<(), StoreError> {
        let keys = Arc::clone(&self.keys);
        let sealed = self.seal(keys.house(), SECRET, staff, secret);
        later!(
            self,
            "UPDATE staff SET totp_next_sealed = $2 WHERE id = $1",
            staff,
            &sealed,
        );
        Ok(())
    }

    /// Makes the secret that was shown the second factor; the code of this time step is used up.
    pub async fn confirm_totp(
        &mut self,
        staff: Uuid,
        step: i64,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET totp_sealed = totp_next_sealed, totp_next_sealed = NULL,
                    totp_at = $3, totp_step = $2 WHERE id = $1",
            staff,
            step,
            now,
        );
        Ok(())
    }

    /// Forgets the second factor, and its recovery codes.
    pub async fn drop_totp(&mut self, staff: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET totp_sealed = NULL, totp_next_sealed = NULL, totp_at = NULL,
                    totp_step = NULL WHERE id = $1",
            staff,
        );
        later!(
            self,
            "DELETE FROM recovery_codes WHERE staff_id = $1",
            staff,
        );
        Ok(())
    }

    /// Uses the code of a time step up. `false` when this one or a later one was used before
    /// (RFC 6238 section 5.2).
    pub async fn use_totp_step(&mut self, staff: Uuid, step: i64) -> Result<bool, StoreError> {
        let done = on!(self, |c| sqlx::query(
            "UPDATE staff SET totp_step = $2
              WHERE id = $1 AND (totp_step IS NULL OR totp_step < $2)"
        )
        .bind(staff)
        .bind(step)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Keeps new recovery codes; earlier ones stop working.
    pub async fn set_recovery_codes(
        &mut self,
        staff: Uuid,
        codes: &[String],
    ) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM recovery_codes WHERE staff_id = $1",
            staff,
        );
        for code in codes {
            let hash = self.keys.recovery_index(staff, code);
            later!(
                self,
                "INSERT INTO recovery_codes (staff_id, code_hash) VALUES ($1, $2)",
                staff,
                &hash,
            );
        }
        Ok(())
    }

    /// Uses a recovery code up. `false` when there is none like it, or it was used before.
    pub async fn use_recovery_code(
        &mut self,
        staff: Uuid,
        code: &str,
        now: At,
    ) -> Result<bool, StoreError> {
        let hash = self.keys.recovery_index(staff, code);
        let done = on!(self, |c| sqlx::query(
            "UPDATE recovery_codes SET used_at = $3
              WHERE staff_id = $1 AND code_hash = $2 AND used_at IS NULL"
        )
        .bind(staff)
        .bind(&hash)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// How many recovery codes are left.
    pub async fn recovery_codes_left(&mut self, staff: Uuid) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM recovery_codes WHERE staff_id = $1 AND used_at IS NULL"
        )
        .bind(staff)
        .fetch_one(c)
        .await?))
    }
}
