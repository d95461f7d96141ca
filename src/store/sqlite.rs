//! Opens SQLite: one connection that writes, four that read.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::RwLock;

use super::writer::Writer;
use super::{OpenError, Pool, tables};
use crate::crypto::Keyring;
use crate::id::IdSource;

/// The connections to the database of a URL, with its tables up to date.
pub(super) async fn open(
    url: &str,
    keys: &Arc<Keyring>,
    ids: &Arc<dyn IdSource>,
    home: &TimeZone,
) -> Result<Pool, OpenError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(OpenError::Unreadable)?
        .journal_mode(SqliteJournalMode::Wal)
        // A 2xx depends on it: WAL without FULL may lose the last commits in a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted is overwritten, not only forgotten (promise P9).
        .pragma("secure_delete", "ON")
        .busy_timeout(Duration::from_secs(5));
    private_file(&options)?;
    let one = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1);
    let writer = one
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Unreadable)?;
    tables::bring_up_sqlite(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options.clone().read_only(true))
        .await
        .map_err(OpenError::Unreadable)?;
    let writer = Writer::start(writer, Arc::clone(keys), Arc::clone(ids), home.clone());
    Ok(Pool::Sqlite {
        readers,
        writer: Arc::new(RwLock::new(Some(writer))),
        options: Arc::new(options),
    })
}

/// Makes the database file, readable for its owner only; SQLite gives its journal the same mode.
fn private_file(options: &SqliteConnectOptions) -> Result<(), OpenError> {
    let path = options.get_filename();
    let refused = |source| OpenError::File {
        path: path.display().to_string(),
        source,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        crate::disk::private_folder(folder).map_err(refused)?;
    }
    crate::disk::private_options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(refused)?;
    Ok(())
}
