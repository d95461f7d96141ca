//! A look at the database that changes nothing: for `harborline doctor`, beside a running server.

use std::str::FromStr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;

use super::server::Server;
use super::settings::KEY_CHECK;
use super::{OpenError, Pool, Store, tables};
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
    /// Its tables are newer than this program, which works on them all the same.
    AheadAndFit,
    /// Its tables are newer than this program, and it does not start on them.
    Ahead,
}

/// Looks at the database of a URL, and whether the keys open what is sealed in it. Nothing is made or
/// changed.
///
/// # Errors
/// [`OpenError`] names the setting and the fix.
pub async fn probe(url: &str, keys: &Arc<Keyring>) -> Result<Probe, OpenError> {
    let mark = "SELECT value FROM settings WHERE name = 'key_check'";
    let (tables, sealed): (_, Option<Vec<u8>>) = if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        if !options.get_filename().exists() {
            return Ok(Probe::Absent);
        }
        let options = options.read_only(true);
        let mut c = options.connect().await.map_err(OpenError::Unreadable)?;
        // A file that is no database fails here.
        let tables = tables::of_sqlite(&mut c).await;
        let tables = tables.map_err(OpenError::Unreadable)?;
        let sealed = sqlx::query_scalar(mark).fetch_optional(&mut c).await;
        c.close().await.map_err(OpenError::Unreadable)?;
        (tables, sealed.unwrap_or(None))
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let options = PgConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        let mut c = options.connect().await.map_err(OpenError::Unreadable)?;
        let tables = tables::of_postgres(&mut c).await;
        let tables = tables.map_err(OpenError::Unreadable)?;
        let sealed = sqlx::query_scalar(mark).fetch_optional(&mut c).await;
        c.close().await.map_err(OpenError::Unreadable)?;
        (tables, sealed.unwrap_or(None))
    } else {
        return Err(OpenError::UnknownEngine);
    };
    if sealed.is_some_and(|sealed| keys.house().open(KEY_CHECK, &sealed).is_err()) {
        return Err(OpenError::WrongKey);
    }
    Ok(tables)
}

/// Opens a database that [`probe`] found to be current or fit, to read from it. What would write is refused on
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
        let server = Server::looked_at(url)?;
        let first = server.current().pool.acquire().await;
        drop(first.map_err(OpenError::Unreadable)?);
        Pool::Postgres(Arc::new(server))
    };
    Ok(Store {
        pool,
        keys,
        ids,
        // Whoever only looks tells nobody a time.
        home: TimeZone::UTC,
        whole: Arc::new(watch::Sender::new(true)),
        refused: Arc::default(),
    })
}
