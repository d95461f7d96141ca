//! The people's side: the page with the phones, and what its script and `harborline chat` call.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Json, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Simulator;
use super::phones::Text;
use crate::clock::At;
use crate::feed::Signal;
use crate::http::error::PageError;
use crate::http::words::filters;
use crate::http::{Doors, live};
use crate::phone::PhoneNumber;
use crate::segment::segments;

/// The page and its data. No sign-in: these routes exist with the sandbox gateway only.
pub(in crate::http) fn routes() -> Router<Doors> {
    Router::new()
        .route("/simulator", get(page))
        .route("/simulator/events", get(events))
        .route("/simulator/phones", get(on_call_phones).post(new_person))
        .route("/simulator/phones/{id}", get(texts))
        .route("/simulator/phones/{id}/texts", post(send))
}

#[derive(Template)]
#[template(path = "pages/simulator.html")]
struct SimulatorPage {
    on_call: Vec<Handset>,
}

/// A phone, for its holder.
#[derive(Serialize)]
struct Handset {
    id: Uuid,
    label: String,
}

/// A text, as its phone shows it.
#[derive(Serialize)]
struct Shown {
    seq: u64,
    from_me: bool,
    body: String,
    at: At,
    inline: bool,
    failed: bool,
    /// What it costs to send; only for texts of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<usize>,
}

impl Shown {
    fn new(text: &Text) -> Self {
        let body = text.body.reveal();
        Self {
            seq: text.seq,
            from_me: text.from_me,
            body: body.to_owned(),
            at: text.at,
            inline: text.inline,
            failed: text.failed,
            segments: (!text.from_me).then(|| segments(body).segments),
        }
    }
}

fn simulator(doors: &Doors) -> Result<Arc<Simulator>, PageError> {
    doors.simulator.clone().ok_or(PageError::NotFound)
}

impl Simulator {
    fn handsets(&self) -> Vec<Handset> {
        let on_call = self.phones().on_call();
        on_call
            .into_iter()
            .map(|(id, label)| Handset { id, label })
            .collect()
    }
}

async fn page(State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    let on_call = simulator(&doors)?.handsets();
    Ok(Html(SimulatorPage { on_call }.render()?))
}

async fn events(State(doors): State<Doors>, headers: HeaderMap) -> impl IntoResponse {
    live::signals(&doors, &headers, None, |signal| match signal {
        Signal::Simulator => Some("simulator".to_owned()),
        Signal::Everything => Some(live::RESYNC.to_owned()),
        Signal::Queue | Signal::Conversation(_) | Signal::OnCall => None,
    })
}

/// The responders' phones. A texter's phone is known only to whoever made it.
async fn on_call_phones(State(doors): State<Doors>) -> Result<Json<Vec<Handset>>, PageError> {
    Ok(Json(simulator(&doors)?.handsets()))
}

async fn new_person(State(doors): State<Doors>) -> Result<Response, PageError> {
    let (id, number) = simulator(&doors)?.new_person();
    Ok((
        StatusCode::CREATED,
        Json(Handset {
            id,
            label: written(&number),
        }),
    )
        .into_response())
}

async fn texts(
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<Shown>>, PageError> {
    let simulator = simulator(&doors)?;
    let phones = simulator.phones();
    let phone = phones.get(id).ok_or(PageError::NotFound)?;
    Ok(Json(phone.texts.iter().map(Shown::new).collect()))
}

#[derive(Deserialize)]
struct Typed {
    body: String,
}

/// What became of a text.
#[derive(Serialize)]
struct Outcome {
    /// Whether the line took it.
    delivered: bool,
}

async fn send(
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    Json(typed): Json<Typed>,
) -> Result<Json<Outcome>, PageError> {
    let simulator = simulator(&doors)?;
    // In a task of its own: closing the browser must not cut the exchange in half.
    let exchange = tokio::spawn(async move { simulator.text_from(id, typed.body).await });
    let delivered = exchange
        .await
        .map_err(|_| PageError::Busy)?
        .ok_or(PageError::NotFound)?;
    Ok(Json(Outcome { delivered }))
}

/// A number as people write it: `+1 555 012 3456`.
fn written(number: &PhoneNumber) -> String {
    match number.reveal().strip_prefix("+1") {
        Some(rest) if rest.len() == 10 && rest.is_ascii() => {
            format!("+1 {} {} {}", &rest[..3], &rest[3..6], &rest[6..])
        }
        _ => number.reveal().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_grouped_for_reading() {
        let number = PhoneNumber::parse("+15550123456").unwrap();
        assert_eq!(written(&number), "+1 555 012 3456");
        assert_eq!(
            written(&PhoneNumber::parse("+15550199").unwrap()),
            "+15550199"
        );
    }
}
