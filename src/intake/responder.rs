//! A responder answers a page from the phone that was paged.

use serde_json::json;

use super::{Arrival, Intake};
use crate::oncall::{self, Alert, Contact, ResponderReply};
use crate::store::{NewPage, PageKind, StoreError, Tx};
use crate::triage::{Action, Verdict};

/// Handles a text from a paged phone that answers a page. `false` for every other text: it goes
/// the way of a texter's, and a responder in crisis is a person in crisis (promise P2).
pub(super) async fn answered(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
) -> Result<bool, StoreError> {
    let Some(contact) = intake.desk.roster.contact(&arrival.inbound.from) else {
        return Ok(false);
    };
    if verdict.action() != Action::None {
        return Ok(false);
    }
    let Some(reply) = oncall::read_reply(arrival.inbound.body.reveal()) else {
        return Ok(false);
    };
    let alerts = tx.open_alerts().await?;
    let words = match find(alerts, &reply, &contact.name) {
        Some(alert) => take(tx, intake, contact, alert).await?,
        None => match &reply {
            ResponderReply::Take(code) => oncall::nothing_open(Some(code)),
            ResponderReply::TakeAny => oncall::nothing_open(None),
        },
    };
    notify(tx, intake, contact, &words).await?;
    Ok(true)
}

/// The alert that a reply means. Without a code it must be the only one that waits.
fn find(alerts: Vec<Alert>, reply: &ResponderReply, name: &str) -> Option<Alert> {
    match reply {
        ResponderReply::Take(code) => alerts.into_iter().find(|alert| alert.code == *code),
        ResponderReply::TakeAny => {
            let mine = |alert: &Alert| {
                alert
                    .acknowledged
                    .as_ref()
                    .is_none_or(|taken| taken.by == name)
            };
            let mut waiting = alerts
                .into_iter()
                .filter(|alert| alert.pages > 0 && mine(alert));
            waiting.next().filter(|_| waiting.next().is_none())
        }
    }
}

async fn take(
    tx: &mut Tx,
    intake: &Intake,
    contact: &Contact,
    mut alert: Alert,
) -> Result<String, StoreError> {
    let desk = &intake.desk;
    if let Err(taken) = alert.acknowledge(&contact.name, intake.clock.now(), &desk.timing) {
        return Ok(oncall::already_taken(&alert.code, &taken));
    }
    tx.save_alert(&alert).await?;
    let detail = json!({"code": alert.code, "by": contact.name});
    tx.audit(
        intake.clock.now(),
        &contact.name,
        "alert.acknowledged",
        Some(alert.id),
        &detail,
    )
    .await?;
    for other in desk
        .roster
        .fallback
        .iter()
        .filter(|other| *other != contact)
    {
        notify(
            tx,
            intake,
            other,
            &oncall::taken_by(&alert.code, &contact.name),
        )
        .await?;
    }
    Ok(oncall::acknowledged(&alert.code, &desk.public_url))
}

async fn notify(
    tx: &mut Tx,
    intake: &Intake,
    contact: &Contact,
    words: &str,
) -> Result<(), StoreError> {
    let new = NewPage {
        alert: None,
        kind: PageKind::Notice,
        contact,
        words,
    };
    tx.send_to_responder(&intake.desk.gateway, &new, intake.clock.now())
        .await
}
