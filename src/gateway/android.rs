//! SMS Gateway for Android (sms-gate.app, `capcom6/android-sms-gateway`): a phone as the gateway.
//!
//! Source of every field: <https://docs.sms-gate.app/features/webhooks/>, the app's
//! `PayloadSigningPlugin.kt` and `SmsEventPayload.kt`, and the server's `api/requests.http`. Inbox
//! exports (`sms:batch:…`) and data messages are passed over. Floor 2.
//!
//! A hook is signed over `body + timestamp`: `X-Signature` (lowercase hex of HMAC-SHA256) and
//! `X-Timestamp` (Unix seconds). One that is not answered with 2xx comes again, 15 times at most:
//!
//! ```text
//! {"id":"Ey6ECgOkVVFjz3CL48B8C","webhookId":"…","deviceId":"…","event":"sms:received",
//!  "payload":{"messageId":"abc123","sender":"+15005550006","recipient":"+15005550001",
//!             "message":"I feel alone","simNumber":1,"receivedAt":"2026-01-01T00:00:00.000+00:00"}}
//! ```
//!
//! `messageId` of a text that came in is a 32-bit hash of its content: two texts with the same words
//! would be one. The id of the event tells them apart. Of a text of ours, `messageId` is the key that it was sent under:
//!
//! ```text
//! {"id":"…","event":"sms:failed","payload":{"messageId":"0190…","phoneNumber":"+15005550006","reason":"…"}}
//! ```

mod checks;

use std::time::Duration;

use axum::http::Method;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::check::{Check, Ours, Reading};
use super::wire::{self, Class, JSON, made_up_ref, text_of};
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Gateway, HookReply, Inbound, InlineReply,
    Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

const SIGNATURE_HEADER: &str = "x-signature";
const TIME_HEADER: &str = "x-timestamp";

/// How one phone is reached. No `Debug`: it holds secrets.
pub struct AndroidConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// The user of the app's API.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// What hooks are signed with; hooks signed with any of them are taken, so that a key can be
    /// rotated. Empty ones are passed over: anyone could sign with them.
    pub signing_keys: Vec<SecretString>,
    /// Which SIM card sends, from 1; without it the phone's own choice.
    pub sim: Option<u8>,
    /// Where texts are posted: `http://PHONE:8080/message`, or the server's `…/3rdparty/v1/messages`.
    pub messages_url: String,
}

/// The gateway of one phone.
pub struct Android {
    config: AndroidConfig,
}

impl Android {
    /// A gateway for this phone.
    #[must_use]
    pub fn new(mut config: AndroidConfig) -> Self {
        config
            .signing_keys
            .retain(|key| !key.expose_secret().is_empty());
        config
            .messages_url
            .truncate(config.messages_url.trim_end_matches('/').len());
        Self { config }
    }

    fn authorization(&self) -> String {
        let AndroidConfig {
            username, password, ..
        } = &self.config;
        wire::basic(username, password.expose_secret())
    }
}

impl Gateway for Android {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn caps(&self) -> Caps {
        Caps {
            inline_reply: false,
            idempotent_send: true,
            max_chars: 1600,
            // The time of its socket.
            hook_deadline: Duration::from_secs(5),
            repeats_hooks: true,
            // A phone sends to whomever it is told.
            blocks_opted_out: false,
        }
    }

    /// `mms:downloaded` has every part whole, in base64.
    fn brings_pictures(&self) -> bool {
        true
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        let (signature, time, signed_at) =
            wire::signed_at(request.headers, SIGNATURE_HEADER, TIME_HEADER)?;
        let signature = hex::decode(signature)
            .ok()
            .filter(|bytes| bytes.len() == 32)
            .ok_or(VerifyError::Malformed)?;
        let mut matches = subtle::Choice::from(0);
        for key in &self.config.signing_keys {
            matches |= sign(key, request.body, time).ct_eq(signature.as_slice());
        }
        if !bool::from(matches) {
            return Err(VerifyError::Mismatch);
        }
        wire::fresh(signed_at, request.now)?;
        Ok(Verified(()))
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let Some(hook) = wire::hook_json(request.body) else {
            return vec![Event::Unreadable("not JSON")];
        };
        let payload = &hook["payload"];
        vec![match hook["event"].as_str() {
            Some("sms:received") => inbound(&hook, 0, request),
            Some("mms:received" | "mms:downloaded") => inbound(&hook, 1, request),
            Some("sms:sent") => receipt(payload, Delivery::Sent),
            Some("sms:delivered") => receipt(payload, Delivery::Delivered),
            Some("sms:failed" | "sms:cancelled") => receipt(payload, Delivery::Failed),
            _ => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, _: Option<InlineReply<'_>>) -> HookReply {
        HookReply::new(JSON, "{}")
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let mut body = json!({
            "id": message.key,
            "textMessage": {"text": message.body.reveal()},
            "phoneNumbers": [message.to.reveal()],
            "withDeliveryReport": true,
            "ttl": message.validity.as_secs().max(5),
            // From 100 on, the app's own limits and delays do not hold a text back.
            "priority": match message.lane {
                Lane::Crisis => 127,
                Lane::Page => 100,
                Lane::Conversation => 10,
                Lane::Content => 0,
            },
        });
        if let Some(sim) = self.config.sim {
            body["simNumber"] = json!(sim);
        }
        ApiRequest {
            method: Method::POST,
            url: self.config.messages_url.clone(),
            headers: wire::headers(Some(JSON), Some(self.authorization())),
            body: body.to_string().into_bytes(),
        }
    }

    fn read_send(&self, key: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, |status, after_s, _| match status {
            // 409: it has a text with this id, so a try before this one arrived.
            200..300 | 409 => SendOutcome::Accepted {
                gateway_ref: key.to_string(),
            },
            _ => Class::of_status(status).outcome(after_s, format!("http-{status}")),
        })
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        wire::plain_id(gateway_ref).map(|id| ApiRequest {
            method: Method::GET,
            url: format!("{}/{id}", self.config.messages_url),
            headers: wire::headers(None, Some(self.authorization())),
            body: Vec::new(),
        })
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        let message = wire::json_of(result)?;
        let delivery = match message["state"].as_str()? {
            "Pending" | "Processed" => Delivery::Accepted,
            "Sent" => Delivery::Sent,
            "Delivered" => Delivery::Delivered,
            "Failed" | "Cancelled" => Delivery::Failed,
            _ => return None,
        };
        let id = text_of(&message["id"])?;
        Some(Receipt {
            outbox_id: Uuid::try_parse(&id).ok(),
            gateway_ref: id,
            delivery,
            code: (delivery == Delivery::Failed).then(|| "failed".to_owned()),
            opted_out: false,
        })
    }

    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        checks::build(self)
    }

    fn read_check(&self, _: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
        checks::read(ours, result)
    }
}

fn sign(key: &SecretString, body: &[u8], time: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, so the error arm cannot be reached.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
        return [0; 32];
    };
    mac.update(body);
    mac.update(time);
    mac.finalize().into_bytes().into()
}

/// `pictures`: how many came with it at the least.
fn inbound(hook: &Value, pictures: usize, request: &RawRequest<'_>) -> Event {
    let payload = &hook["payload"];
    let gateway_ref = text_of(&hook["id"]).unwrap_or_else(|| made_up_ref(request));
    // `phoneNumber` is what older versions of the app call the sender.
    let from = text_of(&payload["sender"]).or_else(|| text_of(&payload["phoneNumber"]));
    let words = text_of(&payload["message"]).or_else(|| text_of(&payload["body"]));
    let attached = payload["attachments"].as_array().map_or(0, Vec::len);
    Event::Inbound(Inbound {
        from: wire::sender(from, &gateway_ref),
        to: PhoneNumber::of_sender(payload["recipient"].as_str().unwrap_or_default()),
        body: MessageBody::new(wire::with_subject(text_of(&payload["subject"]), words)),
        media: u16::try_from(attached.max(pictures)).unwrap_or(u16::MAX),
        keyword_handled: None,
        part: None,
        gateway_ref,
    })
}

fn receipt(payload: &Value, delivery: Delivery) -> Event {
    let Some(id) = text_of(&payload["messageId"]) else {
        return Event::Ignored("a receipt without a message id");
    };
    Event::Receipt(Receipt {
        outbox_id: Uuid::try_parse(&id).ok(),
        gateway_ref: id,
        delivery,
        // Its `reason` is a sentence that may quote anything.
        code: (delivery == Delivery::Failed).then(|| "failed".to_owned()),
        opted_out: false,
    })
}

#[cfg(test)]
mod tests;
