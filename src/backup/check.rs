//! Whether a backup could be used: it is read from its first page to its last, and changed nowhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DATABASE, NOTE, Note, SPOOL, Tell, digest};
use crate::app::key_source;
use crate::audit_log;
use crate::clock::At;
use crate::config::Config;
use crate::crypto::Keyring;
use crate::crypto::source::KeySource;
use crate::gateway::check::Finding;
use crate::id::SystemIds;
use crate::oncall::span;
use crate::store::{CopyState, OpenError, Probe, copy_state, look, probe};

/// The check of the audit log. Where it alone fails, a backup can be put back.
pub(super) const AUDIT: &str = "backup.audit";

/// Looks at a backup: a folder that `harborline backup` made, a SQLite file, or, without a path, the database
/// of the configuration (for PostgreSQL: the one that a dump was restored into).
pub async fn check(config: &Config, from: Option<&Path>, now: At, tell: Tell<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let url = match from {
        None => config.database.url.clone(),
        Some(path) if path.is_dir() => {
            findings.extend(of_folder(path, now, tell));
            format!("sqlite://{}", path.join(DATABASE).display())
        }
        Some(path) => format!("sqlite://{}", path.display()),
    };
    let file = from.map(|path| {
        if path.is_dir() {
            path.join(DATABASE)
        } else {
            path.to_owned()
        }
    });
    if let Some(missing) = file.filter(|file| !file.is_file()) {
        findings.push(Finding::fail(
            "backup.database",
            format!("there is no file {}", missing.display()),
            "Name a folder that `harborline backup` made, or a copy of a SQLite database",
        ));
        return findings;
    }
    if url.starts_with("sqlite:") {
        tell("checking every page", 0, 0);
        findings.extend(of_file(&url, now).await);
    }
    if findings
        .iter()
        .all(|one| one.id != "backup.integrity" || one.fix.is_empty())
    {
        let (finding, keys) = with_key(config, &url).await;
        findings.push(finding);
        if let Some(keys) = keys {
            findings.push(chain(&url, keys, tell).await);
        }
    }
    findings
}

/// The note, and whether the database is the one that it speaks of.
fn of_folder(folder: &Path, now: At, tell: Tell<'_>) -> Vec<Finding> {
    let (id, database) = ("backup.note", folder.join(DATABASE));
    let Some(note) = note_of(folder) else {
        return vec![Finding::fail(
            id,
            format!(
                "{NOTE} is missing or cannot be read: the backup was not finished, or not made by harborline"
            ),
            "Take another backup; a bare SQLite file can be checked by its own name",
        )];
    };
    let age = span(now.since(At(note.made_at)));
    let made = format!("made {age} ago by version {}", note.version);
    let mut findings = vec![Finding::ok(id, made)];
    findings.push(match digest(&database, tell) {
        Ok((sha256, _)) if sha256 == note.sha256 => Finding::ok(
            "backup.checksum",
            format!("{} bytes, as they were written", note.bytes),
        ),
        Ok(_) => Finding::fail(
            "backup.checksum",
            "the database is not the one that was written: it was changed or damaged since",
            "Take another backup, and look at the disk that this one lay on",
        ),
        Err(why) => Finding::fail(
            "backup.checksum",
            format!("{DATABASE} cannot be read: {why}"),
            "Make it readable for this user, or take another backup",
        ),
    });
    findings.push(spool(&folder.join(SPOOL), note.spooled));
    findings
}

/// The note of a backup; none where it cannot be read, or where there is no folder.
#[must_use]
pub fn note_of(folder: &Path) -> Option<Note> {
    let text = fs::read(folder.join(NOTE)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn spool(folder: &Path, noted: usize) -> Finding {
    let id = "backup.spool";
    let there = fs::read_dir(folder).map_or(0, Iterator::count);
    if there == noted {
        return Finding::ok(
            id,
            format!("{there} entries of the spool, as they were noted"),
        );
    }
    Finding::fail(
        id,
        format!("{there} entries of the spool, and {noted} were noted"),
        "Take another backup",
    )
}

/// What SQLite says of the file, and what is in it.
async fn of_file(url: &str, now: At) -> Vec<Finding> {
    let id = "backup.integrity";
    match copy_state(url).await {
        Ok(state) if state.broken.is_empty() => vec![
            Finding::ok(id, "every page and index is whole"),
            dangling(&state),
            content(&state, now),
        ],
        Ok(state) => vec![Finding::fail(
            id,
            format!("SQLite finds it damaged: {}", state.broken.join("; ")),
            "Take another backup. If it is the last one: sqlite3 FILE .recover",
        )],
        Err(why) => vec![Finding::fail(
            id,
            format!("it cannot be read: {why}"),
            "Name a copy of a SQLite database of harborline",
        )],
    }
}

fn dangling(state: &CopyState) -> Finding {
    let id = "backup.references";
    if state.dangling == 0 {
        return Finding::ok(id, "every row finds the rows that it names");
    }
    Finding::fail(
        id,
        format!("{} rows name a row that is not there", state.dangling),
        "Take another backup",
    )
}

fn content(state: &CopyState, now: At) -> Finding {
    let id = "backup.content";
    let Some(newest) = state.newest else {
        return Finding::warn(id, "no text is in it", "Is it the right line?");
    };
    let age = span(now.since(newest));
    Finding::ok(
        id,
        format!(
            "texts and replies: {}, the newest {age} old; open cases: {}",
            state.messages, state.open_cases
        ),
    )
}

/// Whether this program and its keys, from wherever they come, can work with it.
/// The keys, where the tables are those of this version, too.
async fn with_key(config: &Config, url: &str) -> (Finding, Option<Arc<Keyring>>) {
    let id = "backup.key";
    let source = key_source(config);
    let masters = match source.load() {
        Ok(masters) => masters,
        Err(why) => return (failed(id, &why.to_string()), None),
    };
    let keys = Arc::new(Keyring::of(&masters, None));
    let found = probe(url, &keys).await;
    let current = matches!(found, Ok(Probe::Current));
    (of_probe(&source, found), current.then_some(keys))
}

fn of_probe(source: &KeySource, found: Result<Probe, OpenError>) -> Finding {
    let id = "backup.key";
    match found {
        Ok(Probe::Current) => Finding::ok(
            id,
            "this key opens it, and its tables are those of this version",
        ),
        Ok(Probe::Behind) => Finding::ok(
            id,
            "this key opens it; its tables are older, and the first start brings them up to date",
        ),
        Ok(Probe::AheadAndFit) => Finding::ok(
            id,
            "this key opens it; its tables are of a newer version, and this one works on them",
        ),
        Ok(Probe::Ahead) => Finding::fail(
            id,
            "its tables are newer than this program",
            "Use the version of harborline that wrote it, or a newer one",
        ),
        Ok(Probe::Absent | Probe::Empty) => Finding::fail(
            id,
            "it has no tables of harborline",
            "Name a copy of the database of a line",
        ),
        Err(OpenError::WrongKey) => Finding::fail(
            id,
            format!("{source} is not the key that sealed it: nothing in it can be read"),
            "Put back the key that was in use when it was made, or name another one: keys.file, keys.variable or keys.command",
        ),
        Err(why) => failed(id, &why.to_string()),
    }
}

/// Whether the audit log leads from its first entry to its last.
async fn chain(url: &str, keys: Arc<Keyring>, tell: Tell<'_>) -> Finding {
    let store = match look(url, keys, Arc::new(SystemIds::default())).await {
        Ok(store) => store,
        Err(why) => return failed(AUDIT, &why.to_string()),
    };
    let step = |done, all| tell("checking the audit log", done, all);
    let checked = audit_log::verify(&store, &[], &step).await;
    store.close().await;
    match checked {
        Ok(checked) => match checked.bad {
            None => Finding::ok(
                AUDIT,
                format!(
                    "{} entries of the audit log hold; its end is {}",
                    checked.rows, checked.head
                ),
            ),
            Some(bad) => Finding::fail(
                AUDIT,
                format!(
                    "the audit log does not hold: {bad}; the {} before it hold",
                    checked.rows
                ),
                "Keep this copy as it is, and compare it with an older one: somebody changed the log",
            ),
        },
        Err(why) => failed(
            AUDIT,
            &format!("the audit log cannot be read: {why}. Take another backup"),
        ),
    }
}

fn failed(id: &str, sentence: &str) -> Finding {
    let (finding, fix) = sentence
        .rsplit_once(". ")
        .unwrap_or((sentence, "See the log"));
    Finding::fail(id, finding, fix)
}

/// Where the database of a backup lies.
pub(super) fn database_of(from: &Path) -> PathBuf {
    if from.is_dir() {
        from.join(DATABASE)
    } else {
        from.to_owned()
    }
}
