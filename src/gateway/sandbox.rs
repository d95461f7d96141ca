//! The built-in gateway: a provider inside the program, for the phone simulator, `harborline chat`
//! and drills.
//!
//! It speaks JSON and reaches no phone. It deliberately has one secret and no rotation, because
//! both ends are this program. Floor 2.
//!
//! Hooks carry `X-Harborline-Signature: hex(HMAC-SHA256(secret, url + "\n" + body))`:
//!
//! ```text
//! {"id":"sim-1","from":"+15005550006","to":"+15005550001","body":"I feel alone","media":0}
//! {"id":"sim-2","outbox_id":"0190…","status":"sent|delivered|failed|opted_out"}
//! ```
//!
//! The response to a hook is `{"reply":null|"text","receipts_url":null|"…"}`. A send is
//! `POST {api_url}/simulator/provider/messages` with `{"id","to","from","body","receipts_url"}`,
//! answered by 201 `{"id":"…"}`, or by an error status with `{"code":"…"}`. How far a text has come is
//! asked with `GET {api_url}/simulator/provider/messages/{id}`, answered by 200 and a receipt as above. A
//! list is `GET {api_url}/simulator/provider/messages?since=MS`, answered by `{"messages":[…]}`: hooks of
//! texts, each with its time `at` in Unix milliseconds.

use std::time::Duration;

use axum::http::Method;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::wire::{self, JSON};
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Gateway, HookReply, Inbound, InlineReply, Listed,
    Listing, Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::clock::At;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// The header with the signature of a hook.
pub const SIGNATURE_HEADER: &str = "x-harborline-signature";

/// The path of the simulator that takes texts, below [`SandboxConfig::api_url`].
pub const MESSAGES_PATH: &str = "/simulator/provider/messages";
/// The path of one of them.
pub const MESSAGE_PATH: &str = "/simulator/provider/messages/{id}";

/// How the simulator is reached. No `Debug`: it holds a secret.
pub struct SandboxConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// What signs hooks and sends. An empty one is never accepted.
    pub secret: SecretString,
    /// What texts come from, as the simulator shows it.
    pub sender: String,
    /// The root of this program's own address.
    pub api_url: String,
}

/// What a gateway can do that can do the most.
pub(super) const CAPS: Caps = Caps {
    inline_reply: true,
    idempotent_send: true,
    max_chars: 1600,
    hook_deadline: Duration::from_secs(15),
    repeats_hooks: false,
    blocks_opted_out: false,
};

/// The sandbox gateway.
pub struct Sandbox {
    config: SandboxConfig,
}

impl Sandbox {
    /// A gateway to the simulator.
    #[must_use]
    pub fn new(mut config: SandboxConfig) -> Self {
        config
            .api_url
            .truncate(config.api_url.trim_end_matches('/').len());
        Self { config }
    }
}

/// The signature of a hook, in lowercase hex, for [`SIGNATURE_HEADER`].
#[must_use]
pub fn sign(secret: &SecretString, url: &str, body: &[u8]) -> String {
    hex::encode(mac(secret, url, body))
}

/// The `Authorization` of a send: `Bearer` and the secret's bytes in hex.
#[must_use]
pub fn authorization(secret: &SecretString) -> String {
    format!("Bearer {}", hex::encode(secret.expose_secret()))
}

fn mac(secret: &SecretString, url: &str, body: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, so the error arm cannot be reached.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return [0; 32];
    };
    mac.update(url.as_bytes());
    mac.update(b"\n");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

impl Gateway for Sandbox {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn caps(&self) -> Caps {
        CAPS
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        let header = request
            .headers
            .get(SIGNATURE_HEADER)
            .ok_or(VerifyError::Missing)?;
        let signature = hex::decode(header.as_bytes())
            .ok()
            .filter(|bytes| bytes.len() == 32)
            .ok_or(VerifyError::Malformed)?;
        let expected = mac(&self.config.secret, request.url, request.body);
        // Anyone could sign with an empty secret.
        if self.config.secret.expose_secret().is_empty()
            || !bool::from(expected.as_slice().ct_eq(&signature))
        {
            return Err(VerifyError::Mismatch);
        }
        Ok(Verified(()))
    }

    fn build_hook(&self, url: &str, text: &Inbound) -> Option<ApiRequest> {
        let hook = json!({
            "id": text.gateway_ref, "from": text.from.reveal(), "to": self.config.sender,
            "body": text.body.reveal(), "media": text.media,
        });
        let body = hook.to_string().into_bytes();
        let mut headers = wire::headers(Some(JSON), None);
        let signature = sign(&self.config.secret, url, &body);
        headers.insert(SIGNATURE_HEADER, signature.parse().ok()?);
        Some(ApiRequest {
            method: Method::POST,
            url: url.to_owned(),
            headers,
            body,
        })
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let Some(hook) = wire::hook_json(request.body) else {
            return vec![Event::Unreadable("not JSON")];
        };
        let Some(id) = hook["id"].as_str().filter(|id| !id.is_empty()) else {
            return vec![Event::Ignored("no id")];
        };
        vec![match hook["status"].as_str() {
            Some(status) => receipt(id, status, &hook, request.url),
            None if hook["from"].is_string() || hook["body"].is_string() => {
                Event::Inbound(inbound(id, &hook))
            }
            None => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, inline: Option<InlineReply<'_>>) -> HookReply {
        HookReply::new(
            JSON,
            json!({
                "reply": inline.map(|reply| reply.body.reveal()),
                "receipts_url": inline.and_then(|reply| reply.receipts_url),
            })
            .to_string(),
        )
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let headers = wire::headers(Some(JSON), Some(authorization(&self.config.secret)));
        ApiRequest {
            method: Method::POST,
            url: format!("{}{MESSAGES_PATH}", self.config.api_url),
            headers,
            body: json!({
                "id": message.outbox_id,
                "to": message.to.reveal(),
                "from": self.config.sender,
                "body": message.body.reveal(),
                "receipts_url": message.receipts_url,
            })
            .to_string()
            .into_bytes(),
        }
    }

    fn read_send(&self, _: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, read_answer)
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        let id = wire::plain_id(gateway_ref)?;
        Some(ApiRequest {
            method: Method::GET,
            url: format!("{}{MESSAGES_PATH}/{id}", self.config.api_url),
            headers: wire::headers(None, Some(authorization(&self.config.secret))),
            body: Vec::new(),
        })
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        let answer = wire::json_of(result)?;
        let (id, status) = (answer["id"].as_str()?, answer["status"].as_str()?);
        match receipt(id, status, &answer, "") {
            Event::Receipt(receipt) => Some(receipt),
            Event::Inbound(_) | Event::Ignored(_) | Event::Unreadable(_) => None,
        }
    }

    fn build_list(&self, since: At, _: Option<&str>) -> Option<ApiRequest> {
        Some(ApiRequest {
            method: Method::GET,
            url: format!("{}{MESSAGES_PATH}?since={}", self.config.api_url, since.0),
            headers: wire::headers(None, Some(authorization(&self.config.secret))),
            body: Vec::new(),
        })
    }

    fn read_list(&self, since: At, result: ApiResult<'_>) -> Option<Listing> {
        let answer = wire::json_of(result)?;
        let listed = |text: &Value| {
            let at = text["at"].as_i64().map(At);
            let inbound = inbound(text["id"].as_str()?, text);
            at.is_none_or(|at| at >= since)
                .then_some(Listed { inbound, at })
        };
        Some(Listing {
            named: Vec::new(),
            inbound: answer["messages"]
                .as_array()?
                .iter()
                .filter_map(listed)
                .collect(),
            next: None,
        })
    }
}

fn receipt(id: &str, status: &str, hook: &Value, url: &str) -> Event {
    let delivery = match status {
        "sent" => Delivery::Sent,
        "delivered" => Delivery::Delivered,
        "failed" | "opted_out" => Delivery::Failed,
        _ => return Event::Ignored("a receipt with a status that we do not know"),
    };
    let named = hook["outbox_id"].as_str();
    let outbox_id = named
        .and_then(|id| Uuid::try_parse(id).ok())
        .or_else(|| wire::outbox_id(&wire::query(url)));
    Event::Receipt(Receipt {
        gateway_ref: id.to_owned(),
        outbox_id,
        delivery,
        code: (delivery == Delivery::Failed).then(|| status.to_owned()),
        opted_out: status == "opted_out",
    })
}

fn inbound(id: &str, hook: &Value) -> Inbound {
    Inbound {
        part: None,
        gateway_ref: id.to_owned(),
        from: wire::sender(hook["from"].as_str().map(str::to_owned), id),
        to: PhoneNumber::of_sender(hook["to"].as_str().unwrap_or_default()),
        body: MessageBody::new(hook["body"].as_str().unwrap_or_default()),
        media: hook["media"]
            .as_u64()
            .map_or(0, |count| u16::try_from(count).unwrap_or(u16::MAX)),
        keyword_handled: None,
    }
}

fn read_answer(status: u16, after_s: Option<u64>, body: &[u8]) -> SendOutcome {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = json["code"]
        .as_str()
        .map_or_else(|| format!("http-{status}"), str::to_owned);
    match status {
        200..300 => wire::accepted(json["id"].as_str()),
        _ if code == "opted_out" => SendOutcome::OptedOut { code },
        _ => wire::Class::of_status(status).outcome(after_s, code),
    }
}

#[cfg(test)]
mod tests;
