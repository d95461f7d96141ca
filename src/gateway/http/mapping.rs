//! The mapping of a gateway: what an operator writes. Part of `gateway`: floor 2.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::answers::Rule;
use super::ask::{Poll, Probe};
use super::door::Auth;
use super::item::{Item, Path};
use super::template::{Shape, Template};
use crate::gateway::{Delivery, SignaturePolicy, wire, with_sending};
use crate::lane::Lane;

with_sending! {
    /// `[gateways.NAME]` with `kind = "http"`
    #[derive(Clone, Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Mapping {
        /// The number or short code that texts come from.
        pub sender: String,
        /// Secrets that templates name as `{secrets.NAME}`.
        #[serde(default)]
        pub(super) secrets: BTreeMap<String, SecretString>,
        /// The most characters of one body.
        #[serde(default = "max_chars")]
        pub(super) max_chars: usize,
        /// Seconds that the gateway waits for the answer to a hook.
        #[serde(default = "hook_deadline_s")]
        pub(super) hook_deadline_s: u64,
        /// Whether a hook that was answered with 503 comes again by itself.
        #[serde(default)]
        pub(super) repeats_hooks: bool,
        /// Whether a send that is repeated with the same `{id}` is taken once.
        #[serde(default)]
        pub(super) idempotent_send: bool,
        /// Whether the gateway or its carriers block who replied STOP.
        #[serde(default = "yes")]
        pub(super) blocks_opted_out: bool,
        /// What is done with a hook that does not prove who it is from.
        #[serde(default)]
        pub signature: SignaturePolicy,
        /// How hooks prove who they are from.
        pub(super) auth: Auth,
        /// While a secret is rotated, or hooks move from one way to another: the other way.
        pub(super) auth_other: Option<Auth>,
        /// Where the fields of a text are.
        pub(super) inbound: Inbounds,
        /// Where the fields of a receipt are.
        pub(super) receipt: Receipts,
        /// What a hook is answered with.
        #[serde(default)]
        pub(super) ack: Ack,
        /// How a text is sent.
        pub(super) send: Send,
        /// What the answer means.
        pub(super) answers: Vec<Rule>,
        /// How the gateway is asked how far a text has come.
        pub(super) poll: Option<Poll>,
        /// What `harborline doctor` asks the gateway.
        pub(super) check: Option<Probe>,
    }
}

const fn max_chars() -> usize {
    1600
}

const fn hook_deadline_s() -> u64 {
    10
}

const fn yes() -> bool {
    true
}

/// User and password of HTTP Basic (RFC 7617).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: SecretString,
}

impl Login {
    pub(super) fn authorization(&self) -> String {
        wire::basic(&self.username, self.password.expose_secret())
    }
}

/// Where the fields of a hook are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// In the query of the address.
    Query,
    /// In a form in the body.
    Form,
    /// In JSON in the body.
    Json,
}

/// Whether a word of a mapping stands for this text: the same, or its beginning if the word ends in `*`.
fn stands_for(word: &str, text: &str) -> bool {
    match word.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => word == text,
    }
}

/// A field that must be one of these words. One that ends in `*` stands for all that begin so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub(super) field: Path,
    pub(super) is: Vec<String>,
}

impl Condition {
    pub(super) fn holds(&self, item: &Item) -> bool {
        item.text(&self.field)
            .is_some_and(|text| self.is.iter().any(|word| stands_for(word, &text)))
    }
}

/// `[gateways.NAME.inbound]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inbounds {
    pub(super) format: Format,
    /// Where the texts are in JSON: an array, or one object. Without it, the whole body.
    pub(super) items: Option<Path>,
    /// What makes one a text.
    #[serde(default)]
    pub(super) when: Vec<Condition>,
    pub(super) id: Path,
    pub(super) from: Path,
    pub(super) to: Option<Path>,
    pub(super) body: Path,
    /// An array of pictures, or their number.
    pub(super) media: Option<Path>,
    /// Whether numbers come without their plus.
    #[serde(default)]
    pub(super) adds_plus: bool,
    /// Where words are in UTF-16, if they sometimes are.
    pub(super) utf16: Option<Utf16>,
    /// Where words and pictures are in a text that comes in parts, if some do.
    pub(super) parts: Option<Parts>,
}

/// `[gateways.NAME.inbound.parts]`: a list in JSON, as of an MMS. Its words are read when `body` is empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    /// The list.
    pub(super) items: Path,
    /// What makes a part words.
    pub(super) when: Condition,
    /// The field with the words.
    pub(super) body: Path,
    /// The field that only a picture has.
    pub(super) media: Option<Path>,
}

impl Parts {
    /// The words of all parts, one below the other.
    pub(super) fn words(&self, item: &Item) -> Option<String> {
        let parts = item.list(&self.items);
        let words = parts.iter().filter(|part| self.when.holds(part));
        let words: Vec<String> = words.filter_map(|part| part.text(&self.body)).collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }

    /// How many parts are pictures.
    pub(super) fn pictures(&self, item: &Item) -> u16 {
        let is_picture = |part: &&Item| {
            let field = self.media.as_ref();
            field.is_some_and(|field| part.text(field).is_some())
        };
        let count = item.list(&self.items).iter().filter(is_picture).count();
        u16::try_from(count).unwrap_or(u16::MAX)
    }
}

/// `[gateways.NAME.inbound.utf16]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Utf16 {
    /// What makes it one.
    pub(super) when: Condition,
    /// The field with the words.
    pub(super) body: Path,
    /// Whether they are in hex.
    #[serde(default)]
    pub(super) hex: bool,
}

impl Utf16 {
    pub(super) fn words(&self, item: &Item) -> Option<String> {
        item.utf16(&self.body, self.hex)
    }
}

/// `[gateways.NAME.receipt]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipts {
    pub(super) format: Format,
    /// As in [`Inbounds`].
    pub(super) items: Option<Path>,
    /// What makes one a receipt.
    #[serde(default)]
    pub(super) when: Vec<Condition>,
    /// The gateway's id of the text; without it, ours.
    pub(super) id: Option<Path>,
    /// Our id, where the gateway hands it back; else `ref` in the address.
    #[serde(rename = "ref")]
    pub(super) reference: Option<Path>,
    pub(super) status: Path,
    pub(super) statuses: Statuses,
    /// The gateway's error code.
    pub(super) code: Option<Path>,
    /// Codes that say that the person opted out at the gateway.
    #[serde(default)]
    pub(super) opted_out: Vec<String>,
}

/// `[gateways.NAME.receipt.statuses]`: the gateway's words for how far a text has come. One that ends in `*`
/// stands for all that begin so and stand nowhere else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statuses {
    #[serde(default)]
    pub(super) accepted: Vec<String>,
    #[serde(default)]
    pub(super) sent: Vec<String>,
    pub(super) delivered: Vec<String>,
    pub(super) failed: Vec<String>,
}

impl Statuses {
    /// How far a text has come; none for a word that the mapping does not know.
    pub(super) fn rank(&self, status: &str) -> Option<Delivery> {
        let words = [
            (&self.accepted, Delivery::Accepted),
            (&self.sent, Delivery::Sent),
            (&self.delivered, Delivery::Delivered),
            (&self.failed, Delivery::Failed),
        ];
        let all = words
            .into_iter()
            .flat_map(|(words, delivery)| words.iter().map(move |word| (word, delivery)));
        // The word itself first, then the longest beginning.
        all.filter(|(word, _)| stands_for(word, status))
            .max_by_key(|(word, _)| (*word == status, word.len()))
            .map(|(_, delivery)| delivery)
    }
}

/// `[gateways.NAME.ack]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ack {
    #[serde(default)]
    pub(super) content_type: ContentType,
    #[serde(default)]
    pub(super) body: String,
    /// Whether the body of the response, as plain text, is sent to the person.
    #[serde(default)]
    pub(super) inline: bool,
    /// Headers of such a response.
    #[serde(default)]
    pub(super) inline_headers: BTreeMap<String, Template>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) enum ContentType {
    #[default]
    #[serde(rename = "text/plain")]
    Plain,
    #[serde(rename = "application/json")]
    Json,
    #[serde(rename = "text/xml")]
    Xml,
}

impl ContentType {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Json => "application/json",
            Self::Xml => "text/xml",
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verb {
    Get,
    Post,
}

/// `[gateways.NAME.send]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Send {
    pub(super) method: Verb,
    pub(super) url: String,
    pub(super) basic: Option<Login>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Template>,
    #[serde(default)]
    pub(super) query: BTreeMap<String, Template>,
    pub(super) form: Option<BTreeMap<String, Template>>,
    pub(super) json: Option<Shape>,
    /// More fields, of the form or else the query, for words that GSM-7 can hold.
    #[serde(default)]
    pub(super) gsm: BTreeMap<String, Template>,
    /// The same for all others.
    #[serde(default)]
    pub(super) ucs2: BTreeMap<String, Template>,
    /// What `{priority}` is.
    #[serde(default)]
    pub(super) priority: Priorities,
}

/// `[gateways.NAME.send.priority]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Priorities {
    crisis: String,
    page: String,
    conversation: String,
    content: String,
}

impl Priorities {
    pub(super) fn of(&self, lane: Lane) -> &str {
        match lane {
            Lane::Crisis => &self.crisis,
            Lane::Page => &self.page,
            Lane::Conversation => &self.conversation,
            Lane::Content => &self.content,
        }
    }
}
