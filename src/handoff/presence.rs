//! Presence: who of the team reads a conversation, and who writes in it, is seen by the others who do. Part of
//! `handoff`: floor 3.
//!
//! It is no act: it changes neither who has a conversation nor its clocks. A page says it again and again for
//! as long as it is open; the others hear of it when somebody comes, and when they begin to write.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::Handoff;
use crate::clock::At;
use crate::feed::Signal;
use crate::store::{Account, StoreError, Tx};

/// How long somebody counts as there after their page said so; a page says it every 20 seconds.
pub const STAYS: Duration = Duration::from_secs(50);
/// How long somebody counts as writing after their last key; a page says it every 8 seconds.
pub const WRITES: Duration = Duration::from_secs(20);

impl Handoff {
    /// Somebody has a conversation open that they may read; whether they may.
    ///
    /// # Errors
    /// [`StoreError`]: nobody hears of it, and the page says it again.
    pub async fn look(
        &self,
        staff: &Account,
        conversation: Uuid,
        writes: bool,
    ) -> Result<bool, StoreError> {
        let (now, staff) = (self.clock.now(), Arc::new(staff.clone()));
        let unit = self.store.write(move |tx| {
            let staff = Arc::clone(&staff);
            Box::pin(async move { look(tx, &staff, conversation, writes, now).await })
        });
        let news = unit.await?;
        if news == Some(true) {
            self.feed.signal(Signal::Conversation(conversation));
        }
        Ok(news.is_some())
    }
}

/// Whether that is news to the others; none where they may not read it. What is over has nobody in it.
async fn look(
    tx: &mut Tx,
    staff: &Account,
    conversation: Uuid,
    writes: bool,
    now: At,
) -> Result<Option<bool>, StoreError> {
    if !tx.may_read(staff, conversation).await? {
        return Ok(None);
    }
    if tx.is_closed(conversation).await? {
        return Ok(Some(false));
    }
    let before = tx.presence_of(conversation, staff.id).await?;
    tx.is_present(conversation, staff.id, writes, now).await?;
    let was = |at: Option<At>, long| at.is_some_and(|at| now.since(at) < long);
    let came = !was(before.map(|(seen, _)| seen), STAYS);
    let began = writes && !was(before.and_then(|(_, wrote)| wrote), WRITES);
    Ok(Some(came || began))
}
