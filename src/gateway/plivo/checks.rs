//! What `harborline doctor` asks Plivo.
//!
//! Source: <https://www.plivo.com/docs/account/api/account/>, <https://www.plivo.com/docs/numbers/api/account-phone-number>,
//! <https://www.plivo.com/docs/account/api/application>. The application of a number says where its
//! texts go; where they go when that fails cannot be read. Part of `gateway`: floor 2.

use super::{Plivo, PlivoConfig};
use crate::gateway::check::{Check, Finding, Ours, Reading, credentials, get, json, webhook};
use crate::gateway::wire;
use crate::gateway::{ApiRequest, ApiResult};

const APPLICATION: &str = "Messaging, Applications, your application";

pub(super) fn build(plivo: &Plivo) -> Vec<(Check, ApiRequest)> {
    let number = plivo.config.sender.trim_start_matches('+');
    let account = account_path(plivo);
    vec![
        (Check::Account, ask(plivo, &account)),
        (
            Check::Sender,
            ask(plivo, &format!("{account}Number/{number}/")),
        ),
    ]
}

pub(super) fn read(plivo: &Plivo, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
    match check {
        Check::Account => vec![credentials(result, "auth_id and auth_token")].into(),
        Check::Sender => number(plivo, ours, result),
        Check::Application => vec![application(ours, result)].into(),
        Check::OptOut | Check::Caller => Reading::default(),
    }
}

fn number(plivo: &Plivo, ours: &Ours, result: ApiResult<'_>) -> Reading {
    if let ApiResult::Answered { status: 404, .. } = result {
        return vec![Finding::fail(
            "webhook",
            "this account does not have the number of `sender`",
            "Write a number of this account as `sender`",
        )]
        .into();
    }
    let json = match json(result, "webhook") {
        Ok(json) => json,
        Err(silent) => return vec![silent].into(),
    };
    // `/v1/Account/MA…/Application/123/`: only the last part is taken, for a path of our own.
    let id = json["application"]
        .as_str()
        .and_then(|path| path.trim_end_matches('/').rsplit('/').next())
        .and_then(wire::plain_id);
    let Some(id) = id else {
        return vec![webhook(None, None, ours, APPLICATION)].into();
    };
    let path = format!("{}Application/{id}/", account_path(plivo));
    Reading {
        findings: Vec::new(),
        next: vec![(Check::Application, ask(plivo, &path))],
    }
}

fn application(ours: &Ours, result: ApiResult<'_>) -> Finding {
    match json(result, "webhook") {
        Ok(json) => webhook(
            json["message_url"].as_str(),
            json["message_method"].as_str(),
            ours,
            APPLICATION,
        ),
        Err(silent) => silent,
    }
}

fn account_path(plivo: &Plivo) -> String {
    format!("/v1/Account/{}/", plivo.config.auth_id)
}

fn ask(plivo: &Plivo, path: &str) -> ApiRequest {
    let PlivoConfig { api_url, .. } = &plivo.config;
    get(
        format!("{api_url}{path}"),
        wire::headers(None, Some(plivo.authorization())),
    )
}
