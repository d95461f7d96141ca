//! Who is on call is changed for a while: somebody in place of another, somebody too, or somebody not.
//! It takes two clicks, because at 3 am it must: "Replace…", and the person.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use std::time::Duration;
use uuid::Uuid;

use super::super::form::{Sent, Wrong};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::question::QuestionPage;
use super::super::readiness::{self, Mark};
use super::super::rights::may_stand_in;
use super::super::when::Wall;
use super::words::change;
use super::{VIEW, find, path_of};
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::{Change, Override, Schedule};
use crate::rota::{Edit, OverrideDraft, Refused, When};

/// How long somebody is added for, unless they say otherwise.
const ADDED_FOR: Duration = Duration::from_hours(12);

pub(super) fn routes() -> Routes {
    // A responder may give away their own turns: who else may, is asked for each.
    Routes::new()
        .get("/schedules/{id}/overrides/new", VIEW, new)
        .post("/schedules/{id}/overrides/new", VIEW, make)
        .get("/schedules/{id}/overrides/{one}/remove", VIEW, confirm)
        .post("/schedules/{id}/overrides/{one}/remove", VIEW, remove)
}

#[derive(Template)]
#[template(path = "pages/override_form.html")]
struct FormPage {
    frame: Frame,
    schedule: Uuid,
    schedule_name: String,
    zone: String,
    /// Who is taken off.
    out: Option<Uuid>,
    out_name: String,
    /// The time in words, where it can be read.
    when: String,
    from: String,
    until: String,
    reason: String,
    candidates: Vec<Candidate>,
    wrong: Wrong,
}

/// Somebody who could be on call instead.
struct Candidate {
    id: Uuid,
    name: String,
    mark: Mark,
    /// Whether they are on call then anyway, at some time.
    on_call: bool,
}

/// What is typed.
struct Fields {
    out: Option<Uuid>,
    from: String,
    until: String,
    reason: String,
}

impl Fields {
    fn sent(sent: &Sent) -> Self {
        Self {
            out: sent.id("out"),
            from: sent.get("from").to_owned(),
            until: sent.get("until").to_owned(),
            reason: sent.get("reason").to_owned(),
        }
    }

    /// From when to when, on the wall of who typed it.
    fn times(&self, wall: &Wall) -> Result<(At, At), Wrong> {
        wall.typed(&self.from, &self.until)
    }

    /// What the button that was pressed asks for.
    fn change(&self, sent: &Sent) -> Result<Change, Wrong> {
        match (sent.get("act"), self.out, sent.id("by")) {
            ("off", Some(out), _) => Ok(Change::Remove(out)),
            (_, Some(out), Some(by)) => Ok(Change::Replace(out, by)),
            (_, None, Some(by)) => Ok(Change::Add(by)),
            _ => Err(Wrong::with("by", &phrase!("Choose a person."))),
        }
    }
}

async fn form(
    visit: &Visit,
    doors: &Doors,
    schedule: Uuid,
    fields: Fields,
    wrong: Wrong,
) -> Result<FormPage, PageError> {
    let now = doors.clock.now();
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    drop(tx);
    let (schedule, people) = find(doors, schedule, now).await?;
    if !may_stand_in(&visit.me, fields.out) {
        return Err(PageError::NotFound);
    }
    let times = fields.times(&wall).ok();
    let on_call = |id| times.is_some_and(|times| is_on_call(&schedule, id, times));
    let mut candidates: Vec<Candidate> = people
        .0
        .values()
        .filter(|person| Some(person.id) != fields.out)
        .map(|person| Candidate {
            id: person.id,
            name: person.name.clone(),
            mark: readiness::of_person(person, now),
            on_call: on_call(person.id),
        })
        .collect();
    // Who can be paged and is free comes first.
    candidates.sort_by(|one, other| {
        let rank = |one: &Candidate| (one.on_call, one.mark.class == "bad");
        (rank(one), &one.name).cmp(&(rank(other), &other.name))
    });
    Ok(FormPage {
        frame: visit.frame(doors, Section::OnCall),
        schedule: schedule.id,
        schedule_name: schedule.name,
        zone: wall.name(),
        out: fields.out,
        out_name: fields.out.map_or_else(String::new, |id| people.name(id)),
        when: times.map_or_else(String::new, |(from, until)| wall.span(from, until)),
        from: fields.from,
        until: fields.until,
        reason: fields.reason,
        candidates,
        wrong,
    })
}

fn is_on_call(schedule: &Schedule, id: Uuid, (from, until): (At, At)) -> bool {
    let covers = schedule.coverage(from, until);
    covers.iter().any(|cover| cover.staff == id)
}

async fn new(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    asked: Sent,
) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &visit.me, now).await?;
    let (from, until) = wall.asked(&asked, ADDED_FOR);
    let fields = Fields {
        out: asked.id("out"),
        from,
        until,
        reason: String::new(),
    };
    let page = form(&visit, &doors, id, fields, Wrong::default()).await?;
    visit.show(&doors, &page)
}

async fn make(
    visit: Visit,
    State(doors): State<Doors>,
    Path(schedule): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let fields = Fields::sent(&sent);
    if !may_stand_in(&visit.me, fields.out) {
        return Err(PageError::NotFound);
    }
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &visit.me, now).await?;
    let read = fields.change(&sent).and_then(|change| {
        let (starts, ends) = fields.times(&wall)?;
        Ok(OverrideDraft {
            id: None,
            schedule,
            change,
            starts: When::At(starts),
            ends: When::At(ends),
            reason: fields.reason.clone(),
        })
    });
    let wrong = match read {
        Err(wrong) => wrong,
        Ok(draft) => match doors.rota.edit(&visit.me, Edit::Override(draft)).await? {
            Ok(_) => return Ok(done(&doors, "/on-call", Notice::OverrideMade)),
            Err(why) => {
                let field = match why {
                    Refused::Backwards | Refused::Over | Refused::TooLong => "until",
                    Refused::TooFar => "from",
                    Refused::Reason => "reason",
                    _ => "",
                };
                Wrong::with(field, &why)
            }
        },
    };
    refused(&form(&visit, &doors, schedule, fields, wrong).await?)
}

/// Who is taken off call by it, and who decides about it with those whose role it is.
const fn out_of(one: &Override) -> Option<Uuid> {
    match one.change {
        Change::Add(_) => None,
        Change::Remove(out) | Change::Replace(out, _) => Some(out),
    }
}

/// An override, if this person may take it back.
pub(super) fn may_take_back(visit: &Visit, one: &Override) -> bool {
    may_stand_in(&visit.me, out_of(one))
}

async fn question(
    visit: &Visit,
    doors: &Doors,
    (id, one): (Uuid, Uuid),
    problem: String,
) -> Result<QuestionPage, PageError> {
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &visit.me, now).await?;
    let (schedule, people) = find(doors, id, now).await?;
    let mut overrides = schedule.overrides.iter();
    let found = overrides.find(|other| other.id == one);
    let one = found.ok_or(PageError::NotFound)?;
    if !may_take_back(visit, one) {
        return Err(PageError::NotFound);
    }
    let ends = if one.starts_at <= now {
        tr!("It has begun: it ends now.")
    } else {
        tr!("Who is concerned is told.")
    };
    Ok(QuestionPage {
        frame: visit.frame(doors, Section::OnCall),
        title: tr!("Take this change back?"),
        words: format!(
            "{}: {}, {}, {}. {ends}",
            schedule.name,
            change(one.change, &people),
            wall.span(one.starts_at, one.ends_at),
            wall.name(),
        ),
        problem,
        button: phrase!("Take it back"),
        back: path_of(id),
    })
}

async fn confirm(
    visit: Visit,
    State(doors): State<Doors>,
    Path(place): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let page = question(&visit, &doors, place, String::new()).await?;
    visit.show(&doors, &page)
}

async fn remove(
    visit: Visit,
    State(doors): State<Doors>,
    Path(place): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    // Whether they may is asked of what it is now.
    question(&visit, &doors, place, String::new()).await?;
    let (schedule, id) = place;
    let edit = Edit::RemoveOverride { schedule, id };
    match doors.rota.edit(&visit.me, edit).await? {
        Ok(_) => Ok(done(&doors, &path_of(schedule), Notice::OverrideRemoved)),
        Err(why) => refused(&question(&visit, &doors, place, said(why)).await?),
    }
}
