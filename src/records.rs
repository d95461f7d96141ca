//! Records: what the audit log says of who did what, and handing it out. Floor 3.
//!
//! The log holds no number and no word of a texter, so neither does what is handed out. That somebody took
//! it with them is an entry, too.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::store::{Account, AuditEntry, Member, Sift, Store, StoreError};

/// How many entries a page has.
const LISTED: u16 = 50;
/// How many entries are handed out at once.
pub const MOST: usize = 20_000;
/// How many are read in one go.
const BATCH: u16 = 1_000;
/// What the summary counts, in days.
pub const COUNTED_DAYS: u64 = 30;

/// Reads the audit log.
pub struct Records {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A page of entries.
#[derive(Clone, Debug)]
pub struct Page {
    /// The entries, the latest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<Uuid>,
    /// Who there is to choose from, and to name who something was done to.
    pub members: Vec<Member>,
    /// How often each thing was done in [`COUNTED_DAYS`] days.
    pub counts: Vec<(String, i64)>,
}

/// What is handed out.
#[derive(Clone, Debug)]
pub struct HandedOut {
    /// The entries, the latest first.
    pub entries: Vec<AuditEntry>,
    /// Whether there are older ones beyond [`MOST`].
    pub more: bool,
}

impl Records {
    /// The entries that are wanted, from before `before` on.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(&self, sift: &Sift, before: Option<Uuid>) -> Result<Page, StoreError> {
        let since = self
            .clock
            .now()
            .minus(Duration::from_hours(24 * COUNTED_DAYS));
        let mut tx = self.store.read().await?;
        let mut entries = tx.audit_entries(sift, before, LISTED + 1).await?;
        let more = entries.len() > usize::from(LISTED);
        entries.truncate(usize::from(LISTED));
        Ok(Page {
            next: entries.last().filter(|_| more).map(|entry| entry.id),
            entries,
            members: tx.members().await?,
            counts: tx.audit_counts(since).await?,
        })
    }

    /// Hands the entries that are wanted out, and notes that somebody took them.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was handed out.
    pub async fn hand_out(&self, staff: &Account, sift: &Sift) -> Result<HandedOut, StoreError> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut tx = self.store.read().await?;
        loop {
            let before = entries.last().map(|entry| entry.id);
            let batch = tx.audit_entries(sift, before, BATCH).await?;
            let whole = batch.len() == usize::from(BATCH);
            entries.extend(batch);
            if !whole || entries.len() > MOST {
                break;
            }
        }
        drop(tx);
        let more = entries.len() > MOST;
        entries.truncate(MOST);
        let now = self.clock.now();
        let detail = json!({
            "entries": entries.len(), "by": sift.actor, "actions": sift.actions,
            "from": sift.from, "until": sift.until,
        });
        let said = Arc::new((staff.login.clone(), detail));
        let unit = self.store.write(move |tx| {
            let said = Arc::clone(&said);
            Box::pin(async move {
                tx.audit(now, &said.0, "audit.exported", None, &said.1)
                    .await
            })
        });
        unit.await?;
        Ok(HandedOut { entries, more })
    }
}
