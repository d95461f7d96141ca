//! Help: a responder calls a supervisor to a case. Part of `handoff`: floor 3.

use uuid::Uuid;

use super::carry_out::{Case, Done};
use super::{Handoff, Refused};
use crate::acknowledge::tell;
use crate::clock::At;
use crate::oncall::{Alert, help_is_there, help_wanted, marked};
use crate::staff::Permission;
use crate::store::{StoreError, Tx};

/// How often supervisors are called alone; after that the contacts of the configuration hear of it, too.
const ALONE: i32 = 2;

impl Handoff {
    pub(super) async fn ask_help(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        let Some(alert) = case.mine().cloned() else {
            return Ok(Err(Refused::NotYours));
        };
        let (by, now) = (case.staff, case.now);
        let next_at = now.plus(self.desk.clocks.of(alert.urgency()).repage);
        if tx
            .call_help(alert.id, case.conversation, by.id, now, next_at)
            .await?
        {
            let words = help_wanted(&alert.code, &by.name, false, &self.desk.public_url);
            let reached = self
                .tell_supervisors(tx, &alert, by.id, &words, now)
                .await?;
            if reached == 0 {
                self.tell_fallback(tx, &alert, &words, now).await?;
            }
        }
        Ok(Ok(()))
    }

    pub(super) async fn answer_help(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        if !case.staff.role.may(Permission::ObserveConversations) {
            return Ok(Err(Refused::NotSupervisor));
        }
        let Some(alert) = &case.alert else {
            return Ok(Err(Refused::NoHelpWanted));
        };
        let Some(call) = tx.open_help(alert.id).await? else {
            return Ok(Err(Refused::NoHelpWanted));
        };
        tx.end_help(call.id, case.now, Some(case.staff.id)).await?;
        let words = help_is_there(&alert.code, &case.staff.name);
        tell(tx, &self.desk, alert, call.asked_by, &words, case.now).await?;
        Ok(Ok(()))
    }

    /// Tells every supervisor but one, by whatever reaches them. How many of them could be told.
    pub(super) async fn tell_supervisors(
        &self,
        tx: &mut Tx,
        alert: &Alert,
        but: Uuid,
        words: &str,
        now: At,
    ) -> Result<usize, StoreError> {
        let mut reached = 0;
        for supervisor in tx.supervisors().await? {
            let Some(person) = tx.person(supervisor).await? else {
                continue;
            };
            if supervisor == but {
                continue;
            }
            if !person
                .reached_by(alert.urgency().is_crisis(), now)
                .is_empty()
            {
                reached += 1;
            }
            tell(tx, &self.desk, alert, supervisor, words, now).await?;
        }
        Ok(reached)
    }

    async fn tell_fallback(
        &self,
        tx: &mut Tx,
        alert: &Alert,
        words: &str,
        now: At,
    ) -> Result<(), StoreError> {
        let words = marked(alert.drill.is_some(), words.to_owned());
        let fallback = &self.desk.roster.fallback;
        tx.send_notice(&self.desk.gateway, Some(alert.id), fallback, &words, now)
            .await
    }

    /// Calls again for who still waits for help; how many calls were looked at.
    pub(super) async fn call_again(
        &self,
        tx: &mut Tx,
        now: At,
        limit: u16,
    ) -> Result<usize, StoreError> {
        let due = tx.help_due(now, limit).await?;
        for call in &due {
            let Some(alert) = tx.case(call.alert_id).await? else {
                tx.end_help(call.id, now, None).await?;
                continue;
            };
            let next_at = now.plus(self.desk.clocks.of(alert.urgency()).repage);
            if !tx.help_called(call, next_at).await? {
                continue;
            }
            let words = help_wanted(&alert.code, &call.asked_name, true, &self.desk.public_url);
            self.tell_supervisors(tx, &alert, call.asked_by, &words, now)
                .await?;
            if call.calls >= ALONE {
                self.tell_fallback(tx, &alert, &words, now).await?;
            }
        }
        Ok(due.len())
    }
}
