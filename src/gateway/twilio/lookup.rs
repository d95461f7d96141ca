//! What Twilio says when it is asked: how far a text has come, and what came in.
//! Part of `gateway`: floor 2.

use axum::http::Method;
use serde_json::Value;

use super::{Twilio, codes, with_decoded};
use crate::clock::At;
use crate::gateway::wire::{self, text_of};
use crate::gateway::{ApiRequest, Inbound, Listed, Listing, Receipt};
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

pub(super) fn poll(twilio: &Twilio, gateway_ref: &str) -> Option<ApiRequest> {
    let sid = wire::plain_id(gateway_ref)?;
    let account = twilio.account_url();
    Some(get(twilio, format!("{account}/Messages/{sid}.json")))
}

pub(super) fn polled(message: &Value) -> Option<Receipt> {
    let code = text_of(&message["error_code"]).filter(|code| code != "0");
    Some(Receipt {
        gateway_ref: text_of(&message["sid"])?,
        outbox_id: None,
        delivery: codes::delivery(message["status"].as_str()?)?,
        opted_out: code.as_deref().is_some_and(codes::is_opt_out),
        code,
    })
}

pub(super) fn list(twilio: &Twilio, since: At, page: Option<&str>) -> Option<ApiRequest> {
    if let Some(page) = page {
        // A path below the API's root and nothing else: the credentials go with it.
        let url = format!("{}{page}", twilio.account.api_url);
        return page.starts_with('/').then(|| get(twilio, url));
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    // Of a messaging service, every number: `listed` keeps what came to the service.
    if !twilio.account.sender.starts_with("MG") {
        query.append_pair("To", &twilio.account.sender);
    }
    query
        .append_pair("DateSent>", &since.day().to_string())
        .append_pair("PageSize", "100");
    let account = twilio.account_url();
    Some(get(
        twilio,
        format!("{account}/Messages.json?{}", query.finish()),
    ))
}

/// The list is by day, the latest first: what came in before `since` on its day is left out here, and
/// the pages behind it are not asked for.
pub(super) fn listed(twilio: &Twilio, since: At, page: &Value) -> Option<Listing> {
    let service = Some(&twilio.account.sender).filter(|sender| sender.starts_with("MG"));
    let ours = |message: &&Value| {
        let to_us = service.is_none_or(|sid| message["messaging_service_sid"] == sid.as_str());
        to_us && message["direction"] == "inbound" && at(message).is_none_or(|at| at >= since)
    };
    let messages = page["messages"].as_array()?;
    let times: Option<Vec<At>> = messages.iter().map(at).collect();
    let beyond = times.is_some_and(|times| wire::is_beyond(&times, since));
    Some(Listing {
        inbound: messages.iter().filter(ours).filter_map(inbound).collect(),
        named: Vec::new(),
        next: text_of(&page["next_page_uri"]).filter(|_| !beyond),
    })
}

fn inbound(message: &Value) -> Option<Listed> {
    let gateway_ref = text_of(&message["sid"])?;
    let inbound = Inbound {
        from: wire::sender(text_of(&message["from"]), &gateway_ref),
        to: PhoneNumber::of_sender(message["to"].as_str().unwrap_or_default()),
        body: MessageBody::new(with_decoded(text_of(&message["body"]).unwrap_or_default())),
        media: wire::count(text_of(&message["num_media"])),
        keyword_handled: None,
        part: None,
        gateway_ref,
    };
    let at = at(message);
    Some(Listed { inbound, at })
}

/// When a message came in; none when its date cannot be read, and then it is taken for new.
fn at(message: &Value) -> Option<At> {
    let date = message["date_sent"]
        .as_str()
        .or_else(|| message["date_created"].as_str())?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(At(date.timestamp().as_millisecond()))
}

fn get(twilio: &Twilio, url: String) -> ApiRequest {
    ApiRequest {
        method: Method::GET,
        url,
        headers: twilio.headers(None),
        body: Vec::new(),
    }
}
