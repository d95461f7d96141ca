//! The HTTP client: the only place in the program that builds one.
//!
//! Carries out the requests that gateways build, and says how that ended without reading what came
//! back. It does not retry: when to try again is a column of the outbox. Floor 2.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName};
use reqwest::dns::Resolve;

use super::{ApiRequest, ApiResult};

/// How long a request may take in all. Twilio's own SDKs wait ten seconds or more.
pub const LIMIT: Duration = Duration::from_secs(15);
/// The most of a response that is kept, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A client with the limits that every outside call of the program shares.
///
/// Five seconds to connect, `limit` ([`LIMIT`] outside tests) in all; redirects are not followed, because a request with
/// credentials and someone's words goes nowhere but to the configured address. Proxies from the
/// environment (`HTTPS_PROXY`, `NO_PROXY`) are used: some networks let nothing out without one,
/// and whoever can set our environment can read our secrets anyway. See [`loopback_client`].
///
/// # Errors
/// When the system's root certificates cannot be read.
pub fn http_client(limit: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(limit).build()
}

/// The same for this machine's own servers, past any proxy: the sandbox, the simulator's phones.
///
/// # Errors
/// When the system's root certificates cannot be read.
pub fn loopback_client(limit: Duration) -> Result<reqwest::Client, reqwest::Error> {
    builder(limit).no_proxy().build()
}

/// The same for addresses that people typed: `names` decides where a name may lead. A proxy would decide
/// that in its place, so none is used.
///
/// # Errors
/// When the system's root certificates cannot be read.
pub fn guarded_client(
    limit: Duration,
    names: impl Resolve + 'static,
) -> Result<reqwest::Client, reqwest::Error> {
    builder(limit)
        .no_proxy()
        .dns_resolver(Arc::new(names))
        .build()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that builds a client"
)]
fn builder(limit: Duration) -> reqwest::ClientBuilder {
    // reqwest is built without a TLS provider. A second call finds one installed: no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(limit)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("harborline/", env!("CARGO_PKG_VERSION")))
}

/// How carrying out a [`ApiRequest`] ended: [`ApiResult`], owned. No `Debug`: an answer may
/// repeat the number and the words.
pub enum Answer {
    /// The gateway answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` header in seconds, if it was a number.
        retry_after_s: Option<u64>,
        /// The body, cut at 64 KiB.
        body: Vec<u8>,
    },
    /// No connection was made: nothing was sent.
    NotConnected,
    /// The request may have arrived: time ran out, or the line broke.
    Unanswered,
}

impl Answer {
    /// How a request ended that failed in this way.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Self {
        // A builder error is a URL that cannot be called at all.
        if error.is_connect() || error.is_builder() {
            Self::NotConnected
        } else {
            Self::Unanswered
        }
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::NotConnected | Self::Unanswered => None,
        }
    }

    /// The same for [`Gateway::read_send`](super::Gateway::read_send).
    #[must_use]
    pub fn as_result(&self) -> ApiResult<'_> {
        match self {
            Self::Answered {
                status,
                retry_after_s,
                body,
            } => ApiResult::Answered {
                status: *status,
                retry_after_s: *retry_after_s,
                body,
            },
            Self::NotConnected => ApiResult::NotConnected,
            Self::Unanswered => ApiResult::Unanswered,
        }
    }
}

/// Carries out a request, once.
pub async fn send(client: &reqwest::Client, request: ApiRequest) -> Answer {
    send_up_to(client, request, MAX_ANSWER).await
}

/// The same for an answer that may be long: this many bytes of its body are read.
pub async fn send_up_to(client: &reqwest::Client, request: ApiRequest, most: usize) -> Answer {
    let sent = try_send_up_to(client, request, most).await;
    sent.unwrap_or_else(|error| Answer::of(&error))
}

/// The same, and says why it failed.
///
/// # Errors
/// Why there is no answer, without the URL.
pub async fn try_send(
    client: &reqwest::Client,
    request: ApiRequest,
) -> Result<Answer, reqwest::Error> {
    try_send_up_to(client, request, MAX_ANSWER).await
}

async fn try_send_up_to(
    client: &reqwest::Client,
    request: ApiRequest,
    most: usize,
) -> Result<Answer, reqwest::Error> {
    let sent = client
        .request(request.method, request.url)
        .headers(request.headers)
        .body(request.body)
        .send()
        .await;
    // The URL may name the account: the kind of error is enough for a log.
    let mut response = sent
        .map_err(reqwest::Error::without_url)
        .inspect_err(|error| {
            tracing::debug!(
                error = error as &dyn std::error::Error,
                "gateway.send failed"
            );
        })?;
    let status = response.status().as_u16();
    let retry_after_s = wait_s(status, response.headers());
    let mut body = Vec::new();
    // A body that breaks off is read as far as it goes: the status has already said the most.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = most - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == most {
            break;
        }
    }
    Ok(Answer::Answered {
        status,
        retry_after_s,
        body,
    })
}

/// What a gateway asks to wait, in seconds: `Retry-After`, or of one that refuses what comes too fast and
/// does not send that, the time until it counts anew (Telnyx).
fn wait_s(status: u16, headers: &HeaderMap) -> Option<u64> {
    let seconds = |name: &HeaderName| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    let counts_anew = HeaderName::from_static("x-ratelimit-reset");
    seconds(&RETRY_AFTER).or_else(|| seconds(&counts_anew).filter(|_| status == 429))
}

#[cfg(test)]
mod tests;
