//! The ping to the monitor outside: it goes out only while the audit finds nothing.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Heartbeat;
use crate::clock::At;
use crate::config::PingMethod;
use crate::gateway::ApiRequest;
use crate::gateway::client::{Answer, send};
use crate::oncall::IncidentKind;
use crate::oncall::audit::Found;
use crate::store::{ChainHead, StoreError, Tally};

/// The header that carries the end of our audit log: who keeps it can tell when the log was cut off or written
/// anew. It says nothing of a person.
pub const AUDIT_HEAD: HeaderName = HeaderName::from_static("x-harborline-audit-head");

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
    /// What we prove ourselves with, as a bearer token: another Harborline that expects us asks for it.
    pub token: Option<SecretString>,
    /// How many pings in a row did not get through.
    pub failures: AtomicI64,
}

impl Ping {
    fn request(&self, found: &[Found], head: &ChainHead) -> Option<ApiRequest> {
        let url = if found.is_empty() {
            &self.url
        } else {
            self.fail_url.as_ref()?
        };
        let mut headers = HeaderMap::new();
        // A number and a hash: digits and letters only.
        if let Ok(value) = HeaderValue::try_from(head.to_string()) {
            headers.insert(AUDIT_HEAD, value);
        }
        let token = self.token.as_ref().map(ExposeSecret::expose_secret);
        let bearer = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
        if let Some(mut value) = bearer {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let (method, body) = match self.method {
            PingMethod::Get => (Method::GET, Vec::new()),
            PingMethod::Post => {
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                headers.insert(header::CONTENT_TYPE, plain);
                (Method::POST, words(found, head).into_bytes())
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

/// What was found, in words: a sentence a line; and the end of the audit log, for a monitor that keeps what
/// is posted to it.
fn words(found: &[Found], head: &ChainHead) -> String {
    let found: String = if found.is_empty() {
        "the audit found nothing\n".to_owned()
    } else {
        let sentences = found.iter().map(|found| found.sentence() + "\n");
        sentences.collect()
    };
    format!("{found}the audit log ends at {head}\n")
}

impl Heartbeat {
    /// Sends the ping that follows from what was found, if one does.
    pub(super) async fn send_ping(&self, found: &[Found], now: At) -> Result<(), StoreError> {
        let Some(ping) = &self.ping else {
            return Ok(());
        };
        let head = self.store.read().await?.audit_head().await?;
        let Some(request) = ping.request(found, &head) else {
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
