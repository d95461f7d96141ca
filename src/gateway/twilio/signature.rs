//! Twilio's `X-Twilio-Signature`, and SignalWire's.
//!
//! `base64(HMAC-SHA1(auth token, url + sorted parameters))`, as the official helper libraries
//! compute it (twilio-node 6.2.0 `src/webhooks/webhooks.ts`, twilio-python 9.13.0
//! `request_validator.py`; <https://www.twilio.com/docs/usage/security>). The scheme has no
//! timestamp: a replay is caught by the message id, not here. Part of `gateway`: floor 2.

use std::collections::{BTreeSet, HashMap};

use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use url::Url;

use super::Dialect;
use crate::gateway::form::Form;
use crate::gateway::{RawRequest, VerifyError};

/// How a field is signed that comes several times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Repeated {
    /// Each different value once, in order (Twilio).
    OnceInOrder,
    /// Every value, as they came (`SignalWire`).
    AsSent,
}

/// Checks the signature against every token and every spelling of the URL, always all of them:
/// how long it takes says nothing about which one matched.
pub(super) fn verify(
    request: &RawRequest<'_>,
    tokens: &[SecretString],
    dialect: &Dialect,
) -> Result<(), VerifyError> {
    let (signature, form) = signature_of(request.headers, dialect)?;
    let body_hash = body_hash(request.url);
    let fields = if request.method == Method::GET || body_hash.is_some() {
        Vec::new()
    } else if form == Written::Hex {
        request.body.to_vec()
    } else {
        in_signing_order(&Form::parse(request.body), dialect.repeated)
    };
    let mut matches = Choice::from(0);
    for url in spellings(request.url) {
        for token in tokens {
            matches |= sign(token, &url, &fields).ct_eq(&signature);
        }
    }
    if let Some(hash) = body_hash {
        matches &= Sha256::digest(request.body).as_slice().ct_eq(&hash);
    }
    if matches.into() {
        Ok(())
    } else {
        Err(VerifyError::Mismatch)
    }
}

/// How a signature is written, which says what of the body it covers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// In base64: the fields.
    Base64,
    /// In hex: the bytes of the body.
    Hex,
}

/// The 20 bytes in the header. Two such headers could not both be the signature.
fn signature_of(
    headers: &HeaderMap,
    dialect: &Dialect,
) -> Result<([u8; 20], Written), VerifyError> {
    let mut all = dialect
        .headers
        .iter()
        .flat_map(|name| headers.get_all(*name));
    let value = match (all.next(), all.next()) {
        (None, _) => return Err(VerifyError::Missing),
        (Some(_), Some(_)) => return Err(VerifyError::Malformed),
        (Some(value), None) => value.as_bytes(),
    };
    // Forty characters are never 20 bytes of base64.
    let (bytes, written) = if dialect.signs_bodies && value.len() == 40 {
        (hex::decode(value).ok(), Written::Hex)
    } else {
        (STANDARD.decode(value).ok(), Written::Base64)
    };
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    Ok((bytes.ok_or(VerifyError::Malformed)?, written))
}

/// The signature of a URL and its fields, already [in order](in_signing_order).
pub(super) fn sign(token: &SecretString, url: &str, fields: &[u8]) -> [u8; 20] {
    // HMAC takes a key of any length, so the error arm cannot be reached; an HMAC with another
    // key than the caller's would be a hole, an empty answer is only a mismatch.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes()) else {
        return [0; 20];
    };
    mac.update(url.as_bytes());
    mac.update(fields);
    mac.finalize().into_bytes().into()
}

/// Every name followed by its value, by name. The order is that of UTF-16 code units, as in
/// JavaScript and Java; the bytes are those that were sent.
pub(super) fn in_signing_order(form: &Form, repeated: Repeated) -> Vec<u8> {
    let utf16 =
        |bytes: &[u8]| -> Vec<u16> { String::from_utf8_lossy(bytes).encode_utf16().collect() };
    let keyed = form
        .fields()
        .iter()
        .map(|(name, value)| (utf16(name), name, value));
    let ordered: Vec<_> = match repeated {
        Repeated::AsSent => {
            let mut fields: Vec<_> = keyed.collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields
                .into_iter()
                .map(|(_, name, value)| [name.as_slice(), value.as_slice()])
                .collect()
        }
        Repeated::OnceInOrder => {
            let fields: BTreeSet<_> = keyed
                .map(|(key, name, value)| (key, name, utf16(value), value))
                .collect();
            fields
                .into_iter()
                .map(|(_, name, _, value)| [name.as_slice(), value.as_slice()])
                .collect()
        }
    };
    ordered.concat().concat()
}

/// The `bodySHA256` of the query: with it, the body is covered by this hash and not by its fields
/// (<https://www.twilio.com/docs/usage/webhooks/webhooks-security>). One that is not a SHA-256 in
/// hex matches no body.
fn body_hash(url: &str) -> Option<Vec<u8>> {
    let (_, query) = url.split_once('?')?;
    let hash = Form::parse(query.as_bytes()).text("bodySHA256")?;
    Some(hex::decode(hash).unwrap_or_default())
}

/// The spellings of one URL that Twilio may have signed: as received and as the WHATWG URL
/// standard writes it (`'` becomes `%27`), the latter also with its query written by Node's legacy
/// `querystring`; each without port and with the explicit one.
fn spellings(received: &str) -> Vec<String> {
    let mut found = vec![
        received.to_owned(),
        without_port(received),
        with_port(received),
    ];
    if let Ok(normalized) = Url::parse(received).map(String::from) {
        let (bare, explicit) = (without_port(&normalized), with_port(&normalized));
        found.extend([legacy_query(&bare), legacy_query(&explicit), bare, explicit]);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A URL cut into scheme with `://`, user with `@`, host, port with `:`, and the rest. Nothing is
/// normalized: the path and query keep the characters that were signed.
fn parts(url: &str) -> Option<[&str; 5]> {
    let authority_at = url.find("://")? + 3;
    let (scheme, rest) = url.split_at(authority_at);
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    // In an IPv6 address, only a colon after the bracket starts the port.
    let bracket = host.find(']').unwrap_or(0);
    let port_at = host[bracket..]
        .find(':')
        .map_or(host.len(), |at| bracket + at);
    let (host, port) = host.split_at(port_at);
    Some([scheme, user, host, port, rest])
}

fn without_port(url: &str) -> String {
    match parts(url) {
        Some([scheme, user, host, _, rest]) => [scheme, user, host, rest].concat(),
        None => url.to_owned(),
    }
}

fn with_port(url: &str) -> String {
    match parts(url) {
        Some([scheme, user, host, "", rest]) => {
            let secure = scheme.eq_ignore_ascii_case("https://");
            let port = if secure { ":443" } else { ":80" };
            [scheme, user, host, port, rest].concat()
        }
        _ => url.to_owned(),
    }
}

/// The URL with its query decoded and written again as Node's `querystring` does: repeated names
/// gathered at the first of them, everything escaped but letters, digits and `-_.!~*'()`.
fn legacy_query(url: &str) -> String {
    let Some((before, query)) = url.split_once('?').filter(|(_, query)| !query.is_empty()) else {
        return url.to_owned();
    };
    let form = Form::parse(query.as_bytes());
    // A map, because nothing has been verified yet: a query of thousands of names must stay cheap.
    let mut first_at = HashMap::new();
    for (at, (name, _)) in form.fields().iter().enumerate() {
        first_at.entry(name).or_insert(at);
    }
    let mut gathered: Vec<_> = form.fields().iter().collect();
    gathered.sort_by_key(|(name, _)| first_at[name]);
    let mut written = String::with_capacity(query.len());
    for (name, value) in gathered {
        if !written.is_empty() {
            written.push('&');
        }
        escape_into(&mut written, name);
        written.push('=');
        escape_into(&mut written, value);
    }
    format!("{before}?{written}")
}

fn escape_into(written: &mut String, bytes: &[u8]) {
    for &byte in String::from_utf8_lossy(bytes).as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push('%');
            written.push_str(&hex::encode_upper([byte]));
        }
    }
}
