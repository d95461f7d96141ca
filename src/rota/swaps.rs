//! Swaps: offered, answered, and carried out by overrides.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::draft::{SwapAct, SwapDraft};
use super::{Refused, Stop, Work};
use crate::clock::At;
use crate::oncall::{Change, Override, Person, Schedule, Swap, SwapState, Turn, duty_words};
use crate::store::NewOverride;

impl Work<'_> {
    pub(super) async fn swap(&mut self, act: &SwapAct) -> Result<Uuid, Stop> {
        match act {
            SwapAct::Offer(draft) => self.offer(draft).await,
            SwapAct::Accept(id) => self.answer(*id, SwapState::Accepted).await,
            SwapAct::Decline(id) => self.answer(*id, SwapState::Declined).await,
            SwapAct::Withdraw(id) => self.answer(*id, SwapState::Withdrawn).await,
        }
    }

    async fn offer(&mut self, draft: &SwapDraft) -> Result<Uuid, Stop> {
        let schedule = self.schedule(draft.schedule).await?;
        let gives = self.time(&schedule, draft.gives)?;
        let takes = match draft.takes {
            Some(takes) => Some(self.time(&schedule, takes)?),
            None => None,
        };
        let people = self.people().await?;
        let swap = Swap {
            id: self.tx.id(self.now),
            schedule_id: schedule.id,
            asked_by: self.by.id,
            asked_of: draft.asked_of,
            gives,
            takes,
            state: SwapState::Offered,
            made_at: self.now,
            done_at: None,
        };
        let swap = self.possible(&schedule, swap, &people)?;
        self.tx.add_swap(&swap).await?;
        self.audit("swap.offered", swap.id, detail(&swap)).await?;
        if let Some(other) = people.get(&swap.asked_of) {
            let (gives, takes) = turns(&schedule, &swap);
            let url = format!("{}/me", self.desk.public_url);
            let words =
                duty_words::swap_offered(&self.by.name, &gives, takes.as_ref(), other, &url);
            self.tell(other, &words).await?;
        }
        Ok(swap.id)
    }

    async fn answer(&mut self, id: Uuid, state: SwapState) -> Result<Uuid, Stop> {
        let found = self.tx.swap_to_change(id).await?;
        let swap = found.ok_or(Refused::UnknownSwap)?;
        let (may, other) = match state {
            SwapState::Withdrawn => (swap.asked_by, swap.asked_of),
            _ => (swap.asked_of, swap.asked_by),
        };
        if self.by.id != swap.asked_by && self.by.id != swap.asked_of {
            return Err(Refused::NotYourSwap.into());
        }
        if swap.done_at.is_some() {
            return Err(Refused::SwapDone.into());
        }
        if self.by.id != may {
            return Err(Refused::NotYourSwap.into());
        }
        let people = self.people().await?;
        // The schedule may be gone: an offer on it can still be declined.
        let schedule = match self.schedule(swap.schedule_id).await {
            Ok(schedule) => Some(schedule),
            Err(Stop::Refused(_)) if state != SwapState::Accepted => None,
            Err(stop) => return Err(stop),
        };
        if let (SwapState::Accepted, Some(schedule)) = (state, &schedule) {
            let swap = self.possible(schedule, swap, &people)?;
            self.carry_out(schedule, &swap).await?;
        }
        self.tx.end_swap(id, state, self.now).await?;
        let action = match state {
            SwapState::Accepted => "swap.accepted",
            SwapState::Declined => "swap.declined",
            _ => "swap.withdrawn",
        };
        self.audit(action, id, detail(&swap)).await?;
        if let (Some(schedule), Some(other)) = (schedule, people.get(&other)) {
            let (gives, _) = turns(&schedule, &swap);
            let words = duty_words::swap_answered(&self.by.name, state, &gives, other);
            self.tell(other, &words).await?;
        }
        Ok(id)
    }

    /// Whether both have what they give, from now on: the swap without what has passed of it.
    fn possible(
        &self,
        schedule: &Schedule,
        swap: Swap,
        people: &BTreeMap<Uuid, Person>,
    ) -> Result<Swap, Refused> {
        let (one, other) = (swap.asked_by, swap.asked_of);
        if one == other {
            return Err(Refused::SamePerson);
        }
        let name = |id: Uuid| {
            let person = people.get(&id).ok_or(Refused::UnknownPerson);
            person.map(|person| person.name.clone())
        };
        let (first, second) = (name(one)?, name(other)?);
        let left = |(from, until): (At, At)| {
            if until <= self.now {
                return Err(Refused::Over);
            }
            Ok((from.max(self.now), until))
        };
        let gives = left(swap.gives)?;
        let takes = swap.takes.map(left).transpose()?;
        if takes.is_some_and(|takes| takes.0 < gives.1 && gives.0 < takes.1) {
            return Err(Refused::SwapOverlaps);
        }
        let has = |staff: Uuid, (from, until): (At, At)| {
            let spans = schedule.coverage(from, until).into_iter();
            let theirs: Vec<(At, At)> = spans
                .filter(|span| span.staff == staff)
                .map(|span| (span.from, span.until))
                .collect();
            (theirs == [(from, until)], theirs.is_empty())
        };
        for (giver, given, taker, taken, time) in [
            (one, &first, other, &second, Some(gives)),
            (other, &second, one, &first, takes),
        ] {
            let Some(time) = time else { continue };
            let (all_of_it, _) = has(giver, time);
            if !all_of_it {
                return Err(Refused::NotTheirs(given.clone()));
            }
            let (_, none_of_it) = has(taker, time);
            if !none_of_it {
                return Err(Refused::AlreadyOn(taken.clone()));
            }
        }
        Ok(Swap {
            gives,
            takes,
            ..swap
        })
    }

    async fn carry_out(&mut self, schedule: &Schedule, swap: &Swap) -> Result<(), Stop> {
        let (one, other) = (swap.asked_by, swap.asked_of);
        let given = (Change::Replace(one, other), swap.gives);
        let taken = swap.takes.map(|takes| (Change::Replace(other, one), takes));
        for (change, (starts_at, ends_at)) in [Some(given), taken].into_iter().flatten() {
            let made = Override {
                id: self.tx.id(self.now),
                change,
                starts_at,
                ends_at,
                reason: "swap".to_owned(),
            };
            let new = NewOverride {
                schedule: schedule.id,
                made: &made,
                by: self.by.id,
                swap: Some(swap.id),
            };
            self.tx.add_override(&new, self.now).await?;
        }
        Ok(())
    }
}

fn turns<'a>(schedule: &'a Schedule, swap: &Swap) -> (Turn<'a>, Option<Turn<'a>>) {
    let turn = |(from, until)| Turn {
        schedule: &schedule.name,
        from,
        until,
    };
    (turn(swap.gives), swap.takes.map(turn))
}

fn detail(swap: &Swap) -> serde_json::Value {
    json!({
        "schedule": swap.schedule_id, "asked_by": swap.asked_by, "asked_of": swap.asked_of,
        "gives": [swap.gives.0, swap.gives.1],
        "takes": swap.takes.map(|takes| [takes.0, takes.1]),
    })
}
