//! How far a text has come, from Vonage's Reports API.
//!
//! Source: <https://developer.vonage.com/reports/code-snippets/load-records-sync-id>. Each record is charged
//! for, so it is asked only where the configuration says `reports = true`. Written from this page and
//! not verified against a live account. Part of `gateway`: floor 2.
//!
//! ```text
//! GET https://api.nexmo.com/v2/reports/records?account_id=abcd1234&product=SMS&direction=outbound&id=0C00…
//! {"records":[{"message_id":"0C00…","client_ref":"0190…","status":"delivered","error_code":"0"}]}
//! ```

use serde_json::Value;
use uuid::Uuid;

use super::{Vonage, delivery, is_opt_out};
use crate::gateway::wire::{self, text_of};
use crate::gateway::{ApiRequest, Receipt};

pub(super) fn one(vonage: &Vonage, gateway_ref: &str) -> Option<ApiRequest> {
    // A comma would make a list of it.
    let id = wire::plain_id(gateway_ref).filter(|_| vonage.config.reports)?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("account_id", &vonage.config.api_key)
        .append_pair("product", "SMS")
        .append_pair("direction", "outbound")
        .append_pair("id", id)
        .finish();
    // It has a host of its own; a root that is not Vonage's is a test's.
    let root = vonage.config.api_url.replacen("://rest.", "://api.", 1);
    Some(vonage.get(format!("{root}/v2/reports/records?{query}")))
}

pub(super) fn read(answer: &Value) -> Option<Receipt> {
    let record = answer["records"].get(0)?;
    let delivery = delivery(&text_of(&record["status"])?.to_ascii_lowercase())?;
    let code = text_of(&record["error_code"]).filter(|code| code != "0");
    let reference = text_of(&record["client_ref"]);
    Some(Receipt {
        gateway_ref: text_of(&record["message_id"])?,
        outbox_id: reference.and_then(|id| Uuid::try_parse(&id).ok()),
        delivery,
        opted_out: is_opt_out(delivery, code.as_deref()),
        code,
    })
}
