//! Plivo's signatures, version 3 and, where it is allowed, version 2.
//!
//! Version 3 is `base64(HMAC-SHA256(token, address and fields + "." + nonce))`, as plivo-python 4.63.0
//! `plivo/utils/signature_v3.py` computes it. `X-Plivo-Signature-V3` is made with the token of the
//! subaccount, `X-Plivo-Signature-Ma-V3` with that of the main account; either may hold several, with
//! commas between. There is no timestamp: a replay of version 3 is caught by the message id, which it covers.
//! Version 2 covers scheme, host, path and nonce only: whoever has seen one hook could send any words with
//! it. As a text, each nonce counts once; receipts can be forged with it. Part of `gateway`: floor 2.

use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::gateway::form::Form;
use crate::gateway::wire::one_header;
use crate::gateway::{RawRequest, VerifyError};

/// More signatures than this are not a hook of Plivo's.
const MOST: usize = 16;

/// The headers of a version: signatures, then the nonce.
const V3: ([&str; 2], &str) = (
    ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"],
    "x-plivo-signature-v3-nonce",
);
const V2: ([&str; 2], &str) = (
    ["x-plivo-signature-v2", "x-plivo-signature-ma-v2"],
    "x-plivo-signature-v2-nonce",
);

pub(super) fn verify(
    request: &RawRequest<'_>,
    tokens: &[SecretString],
    allow_v2: bool,
) -> Result<(), VerifyError> {
    match given(request.headers, V3) {
        Err(VerifyError::Missing) if allow_v2 => {
            let (signatures, nonce) = given(request.headers, V2)?;
            let (address, _) = split(request.url);
            check(&signatures, tokens, &[address.as_bytes(), nonce])
        }
        given => {
            let (signatures, nonce) = given?;
            check(&signatures, tokens, &[&signed_text(request), b".", nonce])
        }
    }
}

/// What a hook of version 2 alone is known by: its nonce, the only thing in it that the signature covers and
/// that no other hook has.
pub(super) fn ref_of_v2(headers: &HeaderMap) -> Option<String> {
    let has_v3 = V3.0.iter().any(|name| headers.contains_key(*name));
    let nonce = one_header(headers, V2.1).ok().filter(|_| !has_v3)?;
    Some(format!("v2-{}", hex::encode(&Sha256::digest(nonce)[..16])))
}

/// The signatures that a request has in the headers of a version, and its nonce.
fn given<'a>(
    headers: &'a HeaderMap,
    (names, nonce): ([&str; 2], &str),
) -> Result<(Vec<[u8; 32]>, &'a [u8]), VerifyError> {
    let lists = names.iter().flat_map(|name| headers.get_all(*name));
    let mut signatures = Vec::new();
    for signature in lists.flat_map(|list| list.as_bytes().split(|&byte| byte == b',')) {
        let bytes = STANDARD.decode(signature.trim_ascii()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        signatures.push(bytes.ok_or(VerifyError::Malformed)?);
    }
    match signatures.len() {
        0 => Err(VerifyError::Missing),
        1..=MOST => Ok((signatures, one_header(headers, nonce)?)),
        _ => Err(VerifyError::Malformed),
    }
}

/// Compares every signature with that of every token, always all of them.
fn check(
    signatures: &[[u8; 32]],
    tokens: &[SecretString],
    message: &[&[u8]],
) -> Result<(), VerifyError> {
    let mut matches = Choice::from(0);
    for token in tokens {
        // HMAC takes a key of any length, so the other arm cannot be reached.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token.expose_secret().as_bytes()) else {
            continue;
        };
        for piece in message {
            mac.update(piece);
        }
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        for signature in signatures {
            matches |= expected.ct_eq(signature);
        }
    }
    if matches.into() {
        Ok(())
    } else {
        Err(VerifyError::Mismatch)
    }
}

/// A URL without its query, and the query.
fn split(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

/// What version 3 covers: the address, its query in order, and for a `POST` the fields in order.
pub(super) fn signed_text(request: &RawRequest<'_>) -> Vec<u8> {
    let (address, query) = split(request.url);
    let query = in_order(&Form::parse(query.as_bytes()), b"=", b"&");
    let fields = if request.method == Method::GET {
        Vec::new()
    } else {
        in_order(&Form::parse(request.body), b"", b"")
    };
    let mut text = address.as_bytes().to_vec();
    if !query.is_empty() || !fields.is_empty() {
        text.push(b'?');
    }
    text.extend_from_slice(&query);
    if !query.is_empty() && !fields.is_empty() {
        text.push(b'.');
    }
    text.extend_from_slice(&fields);
    text
}

/// Names and values by name, then by value.
fn in_order(form: &Form, equals: &[u8], and: &[u8]) -> Vec<u8> {
    let mut fields: Vec<_> = form.fields().iter().collect();
    fields.sort();
    let pairs: Vec<Vec<u8>> = fields
        .into_iter()
        .map(|(name, value)| [name, equals, value].concat())
        .collect();
    pairs.join(and)
}
