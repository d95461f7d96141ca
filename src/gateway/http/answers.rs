//! What the answer to a send of a mapped gateway means. Part of `gateway`: floor 2.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::item::Path;
use super::{LONGEST_ID, short};
use crate::gateway::SendOutcome;
use crate::gateway::wire::{Class, text_of};

/// `[[gateways.NAME.answers]]`: the first that fits counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// The HTTP status; without it any.
    #[serde(default)]
    pub(super) status: Statuses,
    /// What the body begins with.
    #[serde(default)]
    pub(super) prefix: String,
    /// A field of the JSON in the body.
    pub(super) field: Option<Path>,
    /// What it may be.
    #[serde(default)]
    pub(super) is: Vec<String>,
    /// What that means.
    pub(super) means: Meaning,
    /// Where the gateway's id of the text is in the JSON.
    pub(super) id: Option<Path>,
    /// Or what stands before and after it in the text.
    pub(super) id_between: Option<(String, String)>,
    /// Where the gateway's error code is in the JSON; without it the HTTP status is the code.
    pub(super) code: Option<Path>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Meaning {
    Accepted,
    Retry,
    Permanent,
    OptedOut,
    Misconfigured,
}

/// `"202"` or `"200-299"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Statuses(u16, u16);

impl Default for Statuses {
    fn default() -> Self {
        Self(0, u16::MAX)
    }
}

impl TryFrom<String> for Statuses {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Self(first, last)),
            _ => Err("status is neither like \"202\" nor like \"200-299\""),
        }
    }
}

/// Reads an answer by the rules. Without one that fits, success is in doubt and the rest is judged by
/// its status.
pub(super) fn read(
    rules: &[Rule],
    key: Uuid,
    status: u16,
    after_s: Option<u64>,
    body: &[u8],
) -> SendOutcome {
    let text = String::from_utf8_lossy(body);
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(rule) = rules.iter().find(|rule| rule.fits(status, &text, &json)) else {
        return match status {
            200..300 => SendOutcome::Ambiguous,
            _ => Class::of_status(status).outcome(after_s, format!("http-{status}")),
        };
    };
    let code = rule.code.as_ref().and_then(|path| path.follow(&json));
    let code = code
        .and_then(text_of)
        .map_or_else(|| format!("http-{status}"), |code| short(&code));
    match rule.means {
        Meaning::Accepted => rule.accepted(key, &text, &json),
        Meaning::Retry => Class::Retry.outcome(after_s, code),
        Meaning::Permanent => Class::Permanent.outcome(None, code),
        Meaning::OptedOut => Class::OptedOut.outcome(None, code),
        Meaning::Misconfigured => Class::Misconfigured.outcome(None, code),
    }
}

impl Rule {
    fn fits(&self, status: u16, text: &str, json: &Value) -> bool {
        let Statuses(first, last) = self.status;
        let field = self.field.as_ref().is_none_or(|path| {
            let value = path.follow(json).and_then(text_of);
            value.is_some_and(|value| self.is.contains(&value))
        });
        (first..=last).contains(&status) && text.starts_with(&self.prefix) && field
    }

    fn accepted(&self, key: Uuid, text: &str, json: &Value) -> SendOutcome {
        let id = match (&self.id, &self.id_between) {
            (Some(path), _) => path.follow(json).and_then(text_of),
            (None, Some((before, after))) => text
                .split_once(before.as_str())
                .and_then(|(_, rest)| rest.split_once(after.as_str()))
                .map(|(id, _)| id.to_owned()),
            // The gateway gives none: receipts come to an address with ours.
            (None, None) => Some(key.to_string()),
        };
        match id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID) {
            Some(gateway_ref) => SendOutcome::Accepted { gateway_ref },
            None => SendOutcome::Ambiguous,
        }
    }
}
