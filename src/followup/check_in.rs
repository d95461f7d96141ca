//! A check-in goes to who agreed to it, unless they opted out since or are in a conversation with an
//! open case: then a person is there already.

use super::{BATCH, Followup};
use crate::clock::At;
use crate::content::Key;
use crate::store::{Conversation, StoreError, Tx};
use crate::triage::Tier;

pub(super) async fn tick(tx: &mut Tx, service: &Followup, now: At) -> Result<usize, StoreError> {
    let due = tx.check_ins_due(now, BATCH).await?;
    for check_in in &due {
        let texter = tx.texter_with_id(check_in.texter_id).await?;
        let outcome = match texter {
            None => "erased",
            Some(texter) if texter.state.opted_out => "opted_out",
            Some(_) if tx.open_alert_of(check_in.texter_id).await?.is_some() => "in_conversation",
            Some(texter) => {
                let conversation = texter.conversation.unwrap_or(Conversation {
                    id: check_in.conversation_id,
                    texter_id: texter.id,
                    tier: Tier::None,
                    human_joined: false,
                    drill: None,
                });
                let (gateway, key) = (&check_in.gateway, Key::CheckIn);
                service
                    .say(tx, &texter, &conversation, gateway, key, now)
                    .await?;
                "sent"
            }
        };
        tx.end_check_in(check_in.texter_id, now, outcome).await?;
        let detail = serde_json::json!({ "outcome": outcome });
        tx.audit(now, "line", "check_in.ended", Some(check_in.id), &detail)
            .await?;
    }
    Ok(due.len())
}
