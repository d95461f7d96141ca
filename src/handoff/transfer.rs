//! Handing a case on: offered, then accepted, declined, taken back, or not answered in time. Until it is
//! accepted it stays with who offers it. Part of `handoff`: floor 3.

use uuid::Uuid;

use super::carry_out::{Case, Done};
use super::{Handoff, Refused};
use crate::acknowledge::tell;
use crate::oncall::{offer_accepted, offer_declined, offered};
use crate::staff::Permission;
use crate::store::{NewTransfer, StoreError, Transfer, TransferEnd, Tx};

impl Handoff {
    pub(super) async fn offer(&self, tx: &mut Tx, case: &mut Case<'_>, to: Uuid) -> Done {
        let Some(alert) = case.mine().cloned() else {
            return Ok(Err(Refused::NotYours));
        };
        let member = tx.member(to).await?;
        let able = member.is_some_and(|member| {
            let may = member.account.role.may(Permission::AnswerTexters);
            may && member.locked_at.is_none() && member.password_at.is_some()
        });
        if !able || to == case.staff.id {
            return Ok(Err(Refused::CannotTake));
        }
        self.overtake(tx, case).await?;
        let clocks = self.desk.clocks.of(alert.urgency());
        tx.offer_transfer(&NewTransfer {
            alert_id: alert.id,
            conversation_id: case.conversation,
            from_id: case.staff.id,
            to_id: to,
            at: case.now,
            until: case.now.plus(clocks.claim),
        })
        .await?;
        let words = offered(&alert.code, &case.staff.name, &self.desk.public_url);
        tell(tx, &self.desk, &alert, to, &words, case.now).await?;
        Ok(Ok(()))
    }

    pub(super) async fn accept_offer(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        let Some(offer) = self.offered_to(tx, case).await? else {
            return Ok(Err(Refused::OfferOver));
        };
        tx.end_transfer(offer.id, case.now, TransferEnd::Accepted)
            .await?;
        let code = case.alert.as_ref().map_or("", |alert| alert.code.as_str());
        let words = offer_accepted(code, &case.staff.name);
        self.pass_on(tx, case, offer.from_id, &words).await?;
        Ok(Ok(()))
    }

    pub(super) async fn decline_offer(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        let Some(offer) = self.offered_to(tx, case).await? else {
            return Ok(Err(Refused::OfferOver));
        };
        tx.end_transfer(offer.id, case.now, TransferEnd::Declined)
            .await?;
        if let Some(alert) = &case.alert {
            let words = offer_declined(&alert.code, &case.staff.name);
            tell(tx, &self.desk, alert, offer.from_id, &words, case.now).await?;
        }
        Ok(Ok(()))
    }

    pub(super) async fn withdraw_offer(&self, tx: &mut Tx, case: &mut Case<'_>) -> Done {
        let Some(alert) = case.mine() else {
            return Ok(Err(Refused::NotYours));
        };
        match tx.open_transfer(alert.id).await? {
            Some(offer) => {
                tx.end_transfer(offer.id, case.now, TransferEnd::Withdrawn)
                    .await?;
                Ok(Ok(()))
            }
            None => Ok(Err(Refused::OfferOver)),
        }
    }

    /// The offer that who acts can accept: made to them, in time, by who still has the case.
    async fn offered_to(
        &self,
        tx: &mut Tx,
        case: &Case<'_>,
    ) -> Result<Option<Transfer>, StoreError> {
        let Some(alert) = &case.alert else {
            return Ok(None);
        };
        let owner = alert.claimed.map(|(owner, _)| owner);
        let open = tx.open_transfer(alert.id).await?;
        Ok(open.filter(|offer| {
            offer.to_id == case.staff.id && owner == Some(offer.from_id) && case.now < offer.until
        }))
    }

    /// Ends an offer that means nothing any more.
    pub(super) async fn overtake(&self, tx: &mut Tx, case: &Case<'_>) -> Result<(), StoreError> {
        if let Some(alert) = &case.alert
            && let Some(offer) = tx.open_transfer(alert.id).await?
        {
            tx.end_transfer(offer.id, case.now, TransferEnd::Overtaken)
                .await?;
        }
        Ok(())
    }
}
