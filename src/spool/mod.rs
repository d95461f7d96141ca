//! The spool: what came in while the database could not take it, sealed on disk until it can.
//! Floor 2.
//!
//! One entry is one file: named by a `UUIDv7` of its arrival, sealed with a key of its own, and bound
//! to its name. It is written beside its place, synced, and renamed, and the folder is synced, too:
//! when [`Spool::keep`] returns, the entry survives a power cut (promise P5). Nothing is ever
//! dropped: what cannot be opened, and what the database refuses for good, is set aside and counted.

mod entry;
mod glance;
mod index;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use uuid::Uuid;

pub use entry::{Entry, Kept, KeptText, Kind};
pub use glance::{Glance, glance};

use crate::clock::At;
use crate::crypto::{Keyring, Place};
use crate::disk::{self, HALF};
use crate::id::IdSource;
use index::{Bounds, Index};

/// Files written at a time: enough to share the syncs of a disk, and few beside the other work of
/// the threads that they need.
const WRITERS: usize = 16;

/// Where entries are kept, and how many.
#[derive(Clone, Debug)]
pub struct SpoolSettings {
    /// The folder. Only one process may use it.
    pub directory: PathBuf,
    /// The most entries.
    pub max_entries: usize,
    /// The most bytes of all entries.
    pub max_bytes: u64,
}

/// Why the program must not start: what comes in while the database is away would be lost.
#[derive(Debug, thiserror::Error)]
#[error(
    "spool.directory: {path} cannot be used: {source}. Make it a folder of this user with room on its disk, or name another place"
)]
pub struct Unusable {
    /// The folder.
    path: String,
    /// What the system says.
    source: io::Error,
}

impl SpoolSettings {
    fn unusable(&self, source: io::Error) -> Unusable {
        Unusable {
            path: self.directory.display().to_string(),
            source,
        }
    }
}

/// Why an entry was not kept, or not read.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The bounds are reached.
    #[error("the spool is full")]
    Full,
    /// The disk failed.
    #[error("the spool: {0}")]
    Disk(#[from] io::Error),
    /// The work panicked.
    #[error("the spool: a write panicked")]
    Panicked,
}

/// Why an entry is set aside instead of kept for another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It cannot be opened: torn, flipped, or sealed with another key.
    Corrupt,
    /// The database is well and does not take it.
    Refused,
}

impl Aside {
    const fn folder(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Refused => "refused",
        }
    }
}

/// What is in the spool, for the health page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// What waits for the database.
    pub entries: usize,
    /// When the oldest of it came in.
    pub oldest: Option<At>,
    /// What could not be opened, and was set aside.
    pub corrupt: usize,
    /// What the database refused for good, and was set aside.
    pub refused: usize,
}

/// The spool. Its files are read and written on threads that may block.
pub struct Spool {
    settings: SpoolSettings,
    keys: Arc<Keyring>,
    ids: Arc<dyn IdSource>,
    index: Mutex<Index>,
    writers: Semaphore,
}

impl Spool {
    /// Makes the folder if need be, private for its owner, proves that it can be written, and finds
    /// what an earlier run has left.
    ///
    /// # Errors
    /// [`Unusable`] names the folder and the fix.
    pub fn open(
        settings: SpoolSettings,
        keys: Arc<Keyring>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, Unusable> {
        prepare(&settings.directory).map_err(|source| settings.unusable(source))?;
        let spool = Self {
            index: Mutex::default(),
            writers: Semaphore::new(WRITERS),
            settings,
            keys,
            ids,
        };
        match spool.look_around() {
            Ok(()) => Ok(spool),
            Err(source) => Err(spool.settings.unusable(source)),
        }
    }

    /// Keeps an entry. When it returns, the entry is safe.
    ///
    /// # Errors
    /// [`SpoolError`]: it may not be there. Given up by its caller, it is written all the same.
    pub async fn keep(self: &Arc<Self>, entry: &Entry) -> Result<Uuid, SpoolError> {
        let (id, kind) = (self.ids.id(entry.arrived), entry.kind());
        let sealed = self.sealed(id, entry);
        let size = sealed.len() as u64;
        let bounds = Bounds {
            entries: self.settings.max_entries,
            bytes: self.settings.max_bytes,
        };
        if !self.index().reserve(kind, size, bounds) {
            return Err(SpoolError::Full);
        }
        // On a task of its own: a caller that stops waiting must not leave the room reserved.
        let spool = Arc::clone(self);
        let written = tokio::spawn(async move {
            let _turn = spool.writers.acquire().await;
            let path = spool.path(id, kind);
            let done = blocking(move || disk::replace(&path, &sealed)).await;
            match &done {
                Ok(()) => spool.index().written(id, kind, size),
                Err(_) => spool.index().released(size),
            }
            done
        });
        written.await.map_err(|_| SpoolError::Panicked)??;
        Ok(id)
    }

    /// Writes an entry again that is still there, as what was done about it has changed.
    ///
    /// # Errors
    /// [`SpoolError`]: it stands as it was.
    pub async fn amend(&self, id: Uuid, entry: &Entry) -> Result<(), SpoolError> {
        let kind = self.index().kind(id);
        if let Some(kind) = kind.filter(|kind| *kind == entry.kind()) {
            let (path, sealed) = (self.path(id, kind), self.sealed(id, entry));
            blocking(move || {
                // Removed in the meantime, it must not come back.
                if path.exists() {
                    disk::replace(&path, &sealed)
                } else {
                    Ok(())
                }
            })
            .await?;
        }
        Ok(())
    }

    /// The oldest entries that came in after one, or the oldest of all.
    #[must_use]
    pub fn after(&self, id: Option<Uuid>, limit: usize) -> Vec<Uuid> {
        self.index().after(id, limit)
    }

    /// Reads an entry. One that cannot be opened is set aside, and one that has gone is forgotten:
    /// both read as `None`.
    ///
    /// # Errors
    /// [`SpoolError`] when the disk cannot be read just now; the entry stays.
    pub async fn read(&self, id: Uuid) -> Result<Option<Entry>, SpoolError> {
        let Some(kind) = self.index().kind(id) else {
            return Ok(None);
        };
        let path = self.path(id, kind);
        let sealed = match blocking(move || fs::read(path)).await {
            Err(SpoolError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {
                self.index().removed(id);
                return Ok(None);
            }
            sealed => sealed?,
        };
        let opened = self.keys.spool().open(place(id, kind), &sealed);
        let entry = opened
            .map_err(|error| error.to_string())
            .and_then(|plain| Entry::from_bytes(&plain).ok_or("not a known form".to_owned()));
        match entry {
            Ok(entry) => Ok(Some(entry)),
            Err(why) => {
                tracing::error!(entry = %id, %why, "a spooled entry cannot be read; it is set aside in spool/corrupt");
                self.set_aside(id, Aside::Corrupt).await?;
                Ok(None)
            }
        }
    }

    /// Removes an entry whose content is in the database now.
    ///
    /// # Errors
    /// [`SpoolError`]: it is still there, and may be handed over once more.
    pub async fn remove(&self, id: Uuid) -> Result<(), SpoolError> {
        let Some(kind) = self.index().kind(id) else {
            return Ok(());
        };
        let path = self.path(id, kind);
        // Not synced: an entry that comes back after a power cut is known by its gateway's id.
        match blocking(move || fs::remove_file(path)).await {
            Err(SpoolError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
        self.index().removed(id);
        Ok(())
    }

    /// Moves an entry out of the way, where a person can find it. It is never deleted.
    ///
    /// # Errors
    /// [`SpoolError`]: it is where it was.
    pub async fn set_aside(&self, id: Uuid, aside: Aside) -> Result<(), SpoolError> {
        let Some(kind) = self.index().kind(id) else {
            return Ok(());
        };
        let (from, folder) = (
            self.path(id, kind),
            self.settings.directory.join(aside.folder()),
        );
        blocking(move || {
            disk::private_folder(&folder)?;
            let to = folder.join(from.file_name().unwrap_or_default());
            fs::rename(&from, &to)?;
            disk::sync_folder_of(&to)?;
            disk::sync_folder_of(&from)
        })
        .await?;
        let mut index = self.index();
        index.removed(id);
        match aside {
            Aside::Corrupt => index.corrupt += 1,
            Aside::Refused => index.refused += 1,
        }
        Ok(())
    }

    /// What is in it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let index = self.index();
        Counts {
            entries: index.len(),
            oldest: index.oldest().and_then(arrival_of),
            corrupt: index.corrupt,
            refused: index.refused,
        }
    }

    /// Why its disk takes nothing just now, as far as a look at the folder tells; nothing is written.
    #[must_use]
    pub fn trouble(&self) -> Option<&'static str> {
        glance::trouble(&self.settings.directory)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index().len() == 0
    }

    /// Whether a text in crisis waits in it.
    #[must_use]
    pub fn holds_a_crisis(&self) -> bool {
        self.index().holds(Kind::Crisis)
    }

    fn sealed(&self, id: Uuid, entry: &Entry) -> Vec<u8> {
        let place = place(id, entry.kind());
        self.keys.spool().seal(&*self.ids, place, &entry.to_bytes())
    }

    fn path(&self, id: Uuid, kind: Kind) -> PathBuf {
        let name = format!("{id}.{}", kind.ending());
        self.settings.directory.join(name)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the entries of an earlier run. A half-written one that is whole after all is taken on: it
    /// cannot harm, because a text that the gateway delivers again is known by its id. A torn one goes:
    /// nobody was told that we have it.
    fn look_around(&self) -> io::Result<()> {
        let directory = &self.settings.directory;
        for file in fs::read_dir(directory)? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            let Some((id, kind)) = parts(name.strip_suffix(HALF).unwrap_or(&name)) else {
                continue;
            };
            if name.ends_with(HALF) {
                let whole = fs::read(file.path())
                    .is_ok_and(|sealed| self.keys.spool().open(place(id, kind), &sealed).is_ok());
                if whole {
                    fs::rename(file.path(), self.path(id, kind))?;
                } else {
                    fs::remove_file(file.path())?;
                    continue;
                }
            }
            let size = fs::metadata(self.path(id, kind))?.len();
            self.index().found(id, kind, size);
        }
        let count =
            |aside: Aside| fs::read_dir(directory.join(aside.folder())).map_or(0, Iterator::count);
        let (corrupt, refused) = (count(Aside::Corrupt), count(Aside::Refused));
        let mut index = self.index();
        (index.corrupt, index.refused) = (corrupt, refused);
        let waiting = index.len();
        if waiting + corrupt + refused > 0 {
            tracing::warn!(
                waiting,
                corrupt,
                refused,
                "an earlier run left entries in the spool"
            );
        }
        Ok(())
    }
}

/// A private folder that can be written, synced and renamed in.
fn prepare(directory: &Path) -> io::Result<()> {
    disk::closed_folder(directory)?;
    let probe = directory.join(format!("probe-{}", std::process::id()));
    disk::replace(&probe, b"harborline")?;
    fs::remove_file(&probe)
}

fn place(id: Uuid, kind: Kind) -> Place {
    Place {
        column: kind.purpose(),
        row: id,
    }
}

/// Id and kind from the name of a file; `None` for what is not ours.
fn parts(name: &str) -> Option<(Uuid, Kind)> {
    let (id, ending) = name.split_once('.')?;
    Some((Uuid::try_parse(id).ok()?, Kind::of_ending(ending)?))
}

/// When an entry came in: its id says so.
fn arrival_of(id: Uuid) -> Option<At> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let millis = seconds.checked_mul(1_000)? + u64::from(nanos / 1_000_000);
    i64::try_from(millis).ok().map(At)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, SpoolError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| SpoolError::Panicked)??)
}

#[cfg(test)]
mod tests;
