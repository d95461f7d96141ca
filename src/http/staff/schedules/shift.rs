//! The form of a fixed shift.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::form::{Choice, Sent, Wrong};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::question::QuestionPage;
use super::super::when::{Wall, typed};
use super::{EDIT, find, path_of};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::rota::{Edit, Refused, ShiftDraft, When};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/schedules/{id}/shifts/new", EDIT, new)
        .post("/schedules/{id}/shifts/new", EDIT, make)
        .get("/schedules/{id}/shifts/{shift}", EDIT, edit)
        .post("/schedules/{id}/shifts/{shift}", EDIT, save)
        .get("/schedules/{id}/shifts/{shift}/remove", EDIT, confirm)
        .post("/schedules/{id}/shifts/{shift}/remove", EDIT, remove)
}

#[derive(Template)]
#[template(path = "pages/shift_form.html")]
struct FormPage {
    frame: Frame,
    schedule: Uuid,
    schedule_name: String,
    zone: String,
    id: Option<Uuid>,
    people: Vec<Choice>,
    from: String,
    until: String,
    wrong: Wrong,
}

/// What is typed.
struct Fields {
    staff: Option<Uuid>,
    from: String,
    until: String,
}

impl Fields {
    fn sent(sent: &Sent) -> Self {
        Self {
            staff: sent.id("staff"),
            from: sent.get("from").to_owned(),
            until: sent.get("until").to_owned(),
        }
    }

    /// What the service is asked for, or what cannot be read.
    fn draft(&self, schedule: Uuid, id: Option<Uuid>) -> Result<ShiftDraft, Wrong> {
        Ok(ShiftDraft {
            id,
            schedule,
            staff: self
                .staff
                .ok_or_else(|| Wrong::with("staff", &phrase!("Choose a person.")))?,
            starts: When::Wall(typed("from", &self.from)?),
            ends: When::Wall(typed("until", &self.until)?),
        })
    }
}

/// The form: with what is typed, else with the shift as it is, else empty.
async fn form(
    visit: &Visit,
    doors: &Doors,
    (schedule, id): (Uuid, Option<Uuid>),
    typed: Option<Fields>,
    wrong: Wrong,
) -> Result<FormPage, PageError> {
    let now = doors.clock.now();
    let (schedule, people) = find(doors, schedule, now).await?;
    let wall = Wall::new(schedule.zone.clone(), now);
    let shift = id.map(|id| schedule.shifts.iter().find(|one| one.id == id));
    let shift = shift
        .map(|found| found.ok_or(PageError::NotFound))
        .transpose()?;
    let fields = typed.unwrap_or_else(|| Fields {
        staff: shift.map(|one| one.staff_id),
        from: shift.map_or_else(String::new, |one| wall.field(one.starts_at)),
        until: shift.map_or_else(String::new, |one| wall.field(one.ends_at)),
    });
    Ok(FormPage {
        frame: visit.frame(doors, Section::OnCall),
        schedule: schedule.id,
        schedule_name: schedule.name,
        zone: wall.name(),
        id,
        people: people.choices(fields.staff),
        from: fields.from,
        until: fields.until,
        wrong,
    })
}

async fn new(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = form(&visit, &doors, (id, None), None, Wrong::default()).await?;
    visit.show(&doors, &page)
}

async fn edit(
    visit: Visit,
    State(doors): State<Doors>,
    Path((id, shift)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let page = form(&visit, &doors, (id, Some(shift)), None, Wrong::default()).await?;
    visit.show(&doors, &page)
}

async fn make(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    keep(&visit, &doors, (id, None), &sent).await
}

async fn save(
    visit: Visit,
    State(doors): State<Doors>,
    Path((id, shift)): Path<(Uuid, Uuid)>,
    sent: Sent,
) -> Result<Response, PageError> {
    keep(&visit, &doors, (id, Some(shift)), &sent).await
}

async fn keep(
    visit: &Visit,
    doors: &Doors,
    (schedule, shift): (Uuid, Option<Uuid>),
    sent: &Sent,
) -> Result<Response, PageError> {
    let fields = Fields::sent(sent);
    let wrong = match fields.draft(schedule, shift) {
        Err(wrong) => wrong,
        Ok(draft) => match doors.rota.edit(&visit.me, Edit::Shift(draft)).await? {
            Ok(_) => return Ok(done(doors, &path_of(schedule), Notice::ShiftKept)),
            Err(why) => {
                let field = match why {
                    Refused::UnknownPerson => "staff",
                    Refused::Backwards | Refused::Over | Refused::TooLong => "until",
                    Refused::TooFar | Refused::Overlaps { .. } => "from",
                    _ => "",
                };
                Wrong::with(field, &why)
            }
        },
    };
    refused(&form(visit, doors, (schedule, shift), Some(fields), wrong).await?)
}

async fn question(
    visit: &Visit,
    doors: &Doors,
    (id, shift): (Uuid, Uuid),
    problem: String,
) -> Result<QuestionPage, PageError> {
    let now = doors.clock.now();
    let (schedule, people) = find(doors, id, now).await?;
    let mut shifts = schedule.shifts.iter();
    let found = shifts.find(|one| one.id == shift);
    let shift = found.ok_or(PageError::NotFound)?;
    let wall = Wall::new(schedule.zone.clone(), now);
    let ends = if shift.starts_at <= now {
        tr!("It has begun: it ends now.")
    } else {
        tr!("They are told.")
    };
    Ok(QuestionPage {
        frame: visit.frame(doors, Section::OnCall),
        title: tr!("Remove this shift?"),
        words: format!(
            "{}, {}, {}. {ends}",
            people.name(shift.staff_id),
            wall.span(shift.starts_at, shift.ends_at),
            wall.name(),
        ),
        problem,
        button: phrase!("Remove the shift"),
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
    let (schedule, shift) = place;
    let edit = Edit::RemoveShift { schedule, shift };
    match doors.rota.edit(&visit.me, edit).await? {
        Ok(_) => Ok(done(&doors, &path_of(schedule), Notice::ShiftRemoved)),
        Err(why) => refused(&question(&visit, &doors, place, said(why)).await?),
    }
}
