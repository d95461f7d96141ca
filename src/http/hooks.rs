//! The hooks that gateways call: raw bytes in, verified, parsed, stored, acknowledged.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use serde_json::json;

use super::Doors;
use super::machines::{Machines, no_hook};
use super::whole::{NotRead, whole};
use crate::dispatch::{Heard, HookAnswer};
use crate::failsafe::{Answer, NotKept};
use crate::gateway::drill::{Loopback, as_drill};
use crate::gateway::{
    Caps, Event, Gateway, HookReply, InlineReply, RawRequest, SignaturePolicy, Verified,
    VerifyError, receipts_url, unverified_but_observed,
};
use crate::intake::Holding;
use crate::oncall::IncidentKind;

pub(super) fn routes() -> Machines {
    Machines::new()
        .hook("/hooks/{gateway}/inbound", hook)
        .hook("/hooks/{gateway}/status", hook)
}

/// One door for texts and receipts: the gateway's adapter knows which it is.
async fn hook(State(doors): State<Doors>, Path(name): Path<String>, request: Request) -> Response {
    let Some(gateway) = doors.gateways.get(&name) else {
        return (StatusCode::NOT_FOUND, "There is no gateway of this name.\n").into_response();
    };
    let (sent, body) = request.into_parts();
    if !matches!(sent.method, Method::POST | Method::GET) {
        return no_hook();
    }
    let read = match whole(gateway.as_ref(), body).await {
        Ok(read) => read,
        Err(why) => return not_read(&doors, &name, why),
    };
    let since = Instant::now();
    let path = sent.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("{}{path}", doors.public_url);
    let request = RawRequest {
        method: &sent.method,
        url: &url,
        headers: &sent.headers,
        body: &read.body,
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
    let (mut caps, mut kept) = (from.caps(), true);
    for event in events {
        heard.extend(Heard::of(&event));
        match take_in(&doors, (from.name(), &caps), since, event).await {
            // One reply fits: a crisis reply, which has a row, goes before a holding line, and what comes
            // after it is answered by requests of its own.
            Ok(Some(answer)) if answer.outbox_id.is_some() => {
                inline = Some(answer);
                caps.inline_reply = false;
            }
            Ok(answer) => inline = inline.or(answer),
            Err(NotKept) => kept = false,
        }
    }
    let in_crisis = inline
        .as_ref()
        .is_some_and(|answer| answer.outbox_id.is_some());
    if !kept && !in_crisis {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        note(&doors, name, &request, &heard, status, None);
        return later();
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

/// Asks for a hook again, of which something could not be kept.
pub(super) fn later() -> Response {
    let why = "It could not be kept: send it again.\n";
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
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

/// A hook of which nothing can be looked at, not even its signature. One that is too large comes no smaller
/// the next time: somebody must look.
fn not_read(doors: &Doors, gateway: &str, why: NotRead) -> Response {
    if matches!(why, NotRead::TooLarge(_)) {
        unreadable(doors, gateway, "too large");
    }
    why.into_response()
}

/// Tells the operator of a hook that could not be read: nobody knows whether a text was in it.
fn unreadable(doors: &Doors, gateway: &str, why: &str) {
    tracing::error!(gateway = %gateway, why, "a hook could not be read: look at the gateway's own message log");
    let detail = json!({ "why": why });
    doors
        .incidents
        .raise(IncidentKind::Unreadable, gateway, detail);
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
    (gateway, caps): (&str, &Caps),
    since: Instant,
    event: Event,
) -> Result<Option<Answer>, NotKept> {
    match event {
        Event::Inbound(inbound) => {
            let text = doors.failsafe.text((gateway, caps), since, inbound);
            text.await
        }
        Event::Receipt(receipt) => {
            let taken = doors.failsafe.receipt((gateway, caps), since, receipt);
            taken.await.map(|()| None)
        }
        Event::Ignored(why) => {
            tracing::info!(gateway = %gateway, why, "hook with nothing to act on");
            Ok(None)
        }
        Event::Unreadable(why) => {
            unreadable(doors, gateway, why);
            if caps.repeats_hooks {
                return Err(NotKept);
            }
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
    let (mut crisis_reply, mut all_held) = (None, true);
    let reason = why.to_string();
    for event in events {
        let Event::Inbound(inbound) = event else {
            continue;
        };
        let to = inbound.from.clone();
        let intake = &doors.failsafe.intake;
        let held = intake.hold(name, &reason, can_reply, inbound);
        let arrival = match held.await {
            Ok(Holding::Held(reply)) => {
                crisis_reply = crisis_reply.or(reply.map(|reply| (to, reply)));
                continue;
            }
            Ok(Holding::Full(arrival)) => {
                tracing::error!(gateway = %name, "a text was not held: too many are held already");
                let full = IncidentKind::QuarantineFull;
                doors.incidents.raise(full, name, json!({}));
                arrival
            }
            Err(failed) => {
                tracing::error!(gateway = %name, why = %failed.why, "a text was not held");
                failed.arrival
            }
        };
        all_held = false;
        if !arrival.is_crisis() {
            continue;
        }
        if can_reply {
            let reply = intake.crisis_reply(&arrival);
            crisis_reply = crisis_reply.or(Some((to, reply)));
        }
        let failsafe = Arc::clone(&doors.failsafe);
        tokio::spawn(async move {
            let apart = async {
                if !can_reply {
                    failsafe.answer_unheld(&arrival).await;
                }
            };
            tokio::join!(apart, failsafe.page(true, false));
        });
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
    let reply = crisis_reply.as_ref().filter(|_| can_reply);
    if !all_held && reply.is_none() {
        return later();
    }
    // Without an outbox row there is nothing that a receipt could settle.
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
