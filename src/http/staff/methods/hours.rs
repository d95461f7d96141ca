//! Where a person lives, and when they are not to be woken.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::form::{Sent, Wrong};
use super::super::frame::{Frame, Notice, Visit, refused};
use super::super::when::{minutes, read_minutes, zones};
use super::Whose;
use crate::http::Doors;
use crate::http::error::PageError;
use crate::http::words::filters;
use crate::oncall::Quiet;
use crate::people::{Act, Refused};

#[derive(Template)]
#[template(path = "pages/hours_form.html")]
struct HoursPage {
    frame: Frame,
    home: String,
    crumb: String,
    own: bool,
    /// The zone of the line.
    line_zone: String,
    zone: String,
    zones: Vec<String>,
    quiet_from: String,
    quiet_until: String,
    wrong: Wrong,
}

/// What is typed.
struct Fields {
    zone: String,
    from: String,
    until: String,
}

impl Fields {
    fn sent(sent: &Sent) -> Self {
        Self {
            zone: sent.get("zone").to_owned(),
            from: sent.get("quiet_from").to_owned(),
            until: sent.get("quiet_until").to_owned(),
        }
    }

    /// The quiet hours, or what cannot be read.
    fn quiet(&self) -> Result<Option<Quiet>, Wrong> {
        if self.from.trim().is_empty() && self.until.trim().is_empty() {
            return Ok(None);
        }
        let read = |field, typed: &str| {
            read_minutes(typed).ok_or_else(|| Wrong::with(field, &Refused::Quiet))
        };
        Ok(Some(Quiet {
            from: read("quiet_from", &self.from)?,
            until: read("quiet_until", &self.until)?,
        }))
    }
}

async fn form(
    visit: &Visit,
    doors: &Doors,
    whose: &Whose,
    typed: Option<Fields>,
    wrong: Wrong,
) -> Result<HoursPage, PageError> {
    let profile = whose.profile(doors).await?;
    let quiet = profile.person.quiet;
    let shown = |of: fn(&Quiet) -> u16| quiet.map_or_else(String::new, |quiet| minutes(of(&quiet)));
    let fields = typed.unwrap_or_else(|| Fields {
        zone: profile.zone.clone().unwrap_or_default(),
        from: shown(|quiet| quiet.from),
        until: shown(|quiet| quiet.until),
    });
    let line = doors.people.desk.zone.iana_name().unwrap_or("UTC");
    Ok(HoursPage {
        frame: whose.frame(visit, doors),
        home: whose.home(),
        crumb: whose.crumb(&profile),
        own: whose.own,
        line_zone: line.to_owned(),
        zone: fields.zone,
        zones: zones(),
        quiet_from: fields.from,
        quiet_until: fields.until,
        wrong,
    })
}

pub(super) async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let page = form(&visit, &doors, &whose, None, Wrong::default()).await?;
    visit.show(&doors, &page)
}

pub(super) async fn set(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
    sent: Sent,
) -> Result<Response, PageError> {
    let fields = Fields::sent(&sent);
    let wrong = match fields.quiet() {
        Err(wrong) => wrong,
        Ok(quiet) => {
            let act = Act::Hours(fields.zone.clone(), quiet);
            match whose.act(&doors, &visit, act).await? {
                Ok(_) => return Ok(whose.done(&doors, Notice::HoursKept)),
                Err(wrong) => wrong,
            }
        }
    };
    refused(&form(&visit, &doors, &whose, Some(fields), wrong).await?)
}
