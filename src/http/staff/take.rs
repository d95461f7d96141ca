//! Taking a case: by the link of a page, and by the button of the queue. Whoever takes it is signed in;
//! the link alone says and does nothing.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::frame::{Frame, Notice, Section, Visit, conflict, done};
use super::when::wait;
use crate::acknowledge::Answer;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::Acknowledged;
use crate::staff::Permission;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/take/{token}", answer, page)
        .post("/take/{token}", answer, take_by_link)
        .post("/conversations/{id}/take", answer, take)
}

#[derive(Template)]
#[template(path = "pages/take.html")]
struct TakePage {
    frame: Frame,
    /// The case that may be taken here.
    case: Option<Case>,
    /// Where its conversation is.
    conversation: Option<Uuid>,
    problem: Option<String>,
}

/// A case, in words.
struct Case {
    code: String,
    tier: &'static str,
    waits: String,
    drill: bool,
    token: String,
}

const GONE: &str = phrase!(
    "This link is too old, not complete, or its case is closed. The queue shows who waits now."
);

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let now = doors.clock.now();
    let open = match doors.store.case_of_link(&token, now) {
        Some(id) => doors.store.read().await?.case(id).await?,
        None => None,
    };
    let Some(alert) = open else {
        return gone(&doors, &visit);
    };
    let problem = alert.acknowledged.as_ref().map(|taken| {
        tr!(
            "{by} has it. Take it over in the conversation only if they are gone.",
            by = taken.by
        )
    });
    let page = TakePage {
        frame: visit.frame(&doors, Section::Queue),
        case: Some(Case {
            code: alert.code.clone(),
            tier: alert.tier.word(),
            waits: wait(alert.opened_at, now),
            drill: alert.drill.is_some(),
            token,
        }),
        conversation: Some(alert.conversation_id),
        problem,
    };
    visit.show(&doors, &page)
}

async fn take_by_link(
    visit: Visit,
    State(doors): State<Doors>,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match doors.store.case_of_link(&token, doors.clock.now()) {
        Some(alert) => {
            let answer = doors.acknowledge.case(&visit.me, alert).await?;
            taken(&doors, &visit, answer)
        }
        None => gone(&doors, &visit),
    }
}

async fn take(
    visit: Visit,
    State(doors): State<Doors>,
    Path(conversation): Path<Uuid>,
) -> Result<Response, PageError> {
    let taking = doors.acknowledge.conversation(&visit.me, conversation);
    taken(&doors, &visit, taking.await?)
}

/// Off to the conversation; or who has the case.
fn taken(doors: &Doors, visit: &Visit, answer: Option<Answer>) -> Result<Response, PageError> {
    let Some(answer) = answer else {
        return gone(doors, visit);
    };
    let notice = match answer.outcome {
        Acknowledged::Yours => Notice::Taken,
        Acknowledged::More(_) => Notice::Joined,
        Acknowledged::Already(_) => {
            let page = TakePage {
                frame: visit.frame(doors, Section::Queue),
                case: None,
                conversation: Some(answer.conversation),
                problem: Some(said(answer.words)),
            };
            return conflict(&page);
        }
    };
    let there = format!("/conversations/{}", answer.conversation);
    Ok(done(doors, &there, notice))
}

fn gone(doors: &Doors, visit: &Visit) -> Result<Response, PageError> {
    let page = TakePage {
        frame: visit.frame(doors, Section::Queue),
        case: None,
        conversation: None,
        problem: Some(said(GONE)),
    };
    Ok((StatusCode::NOT_FOUND, Html(page.render()?)).into_response())
}
