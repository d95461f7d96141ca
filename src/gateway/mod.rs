//! SMS gateways: pure translation between a provider's bytes and our words.
//!
//! A [`Gateway`] never touches the network: the core hands it the bytes of a hook or of a
//! response and carries out the request that it builds. Floor 2.

pub mod android;
pub mod call;
pub mod check;
pub mod client;
#[cfg(test)]
mod conformance;
pub mod drill;
pub mod form;
pub mod http;
mod key;
pub mod plivo;
pub mod redact;
pub mod sandbox;
mod sending;
pub mod signalwire;
pub mod telnyx;
pub mod twilio;
pub mod vonage;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode};
use uuid::Uuid;

use crate::clock::At;
pub use crate::delivery::Delivery;
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;
use call::Caller;
use check::{Check, Ours, Reading};
pub use key::send_key;
pub use sending::Sending;
pub(crate) use sending::with_sending;

/// A webhook request as it came in, before anything is trusted.
#[derive(Clone, Copy)]
pub struct RawRequest<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The URL that the gateway signs: `public_url` from the configuration, then path and query
    /// exactly as received. Never from `Host` or forwarding headers.
    pub url: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The raw body.
    pub body: &'a [u8],
    /// When it was received.
    pub now: At,
}

/// Leave to read a request: it passed [`Gateway::verify`], or the operator's policy lets it be read
/// all the same ([`unverified_but_observed`]). Only this module and its children can make one.
#[derive(Debug)]
pub struct Verified(());

/// What is done with a hook whose signature does not hold.
///
/// It is for rolling a gateway out: a wrong token or address must not lose anybody's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignaturePolicy {
    /// It is refused. The only policy under which nobody can text in another's name.
    #[default]
    Enforce,
    /// It is taken as if it had been signed.
    Observe,
    /// A text is held until the operator decides; a crisis in it is answered with 988 all the same.
    Quarantine,
}

impl SignaturePolicy {
    /// The word for it in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
            Self::Quarantine => "quarantine",
        }
    }
}

/// Lets a request be read whose signature does NOT hold, where the operator's policy says so; none
/// under [`SignaturePolicy::Enforce`]. For the hooks alone (a test looks for other callers): whoever
/// calls it must raise an incident, and under quarantine must not act on what was read.
pub(crate) fn unverified_but_observed(policy: SignaturePolicy) -> Option<Verified> {
    match policy {
        SignaturePolicy::Enforce => None,
        SignaturePolicy::Observe | SignaturePolicy::Quarantine => Some(Verified(())),
    }
}

/// Why a request was not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature header is not there.
    #[error("the signature is missing")]
    Missing,
    /// The signature cannot be read.
    #[error("the signature is malformed")]
    Malformed,
    /// The signature is another one.
    #[error("the signature does not match")]
    Mismatch,
    /// It was signed too long ago, or our clock is wrong.
    #[error("the signature is too old, or our clock is wrong")]
    Stale,
}

/// What a hook told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person texted.
    Inbound(Inbound),
    /// News of a text that we sent.
    Receipt(Receipt),
    /// Nothing to act on, and why.
    Ignored(&'static str),
    /// It cannot be read, and why: there may be a text in it.
    Unreadable(&'static str),
}

/// One inbound text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The gateway's id of the text: the key against handling it twice.
    pub gateway_ref: String,
    /// Who sent it.
    pub from: PhoneNumber,
    /// The number that it was sent to.
    pub to: PhoneNumber,
    /// The words; empty when there were none.
    pub body: MessageBody,
    /// How many pictures or files came with it.
    pub media: u16,
    /// The opt-out keyword that the gateway has already answered by itself, if it says so.
    pub keyword_handled: Option<KeywordHandled>,
    /// Which piece of a long text it is, where the gateway does not put them together.
    pub part: Option<Part>,
}

/// A piece of a text that was too long for one segment (3GPP TS 23.040, section 9.2.3.24.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the pieces of one text of one sender share.
    pub reference: String,
    /// Which piece it is, from 1.
    pub number: u8,
    /// How many there are.
    pub total: u8,
}

/// A carrier keyword that the gateway acted on and answered before we saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordHandled {
    /// STOP and the like.
    OptOut,
    /// START and the like.
    OptIn,
    /// HELP and INFO.
    Help,
}

/// A delivery receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The gateway's id of the text.
    pub gateway_ref: String,
    /// Our id of the outbox row, where the gateway hands it back.
    pub outbox_id: Option<Uuid>,
    /// How far it has come.
    pub delivery: Delivery,
    /// The gateway's error code, if any.
    pub code: Option<String>,
    /// Whether the code says that the person has opted out at the gateway.
    pub opted_out: bool,
}

/// A text to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The id of the outbox row.
    pub outbox_id: Uuid,
    /// What a gateway that takes a repeated send once is to know a repetition by: see [`send_key`].
    pub key: Uuid,
    /// Whom it goes to.
    pub to: &'a PhoneNumber,
    /// The words.
    pub body: &'a MessageBody,
    /// Its lane.
    pub lane: Lane,
    /// How long the gateway may keep it and try; after that it must say that it failed.
    pub validity: Duration,
    /// Where receipts should be sent (the status hook, with the outbox id as `ref`).
    pub receipts_url: &'a str,
}

/// A request that the core is to carry out. No `Debug`: it holds credentials, a number and a body.
pub struct ApiRequest {
    /// The method: POST to send, mostly GET to ask.
    pub method: Method,
    /// The URL.
    pub url: String,
    /// Its headers, `Authorization` included.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// How carrying it out ended.
#[derive(Clone, Copy)]
pub enum ApiResult<'a> {
    /// The gateway answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` header in seconds, if it was a number.
        retry_after_s: Option<u64>,
        /// The body, cut at 64 KiB.
        body: &'a [u8],
    },
    /// No connection was made: nothing was sent.
    NotConnected,
    /// The request may have arrived: it was written, then time ran out or the line broke.
    Unanswered,
}

/// What the answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The gateway has it.
    Accepted {
        /// The gateway's id of the text.
        gateway_ref: String,
    },
    /// Not now: again after this many seconds, or by our own backoff.
    Retry {
        /// What the gateway asked for, in seconds.
        after_s: Option<u64>,
        /// The gateway's code.
        code: String,
    },
    /// Never to this recipient, or never these words.
    Permanent {
        /// The gateway's code.
        code: String,
    },
    /// The person has opted out at the gateway: nothing can reach them by text.
    OptedOut {
        /// The gateway's code.
        code: String,
    },
    /// It may or may not have been taken.
    Ambiguous,
    /// Our credentials, sender or account are wrong: an operator must act.
    Misconfigured {
        /// The gateway's code.
        code: String,
    },
}

/// What a gateway can do.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about a gateway; no two make a state"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// The hook's response may carry a text to the sender.
    pub inline_reply: bool,
    /// A send repeated with the same key is taken once.
    pub idempotent_send: bool,
    /// The most characters of one body.
    pub max_chars: usize,
    /// How long it waits for the answer to a hook.
    pub hook_deadline: Duration,
    /// A hook that was answered with 503 comes again by itself.
    pub repeats_hooks: bool,
    /// The gateway or its carriers answer opt-out keywords and block the sender, unless the operator
    /// has that switched off.
    pub blocks_opted_out: bool,
}

/// A text that goes back in the response to the hook.
#[derive(Clone, Copy, Debug)]
pub struct InlineReply<'a> {
    /// Whom it goes to: the sender of the text.
    pub to: &'a PhoneNumber,
    /// The words.
    pub body: &'a MessageBody,
    /// Where its receipts should be sent; none for a holding line, which has no row to receive them.
    pub receipts_url: Option<&'a str>,
}

/// The response to a hook: always status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookReply {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// More headers that the gateway reads.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl HookReply {
    /// A response without headers of its own.
    #[must_use]
    pub fn new(content_type: &'static str, body: impl Into<String>) -> Self {
        Self {
            content_type,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }
}

/// One SMS provider, configured. Pure over bytes.
pub trait Gateway: Send + Sync {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    fn name(&self) -> &str;

    /// What it can do.
    fn caps(&self) -> Caps;

    /// Whether its hooks hold pictures themselves, and not only where they are: such a hook is large.
    fn brings_pictures(&self) -> bool {
        false
    }

    /// Checks the signature, in constant time, against every configured token.
    ///
    /// # Errors
    /// [`VerifyError`] says why the request is not trusted.
    fn verify(&self, request: &RawRequest<'_>) -> Result<Verified, VerifyError>;

    /// Reads what the hook says. Total: what cannot be used is [`Event::Ignored`], and what cannot even be
    /// read [`Event::Unreadable`].
    fn parse(&self, request: &RawRequest<'_>, verified: Verified) -> Vec<Event>;

    /// The response that tells the gateway that we have the text.
    fn acknowledge(&self, inline: Option<InlineReply<'_>>) -> HookReply;

    /// The status that a hook gets that was not trusted. A gateway that may call without a signature
    /// and tries again later asks for another.
    fn refuse(&self, _why: VerifyError) -> StatusCode {
        StatusCode::FORBIDDEN
    }

    /// The hook by which the provider would bring a text, signed for this address as the provider signs:
    /// for drills, which knock at our own door. None where only the provider can sign.
    fn build_hook(&self, _url: &str, _text: &Inbound) -> Option<ApiRequest> {
        None
    }

    /// Takes a text itself; none where it leaves by a request ([`Gateway::build_send`]), as with every
    /// provider.
    fn take(&self, _message: &Outgoing<'_>) -> Option<SendOutcome> {
        None
    }

    /// The request that sends a text.
    fn build_send(&self, message: &Outgoing<'_>) -> ApiRequest;

    /// What the gateway's answer to the send under this key means.
    fn read_send(&self, key: Uuid, result: ApiResult<'_>) -> SendOutcome;

    /// Whether a text that was taken and not delivered for this reason may get through when it is sent
    /// again: the carrier was busy, and nothing is wrong with the number or the words.
    fn may_get_through(&self, _code: &str) -> bool {
        false
    }

    /// Whether it refuses a text to a person who opted out when it is sent. Elsewhere only a receipt says so,
    /// and that a text was taken says nothing of them.
    fn refuses_opted_out(&self) -> bool {
        false
    }

    /// How it places calls; none where it cannot, or has no number to call from.
    fn caller(&self) -> Option<&dyn Caller> {
        None
    }

    /// The request that asks how far a text has come; none where the gateway cannot be asked.
    fn build_poll(&self, _gateway_ref: &str) -> Option<ApiRequest> {
        None
    }

    /// What the answer to [`Gateway::build_poll`] says; none when it says nothing new. It is about the
    /// text that was asked for, whether it repeats its id or not.
    fn read_poll(&self, _result: ApiResult<'_>) -> Option<Receipt> {
        None
    }

    /// What `harborline doctor` asks the provider; nothing where it cannot be asked.
    fn build_checks(&self) -> Vec<(Check, ApiRequest)> {
        Vec::new()
    }

    /// What the answer to one of [`Gateway::build_checks`] says, and what to ask next.
    fn read_check(&self, _check: Check, _ours: &Ours, _result: ApiResult<'_>) -> Reading {
        Reading::default()
    }

    /// The request that lists the texts that came in since then, or the page of such a list; none
    /// where the gateway cannot be asked.
    fn build_list(&self, _since: At, _page: Option<&str>) -> Option<ApiRequest> {
        None
    }

    /// What the answer to [`Gateway::build_list`] says of the texts since then; none when it cannot be
    /// read. A list may be coarser than `since`, so it is handed in again.
    fn read_list(&self, _since: At, _result: ApiResult<'_>) -> Option<Listing> {
        None
    }

    /// The request that fetches one text that a list has only named; none where lists hold the words,
    /// or when this is no id of the gateway's.
    fn build_fetch(&self, _gateway_ref: &str) -> Option<ApiRequest> {
        None
    }

    /// What the answer to [`Gateway::build_fetch`] says.
    fn read_fetch(&self, _result: ApiResult<'_>) -> Fetched {
        Fetched::NotNow
    }
}

/// A text that a gateway says came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The text.
    pub inbound: Inbound,
    /// When it came in; none when the gateway's date cannot be read, and then it is taken for old enough.
    pub at: Option<At>,
}

/// A text that a gateway says came in, without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The gateway's id of the text.
    pub gateway_ref: String,
    /// When it came in, as in [`Listed`].
    pub at: Option<At>,
}

/// What became of fetching a text that a list has only named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The text.
    Text(Inbound),
    /// The gateway does not have it, or it is no text that came in.
    Nothing,
    /// It cannot be said: the gateway does not answer, or not with what can be read.
    NotNow,
}

/// Texts that a gateway says came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The texts.
    pub inbound: Vec<Listed>,
    /// Texts whose words must be fetched ([`Gateway::build_fetch`]), if they are not known already.
    pub named: Vec<Named>,
    /// Where the list goes on, for [`Gateway::build_list`].
    pub next: Option<String>,
}

/// The configured gateways, by name. Clones share them.
#[derive(Clone, Default)]
pub struct Gateways(Arc<BTreeMap<String, Arc<dyn Gateway>>>);

impl Gateways {
    /// Takes the gateways under their own names.
    #[must_use]
    pub fn new(gateways: Vec<Arc<dyn Gateway>>) -> Self {
        Self(Arc::new(
            gateways
                .into_iter()
                .map(|g| (g.name().to_owned(), g))
                .collect(),
        ))
    }

    /// These and one more.
    #[must_use]
    pub fn and(&self, gateway: Arc<dyn Gateway>) -> Self {
        let more = [(gateway.name().to_owned(), gateway)];
        let all = self.0.iter().map(|(name, g)| (name.clone(), Arc::clone(g)));
        Self(Arc::new(all.chain(more).collect()))
    }

    /// All of them, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        self.0.values()
    }

    /// The gateway of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Gateway>> {
        self.0.get(name)
    }
}

/// Where a gateway sends receipts of an outbox row: the row's id comes back as `ref`.
#[must_use]
pub fn receipts_url(public_url: &str, gateway: &str, outbox_id: Uuid) -> String {
    format!("{public_url}/hooks/{gateway}/status?ref={outbox_id}")
}
