//! The way to the gateway log: exchanges are kept in memory until a worker writes them down, so that
//! neither a hook nor a send waits for it. A crash loses the last second of it; it is no record of texts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Dispatch;
use crate::gateway::client::Answer;
use crate::gateway::{SendOutcome, redact};
use crate::store::{NewExchange, StoreError};

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

    fn waiting(&self) -> MutexGuard<'_, VecDeque<NewExchange>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dispatch {
    /// Writes down what was noted, a batch at most, and says how much that was.
    ///
    /// # Errors
    /// [`StoreError`]: this batch is lost, which no text depends on.
    pub async fn write_journal(&self) -> Result<usize, StoreError> {
        let batch = Arc::new(self.journal.take());
        let count = batch.len();
        if count == 0 {
            return Ok(0);
        }
        let unit = self.store.write(move |tx| {
            let batch = Arc::clone(&batch);
            Box::pin(async move {
                for exchange in batch.iter() {
                    tx.log_exchange(exchange).await?;
                }
                Ok(count)
            })
        });
        unit.await
    }
}

/// The HTTP status of an answer.
pub(super) const fn status(answer: &Answer) -> Option<u16> {
    match answer {
        Answer::Answered { status, .. } => Some(*status),
        Answer::NotConnected | Answer::Unanswered => None,
    }
}

/// An outcome in a word or two.
pub(super) fn outcome(outcome: &SendOutcome) -> String {
    let (word, code) = match outcome {
        SendOutcome::Accepted { .. } => ("accepted", None),
        SendOutcome::Retry { code, .. } => ("retry", Some(code)),
        SendOutcome::Permanent { code } => ("permanent", Some(code)),
        SendOutcome::OptedOut { code } => ("opted out", Some(code)),
        SendOutcome::Ambiguous => ("in doubt", None),
        SendOutcome::Misconfigured { code } => ("misconfigured", Some(code)),
    };
    code.map_or_else(
        || word.to_owned(),
        |code| format!("{word} {}", redact::word(code)),
    )
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
