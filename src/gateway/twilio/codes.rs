//! Twilio's statuses and error codes. Part of `gateway`: floor 2.

use serde_json::Value;

use crate::gateway::wire::{Class, accepted};
use crate::gateway::{Delivery, SendOutcome};

/// How far a text has come: `message_enum_status` of Twilio's `OpenAPI` description, without the two
/// of inbound texts.
pub(super) fn delivery(status: &str) -> Option<Delivery> {
    Some(match status {
        "accepted" | "scheduled" | "queued" | "sending" => Delivery::Accepted,
        // Some of a group has it: further than the carrier, but not all the way.
        "sent" | "partially_delivered" => Delivery::Sent,
        "delivered" | "read" => Delivery::Delivered,
        "undelivered" | "failed" | "canceled" => Delivery::Failed,
        _ => return None,
    })
}

/// Twilio's error codes, from <https://www.twilio.com/docs/api/errors>. A code that is not here is
/// judged by the HTTP status.
#[rustfmt::skip]
pub(super) const CODES: &[(Class, &[u32])] = &[
    // too many requests, internal error, service unavailable, sender's queue full, calls at once
    (Class::Retry, &[20429, 20500, 20503, 21611, 10004]),
    // queue overflow, unknown, carrier congested, 10DLC rate, provider timeout, channel rate
    (Class::Retry, &[30001, 30008, 30017, 30022, 30410, 63018]),
    // not a number, premium, may not be called, region switched off, unreachable, not a mobile
    (Class::Permanent, &[21202, 21211, 21214, 21216, 21217, 21408, 21612, 21614]),
    // no body, too long, media refused
    (Class::Permanent, &[21602, 21617, 21620, 21623]),
    // handset unreachable, blocked, unknown, landline; filtered; no MMS; too big
    (Class::Permanent, &[30003, 30004, 30005, 30006, 30007, 30011, 30019]),
    // replied STOP
    (Class::OptedOut, &[21610]),
    // credentials, permission, account or path
    (Class::Misconfigured, &[20003, 20403, 20404]),
    // the sender is not ours or cannot text; callback URL refused; messaging service empty or unknown
    (Class::Misconfigured, &[21212, 21603, 21606, 21609, 21659, 21660, 21703, 21705]),
    // account not active; URL refused; may not call from, to there, or on trial
    (Class::Misconfigured, &[10001, 21205, 21210, 21213, 21215, 21219]),
    // suspended, daily caps, not provisioned, toll-free unverified, 10DLC unregistered
    (Class::Misconfigured, &[30002, 30023, 30024, 30027, 30032, 30034]),
];

pub(super) fn is_opt_out(code: &str) -> bool {
    Class::of_code(CODES, code) == Some(Class::OptedOut)
}

pub(super) fn read_answer(status: u16, after_s: Option<u64>, body: &[u8]) -> SendOutcome {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    if (200..300).contains(&status) {
        return accepted(json["sid"].as_str());
    }
    let code = json["code"].as_u64().map(|code| code.to_string());
    let class = code
        .as_deref()
        .and_then(|code| Class::of_code(CODES, code))
        .unwrap_or(Class::of_status(status));
    class.outcome(after_s, code.unwrap_or_else(|| format!("http-{status}")))
}
