//! Staff accounts and their sessions.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::staff::Role;

/// An account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Account {
    /// The row.
    pub id: Uuid,
    /// What the person types to sign in.
    pub login: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The argon2id hash of the password, in PHC string form.
    pub password_hash: String,
}

/// A new account.
pub struct NewStaff<'a> {
    /// What the person types to sign in; lower case.
    pub login: &'a str,
    /// What others see.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// The argon2id hash of the password, in PHC string form.
    pub password_hash: &'a str,
}

impl Tx {
    /// Makes an account. `None` when the login is taken.
    pub async fn add_staff(
        &mut self,
        new: &NewStaff<'_>,
        now: At,
    ) -> Result<Option<Uuid>, StoreError> {
        let id = self.id(now);
        let done = on!(self, |c| sqlx::query(
            "INSERT INTO staff (id, login, name, role, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (login) DO NOTHING"
        )
        .bind(id)
        .bind(new.login)
        .bind(new.name)
        .bind(new.role)
        .bind(new.password_hash)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok((done == 1).then_some(id))
    }

    /// How many accounts there are.
    pub async fn staff_count(&mut self) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM staff"
        )
        .fetch_one(c)
        .await?))
    }

    /// The account of a login.
    pub async fn staff_by_login(&mut self, login: &str) -> Result<Option<Account>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT id, login, name, role, password_hash FROM staff WHERE login = $1"
        )
        .bind(login)
        .fetch_optional(c)
        .await?))
    }

    /// The name of a member of staff.
    pub async fn staff_name(&mut self, id: Uuid) -> Result<Option<String>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT name FROM staff WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?))
    }

    /// Keeps a session under the hash of its token.
    pub async fn start_session(
        &mut self,
        token_hash: &[u8],
        staff: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        on!(self, |c| {
            sqlx::query(
            "INSERT INTO sessions (token_hash, staff_id, created_at, seen_at) VALUES ($1, $2, $3, $3)"
        )
        .bind(token_hash)
        .bind(staff)
        .bind(now)
        .execute(c)
        .await
        .map(|_| ())
        })?;
        Ok(())
    }

    /// The account of a session that began after `created_after` and was seen after `seen_after`.
    pub async fn session(
        &mut self,
        token_hash: &[u8],
        created_after: At,
        seen_after: At,
    ) -> Result<Option<(Account, At)>, StoreError> {
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            account: Account,
            seen_at: At,
        }
        let row: Option<Row> = on!(self, |c| sqlx::query_as(
            "SELECT s.id, s.login, s.name, s.role, s.password_hash, e.seen_at
               FROM sessions e JOIN staff s ON s.id = e.staff_id
              WHERE e.token_hash = $1 AND e.created_at > $2 AND e.seen_at > $3"
        )
        .bind(token_hash)
        .bind(created_after)
        .bind(seen_after)
        .fetch_optional(c)
        .await?);
        Ok(row.map(|row| (row.account, row.seen_at)))
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&mut self, token_hash: &[u8], now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE sessions SET seen_at = $2 WHERE token_hash = $1",
            token_hash,
            now,
        );
        Ok(())
    }

    /// Ends a session.
    pub async fn end_session(&mut self, token_hash: &[u8]) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM sessions WHERE token_hash = $1",
            token_hash,
        );
        Ok(())
    }
}
