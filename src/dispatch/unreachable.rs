//! Texts that do not arrive: the team is told, once for each case.

use super::Dispatch;
use crate::clock::At;
use crate::oncall::unreachable;
use crate::store::{StoreError, Tx, Unreached};

impl Dispatch {
    /// Tells the responders of every open case of a texter that our texts do not reach them, unless
    /// they know.
    pub(super) async fn tell_unreachable(
        &self,
        tx: &mut Tx,
        texter_id: uuid::Uuid,
        unreached: Unreached,
        now: At,
    ) -> Result<(), StoreError> {
        let why = match unreached {
            Unreached::OptedOut => "opted out at the carrier; they must text START",
            Unreached::Failed => "the carrier did not deliver it",
        };
        for alert in tx.untold_cases(texter_id, unreached).await? {
            let words = unreachable(&alert.code, why);
            let fallback = &self.desk.roster.fallback;
            let paged = tx.contacts_of_case(fallback, &alert, now).await?;
            tx.send_notice(&self.desk.gateway, Some(alert.id), &paged, &words, now)
                .await?;
            tx.told_unreached(alert.id, unreached).await?;
            let detail = serde_json::json!({"code": alert.code, "why": why});
            tx.audit(now, "line", "texter.unreachable", Some(alert.id), &detail)
                .await?;
        }
        Ok(())
    }
}
