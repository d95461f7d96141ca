//! A responder answers a page from the phone that was paged.

use super::{Arrival, Intake, page_test};
use crate::acknowledge::{self, How, Responder};
use crate::clock::At;
use crate::oncall::{self, Alert, Contact, ResponderReply};
use crate::store::{NewPage, PageKind, StoreError, Texter, Tx};
use crate::triage::{Action, Verdict};

/// Handles a text from a responder's phone that answers a page. `false` for every other text: it goes
/// the way of a texter's, and a responder in crisis is a person in crisis (promise P2).
pub(super) async fn answered(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
    texter: &Texter,
) -> Result<bool, StoreError> {
    if verdict.action() != Action::None {
        return Ok(false);
    }
    let Some(reply) = oncall::read_reply(arrival.inbound.body.reveal()) else {
        return Ok(false);
    };
    // "Yes I have" is an answer to our question before it is one to a page.
    if is_in_need(texter) && reply == ResponderReply::TakeAny {
        return Ok(false);
    }
    let (now, desk) = (intake.clock.now(), &intake.desk);
    let number = &arrival.inbound.from;
    let mut texting = Responder::texting(tx, number, desk).await?;
    if texting.is_empty() {
        return Ok(false);
    }
    // Nobody takes their own case.
    let mut alerts = tx.open_alerts().await?;
    alerts.retain(|alert| alert.texter_id != texter.id);
    let found = find(tx, alerts, &reply, &texting).await?;
    if found.is_none()
        && let Some(contact) = page_test::answered(tx, &reply, &texting, now).await?
    {
        let words = oncall::page_test_answered();
        notify(tx, intake, &contact, &words, now).await?;
        return Ok(true);
    }
    let place = match &found {
        Some(alert) => {
            let paged = tx
                .contacts_of_case(&desk.roster.fallback, alert, now)
                .await?;
            let was_paged = |(who, _): &(Responder, Contact)| {
                paged.iter().any(|contact| who.is_reached_by(contact))
            };
            texting.iter().position(was_paged).unwrap_or(0)
        }
        None => 0,
    };
    let (who, contact) = texting.swap_remove(place);
    if let Some(method) = contact.method_id {
        tx.method_tested(method, now).await?;
    }
    let words = match (found, &reply) {
        (Some(mut alert), _) => {
            let taken = acknowledge::answer(tx, desk, &mut alert, &who, How::Text, now);
            taken.await?.words
        }
        (None, ResponderReply::Take(code)) => oncall::nothing_open(Some(code)),
        (None, ResponderReply::TakeAny) => oncall::nothing_open(None),
    };
    notify(tx, intake, &contact, &words, now).await?;
    Ok(true)
}

/// The alert that a reply means. Without a code it must be the only one that they have, or that waits and
/// that they were paged for: what they answer may be news of another case, or a test.
async fn find(
    tx: &mut Tx,
    alerts: Vec<Alert>,
    reply: &ResponderReply,
    texting: &[(Responder, Contact)],
) -> Result<Option<Alert>, StoreError> {
    if let ResponderReply::Take(code) = reply {
        return Ok(alerts.into_iter().find(|alert| alert.code == *code));
    }
    let mut meant = None;
    for alert in alerts.into_iter().filter(|alert| alert.pages > 0) {
        let theirs = match &alert.acknowledged {
            Some(taken) => texting.iter().any(|(who, _)| taken.by == who.name),
            None => paged_for(tx, &alert, texting).await?.is_some(),
        };
        if theirs && meant.is_some() {
            return Ok(None);
        }
        if theirs {
            meant = Some(alert);
        }
    }
    Ok(meant)
}

/// Which of those who share a phone was paged for a case, by whatever reached them.
async fn paged_for(
    tx: &mut Tx,
    alert: &Alert,
    texting: &[(Responder, Contact)],
) -> Result<Option<usize>, StoreError> {
    for (nth, (who, _)) in texting.iter().enumerate() {
        if tx.was_paged(alert.id, (who.staff_id, &who.name)).await? {
            return Ok(Some(nth));
        }
    }
    Ok(None)
}

/// Handles an OK from a phone that was paged for a case which still waits: it takes nothing, and whoever
/// texts it may believe that it does. `false` for every other text.
pub(super) async fn left_open(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
    texter: &Texter,
) -> Result<bool, StoreError> {
    let ok = oncall::answers_test(arrival.inbound.body.reveal());
    if !ok || verdict.action() != Action::None || is_in_need(texter) {
        return Ok(false);
    }
    let (now, desk) = (intake.clock.now(), &intake.desk);
    let mut texting = Responder::texting(tx, &arrival.inbound.from, desk).await?;
    if texting.is_empty() {
        return Ok(false);
    }
    let mut alerts = tx.open_alerts().await?;
    alerts.retain(|alert| alert.acknowledged.is_none() && alert.texter_id != texter.id);
    alerts.sort_by_key(|alert| (alert.urgency(), alert.opened_at));
    for alert in alerts {
        let Some(place) = paged_for(tx, &alert, &texting).await? else {
            continue;
        };
        let there = tx.acknowledgements(alert.id).await?;
        let (who, _) = &texting[place];
        if oncall::is_among(&there, who.staff_id, &who.name) {
            continue;
        }
        let (_, contact) = texting.swap_remove(place);
        if let Some(method) = contact.method_id {
            tx.method_tested(method, now).await?;
        }
        let words = oncall::marked(alert.drill.is_some(), oncall::still_waits(&alert.code));
        notify(tx, intake, &contact, &words, now).await?;
        return Ok(true);
    }
    Ok(false)
}

/// Whether whoever texts is a person in need themselves, before they are a responder.
fn is_in_need(texter: &Texter) -> bool {
    texter.state.open_tier().is_some() || texter.state.human_awaited
}

async fn notify(
    tx: &mut Tx,
    intake: &Intake,
    contact: &Contact,
    words: &str,
    now: At,
) -> Result<(), StoreError> {
    let new = NewPage {
        alert: None,
        kind: PageKind::Notice,
        contact,
        words,
    };
    tx.send_to_responder(&intake.desk.gateway, &new, now)
        .await?;
    Ok(())
}
