//! Fields of a hook, wherever they are. Part of `gateway`: floor 2.

use serde::Deserialize;
use serde_json::Value;

use super::mapping::{Condition, Format};
use crate::gateway::RawRequest;
use crate::gateway::form::Form;
use crate::gateway::wire::{hook_json, query, text_of};

/// Where a field is: the name of a form field, or steps through JSON with dots between, as in
/// `results.0.from`. A digit is a place in an array, from 0.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the path leads to.
    pub(super) fn follow<'a>(&self, json: &'a Value) -> Option<&'a Value> {
        self.0.split('.').try_fold(json, |value, step| match value {
            Value::Array(values) => values.get(step.parse::<usize>().ok()?),
            Value::Object(fields) => fields.get(step),
            _ => None,
        })
    }
}

/// One text or receipt of a hook.
pub(super) enum Item {
    Form(Form),
    Json(Value),
}

impl Item {
    fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        match self {
            Self::Form(form) => {
                let mut fields = form.fields().iter();
                let (_, value) = fields.find(|(name, _)| name == path.0.as_bytes())?;
                Some(value.clone())
            }
            Self::Json(json) => text_of(path.follow(json)?).map(String::into_bytes),
        }
    }

    /// A field as text; none when it is not there or empty. Bytes that are not UTF-8 are read as
    /// ISO 8859-1, which is what older gateways send: no letter is lost.
    pub(super) fn text(&self, path: &Path) -> Option<String> {
        let bytes = self.bytes(path).filter(|bytes| !bytes.is_empty())?;
        Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| error.as_bytes().iter().map(|&b| char::from(b)).collect()),
        )
    }

    /// A field of UTF-16 (big-endian), as bytes or in hex.
    pub(super) fn utf16(&self, path: &Path, in_hex: bool) -> Option<String> {
        let bytes = self.bytes(path)?;
        let bytes = if in_hex {
            hex::decode(bytes).ok()?
        } else {
            bytes
        };
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
        Some(String::from_utf16_lossy(&units))
    }

    /// What a field lists.
    pub(super) fn list(&self, path: &Path) -> Vec<Self> {
        match self {
            Self::Json(json) => {
                let listed = path.follow(json).and_then(Value::as_array);
                let listed = listed.into_iter().flatten();
                listed.cloned().map(Self::Json).collect()
            }
            Self::Form(_) => Vec::new(),
        }
    }

    /// How many a field lists, or the number that stands in it.
    pub(super) fn count(&self, path: &Path) -> u16 {
        match self {
            Self::Json(json) => match path.follow(json) {
                Some(Value::Array(values)) => u16::try_from(values.len()).unwrap_or(u16::MAX),
                _ => crate::gateway::wire::count(self.text(path)),
            },
            Self::Form(_) => crate::gateway::wire::count(self.text(path)),
        }
    }
}

/// The items of a hook that fulfil every condition; none when it cannot be read.
pub(super) fn items(
    request: &RawRequest<'_>,
    format: Format,
    list: Option<&Path>,
    when: &[Condition],
) -> Option<Vec<Item>> {
    let mut found = match format {
        Format::Query => vec![Item::Form(query(request.url))],
        Format::Form => vec![Item::Form(Form::parse(request.body))],
        Format::Json => {
            let json = hook_json(request.body)?;
            let inner = match list {
                Some(path) => path.follow(&json).cloned().unwrap_or(Value::Null),
                None => json,
            };
            match inner {
                Value::Array(values) => values.into_iter().map(Item::Json).collect(),
                Value::Object(_) => vec![Item::Json(inner)],
                _ => Vec::new(),
            }
        }
    };
    found.retain(|item| when.iter().all(|condition| condition.holds(item)));
    Some(found)
}
