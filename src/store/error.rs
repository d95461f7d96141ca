//! What can go wrong with the store, by what the caller can do about it.

use uuid::Uuid;

/// A failed store operation. Never names a number or the words of a text.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or is out of reach.
    #[error("the database: {0}")]
    Driver(#[from] sqlx::Error),
    /// A row cannot be read back: damaged, or sealed with another key.
    #[error("{table} row {id} cannot be read: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        id: Uuid,
        /// What is wrong with it.
        why: String,
    },
    /// The unit of work panicked; it was rolled back.
    #[error("a unit of work panicked and was rolled back")]
    Panicked,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same unit of work may succeed when it is run again: PostgreSQL says that it
    /// lost a race (serialization failure, deadlock, a key that another one just took).
    pub(super) fn lost_a_race(&self) -> bool {
        let Self::Driver(sqlx::Error::Database(error)) = self else {
            return false;
        };
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "23505"))
    }
}

/// Why a store could not be opened: the place, and the fix.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is neither SQLite's nor PostgreSQL's.
    #[error(
        "database.url: it must start with sqlite:// or postgres://, as in sqlite://data/harborline.db"
    )]
    UnknownEngine,
    /// The folder or file of the database cannot be made.
    #[error(
        "database.url: {path} cannot be created: {source}. Make its folder writable for this user, or name another place"
    )]
    File {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database cannot be reached or read.
    #[error(
        "database.url: the database cannot be opened: {0}. Check the URL, that the server runs, and that the file is a readable SQLite database"
    )]
    Unreadable(sqlx::Error),
    /// The tables cannot be brought up to date.
    #[error(
        "database.url: the tables cannot be brought up to date: {0}. Restore a backup, or use the version of harborline that wrote them"
    )]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The data was sealed with another master key.
    #[error(
        "keys.file: this database was sealed with another master key. Put back the key file that was in use when it was made"
    )]
    WrongKey,
    /// The first read or write failed.
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
}
