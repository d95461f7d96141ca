//! Export: takes what the line keeps out of the program, for who may ask for it: one conversation, all that
//! is kept about one number, or the whole line. Floor 3.
//!
//! Everything is read as it stood at one moment, table by table in batches, so that a line with millions of
//! texts needs no more memory than a small one. A folder is there whole or not at all. That somebody took
//! something, and why, is in the audit log before the first row is read.

mod manifest;
mod paper;
mod rows;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::disk::{HashedFile, NewFolder};
use crate::phone::PhoneNumber;
use crate::store::{
    After, Cell, ChainHead, Exported, Opened, Scope, Store, StoreError, TABLES, Table, Tx, With,
};

pub use manifest::{Manifest, TableFile};

/// How many rows are read in one go.
const AT_ONCE: u16 = 1_000;

/// Why somebody takes data out. It stands in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A texter, or who acts for them, asks for their own data.
    SubjectAccess,
    /// Somebody with a right to it asks for a record.
    RecordsRequest,
    /// A court or an authority orders it.
    Order,
    /// The line is audited.
    Audit,
    /// The organisation moves to another program.
    Leaving,
    /// Research that was approved.
    Research,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::SubjectAccess,
        Self::RecordsRequest,
        Self::Order,
        Self::Audit,
        Self::Leaving,
        Self::Research,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SubjectAccess => "subject-access",
            Self::RecordsRequest => "records-request",
            Self::Order => "order",
            Self::Audit => "audit",
            Self::Leaving => "leaving",
            Self::Research => "research",
        }
    }
}

/// Who asks, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who, as in the audit log.
    pub by: String,
    /// Why.
    pub why: Why,
    /// The number of a file or an order, to find the letter that asked for it.
    pub file_number: Option<String>,
}

/// The longest number of a file.
const LONGEST_FILE_NUMBER: usize = 40;

/// Reads the number of a file: it stands in the audit log, so that it can be no name and no phone number.
///
/// # Errors
/// What to write instead.
pub fn file_number(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let fits = (1..=LONGEST_FILE_NUMBER).contains(&typed.len());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-/.".contains(c);
    let run = typed.split(|c: char| !c.is_ascii_digit());
    let longest = run.map(str::len).max().unwrap_or(0);
    if fits && typed.chars().all(plain) && longest < 7 {
        return Ok(typed.to_owned());
    }
    Err(format!(
        "write letters, digits, `-`, `/` and `.`, {LONGEST_FILE_NUMBER} at most and no 7 digits in a row: it stands in the audit log and must be no phone number"
    ))
}

/// What one conversation, or one texter, is named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The code of a case, such as `K7`.
    Code(String),
    /// The id of a conversation or a texter.
    Id(Uuid),
    /// A number.
    Number(PhoneNumber),
}

/// What is handed out of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// One conversation.
    Conversation,
    /// All that is kept about one texter.
    Texter,
}

/// Why nothing was handed out: one sentence with the fix.
#[derive(Debug, thiserror::Error)]
pub enum NotExported {
    /// Something is there already.
    #[error("{0} is there already: nothing was changed. Name another folder, or move it away")]
    InTheWay(PathBuf),
    /// A file could not be written.
    #[error("{path}: {source}. Make room, and its folder writable for this user")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing is kept by that name.
    #[error(
        "nothing is kept by this name: they never wrote, or all of it went with its time. Look at the code or the id again"
    )]
    Unknown,
    /// The name is that of a texter.
    #[error(
        "this is the id of a texter, not of a conversation. Use --texter for all that is kept of them"
    )]
    NotAConversation,
    /// The database.
    #[error("database.url: {0}. Nothing was handed out; run `harborline doctor`")]
    Store(#[from] StoreError),
}

impl NotExported {
    fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }
}

/// Hears how far it is: rows that are written, of all.
pub type Tell<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Hands data out.
pub struct Export {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The name of the line.
    pub line: String,
}

/// What a folder about one subject holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOut {
    /// How many texts, both ways.
    pub texts: usize,
    /// How many rows of all tables.
    pub rows: u64,
}

/// Rows of every table, by its name.
type Rows = BTreeMap<&'static str, Vec<Exported>>;

impl Export {
    /// Writes one conversation, or all that is kept about one texter, into a new folder: as JSON, and as text
    /// to print. What people wrote is opened.
    ///
    /// # Errors
    /// [`NotExported`]; no folder is there then.
    pub async fn subject(
        &self,
        of: Of,
        subject: &Subject,
        numbers: bool,
        request: &Request,
        to: &Path,
    ) -> Result<HandedOut, NotExported> {
        let now = self.clock.now();
        let with = With {
            bodies: true,
            numbers: numbers || of == Of::Texter,
        };
        let action = match of {
            Of::Conversation => "conversation.exported",
            Of::Texter => "texter.exported",
        };
        let found = self.find(of, subject).await?;
        let Some(scope) = found else {
            self.note(action, None, request, With::default(), now)
                .await?;
            return Err(NotExported::Unknown);
        };
        let folder = begin(to)?;
        let (Scope::Conversation(id) | Scope::Texter(id)) = scope else {
            return Err(NotExported::Unknown);
        };
        self.note(action, Some(id), request, with, now).await?;
        let mut tx = self.store.snapshot().await?;
        let mut rows = Rows::new();
        for table in TABLES {
            let read = all(&mut tx, table, scope, with).await?;
            if !read.is_empty() {
                rows.insert(table.name, read);
            }
        }
        drop(tx);
        let about = paper::About {
            line: &self.line,
            request,
            made_at: now,
            of,
            id,
        };
        let name = match of {
            Of::Conversation => "conversation",
            Of::Texter => "texter",
        };
        let json = rows::json(&about, &rows);
        let text = paper::text(&about, &rows);
        for (end, bytes) in [("json", json), ("txt", text.into_bytes())] {
            let path = folder.path().join(format!("{name}.{end}"));
            write(&path, &bytes)?;
        }
        folder.finish().map_err(NotExported::file(to))?;
        Ok(HandedOut {
            texts: rows.get("messages").map_or(0, Vec::len),
            rows: rows.values().map(|rows| rows.len() as u64).sum(),
        })
    }

    /// Writes the whole line into a new folder: a file of JSON lines for each table, a description of all
    /// columns, and a manifest with counts and hashes.
    ///
    /// # Errors
    /// [`NotExported`]; no folder is there then.
    pub async fn line(
        &self,
        with: With,
        request: &Request,
        to: &Path,
        tell: Tell<'_>,
    ) -> Result<Manifest, NotExported> {
        let now = self.clock.now();
        let folder = begin(to)?;
        self.note("line.exported", None, request, with, now).await?;
        // So that the log is whole in what is exported, and its end the one that stands in the manifest.
        self.store.chain_waiting().await?;
        let mut tx = self.store.snapshot().await?;
        let head = tx.audit_head().await?;
        let mut total = 0;
        for table in TABLES {
            let count = tx.exported_count(table, Scope::Line).await?;
            total += u64::try_from(count).unwrap_or(0);
        }
        tell(0, total);
        let mut manifest = Manifest::begin(&self.line, with, request, &head, now);
        let mut done = 0;
        for table in TABLES {
            let path = folder.path().join(format!("{}.jsonl", table.name));
            let mut file = HashedFile::create(&path).map_err(NotExported::file(&path))?;
            let mut after = After::default();
            let mut rows = 0;
            loop {
                let read = tx
                    .exported(table, Scope::Line, with, &after, AT_ONCE)
                    .await?;
                for row in &read {
                    let line = rows::line(table, row);
                    file.write_all(&line).map_err(NotExported::file(&path))?;
                    manifest.count(table, row);
                }
                rows += read.len() as u64;
                done += read.len() as u64;
                tell(done, total);
                match read.last() {
                    Some(last) if read.len() == usize::from(AT_ONCE) => after = last.after(),
                    _ => break,
                }
            }
            let (sha256, bytes) = file.finish().map_err(NotExported::file(&path))?;
            manifest
                .tables
                .push(TableFile::of(table, with, rows, bytes, sha256));
        }
        drop(tx);
        manifest::describe(folder.path(), &manifest)?;
        folder.finish().map_err(NotExported::file(to))?;
        Ok(manifest)
    }

    /// How many texts, and how many texters, an export of the whole line would hold.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn size(&self) -> Result<(i64, i64), StoreError> {
        let mut tx = self.store.read().await?;
        let mut counts = [0, 0];
        for (count, name) in counts.iter_mut().zip(["messages", "texters"]) {
            if let Some(table) = TABLES.iter().find(|table| table.name == name) {
                *count = tx.exported_count(table, Scope::Line).await?;
            }
        }
        Ok((counts[0], counts[1]))
    }

    /// Notes that somebody takes data, before they have it.
    async fn note(
        &self,
        action: &'static str,
        subject: Option<Uuid>,
        request: &Request,
        with: With,
        now: At,
    ) -> Result<(), StoreError> {
        let detail = json!({
            "why": request.why.word(), "file_number": request.file_number,
            "bodies": with.bodies, "numbers": with.numbers,
        });
        let work = Arc::new((request.by.clone(), detail));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { tx.audit(now, &work.0, action, subject, &work.1).await })
        });
        unit.await
    }

    /// Notes that somebody takes figures.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is to be handed out then.
    pub async fn note_figures(&self, by: &str) -> Result<(), StoreError> {
        let (now, by) = (self.clock.now(), by.to_owned());
        let unit = self.store.write(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                tx.audit(now, &by, "report.exported", None, &json!({}))
                    .await
            })
        });
        unit.await
    }

    async fn find(&self, of: Of, subject: &Subject) -> Result<Option<Scope>, NotExported> {
        let mut tx = self.store.read().await?;
        let named = match subject {
            Subject::Code(code) => tx.named_by_code(code).await?,
            Subject::Id(id) => tx.named_by_id(*id).await?,
            Subject::Number(number) => tx.named_by_number(number).await?,
        };
        match (named, of) {
            (Some(named), Of::Texter) => Ok(Some(Scope::Texter(named.texter_id))),
            (Some(named), Of::Conversation) => match named.conversation_id {
                Some(id) => Ok(Some(Scope::Conversation(id))),
                None => Err(NotExported::NotAConversation),
            },
            (None, _) => erased(&mut tx, of, subject).await,
        }
    }
}

/// What is left of who was erased is found by its id alone.
async fn erased(tx: &mut Tx, of: Of, subject: &Subject) -> Result<Option<Scope>, NotExported> {
    let Subject::Id(id) = subject else {
        return Ok(None);
    };
    let (scope, name) = match of {
        Of::Conversation => (Scope::Conversation(*id), "conversations"),
        Of::Texter => (Scope::Texter(*id), "texters"),
    };
    let Some(table) = TABLES.iter().find(|table| table.name == name) else {
        return Ok(None);
    };
    let there = tx.exported_count(table, scope).await? > 0;
    Ok(there.then_some(scope))
}

async fn all(
    tx: &mut Tx,
    table: &Table,
    scope: Scope,
    with: With,
) -> Result<Vec<Exported>, StoreError> {
    let mut rows: Vec<Exported> = Vec::new();
    loop {
        let after = rows.last().map(Exported::after).unwrap_or_default();
        let read = tx.exported(table, scope, with, &after, AT_ONCE).await?;
        let whole = read.len() == usize::from(AT_ONCE);
        rows.extend(read);
        if !whole {
            return Ok(rows);
        }
    }
}

fn begin(to: &Path) -> Result<NewFolder, NotExported> {
    NewFolder::begin(to).map_err(|(path, source)| match source.kind() {
        io::ErrorKind::AlreadyExists => NotExported::InTheWay(path),
        _ => NotExported::File { path, source },
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(String, u64), NotExported> {
    let written = HashedFile::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.finish()
    });
    written.map_err(NotExported::file(path))
}

/// A moment as an export has it: exact, and readable.
fn moment(at: At) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_file_is_no_phone_number_and_no_name() {
        for right in ["12/2026", "A-7.4", " 2026-113 "] {
            assert_eq!(file_number(right).as_deref(), Ok(right.trim()));
        }
        let long = "x".repeat(41);
        for wrong in ["", "+15550123", "15550123456", "of a person", long.as_str()] {
            assert!(file_number(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_exact() {
        assert_eq!(moment(At(1_767_225_600_007)), "2026-01-01T00:00:00.007Z");
    }
}
