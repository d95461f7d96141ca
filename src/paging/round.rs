//! One round for one alert: opened again if a clock ran out, then what [`next_round`] says.
//! Part of `paging`: floor 3.

use serde_json::json;

use super::duty::Duty;
use super::tell;
use crate::acknowledge;
use crate::clock::At;
use crate::oncall::{
    self, Acknowledgement, Alert, Contact, Desk, Missed, Variant, is_among, marked, next_round,
    not_to_be_answered, page, reopened,
};
use crate::store::{NewPage, PageKind, StoreError, Tx};

/// What goes out for an alert.
pub(super) struct Round {
    /// The alert, as it was before.
    pub(super) alert: Alert,
    /// The words, for who is paged for this alert alone.
    pub(super) words: String,
    /// Whom it goes to.
    pub(super) contacts: Vec<Contact>,
}

/// Moves an alert on, and says what goes out for it; nothing where enough people are there.
pub(super) async fn advance(
    tx: &mut Tx,
    desk: &Desk,
    duty: &Duty,
    mut alert: Alert,
    now: At,
) -> Result<Option<Round>, StoreError> {
    let mut there = tx.acknowledgements(alert.id).await?;
    let before = alert.clone();
    if let Some(missed) = alert.reopen() {
        open_again(tx, desk, &before, &there, missed, now).await?;
        there.clear();
    }
    let (policy, place) = duty.policy_of(&alert);
    let urgency = alert.urgency();
    let reached = |targets: &[oncall::Target]| duty.reached(targets, urgency);
    let (step, contacts) = match next_round(&there, &policy, place, reached) {
        oncall::Round::Enough => return is_enough(tx, desk, alert, &there, now).await,
        oncall::Round::Page { step, contacts } => (step, contacts),
    };
    if alert.pages > 0 && alert.policy_id.is_none() {
        // It starts over: whoever has acknowledged the last call with their own receiver must hear this one.
        tx.tell_anew(&desk.gateway, &alert, now).await?;
    }
    let words = words_of(tx, &alert, there.len(), now).await?;
    let round = Round {
        alert: alert.clone(),
        words,
        contacts,
    };
    alert.paged(policy.id, &step, now);
    tx.save_alert(&alert).await?;
    let detail = json!({
        "code": alert.code, "policy": policy.name, "rung": step.rung.map(|rung| rung + 1),
        "round": alert.pages, "contacts": round.contacts.len(), "exhausted": step.exhausted,
    });
    tx.audit(now, "line", "alert.paged", Some(alert.id), &detail)
        .await?;
    Ok(Some(round))
}

/// The words of a page. That of a drill of silence asks for silence.
async fn words_of(tx: &mut Tx, alert: &Alert, there: usize, now: At) -> Result<String, StoreError> {
    let words = page(alert, there, now);
    let drill = match alert.drill {
        Some(drill) => tx.drill(drill).await?,
        None => None,
    };
    Ok(match drill {
        Some(drill) if drill.variant == Variant::ResponderSilent => not_to_be_answered(&words),
        _ => words,
    })
}

async fn is_enough(
    tx: &mut Tx,
    desk: &Desk,
    mut alert: Alert,
    there: &[Acknowledgement],
    now: At,
) -> Result<Option<Round>, StoreError> {
    acknowledge::enough(tx, desk, &mut alert, there, now).await?;
    tx.save_alert(&alert).await?;
    Ok(None)
}

/// Undoes what led nowhere. Whoever had the case hears of it.
async fn open_again(
    tx: &mut Tx,
    desk: &Desk,
    alert: &Alert,
    there: &[Acknowledgement],
    missed: Missed,
    now: At,
) -> Result<(), StoreError> {
    let words = marked(alert.drill.is_some(), reopened(&alert.code, missed));
    let claimed = alert.claimed.map(|(staff, _)| staff);
    let by = alert.acknowledged.as_ref().map(|taken| taken.by.as_str());
    let had = |contact: &Contact| {
        is_among(there, contact.staff_id, &contact.name)
            || (contact.staff_id.is_some() && contact.staff_id == claimed)
            || (contact.staff_id.is_none() && by == Some(contact.name.as_str()))
    };
    let contacts = tx
        .contacts_of_case(&desk.roster.fallback, alert, now)
        .await?;
    for contact in contacts.iter().filter(|contact| had(contact)) {
        let notice = NewPage {
            alert: Some(alert.id),
            kind: PageKind::Notice,
            contact,
            words: &words,
        };
        tell(tx, desk, &notice, now).await?;
    }
    tx.forget_acknowledgements(alert.id).await?;
    let detail = json!({
        "code": alert.code, "missed": missed.word(), "by": by, "claimed_by": claimed,
    });
    tx.audit(now, "line", "alert.reopened", Some(alert.id), &detail)
        .await
}
