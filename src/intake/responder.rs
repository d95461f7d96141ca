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
    let in_need = texter.state.open_tier().is_some() || texter.state.human_awaited;
    if in_need && reply == ResponderReply::TakeAny {
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
    let found = find(alerts, &reply, &texting);
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

/// The alert that a reply means. Without a code it must be the only one that waits, or that they have.
fn find(
    alerts: Vec<Alert>,
    reply: &ResponderReply,
    texting: &[(Responder, Contact)],
) -> Option<Alert> {
    match reply {
        ResponderReply::Take(code) => alerts.into_iter().find(|alert| alert.code == *code),
        ResponderReply::TakeAny => {
            let mine = |alert: &Alert| {
                alert
                    .acknowledged
                    .as_ref()
                    .is_none_or(|taken| texting.iter().any(|(who, _)| taken.by == who.name))
            };
            let mut waiting = alerts
                .into_iter()
                .filter(|alert| alert.pages > 0 && mine(alert));
            waiting.next().filter(|_| waiting.next().is_none())
        }
    }
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
