//! A look at the database that changes nothing: for `harborline doctor`, beside a running server.

use std::str::FromStr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;

use super::settings::KEY_CHECK;
use super::{OpenError, POSTGRES, Pool, SQLITE, Store};
use crate::crypto::Keyring;
use crate::id::IdSource;

/// What a look at the database shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// There is none yet; the first start makes it.
    Absent,
    /// It has no tables yet; the first start makes them.
    Empty,
    /// Its tables are older than this program; the next start brings them up to date.
    Behind,
    /// Its tables are those of this program.
    Current,
    /// Its tables are newer than this program.
    Ahead,
}

/// Looks at the database of a URL, and whether the keys open what is sealed in it. Nothing is made or
/// changed.
///
/// # Errors
/// [`OpenError`] names the setting and the fix.
pub async fn probe(url: &str, keys: &Arc<Keyring>) -> Result<Probe, OpenError> {
    let versions = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";
    let mark = "SELECT value FROM settings WHERE name = 'key_check'";
    let (version, sealed, newest): (Option<i64>, Option<Vec<u8>>, _) = if url.starts_with("sqlite:")
    {
        let options = SqliteConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        if !options.get_filename().exists() {
            return Ok(Probe::Absent);
        }
        let options = options.read_only(true);
        let mut c = options.connect().await.map_err(OpenError::Unreadable)?;
        // A file that is no database fails here; one without our tables only below.
        let any = sqlx::query("SELECT COUNT(*) FROM sqlite_schema");
        any.execute(&mut c).await.map_err(OpenError::Unreadable)?;
        let version = sqlx::query_scalar(versions).fetch_one(&mut c).await;
        let sealed = sqlx::query_scalar(mark).fetch_optional(&mut c).await;
        c.close().await.map_err(OpenError::Unreadable)?;
        (
            version.unwrap_or(None),
            sealed.unwrap_or(None),
            newest(&SQLITE),
        )
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let options = PgConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        let mut c = options.connect().await.map_err(OpenError::Unreadable)?;
        let version = sqlx::query_scalar(versions).fetch_one(&mut c).await;
        let sealed = sqlx::query_scalar(mark).fetch_optional(&mut c).await;
        c.close().await.map_err(OpenError::Unreadable)?;
        (
            version.unwrap_or(None),
            sealed.unwrap_or(None),
            newest(&POSTGRES),
        )
    } else {
        return Err(OpenError::UnknownEngine);
    };
    if sealed.is_some_and(|sealed| keys.house().open(KEY_CHECK, &sealed).is_err()) {
        return Err(OpenError::WrongKey);
    }
    Ok(match version {
        None => Probe::Empty,
        Some(version) if version < newest => Probe::Behind,
        Some(version) if version > newest => Probe::Ahead,
        Some(_) => Probe::Current,
    })
}

/// Opens a database that [`probe`] found to be current, to read from it. What would write is refused on
/// SQLite, and no table is made or changed on either engine.
///
/// # Errors
/// [`OpenError`] names the setting and the fix.
pub async fn look(
    url: &str,
    keys: Arc<Keyring>,
    ids: Arc<dyn IdSource>,
) -> Result<Store, OpenError> {
    let pool = if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        let options = options.read_only(true);
        let readers = SqlitePoolOptions::new().max_connections(1);
        Pool::Sqlite {
            readers: readers
                .connect_with(options.clone())
                .await
                .map_err(OpenError::Unreadable)?,
            writer: Arc::default(),
            options: Arc::new(options),
        }
    } else {
        let options = PgConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        let one = PgPoolOptions::new().max_connections(1);
        Pool::Postgres(
            one.connect_with(options)
                .await
                .map_err(OpenError::Unreadable)?,
        )
    };
    Ok(Store {
        pool,
        keys,
        ids,
        // Whoever only looks tells nobody a time.
        home: TimeZone::UTC,
        whole: Arc::new(watch::Sender::new(true)),
    })
}

fn newest(migrator: &sqlx::migrate::Migrator) -> i64 {
    let versions = migrator.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}
