//! Any gateway that speaks HTTP, by a mapping in the configuration: Kannel, Jasmin, Bandwidth, Infobip
//! and the like.
//!
//! The mapping ([`Mapping`]) says where the fields of a hook are, how a hook proves who it is from, what
//! it is answered with, how a text is sent, and what the answer means. It is small on purpose: a
//! gateway that signs what it sends in a way of its own deserves an adapter of its own. Complete
//! examples with sample payloads stand in `examples/gateways/`. Floor 2.
//!
//! Hooks to `…/inbound` are texts, hooks to `…/status` are receipts: the gateway is given both addresses.

mod answers;
mod ask;
mod check;
mod door;
mod item;
mod mapping;
mod template;

pub use check::Unusable;
pub use mapping::Mapping;

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use uuid::Uuid;

use super::check::{Check, Ours, Reading};
use super::wire::{self, FORM, JSON, made_up_ref, with_plus};
use super::{
    ApiRequest, ApiResult, Caps, Delivery, Event, Gateway, HookReply, Inbound, InlineReply,
    Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::segment::{Encoding, segments};
use crate::text::MessageBody;
use answers::Meaning;
use item::{Item, Path, items};
use mapping::{Inbounds, Receipts};
use template::{Template, Values};

/// A gateway that is mapped.
pub struct Http {
    name: String,
    mapping: Mapping,
}

impl Http {
    /// A gateway under this name, as in `/hooks/{gateway}/inbound`, for a mapping that was checked.
    #[must_use]
    pub const fn new(name: String, mapping: Mapping) -> Self {
        Self { name, mapping }
    }

    /// What a template may hold, for one text.
    fn values<'a>(&'a self, to: &'a PhoneNumber, body: &'a MessageBody, lane: Lane) -> Values<'a> {
        Values {
            secrets: &self.mapping.secrets,
            from: &self.mapping.sender,
            to,
            body,
            priority: self.mapping.send.priority.of(lane),
            id: String::new(),
            reference: "",
            receipts_url: String::new(),
            validity: Duration::ZERO,
        }
    }

    /// The fields that depend on whether GSM-7 can hold the words.
    fn encoded(&self, body: &MessageBody) -> impl Iterator<Item = (&String, &Template)> {
        let send = &self.mapping.send;
        match segments(body.reveal()).encoding {
            Encoding::Gsm7 => send.gsm.iter(),
            Encoding::Ucs2 => send.ucs2.iter(),
        }
    }
}

impl Gateway for Http {
    fn name(&self) -> &str {
        &self.name
    }

    fn caps(&self) -> Caps {
        let mapping = &self.mapping;
        Caps {
            inline_reply: mapping.ack.inline,
            idempotent_send: mapping.idempotent_send,
            max_chars: mapping.max_chars,
            hook_deadline: Duration::from_secs(mapping.hook_deadline_s),
            repeats_hooks: mapping.repeats_hooks,
            blocks_opted_out: mapping.blocks_opted_out,
        }
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        let (auth, other) = (&self.mapping.auth, self.mapping.auth_other.as_ref());
        door::verify(auth, other, request).map(Verified)
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let path = request.url.split('?').next().unwrap_or_default();
        let events: Option<Vec<Event>> = if path.ends_with("/status") {
            let map = &self.mapping.receipt;
            let reference = wire::outbox_id(&wire::query(request.url));
            let items = items(request, map.format, map.items.as_ref(), &map.when);
            let read = |item: &Item| receipt(map, item, reference);
            items.map(|items| items.iter().map(read).collect())
        } else {
            let map = &self.mapping.inbound;
            let items = items(request, map.format, map.items.as_ref(), &map.when);
            let read = |(at, item): (usize, &Item)| inbound(map, item, at, request);
            items.map(|items| items.iter().enumerate().map(read).collect())
        };
        match events {
            None => vec![Event::Unreadable("not JSON")],
            Some(events) if events.is_empty() => {
                vec![Event::Ignored("nothing that the mapping knows")]
            }
            Some(events) => events,
        }
    }

    fn acknowledge(&self, inline: Option<InlineReply<'_>>) -> HookReply {
        let ack = &self.mapping.ack;
        let Some(reply) = inline.filter(|_| ack.inline) else {
            return HookReply::new(ack.content_type.as_str(), ack.body.clone());
        };
        let receipts_url = reply.receipts_url.map(|url| self.mapping.auth.address(url));
        let values = Values {
            receipts_url: receipts_url.clone().unwrap_or_default(),
            ..self.values(reply.to, reply.body, Lane::Crisis)
        };
        let mut headers = HeaderMap::new();
        for (name, template) in &ack.inline_headers {
            // Without receipts to ask for, what asks for them is left out.
            if receipts_url.is_none() && template.wants_receipts() {
                continue;
            }
            add(&mut headers, name, &template.text(&values));
        }
        HookReply {
            headers,
            ..HookReply::new("text/plain; charset=utf-8", reply.body.reveal())
        }
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let send = &self.mapping.send;
        let values = Values {
            id: message.key.to_string(),
            receipts_url: self.mapping.auth.address(message.receipts_url),
            validity: message.validity,
            ..self.values(message.to, message.body, message.lane)
        };
        let pairs = |fields: &mut dyn Iterator<Item = (&String, &Template)>| {
            let pair = |(name, template): (&String, &Template)| {
                let escape =
                    |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
                format!(
                    "{}={}",
                    escape(name.as_bytes()),
                    escape(&template.bytes(&values))
                )
            };
            fields.map(pair).collect::<Vec<_>>().join("&")
        };
        let (query, content_type, body) = match (&send.form, &send.json) {
            (_, Some(json)) => {
                let body = template::fill(json, &values).to_string();
                (pairs(&mut send.query.iter()), Some(JSON), body)
            }
            (Some(form), None) => {
                let mut fields = form.iter().chain(self.encoded(message.body));
                (
                    pairs(&mut send.query.iter()),
                    Some(FORM),
                    pairs(&mut fields),
                )
            }
            (None, None) => {
                let mut fields = send.query.iter().chain(self.encoded(message.body));
                (pairs(&mut fields), None, String::new())
            }
        };
        let authorization = send.basic.as_ref().map(mapping::Login::authorization);
        let mut headers = wire::headers(content_type, authorization);
        for (name, template) in &send.headers {
            add(&mut headers, name, &template.text(&values));
        }
        let joint = if query.is_empty() { "" } else { "?" };
        ApiRequest {
            method: if send.method == mapping::Verb::Get {
                Method::GET
            } else {
                Method::POST
            },
            url: format!("{}{joint}{query}", send.url),
            headers,
            body: body.into_bytes(),
        }
    }

    fn read_send(&self, key: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, |status, after_s, body| {
            answers::read(&self.mapping.answers, key, status, after_s, body)
        })
    }

    fn refuses_opted_out(&self) -> bool {
        let mut answers = self.mapping.answers.iter();
        answers.any(|rule| rule.means == Meaning::OptedOut)
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        self.ask_for(gateway_ref)
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        self.told(result)
    }

    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        let request = self.ask_whether_known();
        request
            .map(|request| (Check::Account, request))
            .into_iter()
            .collect()
    }

    fn read_check(&self, _: Check, _: &Ours, result: ApiResult<'_>) -> Reading {
        vec![self.known(result)].into()
    }
}

/// What is longer is no id, but a field that was taken for one: an index could not hold it.
const LONGEST_ID: usize = 255;

/// A code as it may go into the database and the log: not a page of HTML.
fn short(code: &str) -> String {
    let plain = code.chars().filter(|c| !c.is_control());
    plain.take(64).collect()
}

/// Adds a header that may hold a secret. Names were checked at the start.
fn add(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(mut value)) = (
        HeaderName::from_bytes(name.as_bytes()),
        HeaderValue::from_str(value),
    ) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

fn inbound(map: &Inbounds, item: &Item, at: usize, request: &RawRequest<'_>) -> Event {
    let number = |text: String| if map.adds_plus { with_plus(text) } else { text };
    let id = item.text(&map.id).filter(|id| id.len() <= LONGEST_ID);
    let utf16 = map
        .utf16
        .as_ref()
        .filter(|utf16| utf16.when.holds(item))
        .and_then(|utf16| utf16.words(item));
    let parts = map.parts.as_ref();
    let words = utf16
        .or_else(|| item.text(&map.body))
        .or_else(|| parts?.words(item));
    let from = item.text(&map.from).map(number);
    let listed = map.media.as_ref().map_or(0, |media| item.count(media));
    let media = listed.saturating_add(parts.map_or(0, |parts| parts.pictures(item)));
    // Such as somebody who tries the address: nobody has written, and nobody could be answered.
    if id.is_none() && from.is_none() && words.is_none() && media == 0 {
        return Event::Ignored("neither a text nor a receipt");
    }
    // Several texts of one hook without ids are still several texts.
    let gateway_ref = id.unwrap_or_else(|| format!("{}-{at}", made_up_ref(request)));
    Event::Inbound(Inbound {
        from: wire::sender(from, &gateway_ref),
        to: PhoneNumber::of_sender(
            &map.to
                .as_ref()
                .and_then(|to| item.text(to))
                .map(number)
                .unwrap_or_default(),
        ),
        body: MessageBody::new(words.unwrap_or_default()),
        media,
        keyword_handled: None,
        part: None,
        gateway_ref,
    })
}

/// The gateway's error code, of a text that did not arrive.
fn failure(field: Option<&Path>, item: &Item, delivery: Delivery) -> Option<String> {
    let code = field.and_then(|name| item.text(name));
    code.filter(|_| delivery == Delivery::Failed)
        .map(|code| short(&code))
}

/// `reference`: our id in the address of the hook.
fn receipt(map: &Receipts, item: &Item, reference: Option<Uuid>) -> Event {
    let named = map.reference.as_ref().and_then(|name| item.text(name));
    let outbox_id = named.and_then(|id| Uuid::try_parse(&id).ok()).or(reference);
    let Some(delivery) = item
        .text(&map.status)
        .and_then(|status| map.statuses.rank(&status))
    else {
        return Event::Ignored("a receipt with a status that the mapping does not know");
    };
    // Where the gateway gives no ids, ours is the one that the send was kept under.
    let id = map.id.as_ref().and_then(|name| item.text(name));
    let id = id.filter(|id| id.len() <= LONGEST_ID);
    let Some(gateway_ref) = id.or_else(|| outbox_id.map(|id| id.to_string())) else {
        return Event::Ignored("a receipt without a message id");
    };
    let code = failure(map.code.as_ref(), item, delivery);
    Event::Receipt(Receipt {
        gateway_ref,
        outbox_id,
        delivery,
        opted_out: code
            .as_ref()
            .is_some_and(|code| map.opted_out.contains(code)),
        code,
    })
}

#[cfg(test)]
mod tests;
