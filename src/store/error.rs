//! What can go wrong with the store, by what the caller can do about it.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
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
    /// The commit took longer than it may.
    #[error("the database did not answer in time")]
    Late,
    /// The database was out of reach when the program started, and was not found since.
    #[error("the database was not found yet")]
    NotFoundYet,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the database is away, so that trying again later is all that can be done; otherwise
    /// something is wrong with a row or with our own work.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        !matches!(self, Self::Panicked) && !self.is_unreadable()
    }

    /// Whether a row is there and cannot be understood: damaged, or written by another version.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. }
                | Self::Driver(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
        )
    }

    /// Whether the database is well and refuses this very work: it breaks a rule of the tables, or
    /// cannot be read or done at all. A full disk, missing tables or a lost race are not the work's fault.
    #[must_use]
    pub fn is_of_the_work(&self) -> bool {
        match self {
            Self::Panicked => true,
            error if error.is_unreadable() => true,
            Self::Driver(sqlx::Error::Database(error)) if !self.lost_a_race() => {
                let code = error.code().unwrap_or_default();
                if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                    // Data exceptions, broken constraints, raised by a trigger (PostgreSQL, appendix A).
                    ["22", "23", "P0"]
                        .iter()
                        .any(|class| code.starts_with(class))
                } else {
                    // SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH: the low byte of the code.
                    let code = code.parse::<u32>().unwrap_or(0) & 0xff;
                    matches!(code, 18..=20)
                }
            }
            _ => false,
        }
    }

    /// Whether the server takes no writes: it is a standby, or was made read-only (PostgreSQL, appendix A).
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Driver(sqlx::Error::Database(error)) => error.code().as_deref() == Some("25006"),
            _ => false,
        }
    }

    /// Whether the connections were closed while somebody waited for one of them.
    pub(super) const fn is_of_a_closed_pool(&self) -> bool {
        matches!(self, Self::Driver(sqlx::Error::PoolClosed))
    }

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
    Migration(#[from] MigrateError),
    /// The tables are of a newer program, and say that this one does not work on them.
    #[error(
        "database.url: its tables are newer than this program, which does not know how to work on them. Use the version of harborline that wrote them, or a newer one"
    )]
    TooNew,
    /// The data was sealed with another master key.
    #[error(
        "keys.file: this database was sealed with another master key. Put back the key file that was in use when it was made"
    )]
    WrongKey,
    /// The seeds of texters' keys are in another keystore.
    #[error(
        "keys.keystore: this database was made with another keystore, and nobody's texts can be read without that. Put back its folder, or the newest copy of it"
    )]
    WrongKeystore,
    /// The first read or write failed.
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Whether the database server is away, which may pass; anything else is for the operator.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreadable(error)
            | Self::Migration(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            )
            | Self::Store(StoreError::Driver(error)) => is_away(error),
            Self::Store(error) => error.is_outage(),
            Self::UnknownEngine
            | Self::File { .. }
            | Self::Migration(_)
            | Self::TooNew
            | Self::WrongKey
            | Self::WrongKeystore => false,
        }
    }
}

/// Whether a server does not answer, or says itself that it cannot work just now: connection
/// exceptions, no resources, operator intervention, system error, read-only (PostgreSQL, appendix A).
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) if error.try_downcast_ref::<PgDatabaseError>().is_some() => {
            let code = error.code().unwrap_or_default();
            let away = ["08", "53", "57", "58", "25006"];
            away.iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}
