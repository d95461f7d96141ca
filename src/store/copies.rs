//! Copies of a SQLite database: made beside a running server, and looked at without changing them.

use std::path::Path;
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::OpenError;
use crate::clock::At;
use crate::disk;

/// What is wrong with a copy, and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyState {
    /// What SQLite finds broken in the file; empty when it is whole.
    pub broken: Vec<String>,
    /// How many rows point to a row that is not there.
    pub dangling: usize,
    /// Texts and replies.
    pub messages: i64,
    /// When the newest of them came or went.
    pub newest: Option<At>,
    /// Cases that were open.
    pub open_cases: i64,
}

/// Copies the database of a URL, as it is at this moment, into a new file for its owner only. Nobody waits
/// for it: it only reads.
///
/// # Errors
/// [`OpenError`]: there is no copy.
pub async fn copy(url: &str, to: &Path) -> Result<(), OpenError> {
    let refused = |source| OpenError::File {
        path: to.display().to_string(),
        source,
    };
    let mut source = connect(url).await?;
    // Made first, so that it is private from its first byte; SQLite fills an empty file.
    disk::private_options()
        .write(true)
        .create_new(true)
        .open(to)
        .map_err(refused)?;
    let made = sqlx::query("VACUUM INTO $1")
        .bind(to.display().to_string())
        .execute(&mut source)
        .await;
    made.map_err(OpenError::Unreadable)?;
    source.close().await.map_err(OpenError::Unreadable)?;
    // SQLite does not wait until the copy is on the disk.
    std::fs::File::open(to)
        .and_then(|copy| copy.sync_all())
        .map_err(refused)
}

/// Looks at a copy from its first page to its last.
///
/// # Errors
/// [`OpenError`]: it cannot be read at all.
pub async fn state(url: &str) -> Result<CopyState, OpenError> {
    let mut copy = connect(url).await?;
    let state = read(&mut copy).await.map_err(OpenError::Unreadable)?;
    copy.close().await.map_err(OpenError::Unreadable)?;
    Ok(state)
}

async fn connect(url: &str) -> Result<SqliteConnection, OpenError> {
    let options = SqliteConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
    let options = options.read_only(true).create_if_missing(false);
    options.connect().await.map_err(OpenError::Unreadable)
}

async fn read(copy: &mut SqliteConnection) -> Result<CopyState, sqlx::Error> {
    let mut broken: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(10)")
        .fetch_all(&mut *copy)
        .await?;
    broken.retain(|found| found != "ok");
    if !broken.is_empty() {
        return Ok(CopyState {
            broken,
            ..CopyState::default()
        });
    }
    let dangling = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut *copy)
        .await?;
    let (messages, newest) = sqlx::query_as("SELECT COUNT(*), MAX(at) FROM messages")
        .fetch_one(&mut *copy)
        .await?;
    let open_cases = sqlx::query_scalar("SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL")
        .fetch_one(&mut *copy)
        .await?;
    Ok(CopyState {
        broken,
        dangling: dangling.len(),
        messages,
        newest,
        open_cases,
    })
}
