//! One act, in its unit of work: who has the conversation, whether the act may be done, and its entry in
//! the audit log. Part of `handoff`: floor 3.

use serde_json::json;
use uuid::Uuid;

use super::write::reachable;
use super::{Act, Handoff, Refused, as_sent};
use crate::clock::At;
use crate::oncall::Alert;
use crate::store::{Account, StoreError, Texter, Tx};

/// What came of an act.
pub(super) type Done = Result<Result<(), Refused>, StoreError>;

/// A conversation that somebody acts in, as it is in this unit of work.
pub(super) struct Case<'a> {
    pub(super) staff: &'a Account,
    pub(super) conversation: Uuid,
    pub(super) texter: Texter,
    /// Its open alert; saved when the act is done.
    pub(super) alert: Option<Alert>,
    /// Who has it: who claimed it, else who of the staff has said that they take it.
    pub(super) holder: Option<Uuid>,
    pub(super) now: At,
}

impl Case<'_> {
    /// Somebody else who has it.
    pub(super) fn other(&self) -> Option<Uuid> {
        self.holder.filter(|holder| *holder != self.staff.id)
    }

    /// The alert, if it is claimed by who acts.
    pub(super) fn mine(&self) -> Option<&Alert> {
        let alert = self.alert.as_ref()?;
        let owner = alert.claimed.map(|(owner, _)| owner);
        (owner == Some(self.staff.id)).then_some(alert)
    }

    /// Refuses what is decided by who has not read the texter's last words: `seen` is the last text that
    /// their page showed.
    pub(super) async fn is_read(&self, tx: &mut Tx, seen: Option<Uuid>) -> Done {
        let newer = match seen {
            Some(seen) => tx.texts_after(self.conversation, seen).await?,
            None => 0,
        };
        if newer > 0 {
            return Ok(Err(Refused::NewTexts(newer)));
        }
        Ok(Ok(()))
    }
}

impl Handoff {
    pub(super) async fn carry_out(
        &self,
        tx: &mut Tx,
        staff: &Account,
        conversation: Uuid,
        act: &Act,
        now: At,
    ) -> Done {
        // Locked: a STOP, or a claim, that comes at the same moment must not be overwritten.
        let Some(texter) = tx.texter_to_change(conversation).await? else {
            return Ok(Err(Refused::Unknown));
        };
        if let Act::Reply {
            body,
            form: Some(form),
            ..
        } = act
            && let Some((by, words)) = tx.sent_with(&texter, conversation, *form).await?
        {
            // The answer to the first was lost on its way, or a finger pressed twice.
            let same = by == Some(staff.id) && words.reveal() == as_sent(body.reveal());
            return Ok(if same {
                Ok(())
            } else {
                Err(Refused::SentBefore)
            });
        }
        if tx.is_closed(conversation).await? && !matches!(act, Act::Note(_)) {
            return Ok(Err(Refused::AlreadyClosed));
        }
        let alert = tx.open_alert(conversation).await?;
        let holder = match &alert {
            Some(alert) => alert.holder(&tx.acknowledgements(alert.id).await?, staff.id),
            None => None,
        };
        let mut case = Case {
            staff,
            conversation,
            texter,
            alert,
            holder,
            now,
        };
        if let Err(refused) = self.allowed(tx, &case, act).await? {
            return Ok(Err(refused));
        }
        let claimed = case.mine().is_some();
        let beyond_texts =
            matches!(act, Act::Here | Act::Note(_)) && reachable(tx, &case).await?.is_err();
        if let Err(refused) = self.done(tx, &mut case, act).await? {
            return Ok(Err(refused));
        }
        if let Some(alert) = &mut case.alert {
            if alert.claimed.is_some_and(|(owner, _)| owner == staff.id) {
                alert.seen(now, &self.desk.clocks);
                if beyond_texts {
                    alert.elsewhere(now);
                }
            }
            tx.save_alert(alert).await?;
        }
        let changes = match act {
            Act::Here => false,
            Act::Claim | Act::TakeOver { .. } => !claimed,
            _ => true,
        };
        if !changes {
            return Ok(Ok(()));
        }
        let (action, mut detail) = entry(act, &case);
        detail["code"] = json!(case.alert.as_ref().map(|alert| alert.code.as_str()));
        if let Some(from) = case.other() {
            detail["had_by"] = json!(from);
        }
        tx.audit(now, &staff.login, action, Some(conversation), &detail)
            .await?;
        Ok(Ok(()))
    }

    /// What holds for every act: whoever has it keeps it, and nobody does anything in what they may not
    /// read.
    async fn allowed(&self, tx: &mut Tx, case: &Case<'_>, act: &Act) -> Done {
        let takes = matches!(act, Act::TakeOver { .. });
        let beside = matches!(
            act,
            Act::Note(_) | Act::AcceptOffer | Act::DeclineOffer | Act::AnswerHelp
        );
        if let Some(other) = case.other()
            && !takes
            && !beside
        {
            return Ok(Err(Refused::ClaimedBy(name(tx, other).await?)));
        }
        if beside && !tx.may_read(case.staff, case.conversation).await? {
            let refused = match case.other() {
                Some(other) => Refused::ClaimedBy(name(tx, other).await?),
                None => Refused::Unknown,
            };
            return Ok(Err(refused));
        }
        Ok(Ok(()))
    }

    async fn done(&self, tx: &mut Tx, case: &mut Case<'_>, act: &Act) -> Done {
        match act {
            Act::Claim => self.claim(tx, case).await,
            Act::TakeOver { from } => self.take_over(tx, case, *from).await,
            Act::Here => Ok(case.mine().map(|_| ()).ok_or(Refused::NotYours)),
            Act::Release { reason } => self.release(tx, case, reason).await,
            Act::Offer { to } => self.offer(tx, case, *to).await,
            Act::AcceptOffer => self.accept_offer(tx, case).await,
            Act::DeclineOffer => self.decline_offer(tx, case).await,
            Act::WithdrawOffer => self.withdraw_offer(tx, case).await,
            Act::AskHelp => self.ask_help(tx, case).await,
            Act::AnswerHelp => self.answer_help(tx, case).await,
            Act::Note(body) => {
                let (texter, by) = (&case.texter, case.staff.id);
                tx.add_note(texter, case.conversation, by, body, case.now)
                    .await?;
                Ok(Ok(()))
            }
            Act::Tier { tier, reason, seen } => {
                self.set_tier(tx, case, (*tier, reason), *seen).await
            }
            Act::Write(body) => self.write(tx, case, body, None).await,
            Act::Reply { body, seen, form } => {
                if let Err(refused) = case.is_read(tx, Some(*seen)).await? {
                    return Ok(Err(refused));
                }
                self.write(tx, case, body, *form).await
            }
            Act::OfferCheckIn => self.offer_check_in(tx, case).await,
            Act::WrapUp(wrap_up) => self.wrap_up(tx, case, wrap_up).await,
        }
    }
}

/// How an act stands in the audit log.
fn entry(act: &Act, case: &Case<'_>) -> (&'static str, serde_json::Value) {
    match act {
        Act::TakeOver { .. } if case.other().is_some() => ("conversation.taken_over", json!({})),
        Act::Claim | Act::TakeOver { .. } => ("conversation.claimed", json!({})),
        Act::Here => ("conversation.kept", json!({})),
        Act::Release { reason } => ("conversation.released", json!({ "reason": reason })),
        Act::Offer { to } => ("transfer.offered", json!({ "to": to })),
        Act::AcceptOffer => ("transfer.accepted", json!({})),
        Act::DeclineOffer => ("transfer.declined", json!({})),
        Act::WithdrawOffer => ("transfer.withdrawn", json!({})),
        Act::AskHelp => ("help.asked", json!({})),
        Act::AnswerHelp => ("help.answered", json!({})),
        Act::Note(_) => ("conversation.noted", json!({})),
        Act::Tier { tier, reason, .. } => (
            "conversation.tier",
            json!({ "tier": tier.word(), "reason": reason }),
        ),
        Act::Write(_) | Act::Reply { .. } => ("conversation.written", json!({})),
        Act::OfferCheckIn => ("check_in.asked", json!({})),
        Act::WrapUp(wrap_up) => (
            "conversation.closed",
            json!({
                "outcome": wrap_up.outcome, "check_in": wrap_up.check_in, "debrief": wrap_up.debrief,
            }),
        ),
    }
}

/// How others see a member of staff.
pub(super) async fn name(tx: &mut Tx, staff: Uuid) -> Result<String, StoreError> {
    let name = tx.staff_name(staff).await?;
    Ok(name.unwrap_or_else(|| "Someone".to_owned()))
}
