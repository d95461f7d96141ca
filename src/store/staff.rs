//! Staff accounts: who there is, who was invited, who has left.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::staff::Role;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// The row.
    pub id: Uuid,
    /// What the person types to sign in.
    pub login: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A new account.
pub struct NewStaff<'a> {
    /// What the person types to sign in; lower case.
    pub login: &'a str,
    /// What others see.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// The argon2id hash of the password, in PHC string form; empty while they have not chosen one.
    pub password_hash: &'a str,
}

/// An account, as those who look after accounts see it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// The account.
    #[sqlx(flatten)]
    pub account: Account,
    /// When they chose their password; without it, they were invited and have not come yet.
    pub password_at: Option<At>,
    /// When they set up their second factor.
    pub totp_at: Option<At>,
    /// When a page was last opened in one of their sessions, to the minute.
    pub seen_at: Option<At>,
    /// When the account was locked.
    pub locked_at: Option<At>,
}

/// The accounts that have not left, with a condition.
macro_rules! members {
    ($condition:literal) => {
        concat!(
            "SELECT id, login, name, role, password_at, totp_at, seen_at, locked_at
               FROM staff WHERE left_at IS NULL",
            $condition
        )
    };
}

/// Those who can sign in and look after accounts.
macro_rules! administrators {
    ($lock:literal) => {
        concat!(
            "SELECT id FROM staff WHERE role = 'administrator' AND left_at IS NULL
                AND locked_at IS NULL AND password_at IS NOT NULL",
            $lock
        )
    };
}

impl Tx {
    /// Makes an account. `None` when the login is taken; one who has left keeps theirs.
    pub async fn add_staff(
        &mut self,
        new: &NewStaff<'_>,
        now: At,
    ) -> Result<Option<Uuid>, StoreError> {
        let id = self.id(now);
        let password_at = (!new.password_hash.is_empty()).then_some(now);
        let done = on!(self, |c| sqlx::query(
            "INSERT INTO staff (id, login, name, role, password_hash, password_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (login) DO NOTHING"
        )
        .bind(id)
        .bind(new.login)
        .bind(new.name)
        .bind(new.role)
        .bind(new.password_hash)
        .bind(password_at)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok((done == 1).then_some(id))
    }

    /// Brings back one who has left, as if they were new: with a name and a role, without a password.
    /// `None` when nobody with this login has left.
    pub async fn bring_back(
        &mut self,
        login: &str,
        name: &str,
        role: Role,
    ) -> Result<Option<Uuid>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "UPDATE staff SET name = $2, role = $3, left_at = NULL, locked_at = NULL
              WHERE login = $1 AND left_at IS NOT NULL RETURNING id"
        )
        .bind(login)
        .bind(name)
        .bind(role)
        .fetch_optional(c)
        .await?))
    }

    /// How many accounts there are, those who have left included.
    pub async fn staff_count(&mut self) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM staff"
        )
        .fetch_one(c)
        .await?))
    }

    /// The account of a login, unless they have left.
    pub async fn staff_by_login(&mut self, login: &str) -> Result<Option<Account>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT id, login, name, role FROM staff WHERE login = $1 AND left_at IS NULL"
        )
        .bind(login)
        .fetch_optional(c)
        .await?))
    }

    /// An account that has not left.
    pub async fn staff(&mut self, id: Uuid) -> Result<Option<Account>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT id, login, name, role FROM staff WHERE id = $1 AND left_at IS NULL"
        )
        .bind(id)
        .fetch_optional(c)
        .await?))
    }

    /// The name of a member of staff, also of one who has left.
    pub async fn staff_name(&mut self, id: Uuid) -> Result<Option<String>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT name FROM staff WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?))
    }

    /// Everyone who has not left, by name.
    pub async fn members(&mut self) -> Result<Vec<Member>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(members!(
            " ORDER BY name, login"
        ))
        .fetch_all(c)
        .await?))
    }

    /// One of them.
    pub async fn member(&mut self, id: Uuid) -> Result<Option<Member>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(members!(" AND id = $1"))
            .bind(id)
            .fetch_optional(c)
            .await?))
    }

    /// Those who can sign in and look after accounts. Until the unit of work ends nobody else
    /// changes them: two who remove each other at once must not both succeed.
    pub async fn administrators(&mut self) -> Result<Vec<Uuid>, StoreError> {
        Ok(on!(self,
            sqlite: administrators!(""),
            postgres: administrators!(" FOR UPDATE"),
            |sql, c| sqlx::query_scalar(sql).fetch_all(c).await?))
    }

    /// Changes what a member of staff may do.
    pub async fn set_role(&mut self, id: Uuid, role: Role) -> Result<(), StoreError> {
        later!(self, "UPDATE staff SET role = $2 WHERE id = $1", id, role,);
        Ok(())
    }

    /// Locks an account, or opens it again.
    pub async fn set_locked(&mut self, id: Uuid, since: Option<At>) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET locked_at = $2 WHERE id = $1",
            id,
            since,
        );
        Ok(())
    }

    /// Notes that a member of staff has left, and forgets all that they could sign in or read their
    /// duties with, and where they were reached.
    pub async fn leave(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET left_at = $2, password_hash = '', password_at = NULL, feed_hash = NULL
              WHERE id = $1",
            id,
            now,
        );
        self.remove_methods_of(id, now).await?;
        self.drop_totp(id).await?;
        self.drop_links(id).await?;
        later!(self, "DELETE FROM browsers WHERE staff_id = $1", id,);
        self.end_sessions(id, None).await
    }
}
