//! The way to the gateway log: exchanges are kept in memory until a worker writes them down, so that
//! neither a hook nor a send waits for it. A crash loses the last second of it; it is no record of texts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::Dispatch;
use crate::gateway::call::InCall;
use crate::gateway::{Event, HookReply, RawRequest, SendOutcome, redact};
use crate::store::{ExchangeKind, NewExchange, StoreError};

/// The most that is kept in memory. In a flood the oldest go first.
const MOST: usize = 4_096;
/// How many are written down at once.
const BATCH: usize = 128;

/// Exchanges that are not written down yet.
#[derive(Debug, Default)]
pub struct Journal(Mutex<VecDeque<NewExchange>>);

impl Journal {
    /// Notes an exchange.
    pub fn note(&self, exchange: NewExchange) {
        let mut waiting = self.waiting();
        if waiting.len() == MOST {
            waiting.pop_front();
        }
        waiting.push_back(exchange);
    }

    fn take(&self) -> Vec<NewExchange> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }

    /// What could not be written down goes before what came since, as far as there is room.
    fn put_back(&self, batch: &[NewExchange]) {
        let mut waiting = self.waiting();
        let room = MOST - waiting.len();
        for exchange in batch.iter().rev().take(room) {
            waiting.push_front(exchange.clone());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<NewExchange>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dispatch {
    /// Notes what a hook brought and how it was answered. Nothing that was refused comes here: anyone
    /// could fill the log.
    pub fn note_hook(
        &self,
        gateway: &str,
        request: &RawRequest<'_>,
        heard: &Heard,
        response: HookAnswer<'_>,
    ) {
        let answered = match response.reply {
            Some(reply) => redact::reply(reply),
            None => response.status.to_string(),
        };
        self.journal.note(NewExchange {
            at: request.now,
            gateway: gateway.to_owned(),
            kind: heard.kind,
            outbox_id: heard.outbox_id,
            gateway_ref: Some(heard.gateway_ref.clone()),
            status: Some(response.status),
            outcome: heard.outcome.clone(),
            duration_ms: self.clock.now().0 - request.now.0,
            asked: redact::hook(request),
            answered,
        });
    }

    /// Writes down what was noted, a batch at most, and says how much that was.
    ///
    /// # Errors
    /// [`StoreError`]: while the store is away the batch waits with all that comes; after any other
    /// failure it is lost, which no text depends on.
    pub async fn write_journal(&self) -> Result<usize, StoreError> {
        let batch = Arc::new(self.journal.take());
        let (count, writing) = (batch.len(), Arc::clone(&batch));
        if count == 0 {
            return Ok(0);
        }
        let unit = self.store.write(move |tx| {
            let batch = Arc::clone(&writing);
            Box::pin(async move {
                for exchange in batch.iter() {
                    tx.log_exchange(exchange).await?;
                }
                Ok(count)
            })
        });
        unit.await.inspect_err(|error| {
            if !error.is_of_the_work() {
                self.journal.put_back(&batch);
            }
        })
    }
}

/// What a hook was about.
#[derive(Clone, Debug)]
pub struct Heard {
    kind: ExchangeKind,
    outbox_id: Option<Uuid>,
    gateway_ref: String,
    outcome: String,
}

impl Heard {
    /// What an event is about; none when it is about no text.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Inbound(inbound) => Some(Self {
                kind: ExchangeKind::Inbound,
                outbox_id: None,
                gateway_ref: inbound.gateway_ref.clone(),
                outcome: "text".to_owned(),
            }),
            Event::Receipt(receipt) => {
                let said = format!("{:?}", receipt.delivery).to_lowercase();
                let code = receipt.code.iter().map(|code| redact::word(code));
                Some(Self {
                    kind: ExchangeKind::Receipt,
                    outbox_id: receipt.outbox_id,
                    gateway_ref: receipt.gateway_ref.clone(),
                    outcome: std::iter::once(said)
                        .chain(code)
                        .collect::<Vec<_>>()
                        .join(" "),
                })
            }
            Event::Ignored(_) | Event::Unreadable(_) => None,
        }
    }

    /// What came from a call that goes on.
    #[must_use]
    pub fn in_call(heard: &InCall) -> Self {
        let outcome = match heard.key {
            Some(_) => "a key in a call",
            None if heard.machine => "a machine picked up",
            None => "picked up",
        };
        Self {
            kind: ExchangeKind::Receipt,
            outbox_id: heard.outbox_id,
            gateway_ref: heard.gateway_ref.clone(),
            outcome: outcome.to_owned(),
        }
    }
}

/// How a hook was answered.
#[derive(Clone, Copy)]
pub struct HookAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The gateway's own form of it, if the text was taken.
    pub reply: Option<&'a HookReply>,
}

/// The word for an outcome, without the code that the gateway gave.
pub(super) const fn word(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Retry { .. } => "retry",
        SendOutcome::Permanent { .. } => "permanent",
        SendOutcome::OptedOut { .. } => "opted_out",
        SendOutcome::Ambiguous => "in_doubt",
        SendOutcome::Misconfigured { .. } => "misconfigured",
    }
}

/// An outcome in a word or two.
pub(super) fn outcome(outcome: &SendOutcome) -> String {
    let word = word(outcome).replace('_', " ");
    let code = match outcome {
        SendOutcome::Accepted { .. } | SendOutcome::Ambiguous => None,
        SendOutcome::Retry { code, .. }
        | SendOutcome::Permanent { code }
        | SendOutcome::OptedOut { code }
        | SendOutcome::Misconfigured { code } => Some(code),
    };
    match code {
        None => word,
        Some(code) => format!("{word} {}", redact::word(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::At;
    use crate::store::ExchangeKind;

    #[test]
    fn a_flood_pushes_the_oldest_out() {
        let journal = Journal::default();
        let exchange = |n: i64| NewExchange {
            at: At(n),
            gateway: "main".to_owned(),
            kind: ExchangeKind::Send,
            outbox_id: None,
            gateway_ref: None,
            status: None,
            outcome: String::new(),
            duration_ms: 0,
            asked: String::new(),
            answered: String::new(),
        };
        for n in 0..5_000 {
            journal.note(exchange(n));
        }
        assert_eq!(journal.waiting().len(), MOST);
        let batch = journal.take();
        assert_eq!((batch.len(), batch[0].at), (BATCH, At(904)));
    }
}
