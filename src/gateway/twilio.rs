//! Twilio Programmable Messaging, and calls to responders (`twilio/calls.rs`).
//!
//! Source of every field and code: <https://www.twilio.com/docs/messaging/guides/webhook-request>,
//! <https://www.twilio.com/docs/messaging/api/message-resource>, <https://www.twilio.com/docs/api/errors>.
//! It does not fetch pictures, and it does not look up a message whose sending ended in doubt:
//! Twilio has no idempotency key for messages, so that choice is the lane's. SignalWire speaks the
//! same language with another accent: see [`Dialect`] and `signalwire.rs`. Floor 2.
//!
//! A text that comes in (`POST`, `application/x-www-form-urlencoded`; here one field a line):
//!
//! ```text
//! MessageSid=SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa      the same in SmsSid and SmsMessageSid
//! AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
//! From=+15005550006   To=+15005550001                 a short code has no plus
//! Body=I feel alone   NumMedia=0   NumSegments=1
//! SmsStatus=received  ApiVersion=2010-04-01           FromCity, FromState, … and more without notice
//! OptOutType=STOP                                     only when Twilio has already answered
//! ```
//!
//! A receipt, to the `StatusCallback` of the text (`…/status?ref=<outbox id>`):
//!
//! ```text
//! MessageSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb   MessageStatus=undelivered   ErrorCode=30003
//! To=+15005550006   From=+15005550001   AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
//! ```
//!
//! What can be asked: `GET …/Messages/{Sid}.json` for the status of one text, and
//! `GET …/Messages.json?To=…&DateSent>=2026-01-01&PageSize=100` for what came in:
//!
//! ```text
//! {"messages":[{"sid":"SM…","direction":"inbound","from":"+15005550006","to":"+15005550001",
//!   "body":"I feel alone","num_media":"0","date_sent":"Thu, 01 Jan 2026 00:00:00 +0000"}],
//!  "next_page_uri":"/2010-04-01/Accounts/AC…/Messages.json?Page=1&PageToken=…"}
//! ```

mod calls;
mod checks;
mod codes;
mod lookup;
mod signature;

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::call::{Caller, Calling, InCall, Script};
use super::check::{Check, Ours, Reading};
use super::form::Form;
use super::wire::{self, Class, FORM, XML, escape_xml, made_up_ref};
use super::{
    ApiRequest, ApiResult, Caps, Event, Gateway, HookReply, Inbound, InlineReply, KeywordHandled,
    Listing, Outgoing, RawRequest, Receipt, SendOutcome, Verified, VerifyError,
};
use crate::clock::At;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;
pub(super) use signature::Repeated;

/// How one Twilio number or messaging service is reached. No `Debug`: it holds secrets.
pub struct TwilioConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// The account, `AC` and 32 hex digits.
    pub account_sid: String,
    /// The auth tokens. The first is used to send; hooks signed with any of them are taken, so
    /// that a token can be rotated. Empty ones are passed over: anyone could sign with them.
    pub auth_tokens: Vec<SecretString>,
    /// What texts come from: a number in E.164, a short code, or a messaging service (`MG…`).
    pub sender: String,
    /// The number that calls come from; without it the sender, if that is a number in E.164.
    pub calls_from: Option<String>,
    /// The API's root, `https://api.twilio.com` outside tests.
    pub api_url: String,
}

/// What differs between the gateways that speak Twilio's language.
pub(super) struct Dialect {
    /// The headers that may hold the signature, in lowercase. At most one may be there.
    pub(super) headers: &'static [&'static str],
    /// How a field is signed that comes several times.
    pub(super) repeated: Repeated,
    /// Whether a body may be signed whole, in hex, instead of by its fields.
    pub(super) signs_bodies: bool,
    /// What stands between the API's root and `/Accounts`.
    pub(super) api_path: &'static str,
    /// What it can do.
    pub(super) caps: Caps,
}

const TWILIO: Dialect = Dialect {
    headers: &["x-twilio-signature"],
    repeated: Repeated::OnceInOrder,
    signs_bodies: false,
    api_path: "/2010-04-01",
    caps: Caps {
        inline_reply: true,
        idempotent_send: false,
        max_chars: 1600,
        hook_deadline: Duration::from_secs(15),
        repeats_hooks: false,
        blocks_opted_out: true,
    },
};

/// What an account is reached with. No `Debug`: it holds secrets.
pub(super) struct Account {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub(super) name: String,
    /// The account or project.
    pub(super) id: String,
    /// What authorizes sends.
    pub(super) token: SecretString,
    /// What hooks are signed with, any of them.
    pub(super) signing_keys: Vec<SecretString>,
    /// What texts come from.
    pub(super) sender: String,
    /// What calls come from; none where it cannot call.
    pub(super) calls_from: Option<String>,
    /// The API's root.
    pub(super) api_url: String,
}

/// The Twilio gateway, or one that speaks its language.
pub struct Twilio {
    account: Account,
    dialect: Dialect,
}

impl Twilio {
    /// A gateway for this account and sender.
    #[must_use]
    pub fn new(config: TwilioConfig) -> Self {
        let account = Account {
            name: config.name,
            id: config.account_sid,
            token: config.auth_tokens.first().cloned().unwrap_or_default(),
            signing_keys: config.auth_tokens,
            calls_from: config.calls_from.or_else(|| a_number(&config.sender)),
            sender: config.sender,
            api_url: config.api_url,
        };
        Self::speaking(TWILIO, account)
    }

    /// A gateway that speaks a dialect.
    pub(super) fn speaking(dialect: Dialect, mut account: Account) -> Self {
        account
            .signing_keys
            .retain(|key| !key.expose_secret().is_empty());
        account
            .api_url
            .truncate(account.api_url.trim_end_matches('/').len());
        Self { account, dialect }
    }

    fn account_url(&self) -> String {
        let (Account { id, api_url, .. }, path) = (&self.account, self.dialect.api_path);
        format!("{api_url}{path}/Accounts/{id}")
    }

    fn headers(&self, content_type: Option<&'static str>) -> HeaderMap {
        let (id, token) = (&self.account.id, self.account.token.expose_secret());
        wire::headers(content_type, Some(wire::basic(id, token)))
    }
}

impl Gateway for Twilio {
    fn name(&self) -> &str {
        &self.account.name
    }

    fn caps(&self) -> Caps {
        self.dialect.caps
    }

    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        signature::verify(request, &self.account.signing_keys, &self.dialect).map(Verified)
    }

    fn build_hook(&self, url: &str, text: &Inbound) -> Option<ApiRequest> {
        let key = self.account.signing_keys.first()?;
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("MessageSid", &text.gateway_ref)
            .append_pair("AccountSid", &self.account.id)
            .append_pair("From", text.from.reveal())
            .append_pair("To", &self.account.sender)
            .append_pair("Body", text.body.reveal())
            .append_pair("NumMedia", &text.media.to_string())
            .finish()
            .into_bytes();
        let fields = signature::in_signing_order(&Form::parse(&body), self.dialect.repeated);
        let signature = STANDARD.encode(signature::sign(key, url, &fields));
        let mut headers = wire::headers(Some(FORM), None);
        headers.insert(*self.dialect.headers.first()?, signature.parse().ok()?);
        Some(ApiRequest {
            method: Method::POST,
            url: url.to_owned(),
            headers,
            body,
        })
    }

    fn parse(&self, request: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        let (form, outbox_id) = wire::fields(request);
        if let Some(event) = calls::event(&form, outbox_id) {
            return vec![event];
        }
        vec![match outgoing_status(&form, outbox_id) {
            Some(status) => receipt(&form, outbox_id, &status),
            None if form.text("From").is_some() || form.text("Body").is_some() => {
                inbound(&form, request)
            }
            None => Event::Ignored("neither a text nor a receipt"),
        }]
    }

    fn acknowledge(&self, inline: Option<InlineReply<'_>>) -> HookReply {
        let body = match inline {
            None => format!("{XML}<Response/>"),
            // Twilio's libraries call `action` the address of the receipts and `statusCallback`
            // deprecated, its TwiML reference still describes both, and people report that
            // only one works (twilio-csharp issue 613). A receipt that comes twice does no
            // harm, one that never comes sends the text again: so both.
            Some(reply) => {
                let receipts = reply.receipts_url.map_or_else(String::new, |url| {
                    let url = escape_xml(url);
                    format!(" action=\"{url}\" statusCallback=\"{url}\"")
                });
                let body = escape_xml(reply.body.reveal());
                format!("{XML}<Response><Message{receipts}>{body}</Message></Response>")
            }
        };
        HookReply::new("text/xml", body)
    }

    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest {
        let sender = &self.account.sender;
        let sender_field = if sender.starts_with("MG") {
            "MessagingServiceSid"
        } else {
            "From"
        };
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", message.to.reveal())
            .append_pair(sender_field, sender)
            .append_pair("Body", message.body.reveal())
            .append_pair("StatusCallback", message.receipts_url)
            .append_pair("ValidityPeriod", &validity_s(message.validity))
            .finish();
        ApiRequest {
            method: Method::POST,
            url: format!("{}/Messages.json", self.account_url()),
            headers: self.headers(Some(FORM)),
            body: body.into_bytes(),
        }
    }

    fn read_send(&self, _: Uuid, result: ApiResult<'_>) -> SendOutcome {
        wire::read_send(result, codes::read_answer)
    }

    fn may_get_through(&self, code: &str) -> bool {
        Class::of_code(codes::CODES, code) == Some(Class::Retry)
    }

    fn refuses_opted_out(&self) -> bool {
        true
    }

    fn caller(&self) -> Option<&dyn Caller> {
        let calls = self.account.calls_from.is_some();
        calls.then_some(self)
    }

    fn build_poll(&self, gateway_ref: &str) -> Option<ApiRequest> {
        lookup::poll(self, gateway_ref)
    }

    fn read_poll(&self, result: ApiResult<'_>) -> Option<Receipt> {
        lookup::polled(&wire::json_of(result)?)
    }

    fn build_list(&self, since: At, page: Option<&str>) -> Option<ApiRequest> {
        lookup::list(self, since, page)
    }

    fn read_list(&self, since: At, result: ApiResult<'_>) -> Option<Listing> {
        lookup::listed(self, since, &wire::json_of(result)?)
    }

    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        checks::build(self)
    }

    fn read_check(&self, check: Check, ours: &Ours, result: ApiResult<'_>) -> Reading {
        checks::read(self, check, ours, result)
    }
}

impl Caller for Twilio {
    fn build_call(&self, call: &Calling<'_>) -> ApiRequest {
        calls::build(self, call)
    }

    fn parse_call(&self, request: &RawRequest<'_>, _: Verified) -> Option<InCall> {
        calls::read(request)
    }

    fn say(&self, script: &Script) -> HookReply {
        HookReply::new("text/xml", calls::say(script))
    }
}

/// A sender that can also call: no short code, and no messaging service.
pub(super) fn a_number(sender: &str) -> Option<String> {
    sender.starts_with('+').then(|| sender.to_owned())
}

/// How long Twilio may hold a text before it fails it (error 30036): from 1 second to its default,
/// ten hours, which would hide a stuck queue.
fn validity_s(validity: Duration) -> String {
    validity.as_secs().clamp(1, 36_000).to_string()
}

/// The status of a text of ours, if the hook is about one.
///
/// An inbound text carries `SmsStatus=received` and may carry `MessageStatus` with it, so these
/// words never make a receipt. The `ref` in the query is ours alone, and the URL is signed.
fn outgoing_status(form: &Form, outbox_id: Option<Uuid>) -> Option<String> {
    let status = form.filled("MessageStatus");
    let legacy = || {
        form.filled("SmsStatus")
            .filter(|_| form.text("Body").is_none())
    };
    if outbox_id.is_some() {
        return Some(
            status
                .or_else(|| form.filled("SmsStatus"))
                .unwrap_or_default(),
        );
    }
    status
        .or_else(legacy)
        .filter(|status| !matches!(status.as_str(), "receiving" | "received"))
}

fn receipt(form: &Form, outbox_id: Option<Uuid>, status: &str) -> Event {
    let Some(delivery) = codes::delivery(status) else {
        return Event::Ignored("a receipt with a status that we do not know");
    };
    let Some(gateway_ref) = message_sid(form) else {
        return Event::Ignored("a receipt without a message id");
    };
    let code = form.filled("ErrorCode").filter(|code| code != "0");
    Event::Receipt(Receipt {
        gateway_ref,
        outbox_id,
        delivery,
        opted_out: code.as_deref().is_some_and(codes::is_opt_out),
        code,
    })
}

fn inbound(form: &Form, request: &RawRequest<'_>) -> Event {
    let gateway_ref = message_sid(form).unwrap_or_else(|| made_up_ref(request));
    Event::Inbound(Inbound {
        part: None,
        from: wire::sender(form.filled("From"), &gateway_ref),
        to: PhoneNumber::of_sender(&form.text("To").unwrap_or_default()),
        body: MessageBody::new(with_decoded(form.text("Body").unwrap_or_default())),
        media: wire::count(form.text("NumMedia")),
        keyword_handled: match form.text("OptOutType").as_deref() {
            Some("STOP") => Some(KeywordHandled::OptOut),
            Some("START") => Some(KeywordHandled::OptIn),
            Some("HELP") => Some(KeywordHandled::Help),
            _ => None,
        },
        gateway_ref,
    })
}

/// The fewest characters of a body that may be base64: nobody types so many without a space.
const ENCODED: usize = 60;

/// A text in several pieces sometimes comes as base64 (seen by others: courier, `handlers/utils.go`). What
/// it says then stands below it, for triage and for people.
fn with_decoded(body: String) -> String {
    let encoded = body.len() >= ENCODED && body.len().is_multiple_of(4);
    let words = encoded
        .then(|| STANDARD.decode(&body).ok())
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let written = |words: &String| {
        let letters = words
            .chars()
            .filter(|c| c.is_ascii_alphabetic() || *c == ' ');
        letters.count() * 2 >= words.chars().count()
    };
    match words.filter(written) {
        Some(words) => format!("{body}\n{words}"),
        None => body,
    }
}

fn message_sid(form: &Form) -> Option<String> {
    ["MessageSid", "SmsMessageSid", "SmsSid"]
        .iter()
        .find_map(|name| form.filled(name))
}

#[cfg(test)]
mod tests;
