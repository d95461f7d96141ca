//! Who may read a conversation: the one place that says so, for pages, lists and searches.

use uuid::Uuid;

use super::staff::Account;
use super::tx::on;
use super::{StoreError, Tx};
use crate::staff::Permission;

/// Whether the account `$1` may read the conversation `c`, where `$2` says that it may observe the work
/// of others. Without that: what nobody has, or is theirs, or is offered to them, or they have written in;
/// and of what is over, what they have written in or closed, and the earlier ones of whoever they are
/// writing with now.
macro_rules! readable {
    () => {
        "($2 OR CASE WHEN c.closed_at IS NULL THEN
               COALESCE((SELECT a.claimed_by = $1 FROM alerts a
                          WHERE a.conversation_id = c.id AND a.closed_at IS NULL
                            AND a.claimed_by IS NOT NULL), TRUE)
               OR EXISTS (SELECT 1 FROM transfers t WHERE t.conversation_id = c.id AND t.to_id = $1
                             AND t.ended_at IS NULL)
             ELSE
               EXISTS (SELECT 1 FROM wrap_ups w WHERE w.conversation_id = c.id AND w.staff_id = $1)
               OR EXISTS (SELECT 1 FROM conversations o JOIN alerts a ON a.conversation_id = o.id
                           WHERE o.texter_id = c.texter_id AND o.closed_at IS NULL
                             AND a.closed_at IS NULL AND a.claimed_by = $1)
             END
          OR EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.staff_id = $1))"
    };
}

pub(super) use readable;

impl Tx {
    /// Whether somebody may read a conversation. One that is not there nobody may.
    pub async fn may_read(
        &mut self,
        staff: &Account,
        conversation: Uuid,
    ) -> Result<bool, StoreError> {
        let observes = staff.role.may(Permission::ObserveConversations);
        let found: i64 = on!(self, |c| sqlx::query_scalar(concat!(
            "SELECT COUNT(*) FROM conversations c WHERE c.id = $3 AND ",
            readable!()
        ))
        .bind(staff.id)
        .bind(observes)
        .bind(conversation)
        .fetch_one(c)
        .await?);
        Ok(found > 0)
    }
}
