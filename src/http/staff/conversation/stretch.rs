//! Which stretch of a conversation a page shows: its latest messages, or those before one of them. A page
//! stays small, however long the conversation is and its texts are. Floor 4.

use uuid::Uuid;

use crate::clock::At;
use crate::store::{StoreError, Texter, ThreadMessage, Tx};

/// Messages on one page, which is what most need.
const MESSAGES: u16 = 60;
/// Bytes of their words: sixty long texts are two pages.
const WORDS: usize = 24 * 1024;

/// A stretch of a conversation.
pub(super) struct Stretch {
    /// Its messages, oldest first.
    pub(super) messages: Vec<ThreadMessage>,
    /// The first of them, where there are earlier ones.
    pub(super) further: Option<Uuid>,
    /// What else happened belongs to it from this moment,
    from: At,
    /// up to this one, which is the first that does not.
    until: At,
}

impl Stretch {
    /// The latest messages, or the latest of those before one.
    pub(super) async fn read(
        tx: &mut Tx,
        texter: &Texter,
        conversation: Uuid,
        before: Option<Uuid>,
    ) -> Result<Self, StoreError> {
        let mut until = At(i64::MAX);
        let mut messages = match before {
            None => tx.thread(texter, conversation, MESSAGES + 1).await?,
            // With the one before which they are: what happened is told by its time.
            Some(before) => {
                let mut messages = tx
                    .thread_until(texter, conversation, before, MESSAGES + 2)
                    .await?;
                if let Some(next) = messages.pop_if(|last| last.id == before) {
                    until = next.at;
                }
                messages
            }
        };
        let mut words = 0;
        let latest = messages.iter().rev().take(usize::from(MESSAGES));
        let fit = latest.take_while(|message| {
            words += message.body.reveal().len();
            words <= WORDS
        });
        let left_out = messages.len().saturating_sub(fit.count().max(1));
        messages.drain(..left_out);
        let first = messages.first().filter(|_| left_out > 0);
        Ok(Self {
            further: first.map(|message| message.id),
            from: first.map_or(At(i64::MIN), |message| message.at),
            until,
            messages,
        })
    }

    /// Whether what happened then belongs to it.
    pub(super) fn holds(&self, at: At) -> bool {
        self.from <= at && at < self.until
    }
}
