//! The end of a conversation: with its outcome, and what follows from it. Part of `handoff`: floor 3.

use super::carry_out::{Case, Done};
use super::{Handoff, Refused, WrapUp};
use crate::content::codes;
use crate::conversation::State;
use crate::oncall::{Alert, Closed, debrief_wanted};
use crate::store::{NewWrapUp, Tx};
use crate::triage::Tier;

impl Handoff {
    pub(super) async fn wrap_up(&self, tx: &mut Tx, case: &mut Case<'_>, wrap_up: &WrapUp) -> Done {
        if let Err(refused) = case.is_read(tx, wrap_up.seen).await? {
            return Ok(Err(refused));
        }
        let outcomes = &self.packs.codes().outcomes;
        let Some(outcome) = codes::line(outcomes, &wrap_up.outcome) else {
            return Ok(Err(Refused::NoOutcome));
        };
        if danger(&case.texter.state, case.alert.as_ref()) && !outcome.crisis {
            return Ok(Err(Refused::DangerOpen));
        }
        if wrap_up.check_in
            && let Err(refused) = self.offer_check_in(tx, case).await?
        {
            return Ok(Err(refused));
        }
        let (now, by, conversation) = (case.now, case.staff, case.conversation);
        if !wrap_up.note.reveal().trim().is_empty() {
            tx.add_note(&case.texter, conversation, by.id, &wrap_up.note, now)
                .await?;
        }
        let tier = case.texter.conversation.map(|open| open.tier);
        tx.wrap_up(&NewWrapUp {
            conversation_id: conversation,
            staff_id: by.id,
            outcome: &outcome.code,
            tier: tier.unwrap_or_default(),
            check_in: wrap_up.check_in,
            debrief: wrap_up.debrief,
            at: now,
        })
        .await?;
        self.overtake(tx, case).await?;
        if let Some(alert) = &mut case.alert {
            if let Some(call) = tx.open_help(alert.id).await? {
                tx.end_help(call.id, now, None).await?;
            }
            alert.close(Closed::ByStaff, now);
            tx.tell_over(&self.desk.gateway, alert, now).await?;
            if wrap_up.debrief {
                let words = debrief_wanted(&alert.code, &by.name);
                self.tell_supervisors(tx, alert, by.id, &words, now).await?;
            }
        }
        tx.close_conversation(conversation, now).await?;
        tx.replies_settled(case.texter.id, now, "closed_by_staff")
            .await?;
        let state = case.texter.state.clone().closed();
        tx.save_state(&case.texter, &state).await?;
        Ok(Ok(()))
    }
}

/// Whether there was danger in a conversation that nobody has said the end of yet.
#[must_use]
pub fn danger(state: &State, alert: Option<&Alert>) -> bool {
    state.crisis.is_some() || alert.is_some_and(|alert| alert.tier >= Tier::High)
}
