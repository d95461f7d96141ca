//! `harborline backup`, `harborline restore` and `harborline migrate`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, doctor, runtime};
use crate::backup::{self, BackupError};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::crypto::{Keyring, keyfile};
use crate::id::SystemIds;
use crate::store::{OpenError, Probe, Store, probe};

/// The name of a backup without one: the moment at which it was made.
fn name_of_now() -> PathBuf {
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).unwrap_or_default();
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    PathBuf::from(format!("harborline-backup-{time}"))
}

pub(super) fn make(config: &Config, to: Option<PathBuf>) -> Result<(), Failure> {
    let to = to.unwrap_or_else(name_of_now);
    let made = runtime()?.block_on(backup::make(config, &to, SystemClock.now()));
    let note = made.map_err(failure)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: the database ({} bytes) and {} entries of the spool, sealed as they were.",
        to.display(),
        note.bytes,
        note.spooled
    )?;
    writeln!(
        out,
        "The key is not in it: keep a copy of {} in another place. Check it: harborline restore --check {}",
        config.keys.file.display(),
        to.display()
    )?;
    Ok(())
}

pub(super) fn restore(
    config: &Config,
    from: Option<&Path>,
    check: bool,
    json: bool,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    if check {
        let findings = runtime()?.block_on(backup::check(config, from, now));
        return doctor::report(&findings, json);
    }
    let Some(from) = from else {
        return Err(Failure::from(
            "name the backup that is to be put back, or add --check to look at the database in use",
        ));
    };
    let restored = runtime()?.block_on(backup::restore(config, from, now));
    let restored = restored.map_err(failure)?;
    writeln!(
        io::stdout(),
        "{} and {} entries of the spool are back. Now: harborline doctor, then harborline serve. What else to think of: docs/operating.md, A restore",
        restored.database.display(),
        restored.spooled
    )?;
    Ok(())
}

/// What cannot be done here is a finding: a script that counts on a backup must not go on.
fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Open(_) => Failure::from(error),
        error => Failure::finding(error),
    }
}

pub(super) fn migrate(config: &Config, check: bool) -> Result<(), Failure> {
    let ids = SystemIds::default();
    let master = if check {
        keyfile::load(&config.keys.file)?
    } else {
        keyfile::load_or_create(&config.keys.file, &ids)?
    };
    let keys = Arc::new(Keyring::new(&master));
    let url = &config.database.url;
    runtime()?.block_on(async {
        let before = probe(url, &keys).await?;
        let mut out = io::stdout().lock();
        match (before, check) {
            (Probe::Current, _) => writeln!(out, "The tables are those of this version: nothing to do.")?,
            (Probe::AheadAndFit, _) => writeln!(
                out,
                "The tables are of a newer version, and this one works on them: nothing to do."
            )?,
            (Probe::Ahead, _) => return Err(Failure::finding(OpenError::TooNew)),
            (_, true) => {
                return Err(Failure::finding(
                    "database.url: its tables are older than this program, or not there yet. Back it up, then run: harborline migrate",
                ));
            }
            (Probe::Absent | Probe::Empty | Probe::Behind, false) => {
                let home = jiff::tz::TimeZone::UTC;
                let store = Store::open(url, config.database.most(), keys, Arc::new(ids), home).await?;
                let whole = store.is_whole();
                store.close().await;
                if !whole {
                    return Err(Failure::from(
                        "database.url: the server is out of reach: nothing was changed. Start it, and run this again",
                    ));
                }
                writeln!(out, "The tables are up to date.")?;
            }
        }
        Ok(())
    })
}
