//! The call for a human: opened, raised or called off by a text, and how far it has come.

use serde_json::json;

use super::{Arrival, Intake};
use crate::clock::At;
use crate::conversation::{AlertRequest, Call, Reason, State, Step};
use crate::oncall::{self, Alert, Closed};
use crate::store::{Conversation, NewPage, PageKind, StoreError, Tx};

/// How far the open call of a conversation has come. Who has none in sight costs no look.
pub(super) async fn progress(
    tx: &mut Tx,
    state: &State,
    conversation: &Conversation,
) -> Result<Option<Call>, StoreError> {
    let may_have = state.open_tier().is_some()
        || state.human_awaited
        || state.delete_asked_at.is_some()
        || conversation.human_joined;
    if !may_have {
        return Ok(None);
    }
    let open = tx.open_alert(conversation.id).await?;
    Ok(open.map(|alert| match alert {
        Alert {
            acknowledged: Some(_),
            ..
        } => Call::Taken,
        Alert {
            told_at: Some(_), ..
        } => Call::Told,
        _ => Call::Made,
    }))
}

/// Opens, raises or calls off the alert of a conversation.
pub(super) async fn call_human(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    conversation: &Conversation,
    step: &Step,
) -> Result<(), StoreError> {
    if step.alert.is_none() && !step.question_answered_no {
        return Ok(());
    }
    let (now, desk) = (intake.clock.now(), &intake.desk);
    let open = tx.open_alert(conversation.id).await?;
    let Some(request) = step.alert else {
        // A clear no calls off the page that waited for it, and nothing else: whoever asked for a
        // person since, or was paged for, has a case that only a human closes.
        let waited = |alert: &Alert| alert.pages == 0 && alert.reason == Reason::Question;
        if let Some(mut alert) = open.filter(waited) {
            alert.close(Closed::AnsweredNo, now);
            tx.save_alert(&alert).await?;
        }
        return Ok(());
    };
    // What is due now is paged by the ladder, which is woken when this is committed.
    match open {
        Some(mut alert) => {
            let before = alert.clone();
            if alert.raise(request, now, &desk.clocks) {
                tell_more_urgent(tx, intake, &before, now).await?;
                tx.forget_acknowledgements(alert.id).await?;
            }
            tx.save_alert(&alert).await
        }
        None => open_alert(tx, conversation, request, arrival.arrived, now).await,
    }
}

/// Tells whoever had a case that it is more urgent now, and that they have it no longer.
async fn tell_more_urgent(
    tx: &mut Tx,
    intake: &Intake,
    alert: &Alert,
    now: At,
) -> Result<(), StoreError> {
    let desk = &intake.desk;
    let there = tx.acknowledgements(alert.id).await?;
    let words = oncall::marked(alert.drill.is_some(), oncall::more_urgent(&alert.code));
    for contact in tx
        .contacts_of_case(&desk.roster.fallback, alert, now)
        .await?
    {
        let mut had = there.iter();
        let claimed = alert.claimed.map(|(owner, _)| owner);
        let owns = claimed.is_some() && contact.staff_id == claimed;
        if owns || had.any(|one| one.is_of(contact.staff_id, &contact.name)) {
            let notice = NewPage {
                alert: Some(alert.id),
                kind: PageKind::Notice,
                contact: &contact,
                words: &words,
            };
            tx.send_to_responder(&desk.gateway, &notice, now).await?;
        }
    }
    Ok(())
}

async fn open_alert(
    tx: &mut Tx,
    conversation: &Conversation,
    request: AlertRequest,
    arrived: At,
    now: At,
) -> Result<(), StoreError> {
    let code = tx.free_code().await?;
    let mut alert = Alert::open(
        tx.id(now),
        conversation.id,
        conversation.texter_id,
        code,
        request,
        now,
    );
    // They have waited since they wrote.
    alert.opened_at = arrived;
    alert.drill = conversation.drill;
    tx.insert_alert(&alert).await
}

/// Tells the responders of an open case that the texter wants everything deleted: they have until
/// the close to read it.
pub(super) async fn tell_of_erasure(
    tx: &mut Tx,
    intake: &Intake,
    conversation: &Conversation,
    now: At,
) -> Result<(), StoreError> {
    let Some(alert) = tx.open_alert(conversation.id).await? else {
        return Ok(());
    };
    let words = oncall::wants_erasure(&alert.code);
    let fallback = &intake.desk.roster.fallback;
    let paged = tx.contacts_of_case(fallback, &alert, now).await?;
    tx.send_notice(&intake.desk.gateway, Some(alert.id), &paged, &words, now)
        .await?;
    let detail = json!({"code": alert.code});
    tx.audit(now, "line", "erasure.waits", Some(alert.id), &detail)
        .await
}
