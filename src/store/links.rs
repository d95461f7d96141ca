//! One-time links: for who was invited, and for who needs a new password. Only the hash is kept.

use uuid::Uuid;

use super::tx::{later, on};
use super::{Account, StoreError, Tx};
use crate::clock::At;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LinkKind {
    /// A first password.
    Invitation,
    /// A new password; the second factor stays.
    Password,
    /// A new password, and the second factor is taken away.
    PasswordAndFactor,
}

/// A new link.
pub struct NewLink<'a> {
    /// The hash of its token.
    pub token_hash: &'a [u8],
    /// Whom it is for.
    pub staff_id: Uuid,
    /// What it is for.
    pub kind: LinkKind,
    /// The login of who made it, or `operator`.
    pub made_by: &'a str,
    /// When it stops working.
    pub expires_at: At,
}

/// A link that still works.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Link {
    /// Whom it is for.
    #[sqlx(flatten)]
    pub account: Account,
    /// What it is for.
    pub kind: LinkKind,
}

impl Tx {
    /// Keeps a link; earlier ones for the same person stop working.
    pub async fn add_link(&mut self, new: &NewLink<'_>, now: At) -> Result<(), StoreError> {
        self.drop_links(new.staff_id).await?;
        later!(
            self,
            "INSERT INTO links (token_hash, staff_id, kind, made_by, made_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            new.token_hash,
            new.staff_id,
            new.kind,
            new.made_by,
            now,
            new.expires_at,
        );
        Ok(())
    }

    /// The link of a token, while it works: for somebody who has not left and is not locked.
    pub async fn link(&mut self, token_hash: &[u8], now: At) -> Result<Option<Link>, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT s.id, s.login, s.name, s.role, l.kind FROM links l JOIN staff s ON s.id = l.staff_id
              WHERE l.token_hash = $1 AND l.expires_at > $2 AND s.left_at IS NULL AND s.locked_at IS NULL"
        )
        .bind(token_hash)
        .bind(now)
        .fetch_optional(c)
        .await?
        }))
    }

    /// Uses a link up. `false` when another one was faster.
    pub async fn use_link(&mut self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let done = on!(self, |c| sqlx::query(
            "DELETE FROM links WHERE token_hash = $1"
        )
        .bind(token_hash)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Takes the links of a person away.
    pub async fn drop_links(&mut self, staff: Uuid) -> Result<(), StoreError> {
        later!(self, "DELETE FROM links WHERE staff_id = $1", staff,);
        Ok(())
    }

    /// Takes away links that no longer work.
    pub async fn drop_old_links(&mut self, now: At) -> Result<(), StoreError> {
        later!(self, "DELETE FROM links WHERE expires_at <= $1", now,);
        Ok(())
    }
}
