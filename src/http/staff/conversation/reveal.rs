//! Showing the number of a texter, to who has a reason, for a while. It is asked again who they are.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::staff::form::{Choice, Sent};
use crate::http::staff::frame::{Frame, Notice, Section, Visit, conflict, done};
use crate::http::words::{filters, said};
use crate::lookup::{NotShown, SHOWN_FOR};
use crate::staff::Permission;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/conversations/{id}/number", answer, page)
        .confirmed()
        .post("/conversations/{id}/number", answer, reveal)
        .confirmed()
        .at(Pace::Reveal)
}

#[derive(Template)]
#[template(path = "pages/reveal.html")]
struct RevealPage {
    frame: Frame,
    id: Uuid,
    minutes: u64,
    reasons: Vec<Choice>,
    problem: String,
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    problem: String,
) -> Result<RevealPage, PageError> {
    let mut tx = doors.store.read().await?;
    if tx.texter_of(id).await?.is_none() || !tx.may_read(&visit.me, id).await? {
        return Err(PageError::NotFound);
    }
    let reasons = &doors.lookup.packs.codes().reveals;
    Ok(RevealPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        minutes: SHOWN_FOR.as_secs() / 60,
        reasons: reasons
            .iter()
            .map(|line| Choice::new(&line.code, &said(&line.label), false))
            .collect(),
        problem,
    })
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id, String::new()).await?;
    visit.show(&doors, &page)
}

async fn reveal(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let reason = sent.get("reason");
    match doors.lookup.reveal(&visit.me, id, reason).await? {
        Ok(_) => {
            let there = format!("/conversations/{id}");
            Ok(done(&doors, &there, Notice::NumberShown))
        }
        Err(NotShown::Unknown) => Err(PageError::NotFound),
        Err(refused) => {
            let page = load(&doors, &visit, id, said(refused)).await?;
            conflict(&page)
        }
    }
}
