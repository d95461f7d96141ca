//! The name and the zone of a schedule, and its end.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::form::{Sent, Wrong};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::question::QuestionPage;
use super::super::when::zones;
use super::{EDIT, find, path_of};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::rota::{Edit, Refused, ScheduleDraft};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/schedules/new", EDIT, new)
        .post("/schedules/new", EDIT, make)
        .get("/schedules/{id}/edit", EDIT, edit)
        .post("/schedules/{id}/edit", EDIT, save)
        .get("/schedules/{id}/remove", EDIT, confirm)
        .post("/schedules/{id}/remove", EDIT, remove)
}

#[derive(Template)]
#[template(path = "pages/schedule_form.html")]
struct FormPage {
    frame: Frame,
    id: Option<Uuid>,
    name: String,
    zone: String,
    zones: Vec<String>,
    wrong: Wrong,
}

async fn new(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let zone = doors.store.read().await?.zone_of(visit.me.id).await?;
    let page = FormPage {
        frame: visit.frame(&doors, Section::OnCall),
        id: None,
        name: String::new(),
        zone: zone.iana_name().unwrap_or_default().to_owned(),
        zones: zones(),
        wrong: Wrong::default(),
    };
    visit.show(&doors, &page)
}

async fn edit(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let (schedule, _) = find(&doors, id, doors.clock.now()).await?;
    let page = FormPage {
        frame: visit.frame(&doors, Section::OnCall),
        id: Some(id),
        zone: schedule.zone.iana_name().unwrap_or_default().to_owned(),
        name: schedule.name,
        zones: zones(),
        wrong: Wrong::default(),
    };
    visit.show(&doors, &page)
}

async fn make(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    keep(&visit, &doors, None, &sent).await
}

async fn save(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    keep(&visit, &doors, Some(id), &sent).await
}

async fn keep(
    visit: &Visit,
    doors: &Doors,
    id: Option<Uuid>,
    sent: &Sent,
) -> Result<Response, PageError> {
    let draft = ScheduleDraft {
        id,
        name: sent.get("name").to_owned(),
        zone: sent.get("zone").to_owned(),
    };
    let why = match doors.rota.edit(&visit.me, Edit::Schedule(draft)).await? {
        Ok(schedule) => return Ok(done(doors, &path_of(schedule), Notice::ScheduleKept)),
        Err(why) => why,
    };
    let field = match why {
        Refused::Zone(_) => "zone",
        Refused::Name(_) | Refused::OddName(_) | Refused::NameTaken(..) => "name",
        _ => "",
    };
    refused(&FormPage {
        frame: visit.frame(doors, Section::OnCall),
        id,
        name: sent.get("name").to_owned(),
        zone: sent.get("zone").to_owned(),
        zones: zones(),
        wrong: Wrong::with(field, &why),
    })
}

async fn question(
    visit: &Visit,
    doors: &Doors,
    id: Uuid,
    problem: String,
) -> Result<QuestionPage, PageError> {
    let (schedule, _) = find(doors, id, doors.clock.now()).await?;
    Ok(QuestionPage {
        frame: visit.frame(doors, Section::OnCall),
        title: tr!("Remove the schedule {name}?", name = schedule.name),
        words: tr!(
            "From now on nobody is on call by it. Its rotations, shifts and overrides go with it."
        ),
        problem,
        button: phrase!("Remove the schedule"),
        back: path_of(id),
    })
}

async fn confirm(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = question(&visit, &doors, id, String::new()).await?;
    visit.show(&doors, &page)
}

async fn remove(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    match doors.rota.edit(&visit.me, Edit::RemoveSchedule(id)).await? {
        Ok(_) => Ok(done(&doors, "/schedules", Notice::ScheduleRemoved)),
        Err(why) => refused(&question(&visit, &doors, id, said(why)).await?),
    }
}
