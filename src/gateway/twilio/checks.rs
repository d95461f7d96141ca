//! What `harborline doctor` asks Twilio, and `SignalWire` in its dialect.
//!
//! Source: <https://www.twilio.com/docs/iam/api/account>, <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource>,
//! <https://www.twilio.com/docs/messaging/api/service-resource>, <https://www.twilio.com/docs/messaging/api/short-code-resource>.
//! Part of `gateway`: floor 2.

use super::Twilio;
use crate::gateway::check::{
    Check, Finding, Ours, Reading, credentials, fallback, get, json, webhook,
};
use crate::gateway::{ApiRequest, ApiResult};

const NUMBER: &str = "Phone Numbers, your number, Messaging";
const SERVICE: &str = "Messaging, Services, your service, Integration";

pub(super) fn build(twilio: &Twilio) -> Vec<(Check, ApiRequest)> {
    let (account, sender) = (twilio.account_url(), &twilio.account.sender);
    let query = |name: &str| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair(name, sender)
            .finish()
    };
    let of_sender = if is_service(twilio) {
        // The services have an API of their own; a root that is not Twilio's is a test's.
        let root = twilio
            .account
            .api_url
            .replacen("://api.", "://messaging.", 1);
        format!("{root}/v1/Services/{sender}")
    } else if sender.starts_with('+') {
        format!(
            "{account}/IncomingPhoneNumbers.json?{}",
            query("PhoneNumber")
        )
    } else {
        format!("{account}/SMS/ShortCodes.json?{}", query("ShortCode"))
    };
    let ask = |url| get(url, twilio.headers(None));
    let mut checks = vec![
        (Check::Account, ask(format!("{account}.json"))),
        (Check::Sender, ask(of_sender)),
    ];
    if let Some(from) = &twilio.account.calls_from {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("PhoneNumber", from)
            .finish();
        let of_caller = format!("{account}/IncomingPhoneNumbers.json?{query}");
        checks.push((Check::Caller, ask(of_caller)));
    }
    checks
}

pub(super) fn read(twilio: &Twilio, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
    match check {
        Check::Account => vec![account(result)].into(),
        Check::Sender => sender(twilio, ours, result).into(),
        Check::Caller => vec![caller(result)].into(),
        Check::Application | Check::OptOut => Reading::default(),
    }
}

fn account(result: ApiResult<'_>) -> Finding {
    let found = credentials(result, "the account and its token");
    let status = json(result, "credentials").ok();
    let status = status.as_ref().and_then(|json| json["status"].as_str());
    match status.filter(|status| *status != "active") {
        Some(status) => Finding::fail(
            "credentials",
            format!("the account is {status}"),
            "Look in the provider's console why, or ask its support",
        ),
        None => found,
    }
}

fn sender(twilio: &Twilio, ours: &Ours, result: ApiResult<'_>) -> Vec<Finding> {
    let json = match json(result, "webhook") {
        Ok(json) => json,
        Err(silent) => return vec![silent],
    };
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    if is_service(twilio) {
        let url = fallback(
            json["fallback_url"].as_str(),
            json["fallback_method"].as_str(),
            ours,
            SERVICE,
        );
        if json["use_inbound_webhook_on_number"] == true {
            let found =
                "the service leaves the webhook to each of its numbers, which were not looked at";
            let fix =
                "Choose `Send a webhook` for incoming messages of the service, and enter it there";
            return vec![Finding::warn("webhook", found, fix), url];
        }
        let (hook, method) = (
            text(&json["inbound_request_url"]),
            text(&json["inbound_method"]),
        );
        return vec![
            webhook(hook.as_deref(), method.as_deref(), ours, SERVICE),
            url,
        ];
    }
    let list = if twilio.account.sender.starts_with('+') {
        &json["incoming_phone_numbers"]
    } else {
        &json["short_codes"]
    };
    let Some(number) = list.get(0) else {
        return vec![Finding::fail(
            "webhook",
            "this account does not have the number of `sender`",
            "Write a number of this account as `sender`",
        )];
    };
    if text(&number["sms_application_sid"]).is_some_and(|sid| !sid.is_empty()) {
        return vec![Finding::warn(
            "webhook",
            "the number belongs to an application, which was not looked at",
            format!("Set the webhook on the number itself, under {NUMBER}"),
        )];
    }
    let (hook, method) = (text(&number["sms_url"]), text(&number["sms_method"]));
    vec![
        webhook(hook.as_deref(), method.as_deref(), ours, NUMBER),
        fallback(
            number["sms_fallback_url"].as_str(),
            number["sms_fallback_method"].as_str(),
            ours,
            NUMBER,
        ),
    ]
}

/// Whether the number that calls come from can call.
fn caller(result: ApiResult<'_>) -> Finding {
    let id = "calls";
    let json = match json(result, id) {
        Ok(json) => json,
        Err(silent) => return silent,
    };
    let Some(number) = json["incoming_phone_numbers"].get(0) else {
        return Finding::warn(
            id,
            "this account does not have the number that calls to responders come from",
            "Write a number of this account as `calls_from`, or one that it has verified as a caller ID",
        );
    };
    // Twilio writes `voice`, older answers `Voice`.
    let voice = &number["capabilities"]["voice"];
    let voice = voice
        .as_bool()
        .or(number["capabilities"]["Voice"].as_bool());
    match voice {
        Some(true) => Finding::ok(id, "the number can call responders"),
        Some(false) => Finding::warn(
            id,
            "the number that calls to responders come from cannot call: nobody can be paged by a call",
            "Write a number with Voice as `calls_from`",
        ),
        None => Finding::skipped(id, "the provider does not say whether the number can call"),
    }
}

fn is_service(twilio: &Twilio) -> bool {
    twilio.account.sender.starts_with("MG")
}
