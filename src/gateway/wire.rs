//! What adapters read and write in the same way: classes of answers, credentials, ids, numbers, XML.
//! Part of `gateway`: floor 2.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::form::Form;
use super::{ApiResult, RawRequest, SendOutcome, VerifyError};
use crate::clock::At;
use crate::phone::PhoneNumber;

/// How old, or how far ahead of our clock, a signed time may be, in seconds. Telnyx's own library
/// takes this; the others give no number.
pub(super) const FRESH_S: u64 = 300;

/// What a gateway's refusal of a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Retry,
    Permanent,
    OptedOut,
    Misconfigured,
}

impl Class {
    /// The class of a code in a table.
    pub(super) fn of_code(table: &[(Self, &[u32])], code: &str) -> Option<Self> {
        let code: u32 = code.parse().ok()?;
        table
            .iter()
            .find(|(_, codes)| codes.contains(&code))
            .map(|&(class, _)| class)
    }

    /// What an HTTP status means where the body says no more.
    pub(super) const fn of_status(status: u16) -> Self {
        match status {
            408 | 425 | 429 | 500.. => Self::Retry,
            // Another address than the gateway's API, or an account that may not use it or owes money.
            300..=399 | 401..=405 => Self::Misconfigured,
            _ => Self::Permanent,
        }
    }

    pub(super) fn outcome(self, after_s: Option<u64>, code: String) -> SendOutcome {
        match self {
            Self::Retry => SendOutcome::Retry { after_s, code },
            Self::Permanent => SendOutcome::Permanent { code },
            Self::OptedOut => SendOutcome::OptedOut { code },
            Self::Misconfigured => SendOutcome::Misconfigured { code },
        }
    }
}

/// How a send ended: `answered` reads status, wait and body of an answer.
pub(super) fn read_send(
    result: ApiResult<'_>,
    answered: impl FnOnce(u16, Option<u64>, &[u8]) -> SendOutcome,
) -> SendOutcome {
    match result {
        ApiResult::NotConnected => SendOutcome::Retry {
            after_s: None,
            code: "not-connected".to_owned(),
        },
        ApiResult::Unanswered => SendOutcome::Ambiguous,
        ApiResult::Answered {
            status,
            retry_after_s,
            body,
        } => answered(status, retry_after_s, body),
    }
}

/// The send was taken under this id; without one it said yes, and we cannot tell to what.
pub(super) fn accepted(id: Option<&str>) -> SendOutcome {
    match id.filter(|id| !id.is_empty()) {
        Some(id) => SendOutcome::Accepted {
            gateway_ref: id.to_owned(),
        },
        None => SendOutcome::Ambiguous,
    }
}

/// The JSON of an answer with a status of success.
pub(super) fn json_of(result: ApiResult<'_>) -> Option<Value> {
    match result {
        ApiResult::Answered {
            status: 200..300,
            body,
            ..
        } => read_json(body),
        _ => None,
    }
}

/// The JSON of a hook. One without a body says nothing, as when somebody only tries the address; `None` when
/// it cannot be read.
pub(super) fn hook_json(body: &[u8]) -> Option<Value> {
    if body.trim_ascii().is_empty() {
        return Some(Value::Null);
    }
    read_json(body)
}

/// JSON, also where a text in it was cut in the middle of a character: half an emoji, which an escape can
/// hold, or bytes that are no UTF-8. Nobody's words may be lost for that.
fn read_json(bytes: &[u8]) -> Option<Value> {
    let whole = serde_json::from_slice(bytes).ok();
    whole.or_else(|| serde_json::from_str(&mended(&String::from_utf8_lossy(bytes))).ok())
}

/// JSON with U+FFFD in the place of each escape that is half of a surrogate pair (RFC 8259, section 8.2).
fn mended(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let next = escape.get(6..).and_then(escaped_unit);
        let (length, written) = match (escaped_unit(escape), next) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
            (Some(0xd800..=0xdfff), _) => (6, Some("\\ufffd")),
            // The second character may be a backslash, which begins no escape then.
            _ => (
                escape
                    .char_indices()
                    .nth(2)
                    .map_or(escape.len(), |(at, _)| at),
                None,
            ),
        };
        let (escape, after) = escape.split_at(length);
        mended.push_str(before);
        mended.push_str(written.unwrap_or(escape));
        rest = after;
    }
    mended.push_str(rest);
    mended
}

/// The UTF-16 unit of the escape with which JSON goes on.
fn escaped_unit(json: &str) -> Option<u16> {
    let digits = json.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// A JSON string or number as text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

/// The words of a text that may have a subject: both, one below the other.
pub(super) fn with_subject(subject: Option<String>, words: Option<String>) -> String {
    match (subject, words) {
        (Some(subject), Some(words)) if subject != words => format!("{subject}\n{words}"),
        (subject, words) => words.or(subject).unwrap_or_default(),
    }
}

/// The headers of a request: what its body is, and who we are.
pub(super) fn headers(
    content_type: Option<&'static str>,
    authorization: Option<String>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    // A secret that cannot stand in a header is refused at the start; without it comes 401.
    if let Some(Ok(mut value)) = authorization.map(HeaderValue::try_from) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// Adds a header whose value is visible ASCII.
pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// `Authorization: Basic` (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

/// The query of a hook.
pub(super) fn query(url: &str) -> Form {
    Form::parse(
        url.split_once('?')
            .map_or("", |(_, query)| query)
            .as_bytes(),
    )
}

/// The fields of a hook that is a `GET` or a form, and our id of an outbox row in its address. Only what
/// the signature covers is read: of a `GET`, the query; of a `POST`, the body.
pub(super) fn fields(request: &RawRequest<'_>) -> (Form, Option<Uuid>) {
    let query = query(request.url);
    let outbox_id = outbox_id(&query);
    let fields = if request.method == Method::GET {
        query
    } else {
        Form::parse(request.body)
    };
    (fields, outbox_id)
}

/// Our id of an outbox row, from the address that we gave for its receipts.
pub(super) fn outbox_id(query: &Form) -> Option<Uuid> {
    query.text("ref").and_then(|id| Uuid::try_parse(&id).ok())
}

/// The only header of this name: of two, neither could be trusted.
pub(super) fn one_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], VerifyError> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Err(VerifyError::Missing),
        (Some(_), Some(_)) => Err(VerifyError::Malformed),
        (Some(value), None) => Ok(value.as_bytes()),
    }
}

/// A signature with its time: both headers as they came, and the time that the second names.
pub(super) fn signed_at<'a>(
    headers: &'a HeaderMap,
    signature: &str,
    time: &str,
) -> Result<(&'a [u8], &'a [u8], i64), VerifyError> {
    let signature = one_header(headers, signature)?;
    let time = one_header(headers, time)?;
    Ok((signature, time, unix_seconds(time)?))
}

/// A time in Unix seconds, as digits and nothing else.
pub(super) fn unix_seconds(text: &[u8]) -> Result<i64, VerifyError> {
    std::str::from_utf8(text)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(VerifyError::Malformed)
}

/// Refuses what was signed too far from now.
pub(super) fn fresh(signed_s: i64, now: At) -> Result<(), VerifyError> {
    if (now.0 / 1000).abs_diff(signed_s) <= FRESH_S {
        Ok(())
    } else {
        Err(VerifyError::Stale)
    }
}

/// Whether a page of a list, by the times of all that is on it, has come to what was before `since`. Only
/// of a page that is in its order, the latest first: else what is later may be anywhere.
pub(super) fn is_beyond(times: &[At], since: At) -> bool {
    let in_order = times.is_sorted_by(|one, two| one >= two);
    in_order && times.last().is_some_and(|last| *last < since)
}

/// An id that may become part of a path: one that could name another resource is not asked for.
pub(super) fn plain_id(id: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (!id.is_empty() && id.bytes().all(plain)).then_some(id)
}

/// An id for a text that came without one. It differs from every other: handling a text twice is
/// better than taking a second one with the same words for a repetition.
pub(super) fn made_up_ref(request: &RawRequest<'_>) -> String {
    let digest = Sha256::new()
        .chain_update(request.now.0.to_be_bytes())
        .chain_update(request.url)
        .chain_update(request.body)
        .finalize();
    format!("made-up-{}", hex::encode(&digest[..16]))
}

/// Who a text is from. Without a sender there is no one to answer, but a text to read: each such
/// text is its own texter, because the words of two people must never meet in one conversation.
pub(super) fn sender(from: Option<String>, gateway_ref: &str) -> PhoneNumber {
    match from.filter(|from| !from.is_empty()) {
        Some(from) => PhoneNumber::of_sender(&from),
        None => PhoneNumber::of_sender(&format!("unknown:{gateway_ref}")),
    }
}

/// A number as a gateway writes it that leaves the plus out: short codes have 8 digits at most.
pub(super) fn with_plus(number: String) -> String {
    let international =
        (9..=15).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    if international {
        format!("+{number}")
    } else {
        number
    }
}

/// A number as such a gateway wants it.
pub(super) fn without_plus(number: &PhoneNumber) -> &str {
    let number = number.reveal();
    number.strip_prefix('+').unwrap_or(number)
}

/// A count of pictures, held at the end of the range.
pub(super) fn count(text: Option<String>) -> u16 {
    text.and_then(|count| count.trim().parse::<u64>().ok())
        .map_or(0, |count| u16::try_from(count).unwrap_or(u16::MAX))
}

pub(super) const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// Text as XML 1.0 (fifth edition, section 2.2) can hold it, in an element or an attribute. What
/// no document may contain is left out: one such character would lose the whole reply.
pub(super) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // A parser would turn a bare one into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => escaped.push(c),
            _ => {}
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_of_characters_are_replaced() {
        let words = |json: &str| read_json(json.as_bytes()).map(|json| json["text"].clone());
        for (json, text) in [
            (r#"{"text":"a \ud83d"}"#, "a \u{fffd}"),
            (r#"{"text":"\ud83d\ud83d\ude14"}"#, "\u{fffd}\u{1f614}"),
            (r#"{"text":"\ude14\ud83d b"}"#, "\u{fffd}\u{fffd} b"),
            (r#"{"text":"\uD83D\n\"\\"}"#, "\u{fffd}\n\"\\"),
            // A backslash and six letters, which no phone cut.
            (r#"{"text":"\\ud83d \ud83d"}"#, r"\ud83d \u{fffd}"),
            (r#"{"text":"\u00e1 \ud83d é"}"#, "á \u{fffd} é"),
        ] {
            let text = text.replace(r"\u{fffd}", "\u{fffd}");
            assert_eq!(words(json), Some(Value::from(text)), "{json}");
        }
        for broken in ["{", r#"{"text":"\ud83"}"#, "\u{0}", r"\", r"\é\u", ""] {
            assert_eq!(read_json(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn a_subject_is_words() {
        let both = |subject: &str, words: &str| {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            with_subject(some(subject), some(words))
        };
        assert_eq!(both("i cant do this", "look"), "i cant do this\nlook");
        assert_eq!(both("same", "same"), "same");
        assert_eq!([both("s", ""), both("", "w"), both("", "")], ["s", "w", ""]);
    }
}
