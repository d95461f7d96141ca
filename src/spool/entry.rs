//! What is kept in the spool, and its form on disk.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::At;
use crate::delivery::Delivery;
use crate::gateway::{Inbound, KeywordHandled, Part, Receipt};
use crate::phone::PhoneNumber;
use crate::text::MessageBody;
use crate::triage::Verdict;

/// What came in by a hook and could not be stored in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The gateway that it came by.
    pub gateway: String,
    /// When it came in.
    pub arrived: At,
    /// What it is.
    pub kept: Kept,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// A text.
    Text(Box<KeptText>),
    /// News of a text that we sent.
    Receipt(Receipt),
}

/// A text, and what was done about it without the store.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptText {
    /// The text.
    pub inbound: Inbound,
    /// What triage said of it when it came in.
    pub verdict: Verdict,
    /// The outbox row of the crisis reply, if it is a crisis: receipts name it.
    pub reply_id: Uuid,
    /// Whether that reply went out without the store: then it waits for its receipt.
    pub answered: bool,
}

/// Which kind an entry is. It stands in the name of the file, in clear, so that a start-up can count
/// without opening anything; the tier of a text is in clear in the database, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A text in crisis.
    Crisis,
    /// Any other text.
    Text,
    /// A receipt.
    Receipt,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Crisis, Self::Text, Self::Receipt];

    /// The end of the file's name.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Crisis => "crisis",
            Self::Text => "text",
            Self::Receipt => "receipt",
        }
    }

    /// What the bytes are bound to besides their name.
    pub(super) const fn purpose(self) -> &'static str {
        match self {
            Self::Crisis => "spool.crisis",
            Self::Text => "spool.text",
            Self::Receipt => "spool.receipt",
        }
    }

    pub(super) fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.ending() == ending)
    }
}

impl Entry {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.kept {
            Kept::Text(text) if text.verdict.action() == crate::triage::Action::Page => {
                Kind::Crisis
            }
            Kept::Text(_) => Kind::Text,
            Kept::Receipt(_) => Kind::Receipt,
        }
    }

    /// The form that is sealed.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain data with string keys: serialising it cannot fail.
        serde_json::to_vec(&Written::from(self)).unwrap_or_default()
    }

    /// Reads the form that was sealed; `None` when another version wrote something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Written>(bytes)
            .ok()
            .map(Self::from)
    }
}

// The types of the domain do not serialise themselves: a number or a body must not end up in a log
// or a page by way of a derive. This is the one form that they are written in, and it is sealed.

#[derive(Serialize, Deserialize)]
struct Written {
    gateway: String,
    arrived: At,
    #[serde(flatten)]
    kept: WrittenKept,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenKept {
    Text(Box<WrittenText>),
    Receipt(WrittenReceipt),
}

#[derive(Serialize, Deserialize)]
struct WrittenText {
    gateway_ref: String,
    from: String,
    to: String,
    body: String,
    media: u16,
    keyword_handled: Option<WrittenKeyword>,
    part: Option<WrittenPart>,
    verdict: Verdict,
    reply_id: Uuid,
    answered: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenKeyword {
    OptOut,
    OptIn,
    Help,
}

#[derive(Serialize, Deserialize)]
struct WrittenPart {
    reference: String,
    number: u8,
    total: u8,
}

#[derive(Serialize, Deserialize)]
struct WrittenReceipt {
    gateway_ref: String,
    outbox_id: Option<Uuid>,
    delivery: Delivery,
    code: Option<String>,
    opted_out: bool,
}

impl From<&Entry> for Written {
    fn from(entry: &Entry) -> Self {
        Self {
            gateway: entry.gateway.clone(),
            arrived: entry.arrived,
            kept: match &entry.kept {
                Kept::Text(text) => WrittenKept::Text(Box::new(WrittenText::from(&**text))),
                Kept::Receipt(receipt) => WrittenKept::Receipt(WrittenReceipt {
                    gateway_ref: receipt.gateway_ref.clone(),
                    outbox_id: receipt.outbox_id,
                    delivery: receipt.delivery,
                    code: receipt.code.clone(),
                    opted_out: receipt.opted_out,
                }),
            },
        }
    }
}

impl From<&KeptText> for WrittenText {
    fn from(text: &KeptText) -> Self {
        let inbound = &text.inbound;
        Self {
            gateway_ref: inbound.gateway_ref.clone(),
            from: inbound.from.reveal().to_owned(),
            to: inbound.to.reveal().to_owned(),
            body: inbound.body.reveal().to_owned(),
            media: inbound.media,
            keyword_handled: inbound.keyword_handled.map(|keyword| match keyword {
                KeywordHandled::OptOut => WrittenKeyword::OptOut,
                KeywordHandled::OptIn => WrittenKeyword::OptIn,
                KeywordHandled::Help => WrittenKeyword::Help,
            }),
            part: inbound.part.as_ref().map(|part| WrittenPart {
                reference: part.reference.clone(),
                number: part.number,
                total: part.total,
            }),
            verdict: text.verdict.clone(),
            reply_id: text.reply_id,
            answered: text.answered,
        }
    }
}

impl From<Written> for Entry {
    fn from(written: Written) -> Self {
        Self {
            gateway: written.gateway,
            arrived: written.arrived,
            kept: match written.kept {
                WrittenKept::Text(text) => Kept::Text(Box::new((*text).into())),
                WrittenKept::Receipt(receipt) => Kept::Receipt(Receipt {
                    gateway_ref: receipt.gateway_ref,
                    outbox_id: receipt.outbox_id,
                    delivery: receipt.delivery,
                    code: receipt.code,
                    opted_out: receipt.opted_out,
                }),
            },
        }
    }
}

impl From<WrittenText> for KeptText {
    fn from(text: WrittenText) -> Self {
        Self {
            inbound: Inbound {
                gateway_ref: text.gateway_ref,
                from: PhoneNumber::of_sender(&text.from),
                to: PhoneNumber::of_sender(&text.to),
                body: MessageBody::new(text.body),
                media: text.media,
                keyword_handled: text.keyword_handled.map(|keyword| match keyword {
                    WrittenKeyword::OptOut => KeywordHandled::OptOut,
                    WrittenKeyword::OptIn => KeywordHandled::OptIn,
                    WrittenKeyword::Help => KeywordHandled::Help,
                }),
                part: text.part.map(|part| Part {
                    reference: part.reference,
                    number: part.number,
                    total: part.total,
                }),
            },
            verdict: text.verdict,
            reply_id: text.reply_id,
            answered: text.answered,
        }
    }
}
