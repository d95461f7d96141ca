//! Offering a conversation to a colleague.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use crate::handoff::Act;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::Sent;
use crate::http::staff::frame::{Frame, Notice, Section, Visit, conflict, done};
use crate::http::words::{filters, said};
use crate::oncall::Method;
use crate::staff::Permission;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/conversations/{id}/hand-on", answer, page)
        .post("/conversations/{id}/hand-on", answer, offer)
}

#[derive(Template)]
#[template(path = "pages/hand_on.html")]
struct HandOnPage {
    frame: Frame,
    id: Uuid,
    colleagues: Vec<Colleague>,
    problem: String,
}

/// Somebody who could take it.
struct Colleague {
    id: Uuid,
    name: String,
    role: &'static str,
    /// Whether a page or notice reaches them.
    reached: bool,
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    problem: String,
) -> Result<HandOnPage, PageError> {
    let mut tx = doors.store.read().await?;
    if tx.texter_of(id).await?.is_none() || !tx.may_read(&visit.me, id).await? {
        return Err(PageError::NotFound);
    }
    let people = tx.people().await?;
    let reached: BTreeSet<Uuid> = people
        .iter()
        .filter(|person| person.methods.iter().any(Method::works))
        .map(|person| person.id)
        .collect();
    let members = tx.members().await?.into_iter().filter(|member| {
        let here = member.locked_at.is_none() && member.password_at.is_some();
        here && member.account.id != visit.me.id
    });
    Ok(HandOnPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        colleagues: members
            .map(|member| Colleague {
                id: member.account.id,
                role: member.account.role.word(),
                reached: reached.contains(&member.account.id),
                name: member.account.name,
            })
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

async fn offer(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let to = sent.id("to").unwrap_or_default();
    match doors.handoff.act(&visit.me, id, Act::Offer { to }).await? {
        Ok(()) => {
            let there = format!("/conversations/{id}");
            Ok(done(&doors, &there, Notice::Offered))
        }
        Err(refused) => {
            let page = load(&doors, &visit, id, said(refused)).await?;
            conflict(&page)
        }
    }
}
