//! Vonage, through its SMS API (formerly Nexmo).
//!
//! Source of every field and code: <https://developer.vonage.com/en/messaging/sms/guides/inbound-sms>,
//! <https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts>,
//! <https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms>. Binary texts are passed
//! over. Floor 2.
//!
//! A text that comes in is a `GET` with a query, a `POST` with a form or a `POST` with JSON, as the
//! account says; one field a line here. Long texts come in pieces, which intake puts together. What is
//! not answered with 2xx comes again for 24 hours:
//!
//! ```text
//! msisdn=15005550006   to=15005550001   messageId=0C000000217B7F02   type=text   keyword=I
//! text=I feel alone    message-timestamp=2026-01-01 00:00:00         api-key=abcd1234
//! concat=true   concat-ref=108   concat-total=3   concat-part=1      only of a piece
//! timestamp=1767225600   nonce=aaaaaaaa-…   sig=83d919bb…            only when signing is on
//! ```
//!
//! A receipt: `messageId=…  status=failed  err-code=9  msisdn=15005550006  client-ref=<outbox id>`.
//!
//! Every send is answered with 200: `{"message-count":"1","messages":[{"status":"0","message-id":"…"}]}`.
//!
//! How far a text has come is asked of the Reports API, where the operator says so: it is charged for.

mod checks;
mod reports;
mod signature;

pub use signature::Method as SignatureMethod;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::check::{Check, Ours, Reading};
use super::form::Form;
use super::wire::{self, Class, FORM, made_up_ref, text_of, with_plus, without_plus};
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Gateway, HookReply, Inbound, InlineReply,
    Outgoing, Part, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::phone::PhoneNumber;
use crate::segment::{Encoding, segments};
use crate::text::MessageBody;

/// How one Vonage number is reached. No `Debug`: it holds secrets.
pub struct VonageConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// The account.
    pub api_key: String,
    /// What authorizes sends.
    pub api_secret: SecretString,
    /// What hooks are signed with; hooks signed with any of them are taken, so that a secret can be
    /// rotated. Empty ones are passed over: anyone could sign with them.
    pub signature_secrets: Vec<SecretString>,
    /// How hooks are signed, as the account says.
    pub signature_method: SignatureMethod,
    /// The number or short code that texts come from.
    pub sender: String,
    /// Whether the Reports API is asked for receipts that do not come.
    pub reports: bool,
    /// The API's root, `https://rest.nexmo.com` outside tests.
    pub api_url: String,
}

/// The Vonage gateway.
pub struct Vonage {
    config: VonageConfig,
}

impl Vonage {
    /// A gateway for this account and number.
    #[must_use]
    pub fn new(mut config: VonageConfig) -> Self {
        config
            .signature_secrets
            .retain(|secret| !secret.expose_secret().is_empty());
        config
            .api_url
            .truncate(config.api_url.trim_end_matches('/').len());
        Self { config }
    }

    /// A question to one of Vonage's other APIs, which take key and secret as a login.
    fn get(&self, url: String) -> ApiRequest {
        let VonageConfig {
            api_key,
            api_secret,
            ..
        } = &self.config;
        let login = wire::basic(api_key, api_secret.expose_secret());
        super::check::get(url, wire::headers(None, Some(login)))
    }
}

/// The fields of a hook, whichever way they came.
struct Fields(Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    fn of(request: &RawRequest<'_>) -> Self {
        if request.method == Method::GET {
            return Self(wire::query(request.url).fields().to_vec());
        }
        match wire::hook_json(request.body) {
            Some(Value::Object(fields)) => {
                let bytes = |value: &Value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let pair = |(name, value): (&String, &Value)| {
                    (name.clone().into_bytes(), bytes(value).into_bytes())
                };
                Self(fields.iter().map(pair).collect())
            }
            _ => Self(Form::parse(request.body).fields().to_vec()),
        }
    }

    fn filled(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name.as_bytes())?;
        Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty())
    }
}

impl Gateway for Vonage {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn caps(&self) -> Caps {
        Caps {
            inline_reply: false,
            idempotent_send: false,
            max_chars: 1600,
            // Vonage names no time; this is what the others give at the least.
            hook_deadline: Duration::from_secs(5),
            repeats_hooks: true,
            blocks_opted_out: true,
        }
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        let VonageConfig {
            signature_secrets,
            signature_method,
            ..
        } = &self.config;
        let fields = Fields::of(request);
        signature::verify(&fields.0, signature_secrets, *signature_method, request.now)
            .map(Verified)
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let fields = Fields::of(request);
        vec![match fields.filled("status") {
            Some(status) => receipt(&fields, &status),
            None if fields.filled("type").as_deref() == Some("binary") => {
                Event::Ignored("a binary text, which no person wrote")
            }
            None if fields.filled("msisdn").is_some() || fields.filled("text").is_some() => {
                inbound(&fields, request)
            }
            None => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, _: Option<InlineReply<'_>>) -> HookReply {
        HookReply::new("text/plain", "")
    }

    /// Vonage may call without a signature after an error of its own; told 503, it tries again with one.
    fn refuse(&self, why: VerifyError) -> StatusCode {
        match why {
            VerifyError::Missing => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let config = &self.config;
        let encoding = segments(message.body.reveal()).encoding;
        let kind = if encoding == Encoding::Gsm7 {
            "text"
        } else {
            "unicode"
        };
        // In milliseconds, from 20 seconds to 7 days.
        let ttl = message.validity.as_millis().clamp(20_000, 604_800_000);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("api_key", &config.api_key)
            .append_pair("api_secret", config.api_secret.expose_secret())
            .append_pair("from", config.sender.trim_start_matches('+'))
            .append_pair("to", without_plus(message.to))
            .append_pair("text", message.body.reveal())
            .append_pair("type", kind)
            .append_pair("ttl", &ttl.to_string())
            .append_pair("status-report-req", "1")
            .append_pair("client-ref", &message.outbox_id.to_string())
            .append_pair("callback", message.receipts_url)
            .finish();
        ApiRequest {
            method: Method::POST,
            url: format!("{}/sms/json", config.api_url),
            headers: wire::headers(Some(FORM), None),
            body: body.into_bytes(),
        }
    }

    fn read_send(&self, _: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, read_answer)
    }

    /// The `err-code` of a receipt: absent for now, busy, network error.
    fn may_get_through(&self, code: &str) -> bool {
        matches!(code, "2" | "7" | "8")
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        reports::one(self, gateway_ref)
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        reports::read(&wire::json_of(result)?)
    }

    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        checks::build(self)
    }

    fn read_check(&self, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
        checks::read(self, check, ours, result)
    }
}

/// The carrier has it, and perhaps keeps it until the phone is on: `accepted`, `buffered`.
fn delivery(status: &str) -> Option<Delivery> {
    Some(match status {
        "accepted" | "buffered" => Delivery::Sent,
        "delivered" => Delivery::Delivered,
        "expired" | "failed" | "rejected" => Delivery::Failed,
        _ => return None,
    })
}

/// 9 is an illegal number, and since Opt-Out Assist also one that has replied STOP.
fn is_opt_out(delivery: Delivery, code: Option<&str>) -> bool {
    delivery == Delivery::Failed && code == Some("9")
}

fn receipt(fields: &Fields, status: &str) -> Event {
    let Some(delivery) = delivery(status) else {
        return Event::Ignored("a receipt with a status that we do not know");
    };
    let Some(gateway_ref) = fields.filled("messageId") else {
        return Event::Ignored("a receipt without a message id");
    };
    let code = fields.filled("err-code").filter(|code| code != "0");
    let reference = fields.filled("client-ref");
    Event::Receipt(Receipt {
        gateway_ref,
        outbox_id: reference.and_then(|id| Uuid::try_parse(&id).ok()),
        delivery,
        opted_out: is_opt_out(delivery, code.as_deref()),
        code,
    })
}

fn inbound(fields: &Fields, request: &RawRequest<'_>) -> Event {
    let gateway_ref = fields
        .filled("messageId")
        .unwrap_or_else(|| made_up_ref(request));
    let number = |name| fields.filled(name).map(with_plus);
    Event::Inbound(Inbound {
        from: wire::sender(number("msisdn"), &gateway_ref),
        to: PhoneNumber::of_sender(&number("to").unwrap_or_default()),
        body: MessageBody::new(fields.filled("text").unwrap_or_default()),
        media: 0,
        keyword_handled: None,
        part: part(fields),
        gateway_ref,
    })
}

/// Which piece it is; none when it is whole, or when what it says of itself cannot be.
fn part(fields: &Fields) -> Option<Part> {
    fields.filled("concat").filter(|concat| concat == "true")?;
    let count = |name| fields.filled(name)?.parse::<u8>().ok();
    let (number, total) = (count("concat-part")?, count("concat-total")?);
    (number >= 1 && number <= total && total > 1).then_some(Part {
        reference: fields.filled("concat-ref")?,
        number,
        total,
    })
}

/// The `status` of an answer, from <https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms>.
/// One that is not here is about the text.
#[rustfmt::skip]
const CODES: &[(Class, &[u32])] = &[
    // throttled, internal error, too many connections
    (Class::Retry, &[1, 5, 10]),
    // parameters missing or invalid, message invalid, number barred, too long, network, deactivated
    (Class::Permanent, &[2, 3, 6, 7, 12, 22, 33]),
    // credentials, account barred, no credit, no access, signature, sender, callback, not whitelisted
    (Class::Misconfigured, &[4, 8, 9, 11, 14, 15, 23, 29, 32]),
];

/// A long text has a status for each of its parts: the first that is not fine counts.
fn read_answer(status: u16, after_s: Option<u64>, body: &[u8]) -> SendOutcome {
    if !(200..300).contains(&status) {
        return Class::of_status(status).outcome(after_s, format!("http-{status}"));
    }
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts = json["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let codes: Vec<Option<String>> = parts.iter().map(|part| text_of(&part["status"])).collect();
    match codes.iter().find(|code| code.as_deref() != Some("0")) {
        Some(Some(code)) => Class::of_code(CODES, code)
            .unwrap_or(Class::Permanent)
            .outcome(after_s, code.clone()),
        Some(None) => SendOutcome::Ambiguous,
        None => wire::accepted(json["messages"][0]["message-id"].as_str()),
    }
}

#[cfg(test)]
mod tests;
