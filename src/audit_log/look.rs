//! A look at the chain for somebody who asks now: whether it holds, against every end of it that was kept.

use std::path::Path;

use jiff::Timestamp;

use super::{AuditLog, Checked};
use crate::clock::At;
use crate::store::{ChainHead, StoreError, Tx};

/// The setting with the line that was kept elsewhere last.
pub(super) const KEPT: &str = "audit_kept";

/// An end of the chain that was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When.
    pub at: At,
    /// The end.
    pub head: ChainHead,
}

impl Kept {
    /// Reads a line as it was kept.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let at: Timestamp = words.next()?.parse().ok()?;
        let head = words.next()?.parse().ok()?;
        Some(Self {
            at: At(at.as_millisecond()),
            head,
        })
    }
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What the check found.
    pub checked: Checked,
    /// The end that was kept elsewhere last.
    pub kept: Option<Kept>,
    /// With how many kept ends the chain was compared.
    pub compared: usize,
    /// Whether its end is kept anywhere else at all.
    pub is_kept: bool,
    /// Whether there is a file of kept ends that could not be read.
    pub unread: bool,
}

impl AuditLog {
    /// Checks the whole chain now; `None` while somebody else does: one check at a time is enough work.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read; a damaged entry is no error.
    pub async fn look(&self) -> Result<Option<Look>, StoreError> {
        let Ok(_alone) = self.alone.try_lock() else {
            return Ok(None);
        };
        let noted = noted(&mut self.store.read().await?).await?;
        let in_file = self.anchors.file.as_deref().map(in_file);
        let unread = matches!(in_file, Some(None));
        let mut all = in_file.flatten().unwrap_or_default();
        if let Some(noted) = noted
            && !all.contains(&noted)
        {
            all.push(noted);
        }
        let heads: Vec<ChainHead> = all.iter().map(|kept| kept.head.clone()).collect();
        Ok(Some(Look {
            checked: self.verify(&heads).await?,
            compared: heads.len(),
            kept: all.into_iter().max_by_key(|kept| kept.at),
            is_kept: self.anchors.is_any(),
            unread,
        }))
    }
}

/// The ends in a file; none when it cannot be read, or a line of it is none.
fn in_file(path: &Path) -> Option<Vec<Kept>> {
    // Not there yet: nothing was kept.
    if !path.exists() {
        return Some(Vec::new());
    }
    let text = std::fs::read_to_string(path).ok()?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(Kept::read).collect()
}

async fn noted(tx: &mut Tx) -> Result<Option<Kept>, StoreError> {
    let kept = tx.setting(KEPT).await?;
    let line = kept.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(line.as_deref().and_then(Kept::read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_kept_is_read_again() {
        let head = ChainHead {
            seq: 12,
            hash: vec![0xab; 32],
        };
        let at = At(1_767_225_600_000);
        let line = super::super::line(&head, at);
        assert_eq!(Kept::read(&line), Some(Kept { at, head }));
        for wrong in [
            "",
            "2026-01-01T00:00:00Z",
            "yesterday 12:00",
            "2026-01-01T00:00:00Z 12:ab",
        ] {
            assert_eq!(Kept::read(wrong), None, "{wrong}");
        }
    }
}
