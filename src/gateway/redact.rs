//! What the gateway log keeps of a request or an answer: its form, and nothing of a person.
//!
//! Names of fields stay, and the values of a few that say how it went, such as `status`. Every other
//! value is replaced by its length in brackets: numbers, words, tokens, signatures, and whatever a
//! provider adds without notice.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::{ApiRequest, ApiResult, HookReply, RawRequest};

/// The most that is kept of one side of an exchange, in bytes.
const MOST: usize = 4_000;
/// How many entries of a list are kept, and how deep lists and objects go.
const ITEMS: usize = 20;
const DEPTH: usize = 8;

/// The fields whose values say how it went and never what was said, in lowercase, without `_` and `-`.
const SAFE: [&str; 26] = [
    "answeredby",
    "apiversion",
    "attempt",
    "callstatus",
    "code",
    "contenttype",
    "direction",
    "encoding",
    "errorcode",
    "eventtype",
    "httpstatus",
    "nummedia",
    "numsegments",
    "parts",
    "priority",
    "recordtype",
    "retryafter",
    "segments",
    "smsstatus",
    "state",
    "status",
    "statuscode",
    "messagestatus",
    "type",
    "validityperiod",
    "xratelimitreset",
];

/// A request to a gateway's API.
#[must_use]
pub fn request(request: &ApiRequest) -> String {
    let body = body(&request.body, is_form(&request.headers));
    cut(format!(
        "{} {}\n{}\n{body}",
        request.method,
        url(&request.url),
        headers(&request.headers)
    ))
}

/// A gateway's answer.
#[must_use]
pub fn answer(result: ApiResult<'_>) -> String {
    match result {
        ApiResult::Answered {
            status,
            retry_after_s,
            body: bytes,
        } => {
            let wait = retry_after_s.map_or_else(String::new, |s| format!("retry-after: {s}\n"));
            cut(format!("{status}\n{wait}{}", body(bytes, false)))
        }
        ApiResult::NotConnected => "no connection".to_owned(),
        ApiResult::Unanswered => "no answer in time".to_owned(),
    }
}

/// A request of a gateway to a hook.
#[must_use]
pub fn hook(request: &RawRequest<'_>) -> String {
    cut(format!(
        "{} {}\n{}\n{}",
        request.method,
        url(request.url),
        headers(request.headers),
        body(request.body, is_form(request.headers))
    ))
}

/// Our answer to a hook.
#[must_use]
pub fn reply(reply: &HookReply) -> String {
    cut(format!(
        "200\ncontent-type: {}\n{}{}",
        reply.content_type,
        headers(&reply.headers),
        body(reply.body.as_bytes(), false)
    ))
}

/// A word for people, if it can be nothing but one; else its length.
#[must_use]
pub fn word(word: &str) -> String {
    if is_plain(word) {
        word.to_owned()
    } else {
        length(word)
    }
}

fn length(value: &str) -> String {
    format!("({})", value.chars().count())
}

fn cut(mut words: String) -> String {
    words.truncate(words.floor_char_boundary(MOST));
    words
}

/// A short token without anything that could be a number to call: at most five digits in a row.
fn is_plain(value: &str) -> bool {
    let fits = (1..=40).contains(&value.len());
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
    fits && value.chars().all(token) && longest_digits(value) <= 5
}

fn longest_digits(value: &str) -> usize {
    let runs = value.split(|c: char| !c.is_ascii_digit());
    runs.map(str::len).max().unwrap_or(0)
}

/// The name of a field, as long as it looks like one.
fn name(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    if begins && name.len() <= 40 && name.chars().all(token) && longest_digits(name) <= 3 {
        name.to_owned()
    } else {
        length(name)
    }
}

fn value_of(name: &str, value: &str) -> String {
    let folded: String = name
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if SAFE.contains(&folded.as_str()) {
        word(value)
    } else {
        length(value)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded"))
}

fn headers(headers: &HeaderMap) -> String {
    let line = |(key, value): (&HeaderName, &HeaderValue)| {
        let value = value.to_str().unwrap_or_default();
        format!(
            "{}: {}\n",
            name(key.as_str()),
            value_of(key.as_str(), value)
        )
    };
    headers.iter().map(line).collect()
}

/// Host and path as far as they are plain words, and the names in the query.
fn url(raw: &str) -> String {
    let Ok(url) = Url::parse(raw) else {
        return length(raw);
    };
    let segment = |segment: &str| {
        let letters = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | '.');
        let date = segment.len() == 10 && longest_digits(segment) == 4;
        let version = segment.len() <= 3 && segment.starts_with('v');
        let words = segment.len() <= 16 && segment.chars().all(letters);
        if words || (is_plain(segment) && (date || version)) {
            segment.to_owned()
        } else {
            length(segment)
        }
    };
    let path = url.path_segments().into_iter().flatten().map(segment);
    let path = path.collect::<Vec<_>>().join("/");
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{}", form(query)));
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}/{path}{query}", url.scheme())
}

fn form(body: &str) -> String {
    let pair = |pair: &str| {
        // A name without a value may be anything, such as the words themselves.
        if !pair.contains('=') {
            return length(pair);
        }
        let mut read = form_urlencoded::parse(pair.as_bytes());
        read.next().map_or_else(String::new, |(key, value)| {
            format!("{}={}", name(&key), value_of(&key, &value))
        })
    };
    body.split('&').map(pair).collect::<Vec<_>>().join("&")
}

fn body(bytes: &[u8], is_form: bool) -> String {
    if let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(bytes) {
        return json_of("", &json, 0);
    }
    match std::str::from_utf8(bytes) {
        Ok("") => String::new(),
        Ok(text) if is_form => form(text),
        Ok(text) => length(text),
        Err(_) => format!("({} bytes)", bytes.len()),
    }
}

fn json_of(key: &str, json: &Value, depth: usize) -> String {
    match json {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => value_of(key, &number.to_string()),
        Value::String(words) => format!("\"{}\"", value_of(key, words)),
        Value::Array(_) | Value::Object(_) if depth == DEPTH => "…".to_owned(),
        Value::Array(items) => {
            let shown = items
                .iter()
                .take(ITEMS)
                .map(|item| json_of(key, item, depth + 1));
            let mut shown: Vec<String> = shown.collect();
            if items.len() > ITEMS {
                shown.push("…".to_owned());
            }
            format!("[{}]", shown.join(","))
        }
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                format!("\"{}\":{}", name(key), json_of(key, value, depth + 1))
            };
            format!(
                "{{{}}}",
                fields.iter().map(field).collect::<Vec<_>>().join(",")
            )
        }
    }
}

#[cfg(test)]
mod tests;
