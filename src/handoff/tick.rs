//! What is due by itself: an offer that nobody answered ends, and who asks for help is called for again.
//! Rows with due times: a restart, or a second replica, changes nothing. Part of `handoff`: floor 3.

use std::sync::Arc;

use serde_json::json;

use super::Handoff;
use crate::acknowledge::tell;
use crate::clock::At;
use crate::feed::Signal;
use crate::oncall::offer_lapsed;
use crate::store::{StoreError, TransferEnd, Tx};

/// How many rows of a kind one tick takes.
const BATCH: u16 = 32;

impl Handoff {
    /// Does what is due and says how much that was. All of it commits together.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was done, and all of it stays due.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        {
            // Most looks find nothing: they must not wait for the writer.
            let mut tx = self.store.read().await?;
            let idle = tx.transfers_lapsed(now, 1).await?.is_empty();
            if idle && tx.help_due(now, 1).await?.is_empty() {
                return Ok(0);
            }
        }
        let service = Arc::clone(self);
        let unit = self.store.write(move |tx| {
            let service = Arc::clone(&service);
            Box::pin(async move {
                let lapsed = service.end_lapsed(tx, now).await?;
                Ok(lapsed + service.call_again(tx, now, BATCH).await?)
            })
        });
        let done = unit.await?;
        if done > 0 {
            self.feed.wake_outbox();
            self.feed.signal(Signal::Queue);
        }
        Ok(done)
    }

    async fn end_lapsed(&self, tx: &mut Tx, now: At) -> Result<usize, StoreError> {
        let lapsed = tx.transfers_lapsed(now, BATCH).await?;
        for offer in &lapsed {
            if !tx.end_transfer(offer.id, now, TransferEnd::Lapsed).await? {
                continue;
            }
            let alert = tx.case(offer.alert_id).await?;
            // Whoever has lost it meanwhile has heard so.
            let theirs = alert.filter(|alert| {
                let owner = alert.claimed.map(|(owner, _)| owner);
                owner == Some(offer.from_id)
            });
            if let Some(alert) = theirs {
                let words = offer_lapsed(&alert.code, &offer.to_name);
                tell(tx, &self.desk, &alert, offer.from_id, &words, now).await?;
            }
            let detail = json!({ "to": offer.to_id });
            let subject = Some(offer.conversation_id);
            tx.audit(now, "line", "transfer.lapsed", subject, &detail)
                .await?;
        }
        Ok(lapsed.len())
    }
}
