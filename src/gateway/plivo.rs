//! Plivo Messaging.
//!
//! Source of every field and code: <https://www.plivo.com/docs/messaging/xml/request>,
//! <https://www.plivo.com/docs/messaging/concepts/message-status-callbacks>,
//! <https://support.plivo.com/hc/en-us/articles/14814454609561-Message-Expiry>, and plivo-python 4.63.0
//! `plivo/utils` for signatures. `Sequence` of a receipt is not read: our own ranks order them. Floor 2.
//!
//! A text that comes in (`POST` form, or `GET`; numbers have no plus):
//!
//! ```text
//! From=15005550006  To=15005550001  Type=sms  Text=I feel alone
//! MessageUUID=7a242edc-2f57-11e7-98c9-06ab0bf64327  Units=1  TotalRate=0  TotalAmount=0
//! Media0=https://…  MediaCount=1                      only with Type=mms
//! ```
//!
//! A receipt, to the `url` of the text:
//!
//! ```text
//! MessageUUID=…  ParentMessageUUID=…  PartInfo=1 of 1  Status=undelivered  ErrorCode=30  Sequence=2
//! ```

mod checks;
mod signature;

use std::time::Duration;

use axum::http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{Check, Ours, Reading};
use super::form::Form;
use super::wire::{self, Class, JSON, XML, escape_xml, made_up_ref, with_plus, without_plus};
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Gateway, HookReply, Inbound, InlineReply,
    Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// How one Plivo number is reached. No `Debug`: it holds secrets.
pub struct PlivoConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// The account or subaccount, `MA…` or `SA…`.
    pub auth_id: String,
    /// The auth tokens. The first is used to send; hooks signed with any of them are taken, so that a
    /// token can be rotated. Empty ones are passed over: anyone could sign with them.
    pub auth_tokens: Vec<SecretString>,
    /// Whether a hook with the older signature is taken, which covers neither query nor body.
    pub allow_v2: bool,
    /// The number or short code that texts come from.
    pub sender: String,
    /// The API's root, `https://api.plivo.com` outside tests.
    pub api_url: String,
}

/// The Plivo gateway.
pub struct Plivo {
    config: PlivoConfig,
}

impl Plivo {
    /// A gateway for this account and number.
    #[must_use]
    pub fn new(mut config: PlivoConfig) -> Self {
        config
            .auth_tokens
            .retain(|token| !token.expose_secret().is_empty());
        config
            .api_url
            .truncate(config.api_url.trim_end_matches('/').len());
        Self { config }
    }

    fn authorization(&self) -> String {
        let token = self.config.auth_tokens.first();
        let token = token.map_or("", |token| token.expose_secret());
        wire::basic(&self.config.auth_id, token)
    }

    fn messages_url(&self) -> String {
        let PlivoConfig {
            api_url, auth_id, ..
        } = &self.config;
        format!("{api_url}/v1/Account/{auth_id}/Message/")
    }
}

impl Gateway for Plivo {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn caps(&self) -> Caps {
        Caps {
            inline_reply: true,
            idempotent_send: false,
            max_chars: 1600,
            // Plivo's reference names no time; this is what its voice hooks have.
            hook_deadline: Duration::from_secs(5),
            // A page of its support says that it tries three times more. Relied upon in vain, that would be
            // silence: what can be kept nowhere is answered in the response.
            repeats_hooks: false,
            blocks_opted_out: true,
        }
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        let PlivoConfig {
            auth_tokens,
            allow_v2,
            ..
        } = &self.config;
        signature::verify(request, auth_tokens, *allow_v2).map(Verified)
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let (form, outbox_id) = wire::fields(request);
        vec![match form.filled("Status") {
            Some(status) => receipt(&form, outbox_id, &status),
            None if form.text("From").is_some() || form.text("Text").is_some() => {
                let allows = self.config.allow_v2;
                let of_v2 = allows.then(|| signature::ref_of_v2(request.headers));
                inbound(&form, request, of_v2.flatten())
            }
            None => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, inline: Option<InlineReply<'_>>) -> HookReply {
        let message = inline.map_or_else(String::new, |reply| {
            let receipts = reply.receipts_url.map_or_else(String::new, |url| {
                format!(
                    " callbackUrl=\"{}\" callbackMethod=\"POST\"",
                    escape_xml(url)
                )
            });
            format!(
                "<Message src=\"{}\" dst=\"{}\" type=\"sms\"{receipts}>{}</Message>",
                escape_xml(self.config.sender.trim_start_matches('+')),
                escape_xml(without_plus(reply.to)),
                escape_xml(reply.body.reveal()),
            )
        });
        HookReply::new("text/xml", format!("{XML}<Response>{message}</Response>"))
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let body = json!({
            "src": self.config.sender.trim_start_matches('+'),
            "dst": without_plus(message.to),
            "text": message.body.reveal(),
            "url": message.receipts_url,
            "method": "POST",
            "message_expiry": expiry_s(message.validity),
        });
        ApiRequest {
            method: Method::POST,
            url: self.messages_url(),
            headers: wire::headers(Some(JSON), Some(self.authorization())),
            body: body.to_string().into_bytes(),
        }
    }

    fn read_send(&self, _: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, read_answer)
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        wire::plain_id(gateway_ref).map(|id| ApiRequest {
            method: Method::GET,
            url: format!("{}{id}/", self.messages_url()),
            headers: wire::headers(None, Some(self.authorization())),
            body: Vec::new(),
        })
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        let message = wire::json_of(result)?;
        let code = wire::text_of(&message["error_code"]).filter(|code| code != "000");
        Some(Receipt {
            gateway_ref: wire::text_of(&message["message_uuid"])?,
            outbox_id: None,
            delivery: delivery(message["message_state"].as_str()?)?,
            opted_out: code.as_deref() == Some(OPTED_OUT),
            code,
        })
    }

    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        checks::build(self)
    }

    fn read_check(&self, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
        checks::read(self, check, ours, result)
    }
}

/// How long Plivo may hold a text before it fails it (error 420): from 5 seconds to just below its
/// default of three hours, which would hide a stuck queue.
fn expiry_s(validity: Duration) -> u64 {
    validity.as_secs().clamp(5, 10_799)
}

/// The error code of a text to a person who replied STOP
/// (<https://www.plivo.com/docs/messaging/troubleshooting/error-codes>).
const OPTED_OUT: &str = "200";

fn delivery(status: &str) -> Option<Delivery> {
    Some(match status {
        "queued" => Delivery::Accepted,
        "sent" => Delivery::Sent,
        "delivered" | "read" => Delivery::Delivered,
        "undelivered" | "failed" | "rejected" => Delivery::Failed,
        _ => return None,
    })
}

fn receipt(form: &Form, outbox_id: Option<Uuid>, status: &str) -> Event {
    let Some(delivery) = delivery(status) else {
        return Event::Ignored("a receipt with a status that we do not know");
    };
    // Each part of a long text has an id of its own: what the send was answered with is the parent's.
    let id = form
        .filled("ParentMessageUUID")
        .or_else(|| form.filled("MessageUUID"));
    let Some(gateway_ref) = id else {
        return Event::Ignored("a receipt without a message id");
    };
    let code = form
        .filled("ErrorCode")
        .filter(|code| !matches!(code.as_str(), "0" | "000"));
    Event::Receipt(Receipt {
        gateway_ref,
        outbox_id,
        delivery,
        opted_out: code.as_deref() == Some(OPTED_OUT),
        code,
    })
}

/// `of_v2`: what it is known by if its signature covers no message id.
fn inbound(form: &Form, request: &RawRequest<'_>, of_v2: Option<String>) -> Event {
    let gateway_ref = of_v2
        .or_else(|| form.filled("MessageUUID"))
        .unwrap_or_else(|| made_up_ref(request));
    let named = |name| form.filled(name).map(with_plus);
    let media = match form.filled("MediaCount") {
        Some(count) => wire::count(Some(count)),
        None => u16::from(form.filled("Media0").is_some()),
    };
    Event::Inbound(Inbound {
        from: wire::sender(named("From"), &gateway_ref),
        to: PhoneNumber::of_sender(&named("To").unwrap_or_default()),
        body: MessageBody::new(form.text("Text").unwrap_or_default()),
        media,
        keyword_handled: None,
        part: None,
        gateway_ref,
    })
}

fn read_answer(status: u16, after_s: Option<u64>, body: &[u8]) -> SendOutcome {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    if (200..300).contains(&status) {
        return wire::accepted(json["message_uuid"][0].as_str());
    }
    Class::of_status(status).outcome(after_s, format!("http-{status}"))
}

#[cfg(test)]
mod tests;
