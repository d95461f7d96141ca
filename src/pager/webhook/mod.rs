//! Webhooks: a page as the request that its receiver understands, and what the answer means.
//!
//! Sources: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! <https://docs.ntfy.sh/publish/#publish-as-json>, <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
//! <https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook>,
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>,
//! <https://prometheus.io/docs/alerting/latest/alerts_api/> and
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.
//! It follows no redirect and asks nothing back. Part of `pager`: floor 2.

mod bodies;
mod client;
#[cfg(test)]
mod tests;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use url::Url;

use super::Page;
use crate::clock::At;
use crate::gateway::{ApiRequest, ApiResult, SendOutcome};
use crate::id::{IdSource, random};
use crate::oncall::{Preset, Secret};
pub use client::{Webhooks, redacted};

/// What a signing secret begins with (Standard Webhooks, "Signature scheme").
const SECRET_PREFIX: &str = "whsec_";

/// Where `PagerDuty` takes events, for who types only the key.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// A new secret for a receiver of our own JSON.
#[must_use]
pub fn new_secret(ids: &dyn IdSource) -> Secret {
    let key: [u8; 32] = random(ids);
    Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(key)))
}

/// The shape that a page's receiver wants.
fn preset(page: &Page<'_>) -> Option<Preset> {
    page.to
        .preset
        .as_deref()
        .map_or(Some(Preset::default()), Preset::of)
}

/// The request that carries a page; none when its address or preset cannot be one.
#[must_use]
pub fn build(page: &Page<'_>, now: At) -> Option<ApiRequest> {
    let preset = preset(page)?;
    let mut url = Url::parse(page.to.address.reveal()).ok()?;
    let secret = page.to.secret.as_ref().map(Secret::reveal);
    let mut headers = HeaderMap::new();
    let body = match preset {
        Preset::Json => json(&bodies::json(page)),
        Preset::Ntfy => json(&bodies::ntfy(page, topic(&mut url)?)),
        Preset::Slack => json(&bodies::slack(page)),
        Preset::Teams => json(&bodies::teams(page)),
        Preset::Pagerduty => json(&bodies::pagerduty(page, secret?)),
        Preset::Alertmanager if url.path().ends_with("/api/v2/alerts") => {
            json(&bodies::alerts(page))
        }
        Preset::Alertmanager => json(&bodies::alertmanager(page)),
    };
    match (preset, secret) {
        (Preset::Json, Some(secret)) => sign(&mut headers, page, secret, &body, now),
        (Preset::Ntfy | Preset::Alertmanager, Some(token)) => {
            set(
                &mut headers,
                AUTHORIZATION.as_str(),
                &format!("Bearer {token}"),
            );
        }
        _ => {}
    }
    set(&mut headers, "content-type", "application/json");
    Some(ApiRequest {
        method: Method::POST,
        url: url.into(),
        headers,
        body,
    })
}

/// Takes the topic, the last part of its path, off the address of an ntfy topic: JSON goes to the root.
fn topic(url: &mut Url) -> Option<String> {
    let path = url.path().trim_end_matches('/').to_owned();
    let (root, topic) = path.rsplit_once('/')?;
    if topic.is_empty() {
        return None;
    }
    url.set_path(&format!("{root}/"));
    Some(topic.to_owned())
}

fn json(body: &impl Serialize) -> Vec<u8> {
    // Plain data with string keys: serialising it cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// Signs a body: `HMAC-SHA256(secret, "id.timestamp.body")`, base64, version 1.
fn sign(headers: &mut HeaderMap, page: &Page<'_>, secret: &str, body: &[u8], now: At) {
    let id = format!("msg_{}", page.id.simple());
    let timestamp = (now.0 / 1000).to_string();
    set(headers, "webhook-id", &id);
    set(headers, "webhook-timestamp", &timestamp);
    set(
        headers,
        "webhook-signature",
        &signature(secret, &id, &timestamp, body),
    );
}

fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    // One that is no base64 is taken as it was typed.
    let key = STANDARD
        .decode(key)
        .unwrap_or_else(|_| secret.as_bytes().to_vec());
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    // HMAC takes a key of any length: the error branch cannot be reached.
    let mac = Hmac::<Sha256>::new_from_slice(&key)
        .map(|mac| mac.chain_update(signed).finalize().into_bytes())
        .unwrap_or_default();
    format!("v1,{}", STANDARD.encode(mac))
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // A token that cannot stand in a header is refused where it is typed; without it comes 401.
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(name == AUTHORIZATION.as_str());
        headers.insert(name, value);
    }
}

/// What the answer to a webhook means. Its body is not read: what counts is the status.
#[must_use]
pub fn read(page: &Page<'_>, result: ApiResult<'_>) -> SendOutcome {
    let (status, after_s) = match result {
        ApiResult::NotConnected => {
            return SendOutcome::Retry {
                after_s: None,
                code: "not-connected".to_owned(),
            };
        }
        ApiResult::Unanswered => return SendOutcome::Ambiguous,
        ApiResult::Answered {
            status,
            retry_after_s,
            ..
        } => (status, retry_after_s),
    };
    let code = format!("http-{status}");
    match status {
        200..300 => SendOutcome::Accepted {
            gateway_ref: page.id.to_string(),
        },
        408 | 425 | 429 | 500.. => SendOutcome::Retry { after_s, code },
        // Not there any more, or it cannot read us: another try says the same.
        400 | 404 | 406 | 409..=424 => SendOutcome::Permanent { code },
        // Moved, or it does not let us in: its owner must look at address and secret.
        _ => SendOutcome::Misconfigured { code },
    }
}
