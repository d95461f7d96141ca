//! A person's own sessions: where they are signed in, and ending that.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::frame::{Frame, Notice, Section, Visit, done};
use super::when::Wall;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::session::Current;
use crate::http::words::{filters, said};
use crate::store::Session;

pub(super) fn routes() -> Routes {
    Routes::new()
        // A session that somebody took over ends nobody else's (OWASP ASVS 5, 7.5.2).
        .get("/me/sessions", Access::SignedIn, page)
        .confirmed()
        .post("/me/sessions/{id}/end", Access::SignedIn, end)
        .confirmed()
        .post("/me/sessions/end-others", Access::SignedIn, end_others)
        .confirmed()
}

#[derive(Template)]
#[template(path = "pages/sessions.html")]
struct SessionsPage {
    frame: Frame,
    zone: String,
    sessions: Vec<Row>,
}

/// A session, in words.
struct Row {
    id: Uuid,
    device: String,
    started: String,
    seen: String,
    this: bool,
}

impl Row {
    fn new(session: &Session, this: Uuid, wall: &Wall) -> Self {
        Self {
            id: session.id,
            device: said(session.device.words()),
            started: wall.moment(session.created_at),
            seen: wall.moment(session.seen_at),
            this: session.id == this,
        }
    }
}

async fn page(
    State(doors): State<Doors>,
    visit: Visit,
    Current(me): Current,
) -> Result<Response, PageError> {
    let sessions = doors.accounts.sessions(&me.account).await?;
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &me.account, now).await?;
    let page = SessionsPage {
        frame: visit.frame(&doors, Section::Account),
        zone: wall.name(),
        sessions: sessions
            .iter()
            .map(|one| Row::new(one, me.id, &wall))
            .collect(),
    };
    visit.show(&doors, &page)
}

async fn end(
    State(doors): State<Doors>,
    Current(me): Current,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    doors.accounts.end_sessions(&me, Some(id)).await?;
    if id == me.id {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    Ok(done(&doors, "/me/sessions", Notice::SessionEnded))
}

async fn end_others(
    State(doors): State<Doors>,
    Current(me): Current,
) -> Result<Response, PageError> {
    doors.accounts.end_sessions(&me, None).await?;
    Ok(done(&doors, "/me/sessions", Notice::OtherSessionsEnded))
}
