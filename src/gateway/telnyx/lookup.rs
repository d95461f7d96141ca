//! What Telnyx says when it is asked: one text, and what came in.
//!
//! Source: <https://developers.telnyx.com/api-reference/detail-records/search-detail-records> for the
//! list and <https://developers.telnyx.com/api-reference/messages/retrieve-a-message> for one text,
//! which Telnyx keeps for 10 days. Written from these pages and not verified against a live account:
//! neither that the `uuid` of a record is the `id` of the message in every case, nor how soon a
//! record shows up. Part of `gateway`: floor 2.
//!
//! Detail records hold ids, numbers and times without words, the latest first:
//!
//! ```text
//! GET /v2/detail_records?filter[record_type]=messaging&filter[direction]=inbound
//!     &filter[created_at][gte]=2026-01-01&sort=-created_at&page[number]=1&page[size]=50
//! {"data":[{"record_type":"message_detail_record","uuid":"84cca175-…","direction":"inbound",
//!    "cli":"+15005550006","cld":"+15005550001","created_at":"2026-01-01T00:00:00Z"}],
//!  "meta":{"page_number":1,"page_size":50,"total_pages":3,"total_results":120}}
//! ```

use std::time::Duration;

use axum::http::Method;
use serde_json::Value;

use super::{Telnyx, sender_of, text_in};
use crate::clock::At;
use crate::gateway::wire::{self, text_of};
use crate::gateway::{ApiRequest, ApiResult, Fetched, Listing, Named};

/// The page does not say in which zone a day begins: a day earlier is never too late.
const DAY: Duration = Duration::from_hours(24);

pub(super) fn one(telnyx: &Telnyx, gateway_ref: &str) -> Option<ApiRequest> {
    let id = wire::plain_id(gateway_ref)?;
    Some(get(telnyx, &format!("messages/{id}")))
}

pub(super) fn list(telnyx: &Telnyx, since: At, page: Option<&str>) -> Option<ApiRequest> {
    // Nothing but a number: it was read from an answer.
    let page: u32 = page.map_or(Some(1), |page| page.parse().ok())?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("filter[record_type]", "messaging")
        .append_pair("filter[direction]", "inbound")
        .append_pair(
            "filter[created_at][gte]",
            &since.minus(DAY).day().to_string(),
        )
        .append_pair("sort", "-created_at")
        .append_pair("page[number]", &page.to_string())
        .append_pair("page[size]", "50")
        .finish();
    Some(get(telnyx, &format!("detail_records?{query}")))
}

/// The list is by day and of the whole account: what came in before `since`, or to another number, is
/// left out here.
pub(super) fn listed(telnyx: &Telnyx, since: At, page: &Value) -> Option<Listing> {
    let records = page["data"].as_array()?;
    let ours = |record: &&Value| {
        let inbound = record["direction"] != "outbound";
        inbound && to_us(telnyx, record) && at(record).is_none_or(|at| at >= since)
    };
    let named = |record: &Value| {
        Some(Named {
            gateway_ref: text_of(&record["uuid"]).or_else(|| text_of(&record["id"]))?,
            at: at(record),
        })
    };
    Some(Listing {
        inbound: Vec::new(),
        named: records.iter().filter(ours).filter_map(named).collect(),
        next: next(since, records, &page["meta"]),
    })
}

/// What the answer to [`one`] says.
pub(super) fn fetched(result: ApiResult<'_>) -> Fetched {
    // Older than ten days, or never there.
    if let ApiResult::Answered {
        status: 404 | 410, ..
    } = result
    {
        return Fetched::Nothing;
    }
    let answer = wire::json_of(result).unwrap_or_default();
    let message = &answer["data"];
    let Some(gateway_ref) = text_of(&message["id"]) else {
        return Fetched::NotNow;
    };
    // Without a sender it is no text, whatever else it is: read as one, it would be lost in silence.
    let inbound = message["direction"] != "outbound" && sender_of(message).is_some();
    if inbound {
        Fetched::Text(text_in(message, gateway_ref))
    } else {
        Fetched::Nothing
    }
}

/// The number of the next page, unless all that is on it came in before `since`.
fn next(since: At, records: &[Value], meta: &Value) -> Option<String> {
    let (number, pages) = (meta["page_number"].as_u64()?, meta["total_pages"].as_u64()?);
    let times: Option<Vec<At>> = records.iter().map(at).collect();
    let beyond = times.is_some_and(|times| wire::is_beyond(&times, since));
    (number < pages && !beyond).then(|| (number + 1).to_string())
}

/// Whether a record is of a text to our number. One that does not say is: its text is fetched.
fn to_us(telnyx: &Telnyx, record: &Value) -> bool {
    let digits = |number: &str| -> String { number.chars().filter(char::is_ascii_digit).collect() };
    let to = text_of(&record["cld"]);
    to.is_none_or(|to| digits(&to) == digits(&telnyx.config.sender))
}

/// When a text came in; none when its date cannot be read, and then it is taken for new.
fn at(record: &Value) -> Option<At> {
    let time: jiff::Timestamp = record["created_at"].as_str()?.parse().ok()?;
    Some(At(time.as_millisecond()))
}

fn get(telnyx: &Telnyx, path: &str) -> ApiRequest {
    ApiRequest {
        method: Method::GET,
        url: format!("{}/v2/{path}", telnyx.config.api_url),
        headers: wire::headers(None, Some(telnyx.authorization())),
        body: Vec::new(),
    }
}
