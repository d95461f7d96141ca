//! What `harborline doctor` asks Telnyx.
//!
//! Source: <https://developers.telnyx.com/api-reference/messaging-profiles/list-messaging-profiles>,
//! <https://developers.telnyx.com/api-reference/opt-out-management/list-auto-response-settings>.
//! Part of `gateway`: floor 2.

use super::Telnyx;
use crate::gateway::check::{
    Check, Finding, Ours, Reading, State, credentials, fallback, get, json, webhook,
};
use crate::gateway::wire;
use crate::gateway::{ApiRequest, ApiResult};

const PROFILE: &str = "Messaging, your profile, Inbound";

pub(super) fn build(telnyx: &Telnyx) -> Vec<(Check, ApiRequest)> {
    vec![
        (Check::Account, ask(telnyx, "balance")),
        (
            Check::Sender,
            ask(telnyx, "messaging_profiles?page%5Bsize%5D=250"),
        ),
    ]
}

pub(super) fn read(telnyx: &Telnyx, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
    match check {
        Check::Account => vec![credentials(result, "api_key")].into(),
        Check::Sender => profiles(telnyx, ours, result),
        Check::OptOut => vec![opt_out(result)].into(),
        Check::Application | Check::Caller => Reading::default(),
    }
}

/// The profile is the one that calls us: a number does not name its profile in one question.
fn profiles(telnyx: &Telnyx, ours: &Ours, result: ApiResult<'_>) -> Reading {
    let json = match json(result, "webhook") {
        Ok(json) => json,
        Err(silent) => return vec![silent].into(),
    };
    let profiles = json["data"].as_array().map_or(&[][..], Vec::as_slice);
    let hook =
        |profile: &serde_json::Value| webhook(profile["webhook_url"].as_str(), None, ours, PROFILE);
    let calls_us = |profile: &&serde_json::Value| hook(profile).state == State::Ok;
    let Some(profile) = profiles.iter().find(calls_us) else {
        return vec![match profiles {
            [one] => hook(one),
            _ => webhook(None, None, ours, PROFILE),
        }]
        .into();
    };
    let mut spare = fallback(
        profile["webhook_failover_url"].as_str(),
        None,
        ours,
        PROFILE,
    );
    if spare.state == State::Fail {
        // No static file can answer here: Telnyx takes no reply from a webhook, and repeats hooks.
        spare.state = State::Warn;
        "Run a second Harborline on another host, and enter it as the failover URL"
            .clone_into(&mut spare.fix);
    }
    let id = profile["id"].as_str().and_then(wire::plain_id);
    let next = id.map(|id| {
        let path = format!("messaging_profiles/{id}/autoresp_configs");
        (Check::OptOut, ask(telnyx, &path))
    });
    Reading {
        findings: vec![hook(profile), spare],
        next: next.into_iter().collect(),
    }
}

/// Whether what Telnyx answers to STOP leaves a way to help.
fn opt_out(result: ApiResult<'_>) -> Finding {
    let json = match json(result, "opt_out") {
        Ok(json) => json,
        Err(silent) => return silent,
    };
    let settings = json["data"].as_array().map_or(&[][..], Vec::as_slice);
    let mut stops = settings.iter().filter(|setting| setting["op"] == "stop");
    let names_988 = |setting: &serde_json::Value| {
        setting["resp_text"]
            .as_str()
            .is_some_and(|text| text.contains("988"))
    };
    let fix = "Add 988 to the answer to STOP: Messaging, your profile, Opt-out";
    match stops.next() {
        None => Finding::warn(
            "opt_out",
            "Telnyx answers STOP with its own words, without 988, and blocks every later text to that person",
            fix,
        ),
        Some(first) if names_988(first) && stops.all(names_988) => {
            Finding::ok("opt_out", "the answer to STOP names 988")
        }
        Some(_) => Finding::warn("opt_out", "the answer to STOP does not name 988", fix),
    }
}

fn ask(telnyx: &Telnyx, path: &str) -> ApiRequest {
    get(
        format!("{}/v2/{path}", telnyx.config.api_url),
        wire::headers(None, Some(telnyx.authorization())),
    )
}
