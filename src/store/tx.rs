//! One unit of work on either engine.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::tz::TimeZone;
use sqlx::{Postgres, Sqlite, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::audit_chain::Entry;
use super::later::Later;
use crate::clock::At;
use crate::crypto::{Keyring, Place, SealingKey};
use crate::id::IdSource;

/// A transaction. Dropped without a commit, it is rolled back. Its methods stand with the nouns
/// that they store: see the files of this folder.
pub struct Tx {
    pub(super) inner: Inner,
    pub(super) later: Later,
    /// What goes into the audit log when this commits.
    pub(super) entries: Vec<Entry>,
    pub(super) keys: Arc<Keyring>,
    pub(super) ids: Arc<dyn IdSource>,
    /// Where who has not said where they live is taken to be.
    pub(super) home: TimeZone,
}

pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs a statement whose outcome nobody reads: on SQLite together with its neighbours.
macro_rules! later {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        match &mut $tx.inner {
            $crate::store::tx::Inner::Sqlite(_) => {
                let count = [$(stringify!($value)),*].len();
                $tx.later.add($sql, count, |values| {
                    $(sqlx::Arguments::add(values, $value)?;)*
                    Ok(())
                })?;
                if $tx.later.is_full() {
                    $tx.flush().await?;
                }
            }
            $crate::store::tx::Inner::Postgres(t) => {
                sqlx::query($sql)$(.bind($value))*.execute(&mut **t).await?;
            }
        }
    };
}
pub(super) use later;

/// Runs one statement on whichever driver the transaction holds. The SQL is written once; where
/// the engines need different words, both are given.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {{
        $tx.flush().await?;
        match &mut $tx.inner {
            $crate::store::tx::Inner::Sqlite(t) => {
                let $c = &mut **t;
                $body
            }
            $crate::store::tx::Inner::Postgres(t) => {
                let $c = &mut **t;
                $body
            }
        }
    }};
    ($tx:expr, sqlite: $s:expr, postgres: $p:expr, |$sql:ident, $c:ident| $body:expr) => {{
        $tx.flush().await?;
        match &mut $tx.inner {
            $crate::store::tx::Inner::Sqlite(t) => {
                let ($c, $sql) = (&mut **t, $s);
                $body
            }
            $crate::store::tx::Inner::Postgres(t) => {
                let ($c, $sql) = (&mut **t, $p);
                $body
            }
        }
    }};
}
pub(super) use on;

impl Tx {
    /// Sends what was kept back.
    pub(super) async fn flush(&mut self) -> Result<(), StoreError> {
        if let Inner::Sqlite(t) = &mut self.inner
            && !self.later.is_empty()
        {
            self.later.take().execute(&mut **t).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.enter().await?;
        self.flush().await?;
        match self.inner {
            Inner::Sqlite(t) => t.commit().await?,
            Inner::Postgres(t) => t.commit().await?,
        }
        Ok(())
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(t) => t.rollback().await?,
            Inner::Postgres(t) => t.rollback().await?,
        }
        Ok(())
    }

    /// A new id for a row made at this time.
    #[must_use]
    pub fn id(&self, at: At) -> Uuid {
        self.ids.id(at)
    }

    pub(super) fn seal(
        &self,
        key: &SealingKey,
        column: &'static str,
        row: Uuid,
        plain: &[u8],
    ) -> Vec<u8> {
        key.seal(&*self.ids, Place { column, row }, plain)
    }
}

/// What a gateway says of a text, as both engines can keep it: `TEXT` of `PostgreSQL` holds no NUL.
pub(super) fn storable(said: &str) -> Cow<'_, str> {
    if said.contains('\0') {
        Cow::Owned(said.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(said)
    }
}

/// Opens a sealed column; damage names the row. `column` is `table.column`.
pub(super) fn open(
    key: &SealingKey,
    column: &'static str,
    row: Uuid,
    sealed: &[u8],
) -> Result<Vec<u8>, StoreError> {
    match key.open(Place { column, row }, sealed) {
        Ok(plain) => Ok(plain.to_vec()),
        Err(error) => {
            let table = column.split_once('.').map_or(column, |(table, _)| table);
            Err(StoreError::Corrupt {
                table,
                id: row,
                why: format!("{column}: {error}"),
            })
        }
    }
}

/// Opens a sealed column that holds words.
pub(super) fn open_text(
    key: &SealingKey,
    column: &'static str,
    row: Uuid,
    sealed: &[u8],
) -> Result<String, StoreError> {
    // Only text is sealed here; damage that survives the tag is not possible.
    Ok(String::from_utf8_lossy(&open(key, column, row, sealed)?).into_owned())
}
