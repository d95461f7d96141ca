//! Carries webhooks out: one request, no redirect, to public addresses unless the operator allows others.

use crate::clock::At;
use crate::gateway::client::{Answer, try_send};
use crate::gateway::{ApiRequest, SendOutcome, redact};
use crate::pager::guard::{NotPublic, check_url};
use crate::pager::{Carried, Page};

/// The client of webhooks.
pub struct Webhooks {
    /// Carries requests out; where private addresses are not allowed, one that resolves names to public
    /// addresses only.
    pub client: reqwest::Client,
    /// Whether a webhook may lead into the server's own network.
    pub allow_private: bool,
}

impl Webhooks {
    /// Sends a page to its receiver, once.
    pub async fn send(&self, page: &Page<'_>, now: At) -> Carried {
        if check_url(page.to.address.reveal(), self.allow_private).is_err() {
            return Carried::not_tried("address-refused");
        }
        let Some(request) = super::build(page, now) else {
            return Carried::not_tried("address-refused");
        };
        let asked = redacted(&request);
        let answer = match try_send(&self.client, request).await {
            Ok(answer) => answer,
            Err(error) if NotPublic::is_cause_of(&error) => {
                return Carried {
                    asked,
                    ..Carried::not_tried("address-refused")
                };
            }
            Err(error) => Answer::of(&error),
        };
        let outcome: SendOutcome = super::read(page, answer.as_result());
        Carried {
            outcome,
            status: answer.status(),
            asked,
            answered: redact::answer(answer.as_result()),
        }
    }
}

/// A webhook as the gateway log keeps it: of its address the host only, because the rest is what lets
/// anyone write to its receiver.
#[must_use]
pub fn redacted(request: &ApiRequest) -> String {
    let root = url::Url::parse(&request.url).map_or_else(
        |_| String::new(),
        |url| format!("{}://{}/", url.scheme(), url.host_str().unwrap_or_default()),
    );
    redact::request(&ApiRequest {
        method: request.method.clone(),
        url: root,
        headers: request.headers.clone(),
        body: request.body.clone(),
    })
}
