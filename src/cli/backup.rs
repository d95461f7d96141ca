//! `harborline backup`, `harborline restore` and `harborline migrate`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::progress::Progress;
use super::{Failure, doctor, interruptible, runtime};
use crate::app::key_source;
use crate::backup::{self, BackupError};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::crypto::Keyring;
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
    let bar = Progress::steps("copying");
    let tell = |step, done, all| bar.step(step, done, all);
    let work = backup::make(config, &to, SystemClock.now(), &tell);
    let made = runtime()?.block_on(interruptible(work))?;
    drop(bar);
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
        key_source(config),
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
        let bar = Progress::steps("reading");
        let tell = |step, done, all| bar.step(step, done, all);
        let findings = runtime()?.block_on(backup::check(config, from, now, &tell));
        drop(bar);
        return doctor::report(&findings, json);
    }
    let Some(from) = from else {
        return Err(Failure::from(
            "name the backup that is to be put back, or add --check to look at the database in use",
        ));
    };
    let bar = Progress::steps("reading");
    let tell = |step, done, all| bar.step(step, done, all);
    let restored = runtime()?.block_on(interruptible(backup::restore(config, from, now, &tell)))?;
    drop(bar);
    let restored = restored.map_err(failure)?;
    if let Some(why) = &restored.audit {
        writeln!(
            io::stderr(),
            "harborline: {why}. It is put back as it was in the copy, so that the line can go on: find out who changed it"
        )?;
    }
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
    let source = key_source(config);
    let masters = if check {
        source.load()?
    } else {
        source.load_or_create(&ids)?
    };
    let keys = Arc::new(Keyring::of(&masters, None));
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
                let _spins = Progress::spinning("bringing the tables up to date");
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
