//! STOP, START and HELP from a phone that is paged. The conversation answers them as it does anybody's;
//! here the phone is left alone, and those hear of it whom a page must now reach in its place.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::{Arrival, Intake};
use crate::acknowledge::Responder;
use crate::clock::At;
use crate::conversation::{CarrierWord, Step};
use crate::gateway::KeywordHandled;
use crate::oncall::{
    Contact, IncidentKind, Method, Person, phone_started, phone_stopped, responder_help,
};
use crate::phone::PhoneNumber;
use crate::store::{NewPage, PageKind, StoreError, Tally, Tx};

const KIND: IncidentKind = IncidentKind::ResponderUnreachable;

/// Does what follows for a responder from a word that carriers and the law give a meaning. A texter's
/// phone is none of theirs: nothing follows.
pub(super) async fn follow(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    step: &Step,
) -> Result<(), StoreError> {
    let word = match arrival.inbound.keyword_handled {
        Some(KeywordHandled::OptOut) => Some(CarrierWord::Stop),
        Some(KeywordHandled::OptIn) => Some(CarrierWord::Start),
        Some(KeywordHandled::Help) => Some(CarrierWord::Help),
        None => step.carrier_word,
    };
    let number = &arrival.inbound.from;
    let doing = Work {
        intake,
        number,
        now: intake.clock.now(),
    };
    match word {
        Some(CarrierWord::Stop) => doing.stop(tx).await,
        Some(CarrierWord::Start) => doing.start(tx).await,
        // Who is in danger gets one answer, and no second one about pages.
        Some(CarrierWord::Help) if step.state.open_tier().is_none() => doing.help(tx).await,
        _ => Ok(()),
    }
}

struct Work<'a> {
    intake: &'a Intake,
    number: &'a PhoneNumber,
    now: At,
}

impl Work<'_> {
    async fn stop(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let configured = self.intake.desk.roster.contact(self.number);
        if configured.is_none() && tx.methods_at(self.number).await?.is_empty() {
            return Ok(());
        }
        let known = tx.stopped_since(self.number).await?.is_some();
        tx.number_stopped(self.number, self.now).await?;
        let newly = tx.methods_stopped(self.number, false, self.now).await?;
        for method in &newly {
            self.audit(tx, "method.stopped", method).await?;
        }
        let people = tx.people().await?;
        // On a phone that was never proved nobody relied.
        let relied = newly.iter().filter(|method| method.verified_at.is_some());
        let whose: BTreeSet<Uuid> = relied.map(|method| method.staff_id).collect();
        for person in people.iter().filter(|person| whose.contains(&person.id)) {
            self.raise(tx, &person.name).await?;
            self.tell_others(tx, &people, person).await?;
        }
        if let Some(contact) = configured.filter(|_| !known) {
            self.raise(tx, &contact.name).await?;
            let words = phone_stopped(&contact.name, true, &self.intake.desk.public_url);
            let steering = tx.supervisors().await?;
            for person in people.iter().filter(|one| steering.contains(&one.id)) {
                tx.tell_person(&self.intake.desk.gateway, person, &words, self.now)
                    .await?;
            }
        }
        Ok(())
    }

    async fn start(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let known = tx.stopped_since(self.number).await?.is_some();
        tx.number_started(self.number).await?;
        let again = tx.methods_started(self.number).await?;
        for method in &again {
            self.audit(tx, "method.started", method).await?;
        }
        let whose: BTreeSet<Uuid> = again.iter().map(|method| method.staff_id).collect();
        for id in whose {
            let person = tx.person(id).await?;
            let reached = |person: &Person| {
                let mut methods = person.methods.iter();
                methods.all(|method| method.stopped_at.is_none())
            };
            if let Some(person) = person.filter(reached) {
                self.over(tx, &person.name).await?;
            }
        }
        if let Some(contact) = self.intake.desk.roster.contact(self.number) {
            self.over(tx, &contact.name).await?;
        }
        if known || !again.is_empty() {
            self.answer(tx, phone_started()).await?;
        }
        Ok(())
    }

    async fn help(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let words = responder_help(&self.intake.desk.public_url);
        self.answer(tx, &words).await
    }

    /// Tells who is on call, and who steers the work: at once if the person whom pages do not reach any
    /// more is on call now.
    async fn tell_others(
        &self,
        tx: &mut Tx,
        people: &[Person],
        person: &Person,
    ) -> Result<(), StoreError> {
        let schedules = tx.schedules(self.now).await?;
        let mut on_call: BTreeSet<Uuid> = BTreeSet::new();
        for schedule in &schedules {
            on_call.extend(schedule.on_call(self.now));
        }
        let reached = person.methods.iter().any(Method::works);
        let words = phone_stopped(&person.name, reached, &self.intake.desk.public_url);
        let steering = tx.supervisors().await?;
        let gateway = &self.intake.desk.gateway;
        for other in people.iter().filter(|other| other.id != person.id) {
            let there = on_call.contains(&other.id);
            if there || (steering.contains(&other.id) && on_call.contains(&person.id)) {
                for method in other.asked_on() {
                    let notice = NewPage {
                        alert: None,
                        kind: PageKind::Notice,
                        contact: &Contact::of(other, method),
                        words: &words,
                    };
                    tx.send_to_responder(gateway, &notice, self.now).await?;
                }
            } else if steering.contains(&other.id) {
                tx.tell_person(gateway, other, &words, self.now).await?;
            }
        }
        Ok(())
    }

    /// Answers on the phone that texted, if it is one that is paged.
    async fn answer(&self, tx: &mut Tx, words: &str) -> Result<(), StoreError> {
        let desk = &self.intake.desk;
        let texting = Responder::texting(tx, self.number, desk).await?;
        let Some((_, contact)) = texting.first() else {
            return Ok(());
        };
        let notice = NewPage {
            alert: None,
            kind: PageKind::Notice,
            contact,
            words,
        };
        tx.send_to_responder(&desk.gateway, &notice, self.now)
            .await?;
        Ok(())
    }

    async fn raise(&self, tx: &mut Tx, name: &str) -> Result<(), StoreError> {
        let detail = json!({"why": "stop"});
        let operator = &self.intake.operator;
        tx.raise(operator, (KIND, name), Tally::Now(1), &detail, self.now)
            .await
    }

    async fn over(&self, tx: &mut Tx, name: &str) -> Result<(), StoreError> {
        tx.over(&self.intake.operator, KIND, name, self.now).await
    }

    async fn audit(&self, tx: &mut Tx, action: &str, method: &Method) -> Result<(), StoreError> {
        let detail = json!({"staff": method.staff_id, "channel": method.channel.word()});
        tx.audit(self.now, "text", action, Some(method.id), &detail)
            .await
    }
}
