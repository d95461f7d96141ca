//! Delivery receipts: news of a text that we sent, in any order, any number of times.

use std::sync::Arc;

use super::pages::is_unanswered;
use super::{Dispatch, policy};
use crate::clock::At;
use crate::delivery::Delivery;
use crate::feed::Signal;
use crate::gateway::Receipt;
use crate::oncall::Channel;
use crate::store::{Delivered, OutboxRow, OutboxState, StoreError, Tx, Unreached};

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
        let same_try = row.gateway_ref.as_deref() == Some(receipt.gateway_ref.as_str());
        let open = matches!(row.state, OutboxState::Queued | OutboxState::Awaiting);
        // A failure of an earlier try is no rank of the one that is under way.
        let known = row
            .delivery
            .filter(|known| same_try || !open || *known != Delivery::Failed);
        if known.is_some_and(|known| known >= receipt.delivery) {
            return Ok(());
        }
        if receipt.delivery == Delivery::Failed {
            // Of a gateway that a text has left, only good news counts.
            if row.gateway != gateway {
                return Ok(());
            }
            let code = receipt.code.as_deref();
            return self
                .not_delivered(tx, &row, &receipt.gateway_ref, code, receipt.opted_out, now)
                .await;
        }
        // Twice rather than never: on its way by an earlier try is no reason not to send it, until it may be
        // on its way twice.
        let enough = receipt.delivery == Delivery::Delivered || row.doubts > 1;
        if row.lane.prefers_twice() && row.state == OutboxState::Queued && !enough {
            return Ok(());
        }
        self.arrived(tx, &row, receipt, now).await
    }

    /// The gateway has it, or the carrier, or the phone.
    async fn arrived(
        &self,
        tx: &mut Tx,
        row: &OutboxRow,
        receipt: &Receipt,
        now: At,
    ) -> Result<(), StoreError> {
        let asks = self
            .gateways
            .get(&row.gateway)
            .is_some_and(|gateway| gateway.build_poll(&receipt.gateway_ref).is_some());
        let new = Delivered {
            state: OutboxState::Accepted,
            delivery: receipt.delivery,
            gateway_ref: &receipt.gateway_ref,
            code: receipt.code.as_deref(),
            now,
            poll_at: policy::next_poll(row.lane, 0, now).filter(|_| asks),
        };
        tx.record_delivery(row.id, &new).await?;
        match row.answers {
            Some(inbound) => tx.reply_settled(inbound, now, "replied").await?,
            None if row.texter_id.is_some() => tx.human_replied(row.id, now).await?,
            None => {}
        }
        if let Some(page) = row.page_id {
            tx.page_accepted(page, now).await?;
        }
        match row.texter_id {
            Some(texter) if receipt.delivery == Delivery::Delivered => {
                tx.reached(texter).await?;
                tx.texter_unblocked(texter, row.created_at).await
            }
            _ => Ok(()),
        }
    }

    /// The gateway by which a text or a call that did not arrive leaves next. A phone that rang is not
    /// called again by another number: the next round does.
    fn stand_in(&self, row: &OutboxRow, code: Option<&str>) -> Option<&str> {
        let other = self.routes.other(&row.gateway, None)?;
        match row.channel {
            Channel::Voice if code.is_some_and(is_unanswered) => None,
            Channel::Voice => self.can_call(other).then_some(other),
            Channel::Sms | Channel::Email | Channel::Webhook => Some(other),
        }
    }

    /// Whether it makes sense to send a text again that was not delivered for this reason.
    fn may_get_through(&self, row: &OutboxRow, code: Option<&str>) -> bool {
        let gateway = self.gateways.get(&row.gateway);
        gateway
            .zip(code)
            .is_some_and(|(gateway, code)| gateway.may_get_through(code))
    }

    /// A text did not arrive. What may be done about it depends on which try the receipt is about:
    /// gateways repeat receipts, and one of an earlier try says nothing of the later one.
    pub(super) async fn not_delivered(
        &self,
        tx: &mut Tx,
        row: &OutboxRow,
        gateway_ref: &str,
        code: Option<&str>,
        opted_out: bool,
        now: At,
    ) -> Result<(), StoreError> {
        match row.state {
            _ if opted_out => {}
            // The reply in the hook's response did not arrive: once more, through the API.
            OutboxState::Awaiting | OutboxState::Accepted if row.attempts == 0 => {
                return tx.send_again(row.id, now, &row.gateway, gateway_ref).await;
            }
            OutboxState::Queued => {
                if row.lease_until.is_some_and(|until| until > now) {
                    tx.failed_early(row.id, gateway_ref, code).await?;
                }
                return Ok(());
            }
            OutboxState::Accepted => {
                let another = row
                    .gateway_ref
                    .as_deref()
                    .is_some_and(|known| known != gateway_ref);
                if another && row.attempts > 1 {
                    return Ok(());
                }
                let stand_in = self.stand_in(row, code);
                if let Some(other) =
                    stand_in.filter(|_| row.lane.prefers_twice() && row.moved_from.is_none())
                {
                    tracing::warn!(outbox = %row.id, lane = ?row.lane, moves_to = other, "text not delivered");
                    return tx.send_again(row.id, now, other, gateway_ref).await;
                }
                let again = policy::after_busy_carrier(row.lane, row.attempts, now);
                if let Some(again) = again.filter(|_| self.may_get_through(row, code)) {
                    tracing::warn!(outbox = %row.id, lane = ?row.lane, "text not delivered by a busy carrier, and sent again");
                    return tx
                        .send_again(row.id, again, &row.gateway, gateway_ref)
                        .await;
                }
            }
            OutboxState::Awaiting => {}
            // Given up already, and why is known.
            OutboxState::Failed | OutboxState::OptedOut | OutboxState::Withdrawn => return Ok(()),
        }
        let (state, unreached, reason) = if opted_out {
            (
                OutboxState::OptedOut,
                Unreached::OptedOut,
                "carrier_opt_out",
            )
        } else {
            (
                OutboxState::Failed,
                Unreached::Failed,
                policy::UNDELIVERABLE,
            )
        };
        let new = Delivered {
            state,
            delivery: Delivery::Failed,
            gateway_ref,
            code,
            now,
            poll_at: None,
        };
        tx.record_delivery(row.id, &new).await?;
        tracing::warn!(outbox = %row.id, gateway = %row.gateway, lane = ?row.lane, ?state, "text not delivered");
        let Some(texter_id) = row.texter_id else {
            return self.page_lost(tx, row.id, (code, opted_out), now).await;
        };
        if opted_out {
            tx.texter_blocked(texter_id, now).await?;
        }
        if let Some(inbound) = row.answers {
            tx.reply_settled(inbound, now, reason).await?;
        }
        self.tell_unreachable(tx, texter_id, unreached, now).await
    }
}
