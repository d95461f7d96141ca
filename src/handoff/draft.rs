//! Drafts: what somebody has begun to write is kept while they write. Part of `handoff`: floor 3.
//!
//! A draft is no act: it changes neither who has a conversation nor its clocks, and no other page hears of it.

use std::sync::Arc;

use uuid::Uuid;

use super::carry_out::Done;
use super::{Handoff, Refused};
use crate::clock::At;
use crate::store::{Account, StoreError, Tx};
use crate::text::MessageBody;

/// The longest draft that is kept, in characters: longer than a text, because who writes shortens it later.
pub const LONGEST_DRAFT: usize = 10_000;

impl Handoff {
    /// Keeps what a member of staff has begun to write; nothing but spaces empties it.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was not kept.
    pub async fn keep_draft(
        &self,
        staff: &Account,
        conversation: Uuid,
        body: MessageBody,
    ) -> Result<Result<(), Refused>, StoreError> {
        let long = body.reveal().chars().count();
        if long > LONGEST_DRAFT {
            return Ok(Err(Refused::DraftTooLong(long)));
        }
        let now = self.clock.now();
        let work = Arc::new((staff.clone(), body));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { keep(tx, &work.0, conversation, &work.1, now).await })
        });
        unit.await
    }
}

async fn keep(
    tx: &mut Tx,
    staff: &Account,
    conversation: Uuid,
    body: &MessageBody,
    now: At,
) -> Done {
    let Some(texter) = tx.texter_of(conversation).await? else {
        return Ok(Err(Refused::Unknown));
    };
    if !tx.may_read(staff, conversation).await? {
        return Ok(Err(Refused::NotYours));
    }
    if tx.is_closed(conversation).await? {
        return Ok(Err(Refused::AlreadyClosed));
    }
    if body.reveal().trim().is_empty() {
        tx.forget_draft(conversation, staff.id).await?;
    } else {
        tx.keep_draft(&texter, conversation, staff.id, body, now)
            .await?;
    }
    Ok(Ok(()))
}
