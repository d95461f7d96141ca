//! What `harborline doctor` asks Vonage.
//!
//! Source: <https://developer.vonage.com/en/api/account>, <https://developer.vonage.com/en/api/numbers>. Where the
//! texts of an account go by default can only be asked by a request that may also change it, so it is
//! not asked. Part of `gateway`: floor 2.

use serde_json::Value;

use super::Vonage;
use crate::gateway::check::{Check, Finding, Ours, Reading, credentials, json, webhook};
use crate::gateway::{ApiRequest, ApiResult};

const NUMBERS: &str = "Numbers, Your numbers, Edit, Inbound webhook URL";

pub(super) fn build(vonage: &Vonage) -> Vec<(Check, ApiRequest)> {
    let root = &vonage.config.api_url;
    let number = vonage.config.sender.trim_start_matches('+');
    // 0: numbers that begin with the pattern. Short codes are in another list.
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("pattern", number)
        .append_pair("search_pattern", "0")
        .finish();
    let balance = vonage.get(format!("{root}/account/get-balance"));
    let numbers = vonage.get(format!("{root}/account/numbers?{query}"));
    let long_code = (number.len() > 6).then_some((Check::Sender, numbers));
    std::iter::once((Check::Account, balance))
        .chain(long_code)
        .collect()
}

pub(super) fn read(vonage: &Vonage, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
    match check {
        Check::Account => account(vonage, result).into(),
        Check::Sender => vec![number(vonage, ours, result)].into(),
        Check::Application | Check::OptOut | Check::Caller => Reading::default(),
    }
}

fn account(vonage: &Vonage, result: ApiResult<'_>) -> Vec<Finding> {
    let known = credentials(result, "api_key and api_secret");
    let balance = json(result, "credentials").ok();
    let balance = balance.as_ref().and_then(|json| json["value"].as_f64());
    let account = match balance.filter(|credit| *credit <= 0.0) {
        Some(_) => Finding::fail(
            "credentials",
            "the account has no credit: no text leaves",
            "Add credit in the Vonage dashboard",
        ),
        None => known,
    };
    let reports = if vonage.config.reports {
        Finding::ok("receipts", "receipts that do not come are asked for")
    } else {
        Finding::skipped(
            "receipts",
            "receipts that do not come are not asked for: Vonage charges for that. Write reports = true if you want it",
        )
    };
    vec![account, reports]
}

fn number(vonage: &Vonage, ours: &Ours, result: ApiResult<'_>) -> Finding {
    let json = match json(result, "webhook") {
        Ok(json) => json,
        Err(silent) => return silent,
    };
    let sender = vonage.config.sender.trim_start_matches('+');
    let is_ours = |number: &&Value| number["msisdn"].as_str() == Some(sender);
    let numbers = json["numbers"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(number) = numbers.iter().find(is_ours) else {
        return Finding::fail(
            "webhook",
            "this account does not have the number of `sender`",
            "Write a number of this account as `sender`",
        );
    };
    match number["moHttpUrl"].as_str().filter(|url| !url.is_empty()) {
        Some(url) => webhook(Some(url), None, ours, NUMBERS),
        None => Finding::warn(
            "webhook",
            "the number has no webhook of its own, and where the texts of the account go by default cannot be asked",
            format!(
                "Set it to {} under {NUMBERS}",
                ours.inbound.first().map_or("", String::as_str)
            ),
        ),
    }
}
