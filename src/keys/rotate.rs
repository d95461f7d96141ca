//! Another master key takes over: first every running server learns to open with it, then they seal with it,
//! then every row is sealed anew, and only then the old one is let go. Each step can be done again after a
//! crash in the middle of it.

use serde_json::json;
use zeroize::Zeroizing;

use super::{AT_ONCE, Keys};
use crate::crypto::source::KeySource;
use crate::crypto::{Master, keyfile};
use crate::disk;
use crate::id::random;
use crate::store::{Cursor, Resealed, StoreError};

/// Why the master key was not replaced: one sentence with the fix.
#[derive(Debug, thiserror::Error)]
pub enum NotRotated {
    /// The key does not come from a file, and the new one is not there.
    #[error(
        "keys: only one master key is there. Add the new one as a second line, restart every server, make it the first line, restart them again, and run this once more"
    )]
    OneKey,
    /// The old key is still in the file.
    #[error(
        "keys: the key before is still accepted. Restart every server, then run `harborline key retire`; after that another one can take over"
    )]
    NotRetired,
    /// Rows are still sealed with the old key.
    #[error(
        "keys: rows are still sealed with the old key. Run `harborline key rotate` to its end first"
    )]
    NotDone,
    /// What the spool holds is sealed with the old key.
    #[error(
        "keys: {0} wait in the spool, sealed with the old key. Start a server and let it take them over first"
    )]
    Spooled(usize),
    /// There is no old key.
    #[error("keys: there is one master key, and nothing to retire")]
    NothingToRetire,
    /// The key file cannot be read or written.
    #[error(transparent)]
    File(#[from] keyfile::KeyFileError),
    /// The database.
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
}

/// How far the first steps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// The new key is where every server finds it, and none seals with it yet: wait until all have seen it.
    Announced,
    /// The new key seals.
    First,
}

/// How the keys stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many master keys are accepted.
    pub keys: usize,
    /// Whether rows are being sealed anew, or have to be.
    pub rotating: bool,
}

impl Keys {
    /// How the keys stand.
    ///
    /// # Errors
    /// [`NotRotated`] when the key or the database cannot be read.
    pub async fn standing(&self) -> Result<Standing, NotRotated> {
        let keys = self.source.load()?.len();
        let mut tx = self.store.read().await?;
        let rotating = tx.is_rotating().await? || !tx.marks_are_current().await?;
        Ok(Standing { keys, rotating })
    }

    /// The first step: a new key is announced to all servers, or is found to be there.
    ///
    /// # Errors
    /// [`NotRotated`]; nothing was changed.
    pub async fn prepare(&self) -> Result<Prepared, NotRotated> {
        let masters = self.source.load()?;
        let (KeySource::File(path), Some(next)) = (&self.source, self.source.next()) else {
            return match (masters.len(), self.standing().await?.rotating) {
                (_, true) => Ok(Prepared::First),
                (0 | 1, false) => Err(NotRotated::OneKey),
                (_, false) => Err(NotRotated::NotRetired),
            };
        };
        let in_file = keyfile::load_all(path)?;
        if next.exists() {
            if in_file.len() > 1 {
                // A crash came between the two files: the new key is the first one already.
                remove(&next)?;
                return Ok(Prepared::First);
            }
            return Ok(Prepared::Announced);
        }
        if in_file.len() > 1 {
            return if self.standing().await?.rotating {
                Ok(Prepared::First)
            } else {
                Err(NotRotated::NotRetired)
            };
        }
        let new: Master = Zeroizing::new(random(&*self.ids));
        let text = keyfile::lines(std::slice::from_ref(&new));
        disk::write_new(&next, text.as_bytes()).map_err(|source| {
            keyfile::KeyFileError::Uncreatable {
                path: next.display().to_string(),
                source,
            }
        })?;
        self.reload();
        Ok(Prepared::Announced)
    }

    /// The second step: what was announced seals from now on; the old key still opens.
    ///
    /// # Errors
    /// [`NotRotated`]; the old key goes on sealing.
    pub fn put_first(&self) -> Result<(), NotRotated> {
        let (KeySource::File(path), Some(next)) = (&self.source, self.source.next()) else {
            return Ok(());
        };
        let mut masters = keyfile::load_all(&next)?;
        masters.extend(keyfile::load_all(path)?);
        keyfile::replace(path, &masters)?;
        remove(&next)?;
        self.reload();
        Ok(())
    }

    /// The third step begins: from here on the database is opened by nobody who lacks the new key. Says how
    /// many rows there are.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                if !tx.is_rotating().await? {
                    tx.begin_rotation().await?;
                    tx.audit(now, "operator", "key.rotation_begun", None, &json!({}))
                        .await?;
                }
                tx.sealed_rows().await
            })
        });
        unit.await
    }

    /// Seals the next rows anew, in one commit.
    ///
    /// # Errors
    /// [`StoreError`]: nothing of this batch was changed.
    pub async fn reseal(&self, from: Cursor) -> Result<Resealed, StoreError> {
        let unit = self
            .store
            .write(move |tx| Box::pin(async move { tx.reseal(from, AT_ONCE).await }));
        unit.await
    }

    /// The last step: all rows are sealed with the new key.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn finish(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                tx.end_rotation().await?;
                tx.audit(now, "operator", "key.rotated", None, &json!({}))
                    .await
            })
        });
        unit.await
    }

    /// Lets the old key go, once nothing is sealed with it. `spooled` is how many wait in the spool; `tell`
    /// hears how many rows were looked at, of how many.
    ///
    /// # Errors
    /// [`NotRotated`]; the old key stays.
    pub async fn retire(
        &self,
        spooled: usize,
        tell: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), NotRotated> {
        let standing = self.standing().await?;
        if standing.rotating {
            return Err(NotRotated::NotDone);
        }
        if standing.keys < 2 {
            return Err(NotRotated::NothingToRetire);
        }
        if spooled > 0 {
            return Err(NotRotated::Spooled(spooled));
        }
        // What a server sealed that did not know of the new key yet.
        let all = self.store.read().await?.sealed_rows().await?;
        let (mut next, mut seen) = (Some(Cursor::default()), 0);
        while let Some(from) = next {
            let done = self.reseal(from).await?;
            seen += done.seen;
            tell(seen, all);
            next = done.next;
        }
        let now = self.clock.now();
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                tx.audit(now, "operator", "key.retired", None, &json!({}))
                    .await
            })
        });
        unit.await?;
        if let KeySource::File(path) = &self.source {
            let mut masters = keyfile::load_all(path)?;
            masters.truncate(1);
            keyfile::replace(path, &masters)?;
            self.reload();
        }
        Ok(())
    }
}

fn remove(path: &std::path::Path) -> Result<(), keyfile::KeyFileError> {
    std::fs::remove_file(path).map_err(|source| keyfile::KeyFileError::Uncreatable {
        path: path.display().to_string(),
        source,
    })
}
