//! Who waits for a person for long is told once, truthfully, that nobody has come yet.

use std::time::Duration;

use super::{BATCH, Followup};
use crate::clock::At;
use crate::content::Key;
use crate::store::{StoreError, Tx};

/// How long a texter waits before they are told.
const AFTER: Duration = Duration::from_mins(10);

pub(super) async fn tick(tx: &mut Tx, service: &Followup, now: At) -> Result<usize, StoreError> {
    let waiting = tx.alerts_to_excuse(now.minus(AFTER), BATCH).await?;
    for alert in &waiting {
        tx.excused(alert.id, now).await?;
        let Some(texter) = tx.texter_with_id(alert.texter_id).await? else {
            continue;
        };
        let (Some(conversation), Some(gateway)) = (
            texter.conversation,
            tx.gateway_of(alert.conversation_id).await?,
        ) else {
            continue;
        };
        if !texter.state.opted_out && !conversation.human_joined {
            let key = Key::StillWaiting;
            service
                .say(tx, &texter, &conversation, &gateway, key, now)
                .await?;
        }
    }
    Ok(waiting.len())
}
