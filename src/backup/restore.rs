//! Puts a backup back, where nothing is: what is there is never overwritten, and what was not put back to its
//! end is taken away again.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::check::{AUDIT, check, database_of, note_of};
use super::{BackupError, CHUNK, SPOOL, Tell, dump_command, file_of, files_of};
use crate::clock::At;
use crate::config::Config;
use crate::disk::{self, HALF, HashedFile};
use crate::gateway::check::{Finding, State};

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The database.
    pub database: PathBuf,
    /// How many entries of the spool.
    pub spooled: usize,
    /// What is wrong with its audit log. It is put back all the same: the line must go on.
    pub audit: Option<String>,
}

/// What was made so far; it goes again when this is dropped before the end.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    whole: bool,
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.whole {
            return;
        }
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        // Those with something else in them stay: the system refuses.
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

impl Made {
    /// Makes a private folder and those above it.
    fn folder(&mut self, path: &Path) -> Result<(), BackupError> {
        let mut missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        missing.reverse();
        self.folders.extend(missing.into_iter().map(Path::to_owned));
        disk::private_folder(path).map_err(BackupError::file(path))
    }
}

/// Checks a backup and puts it where the configuration wants the database and the spool. It is copied in
/// pieces, however large it is.
///
/// # Errors
/// [`BackupError`]: nothing was put back.
pub async fn restore(
    config: &Config,
    from: &Path,
    now: At,
    tell: Tell<'_>,
) -> Result<Restored, BackupError> {
    if !config.database.url.starts_with("sqlite:") {
        let dump = dump_command(&config.database.url, from);
        let command = dump.replacen("pg_dump --format=custom", "pg_restore", 1);
        let command = command.replacen("--file=", "", 1);
        return Err(BackupError::PostgresRestore { command });
    }
    let database = file_of(&config.database.url);
    let mut journals = ["", "-wal", "-shm", HALF].map(|end| {
        let mut name = database.clone().into_os_string();
        name.push(end);
        PathBuf::from(name)
    });
    // A journal of another database would be played into this one.
    if let Some(there) = journals.iter_mut().find(|path| path.exists()) {
        return Err(BackupError::InTheWay(std::mem::take(there)));
    }
    let findings = check(config, Some(from), now, tell).await;
    let failed = |finding: &&Finding| finding.state == State::Fail;
    if let Some(why) = findings.iter().filter(failed).find(|one| one.id != AUDIT) {
        return Err(BackupError::NotUsable {
            backup: from.to_owned(),
            finding: why.finding.clone(),
            fix: why.fix.clone(),
        });
    }
    let audit = findings.iter().filter(failed).find(|one| one.id == AUDIT);
    let audit = audit.map(|finding| finding.finding.clone());
    let mut made = Made::default();
    let [_, _, _, half] = journals;
    copy_database(from, &half, &mut made, tell).await?;
    // Texts before the database: a start in between would not know that there were any.
    let spooled = put_spool(&from.join(SPOOL), &config.spool.directory, &mut made)?;
    // A hard link, unlike a rename, never replaces a file that another process just made.
    fs::hard_link(&half, &database).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::InTheWay(database.clone()),
        _ => BackupError::file(&database)(error),
    })?;
    made.whole = true;
    let _ = fs::remove_file(&half);
    disk::sync_folder_of(&database).map_err(BackupError::file(&database))?;
    Ok(Restored {
        database,
        spooled,
        audit,
    })
}

/// Copies the database piece by piece, and holds what was copied against the note.
async fn copy_database(
    from: &Path,
    to: &Path,
    made: &mut Made,
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    let copy = database_of(from);
    if let Some(folder) = to.parent().filter(|path| !path.as_os_str().is_empty()) {
        made.folder(folder)?;
    }
    let mut source = File::open(&copy).map_err(BackupError::file(&copy))?;
    let all = source.metadata().map_or(0, |about| about.len());
    let mut target = HashedFile::create(to).map_err(BackupError::file(to))?;
    made.files.push(to.to_owned());
    let mut piece = vec![0; CHUNK];
    let mut done = 0;
    loop {
        let read = source.read(&mut piece).map_err(BackupError::file(&copy))?;
        if read == 0 {
            break;
        }
        target
            .write_all(&piece[..read])
            .map_err(BackupError::file(to))?;
        done += read as u64;
        tell("copying", done, all);
        // So that Ctrl-C is heard.
        tokio::task::yield_now().await;
    }
    let (sha256, _) = target.finish().map_err(BackupError::file(to))?;
    match note_of(from) {
        Some(note) if note.sha256 != sha256 => Err(BackupError::NotUsable {
            backup: from.to_owned(),
            finding: "it was changed while it was copied".to_owned(),
            fix: "Make sure that nobody writes there, and run this again".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Puts the files of the spool back; says how many.
fn put_spool(from: &Path, to: &Path, made: &mut Made) -> Result<usize, BackupError> {
    let mut count = 0;
    for (path, name) in files_of(from)? {
        made.folder(to)?;
        let there = to.join(name);
        if there.exists() {
            return Err(BackupError::InTheWay(there));
        }
        let bytes = fs::read(&path).map_err(BackupError::file(&path))?;
        disk::write_new(&there, &bytes).map_err(BackupError::file(&there))?;
        made.files.push(there);
        count += 1;
    }
    Ok(count)
}
