//! The end of a conversation: its outcome, a last note, a check-in, and whether somebody wants to talk.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::acts::shown;
use super::seen_by_now;
use crate::handoff::{Act, Refused, WrapUp, danger};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::{Choice, Sent};
use crate::http::staff::frame::{Frame, Notice, Section, Visit, conflict, done};
use crate::http::words::{filters, said};
use crate::staff::Permission;
use crate::store::Hands;
use crate::text::MessageBody;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/conversations/{id}/close", answer, page)
        .post("/conversations/{id}/close", answer, close)
}

#[derive(Template)]
#[template(path = "pages/wrap_up.html")]
struct WrapUpPage {
    frame: Frame,
    id: Uuid,
    /// Whether there was danger in it: then only outcomes that say what became of it are offered.
    danger: bool,
    outcomes: Vec<Choice>,
    can_check_in: bool,
    sent: WrapUp,
    /// The last text of theirs when the form was opened.
    seen: Uuid,
    /// Whether who ends it goes on to the next case by themselves.
    onward: bool,
    problem: String,
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    (sent, onward): (WrapUp, bool),
    problem: String,
) -> Result<WrapUpPage, PageError> {
    let mut tx = doors.store.read().await?;
    let texter = tx.texter_of(id).await?.ok_or(PageError::NotFound)?;
    if !tx.may_read(&visit.me, id).await? || tx.is_closed(id).await? {
        return Err(PageError::NotFound);
    }
    let alert = tx.open_alert(id).await?;
    let danger = danger(&texter.state, alert.as_ref());
    let blocked = tx.blocked_since(texter.id).await?.is_some();
    let seen = match sent.seen {
        Some(seen) => seen,
        None => seen_by_now(&mut tx, &texter, id).await?,
    };
    let outcomes = &doors.handoff.packs.codes().outcomes;
    Ok(WrapUpPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        danger,
        outcomes: outcomes
            .iter()
            .filter(|line| line.crisis || !danger)
            .map(|line| Choice::new(&line.code, &said(&line.label), line.code == sent.outcome))
            .collect(),
        can_check_in: !texter.state.opted_out && !blocked,
        sent,
        seen,
        onward,
        problem,
    })
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id, Default::default(), String::new()).await?;
    visit.show(&doors, &page)
}

async fn close(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let wrap_up = WrapUp {
        outcome: sent.get("outcome").to_owned(),
        note: MessageBody::new(sent.get("note")),
        check_in: !sent.get("check_in").is_empty(),
        debrief: !sent.get("debrief").is_empty(),
        seen: sent.id("seen"),
    };
    let onward = !sent.get("onward").is_empty();
    let act = Act::WrapUp(wrap_up.clone());
    match doors.handoff.act(&visit.me, id, act).await? {
        Ok(()) => {
            let next = if onward {
                next(&doors, &visit).await?
            } else {
                None
            };
            let place = next.map_or_else(|| "/".to_owned(), |id| format!("/conversations/{id}"));
            Ok(done(&doors, &place, Notice::Closed))
        }
        Err(Refused::AlreadyClosed) => {
            Ok(Redirect::to(&format!("/conversations/{id}")).into_response())
        }
        Err(refused @ Refused::NewTexts(_)) => {
            shown(&visit, &doors, id, &Act::WrapUp(wrap_up), &refused).await
        }
        Err(refused) => {
            let page = load(&doors, &visit, id, (wrap_up, onward), said(refused)).await?;
            conflict(&page)
        }
    }
}

/// The conversation of who waits most urgently and has nobody.
async fn next(doors: &Doors, visit: &Visit) -> Result<Option<Uuid>, PageError> {
    let mut tx = doors.store.read().await?;
    let first = tx.queue(visit.me.id, Hands::Nobody, None, None, 1).await?;
    Ok(first.first().map(|case| case.conversation_id))
}
