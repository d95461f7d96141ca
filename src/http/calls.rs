//! The hook by which a gateway asks what a call says, and brings the keys that are pressed in it.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::Doors;
use super::hooks::{Untrusted, acknowledged, note, refused, trusted};
use super::machines::{Machines, no_hook};
use crate::dispatch::Heard;
use crate::gateway::{RawRequest, SignaturePolicy};

pub(super) fn routes() -> Machines {
    Machines::new().hook("/hooks/{gateway}/call", call)
}

async fn call(
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
    let Some(caller) = gateway.caller() else {
        return (StatusCode::NOT_FOUND, "This gateway places no calls.\n").into_response();
    };
    if !matches!(method, Method::POST | Method::GET) {
        return no_hook();
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
    let verified = match trusted(&doors, gateway.as_ref(), &request, path) {
        Ok(verified) => verified,
        // A key that nobody vouches for takes no case; there is nothing to hold.
        Err(Untrusted {
            why,
            policy,
            observed,
        }) => match observed {
            Some(observed) if policy == SignaturePolicy::Observe => observed,
            _ => return refused(gateway.as_ref(), why),
        },
    };
    let Some(heard) = caller.parse_call(&request, verified) else {
        return (StatusCode::BAD_REQUEST, "This is nothing of a call.\n").into_response();
    };
    let script = doors.calls.next(&name, &heard).await;
    let reply = caller.say(&script);
    let noted = [Heard::in_call(&heard)];
    note(
        &doors,
        &name,
        &request,
        &noted,
        StatusCode::OK,
        Some(&reply),
    );
    acknowledged(reply)
}
