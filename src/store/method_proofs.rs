//! Proofs that a contact method reaches its owner: the code that was sent over it, and tests.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// How far the proof of a method is.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Proof {
    /// The keyed hash of the code that waits for its answer.
    pub code_hash: Option<Vec<u8>>,
    /// When a code was last sent.
    pub code_sent_at: Option<At>,
    /// How often a wrong code was given for it.
    pub code_tries: i32,
    /// When a test was last sent.
    pub test_sent_at: Option<At>,
}

/// The proof of a method.
macro_rules! proof {
    ($lock:literal) => {
        concat!(
            "SELECT code_hash, code_sent_at, code_tries, test_sent_at FROM contact_methods
              WHERE id = $1 AND removed_at IS NULL",
            $lock
        )
    };
}

impl Tx {
    /// How far the proof of a method is; none when it was removed.
    pub async fn proof_of(&mut self, method: Uuid) -> Result<Option<Proof>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(proof!(""))
            .bind(method)
            .fetch_optional(c)
            .await?))
    }

    /// The same, locked until the commit: two guesses at once are two.
    pub async fn proof_to_change(&mut self, method: Uuid) -> Result<Option<Proof>, StoreError> {
        Ok(on!(self,
            sqlite: proof!(""),
            postgres: proof!(" FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).bind(method).fetch_optional(c).await?))
    }

    /// Whether a code is the one of a proof.
    #[must_use]
    pub fn code_fits(&self, method: Uuid, code: &str, proof: &Proof) -> bool {
        use subtle::ConstantTimeEq as _;
        let given = self.keys.method_code(method, code);
        let kept = proof.code_hash.as_deref().unwrap_or_default();
        given.ct_eq(kept).into()
    }

    /// Keeps the code that is sent over a method, in place of an earlier one.
    pub async fn method_code_sent(
        &mut self,
        method: Uuid,
        code: &str,
        now: At,
    ) -> Result<(), StoreError> {
        let hash = self.keys.method_code(method, code);
        later!(
            self,
            "UPDATE contact_methods SET code_hash = $2, code_sent_at = $3, code_tries = 0 WHERE id = $1",
            method,
            &hash,
            now,
        );
        Ok(())
    }

    /// Counts a wrong code.
    pub async fn method_code_wrong(&mut self, method: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET code_tries = code_tries + 1 WHERE id = $1",
            method,
        );
        Ok(())
    }

    /// Notes that a test was sent.
    pub async fn method_test_sent(&mut self, method: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET test_sent_at = $2 WHERE id = $1",
            method,
            now,
        );
        Ok(())
    }

    /// How many codes and tests went out to a person's methods since a moment, removed methods included.
    pub async fn proofs_sent(&mut self, staff: Uuid, since: At) -> Result<i64, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_scalar(
            "SELECT COUNT(*) FROM pages WHERE staff_id = $1 AND at > $2 AND kind IN ('code', 'test')"
        )
        .bind(staff)
        .bind(since)
        .fetch_one(c)
        .await?
        }))
    }
}
