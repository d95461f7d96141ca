//! Twilio Programmable Messaging.
//!
//! Source of every field and code: <https://www.twilio.com/docs/messaging/guides/webhook-request>,
//! <https://www.twilio.com/docs/messaging/api/message-resource>, <https://www.twilio.com/docs/api/errors>.
//! It does not fetch pictures, and it does not look up a message whose sending ended in doubt:
//! Twilio has no idempotency key for messages, so that choice is the lane's. Floor 2.
//!
//! A text that comes in (`POST`, `application/x-www-form-urlencoded`; here one field a line):
//!
//! ```text
//! MessageSid=SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa      the same in SmsSid and SmsMessageSid
//! AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
//! From=+15005550006   To=+15005550001                 a short code has no plus
//! Body=I feel alone   NumMedia=0   NumSegments=1
//! SmsStatus=received  ApiVersion=2010-04-01           FromCity, FromState, … and more without notice
//! OptOutType=STOP                                     only when Twilio has already answered
//! ```
//!
//! A receipt, to the `StatusCallback` of the text (`…/status?ref=<outbox id>`):
//!
//! ```text
//! MessageSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb   MessageStatus=undelivered   ErrorCode=30003
//! To=+15005550006   From=+15005550001   AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
//! ```

mod signature;

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::form::Form;
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Gateway, HookReply, Inbound, InlineReply,
    KeywordHandled, Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// How one Twilio number or messaging service is reached. No `Debug`: it holds secrets.
pub struct TwilioConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// The account, `AC` and 32 hex digits.
    pub account_sid: String,
    /// The auth tokens. The first is used to send; hooks signed with any of them are taken, so
    /// that a token can be rotated. Empty ones are passed over: anyone could sign with them.
    pub auth_tokens: Vec<SecretString>,
    /// What texts come from: a number in E.164, a short code, or a messaging service (`MG…`).
    pub sender: String,
    /// The API's root, `https://api.twilio.com` outside tests.
    pub api_url: String,
}

/// The Twilio gateway.
pub struct Twilio {
    config: TwilioConfig,
}

impl Twilio {
    /// A gateway for this account and sender.
    #[must_use]
    pub fn new(mut config: TwilioConfig) -> Self {
        config
            .auth_tokens
            .retain(|token| !token.expose_secret().is_empty());
        config
            .api_url
            .truncate(config.api_url.trim_end_matches('/').len());
        Self { config }
    }
}

impl Gateway for Twilio {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn caps(&self) -> Caps {
        Caps {
            inline_reply: true,
            idempotent_send: false,
            max_chars: 1600,
            hook_deadline: Duration::from_secs(15),
            repeats_hooks: false,
            blocks_opted_out: true,
        }
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        signature::verify(request, &self.config.auth_tokens).map(Verified)
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let query = Form::parse(
            request
                .url
                .split_once('?')
                .map_or("", |(_, q)| q)
                .as_bytes(),
        );
        let outbox_id = query.text("ref").and_then(|id| Uuid::try_parse(&id).ok());
        // Only what the signature covers is read: of a GET, the query; of a POST, the body.
        let form = if request.method == Method::GET {
            query
        } else {
            Form::parse(request.body)
        };
        vec![match outgoing_status(&form, outbox_id) {
            Some(status) => receipt(&form, outbox_id, &status),
            None if form.text("From").is_some() || form.text("Body").is_some() => {
                inbound(&form, request)
            }
            None => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, inline: Option<InlineReply<'_>>) -> HookReply {
        HookReply {
            content_type: "text/xml",
            body: match inline {
                None => format!("{XML}<Response/>"),
                // Twilio's libraries call `action` the address of the receipts and `statusCallback`
                // deprecated, its TwiML reference still describes both, and people report that
                // only one works (twilio-csharp issue 613). A receipt that comes twice does no
                // harm, one that never comes sends the text again: so both.
                Some(reply) => {
                    let receipts = reply.receipts_url.map_or_else(String::new, |url| {
                        let url = escape_xml(url);
                        format!(" action=\"{url}\" statusCallback=\"{url}\"")
                    });
                    let body = escape_xml(reply.body.reveal());
                    format!("{XML}<Response><Message{receipts}>{body}</Message></Response>")
                }
            },
        }
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let config = &self.config;
        let sender_field = if config.sender.starts_with("MG") {
            "MessagingServiceSid"
        } else {
            "From"
        };
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", message.to.reveal())
            .append_pair(sender_field, &config.sender)
            .append_pair("Body", message.body.reveal())
            .append_pair("StatusCallback", message.receipts_url)
            .append_pair("ValidityPeriod", validity_s(message.lane))
            .finish();
        ApiRequest {
            method: Method::POST,
            url: format!(
                "{}/2010-04-01/Accounts/{}/Messages.json",
                config.api_url, config.account_sid
            ),
            headers: send_headers(config),
            body: body.into_bytes(),
        }
    }

    fn read_send(&self, result: ApiResult<'_>) -> SendOutcome {
        match result {
            ApiResult::NotConnected => SendOutcome::Retry {
                after_s: None,
                code: "not-connected".to_owned(),
            },
            ApiResult::Unanswered => SendOutcome::Ambiguous,
            ApiResult::Answered {
                status,
                retry_after_s,
                body,
            } => read_answer(status, retry_after_s, body),
        }
    }
}

/// The status of a text of ours, if the hook is about one.
///
/// An inbound text carries `SmsStatus=received` and may carry `MessageStatus` with it, so these
/// words never make a receipt. The `ref` in the query is ours alone, and the URL is signed.
fn outgoing_status(form: &Form, outbox_id: Option<Uuid>) -> Option<String> {
    let status = form.filled("MessageStatus");
    let legacy = || {
        form.filled("SmsStatus")
            .filter(|_| form.text("Body").is_none())
    };
    if outbox_id.is_some() {
        return Some(
            status
                .or_else(|| form.filled("SmsStatus"))
                .unwrap_or_default(),
        );
    }
    status
        .or_else(legacy)
        .filter(|status| !matches!(status.as_str(), "receiving" | "received"))
}

fn receipt(form: &Form, outbox_id: Option<Uuid>, status: &str) -> Event {
    // `message_enum_status` of Twilio's OpenAPI description, without the two of inbound texts.
    let delivery = match status {
        "accepted" | "scheduled" | "queued" | "sending" => Delivery::Accepted,
        // Some of a group has it: further than the carrier, but not all the way.
        "sent" | "partially_delivered" => Delivery::Sent,
        "delivered" | "read" => Delivery::Delivered,
        "undelivered" | "failed" | "canceled" => Delivery::Failed,
        _ => return Event::Ignored("a receipt with a status that we do not know"),
    };
    let Some(gateway_ref) = message_sid(form) else {
        return Event::Ignored("a receipt without a message id");
    };
    let code = form.filled("ErrorCode").filter(|code| code != "0");
    Event::Receipt(Receipt {
        gateway_ref,
        outbox_id,
        delivery,
        opted_out: code.as_deref().is_some_and(is_opt_out),
        code,
    })
}

fn inbound(form: &Form, request: &RawRequest<'_>) -> Event {
    let gateway_ref = message_sid(form).unwrap_or_else(|| made_up_ref(request));
    let from = form
        .filled("From")
        // No one to answer, but a text to read. Each such text is its own texter, because the
        // words of two people must never meet in one conversation.
        .unwrap_or_else(|| format!("unknown:{gateway_ref}"));
    Event::Inbound(Inbound {
        part: None,
        from: PhoneNumber::of_sender(&from),
        to: PhoneNumber::of_sender(&form.text("To").unwrap_or_default()),
        body: MessageBody::new(form.text("Body").unwrap_or_default()),
        media: form
            .text("NumMedia")
            .and_then(|count| count.trim().parse::<u64>().ok())
            .map_or(0, |count| u16::try_from(count).unwrap_or(u16::MAX)),
        keyword_handled: match form.text("OptOutType").as_deref() {
            Some("STOP") => Some(KeywordHandled::OptOut),
            Some("START") => Some(KeywordHandled::OptIn),
            Some("HELP") => Some(KeywordHandled::Help),
            _ => None,
        },
        gateway_ref,
    })
}

fn message_sid(form: &Form) -> Option<String> {
    ["MessageSid", "SmsMessageSid", "SmsSid"]
        .iter()
        .find_map(|name| form.filled(name))
}

/// An id for a text that came without one. It differs from every other: handling a text twice is
/// better than taking a second one with the same words for a repetition.
fn made_up_ref(request: &RawRequest<'_>) -> String {
    let digest = Sha256::new()
        .chain_update(request.now.0.to_be_bytes())
        .chain_update(request.url)
        .chain_update(request.body)
        .finalize();
    format!("made-up-{}", hex::encode(&digest[..16]))
}

/// How long Twilio may hold a text in its queue before it fails it (error 30036), in seconds. The
/// default, ten hours, would hide a stuck queue.
const fn validity_s(lane: Lane) -> &'static str {
    match lane {
        // A page that waits five minutes has been overtaken by the next rung.
        Lane::Page => "300",
        // Long enough for a busy carrier; then we must know, so that a human can be told.
        Lane::Crisis => "600",
        // An answer that comes an hour later confuses more than it helps.
        Lane::Conversation | Lane::Content => "3600",
    }
}

fn send_headers(config: &TwilioConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    let token = config.auth_tokens.first().map_or("", |t| t.expose_secret());
    let credentials = STANDARD.encode(format!("{}:{token}", config.account_sid));
    // Base64 is always a valid header value; without it Twilio would answer 401.
    if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {credentials}")) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// What an error code means for the text that it came with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Retry,
    Permanent,
    OptedOut,
    Misconfigured,
}

/// Twilio's error codes, from <https://www.twilio.com/docs/api/errors>. A code that is not here is
/// judged by the HTTP status.
#[rustfmt::skip]
const CODES: &[(Class, &[u32])] = &[
    // too many requests, internal error, service unavailable, sender's queue full
    (Class::Retry, &[20429, 20500, 20503, 21611]),
    // queue overflow, unknown, carrier congested, 10DLC rate, provider timeout, channel rate
    (Class::Retry, &[30001, 30008, 30017, 30022, 30410, 63018]),
    // not a number, region switched off, unreachable, not a mobile
    (Class::Permanent, &[21211, 21214, 21217, 21408, 21612, 21614]),
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
    // suspended, daily caps, not provisioned, toll-free unverified, 10DLC unregistered
    (Class::Misconfigured, &[30002, 30023, 30024, 30027, 30032, 30034]),
];

fn class_of(code: u64) -> Option<Class> {
    CODES
        .iter()
        .find(|(_, codes)| codes.iter().any(|&known| u64::from(known) == code))
        .map(|&(class, _)| class)
}

fn is_opt_out(code: &str) -> bool {
    code.parse().ok().and_then(class_of) == Some(Class::OptedOut)
}

fn read_answer(status: u16, after_s: Option<u64>, body: &[u8]) -> SendOutcome {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    if (200..300).contains(&status) {
        return match json["sid"].as_str() {
            Some(sid) if !sid.is_empty() => SendOutcome::Accepted {
                gateway_ref: sid.to_owned(),
            },
            // It said yes, and we cannot tell to what.
            _ => SendOutcome::Ambiguous,
        };
    }
    let code = json["code"].as_u64();
    let class = code.and_then(class_of).unwrap_or(match status {
        408 | 425 | 429 | 500.. => Class::Retry,
        // Another address than Twilio's API, or an account that may not use it.
        300..=399 | 401 | 403..=405 => Class::Misconfigured,
        _ => Class::Permanent,
    });
    let code = code.map_or_else(|| format!("http-{status}"), |code| code.to_string());
    match class {
        Class::Retry => SendOutcome::Retry { after_s, code },
        Class::Permanent => SendOutcome::Permanent { code },
        Class::OptedOut => SendOutcome::OptedOut { code },
        Class::Misconfigured => SendOutcome::Misconfigured { code },
    }
}

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// Text as XML 1.0 (fifth edition, section 2.2) can hold it, in an element or an attribute. What
/// no document may contain is left out: one such character would lose the whole reply.
fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A parser would turn a bare one into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => escaped.push(c),
            _ => {}
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
