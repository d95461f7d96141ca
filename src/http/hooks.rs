//! The hooks that gateways call: raw bytes in, verified, parsed, stored, acknowledged.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use serde_json::json;

use super::Doors;
use crate::gateway::{
    Event, Gateway, HookReply, InlineReply, RawRequest, SignaturePolicy, VerifyError, receipts_url,
    unverified_but_observed,
};
use crate::intake::Holding;
use crate::oncall::IncidentKind;
use crate::phone::PhoneNumber;
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
    let verified = match doors.signing.verify(gateway.as_ref(), &request, path) {
        Ok(verified) => verified,
        Err(why) => {
            let policy = doors.signing.policy(&name);
            tracing::warn!(gateway = %name, %why, policy = policy.word(), "the signature of a hook does not hold: check the auth token and public_url");
            let detail = json!({"why": why.to_string(), "policy": policy.word()});
            doors
                .incidents
                .raise(IncidentKind::Signature, &name, detail);
            match unverified_but_observed(policy) {
                None => {
                    return (gateway.refuse(why), format!("Refused: {why}.\n")).into_response();
                }
                Some(observed) if policy == SignaturePolicy::Quarantine => {
                    let events = gateway.parse(&request, observed);
                    return hold(&doors, gateway.as_ref(), why, events).await;
                }
                Some(observed) => observed,
            }
        }
    };
    let mut inline = None;
    for event in gateway.parse(&request, verified) {
        match take_in(&doors, gateway.as_ref(), event).await {
            Ok(reply) => inline = inline.or(reply),
            Err(unavailable) => return unavailable,
        }
    }
    let reply = inline.as_ref().map(|(to, body, receipts_url)| InlineReply {
        to,
        body,
        receipts_url: Some(receipts_url),
    });
    acknowledged(gateway.acknowledge(reply))
}

/// Hands one event to its service. `Ok` holds what goes back in the response; `Err` is the
/// response when the event could not be kept, so that the gateway does not count it as taken.
async fn take_in(
    doors: &Doors,
    gateway: &dyn Gateway,
    event: Event,
) -> Result<Option<(PhoneNumber, MessageBody, String)>, Response> {
    let name = gateway.name();
    match event {
        Event::Inbound(inbound) => {
            let can_reply = gateway.caps().inline_reply;
            let to = inbound.from.clone();
            match doors.intake.text(name, can_reply, inbound).await {
                Ok(taken) => Ok(taken.inline.map(|(outbox_id, body)| {
                    (to, body, receipts_url(&doors.public_url, name, outbox_id))
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
                                to: &to,
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

/// Holds the texts that no signature vouches for. Receipts are not acted on.
async fn hold(
    doors: &Doors,
    gateway: &dyn Gateway,
    why: VerifyError,
    events: Vec<Event>,
) -> Response {
    let (name, can_reply) = (gateway.name(), gateway.caps().inline_reply);
    let mut crisis_reply = None;
    for event in events {
        let Event::Inbound(inbound) = event else {
            continue;
        };
        let to = inbound.from.clone();
        match doors.intake.hold(name, &why.to_string(), inbound).await {
            Ok(Holding::Held(reply)) => {
                crisis_reply = crisis_reply.or(reply.map(|reply| (to, reply)));
            }
            Ok(Holding::Full) => return gateway.refuse(why).into_response(),
            Err(failed) => {
                tracing::error!(gateway = %name, error = %failed, "a text was not held");
                let Some(reply) = failed.crisis_reply else {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                };
                let dispatch = Arc::clone(&doors.dispatch);
                tokio::spawn(async move { dispatch.page_without_store().await });
                if !can_reply {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
                crisis_reply = Some((to, reply));
            }
        }
    }
    // Without an outbox row there is nothing that a receipt could settle.
    let reply = crisis_reply.as_ref().filter(|_| can_reply);
    acknowledged(gateway.acknowledge(reply.map(|(to, body)| InlineReply {
        to,
        body,
        receipts_url: None,
    })))
}

fn acknowledged(reply: HookReply) -> Response {
    (
        [(header::CONTENT_TYPE, reply.content_type)],
        reply.headers,
        reply.body,
    )
        .into_response()
}
