//! What a mapped gateway is asked: how far a text has come, and whether it knows us. Part of
//! `gateway`: floor 2.
//!
//! A question is a `GET` with the login and the headers of `[gateways.NAME.send]`.

use std::time::Duration;

use axum::http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::item::{Item, Path};
use super::mapping::{self, Statuses};
use super::template::{Template, Values};
use super::{Http, add, failure};
use crate::gateway::check::{Finding, credentials};
use crate::gateway::wire;
use crate::gateway::{ApiRequest, ApiResult, Delivery, Receipt};
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// `[gateways.NAME.poll]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Poll {
    /// The address, with the gateway's id of the text as `{ref}`.
    pub(super) url: Template,
    /// Where the texts are in the JSON of the answer: an array, of which the first counts, or one
    /// object. Without it, the whole answer.
    pub(super) items: Option<Path>,
    pub(super) status: Path,
    /// The gateway's words, where they differ from those of its receipts.
    pub(super) statuses: Option<Statuses>,
    /// The gateway's error code.
    pub(super) code: Option<Path>,
}

/// `[gateways.NAME.check]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Probe {
    /// An address that is answered with 2xx only if the gateway knows us.
    pub(super) url: Template,
    /// What must stand in the answer.
    #[serde(default)]
    pub(super) contains: String,
}

impl Http {
    /// The request that asks for one text; none where the mapping knows no such question.
    pub(super) fn ask_for(&self, gateway_ref: &str) -> Option<ApiRequest> {
        let poll = self.mapping.poll.as_ref()?;
        // An id that could lead out of its place in a path is not asked for.
        let plain = gateway_ref.chars().any(|c| c != '.');
        plain.then(|| self.question(&poll.url, gateway_ref))
    }

    /// The request of [`Probe`].
    pub(super) fn ask_whether_known(&self) -> Option<ApiRequest> {
        let probe = self.mapping.check.as_ref()?;
        Some(self.question(&probe.url, ""))
    }

    fn question(&self, url: &Template, gateway_ref: &str) -> ApiRequest {
        let nobody = (PhoneNumber::of_sender(""), MessageBody::new(""));
        let values = self.mapping.known_without_text(&nobody, gateway_ref);
        let send = &self.mapping.send;
        let authorization = send.basic.as_ref().map(mapping::Login::authorization);
        let mut headers = wire::headers(None, authorization);
        for (name, template) in &send.headers {
            if template.is_question() {
                add(&mut headers, name, &template.text(&values));
            }
        }
        ApiRequest {
            method: Method::GET,
            url: self.mapping.asked(url, gateway_ref),
            headers,
            body: Vec::new(),
        }
    }

    /// What the answer to [`Http::ask_for`] says.
    pub(super) fn told(&self, result: ApiResult<'_>) -> Option<Receipt> {
        let (poll, receipts) = (self.mapping.poll.as_ref()?, &self.mapping.receipt);
        let json = wire::json_of(result)?;
        let found = match &poll.items {
            Some(path) => path.follow(&json)?,
            None => &json,
        };
        let first = match found {
            Value::Array(all) => all.first()?,
            one => one,
        };
        let item = Item::Json(first.clone());
        let statuses = poll.statuses.as_ref().unwrap_or(&receipts.statuses);
        let delivery = statuses.rank(&item.text(&poll.status)?)?;
        let code = failure(poll.code.as_ref(), &item, delivery);
        Some(Receipt {
            gateway_ref: String::new(),
            outbox_id: None,
            delivery,
            opted_out: delivery == Delivery::Failed
                && code
                    .as_ref()
                    .is_some_and(|code| receipts.opted_out.contains(code)),
            code,
        })
    }

    /// What the answer to [`Http::ask_whether_known`] says.
    pub(super) fn known(&self, result: ApiResult<'_>) -> Finding {
        let wanted = self.mapping.check.as_ref().map(|probe| &probe.contains);
        let keys = "the login and secrets of this gateway";
        match (result, wanted) {
            (
                ApiResult::Answered {
                    status: 200..300,
                    body,
                    ..
                },
                Some(wanted),
            ) if !String::from_utf8_lossy(body).contains(wanted.as_str()) => Finding::fail(
                "credentials",
                "the gateway answers, and not with what `check.contains` says",
                "Look at the gateway; if it is well, correct check.contains",
            ),
            _ => credentials(result, keys),
        }
    }
}

impl mapping::Mapping {
    /// The address of a question, filled with an id.
    pub(super) fn asked(&self, url: &Template, gateway_ref: &str) -> String {
        let nobody = (PhoneNumber::of_sender(""), MessageBody::new(""));
        url.address(&self.known_without_text(&nobody, gateway_ref))
    }

    /// What a question may hold.
    fn known_without_text<'a>(
        &'a self,
        (to, body): &'a (PhoneNumber, MessageBody),
        reference: &'a str,
    ) -> Values<'a> {
        Values {
            secrets: &self.secrets,
            from: &self.sender,
            to,
            body,
            priority: "",
            id: String::new(),
            reference,
            receipts_url: String::new(),
            validity: Duration::ZERO,
        }
    }
}
