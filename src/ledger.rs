//! The ledger: looks for texts that nobody answered and cases that nobody follows (promises P1 and
//! P4), whatever made them so. Floor 3.
//!
//! It trusts no other part: it reads what is owed from the tables, so that a text which the outbox
//! lost, a gateway swallowed or a fault of the program left out is found all the same. It
//! deliberately sends nothing to a texter: only the parts that decide do that.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::feed::Feed;
use crate::oncall::audit::{OVERDUE as GRACE, OVERDUE_WITH_HUMAN as GRACE_WITH_HUMAN};
use crate::oncall::{Alert, IncidentKind, Operator};
use crate::store::{Overdue, Store, StoreError, Tally, Tx};

/// From one look to the next. With [`GRACE`](crate::oncall::audit::OVERDUE), an overdue text is told within half a minute.
const EVERY: Duration = Duration::from_secs(5);
/// How long a text may be held before the operator is reminded: the failed signature was told at once.
const GRACE_HELD: Duration = Duration::from_mins(10);
/// How far back a look goes for texts without an obligation; the first one after a start, further.
const LOOK_BACK: Duration = Duration::from_hours(1);
const LOOK_BACK_AT_START: Duration = Duration::from_hours(24);
/// How many faults one look mends; the next ones are found by the next look.
const BATCH: u16 = 100;

/// Looks for what was forgotten.
pub struct Ledger {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub operator: Arc<Operator>,
    /// Wakes outbox and ladder.
    pub feed: Feed,
    /// When it looks next.
    pub looks: Looks,
}

/// When the ledger looks next, and how far back.
#[derive(Debug, Default)]
pub struct Looks {
    next: NextLook,
    has_looked: AtomicBool,
}

impl Ledger {
    /// Looks, if it is time, and says how many incidents are open because of it. It returns 0 until
    /// the next look is due, so that a worker may call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written; the next call looks again.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let (now, looks) = (self.clock.now(), &self.looks);
        // What waited while the program was down is only now on its way.
        if looks.next.begins(now, GRACE) || !looks.next.is_due(now) {
            return Ok(0);
        }
        let back = if looks.has_looked.load(Ordering::Relaxed) {
            LOOK_BACK
        } else {
            LOOK_BACK_AT_START
        };
        // Most looks find nothing: they must not wait for the writer, nor it for them.
        let nothing = Found::read(&mut self.store.read().await?, now, back)
            .await?
            .is_nothing();
        if !nothing {
            let ledger = Arc::clone(self);
            self.store
                .write(move |tx| {
                    let ledger = Arc::clone(&ledger);
                    Box::pin(async move { ledger.look(tx, now, back).await })
                })
                .await?;
            self.feed.wake_outbox();
            self.feed.wake_ladder();
        }
        looks.next.set(now.plus(EVERY));
        looks.has_looked.store(true, Ordering::Relaxed);
        Ok(usize::from(!nothing))
    }

    async fn look(&self, tx: &mut Tx, now: At, back: Duration) -> Result<(), StoreError> {
        let found = Found::read(tx, now, back).await?;
        self.reckon(tx, IncidentKind::Overdue, &found.overdue, &found.open, now)
            .await?;
        self.reckon(
            tx,
            IncidentKind::Unanswered,
            &found.unanswered,
            &found.open,
            now,
        )
        .await?;
        self.reckon(tx, IncidentKind::Quarantine, &found.held, &found.open, now)
            .await?;
        self.reckon(
            tx,
            IncidentKind::Exhausted,
            &found.exhausted,
            &found.open,
            now,
        )
        .await?;
        for (message, texter, gateway) in &found.unowed {
            // From now on it is owed like any other: if nobody answers it, it is overdue.
            tx.owe_reply(*message, *texter, now, None).await?;
            self.happened(tx, IncidentKind::Unowed, gateway, *message, now)
                .await?;
        }
        for mut alert in found.stalled {
            alert.next_page_at = Some(now);
            tx.save_alert(&alert).await?;
            self.happened(tx, IncidentKind::Stalled, "cases", alert.id, now)
                .await?;
        }
        Ok(())
    }

    /// Opens, counts or closes the incidents of one kind, by gateway.
    async fn reckon(
        &self,
        tx: &mut Tx,
        kind: IncidentKind,
        owed: &[Overdue],
        opened: &[(IncidentKind, String)],
        now: At,
    ) -> Result<(), StoreError> {
        for Overdue {
            gateway,
            count,
            oldest_due,
        } in owed
        {
            let detail = json!({ "oldest_due": oldest_due });
            let tally = Tally::Now(*count);
            tx.raise(&self.operator, (kind, gateway), tally, &detail, now)
                .await?;
        }
        let still: BTreeSet<&str> = owed.iter().map(|owed| owed.gateway.as_str()).collect();
        for (open, subject) in opened {
            if *open == kind && !still.contains(subject.as_str()) {
                tx.over(&self.operator, kind, subject, now).await?;
            }
        }
        Ok(())
    }

    async fn happened(
        &self,
        tx: &mut Tx,
        kind: IncidentKind,
        subject: &str,
        row: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        tx.audit(
            now,
            "line",
            "ledger.mended",
            Some(row),
            &json!({"kind": kind.word()}),
        )
        .await?;
        tx.raise(
            &self.operator,
            (kind, subject),
            Tally::More(1),
            &json!({}),
            now,
        )
        .await
    }
}

/// What one look finds.
struct Found {
    overdue: Vec<Overdue>,
    unanswered: Vec<Overdue>,
    held: Vec<Overdue>,
    /// Cases whose ladder was climbed in vain.
    exhausted: Vec<Overdue>,
    unowed: Vec<(Uuid, Uuid, String)>,
    stalled: Vec<Alert>,
    /// The open incidents that a look may close.
    open: Vec<(IncidentKind, String)>,
}

fn cases((count, oldest_due): (i64, At)) -> Overdue {
    Overdue {
        gateway: "cases".to_owned(),
        count,
        oldest_due,
    }
}

impl Found {
    async fn read(tx: &mut Tx, now: At, back: Duration) -> Result<Self, StoreError> {
        let open = tx.incidents_open().await?.into_iter();
        let states = [
            IncidentKind::Overdue,
            IncidentKind::Unanswered,
            IncidentKind::Quarantine,
            IncidentKind::Exhausted,
        ];
        Ok(Self {
            overdue: tx.overdue(now.minus(GRACE), false).await?,
            unanswered: tx.overdue(now.minus(GRACE_WITH_HUMAN), true).await?,
            held: tx.held_since(now.minus(GRACE_HELD)).await?,
            exhausted: tx.exhausted().await?.into_iter().map(cases).collect(),
            unowed: tx.unowed(now.minus(back), BATCH).await?,
            stalled: tx.alerts_stalled(BATCH).await?,
            open: open
                .filter(|open| states.contains(&open.kind))
                .map(|open| (open.kind, open.subject))
                .collect(),
        })
    }

    fn is_nothing(&self) -> bool {
        self.overdue.is_empty()
            && self.unanswered.is_empty()
            && self.held.is_empty()
            && self.exhausted.is_empty()
            && self.unowed.is_empty()
            && self.stalled.is_empty()
            && self.open.is_empty()
    }
}
