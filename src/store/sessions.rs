//! Sessions, each under the hash of its token, and the browsers that somebody has signed in with.

use uuid::Uuid;

use super::tx::{later, on};
use super::{Account, StoreError, Tx};
use crate::clock::At;
use crate::locale::Locale;
use crate::staff::Device;

/// A new session.
pub struct NewSession<'a> {
    /// The hash of its token.
    pub token_hash: &'a [u8],
    /// Whose it is.
    pub staff_id: Uuid,
    /// What it was started on.
    pub device: Device,
    /// Whether the code of the second factor is still to come: until then it opens nothing.
    pub code_due: bool,
}

/// A session of somebody who has not left and is not locked.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    /// The row.
    #[sqlx(rename = "session_id")]
    pub id: Uuid,
    /// Whose it is.
    #[sqlx(flatten)]
    pub account: Account,
    /// The language in which they read the pages, if they chose one.
    pub locale: Option<Locale>,
    /// When they set up their second factor.
    pub totp_at: Option<At>,
    /// What it was started on.
    pub device: Device,
    /// Whether the code of the second factor is still to come.
    pub code_due: bool,
    /// When it was started.
    pub created_at: At,
    /// When it was last used, to the minute.
    pub seen_at: At,
    /// When the person last proved who they are.
    pub confirmed_at: At,
}

/// Sessions that began after `$2` and were seen after `$3`, with a condition on `$1`.
macro_rules! sessions {
    ($condition:literal) => {
        concat!(
            "SELECT e.id AS session_id, s.id, s.login, s.name, s.role, s.locale, s.totp_at, e.device,
                    e.code_due, e.created_at, e.seen_at, e.confirmed_at
               FROM sessions e JOIN staff s ON s.id = e.staff_id
              WHERE e.created_at > $2 AND e.seen_at > $3 AND s.left_at IS NULL AND s.locked_at IS NULL
                AND ",
            $condition,
            " ORDER BY e.seen_at DESC, e.id"
        )
    };
}

impl Tx {
    /// Keeps a session; its row.
    pub async fn start_session(
        &mut self,
        new: &NewSession<'_>,
        now: At,
    ) -> Result<Uuid, StoreError> {
        let id = self.id(now);
        on!(self, |c| {
            sqlx::query(
            "INSERT INTO sessions (id, token_hash, staff_id, device, code_due, created_at, seen_at, confirmed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $6)"
        )
        .bind(id)
        .bind(new.token_hash)
        .bind(new.staff_id)
        .bind(new.device)
        .bind(new.code_due)
        .bind(now)
        .execute(c)
        .await
        .map(|_| ())
        })?;
        Ok(id)
    }

    /// The session of a token that began after `created_after` and was seen after `seen_after`.
    pub async fn session(
        &mut self,
        token_hash: &[u8],
        created_after: At,
        seen_after: At,
    ) -> Result<Option<Session>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(sessions!(
            "e.token_hash = $1"
        ))
        .bind(token_hash)
        .bind(created_after)
        .bind(seen_after)
        .fetch_optional(c)
        .await?))
    }

    /// The sessions of a person that opened something and are still good, the last used first.
    pub async fn sessions_of(
        &mut self,
        staff: Uuid,
        created_after: At,
        seen_after: At,
    ) -> Result<Vec<Session>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(sessions!(
            "e.staff_id = $1 AND NOT e.code_due"
        ))
        .bind(staff)
        .bind(created_after)
        .bind(seen_after)
        .fetch_all(c)
        .await?))
    }

    /// Notes that a session is in use.
    pub async fn touch_session(
        &mut self,
        id: Uuid,
        staff: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE sessions SET seen_at = $2 WHERE id = $1",
            id,
            now,
        );
        later!(
            self,
            "UPDATE staff SET seen_at = $2 WHERE id = $1",
            staff,
            now,
        );
        Ok(())
    }

    /// Notes that the person behind a session has just proved who they are.
    pub async fn confirm_session(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE sessions SET confirmed_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Ends the session of a token.
    pub async fn end_session(&mut self, token_hash: &[u8]) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM sessions WHERE token_hash = $1",
            token_hash,
        );
        Ok(())
    }

    /// Ends one session of a person; `false` when they have none like it.
    pub async fn end_session_of(&mut self, staff: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let done = on!(self, |c| sqlx::query(
            "DELETE FROM sessions WHERE staff_id = $1 AND id = $2"
        )
        .bind(staff)
        .bind(id)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Ends all sessions of a person, but perhaps one.
    pub async fn end_sessions(&mut self, staff: Uuid, but: Option<Uuid>) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM sessions WHERE staff_id = $1 AND id <> $2",
            staff,
            but.unwrap_or_default(),
        );
        Ok(())
    }

    /// Takes away sessions that can no longer be used.
    pub async fn drop_old_sessions(
        &mut self,
        created_before: At,
        seen_before: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM sessions WHERE created_at <= $1 OR seen_at <= $2",
            created_before,
            seen_before,
        );
        Ok(())
    }

    /// Notes that a person has signed in with a browser, known by the hash of its token.
    pub async fn keep_browser(
        &mut self,
        token_hash: &[u8],
        staff: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO browsers (token_hash, staff_id, made_at, seen_at) VALUES ($1, $2, $3, $3)
             ON CONFLICT (token_hash, staff_id) DO UPDATE SET seen_at = excluded.seen_at",
            token_hash,
            staff,
            now,
        );
        Ok(())
    }

    /// Whether a person has signed in with a browser after a moment.
    pub async fn knows_browser(
        &mut self,
        token_hash: &[u8],
        staff: Uuid,
        seen_after: At,
    ) -> Result<bool, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM browsers
                             WHERE token_hash = $1 AND staff_id = $2 AND seen_at > $3)"
        )
        .bind(token_hash)
        .bind(staff)
        .bind(seen_after)
        .fetch_one(c)
        .await?))
    }

    /// Forgets browsers that nobody has signed in with since.
    pub async fn drop_old_browsers(&mut self, seen_before: At) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM browsers WHERE seen_at <= $1",
            seen_before,
        );
        Ok(())
    }
}
