//! Dispatch: what is in the outbox leaves, and receipts come home. Floor 3.
//!
//! A row is claimed under a lease, sent without any transaction open, then settled. A crash in
//! between leaves the lease to run out: the text is sent again rather than never.

mod alarm;
mod policy;
mod receipts;

pub use alarm::LastAlarm;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::clock::Clock;
use crate::feed::{Feed, Signal};
use crate::gateway::client::{Answer, send};
use crate::gateway::{Gateways, Outgoing, SendOutcome, receipts_url};
use crate::id::{IdSource, random};
use crate::lane::Lane;
use crate::oncall::{Desk, unreachable};
use crate::store::{Due, NewPage, OutboxState, PageKind, Receiver, Settled, Store, StoreError, Tx};

/// Longer than the slowest batch can take: all at once, 15 s each.
const LEASE: Duration = Duration::from_mins(1);
const BATCH: u16 = 16;

/// Sends what is due.
pub struct Dispatch {
    /// Where the outbox is.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the jitter of retries.
    pub ids: Arc<dyn IdSource>,
    /// The gateways.
    pub gateways: Gateways,
    /// The client that carries requests out.
    pub client: reqwest::Client,
    /// Who hears that a texter cannot be reached.
    pub desk: Arc<Desk>,
    /// Wakes open pages.
    pub feed: Feed,
    /// When everyone was last paged without the store.
    pub last_alarm: LastAlarm,
}

impl Dispatch {
    /// Sends what is due in a lane, a batch at most, and says how many texts that was.
    ///
    /// # Errors
    /// [`StoreError`]: what was not settled is sent again when its lease runs out.
    pub async fn run_once(self: &Arc<Self>, lane: Lane) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let claim = self
            .store
            .write(move |tx| Box::pin(tx.claim_due(lane, now, LEASE, BATCH)));
        let due = claim.await?;
        let count = due.len();
        // All of them to their end: a send whose outcome is not kept would go out twice.
        let sends = due.into_iter().map(|due| self.send(due));
        let outcomes = join_all(sends).await;
        if count > 0 {
            self.feed.signal(Signal::Queue);
        }
        outcomes.into_iter().collect::<Result<(), StoreError>>()?;
        Ok(count)
    }

    async fn send(self: &Arc<Self>, due: Due) -> Result<(), StoreError> {
        let outcome = self.carry_out(&due).await;
        let (now, chance) = (self.clock.now(), random::<1>(&*self.ids)[0]);
        let settled = policy::after(&outcome, &due, now, chance);
        log(&due, &outcome, settled.state);
        let (dispatch, work) = (Arc::clone(self), Arc::new((due, settled)));
        self.store
            .write(move |tx| {
                let (dispatch, work) = (Arc::clone(&dispatch), Arc::clone(&work));
                Box::pin(async move { dispatch.settle(tx, &work.0, &work.1, now).await })
            })
            .await
    }

    async fn carry_out(&self, due: &Due) -> SendOutcome {
        let Some(gateway) = self.gateways.get(&due.gateway) else {
            return SendOutcome::Misconfigured {
                code: "no such gateway".to_owned(),
            };
        };
        let receipts = receipts_url(&self.desk.public_url, &due.gateway, due.id);
        let request = gateway.build_send(&Outgoing {
            outbox_id: due.id,
            to: &due.to,
            body: &due.body,
            lane: due.lane,
            validity: policy::validity(due.lane),
            receipts_url: &receipts,
        });
        let answer: Answer = send(&self.client, request).await;
        gateway.read_send(due.id, answer.as_result())
    }

    async fn settle(
        &self,
        tx: &mut Tx,
        due: &Due,
        settled: &Settled,
        now: crate::clock::At,
    ) -> Result<(), StoreError> {
        tx.settle(due.id, now, settled).await?;
        let (texter_id, answers) = match due.receiver {
            Receiver::Texter {
                texter_id, answers, ..
            } => (texter_id, answers),
            Receiver::Responder { page_id } => {
                if settled.state == OutboxState::Accepted {
                    tx.page_accepted(page_id, now).await?;
                }
                return Ok(());
            }
        };
        let outcome = match settled.state {
            OutboxState::Accepted => "replied",
            OutboxState::Failed => "undeliverable",
            OutboxState::OptedOut => "carrier_opt_out",
            OutboxState::Queued | OutboxState::Awaiting | OutboxState::Withdrawn => return Ok(()),
        };
        if let Some(inbound) = answers {
            tx.reply_settled(inbound, now, outcome).await?;
        } else if settled.state == OutboxState::Accepted {
            tx.replies_settled(texter_id, now, outcome).await?;
        }
        if settled.state != OutboxState::Accepted {
            self.tell_unreachable(tx, texter_id, settled.state, now)
                .await?;
        }
        Ok(())
    }

    /// Tells the responders of an open case that our text does not reach the texter.
    async fn tell_unreachable(
        &self,
        tx: &mut Tx,
        texter_id: uuid::Uuid,
        state: OutboxState,
        now: crate::clock::At,
    ) -> Result<(), StoreError> {
        let Some(alert) = tx.open_alert_of(texter_id).await? else {
            return Ok(());
        };
        let why = match state {
            OutboxState::OptedOut => "opted out at the carrier; they must text START",
            _ => "the carrier did not deliver it",
        };
        let words = unreachable(&alert.code, why);
        for contact in &self.desk.roster.fallback {
            let notice = NewPage {
                alert: Some(alert.id),
                kind: PageKind::Notice,
                contact,
                words: &words,
            };
            tx.send_to_responder(&self.desk.gateway, &notice, now)
                .await?;
        }
        let detail = serde_json::json!({"code": alert.code, "why": why});
        tx.audit(now, "line", "texter.unreachable", Some(alert.id), &detail)
            .await
    }
}

fn log(due: &Due, outcome: &SendOutcome, state: OutboxState) {
    let (outbox, gateway, lane, attempt) = (due.id, &due.gateway, due.lane, due.attempts + 1);
    match outcome {
        SendOutcome::Accepted { .. } => {
            tracing::info!(%outbox, %gateway, ?lane, attempt, "text accepted by the gateway");
        }
        SendOutcome::Misconfigured { code } => tracing::error!(
            %outbox, %gateway, ?lane, attempt, %code,
            "the gateway refuses our credentials, sender or account: check gateways.{gateway} in the configuration; the text waits"
        ),
        other => {
            tracing::warn!(%outbox, %gateway, ?lane, attempt, ?other, ?state, "text not accepted");
        }
    }
}
