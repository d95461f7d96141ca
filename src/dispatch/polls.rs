//! Polls: a text that was taken, and of which nothing final was heard, is asked for.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{BATCH, Dispatch, policy};
use crate::gateway::client::send;
use crate::gateway::redact;
use crate::store::{DuePoll, ExchangeKind, NewExchange, StoreError};

impl Dispatch {
    /// Asks for what is due, a batch at most, and says how many texts that was. An answer counts like
    /// a receipt.
    ///
    /// # Errors
    /// [`StoreError`]: an answer that was not kept is asked for again, unless it was the last time.
    pub async fn poll_once(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due = self.store.write(move |tx| {
            Box::pin(async move {
                let due = tx.polls_due(now, BATCH).await?;
                for poll in &due {
                    let next = policy::next_poll(poll.lane, poll.polls + 1, now);
                    tx.polled(poll.id, next).await?;
                }
                Ok(due)
            })
        });
        let due = due.await?;
        let asked = join_all(due.iter().map(|poll| self.ask(poll))).await;
        asked.into_iter().collect::<Result<(), StoreError>>()?;
        Ok(due.len())
    }

    async fn ask(self: &Arc<Self>, poll: &DuePoll) -> Result<(), StoreError> {
        let Some(gateway) = self.gateways.get(&poll.gateway) else {
            return Ok(());
        };
        let Some(request) = gateway.build_poll(&poll.gateway_ref) else {
            return Ok(());
        };
        let (at, asked) = (self.clock.now(), redact::request(&request));
        let answer = send(&self.client, request).await;
        let receipt = gateway.read_poll(answer.as_result());
        let said = receipt.as_ref().map(|receipt| receipt.delivery);
        self.journal.note(NewExchange {
            at,
            gateway: poll.gateway.clone(),
            kind: ExchangeKind::Poll,
            outbox_id: Some(poll.id),
            gateway_ref: None,
            status: answer.status(),
            outcome: said.map_or_else(
                || "nothing new".to_owned(),
                |said| format!("{said:?}").to_lowercase(),
            ),
            duration_ms: self.clock.now().0 - at.0,
            asked,
            answered: redact::answer(answer.as_result()),
        });
        let Some(mut receipt) = receipt else {
            return Ok(());
        };
        tracing::info!(outbox = %poll.id, gateway = %poll.gateway, delivery = ?receipt.delivery, "asked for a receipt that had not come");
        receipt.outbox_id = Some(poll.id);
        // Not every answer repeats what was asked for.
        receipt.gateway_ref.clone_from(&poll.gateway_ref);
        self.receipt(&poll.gateway, receipt).await
    }
}
