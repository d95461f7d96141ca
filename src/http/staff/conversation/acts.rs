//! What is done on the page of a conversation with one form: claim, write, note, help, answer an offer.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::composer::Wanted;
use super::{Loaded, load};
use crate::handoff::{Act, Refused, WrapUp};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::Sent;
use crate::http::staff::frame::{Notice, Visit, done};
use crate::http::words::said;
use crate::staff::Permission;
use crate::text::MessageBody;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    let observe = Access::May(Permission::ObserveConversations);
    Routes::new()
        .post("/conversations/{id}/claim", answer, claim)
        .post("/conversations/{id}/here", answer, here)
        .post(
            "/conversations/{id}/look",
            Access::May(Permission::ReadConversations),
            look,
        )
        .post("/conversations/{id}/reply", answer, reply)
        .post("/conversations/{id}/note", answer, note)
        .post("/conversations/{id}/check-in", answer, check_in)
        .post("/conversations/{id}/help", answer, ask_help)
        .post("/conversations/{id}/help/answer", observe, answer_help)
        .post("/conversations/{id}/offer/accept", answer, accept)
        .post("/conversations/{id}/offer/decline", answer, decline)
        .post("/conversations/{id}/offer/withdraw", answer, withdraw)
}

/// The form carries the owner that the page showed. Where there was one, taking it is another act, with a
/// page of its own.
async fn claim(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    if sent.id("owner").is_some() {
        return Ok(Redirect::to(&format!("/conversations/{id}/take-over")).into_response());
    }
    act(visit, doors, id, Act::Claim, Some(Notice::Claimed)).await
}

/// Says that they are there. A script sends it while somebody writes: then nothing is shown.
async fn here(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    if sent.get("quietly").is_empty() {
        return act(visit, doors, id, Act::Here, None).await;
    }
    match doors.handoff.act(&visit.me, id, Act::Here).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(_) => Ok(StatusCode::CONFLICT.into_response()),
    }
}

/// Sent by a script for as long as a page is open: colleagues see who else is there.
async fn look(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<StatusCode, PageError> {
    let writes = !sent.get("writes").is_empty();
    if doors.handoff.look(&visit.me, id, writes).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(PageError::NotFound)
    }
}

/// A script that sends it shows what it sends at once, and hears whether it was taken.
async fn reply(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let body = MessageBody::new(sent.get("body"));
    let form = sent.id("form");
    let reply = match sent.id("seen") {
        Some(seen) => Act::Reply { body, seen, form },
        None => Act::Write(body),
    };
    if sent.get("quietly").is_empty() {
        return act(visit, doors, id, reply, None).await;
    }
    Ok(match doors.handoff.act(&visit.me, id, reply).await? {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => (StatusCode::CONFLICT, said(refused)).into_response(),
    })
}

/// The page again, with what was written and could not be kept.
pub(super) async fn not_kept(
    visit: &Visit,
    doors: &Doors,
    id: Uuid,
    words: &str,
    refused: &Refused,
) -> Result<Response, PageError> {
    let act = Act::Write(MessageBody::new(words));
    shown(visit, doors, id, &act, refused).await
}

async fn note(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let body = MessageBody::new(sent.get("note"));
    act(visit, doors, id, Act::Note(body), Some(Notice::Noted)).await
}

async fn check_in(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    act(visit, doors, id, Act::OfferCheckIn, None).await
}

async fn ask_help(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    act(visit, doors, id, Act::AskHelp, Some(Notice::HelpCalled)).await
}

async fn answer_help(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    act(
        visit,
        doors,
        id,
        Act::AnswerHelp,
        Some(Notice::HelpAnswered),
    )
    .await
}

async fn accept(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    act(visit, doors, id, Act::AcceptOffer, Some(Notice::Claimed)).await
}

async fn decline(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    match doors.handoff.act(&visit.me, id, Act::DeclineOffer).await? {
        // It is not theirs to read any more.
        Ok(()) => Ok(done(&doors, "/", Notice::OfferDeclined)),
        Err(refused) => shown(&visit, &doors, id, &Act::DeclineOffer, &refused).await,
    }
}

async fn withdraw(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    act(
        visit,
        doors,
        id,
        Act::WithdrawOffer,
        Some(Notice::OfferWithdrawn),
    )
    .await
}

/// Carries an act out, and goes back to the conversation.
async fn act(
    visit: Visit,
    doors: Doors,
    id: Uuid,
    act: Act,
    notice: Option<Notice>,
) -> Result<Response, PageError> {
    let there = format!("/conversations/{id}");
    match (doors.handoff.act(&visit.me, id, act.clone()).await?, notice) {
        (Ok(()), Some(notice)) => Ok(done(&doors, &there, notice)),
        (Ok(()), None) => Ok(Redirect::to(&there).into_response()),
        (Err(refused), _) => shown(&visit, &doors, id, &act, &refused).await,
    }
}

/// What was refused is shown with what was written, so that nothing is lost.
pub(super) async fn shown(
    visit: &Visit,
    doors: &Doors,
    id: Uuid,
    act: &Act,
    refused: &Refused,
) -> Result<Response, PageError> {
    let page = match load(doors, visit, id, &Wanted::default()).await? {
        Loaded::Page(mut page) => {
            page.problem = Some(said(refused));
            match act {
                Act::Write(body) | Act::Reply { body, .. } => {
                    body.reveal().clone_into(&mut page.composer.words);
                }
                Act::Note(body) | Act::WrapUp(WrapUp { note: body, .. }) => {
                    body.reveal().clone_into(&mut page.note);
                }
                _ => {}
            }
            page.render()?
        }
        Loaded::Held(mut page) => {
            page.problem = said(refused);
            if let Act::Write(body) | Act::Reply { body, .. } = act {
                body.reveal().clone_into(&mut page.draft);
            }
            page.render()?
        }
    };
    Ok((StatusCode::CONFLICT, Html(page)).into_response())
}
