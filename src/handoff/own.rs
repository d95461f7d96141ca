//! Claiming, taking over, giving back. Part of `handoff`: floor 3.

use uuid::Uuid;

use super::carry_out::{Case, Done, name};
use super::{Handoff, Refused};
use crate::acknowledge::{self, How, Responder};
use crate::content::codes;
use crate::conversation::{AlertRequest, Reason};
use crate::oncall::{Alert, taken_over};
use crate::store::{StoreError, Tx};

impl Handoff {
    /// Nobody else has it: that was looked at under the lock.
    pub(super) async fn claim(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        let Some(alert) = &mut case.alert else {
            return Ok(Err(Refused::NobodyWaits));
        };
        let who = Responder::staff(tx, case.staff, &self.desk).await?;
        acknowledge::take(tx, &self.desk, alert, &who, How::Dashboard, case.now).await?;
        alert.claim(case.staff.id, case.now, &self.desk.clocks);
        Ok(Ok(()))
    }

    pub(super) async fn take_over(&self, tx: &mut Tx, case: &mut Case<'_>, from: Uuid) -> Done {
        match case.other() {
            None => self.claim(tx, case).await,
            Some(other) if other != from => Ok(Err(Refused::Changed(name(tx, other).await?))),
            Some(_) => {
                let code = case.alert.as_ref().map_or("", |alert| alert.code.as_str());
                let words = taken_over(code, &case.staff.name);
                self.overtake(tx, case).await?;
                self.pass_on(tx, case, from, &words).await?;
                Ok(Ok(()))
            }
        }
    }

    /// Makes the case of somebody else theirs; that one hears of it.
    pub(super) async fn pass_on(
        &self,
        tx: &mut Tx,
        case: &mut Case<'_>,
        from: Uuid,
        words: &str,
    ) -> Result<(), StoreError> {
        let Some(alert) = &mut case.alert else {
            return Ok(());
        };
        let who = Responder::staff(tx, case.staff, &self.desk).await?;
        acknowledge::take_from(tx, &self.desk, alert, (from, words), &who, case.now).await?;
        alert.claim(case.staff.id, case.now, &self.desk.clocks);
        Ok(())
    }

    /// Gives it back to the ladder.
    pub(super) async fn release(&self, tx: &mut Tx, case: &mut Case<'_>, reason: &str) -> Done {
        if codes::line(&self.packs.codes().releases, reason).is_none() {
            return Ok(Err(Refused::NoReason));
        }
        if case.mine().is_none() {
            return Ok(Err(Refused::NotYours));
        }
        self.overtake(tx, case).await?;
        if let Some(alert) = &mut case.alert {
            alert.release(case.now);
            tx.forget_acknowledgements(alert.id).await?;
        }
        Ok(Ok(()))
    }

    /// The case of a conversation in which somebody of the team writes: without one, it is opened for
    /// them, so that it has an owner, and somebody is paged if they fall silent.
    pub(super) async fn own(&self, tx: &mut Tx, case: &mut Case<'_>) -> Result<(), StoreError> {
        if case.alert.is_none() {
            case.alert = self.joined(tx, case).await?;
        }
        self.claim(tx, case).await?.ok();
        Ok(())
    }

    async fn joined(&self, tx: &mut Tx, case: &Case<'_>) -> Result<Option<Alert>, StoreError> {
        let Some(open) = &case.texter.conversation else {
            return Ok(None);
        };
        // Nobody is paged for it while its owner is there.
        let request = AlertRequest {
            reason: Reason::AwaitsHuman,
            tier: open.tier,
            page_after: self.desk.clocks.wants_human.answer,
        };
        let code = tx.free_code().await?;
        let id = tx.id(case.now);
        let mut alert = Alert::open(id, open.id, case.texter.id, code, request, case.now);
        alert.drill = open.drill;
        tx.insert_alert(&alert).await?;
        Ok(Some(alert))
    }
}
