//! Vonage's `sig`: a hash over the fields, in order.
//!
//! `&name=value` for every field but `sig`, by name, with `&` and `=` in values written as `_`; then
//! HMAC with the signature secret, or the old MD5 of the fields and the secret after them. As
//! vonage-python `http_client/auth.py` computes it. The time is among the fields. Part of `gateway`: floor 2.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use md5::{Digest as _, Md5};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq as _};

use crate::clock::At;
use crate::gateway::VerifyError;
use crate::gateway::wire;

/// How hooks are signed: the signature method in the settings of the account.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// MD5 of the fields and the secret: what old accounts have.
    Md5Hash,
    /// HMAC-MD5.
    Md5,
    /// HMAC-SHA1.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

type Fields = [(Vec<u8>, Vec<u8>)];

pub(super) fn verify(
    fields: &Fields,
    secrets: &[SecretString],
    method: Method,
    now: At,
) -> Result<(), VerifyError> {
    let only = |name: &[u8]| {
        let mut found = fields.iter().filter(|(key, _)| key == name);
        match (found.next(), found.next()) {
            (None, _) => Err(VerifyError::Missing),
            (Some(_), Some(_)) => Err(VerifyError::Malformed),
            (Some((_, value)), None) => Ok(value),
        }
    };
    let given = hex::decode(only(b"sig")?).map_err(|_| VerifyError::Malformed)?;
    let signed_at = only(b"timestamp").map_err(|_| VerifyError::Malformed)?;
    let signed_at = wire::unix_seconds(signed_at)?;
    let mut matches = Choice::from(0);
    // `ref` is ours, in the address of receipts: it may or may not have been signed with a GET. Nothing
    // is read from it.
    for leave_out in [&[&b"sig"[..]][..], &[b"sig", b"ref"]] {
        let text = signed_text(fields, leave_out);
        for secret in secrets {
            let secret = secret.expose_secret().as_bytes();
            matches |= sign(method, secret, &text).ct_eq(&given);
        }
    }
    if !bool::from(matches) {
        return Err(VerifyError::Mismatch);
    }
    wire::fresh(signed_at, now)
}

pub(super) fn signed_text(fields: &Fields, leave_out: &[&[u8]]) -> Vec<u8> {
    let mut fields: Vec<_> = fields
        .iter()
        .filter(|(name, _)| !leave_out.contains(&name.as_slice()))
        .collect();
    fields.sort();
    let mut text = Vec::new();
    for (name, value) in fields {
        text.push(b'&');
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend(value.iter().map(|&byte| match byte {
            b'&' | b'=' => b'_',
            other => other,
        }));
    }
    text
}

pub(super) fn sign(method: Method, secret: &[u8], text: &[u8]) -> Vec<u8> {
    match method {
        Method::Md5Hash => Md5::new()
            .chain_update(text)
            .chain_update(secret)
            .finalize()
            .to_vec(),
        Method::Md5 => mac::<Hmac<Md5>>(secret, text),
        Method::Sha1 => mac::<Hmac<Sha1>>(secret, text),
        Method::Sha256 => mac::<Hmac<Sha256>>(secret, text),
        Method::Sha512 => mac::<Hmac<Sha512>>(secret, text),
    }
}

fn mac<M: Mac + KeyInit>(secret: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length, so the error cannot come up; nothing equals no bytes but an empty
    // signature, and no hash is that short.
    match <M as KeyInit>::new_from_slice(secret) {
        Ok(mac) => mac.chain_update(text).finalize().into_bytes().to_vec(),
        Err(_) => vec![0],
    }
}
