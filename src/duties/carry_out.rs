//! What is due is carried out, in one unit of work.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::{Found, Work, lapsed, untaken};
use crate::oncall::{
    Contact, Duty, DutyStep, Method, Person, Schedule, SwapState, Turn, duty_steps, duty_words,
};
use crate::store::{NewPage, PageKind, StoreError, Tx};

/// So often what one step leads to is looked for at once: a shift is planned, then told, then asked for.
const ROUNDS: usize = 8;

/// A duty with all that is told of it.
struct Told<'a> {
    duty: &'a Duty,
    turn: Turn<'a>,
    schedule: Option<&'a Schedule>,
    people: &'a BTreeMap<Uuid, Person>,
}

impl Told<'_> {
    fn person(&self) -> Option<&Person> {
        self.people.get(&self.duty.staff_id)
    }
}

impl Work {
    /// Does everything that is due, and says how much that was.
    pub(super) async fn tend(&self, tx: &mut Tx) -> Result<usize, StoreError> {
        tx.lock_duties().await?;
        let people = tx.people().await?.into_iter();
        let people: BTreeMap<Uuid, Person> = people.map(|person| (person.id, person)).collect();
        let mut done = 0;
        for _ in 0..ROUNDS {
            let found = Found::read(tx, self.now).await?;
            let steps = duty_steps(&found.schedules, &found.open, &self.timing, self.now);
            if steps.is_empty() {
                break;
            }
            done += steps.len();
            for step in &steps {
                self.step(tx, step, &found, &people).await?;
            }
        }
        for id in lapsed(tx, self.now).await? {
            tx.end_swap(id, SwapState::Lapsed, self.now).await?;
            done += 1;
        }
        let found = Found::read(tx, self.now).await?;
        Ok(done + untaken::tell(tx, &self.operator, &found, self.now).await?)
    }

    async fn step(
        &self,
        tx: &mut Tx,
        step: &DutyStep,
        found: &Found,
        people: &BTreeMap<Uuid, Person>,
    ) -> Result<(), StoreError> {
        let (now, action) = (self.now, word(step));
        let duty = match step {
            DutyStep::Plan {
                schedule,
                staff,
                from,
                until,
            } => {
                return tx.plan_duty(*schedule, *staff, (*from, *until), now).await;
            }
            DutyStep::Move(duty, until) => return tx.move_duty(duty.id, *until).await,
            DutyStep::Notice(duty)
            | DutyStep::Ask(duty)
            | DutyStep::Escalate(duty)
            | DutyStep::End(duty, _)
            | DutyStep::Withdraw(duty) => duty,
        };
        let schedule = found
            .schedules
            .iter()
            .find(|schedule| schedule.id == duty.schedule_id);
        let told = Told {
            duty,
            turn: Turn {
                // A schedule that was removed has no name any more.
                schedule: schedule.map_or("a schedule that was removed", |one| one.name.as_str()),
                from: duty.starts_at,
                until: duty.ends_at,
            },
            schedule,
            people,
        };
        match step {
            DutyStep::Notice(_) => self.notice(tx, &told).await?,
            DutyStep::Ask(_) => self.ask(tx, &told).await?,
            DutyStep::Escalate(_) => self.escalate(tx, &told).await?,
            DutyStep::End(_, goes_on) => {
                tx.end_duty(duty.id, now).await?;
                if let Some(person) = told.person().filter(|_| !goes_on) {
                    let words = duty_words::shift_over(&told.turn);
                    self.tell(tx, person, &words).await?;
                }
            }
            DutyStep::Withdraw(_) => {
                tx.end_duty(duty.id, now).await?;
                let expects_it = duty.noticed_at.is_some() && duty.ends_at > now;
                if let Some(person) = told.person().filter(|_| expects_it) {
                    let words = duty_words::shift_withdrawn(&told.turn, person);
                    self.tell(tx, person, &words).await?;
                }
            }
            DutyStep::Plan { .. } | DutyStep::Move(..) => {}
        }
        let detail = json!({"schedule": duty.schedule_id, "staff": duty.staff_id});
        tx.audit(now, "line", action, Some(duty.id), &detail).await
    }

    async fn notice(&self, tx: &mut Tx, told: &Told<'_>) -> Result<(), StoreError> {
        tx.duty_noticed(told.duty.id, self.now).await?;
        // Who sleeps until it has begun is asked then.
        let in_time = |person: &&Person| person.told_on(self.now).1 < told.turn.from;
        if let Some(person) = told.person().filter(in_time) {
            let words = duty_words::shift_soon(&told.turn, person, self.now);
            self.tell(tx, person, &words).await?;
        }
        Ok(())
    }

    /// Asks a person to take their shift, in their quiet hours, too: they have agreed to be there. Whom
    /// nothing reaches need not be waited for.
    async fn ask(&self, tx: &mut Tx, told: &Told<'_>) -> Result<(), StoreError> {
        tx.duty_asked(told.duty.id, self.now).await?;
        let methods = told.person().map(Person::asked_on).unwrap_or_default();
        if let Some(person) = told.person() {
            for method in &methods {
                let url = format!("{}/me", self.desk.public_url);
                let words =
                    duty_words::shift_begins(&told.turn, person, self.now, method.channel, &url);
                self.send(tx, person, method, &words).await?;
            }
        }
        if methods.is_empty() {
            self.escalate(tx, told).await?;
        }
        Ok(())
    }

    /// Tells the others who are on call there, and those who steer the work. Supervisors are not woken
    /// for it unless nobody else hears of it.
    async fn escalate(&self, tx: &mut Tx, told: &Told<'_>) -> Result<(), StoreError> {
        tx.duty_escalated(told.duty.id, self.now).await?;
        let on_call = told.schedule.map(|schedule| schedule.on_call(self.now));
        let on_call = on_call.unwrap_or_default();
        let steering = tx.supervisors().await?;
        let others = |person: &&Person| person.id != told.duty.staff_id;
        let there = told.people.values().filter(others);
        let mut heard = false;
        for person in there.clone().filter(|person| on_call.contains(&person.id)) {
            heard |= self
                .tell_not_taken(tx, told, person, person.asked_on())
                .await?;
        }
        let steering: Vec<&Person> = there
            .filter(|person| steering.contains(&person.id) && !on_call.contains(&person.id))
            .collect();
        for person in &steering {
            let methods = person.reached_by(false, self.now);
            heard |= self.tell_not_taken(tx, told, person, methods).await?;
        }
        if !heard {
            for person in &steering {
                self.tell_not_taken(tx, told, person, person.asked_on())
                    .await?;
            }
        }
        Ok(())
    }

    /// Tells one of the others; whether there was a way to.
    async fn tell_not_taken(
        &self,
        tx: &mut Tx,
        told: &Told<'_>,
        person: &Person,
        methods: Vec<&Method>,
    ) -> Result<bool, StoreError> {
        let name = told.person().map_or("Somebody who left", |who| &who.name);
        let url = &self.desk.public_url;
        let words = duty_words::shift_not_taken(name, &told.turn, person, self.now, url);
        for method in &methods {
            self.send(tx, person, method, &words).await?;
        }
        Ok(!methods.is_empty())
    }

    /// Tells a person, in their quiet hours at the end of them.
    async fn tell(&self, tx: &mut Tx, person: &Person, words: &str) -> Result<(), StoreError> {
        tx.tell_person(&self.desk.gateway, person, words, self.now)
            .await?;
        Ok(())
    }

    async fn send(
        &self,
        tx: &mut Tx,
        person: &Person,
        method: &Method,
        words: &str,
    ) -> Result<(), StoreError> {
        let notice = NewPage {
            alert: None,
            kind: PageKind::Notice,
            contact: &Contact::of(person, method),
            words,
        };
        tx.send_to_responder(&self.desk.gateway, &notice, self.now)
            .await?;
        Ok(())
    }
}

/// The word of a step for the audit log.
const fn word(step: &DutyStep) -> &'static str {
    match step {
        DutyStep::Plan { .. } => "duty.planned",
        DutyStep::Move(..) => "duty.moved",
        DutyStep::Notice(_) => "duty.noticed",
        DutyStep::Ask(_) => "duty.asked",
        DutyStep::Escalate(_) => "duty.not_taken",
        DutyStep::End(..) => "duty.ended",
        DutyStep::Withdraw(_) => "duty.withdrawn",
    }
}
