//! Backups: a folder with the database as it was at one moment, what the spool held, and a note of both.
//! Made beside a running server, checked, and put back. The master key is deliberately never in it. Floor 5.

mod check;
mod postgres;
mod restore;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::At;
use crate::config::Config;
use crate::disk;
use crate::store::{OpenError, copy};

pub use check::check;
pub use postgres::dump_command;
pub use restore::{Restored, restore};

/// The names in the folder.
const DATABASE: &str = "harborline.db";
const NOTE: &str = "backup.json";
const SPOOL: &str = "spool";

/// Why there is no backup, or nothing was put back: one sentence with the place and the fix.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It is not ours to copy.
    #[error(
        "database.url: nothing was copied: PostgreSQL is backed up by its own tool. Run: {command}"
    )]
    Postgres {
        /// What to run.
        command: String,
    },
    /// Something is there already.
    #[error("{0} is there already: nothing was changed. Name another place, or move it away")]
    InTheWay(PathBuf),
    /// There is no database.
    #[error(
        "database.url: there is no database at {0} yet. Start the server once, or mend the URL"
    )]
    NoDatabase(PathBuf),
    /// The folder does not hold a backup.
    #[error("{0} holds no backup that can be used. Run `harborline restore --check` on it")]
    NotUsable(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}. Make it readable and its folder writable for this user")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database could not be copied or read.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl BackupError {
    fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When it was made, in Unix milliseconds.
    pub made_at: i64,
    /// The version of the program that made it.
    pub version: String,
    /// SHA-256 of the database, in hexadecimal.
    pub sha256: String,
    /// Bytes of the database.
    pub bytes: u64,
    /// How many entries of the spool are in it.
    pub spooled: usize,
}

/// Makes a backup in a new folder.
///
/// # Errors
/// [`BackupError`]; what was begun is taken away again.
pub async fn make(config: &Config, to: &Path, now: At) -> Result<Note, BackupError> {
    if !config.database.url.starts_with("sqlite:") {
        let command = dump_command(&config.database.url, to);
        return Err(BackupError::Postgres { command });
    }
    let database = file_of(&config.database.url);
    if !database.exists() {
        return Err(BackupError::NoDatabase(database));
    }
    if to.exists() {
        return Err(BackupError::InTheWay(to.to_owned()));
    }
    let made = fill(config, to, now).await;
    if made.is_err() {
        // Half a backup is worse than none: somebody might trust it.
        let _ = fs::remove_dir_all(to);
    }
    made
}

async fn fill(config: &Config, to: &Path, now: At) -> Result<Note, BackupError> {
    disk::private_folder(to).map_err(BackupError::file(to))?;
    // The spool first: what it hands over meanwhile is in the database as well, and is known there.
    let spooled = copy_files(&config.spool.directory, &to.join(SPOOL))?;
    let database = to.join(DATABASE);
    copy(&config.database.url, &database).await?;
    let (sha256, bytes) = digest(&database).map_err(BackupError::file(&database))?;
    let note = Note {
        made_at: now.0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256,
        bytes,
        spooled,
    };
    let text = serde_json::to_vec_pretty(&note).unwrap_or_default();
    let path = to.join(NOTE);
    disk::write_new(&path, &text).map_err(BackupError::file(&path))?;
    Ok(note)
}

/// Copies the files of a folder, private and synced; says how many. Folders in it are left alone, and one that
/// is not there is empty.
fn copy_files(from: &Path, to: &Path) -> Result<usize, BackupError> {
    let files = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        files => files.map_err(BackupError::file(from))?,
    };
    let mut count = 0;
    for file in files {
        let path = file.map_err(BackupError::file(from))?.path();
        let (true, Some(name)) = (path.is_file(), path.file_name()) else {
            continue;
        };
        match fs::read(&path) {
            // The server has handed it over meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => {
                let bytes = read.map_err(BackupError::file(&path))?;
                let there = to.join(name);
                disk::write_new(&there, &bytes).map_err(BackupError::file(&there))?;
                count += 1;
            }
        }
    }
    Ok(count)
}

fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut fs::File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok((hex::encode(hash.finalize()), bytes))
}

/// Takes bytes into a hash.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file of a SQLite URL.
fn file_of(url: &str) -> PathBuf {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    PathBuf::from(path.split('?').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_url_is_found() {
        for (url, file) in [
            ("sqlite://data/harborline.db", "data/harborline.db"),
            (
                "sqlite:///data/harborline.db?mode=rwc",
                "/data/harborline.db",
            ),
            ("sqlite:harborline.db", "harborline.db"),
        ] {
            assert_eq!(file_of(url), PathBuf::from(file));
        }
    }
}
