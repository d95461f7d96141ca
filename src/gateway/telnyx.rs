//! Telnyx Messaging, API version 2.
//!
//! Source of every field and code: <https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks>,
//! <https://developers.telnyx.com/api/errors>, and telnyx-python `lib/webhook_verification.py` for
//! signatures. Floor 2.
//!
//! What came in is listed without its words, and each text is then fetched: see `lookup`.
//!
//! A hook is signed over `timestamp|body`: `Telnyx-Signature-Ed25519` (base64) and
//! `Telnyx-Timestamp` (Unix seconds). It must be answered within 2 seconds:
//!
//! ```text
//! {"data":{"event_type":"message.received","id":"b301ed3f-…","payload":{"id":"84cca175-…",
//!    "direction":"inbound","from":{"phone_number":"+15005550006"},
//!    "to":[{"phone_number":"+15005550001"}],"text":"I feel alone","media":[]}},"meta":{"attempt":1}}
//! ```
//!
//! A receipt (`message.sent`, `message.finalized`), to the `webhook_url` of the text:
//!
//! ```text
//! {"data":{"event_type":"message.finalized","payload":{"id":"40385f64-…","direction":"outbound",
//!    "to":[{"phone_number":"+15005550006","status":"delivery_failed"}],"errors":[{"code":"40008"}]}}}
//! ```

mod checks;
mod lookup;

use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{Check, Ours, Reading};
use super::wire::{self, Class, JSON, made_up_ref, text_of};
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Fetched, Gateway, HookReply, Inbound,
    InlineReply, Listing, Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::clock::At;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

const SIGNATURE_HEADER: &str = "telnyx-signature-ed25519";
const TIME_HEADER: &str = "telnyx-timestamp";

/// Telnyx' public key, with which hooks are verified.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicKey(Box<VerifyingKey>);

/// Why a public key was refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "public_key is not an Ed25519 key in base64: copy it from Keys & Credentials, Public Key, in the Telnyx portal"
)]
pub struct NotAKey;

impl TryFrom<String> for PublicKey {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        Self::parse(&text)
    }
}

impl PublicKey {
    /// Reads the key as the Telnyx portal shows it.
    ///
    /// # Errors
    /// [`NotAKey`] unless it is 32 bytes in base64 that are a point of the curve, and not one of the
    /// few weak ones under which anything verifies.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| NotAKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| NotAKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| NotAKey)?;
        if key.is_weak() {
            return Err(NotAKey);
        }
        Ok(Self(Box::new(key)))
    }
}

/// How one Telnyx number is reached. No `Debug`: it holds a secret.
pub struct TelnyxConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// What authorizes sends.
    pub api_key: SecretString,
    /// What hooks are verified with; hooks signed for any of them are taken, so that it can be changed.
    pub public_keys: Vec<PublicKey>,
    /// The number or short code that texts come from.
    pub sender: String,
    /// The API's root, `https://api.telnyx.com` outside tests.
    pub api_url: String,
}

/// The Telnyx gateway.
pub struct Telnyx {
    config: TelnyxConfig,
}

impl Telnyx {
    /// A gateway for this account and number.
    #[must_use]
    pub fn new(mut config: TelnyxConfig) -> Self {
        config
            .api_url
            .truncate(config.api_url.trim_end_matches('/').len());
        Self { config }
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.config.api_key.expose_secret())
    }
}

impl Gateway for Telnyx {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn caps(&self) -> Caps {
        Caps {
            inline_reply: false,
            idempotent_send: true,
            // Ten segments of UCS-2 at the least.
            max_chars: 670,
            hook_deadline: Duration::from_secs(2),
            repeats_hooks: true,
            blocks_opted_out: true,
        }
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        let (signature, time, signed_at) =
            wire::signed_at(request.headers, SIGNATURE_HEADER, TIME_HEADER)?;
        let signature: [u8; 64] = STANDARD
            .decode(signature)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(VerifyError::Malformed)?;
        let message = [time, b"|", request.body].concat();
        let signature = Signature::from_bytes(&signature);
        let holds = |PublicKey(key): &PublicKey| key.verify(&message, &signature).is_ok();
        if !self.config.public_keys.iter().any(holds) {
            return Err(VerifyError::Mismatch);
        }
        // Only after that: an old time that nobody signed is a wrong signature.
        wire::fresh(signed_at, request.now)?;
        Ok(Verified(()))
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let Some(hook) = wire::hook_json(request.body) else {
            return vec![Event::Unreadable("not JSON")];
        };
        let payload = &hook["data"]["payload"];
        vec![match hook["data"]["event_type"].as_str() {
            Some("message.received") => inbound(payload, request),
            Some("message.sent" | "message.finalized") => receipt(payload, request.url),
            _ => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, _: Option<InlineReply<'_>>) -> HookReply {
        HookReply::new(JSON, "{}")
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let mut headers = wire::headers(Some(JSON), Some(self.authorization()));
        wire::set(&mut headers, "idempotency-key", &message.key.to_string());
        let body = json!({
            "from": self.config.sender,
            "to": message.to.reveal(),
            "text": message.body.reveal(),
            "webhook_url": message.receipts_url,
            "use_profile_webhooks": false,
        });
        ApiRequest {
            method: Method::POST,
            url: format!("{}/v2/messages", self.config.api_url),
            headers,
            body: body.to_string().into_bytes(),
        }
    }

    fn read_send(&self, _: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, read_answer)
    }

    fn may_get_through(&self, code: &str) -> bool {
        Class::of_code(CODES, code) == Some(Class::Retry)
    }

    fn refuses_opted_out(&self) -> bool {
        true
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        lookup::one(self, gateway_ref)
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        match receipt(&wire::json_of(result)?["data"], "") {
            Event::Receipt(receipt) => Some(receipt),
            _ => None,
        }
    }

    fn build_list(&self, since: At, page: Option<&str>) -> Option<ApiRequest> {
        lookup::list(self, since, page)
    }

    fn read_list(&self, since: At, result: ApiResult<'_>) -> Option<Listing> {
        lookup::listed(self, since, &wire::json_of(result)?)
    }

    fn build_fetch(&self, gateway_ref: &str) -> Option<ApiRequest> {
        lookup::one(self, gateway_ref)
    }

    fn read_fetch(&self, result: ApiResult<'_>) -> Fetched {
        lookup::fetched(result)
    }

    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        checks::build(self)
    }

    fn read_check(&self, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
        checks::read(self, check, ours, result)
    }
}

fn inbound(payload: &Value, request: &RawRequest<'_>) -> Event {
    if payload["direction"] == "outbound" {
        return Event::Ignored("a text of ours, called received");
    }
    let gateway_ref = text_of(&payload["id"]).unwrap_or_else(|| made_up_ref(request));
    Event::Inbound(text_in(payload, gateway_ref))
}

/// The text in a hook's payload, or in a message that was fetched: both have the same form.
fn text_in(payload: &Value, gateway_ref: String) -> Inbound {
    let from = sender_of(payload);
    let media = payload["media"].as_array().map_or(0, Vec::len);
    Inbound {
        from: wire::sender(from, &gateway_ref),
        to: PhoneNumber::of_sender(
            payload["to"][0]["phone_number"]
                .as_str()
                .unwrap_or_default(),
        ),
        body: MessageBody::new(wire::with_subject(
            text_of(&payload["subject"]),
            text_of(&payload["text"]),
        )),
        media: u16::try_from(media).unwrap_or(u16::MAX),
        keyword_handled: None,
        part: None,
        gateway_ref,
    }
}

/// Who sent a text. An example of one that was fetched has the number itself there (message detail
/// records in Telnyx' guide), all others an object with it.
fn sender_of(payload: &Value) -> Option<String> {
    let from = &payload["from"];
    text_of(&from["phone_number"]).or_else(|| text_of(from))
}

fn receipt(payload: &Value, url: &str) -> Event {
    let delivery = match payload["to"][0]["status"].as_str() {
        Some("queued" | "sending") => Delivery::Accepted,
        // The carrier has it and will not say more.
        Some("sent" | "delivery_unconfirmed") => Delivery::Sent,
        Some("delivered" | "webhook_delivered") => Delivery::Delivered,
        Some("sending_failed" | "delivery_failed" | "expired") => Delivery::Failed,
        _ => return Event::Ignored("a receipt with a status that we do not know"),
    };
    let Some(gateway_ref) = text_of(&payload["id"]) else {
        return Event::Ignored("a receipt without a message id");
    };
    let code = text_of(&payload["errors"][0]["code"]);
    Event::Receipt(Receipt {
        gateway_ref,
        outbox_id: wire::outbox_id(&wire::query(url)),
        delivery,
        opted_out: code.as_deref().is_some_and(is_opt_out),
        code,
    })
}

/// Telnyx' error codes, from <https://developers.telnyx.com/docs/overview/errors>. A code that is not
/// here is judged by the HTTP status.
#[rustfmt::skip]
const CODES: &[(Class, &[u32])] = &[
    // too many requests; carrier's spam guard, carrier down, rates, queue full
    (Class::Retry, &[10011, 40002, 40004, 40006, 40011, 40018, 40318]),
    // bad or unroutable number, no longer in use, undeliverable, no mobile
    (Class::Permanent, &[10002, 10016, 40001, 40003, 40008, 40310]),
    // the person replied STOP
    (Class::OptedOut, &[40300]),
    // credentials, permission, account; sender not ours or not on the profile; 10DLC, toll-free
    (Class::Misconfigured, &[10004, 10007, 10009, 10010, 20012, 40010, 40305, 40312, 40313, 40329, 40330]),
];

fn is_opt_out(code: &str) -> bool {
    Class::of_code(CODES, code) == Some(Class::OptedOut)
}

fn read_answer(status: u16, after_s: Option<u64>, body: &[u8]) -> SendOutcome {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    if (200..300).contains(&status) {
        return wire::accepted(json["data"]["id"].as_str());
    }
    let code = text_of(&json["errors"][0]["code"]);
    let class = match status {
        // A try before this one, with the same key, is still under way: asked later, it says how that went.
        409 => Class::Retry,
        _ => code
            .as_deref()
            .and_then(|code| Class::of_code(CODES, code))
            .unwrap_or(Class::of_status(status)),
    };
    class.outcome(after_s, code.unwrap_or_else(|| format!("http-{status}")))
}

#[cfg(test)]
mod tests;
