//! Words with places in them that are filled for each text. Part of `gateway`: floor 2.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::gateway::wire::without_plus;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// What fills the places.
pub(super) struct Values<'a> {
    pub(super) secrets: &'a BTreeMap<String, SecretString>,
    pub(super) from: &'a str,
    pub(super) to: &'a PhoneNumber,
    pub(super) body: &'a MessageBody,
    pub(super) priority: &'a str,
    pub(super) id: String,
    pub(super) reference: &'a str,
    pub(super) receipts_url: String,
    pub(super) validity: Duration,
}

/// The places, as they are written between braces.
const PLACES: &[(&str, Place)] = &[
    ("to", Place::To),
    ("to_digits", Place::ToDigits),
    ("from", Place::From),
    ("from_digits", Place::FromDigits),
    ("body", Place::Body),
    ("body_utf16", Place::BodyUtf16),
    ("body_utf16_hex", Place::BodyUtf16Hex),
    ("id", Place::Id),
    ("ref", Place::Ref),
    ("receipts_url", Place::ReceiptsUrl),
    ("validity_s", Place::ValidityS),
    ("validity_min", Place::ValidityMin),
    ("priority", Place::Priority),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    To,
    ToDigits,
    From,
    FromDigits,
    Body,
    BodyUtf16,
    BodyUtf16Hex,
    Id,
    Ref,
    ReceiptsUrl,
    ValidityS,
    ValidityMin,
    Priority,
}

#[derive(Clone)]
enum Piece {
    Words(String),
    Place(Place),
    Secret(String),
}

/// Words with places. `{{` and `}}` stand for braces. No `Debug`: an operator may have written a
/// password into it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Template(Vec<Piece>);

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(hidden)")
    }
}

/// Why a template was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadTemplate {
    #[error("a brace stands alone; write {{{{ or }}}} for the sign itself")]
    Brace,
    #[error("{{{0}}} is not known; known are {{secrets.NAME}} and {known}", known = known())]
    Unknown(String),
}

fn known() -> String {
    let names: Vec<String> = PLACES
        .iter()
        .map(|(name, _)| format!("{{{name}}}"))
        .collect();
    names.join(", ")
}

impl TryFrom<String> for Template {
    type Error = BadTemplate;

    fn try_from(text: String) -> Result<Self, BadTemplate> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            words.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                words.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let (name, after) = rest
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'))
                .ok_or(BadTemplate::Brace)?;
            pieces.push(Piece::Words(std::mem::take(&mut words)));
            pieces.push(piece(name)?);
            rest = after;
        }
        words.push_str(rest);
        pieces.push(Piece::Words(words));
        Ok(Self(pieces))
    }
}

fn piece(name: &str) -> Result<Piece, BadTemplate> {
    if let Some(secret) = name.strip_prefix("secrets.") {
        return Ok(Piece::Secret(secret.to_owned()));
    }
    let place = PLACES.iter().find(|(known, _)| *known == name);
    match place {
        Some((_, place)) => Ok(Piece::Place(*place)),
        None => Err(BadTemplate::Unknown(name.to_owned())),
    }
}

impl Template {
    /// The template, filled. Only `{body_utf16}` makes bytes that are not UTF-8.
    pub(super) fn bytes(&self, values: &Values<'_>) -> Vec<u8> {
        let mut filled = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => filled.extend_from_slice(words.as_bytes()),
                Piece::Secret(name) => {
                    let secret = values.secrets.get(name);
                    filled.extend_from_slice(secret.map_or("", |s| s.expose_secret()).as_bytes());
                }
                Piece::Place(Place::BodyUtf16) => filled.extend(utf16(values.body)),
                Piece::Place(place) => filled.extend_from_slice(place.text(values).as_bytes()),
            }
        }
        filled
    }

    /// The same as text.
    pub(super) fn text(&self, values: &Values<'_>) -> String {
        String::from_utf8_lossy(&self.bytes(values)).into_owned()
    }

    /// The same as an address: what is filled in cannot reach beyond its place.
    pub(super) fn address(&self, values: &Values<'_>) -> String {
        let escape = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
        let piece = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            filled => escape(&Self(vec![filled.clone()]).bytes(values)),
        };
        self.0.iter().map(piece).collect()
    }

    /// A name of a secret that is not there.
    pub(super) fn missing_secret(&self, secrets: &BTreeMap<String, SecretString>) -> Option<&str> {
        self.0.iter().find_map(|piece| match piece {
            Piece::Secret(name) if !secrets.contains_key(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it makes bytes that only a form can carry.
    pub(super) fn is_binary(&self) -> bool {
        self.has(Place::BodyUtf16)
    }

    /// Whether it holds the words of a text.
    pub(super) fn has_body(&self) -> bool {
        self.has(Place::Body) || self.has(Place::BodyUtf16) || self.has(Place::BodyUtf16Hex)
    }

    /// Whether it says whom a text goes to.
    pub(super) fn has_to(&self) -> bool {
        self.has(Place::To) || self.has(Place::ToDigits)
    }

    /// Whether it asks for receipts.
    pub(super) fn wants_receipts(&self) -> bool {
        self.has(Place::ReceiptsUrl)
    }

    /// Whether it names a text that was sent, by the id that the gateway gave to it.
    pub(super) fn has_ref(&self) -> bool {
        self.has(Place::Ref)
    }

    /// Whether all that is filled in is known without a text at hand: secrets, our number, and an id.
    pub(super) fn is_question(&self) -> bool {
        self.0.iter().all(|piece| match piece {
            Piece::Place(place) => {
                matches!(place, Place::Ref | Place::From | Place::FromDigits)
            }
            Piece::Words(_) | Piece::Secret(_) => true,
        })
    }

    fn has(&self, place: Place) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Place(found) if *found == place))
    }
}

impl Place {
    fn text(self, values: &Values<'_>) -> String {
        match self {
            Self::To => values.to.reveal().to_owned(),
            Self::ToDigits => without_plus(values.to).to_owned(),
            Self::From => values.from.to_owned(),
            Self::FromDigits => values.from.trim_start_matches('+').to_owned(),
            Self::Body => values.body.reveal().to_owned(),
            Self::BodyUtf16 => String::new(),
            Self::BodyUtf16Hex => hex::encode(utf16(values.body)),
            Self::Id => values.id.clone(),
            Self::Ref => values.reference.to_owned(),
            Self::ReceiptsUrl => values.receipts_url.clone(),
            Self::ValidityS => values.validity.as_secs().to_string(),
            Self::ValidityMin => values.validity.as_secs().div_ceil(60).to_string(),
            Self::Priority => values.priority.to_owned(),
        }
    }
}

fn utf16(body: &MessageBody) -> Vec<u8> {
    body.reveal()
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect()
}

/// JSON whose strings are templates.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Text(Template),
    Plain(Value),
    List(Vec<Self>),
    Fields(BTreeMap<String, Self>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        shape(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn shape(value: Value) -> Result<Shape, BadTemplate> {
    Ok(match value {
        Value::String(text) => Shape::Text(Template::try_from(text)?),
        Value::Array(values) => {
            Shape::List(values.into_iter().map(shape).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| Ok((name, shape(value)?)));
            Shape::Fields(fields.collect::<Result<_, _>>()?)
        }
        plain => Shape::Plain(plain),
    })
}

/// A shape, filled.
pub(super) fn fill(shape: &Shape, values: &Values<'_>) -> Value {
    match shape {
        Shape::Text(template) => Value::String(template.text(values)),
        Shape::Plain(value) => value.clone(),
        Shape::List(shapes) => shapes.iter().map(|shape| fill(shape, values)).collect(),
        Shape::Fields(fields) => fields
            .iter()
            .map(|(name, shape)| (name.clone(), fill(shape, values)))
            .collect(),
    }
}

/// Every template of a shape.
pub(super) fn templates<'a>(shape: &'a Shape, found: &mut Vec<&'a Template>) {
    match shape {
        Shape::Text(template) => found.push(template),
        Shape::Plain(_) => {}
        Shape::List(shapes) => shapes.iter().for_each(|shape| templates(shape, found)),
        Shape::Fields(fields) => fields.values().for_each(|shape| templates(shape, found)),
    }
}
