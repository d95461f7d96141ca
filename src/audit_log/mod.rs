//! The audit log: checked entry by entry, and its end kept where nobody who can write in the database can
//! write. Floor 3.
//!
//! Once a day one replica, by a lease, checks the whole chain, tells the operator of the first entry that
//! does not hold, and anchors the end: in the log, and where the configuration says.

mod anchor;
mod look;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::feed::Feed;
use crate::oncall::{IncidentKind, Operator};
use crate::store::{ChainHead, Store, StoreError, Tally};

pub use anchor::{Anchors, line};
pub use look::{Kept, Look};
pub use verify::{BadRow, Checked, Flaw};

use look::KEPT;

/// From one try to the next when the end could not be kept elsewhere.
const AGAIN: Duration = Duration::from_mins(10);
/// The subjects of the incidents.
const CHAIN: &str = "chain";
const ANCHOR: &str = "anchor";

/// Checks and anchors the audit log.
pub struct AuditLog {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told when it does not hold.
    pub operator: Arc<Operator>,
    /// Wakes the outbox.
    pub feed: Feed,
    /// Where its end is kept besides the log.
    pub anchors: Anchors,
    /// From one check to the next.
    pub every: Duration,
    /// This process, for the lease.
    pub holder: Uuid,
    /// When this process checks next.
    pub next: NextLook,
    /// Held while somebody has the chain checked: it reads the whole log, and once at a time is enough.
    pub alone: Mutex<()>,
}

impl AuditLog {
    /// The end of the chain.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn head(&self) -> Result<ChainHead, StoreError> {
        self.store.read().await?.audit_head().await
    }

    /// Checks and anchors, if it is time and no other replica does, and says whether it did. A worker may
    /// call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: it is tried again.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.next.is_due(now) {
            return Ok(0);
        }
        let (holder, every) = (self.holder, self.every);
        let lease = self.store.write(move |tx| {
            Box::pin(async move { tx.take_lease("audit_log", holder, now, every).await })
        });
        if !lease.await? {
            self.next.set(now.plus(AGAIN));
            return Ok(0);
        }
        let checked = self.verify(&[]).await?;
        let broken = checked.bad.as_ref().map(ToString::to_string);
        if let Some(why) = &broken {
            tracing::error!(%why, "the audit log does not hold");
        }
        self.incident(CHAIN, broken.map(|why| json!({ "why": why })), now)
            .await?;
        tracing::info!(head = %checked.head, "the end of the audit log");
        let failed = self.anchors.keep(&checked.head, now).await.err();
        if let Some(why) = &failed {
            tracing::error!(%why, "the end of the audit log could not be kept elsewhere");
        }
        if failed.is_none() && self.anchors.is_any() {
            self.note_kept(&checked.head, now).await?;
        }
        let again = if failed.is_some() { AGAIN } else { self.every };
        self.incident(ANCHOR, failed.map(|why| json!({ "why": why })), now)
            .await?;
        self.next.set(now.plus(again));
        if again == AGAIN {
            self.give_lease_back(now).await?;
        }
        self.feed.wake_outbox();
        Ok(1)
    }

    /// Notes which end was kept elsewhere last, for who looks at the page. It vouches for nothing: it stands
    /// in the database.
    async fn note_kept(&self, head: &ChainHead, now: At) -> Result<(), StoreError> {
        let line = line(head, now);
        let unit = self.store.write(move |tx| {
            let line = line.clone();
            Box::pin(async move { tx.set_setting(KEPT, line.trim().as_bytes()).await })
        });
        unit.await
    }

    /// So that whoever comes first tries again, soon.
    async fn give_lease_back(&self, now: At) -> Result<(), StoreError> {
        let unit = self.store.write(move |tx| {
            Box::pin(async move { tx.shorten_lease("audit_log", now.plus(AGAIN)).await })
        });
        unit.await
    }

    /// Opens or counts an incident of the audit log, or closes it.
    async fn incident(
        &self,
        subject: &'static str,
        detail: Option<Value>,
        now: At,
    ) -> Result<(), StoreError> {
        let operator = Arc::clone(&self.operator);
        let unit = self.store.write(move |tx| {
            let (operator, detail) = (Arc::clone(&operator), detail.clone());
            Box::pin(async move {
                let kind = IncidentKind::AuditLog;
                match detail {
                    Some(detail) => {
                        let at = (kind, subject);
                        tx.raise(&operator, at, Tally::Now(1), &detail, now).await
                    }
                    None => tx.over(&operator, kind, subject, now).await,
                }
            })
        });
        unit.await
    }
}
