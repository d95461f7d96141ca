//! Backups: a folder with the database as it was at one moment, what the spool held, and a note of both.
//! Made beside a running server, checked, and put back. The master key is deliberately never in it. Floor 5.

mod check;
mod postgres;
mod restore;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::At;
use crate::config::Config;
use crate::disk::{self, NewFolder};
use crate::store::{OpenError, copy};

pub use check::{check, note_of};
pub use postgres::dump_command;
pub use restore::{Restored, restore};

/// The names in the folder.
const DATABASE: &str = "harborline.db";
const NOTE: &str = "backup.json";
const SPOOL: &str = "spool";
/// How much is read in one go.
const CHUNK: usize = 1024 * 1024;
/// How often it is looked how far a copy is.
const LOOK: Duration = Duration::from_millis(200);

/// Hears what is done just now, and how far it is: bytes or entries, of how many; 0 when nobody knows.
pub type Tell<'a> = &'a (dyn Fn(&'static str, u64, u64) + Send + Sync);

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
    /// It is not ours to put back.
    #[error(
        "database.url: nothing was put back: PostgreSQL is restored by its own tool, into an empty database. Run: {command}"
    )]
    PostgresRestore {
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
    /// It is no backup that can be used.
    #[error("{backup}: nothing was put back: {finding}. {fix}")]
    NotUsable {
        /// Which.
        backup: PathBuf,
        /// The first thing that is wrong with it.
        finding: String,
        /// What to do.
        fix: String,
    },
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

/// Makes a backup in a new folder, which is there whole or not at all: somebody might trust half a one.
///
/// # Errors
/// [`BackupError`]; what was begun is taken away again.
pub async fn make(
    config: &Config,
    to: &Path,
    now: At,
    tell: Tell<'_>,
) -> Result<Note, BackupError> {
    if !config.database.url.starts_with("sqlite:") {
        let command = dump_command(&config.database.url, to);
        return Err(BackupError::Postgres { command });
    }
    let database = file_of(&config.database.url);
    if !database.exists() {
        return Err(BackupError::NoDatabase(database));
    }
    let folder = NewFolder::begin(to).map_err(|(path, source)| match source.kind() {
        io::ErrorKind::AlreadyExists => BackupError::InTheWay(path),
        _ => BackupError::File { path, source },
    })?;
    let note = fill(config, folder.path(), now, tell).await?;
    folder.finish().map_err(BackupError::file(to))?;
    Ok(note)
}

async fn fill(config: &Config, to: &Path, now: At, tell: Tell<'_>) -> Result<Note, BackupError> {
    // The spool first: what it hands over meanwhile is in the database as well, and is known there.
    let spooled = copy_files(&config.spool.directory, &to.join(SPOOL))?;
    let database = to.join(DATABASE);
    let all = fs::metadata(file_of(&config.database.url)).map_or(0, |about| about.len());
    let mut copying = std::pin::pin!(copy(&config.database.url, &database));
    loop {
        // Over the time it is only looked how far it is.
        if let Ok(copied) = tokio::time::timeout(LOOK, &mut copying).await {
            copied?;
            break;
        }
        let written = fs::metadata(&database).map_or(0, |about| about.len());
        tell("copying", written.min(all), all);
    }
    let (sha256, bytes) = digest(&database, tell).map_err(BackupError::file(&database))?;
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

/// The files of a folder, by path and name. Folders in it are left alone, and one that is not there is empty.
fn files_of(folder: &Path) -> Result<Vec<(PathBuf, OsString)>, BackupError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(BackupError::file(folder))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BackupError::file(folder))?;
        let path = entry.path();
        if path.is_file() {
            files.push((path, entry.file_name()));
        }
    }
    Ok(files)
}

/// Copies the files of a folder, private and synced; says how many.
fn copy_files(from: &Path, to: &Path) -> Result<usize, BackupError> {
    let mut count = 0;
    for (path, name) in files_of(from)? {
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

/// The hash of a file, and how many bytes it has.
fn digest(path: &Path, tell: Tell<'_>) -> io::Result<(String, u64)> {
    let mut file = fs::File::open(path)?;
    let all = file.metadata()?.len();
    let (mut hash, mut done) = (Sha256::new(), 0);
    let mut piece = vec![0; CHUNK];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), done));
        }
        hash.update(&piece[..read]);
        done += read as u64;
        tell("reading", done, all);
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
