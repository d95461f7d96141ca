//! The hooks that gateways call: raw bytes in, verified, parsed, stored, acknowledged.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Doors;
use crate::dispatch::{Heard, HookAnswer};
use crate::gateway::{Event, Gateway, HookReply, InlineReply, RawRequest, receipts_url};
use crate::text::MessageBody;

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
    let (mut inline, mut heard) = (None, Vec::new());
    for event in gateway.parse(&request, verified) {
        heard.extend(Heard::of(&event));
        match take_in(&doors, gateway.as_ref(), event).await {
            Ok(reply) => inline = inline.or(reply),
            Err(unavailable) => {
                note(&doors, &name, &request, &heard, unavailable.status(), None);
                return unavailable;
            }
        }
    }
    let reply = inline.as_ref().map(|(body, receipts_url)| InlineReply {
        body,
        receipts_url: Some(receipts_url),
    });
    let reply = gateway.acknowledge(reply);
    note(
        &doors,
        &name,
        &request,
        &heard,
        StatusCode::OK,
        Some(&reply),
    );
    acknowledged(reply)
}

/// Notes the hook in the gateway log, beside each text that it is about.
fn note(
    doors: &Doors,
    gateway: &str,
    request: &RawRequest<'_>,
    heard: &[Heard],
    status: StatusCode,
    reply: Option<&HookReply>,
) {
    let status = status.as_u16();
    for heard in heard {
        let answer = HookAnswer { status, reply };
        doors.dispatch.note_hook(gateway, request, heard, answer);
    }
}

/// Hands one event to its service. `Ok` holds what goes back in the response; `Err` is the
/// response when the event could not be kept, so that the gateway does not count it as taken.
async fn take_in(
    doors: &Doors,
    gateway: &dyn Gateway,
    event: Event,
) -> Result<Option<(MessageBody, String)>, Response> {
    let name = gateway.name();
    match event {
        Event::Inbound(inbound) => {
            let can_reply = gateway.caps().inline_reply;
            match doors.intake.text(name, can_reply, inbound).await {
                Ok(taken) => Ok(taken.inline.map(|(outbox_id, body)| {
                    (body, receipts_url(&doors.public_url, name, outbox_id))
                })),
                Err(failed) => {
                    tracing::error!(gateway = %name, error = %failed, "an inbound text was not stored");
                    if failed.crisis_reply.is_some() {
                        // Not awaited: the texter must not wait for the pager.
                        let dispatch = Arc::clone(&doors.dispatch);
                        tokio::spawn(async move { dispatch.page_without_store().await });
                    }
                    match failed.crisis_reply.filter(|_| can_reply) {
                        // A person in crisis is answered even when nothing can be kept.
                        Some(body) => {
                            let reply = InlineReply {
                                body: &body,
                                receipts_url: None,
                            };
                            Err(acknowledged(gateway.acknowledge(Some(reply))))
                        }
                        None => Err(StatusCode::SERVICE_UNAVAILABLE.into_response()),
                    }
                }
            }
        }
        Event::Receipt(receipt) => match doors.dispatch.receipt(name, receipt).await {
            Ok(()) => Ok(None),
            Err(error) => {
                tracing::error!(gateway = %name, %error, "a receipt was not stored");
                Err(StatusCode::SERVICE_UNAVAILABLE.into_response())
            }
        },
        Event::Ignored(why) => {
            tracing::info!(gateway = %name, why, "hook with nothing to act on");
            Ok(None)
        }
    }
}

fn acknowledged(reply: HookReply) -> Response {
    ([(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response()
}
