//! Delivery receipts: news of a text that we sent, in any order, any number of times.

use std::sync::Arc;

use super::Dispatch;
use crate::clock::At;
use crate::delivery::Delivery;
use crate::feed::Signal;
use crate::gateway::Receipt;
use crate::store::{OutboxState, StoreError, Tx};

impl Dispatch {
    /// Takes a receipt in. One that is late, repeated or about nothing we know changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]: the receipt was not kept; the gateway should send it again.
    pub async fn receipt(
        self: &Arc<Self>,
        gateway: &str,
        receipt: Receipt,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let work = Arc::new((Arc::clone(self), gateway.to_owned(), receipt));
        self.store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { work.0.take_in(tx, &work.1, &work.2, now).await })
            })
            .await?;
        self.feed.wake_outbox();
        self.feed.signal(Signal::Queue);
        Ok(())
    }

    async fn take_in(
        &self,
        tx: &mut Tx,
        gateway: &str,
        receipt: &Receipt,
        now: At,
    ) -> Result<(), StoreError> {
        let row = tx
            .outbox_row_of(gateway, receipt.outbox_id, &receipt.gateway_ref)
            .await?;
        let Some(row) = row else {
            tracing::debug!(%gateway, "receipt for a text that is not ours");
            return Ok(());
        };
        if row.delivery.is_some_and(|known| known >= receipt.delivery) {
            return Ok(());
        }
        let code = receipt.code.as_deref();
        if receipt.delivery != Delivery::Failed {
            let state = OutboxState::Accepted;
            tx.record_delivery(
                row.id,
                now,
                state,
                receipt.delivery,
                &receipt.gateway_ref,
                code,
            )
            .await?;
            if let Some(inbound) = row.answers {
                tx.reply_settled(inbound, now, "replied").await?;
            }
            if let Some(page) = row.page_id {
                tx.page_accepted(page, now).await?;
            }
            return Ok(());
        }
        if row.attempts == 0 && !receipt.opted_out {
            // The reply in the hook's response did not arrive: once more, through the API.
            return tx.send_again(row.id, now).await;
        }
        let state = if receipt.opted_out {
            OutboxState::OptedOut
        } else {
            OutboxState::Failed
        };
        tx.record_delivery(
            row.id,
            now,
            state,
            receipt.delivery,
            &receipt.gateway_ref,
            code,
        )
        .await?;
        tracing::warn!(outbox = %row.id, %gateway, lane = ?row.lane, ?state, "text not delivered");
        if let Some(texter_id) = row.texter_id {
            if let Some(inbound) = row.answers {
                tx.reply_settled(inbound, now, "undeliverable").await?;
            }
            self.tell_unreachable(tx, texter_id, state, now).await?;
        }
        Ok(())
    }
}
