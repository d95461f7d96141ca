//! What is due by itself, without a new text: a word to who still waits for a person, a check-in with
//! who agreed to one, and the erasure that a texter asked for. Floor 3.
//!
//! All of it is rows with due times: a restart, or a second replica, changes nothing.

mod check_in;
mod erase;
mod excuse;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::{At, Clock};
use crate::content::{Fill, Key, Packs};
use crate::conversation::Line;
use crate::feed::{Feed, Signal};
use crate::lane::Lane;
use crate::oncall::Channel;
use crate::store::{
    Author, Conversation, NewOutbound, NewOutbox, OutboxState, Receiver, Store, StoreError, Texter,
    Tx,
};
use crate::text::MessageBody;

/// How many rows of a kind one tick takes.
const BATCH: u16 = 32;

/// Does what is due.
pub struct Followup {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The words.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
    /// Whether the journal of the database must be cleared.
    pub scrub: Arc<Scrub>,
}

/// Whether something was erased that the journal of the database may still hold. Nobody knows what
/// a crash has left, so it begins with yes.
#[derive(Debug)]
pub struct Scrub(AtomicBool);

impl Default for Scrub {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Scrub {
    /// Says that something was removed.
    pub fn want(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Clears the journal if that is wanted; while somebody reads, it stays wanted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn run(&self, store: &Store) -> Result<(), StoreError> {
        if self.0.load(Ordering::Relaxed) && store.scrub().await? {
            self.0.store(false, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Followup {
    /// Does what is due and says how much that was. All of it commits together.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was done, and all of it stays due.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let service = Arc::clone(self);
        let unit = self.store.write(move |tx| {
            let service = Arc::clone(&service);
            Box::pin(async move {
                let excused = excuse::tick(tx, &service, now).await?;
                let checked = check_in::tick(tx, &service, now).await?;
                let erased = erase::tick(tx, now).await?;
                Ok((excused + checked + erased, erased))
            })
        });
        let (done, erased) = unit.await?;
        if erased > 0 {
            self.scrub.want();
        }
        self.scrub.run(&self.store).await?;
        if done > 0 {
            self.feed.wake_outbox();
            self.feed.signal(Signal::Queue);
        }
        Ok(done)
    }

    /// Sends a message of the pack to a texter, in their language.
    async fn say(
        &self,
        tx: &mut Tx,
        texter: &Texter,
        conversation: &Conversation,
        gateway: &str,
        key: Key,
        now: At,
    ) -> Result<(), StoreError> {
        let words = self
            .packs
            .message(texter.state.locale, key, &Fill::from(&self.line));
        let body = MessageBody::new(words);
        let (message_id, outbox_id) = (tx.id(now), tx.id(now));
        let new = NewOutbound {
            id: message_id,
            gateway,
            author: Author::Line,
            staff_id: None,
            body: &body,
            at: now,
        };
        tx.record_outbound(texter, conversation, &new).await?;
        tx.enqueue(&NewOutbox {
            id: outbox_id,
            lane: Lane::Conversation,
            channel: Channel::Sms,
            gateway,
            receiver: Receiver::Texter {
                texter_id: texter.id,
                message_id,
                answers: None,
            },
            body: &body,
            state: OutboxState::Queued,
            due_at: now,
            now,
        })
        .await
    }
}
