//! Swaps: somebody offers a time of theirs to another, perhaps for one of the other's; the other says yes
//! or no. The overrides that carry it out are made by the yes.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::form::{Sent, Wrong};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::readiness::{self, Mark};
use super::super::when::Wall;
use super::{AHEAD, VIEW};
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::{Cover, Person, Schedule, Swap};
use crate::rota::{Refused, SwapAct, SwapDraft, When};

/// How many turns of another are offered in return.
const IN_RETURN: usize = 4;

pub(super) fn routes() -> Routes {
    // A swap is about the two people in it alone: the service asks who they are.
    Routes::new()
        .get("/schedules/{id}/swaps/new", VIEW, new)
        .post("/schedules/{id}/swaps/new", VIEW, offer)
        .post("/on-call/swaps/{id}/{act}", VIEW, act)
}

/// An offer that nobody has answered yet, as one of the two sees it.
pub(super) struct Offer {
    pub(super) id: Uuid,
    /// Who offers it, and to whom.
    pub(super) words: String,
    /// What is given, and what is taken for it.
    pub(super) gives: String,
    pub(super) takes: String,
    /// It is answered by who looks; else it can be taken back by them.
    pub(super) is_asked: bool,
}

/// The open offers of a person: those that they are asked about first.
pub(super) fn offers(
    swaps: &[Swap],
    schedules: &[Schedule],
    people: &BTreeMap<Uuid, Person>,
    (me, wall): (Uuid, &Wall),
) -> Vec<Offer> {
    let name = |id: Uuid| {
        let person = people.get(&id);
        person.map_or_else(|| tr!("somebody who left"), |one| one.name.clone())
    };
    let mine = swaps.iter().filter(|swap| {
        let over = swap
            .gives
            .1
            .max(swap.takes.map_or(swap.gives.1, |takes| takes.1));
        (swap.asked_by == me || swap.asked_of == me) && over > wall.now()
    });
    let mut offers: Vec<Offer> = mine
        .map(|swap| {
            let schedule = schedules.iter().find(|one| one.id == swap.schedule_id);
            let schedule = schedule.map_or_else(
                || tr!("a schedule that was removed"),
                |one| one.name.clone(),
            );
            let is_asked = swap.asked_of == me;
            let (gives, takes) = (wall.span(swap.gives.0, swap.gives.1), swap.takes);
            let takes = takes.map(|(from, until)| wall.span(from, until));
            Offer {
                id: swap.id,
                words: if is_asked {
                    tr!(
                        "{name} asks you to take a turn on {schedule}",
                        name = name(swap.asked_by),
                        schedule
                    )
                } else {
                    tr!(
                        "You asked {name} to take a turn on {schedule}",
                        name = name(swap.asked_of),
                        schedule
                    )
                },
                gives: if is_asked {
                    tr!("You would take {gives}.", gives)
                } else {
                    tr!("They would take {gives}.", gives)
                },
                takes: match takes {
                    None => tr!("Nothing is asked for it."),
                    Some(takes) if is_asked => tr!("They would take {takes} for it.", takes),
                    Some(takes) => tr!("You would take {takes} for it.", takes),
                },
                is_asked,
            }
        })
        .collect();
    offers.sort_by_key(|offer| !offer.is_asked);
    offers
}

async fn act(
    visit: Visit,
    State(doors): State<Doors>,
    Path((id, act)): Path<(Uuid, String)>,
) -> Result<Response, PageError> {
    let (act, notice) = match act.as_str() {
        "accept" => (SwapAct::Accept(id), Notice::SwapAccepted),
        "decline" => (SwapAct::Decline(id), Notice::SwapDeclined),
        "withdraw" => (SwapAct::Withdraw(id), Notice::SwapWithdrawn),
        _ => return Err(PageError::NotFound),
    };
    match doors.rota.swap(&visit.me, act).await? {
        Ok(_) => Ok(done(&doors, "/on-call", notice)),
        // What is between two others is nobody else's to see.
        Err(Refused::NotYourSwap | Refused::UnknownSwap) => Err(PageError::NotFound),
        Err(why) => refused(&super::load(&doors, &visit, said(why)).await?),
    }
}

#[derive(Template)]
#[template(path = "pages/swap_form.html")]
struct FormPage {
    frame: Frame,
    schedule: Uuid,
    schedule_name: String,
    zone: String,
    /// The time in words, where it can be read.
    when: String,
    from: String,
    until: String,
    candidates: Vec<Candidate>,
    wrong: Wrong,
}

/// Somebody who can be asked, with the turns of theirs that could be taken in return.
struct Candidate {
    id: Uuid,
    name: String,
    mark: Mark,
    turns: Vec<TurnChoice>,
}

struct TurnChoice {
    value: String,
    words: String,
}

/// What is typed.
struct Fields {
    from: String,
    until: String,
}

impl Fields {
    /// From when to when, on the wall of who typed it.
    fn times(&self, wall: &Wall) -> Result<(At, At), Wrong> {
        wall.typed(&self.from, &self.until)
    }
}

async fn form(
    visit: &Visit,
    doors: &Doors,
    id: Uuid,
    fields: Fields,
    wrong: Wrong,
) -> Result<FormPage, PageError> {
    let now = doors.clock.now();
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    let mut schedules = tx.schedules(now).await?.into_iter();
    let schedule = schedules.find(|one| one.id == id);
    let schedule = schedule.ok_or(PageError::NotFound)?;
    let people = tx.people().await?;
    drop(tx);
    let times = fields
        .times(&wall)
        .ok()
        .filter(|(from, until)| from < until);
    let ahead = schedule.coverage(now, now.plus(AHEAD));
    let candidates = people
        .iter()
        .filter(|one| one.id != visit.me.id)
        .filter(|one| times.is_none_or(|times| !is_on(&ahead, one.id, times)))
        .map(|one| Candidate {
            id: one.id,
            name: one.name.clone(),
            mark: readiness::of_person(one, now),
            turns: in_return(&ahead, (visit.me.id, one.id), times, &wall),
        })
        .collect();
    Ok(FormPage {
        frame: visit.frame(doors, Section::OnCall),
        schedule: schedule.id,
        schedule_name: schedule.name,
        zone: wall.name(),
        when: times.map_or_else(String::new, |(from, until)| wall.span(from, until)),
        from: fields.from,
        until: fields.until,
        candidates,
        wrong,
    })
}

/// Whether somebody is on call at some time in between.
fn is_on(covers: &[Cover], id: Uuid, (from, until): (At, At)) -> bool {
    let mut covers = covers.iter();
    covers.any(|one| one.staff == id && one.from < until && from < one.until)
}

/// The turns of another that could be taken for the time that is given.
fn in_return(
    ahead: &[Cover],
    (me, other): (Uuid, Uuid),
    gives: Option<(At, At)>,
    wall: &Wall,
) -> Vec<TurnChoice> {
    let theirs = ahead.iter().filter(|one| one.staff == other);
    let apart =
        |one: &&Cover| gives.is_none_or(|(from, until)| one.until <= from || until <= one.from);
    let free = |one: &&Cover| !is_on(ahead, me, (one.from, one.until));
    theirs
        .filter(apart)
        .filter(free)
        .take(IN_RETURN)
        .map(|one| TurnChoice {
            value: format!("{other} {} {}", one.from.0, one.until.0),
            words: wall.span(one.from, one.until),
        })
        .collect()
}

/// Who is asked, and what is taken in return, from the button that was pressed.
fn asked(button: &str) -> Option<(Uuid, Option<(When, When)>)> {
    let moment = |ms: &str| ms.parse().ok().map(At).map(When::At);
    match button.split(' ').collect::<Vec<&str>>().as_slice() {
        [staff] => Some((staff.parse().ok()?, None)),
        [staff, from, until] => {
            let takes = (moment(from)?, moment(until)?);
            Some((staff.parse().ok()?, Some(takes)))
        }
        _ => None,
    }
}

async fn new(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    given: Sent,
) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &visit.me, now).await?;
    let (from, until) = wall.asked(&given, super::ADDED_FOR);
    let fields = Fields { from, until };
    let page = form(&visit, &doors, id, fields, Wrong::default()).await?;
    visit.show(&doors, &page)
}

async fn offer(
    visit: Visit,
    State(doors): State<Doors>,
    Path(schedule): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let fields = Fields {
        from: sent.get("from").to_owned(),
        until: sent.get("until").to_owned(),
    };
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &visit.me, now).await?;
    let read = fields.times(&wall).and_then(|(from, until)| {
        let (asked_of, takes) = asked(sent.get("with"))
            .ok_or_else(|| Wrong::with("with", &phrase!("Choose a person.")))?;
        Ok(SwapDraft {
            schedule,
            asked_of,
            gives: (When::At(from), When::At(until)),
            takes,
        })
    });
    let wrong = match read {
        Err(wrong) => wrong,
        Ok(draft) => match doors.rota.swap(&visit.me, SwapAct::Offer(draft)).await? {
            Ok(_) => return Ok(done(&doors, "/on-call", Notice::SwapOffered)),
            Err(Refused::UnknownSchedule) => return Err(PageError::NotFound),
            Err(why) => {
                let field = match why {
                    Refused::Backwards | Refused::Over | Refused::TooLong => "until",
                    Refused::TooFar | Refused::NotTheirs(_) => "from",
                    _ => "with",
                };
                Wrong::with(field, &why)
            }
        },
    };
    refused(&form(&visit, &doors, schedule, fields, wrong).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_says_who_is_asked_and_what_for() {
        let id = Uuid::from_u128(7);
        let at = |ms| When::At(At(ms));
        assert_eq!(asked(&id.to_string()), Some((id, None)));
        assert_eq!(
            asked(&format!("{id} 10 20")),
            Some((id, Some((at(10), at(20)))))
        );
        for odd in [
            "",
            "x",
            &format!("{id} 10"),
            &format!("{id} x 20"),
            &format!("{id} x y"),
        ] {
            assert_eq!(asked(odd), None, "{odd}");
        }
    }
}
