//! The check of the chain: the first entry that does not hold, and what is wrong with it.

use uuid::Uuid;

use super::AuditLog;
use crate::store::{ChainHead, Chained, ROOT, Store, StoreError};

/// How many entries are read at once.
const AT_ONCE: u16 = 1000;
/// How often entries that wait for their places are given them, before one that has none is put in.
const LOOKS: usize = 10;

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is not what was written there: it was changed, put in, or moved from another place.
    Changed,
    /// It is not there, and later ones are.
    Missing,
    /// It has no place in the chain: this program did not write it.
    Outside,
    /// It is not there, and neither is what came after it.
    CutOff,
    /// The chain was written anew up to here: it is not the one that was anchored.
    NotAsAnchored,
}

/// The first entry that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its place; 0 when it has none.
    pub seq: i64,
    /// The row, where there is one.
    pub id: Option<Uuid>,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl std::fmt::Display for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seq, id, flaw } = self;
        let row = id.map_or_else(String::new, |id| format!(" ({id})"));
        match flaw {
            Flaw::Changed => write!(f, "entry {seq}{row} was changed, put in or moved"),
            Flaw::Missing => write!(f, "entry {seq} was removed"),
            Flaw::Outside => write!(f, "entry{row} was put in: it has no place in the chain"),
            Flaw::CutOff => write!(f, "entry {seq} was removed, with all after it"),
            Flaw::NotAsAnchored => {
                write!(
                    f,
                    "entry {seq}{row} or one before it is not what was anchored"
                )
            }
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many entries hold, from the first on.
    pub rows: u64,
    /// The end of what holds.
    pub head: ChainHead,
    /// The first one that does not.
    pub bad: Option<BadRow>,
}

impl AuditLog {
    /// Checks every entry, and the chain against ends of it that were kept elsewhere. It reads the log as it
    /// stands at one moment.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read; a damaged entry is no error.
    pub async fn verify(&self, anchors: &[ChainHead]) -> Result<Checked, StoreError> {
        verify(&self.store, anchors, &|_, _| {}).await
    }
}

/// The same of any database, as of a backup. `tell` hears how many entries hold so far, and how many there
/// are by what the head says.
///
/// # Errors
/// [`StoreError`] when it cannot be read; a damaged entry is no error.
pub async fn verify(
    store: &Store,
    anchors: &[ChainHead],
    tell: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<Checked, StoreError> {
    store.chain_waiting().await?;
    let mut tx = store.read().await?;
    // First: entries may be added while it is read, and the head must not know more of them.
    let mut walk = Walk::new(anchors, tx.audit_head().await?);
    let all = u64::try_from(walk.said.seq).unwrap_or(0);
    loop {
        let rows = tx.audit_after(walk.head.seq, AT_ONCE).await?;
        let last = rows.len() < usize::from(AT_ONCE);
        for row in &rows {
            if let Some(bad) = walk.step(row) {
                return Ok(walk.ended(Some(bad)));
            }
        }
        tell(walk.rows, all);
        if last {
            break;
        }
    }
    // A copy that is looked at may have one connection only.
    drop(tx);
    let bad = rest(store, &walk).await?;
    Ok(walk.ended(bad))
}

/// What stands behind the last entry: one that is outside, or a head that says that there were more.
async fn rest(store: &Store, walk: &Walk<'_>) -> Result<Option<BadRow>, StoreError> {
    if let Some(id) = outside(store).await? {
        return Ok(Some(BadRow {
            seq: 0,
            id: Some(id),
            flaw: Flaw::Outside,
        }));
    }
    let known = walk.anchors.iter().map(|anchor| anchor.seq);
    let most = known.chain([walk.said.seq]).max().unwrap_or(0);
    Ok((most > walk.head.seq).then_some(BadRow {
        seq: walk.head.seq + 1,
        id: None,
        flaw: Flaw::CutOff,
    }))
}

/// An entry that gets no place. One that was written a moment ago gets its own at the next look.
async fn outside(store: &Store) -> Result<Option<Uuid>, StoreError> {
    let mut before = None;
    for _ in 0..LOOKS {
        store.chain_waiting().await?;
        let found = store.read().await?.audit_outside().await?;
        if found.is_none() || found == before {
            return Ok(found);
        }
        before = found;
    }
    Ok(None)
}

struct Walk<'a> {
    anchors: &'a [ChainHead],
    /// What the head says when the walk begins.
    said: ChainHead,
    head: ChainHead,
    rows: u64,
}

impl<'a> Walk<'a> {
    fn new(anchors: &'a [ChainHead], said: ChainHead) -> Self {
        Self {
            anchors,
            said,
            head: ChainHead {
                seq: 0,
                hash: ROOT.to_vec(),
            },
            rows: 0,
        }
    }

    /// Goes on by one entry; what is wrong with it, if anything is.
    fn step(&mut self, row: &Chained) -> Option<BadRow> {
        let id = Uuid::from_slice(&row.id).ok();
        let next = self.head.seq + 1;
        if row.seq != next {
            return Some(BadRow {
                seq: next,
                id: None,
                flaw: Flaw::Missing,
            });
        }
        let hash = row.hash_after(&self.head.hash);
        let bad = |flaw| {
            Some(BadRow {
                seq: row.seq,
                id,
                flaw,
            })
        };
        if row.hash.as_deref() != Some(&hash) {
            return bad(Flaw::Changed);
        }
        let other = |anchor: &ChainHead| anchor.seq == row.seq && anchor.hash != hash;
        if other(&self.said) {
            return bad(Flaw::Changed);
        }
        if self.anchors.iter().any(other) {
            return bad(Flaw::NotAsAnchored);
        }
        self.head = ChainHead {
            seq: row.seq,
            hash: hash.to_vec(),
        };
        self.rows += 1;
        None
    }

    fn ended(self, bad: Option<BadRow>) -> Checked {
        Checked {
            rows: self.rows,
            head: self.head,
            bad,
        }
    }
}
