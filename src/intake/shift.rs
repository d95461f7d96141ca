//! A responder takes their shift by text, when they were asked to.

use super::{Arrival, Intake};
use crate::oncall::{Channel, Contact, Turn, duty_words, takes_shift};
use crate::store::{NewPage, PageKind, StoreError, Tx};
use crate::triage::{Action, Verdict};

/// Handles a "1" from the phone of somebody who is asked to take their shift. `false` for every other
/// text: a 1 from anybody else is a choice from a menu, and so is one from a responder who is not asked.
pub(super) async fn taken(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
) -> Result<bool, StoreError> {
    let inbound = &arrival.inbound;
    if verdict.action() != Action::None || !takes_shift(inbound.body.reveal()) {
        return Ok(false);
    }
    let now = intake.clock.now();
    let mut answered = false;
    for method in tx.methods_at(&inbound.from).await? {
        let Some(person) = tx.person(method.staff_id).await? else {
            continue;
        };
        // Only a phone on which they were asked: a number may have passed to somebody else since.
        let asked = person.asked_on();
        if method.channel != Channel::Sms || !asked.iter().any(|one| one.id == method.id) {
            continue;
        }
        let who = (person.id, person.name.as_str());
        let taken = tx.take_duties(who, "text", now).await?;
        if taken.is_empty() {
            continue;
        }
        answered = true;
        tx.method_tested(method.id, now).await?;
        let schedules = tx.schedules(now).await?;
        for duty in &taken {
            let schedule = schedules.iter().find(|one| one.id == duty.schedule_id);
            let turn = Turn {
                schedule: schedule.map_or("the schedule", |one| one.name.as_str()),
                from: duty.starts_at,
                until: duty.ends_at,
            };
            let words = duty_words::shift_taken(&turn, &person, now);
            let notice = NewPage {
                alert: None,
                kind: PageKind::Notice,
                contact: &Contact::of(&person, &method),
                words: &words,
            };
            tx.send_to_responder(&intake.desk.gateway, &notice, now)
                .await?;
        }
    }
    Ok(answered)
}
