//! What `harborline doctor` asks the app, or its server.
//!
//! Source: <https://docs.sms-gate.app/features/webhooks/>: `GET …/webhooks` lists what is registered,
//! `[{"id":"…","url":"https://…","event":"sms:received","deviceId":"…"}]`. Part of `gateway`: floor 2.

use serde_json::Value;

use super::Android;
use crate::gateway::check::{
    Check, Finding, Ours, Reading, State, credentials, get, json, webhook,
};
use crate::gateway::wire;
use crate::gateway::{ApiRequest, ApiResult};

/// Events that tell what became of a text.
const RECEIPTS: [&str; 3] = ["sms:sent", "sms:delivered", "sms:failed"];
const PLACE: &str = "the event sms:received: the app, Settings, Webhooks, or POST …/webhooks";

pub(super) fn build(android: &Android) -> Vec<(Check, ApiRequest)> {
    let messages = android.config.messages_url.as_str();
    // `/message` of a phone, `/messages` of a server: the list of webhooks stands beside it.
    let root = ["/messages", "/message"]
        .iter()
        .find_map(|end| messages.strip_suffix(end));
    let ask = |root: &str| {
        let headers = wire::headers(None, Some(android.authorization()));
        (Check::Account, get(format!("{root}/webhooks"), headers))
    };
    root.map(ask).into_iter().collect()
}

pub(super) fn read(ours: &Ours, result: ApiResult<'_>) -> Reading {
    let known = credentials(result, "username and password");
    let registered = match json(result, "webhook") {
        Ok(Value::Array(registered)) => registered,
        Ok(_) => Vec::new(),
        Err(silent) => return vec![known, silent].into(),
    };
    vec![
        known,
        texts(&registered, ours),
        pictures(&registered, ours),
        receipts(&registered, ours),
    ]
    .into()
}

/// Whether texts come to us. Others may be told, too.
fn texts(registered: &[Value], ours: &Ours) -> Finding {
    let found: Vec<Finding> = of_event(registered, "sms:received")
        .map(|url| webhook(Some(url), None, ours, PLACE))
        .collect();
    let well = found.iter().find(|finding| finding.state == State::Ok);
    let none = || webhook(None, None, ours, PLACE);
    well.or(found.first()).cloned().unwrap_or_else(none)
}

/// Whether texts with pictures come to us, and long ones that a phone sends in the same way: whole, and once.
fn pictures(registered: &[Value], ours: &Ours) -> Finding {
    let id = "pictures";
    let comes = |event| {
        of_event(registered, event).any(|url| ours.inbound.iter().any(|known| known == url))
    };
    let wanted = ours.inbound.first().map_or("", String::as_str);
    let (whole, notice) = (comes("mms:downloaded"), comes("mms:received"));
    let register = format!("Register {wanted} for mms:downloaded, as for sms:received");
    match (whole, notice) {
        (true, false) => Finding::ok(id, "texts with pictures come to us"),
        (true, true) => Finding::warn(
            id,
            "each text with a picture comes to us twice, and is answered twice",
            "Remove our webhook for mms:received: mms:downloaded brings the same text with its words",
        ),
        (false, true) => Finding::warn(
            id,
            "texts with pictures come to us without their words",
            format!("{register}, and remove the one for mms:received"),
        ),
        (false, false) => Finding::warn(
            id,
            "no webhook is registered with us for mms:downloaded: a text with a picture, or a long one that the phone sends like one, does not reach us",
            register,
        ),
    }
}

/// Whether we hear what becomes of our texts. Either of our addresses will do.
fn receipts(registered: &[Value], ours: &Ours) -> Finding {
    let status = |url: &String| url.replace("/inbound", "/status");
    let known: Vec<String> = ours
        .inbound
        .iter()
        .map(status)
        .chain(ours.inbound.clone())
        .collect();
    let unheard = RECEIPTS.into_iter().filter(|event| {
        !of_event(registered, event).any(|url| known.iter().any(|known| known == url))
    });
    let unheard: Vec<&str> = unheard.collect();
    if unheard.is_empty() {
        return Finding::ok("receipts", "the app tells us what becomes of our texts");
    }
    let wanted = ours.inbound.first().map(status).unwrap_or_default();
    Finding::warn(
        "receipts",
        format!(
            "no webhook is registered with us for {}: it is asked instead, and later",
            unheard.join(", ")
        ),
        format!("Register {wanted} for each of them, as for sms:received"),
    )
}

fn of_event<'a>(registered: &'a [Value], event: &'a str) -> impl Iterator<Item = &'a str> {
    let registered = registered.iter().filter(move |hook| hook["event"] == event);
    registered.filter_map(|hook| hook["url"].as_str())
}
