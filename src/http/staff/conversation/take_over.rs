//! Taking a conversation from somebody, and giving one back: acts with a page of their own, which asks first.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use uuid::Uuid;

use crate::handoff::Act;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::{Choice, Sent};
use crate::http::staff::frame::{Frame, Notice, Section, Visit, conflict, done};
use crate::http::staff::when::wait;
use crate::http::words::{filters, said, tr};
use crate::staff::Permission;
use crate::store::{StoreError, Tx};

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/conversations/{id}/take-over", answer, ask)
        .post("/conversations/{id}/take-over", answer, take_over)
        .get("/conversations/{id}/release", answer, ask_release)
        .post("/conversations/{id}/release", answer, release)
}

/// Who has a conversation that somebody else wants to have, or may not read.
#[derive(Template)]
#[template(path = "pages/held.html")]
pub(super) struct HeldPage {
    frame: Frame,
    id: Uuid,
    case: String,
    tier: &'static str,
    owner: Uuid,
    owner_name: String,
    /// What they did last, and when.
    last: String,
    /// Whether the page was opened to take it over.
    asks: bool,
    pub(super) problem: String,
    /// What was written and could not be sent.
    pub(super) draft: String,
}

/// Who has it; nobody, or who looks, is no answer.
pub(super) async fn held(
    tx: &mut Tx,
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
) -> Result<Option<HeldPage>, StoreError> {
    let (me, now) = (visit.me.id, doors.clock.now());
    let Some(alert) = tx.open_alert(id).await? else {
        return Ok(None);
    };
    let there = tx.acknowledgements(alert.id).await?;
    let Some(owner) = alert.holder(&there, me).filter(|owner| *owner != me) else {
        return Ok(None);
    };
    let last = match (alert.claimed, alert.answered_at) {
        (Some((_, claimed)), Some(answered)) if answered >= claimed => {
            tr!("They last wrote {wait} ago.", wait = wait(answered, now))
        }
        (Some((_, claimed)), _) => tr!(
            "They claimed it {wait} ago and have not written yet.",
            wait = wait(claimed, now)
        ),
        (None, _) => tr!("They have said that they take it, and have not opened it yet."),
    };
    Ok(Some(HeldPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        case: alert.code.clone(),
        tier: alert.tier.word(),
        owner,
        owner_name: tx.staff_name(owner).await?.unwrap_or_default(),
        last,
        asks: false,
        problem: String::new(),
        draft: String::new(),
    }))
}

/// The page, or back to the conversation where there is nobody to take it from.
async fn asked(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    problem: String,
) -> Result<Response, PageError> {
    let mut tx = doors.store.read().await?;
    if tx.texter_of(id).await?.is_none() {
        return Err(PageError::NotFound);
    }
    let Some(mut page) = held(&mut tx, doors, visit, id).await? else {
        return Ok(Redirect::to(&format!("/conversations/{id}")).into_response());
    };
    page.asks = true;
    page.problem = problem;
    let status = if page.problem.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    };
    Ok((status, Html(page.render()?)).into_response())
}

async fn ask(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    asked(&doors, &visit, id, String::new()).await
}

async fn take_over(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    // A form without the owner that its page showed takes nothing from anybody.
    let act = sent
        .id("owner")
        .map_or(Act::Claim, |from| Act::TakeOver { from });
    match doors.handoff.act(&visit.me, id, act).await? {
        Ok(()) => {
            let there = format!("/conversations/{id}");
            Ok(done(&doors, &there, Notice::TakenOver))
        }
        Err(refused) => asked(&doors, &visit, id, said(refused)).await,
    }
}

#[derive(Template)]
#[template(path = "pages/release.html")]
struct ReleasePage {
    frame: Frame,
    id: Uuid,
    reasons: Vec<Choice>,
    problem: String,
}

fn release_page(doors: &Doors, visit: &Visit, id: Uuid, problem: String) -> ReleasePage {
    let reasons = &doors.handoff.packs.codes().releases;
    ReleasePage {
        frame: visit.frame(doors, Section::Queue),
        id,
        reasons: reasons
            .iter()
            .map(|line| Choice::new(&line.code, &said(&line.label), false))
            .collect(),
        problem,
    }
}

async fn ask_release(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    if doors.store.read().await?.texter_of(id).await?.is_none() {
        return Err(PageError::NotFound);
    }
    visit.show(&doors, &release_page(&doors, &visit, id, String::new()))
}

async fn release(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let reason = sent.get("reason").to_owned();
    match doors
        .handoff
        .act(&visit.me, id, Act::Release { reason })
        .await?
    {
        Ok(()) => Ok(done(&doors, "/", Notice::Released)),
        Err(refused) => {
            let page = release_page(&doors, &visit, id, said(refused));
            conflict(&page)
        }
    }
}
