//! The hooks that gateways call: raw bytes in, verified, parsed, stored, acknowledged.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use serde_json::json;

use super::Doors;
use super::machines::{Machines, no_hook};
use crate::dispatch::{Heard, HookAnswer};
use crate::failsafe::{Answer, NotKept};
use crate::gateway::drill::{Loopback, as_drill};
use crate::gateway::{
    Event, Gateway, HookReply, InlineReply, RawRequest, SignaturePolicy, Verified, VerifyError,
    receipts_url, unverified_but_observed,
};
use crate::intake::Holding;
use crate::oncall::IncidentKind;

pub(super) fn routes() -> Machines {
    Machines::new()
        .hook("/hooks/{gateway}/inbound", hook)
        .hook("/hooks/{gateway}/status", hook)
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
        return no_hook();
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
    // Only this program marks a hook so, and only one whose signature holds is looked at.
    let mut drill = None;
    let verified = match trusted(&doors, gateway.as_ref(), &request, path) {
        Ok(verified) => {
            drill = doors.drills.marker.drill_in(&request);
            verified
        }
        Err(Untrusted {
            why,
            policy,
            observed,
        }) => match observed {
            None => return refused(gateway.as_ref(), why),
            Some(observed) if policy == SignaturePolicy::Quarantine => {
                let events = gateway.parse(&request, observed);
                return hold(&doors, gateway.as_ref(), why, events).await;
            }
            Some(observed) => observed,
        },
    };
    let events = gateway.parse(&request, verified);
    let loopback = Loopback::like(gateway.caps());
    let (from, name, events): (&dyn Gateway, &str, Vec<Event>) = match drill {
        None => (gateway.as_ref(), &name, events),
        Some(drill) => {
            let events = events.into_iter().map(|event| as_drill(drill, event));
            (&loopback, loopback.name(), events.collect())
        }
    };
    let (mut inline, mut heard): (Option<Answer>, _) = (None, Vec::new());
    for event in events {
        heard.extend(Heard::of(&event));
        match take_in(&doors, from, since, event).await {
            // One reply fits: a crisis reply, which has a row, goes before a holding line.
            Ok(Some(answer)) if answer.outbox_id.is_some() => {
                inline = inline
                    .filter(|first| first.outbox_id.is_some())
                    .or(Some(answer));
            }
            Ok(answer) => inline = inline.or(answer),
            Err(NotKept) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                note(&doors, name, &request, &heard, status, None);
                return status.into_response();
            }
        }
    }
    let url = |id| receipts_url(&doors.public_url, name, id);
    let receipts = inline.as_ref().and_then(|answer| answer.outbox_id.map(url));
    let reply = inline.as_ref().map(|answer| InlineReply {
        to: &answer.to,
        body: &answer.body,
        receipts_url: receipts.as_deref(),
    });
    let reply = gateway.acknowledge(reply);
    note(&doors, name, &request, &heard, StatusCode::OK, Some(&reply));
    acknowledged(reply)
}

/// A hook whose signature does not hold.
pub(super) struct Untrusted {
    /// Why.
    pub(super) why: VerifyError,
    /// What the operator wants done with it.
    pub(super) policy: SignaturePolicy,
    /// Leave to read it all the same; none where it is refused.
    pub(super) observed: Option<Verified>,
}

/// Checks the signature. What does not hold is told to the operator.
pub(super) fn trusted(
    doors: &Doors,
    gateway: &dyn Gateway,
    request: &RawRequest<'_>,
    path: &str,
) -> Result<Verified, Untrusted> {
    doors.signing.verify(gateway, request, path).map_err(|why| {
        let name = gateway.name();
        let policy = doors.signing.policy(name);
        tracing::warn!(gateway = %name, %why, policy = policy.word(), "the signature of a hook does not hold: check the auth token and public_url");
        let detail = json!({"why": why.to_string(), "policy": policy.word()});
        doors
            .incidents
            .raise(IncidentKind::Signature, name, detail);
        Untrusted {
            why,
            policy,
            observed: unverified_but_observed(policy),
        }
    })
}

pub(super) fn refused(gateway: &dyn Gateway, why: VerifyError) -> Response {
    (gateway.refuse(why), format!("Refused: {why}.\n")).into_response()
}

/// Notes the hook in the gateway log, beside each text that it is about.
pub(super) fn note(
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
        doors
            .failsafe
            .dispatch
            .note_hook(gateway, request, heard, answer);
    }
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
        let intake = &doors.failsafe.intake;
        match intake
            .hold(name, &why.to_string(), can_reply, inbound)
            .await
        {
            Ok(Holding::Held(reply)) => {
                crisis_reply = crisis_reply.or(reply.map(|reply| (to, reply)));
            }
            Ok(Holding::Full) => return gateway.refuse(why).into_response(),
            Err(failed) => {
                tracing::error!(gateway = %name, why = %failed.why, "a text was not held");
                if !failed.arrival.is_crisis() {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
                let reply = intake.crisis_reply(&failed.arrival);
                let (failsafe, arrival) = (Arc::clone(&doors.failsafe), failed.arrival);
                tokio::spawn(async move {
                    let apart = async {
                        if !can_reply {
                            failsafe.answer_unheld(&arrival).await;
                        }
                    };
                    tokio::join!(apart, failsafe.page(true, false));
                });
                if !can_reply {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
                crisis_reply = Some((to, reply));
            }
        }
    }
    if crisis_reply.is_some() && !can_reply {
        // Not awaited: the gateway must not wait for itself.
        let failsafe = Arc::clone(&doors.failsafe);
        tokio::spawn(async move {
            if let Err(error) = failsafe.answer_held().await {
                tracing::error!(%error, "held texts were not answered; a worker tries again");
            }
        });
    }
    // Without an outbox row there is nothing that a receipt could settle.
    let reply = crisis_reply.as_ref().filter(|_| can_reply);
    acknowledged(gateway.acknowledge(reply.map(|(to, body)| InlineReply {
        to,
        body,
        receipts_url: None,
    })))
}

pub(super) fn acknowledged(reply: HookReply) -> Response {
    (
        [(header::CONTENT_TYPE, reply.content_type)],
        reply.headers,
        reply.body,
    )
        .into_response()
}
