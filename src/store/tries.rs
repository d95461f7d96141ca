//! How often somebody tried to sign in in vain: for each login as it was typed, and for each browser
//! that is known. Kept under a blind index, because a password may have been typed as the login.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// Whose tries are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trier {
    /// Anyone who is not known, for a login as it was typed.
    Stranger(String),
    /// A browser that the person has signed in with before, by the hash of its token, for their login.
    Known(Vec<u8>, String),
}

/// Tries in vain, in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tries {
    /// How many.
    pub failures: i32,
    /// When the last one was.
    pub last_at: At,
}

impl Tx {
    fn trier_index(&self, trier: &Trier) -> Vec<u8> {
        match trier {
            Trier::Stranger(login) => self.keys.trier_index(&[], login),
            Trier::Known(browser, login) => self.keys.trier_index(browser, login),
        }
    }

    /// The tries that count so far.
    pub async fn tries(&mut self, trier: &Trier) -> Result<Option<Tries>, StoreError> {
        let whose = self.trier_index(trier);
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT failures, last_at FROM tries WHERE whose = $1"
        )
        .bind(&whose)
        .fetch_optional(c)
        .await?))
    }

    /// Counts a try, before its outcome is known: many at once must not all be the first.
    pub async fn count_try(&mut self, trier: &Trier, now: At) -> Result<(), StoreError> {
        let whose = self.trier_index(trier);
        later!(
            self,
            "INSERT INTO tries (whose, failures, last_at) VALUES ($1, 1, $2)
             ON CONFLICT (whose) DO UPDATE SET failures = tries.failures + 1, last_at = excluded.last_at",
            &whose,
            now,
        );
        Ok(())
    }

    /// Takes the last try back: it was not in vain, and not all that is asked for.
    pub async fn take_back_try(&mut self, trier: &Trier) -> Result<(), StoreError> {
        let whose = self.trier_index(trier);
        later!(
            self,
            "UPDATE tries SET failures = failures - 1 WHERE whose = $1",
            &whose,
        );
        Ok(())
    }

    /// Forgets the tries: the person is in.
    pub async fn forget_tries(&mut self, trier: &Trier) -> Result<(), StoreError> {
        let whose = self.trier_index(trier);
        later!(self, "DELETE FROM tries WHERE whose = $1", &whose,);
        Ok(())
    }

    /// Forgets all tries that were before a moment.
    pub async fn forget_tries_before(&mut self, last_before: At) -> Result<(), StoreError> {
        later!(self, "DELETE FROM tries WHERE last_at <= $1", last_before,);
        Ok(())
    }
}
