//! The end of a drill: its case is closed, who was paged hears of it, and its report is kept.

use serde_json::json;
use uuid::Uuid;

use super::Drills;
use crate::clock::At;
use crate::oncall::drill::Verdict;
use crate::oncall::{Alert, Closed, DrillOutcome, IncidentKind, drill_over};
use crate::store::{Drill, StoreError, Tally, Tx};

impl Drills {
    /// Ends a drill. A failed one is an incident until one of its variant passes.
    pub(super) async fn end(
        &self,
        tx: &mut Tx,
        drill: Drill,
        (outcome, why): Verdict,
        now: At,
    ) -> Result<(), StoreError> {
        let mut report = drill.report;
        if let Some(conversation) = tx.conversation_of_drill(drill.id).await? {
            if let Some(mut alert) = tx.alert_of(conversation).await? {
                report.timeline = tx.timeline(&alert, drill.dry_run).await?;
                tx.withdraw_pages(alert.id, now).await?;
                if alert.pages > 0 && !drill.dry_run {
                    self.thank(tx, &alert, now).await?;
                    tx.tell_over(&self.desk.gateway, &alert, now).await?;
                }
                if alert.closed.is_none() {
                    alert.close(Closed::DrillOver, now);
                    tx.save_alert(&alert).await?;
                }
            }
            close(tx, conversation, now).await?;
        }
        report.why.clone_from(&why);
        tx.end_drill(drill.id, now, outcome, &report).await?;
        let detail = json!({"variant": drill.variant, "outcome": outcome, "why": why});
        tx.audit(now, "line", "drill.ended", Some(drill.id), &detail)
            .await?;
        tracing::info!(drill = %drill.id, outcome = outcome.word(), "a drill is over");
        let about = (IncidentKind::Drill, drill.variant.word());
        match outcome {
            DrillOutcome::Failed => {
                let detail = json!({"why": why, "drill": drill.id});
                tx.raise(&self.operator, about, Tally::More(1), &detail, now)
                    .await
            }
            DrillOutcome::Passed => tx.over(&self.operator, about.0, about.1, now).await,
            DrillOutcome::CalledOff => Ok(()),
        }
    }

    /// Everyone who was paged learns that it is over.
    async fn thank(&self, tx: &mut Tx, alert: &Alert, now: At) -> Result<(), StoreError> {
        let words = drill_over(&alert.code);
        let paged = tx
            .contacts_of_case(&self.desk.roster.fallback, alert, now)
            .await?;
        tx.send_notice(&self.desk.gateway, Some(alert.id), &paged, &words, now)
            .await
    }
}

/// Closes the conversation, so that the next drill of this number begins anew.
async fn close(tx: &mut Tx, conversation: Uuid, now: At) -> Result<(), StoreError> {
    let Some(texter) = tx.texter_to_change(conversation).await? else {
        return Ok(());
    };
    tx.close_conversation(conversation, now).await?;
    tx.replies_settled(texter.id, now, "drill_over").await?;
    tx.save_state(&texter, &texter.state.clone().closed()).await
}
