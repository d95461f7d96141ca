//! The ping to the monitor outside: it goes out only while the audit finds nothing.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::Heartbeat;
use crate::clock::At;
use crate::config::PingMethod;
use crate::gateway::ApiRequest;
use crate::gateway::client::{Answer, send};
use crate::oncall::IncidentKind;
use crate::oncall::audit::Found;
use crate::store::{StoreError, Tally};

/// The incident of pings that do not get through.
pub(super) const SUBJECT: &str = "ping";
/// After so many in a row the operator is told.
const FAILURES: i64 = 3;

/// Where pings go. No `Debug`: who has the address can ping in our name.
pub struct Ping {
    /// While all is well.
    pub url: SecretString,
    /// When something was found; without one, nothing is sent then.
    pub fail_url: Option<SecretString>,
    /// How.
    pub method: PingMethod,
    /// How many pings in a row did not get through.
    pub failures: AtomicI64,
}

impl Ping {
    fn request(&self, found: &[Found]) -> Option<ApiRequest> {
        let url = if found.is_empty() {
            &self.url
        } else {
            self.fail_url.as_ref()?
        };
        let mut headers = HeaderMap::new();
        let (method, body) = match self.method {
            PingMethod::Get => (Method::GET, Vec::new()),
            PingMethod::Post => {
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                headers.insert(header::CONTENT_TYPE, plain);
                (Method::POST, words(found).into_bytes())
            }
        };
        Some(ApiRequest {
            method,
            url: url.expose_secret().to_owned(),
            headers,
            body,
        })
    }
}

/// What was found, in words: a sentence a line.
fn words(found: &[Found]) -> String {
    if found.is_empty() {
        return "the audit found nothing\n".to_owned();
    }
    found
        .iter()
        .map(|found| found.sentence() + "\n")
        .collect::<String>()
}

impl Heartbeat {
    /// Sends the ping that follows from what was found, if one does.
    pub(super) async fn send_ping(&self, found: &[Found], now: At) -> Result<(), StoreError> {
        let Some(ping) = &self.ping else {
            return Ok(());
        };
        let Some(request) = ping.request(found) else {
            return Ok(());
        };
        let arrived = matches!(
            send(&self.client, request).await,
            Answer::Answered {
                status: 200..300,
                ..
            }
        );
        if arrived {
            ping.failures.store(0, Ordering::Relaxed);
            // Whoever opened it may be an earlier run or another replica.
            return self.ping_incident(None, now).await;
        }
        let failed = ping.failures.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(failed, "the monitor of the heartbeat did not take a ping");
        if failed >= FAILURES {
            return self.ping_incident(Some(failed), now).await;
        }
        Ok(())
    }

    /// Opens or counts the incident of pings that do not get through, or closes it.
    async fn ping_incident(&self, failed: Option<i64>, now: At) -> Result<(), StoreError> {
        let operator = std::sync::Arc::clone(&self.operator);
        let unit = self.store.write(move |tx| {
            let operator = std::sync::Arc::clone(&operator);
            Box::pin(async move {
                let kind = IncidentKind::Audit;
                match failed {
                    Some(count) => {
                        let tally = Tally::Now(count);
                        tx.raise(&operator, (kind, SUBJECT), tally, &json!({}), now)
                            .await
                    }
                    None => tx.over(&operator, kind, SUBJECT, now).await,
                }
            })
        });
        unit.await
    }
}
