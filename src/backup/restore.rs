//! Puts a backup back, where nothing is: what is there is never overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use super::check::{check, database_of};
use super::{BackupError, SPOOL, copy_files, dump_command, file_of};
use crate::clock::At;
use crate::config::Config;
use crate::disk;
use crate::gateway::check::State;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The database.
    pub database: PathBuf,
    /// How many entries of the spool.
    pub spooled: usize,
}

/// Checks a backup and puts it where the configuration wants the database and the spool.
///
/// # Errors
/// [`BackupError`]: nothing was put back.
pub async fn restore(config: &Config, from: &Path, now: At) -> Result<Restored, BackupError> {
    if !config.database.url.starts_with("sqlite:") {
        let dump = dump_command(&config.database.url, from);
        let command = dump.replacen("pg_dump --format=custom", "pg_restore", 1);
        let command = command.replacen("--file=", "", 1);
        return Err(BackupError::Postgres { command });
    }
    let findings = check(config, Some(from), now).await;
    if findings.iter().any(|finding| finding.state == State::Fail) {
        return Err(BackupError::NotUsable(from.to_owned()));
    }
    let database = file_of(&config.database.url);
    let mut journals = ["", "-wal", "-shm"].map(|end| {
        let mut name = database.clone().into_os_string();
        name.push(end);
        PathBuf::from(name)
    });
    // A journal of another database would be played into this one.
    if let Some(there) = journals.iter_mut().find(|path| path.exists()) {
        return Err(BackupError::InTheWay(std::mem::take(there)));
    }
    let copy = database_of(from);
    let bytes = fs::read(&copy).map_err(BackupError::file(&copy))?;
    // Texts before the database: a start in between would not know that there were any.
    let spooled = copy_files(&from.join(SPOOL), &config.spool.directory)?;
    disk::write_new(&database, &bytes).map_err(BackupError::file(&database))?;
    Ok(Restored { database, spooled })
}
