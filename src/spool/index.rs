//! What is in the spool, counted in memory: bounds and order need no look at the disk.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::entry::Kind;

/// What the spool holds. Ids are in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Index {
    waiting: BTreeMap<Uuid, (Kind, u64)>,
    bytes: u64,
    /// Entries that are being written: they count, and nobody reads them yet.
    reserved: usize,
    pub(super) corrupt: usize,
    pub(super) refused: usize,
}

/// The most that may be in the spool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) entries: usize,
    pub(super) bytes: u64,
}

impl Bounds {
    /// What may be there when an entry of a kind is added. Receipts leave room for texts, and texts
    /// for those in crisis: a flood of the one must not keep the other out.
    fn of(self, kind: Kind) -> Self {
        let tenths = match kind {
            Kind::Crisis => 10,
            Kind::Text => 9,
            Kind::Receipt => 5,
        };
        Self {
            entries: self.entries / 10 * tenths,
            bytes: self.bytes / 10 * tenths as u64,
        }
    }
}

impl Index {
    /// Makes room for an entry. `false`: there is none.
    pub(super) fn reserve(&mut self, kind: Kind, size: u64, bounds: Bounds) -> bool {
        let bounds = bounds.of(kind);
        let fits = self.waiting.len() + self.reserved < bounds.entries
            && self.bytes.saturating_add(size) <= bounds.bytes;
        if fits {
            self.reserved += 1;
            self.bytes += size;
        }
        fits
    }

    /// The entry is there.
    pub(super) fn written(&mut self, id: Uuid, kind: Kind, size: u64) {
        self.reserved = self.reserved.saturating_sub(1);
        self.waiting.insert(id, (kind, size));
    }

    /// The entry could not be written.
    pub(super) fn released(&mut self, size: u64) {
        self.reserved = self.reserved.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }

    /// An entry that a start-up found.
    pub(super) fn found(&mut self, id: Uuid, kind: Kind, size: u64) {
        self.waiting.insert(id, (kind, size));
        self.bytes += size;
    }

    pub(super) fn removed(&mut self, id: Uuid) {
        if let Some((_, size)) = self.waiting.remove(&id) {
            self.bytes = self.bytes.saturating_sub(size);
        }
    }

    pub(super) fn kind(&self, id: Uuid) -> Option<Kind> {
        self.waiting.get(&id).map(|(kind, _)| *kind)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The oldest entries after one, in order of arrival.
    pub(super) fn after(&self, id: Option<Uuid>, limit: usize) -> Vec<Uuid> {
        let from = id.unwrap_or(Uuid::nil());
        let later = self.waiting.range(from..).map(|(id, _)| *id);
        later.filter(|next| Some(*next) != id).take(limit).collect()
    }

    pub(super) fn oldest(&self) -> Option<Uuid> {
        self.waiting.keys().next().copied()
    }

    pub(super) fn holds(&self, kind: Kind) -> bool {
        self.waiting.values().any(|(known, _)| *known == kind)
    }
}
