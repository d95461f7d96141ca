//! The form of a rotation: who takes turns, in which order. The order is changed by buttons, without a
//! script: they send the form, which comes back as it would be. Only "Save" keeps it.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::super::form::{Choice, Sent, Wrong, arrange};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::question::QuestionPage;
use super::super::when::{WEEKDAYS, Wall, minutes, read_minutes, read_wall};
use super::{EDIT, People, find, path_of};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::{Hours, Rotation, Schedule, Unit};
use crate::rota::{Edit, Refused, RotationDraft};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/schedules/{id}/rotations/new", EDIT, new)
        .post("/schedules/{id}/rotations/new", EDIT, make)
        .get("/schedules/{id}/rotations/{rotation}", EDIT, edit)
        .post("/schedules/{id}/rotations/{rotation}", EDIT, save)
        .get("/schedules/{id}/rotations/{rotation}/remove", EDIT, confirm)
        .post("/schedules/{id}/rotations/{rotation}/remove", EDIT, remove)
}

#[derive(Template)]
#[template(path = "pages/rotation_form.html")]
struct FormPage {
    frame: Frame,
    schedule: Uuid,
    schedule_name: String,
    zone: String,
    id: Option<Uuid>,
    fields: Fields,
    units: Vec<Choice>,
    weekdays: Vec<Choice>,
    members: Vec<Member>,
    others: Vec<Choice>,
    wrong: Wrong,
}

/// What is typed.
struct Fields {
    name: String,
    every: String,
    unit: String,
    starts_on: String,
    from: String,
    until: String,
    weekdays: u8,
    members: Vec<Uuid>,
    /// The member whose button was pressed: the focus goes on there.
    moved: Option<usize>,
}

struct Member {
    id: Uuid,
    name: String,
    moved: bool,
}

impl Fields {
    /// A new rotation: from the next midnight on, a week each.
    fn fresh(wall: &Wall) -> Self {
        let midnight = wall.days(1).first().map(|(_, _, end)| wall.field(*end));
        Self {
            name: String::new(),
            every: "1".to_owned(),
            unit: "weekly".to_owned(),
            starts_on: midnight.unwrap_or_default(),
            from: String::new(),
            until: String::new(),
            weekdays: 0b111_1111,
            members: Vec::new(),
            moved: None,
        }
    }

    fn of(rotation: Rotation) -> Self {
        Self {
            name: rotation.name,
            every: rotation.every.to_string(),
            unit: unit_word(rotation.unit).to_owned(),
            starts_on: rotation.starts_on.strftime("%Y-%m-%dT%H:%M").to_string(),
            from: rotation
                .hours
                .map_or_else(String::new, |hours| minutes(hours.from)),
            until: rotation
                .hours
                .map_or_else(String::new, |hours| minutes(hours.until)),
            weekdays: rotation.weekdays,
            members: rotation.members,
            moved: None,
        }
    }

    fn sent(sent: &Sent) -> Self {
        let field = |name: &str| sent.get(name).to_owned();
        let days = sent.all("day").filter_map(|day| day.parse::<u8>().ok());
        Self {
            name: field("name"),
            every: field("every"),
            unit: field("unit"),
            starts_on: field("starts_on"),
            from: field("from"),
            until: field("until"),
            weekdays: days
                .filter(|day| *day < 7)
                .fold(0, |days, day| days | 1 << day),
            members: sent
                .all("member")
                .filter_map(|id| id.parse().ok())
                .collect(),
            moved: None,
        }
    }

    /// What the service is asked for, or what cannot be read.
    fn draft(&self, schedule: Uuid, id: Option<Uuid>) -> Result<RotationDraft, Wrong> {
        let unit = match self.unit.as_str() {
            "hourly" => Unit::Hourly,
            "daily" => Unit::Daily,
            "weekly" => Unit::Weekly,
            _ => {
                return Err(Wrong::with(
                    "unit",
                    &phrase!("Choose hours, days or weeks."),
                ));
            }
        };
        let every = self.every.trim().parse().ok();
        let starts_on = read_wall(&self.starts_on);
        let hours = match (self.from.trim(), self.until.trim()) {
            ("", "") => None,
            (from, until) => Some(
                read_minutes(from)
                    .zip(read_minutes(until))
                    .map(|(from, until)| Hours { from, until })
                    .ok_or_else(|| {
                        let words = phrase!(
                            "Write both times, like 20:00 and 08:00, or none for the whole day."
                        );
                        Wrong::with("from", &words)
                    })?,
            ),
        };
        Ok(RotationDraft {
            id,
            schedule,
            name: self.name.clone(),
            unit,
            every: every.ok_or_else(|| Wrong::with("every", &Refused::Every))?,
            starts_on: starts_on.ok_or_else(|| {
                let words = phrase!(
                    "Write the date and the time of the first hand-off, like 2026-01-31 08:00."
                );
                Wrong::with("starts_on", &words)
            })?,
            weekdays: self.weekdays,
            hours,
            members: self.members.clone(),
        })
    }
}

const fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Hourly => "hourly",
        Unit::Daily => "daily",
        Unit::Weekly => "weekly",
    }
}

/// The form with what is typed in it.
fn form(
    visit: &Visit,
    doors: &Doors,
    (schedule, people): (&Schedule, &People),
    id: Option<Uuid>,
    fields: Fields,
    wrong: Wrong,
) -> FormPage {
    let units = [
        ("hourly", tr!("hours")),
        ("daily", tr!("days")),
        ("weekly", tr!("weeks")),
    ];
    let members = fields.members.iter().enumerate().map(|(place, id)| Member {
        id: *id,
        name: people.name(*id),
        moved: fields.moved == Some(place),
    });
    FormPage {
        frame: visit.frame(doors, Section::OnCall),
        schedule: schedule.id,
        schedule_name: schedule.name.clone(),
        zone: Wall::new(schedule.zone.clone(), doors.clock.now()).name(),
        id,
        units: units
            .iter()
            .map(|(value, label)| Choice::new(value, label, *value == fields.unit))
            .collect(),
        weekdays: (0..)
            .zip(WEEKDAYS)
            .map(|(day, name)| Choice::new(&day, &said(name), fields.weekdays & 1 << day != 0))
            .collect(),
        members: members.collect(),
        others: people.choices(None),
        fields,
        wrong,
    }
}

async fn new(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let (schedule, people) = find(&doors, id, now).await?;
    let fields = Fields::fresh(&Wall::new(schedule.zone.clone(), now));
    let page = form(
        &visit,
        &doors,
        (&schedule, &people),
        None,
        fields,
        Wrong::default(),
    );
    visit.show(&doors, &page)
}

async fn edit(
    visit: Visit,
    State(doors): State<Doors>,
    Path((id, rotation)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let (schedule, people) = find(&doors, id, doors.clock.now()).await?;
    let mut rotations = schedule.rotations.iter();
    let found = rotations.find(|one| one.id == rotation).cloned();
    let fields = Fields::of(found.ok_or(PageError::NotFound)?);
    let page = form(
        &visit,
        &doors,
        (&schedule, &people),
        Some(rotation),
        fields,
        Wrong::default(),
    );
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
    Path((id, rotation)): Path<(Uuid, Uuid)>,
    sent: Sent,
) -> Result<Response, PageError> {
    keep(&visit, &doors, (id, Some(rotation)), &sent).await
}

async fn keep(
    visit: &Visit,
    doors: &Doors,
    (id, rotation): (Uuid, Option<Uuid>),
    sent: &Sent,
) -> Result<Response, PageError> {
    let mut fields = Fields::sent(sent);
    let (act, place) = sent.act();
    if act != "save" {
        if act == "add" {
            fields.members.extend(sent.id("new_member"));
        } else {
            fields.moved = arrange(&mut fields.members, act, place);
        }
        let (schedule, people) = find(doors, id, doors.clock.now()).await?;
        let page = form(
            visit,
            doors,
            (&schedule, &people),
            rotation,
            fields,
            Wrong::default(),
        );
        return Ok(Html(page.render()?).into_response());
    }
    let wrong = match fields.draft(id, rotation) {
        Err(wrong) => wrong,
        Ok(draft) => match doors.rota.edit(&visit.me, Edit::Rotation(draft)).await? {
            Ok(_) => return Ok(done(doors, &path_of(id), Notice::RotationKept)),
            Err(why) => Wrong::with(field_of(&why), &why),
        },
    };
    let (schedule, people) = find(doors, id, doors.clock.now()).await?;
    refused(&form(
        visit,
        doors,
        (&schedule, &people),
        rotation,
        fields,
        wrong,
    ))
}

/// The field that a refusal is about.
const fn field_of(why: &Refused) -> &'static str {
    match why {
        Refused::Name(_) | Refused::OddName(_) | Refused::NameTaken(..) => "name",
        Refused::Every => "every",
        Refused::NoDay => "day",
        Refused::Hours => "from",
        Refused::TooFar => "starts_on",
        Refused::NoMembers | Refused::ManyMembers | Refused::UnknownPerson => "new_member",
        _ => "",
    }
}

async fn question(
    visit: &Visit,
    doors: &Doors,
    (id, rotation): (Uuid, Uuid),
    problem: String,
) -> Result<QuestionPage, PageError> {
    let (schedule, _) = find(doors, id, doors.clock.now()).await?;
    let mut rotations = schedule.rotations.iter();
    let found = rotations.find(|one| one.id == rotation);
    let name = &found.ok_or(PageError::NotFound)?.name;
    Ok(QuestionPage {
        frame: visit.frame(doors, Section::OnCall),
        title: tr!("Remove the rotation {name}?", name),
        words: tr!(
            "From now on nobody is on call on {name} by it.",
            name = schedule.name
        ),
        problem,
        button: phrase!("Remove the rotation"),
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
    let (schedule, rotation) = place;
    let edit = Edit::RemoveRotation { schedule, rotation };
    match doors.rota.edit(&visit.me, edit).await? {
        Ok(_) => Ok(done(&doors, &path_of(schedule), Notice::RotationRemoved)),
        Err(why) => refused(&question(&visit, &doors, place, said(why)).await?),
    }
}
