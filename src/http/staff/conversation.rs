//! A conversation: the thread, why triage fired, and what a responder can do.

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::frame::{Frame, Notice, Section, Visit, done};
use super::when::{Wall, second};
use crate::delivery::Delivery;
use crate::handoff::Act;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::staff::Permission;
use crate::store::{Author, Exchange, ExchangeKind, OutboxState, ThreadMessage};
use crate::text::MessageBody;

const MESSAGES: u16 = 200;
const EXCHANGES: u16 = 1_000;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/conversations/{id}", read, page)
        .get("/conversations/{id}/thread", read, fragment)
        .post("/conversations/{id}/claim", answer, claim)
        .post("/conversations/{id}/reply", answer, reply)
        .post("/conversations/{id}/check-in", answer, check_in)
        .post("/conversations/{id}/close", answer, close)
}

#[derive(Template)]
#[template(path = "pages/conversation.html", blocks = ["thread"])]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts that the page shows"
)]
struct ConversationPage {
    frame: Frame,
    id: Uuid,
    zone: String,
    case: Option<String>,
    tier: &'static str,
    number: String,
    opted_out: bool,
    blocked: bool,
    closed: bool,
    drill: bool,
    owner: Option<String>,
    mine: bool,
    messages: Vec<Line>,
    problem: Option<String>,
    draft: String,
}

/// A message of the thread, in words.
struct Line {
    author: &'static str,
    kind: &'static str,
    before: String,
    marked: String,
    after: String,
    why: Vec<String>,
    media: u16,
    at: String,
    sending: &'static str,
    log: Vec<LogEntry>,
}

/// An exchange with a gateway about a message, in words.
struct LogEntry {
    at: String,
    what: &'static str,
    gateway: String,
    status: Option<i32>,
    outcome: String,
    took: String,
    asked: String,
    answered: String,
}

impl LogEntry {
    fn new(exchange: &Exchange) -> Self {
        Self {
            at: second(exchange.at),
            what: match exchange.kind {
                ExchangeKind::Send => "sent to",
                ExchangeKind::Poll => "asked",
                ExchangeKind::Inbound => "came from",
                ExchangeKind::Receipt => "receipt of",
            },
            gateway: exchange.gateway.clone(),
            status: exchange.status,
            outcome: exchange.outcome.clone(),
            took: format!("{} ms", exchange.duration_ms),
            asked: exchange.asked.clone(),
            answered: exchange.answered.clone(),
        }
    }
}

impl Line {
    fn new(message: &ThreadMessage, log: &[Exchange], wall: &Wall) -> Self {
        let words = message.body.reveal();
        let hits = message
            .verdict
            .as_ref()
            .map(|verdict| verdict.hits.as_slice())
            .unwrap_or_default();
        // The span of the most urgent hit is underlined; a span that does not fit marks nothing.
        let span = hits
            .iter()
            .max_by_key(|hit| hit.tier)
            .map(|hit| hit.span.clone());
        let span = span
            .filter(|span| words.get(span.clone()).is_some())
            .unwrap_or(0..0);
        let (author, kind) = match message.author {
            Author::Texter => ("Texter", "texter"),
            Author::Line => ("Line, automatic", "line"),
            Author::Staff => ("Team", "staff"),
        };
        Self {
            author,
            kind,
            before: words[..span.start].to_owned(),
            marked: words[span.clone()].to_owned(),
            after: words[span.end..].to_owned(),
            why: hits
                .iter()
                .map(|hit| format!("{}: {} ({})", hit.tier.word(), hit.why, hit.rule))
                .collect(),
            media: message.media,
            at: wall.moment(message.at),
            sending: match message.sending {
                None => "",
                Some((_, Some(Delivery::Delivered))) => "delivered",
                Some((OutboxState::Queued, _)) => "queued",
                Some((OutboxState::Awaiting, _)) => "sent, not confirmed yet",
                Some((OutboxState::Accepted, _)) => "sent",
                Some((OutboxState::Failed, _)) => "NOT delivered",
                Some((OutboxState::Withdrawn, _)) => "not sent: more words came first",
                Some((OutboxState::OptedOut, _)) => "blocked: the person has opted out",
            },
            log: log
                .iter()
                .filter(|exchange| exchange.message_id == message.id)
                .map(LogEntry::new)
                .collect(),
        }
    }
}

async fn load(doors: &Doors, visit: &Visit, id: Uuid) -> Result<ConversationPage, PageError> {
    let mut tx = doors.store.read().await?;
    let drill = tx.drill_of(id).await?.is_some();
    let texter = tx.texter_of(id).await?.ok_or(PageError::NotFound)?;
    let messages = tx.thread(&texter, id, MESSAGES).await?;
    let log = tx.exchanges(id, EXCHANGES).await?;
    let blocked = tx.blocked_since(texter.id).await?.is_some();
    let number = tx.number_of(&texter).await?.masked();
    let alert = tx.open_alert(id).await?;
    let claimed = alert
        .as_ref()
        .and_then(|alert| alert.claimed)
        .map(|(owner, _)| owner);
    let owner = match claimed {
        Some(owner) => tx.staff_name(owner).await?,
        None => None,
    };
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let tier = texter
        .conversation
        .map(|conversation| conversation.tier)
        .unwrap_or_default();
    Ok(ConversationPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        zone: wall.name(),
        case: alert.map(|alert| alert.code),
        tier: tier.word(),
        number,
        opted_out: texter.state.opted_out,
        blocked,
        closed: tx.is_closed(id).await?,
        drill,
        owner,
        mine: claimed == Some(visit.me.id),
        messages: messages
            .iter()
            .map(|message| Line::new(message, &log, &wall))
            .collect(),
        problem: None,
        draft: String::new(),
    })
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id).await?;
    visit.show(&doors, &page)
}

async fn fragment(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, PageError> {
    Ok(Html(load(&doors, &visit, id).await?.as_thread().render()?))
}

#[derive(Deserialize)]
struct Written {
    body: String,
}

async fn claim(visit: Visit, doors: State<Doors>, id: Path<Uuid>) -> Result<Response, PageError> {
    act(visit, doors, id, Act::Claim).await
}

async fn reply(
    visit: Visit,
    doors: State<Doors>,
    id: Path<Uuid>,
    Form(written): Form<Written>,
) -> Result<Response, PageError> {
    act(visit, doors, id, Act::Write(MessageBody::new(written.body))).await
}

async fn close(visit: Visit, doors: State<Doors>, id: Path<Uuid>) -> Result<Response, PageError> {
    act(visit, doors, id, Act::Close).await
}

async fn check_in(
    visit: Visit,
    doors: State<Doors>,
    id: Path<Uuid>,
) -> Result<Response, PageError> {
    act(visit, doors, id, Act::OfferCheckIn).await
}

/// Carries an act out. What was refused is shown with what was written, so that nothing is lost.
async fn act(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    act: Act,
) -> Result<Response, PageError> {
    let refused = match doors.handoff.act(&visit.me, id, act.clone()).await? {
        Ok(()) if matches!(act, Act::Close) => return Ok(done(&doors, "/", Notice::Closed)),
        Ok(()) => return Ok(Redirect::to(&format!("/conversations/{id}")).into_response()),
        Err(refused) => refused,
    };
    let mut page = load(&doors, &visit, id).await?;
    page.problem = Some(refused.to_string());
    if let Act::Write(body) = act {
        body.reveal().clone_into(&mut page.draft);
    }
    Ok((StatusCode::CONFLICT, Html(page.render()?)).into_response())
}
