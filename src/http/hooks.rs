//! The hooks that gateways call: raw bytes in, verified, parsed, stored, acknowledged.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::time::Instant;

use super::Doors;
use crate::failsafe::{Answer, NotKept};
use crate::gateway::{Event, Gateway, HookReply, InlineReply, RawRequest, receipts_url};

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .route("/hooks/{gateway}/inbound", any(hook))
        .route("/hooks/{gateway}/status", any(hook))
}

/// One door for texts and receipts: the gateway's adapter knows which it is.
async fn hook(
    State(doors): State<Doors>,
    Path(name): Path<String>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(gateway) = doors.gateways.get(&name) else {
        return (StatusCode::NOT_FOUND, "There is no gateway of this name.\n").into_response();
    };
    if !matches!(method, Method::POST | Method::GET) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let since = Instant::now();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("{}{path}", doors.public_url);
    let request = RawRequest {
        method: &method,
        url: &url,
        headers: &headers,
        body: &body,
        now: doors.clock.now(),
    };
    let verified = match gateway.verify(&request) {
        Ok(verified) => verified,
        Err(why) => {
            tracing::warn!(gateway = %name, %why, "hook refused: check the auth token and public_url");
            return (gateway.refuse(why), format!("Refused: {why}.\n")).into_response();
        }
    };
    let mut inline: Option<Answer> = None;
    for event in gateway.parse(&request, verified) {
        match take_in(&doors, gateway.as_ref(), since, event).await {
            // One reply fits: a crisis reply, which has a row, goes before a holding line.
            Ok(Some(answer)) if answer.outbox_id.is_some() => {
                inline = inline
                    .filter(|first| first.outbox_id.is_some())
                    .or(Some(answer));
            }
            Ok(answer) => inline = inline.or(answer),
            Err(NotKept) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
    let url = |id| receipts_url(&doors.public_url, &name, id);
    let receipts = inline.as_ref().and_then(|answer| answer.outbox_id.map(url));
    let reply = inline.as_ref().map(|answer| InlineReply {
        body: &answer.body,
        receipts_url: receipts.as_deref(),
    });
    acknowledged(gateway.acknowledge(reply))
}

/// Hands one event to its service. `Ok` holds what goes back in the response.
async fn take_in(
    doors: &Doors,
    gateway: &dyn Gateway,
    since: Instant,
    event: Event,
) -> Result<Option<Answer>, NotKept> {
    match event {
        Event::Inbound(inbound) => doors.failsafe.text(gateway, since, inbound).await,
        Event::Receipt(receipt) => {
            doors.failsafe.receipt(gateway, since, receipt).await?;
            Ok(None)
        }
        Event::Ignored(why) => {
            tracing::info!(gateway = %gateway.name(), why, "hook with nothing to act on");
            Ok(None)
        }
    }
}

fn acknowledged(reply: HookReply) -> Response {
    ([(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response()
}
