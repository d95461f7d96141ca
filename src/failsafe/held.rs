//! Held texts in crisis whose gateway carries no reply in the response to a hook: they are answered by
//! a request of their own.
//!
//! Nobody vouches for who sent them, and anyone can send them: one answer for a number in a while,
//! and so many in an hour, so that nobody can make us text the world.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::FailSafe;
use crate::clock::At;
use crate::intake::Arrival;
use crate::store::{HeldReply, Pace, StoreError};

const PACE: Pace = Pace {
    lease: Duration::from_mins(1),
    once_in: Duration::from_mins(10),
    an_hour: 60,
    fresh: Duration::from_hours(24),
};
/// How many are answered at once.
const BATCH: u16 = 8;

/// How many answers went out in this hour without the store, in memory only.
#[derive(Default)]
pub(super) struct Spent(Mutex<(At, i64)>);

impl Spent {
    fn may_spend(&self, now: At) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = *spent;
        *spent = if now.since(since) < Duration::from_hours(1) {
            (since, count + 1)
        } else {
            (now, 1)
        };
        spent.1 <= PACE.an_hour
    }
}

impl FailSafe {
    /// Answers what is held and due, a batch at most, and says how many texts that was. What no gateway
    /// takes is tried again when its lease runs out.
    ///
    /// # Errors
    /// [`StoreError`]: what was not noted is answered again: twice rather than never.
    pub async fn answer_held(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.intake.clock.now();
        let due = self
            .store
            .write(move |tx| Box::pin(async move { tx.held_to_answer(now, &PACE, BATCH).await }));
        let due = due.await?;
        let count = due.len();
        let answers = due.into_iter().map(|held| self.answer_one(held));
        let noted = join_all(answers).await;
        noted.into_iter().collect::<Result<(), StoreError>>()?;
        Ok(count)
    }

    async fn answer_one(&self, held: HeldReply) -> Result<(), StoreError> {
        let id = held.id;
        let Some(arrival) = self.intake.held_arrival(held).await else {
            tracing::error!(held = %id, "a held text cannot be read, and is not answered");
            return Ok(());
        };
        if !self.reply_apart(&arrival).await {
            return Ok(());
        }
        let now = self.intake.clock.now();
        self.store
            .write(move |tx| Box::pin(async move { tx.held_answered(id, now).await }))
            .await
    }

    /// Answers a text in crisis that could not even be held, at the same pace.
    pub async fn answer_unheld(&self, arrival: &Arrival) {
        let now = self.intake.clock.now();
        if self.told.is_due(&arrival.inbound.from, now) && self.spent.may_spend(now) {
            self.reply_apart(arrival).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_answers_to_strangers_and_then_the_next_one_has() {
        let (spent, start) = (Spent::default(), At(1_767_225_600_000));
        for n in 0..PACE.an_hour {
            assert!(spent.may_spend(start.plus(Duration::from_secs(1))), "{n}");
        }
        assert!(!spent.may_spend(start.plus(Duration::from_mins(59))));
        assert!(spent.may_spend(start.plus(Duration::from_mins(62))));
    }
}
