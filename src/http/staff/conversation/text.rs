//! What stands behind one text of a conversation: why triage made of it what it made, and how it went through
//! the gateways. It is a page of its own, since few ask for it; the script puts its part into the thread.
//! Floor 4.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::thread::{who, words};
use super::why::{Piece, Why};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::frame::{Frame, Section, Visit};
use crate::http::staff::when::{Wall, second};
use crate::http::words::{filters, phrase, said};
use crate::staff::Permission;
use crate::store::{Exchange, ExchangeKind};

/// Exchanges about one text. A text that needed more tells nothing by the rest.
const EXCHANGES: u16 = 50;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new()
        .get("/conversations/{id}/texts/{text}", read, page)
        .get("/conversations/{id}/texts/{text}/part", read, part)
}

#[derive(Template)]
#[template(path = "pages/text.html", blocks = ["behind"])]
struct TextPage {
    frame: Frame,
    id: Uuid,
    who: String,
    when: String,
    zone: String,
    words: Vec<Piece>,
    why: Option<Why>,
    log: Vec<LogEntry>,
}

/// An exchange with a gateway, in words.
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
    fn new(exchange: Exchange) -> Self {
        Self {
            at: second(exchange.at),
            what: match exchange.kind {
                ExchangeKind::Send => phrase!("sent to"),
                ExchangeKind::Poll => phrase!("asked"),
                ExchangeKind::Inbound => phrase!("came from"),
                ExchangeKind::Receipt => phrase!("receipt of"),
            },
            gateway: exchange.gateway,
            status: exchange.status,
            outcome: outcome(&exchange.outcome),
            took: format!("{} ms", exchange.duration_ms),
            asked: exchange.asked,
            answered: exchange.answered,
        }
    }
}

/// What can come of an exchange; behind some of it stands the code that the gateway gave.
const OUTCOMES: [&str; 13] = [
    phrase!("accepted"),
    phrase!("retry"),
    phrase!("permanent"),
    phrase!("opted out"),
    phrase!("in doubt"),
    phrase!("misconfigured"),
    phrase!("text"),
    phrase!("sent"),
    phrase!("delivered"),
    phrase!("failed"),
    phrase!("a key in a call"),
    phrase!("a machine picked up"),
    phrase!("picked up"),
];

/// What came of an exchange, in words.
fn outcome(kept: &str) -> String {
    let known = OUTCOMES.iter().find_map(|words| {
        let code = kept.strip_prefix(words)?;
        (code.is_empty() || code.starts_with(' ')).then(|| format!("{}{code}", said(words)))
    });
    known.unwrap_or_else(|| kept.to_owned())
}

async fn load(doors: &Doors, visit: &Visit, id: Uuid, text: Uuid) -> Result<TextPage, PageError> {
    let mut tx = doors.store.read().await?;
    let texter = tx.texter_of(id).await?.ok_or(PageError::NotFound)?;
    if !tx.may_read(&visit.me, id).await? {
        return Err(PageError::NotFound);
    }
    let found = tx.thread_until(&texter, id, text, 1).await?.pop();
    let message = found
        .filter(|message| message.id == text)
        .ok_or(PageError::NotFound)?;
    let log = tx.exchanges(text, EXCHANGES).await?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    Ok(TextPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        who: who(&message).0,
        when: wall.moment(message.at),
        zone: wall.name(),
        words: words(&message),
        why: message.verdict.as_ref().and_then(Why::of),
        log: log.into_iter().map(LogEntry::new).collect(),
    })
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path((id, text)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id, text).await?;
    visit.show(&doors, &page)
}

async fn part(
    visit: Visit,
    State(doors): State<Doors>,
    Path((id, text)): Path<(Uuid, Uuid)>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id, text).await?;
    Ok(Html(page.as_behind().render()?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::words::within;
    use crate::locale::Locale;

    #[test]
    fn what_came_of_an_exchange_keeps_the_code_of_the_gateway() {
        assert_eq!(outcome("retry 20429"), "retry 20429");
        within(Locale::Es, || {
            assert_eq!(outcome("retry 20429"), "reintento 20429");
            assert_eq!(outcome("texture"), "texture");
            assert_eq!(outcome(""), "");
        });
    }
}
