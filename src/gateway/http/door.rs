//! How a hook of a mapped gateway proves who it is from. Part of `gateway`: floor 2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::mapping::Login;
use crate::gateway::wire::{one_header, query};
use crate::gateway::{RawRequest, VerifyError};

/// `[gateways.NAME.auth]`: all that is given must be right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    /// `Authorization: Basic`.
    pub(super) basic: Option<Login>,
    /// Whether the address for receipts carries that login before the host, for a gateway that takes
    /// it from there and sends it as `Authorization`.
    #[serde(default)]
    pub(super) basic_in_url: bool,
    /// `Authorization: Bearer`.
    pub(super) bearer: Option<SecretString>,
    /// A secret in a header of its own.
    pub(super) header: Option<HeaderToken>,
    /// A secret in the address, `?token=…`. It lands in the log of every proxy on the way.
    pub(super) token: Option<SecretString>,
    /// An HMAC of the body in a header.
    pub(super) hmac: Option<BodyHmac>,
}

/// `[gateways.NAME.auth.header]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderToken {
    /// The header that holds it.
    pub(super) name: String,
    /// The secret.
    pub(super) token: SecretString,
}

/// `[gateways.NAME.auth.hmac]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyHmac {
    /// The header that holds it.
    pub(super) header: String,
    /// The key.
    pub(super) secret: SecretString,
    /// The hash function.
    pub(super) hash: Hash,
    /// How the bytes are written.
    pub(super) encoding: Encoding,
    /// What stands before them, such as `sha256=`.
    #[serde(default)]
    pub(super) prefix: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Encoding {
    Hex,
    Base64,
}

impl Auth {
    /// An address that we hand to the gateway, with what proves its calls where that goes in it.
    pub(super) fn address(&self, url: &str) -> String {
        let with_login = |login: &Login| {
            let mut url = url::Url::parse(url).ok()?;
            url.set_username(&login.username).ok()?;
            url.set_password(Some(login.password.expose_secret()))
                .ok()?;
            Some(String::from(url))
        };
        let login = self.basic.as_ref().filter(|_| self.basic_in_url);
        let url = login.and_then(with_login).unwrap_or_else(|| url.to_owned());
        match self.query_token() {
            Some((name, token)) => format!("{url}&{name}={token}"),
            None => url,
        }
    }

    /// Name and value of the secret in the address.
    pub(super) fn query_token(&self) -> Option<(&'static str, &str)> {
        let token = self.token.as_ref()?;
        Some(("token", token.expose_secret()))
    }
}

/// Whether a hook proves who it is from, in the one way or in the `other` to which, or from which, the
/// gateway is being moved. Always both are checked.
pub(super) fn verify(
    auth: &Auth,
    other: Option<&Auth>,
    request: &RawRequest<'_>,
) -> Result<(), VerifyError> {
    let first = one(auth, request);
    let second = other.map(|auth| one(auth, request));
    first.or_else(|why| match second {
        Some(Ok(())) => Ok(()),
        _ => Err(why),
    })
}

/// Checks all that is configured, always all of it.
fn one(auth: &Auth, request: &RawRequest<'_>) -> Result<(), VerifyError> {
    let basic = auth.basic.as_ref().map(Login::authorization);
    let bearer = auth
        .bearer
        .as_ref()
        .map(|bearer| format!("Bearer {}", bearer.expose_secret()));
    let mut checks = Vec::new();
    for expected in [basic, bearer].into_iter().flatten() {
        let given = one_header(request.headers, "authorization");
        checks.push(given.and_then(|given| same(given, expected.as_bytes())));
    }
    if let Some(HeaderToken { name, token }) = &auth.header {
        let given = one_header(request.headers, name);
        checks.push(given.and_then(|given| same(given, token.expose_secret().as_bytes())));
    }
    if let Some((name, token)) = auth.query_token() {
        let given = query(request.url).filled(name).ok_or(VerifyError::Missing);
        checks.push(given.and_then(|given| same(given.as_bytes(), token.as_bytes())));
    }
    if let Some(hmac) = &auth.hmac {
        checks.push(signed(hmac, request));
    }
    // An empty list verifies nothing: the mapping is checked, and this does not rely on it.
    let none = checks.is_empty().then_some(Err(VerifyError::Missing));
    checks.into_iter().chain(none).collect()
}

fn same(given: &[u8], expected: &[u8]) -> Result<(), VerifyError> {
    if given.ct_eq(expected).into() {
        Ok(())
    } else {
        Err(VerifyError::Mismatch)
    }
}

fn signed(hmac: &BodyHmac, request: &RawRequest<'_>) -> Result<(), VerifyError> {
    let given = one_header(request.headers, &hmac.header)?;
    let given = given
        .strip_prefix(hmac.prefix.as_bytes())
        .ok_or(VerifyError::Malformed)?;
    let given = match hmac.encoding {
        Encoding::Hex => hex::decode(given).ok(),
        Encoding::Base64 => STANDARD.decode(given).ok(),
    };
    let given = given.ok_or(VerifyError::Malformed)?;
    let key = hmac.secret.expose_secret().as_bytes();
    let expected = match hmac.hash {
        Hash::Sha1 => mac::<Hmac<Sha1>>(key, request.body),
        Hash::Sha256 => mac::<Hmac<Sha256>>(key, request.body),
        Hash::Sha512 => mac::<Hmac<Sha512>>(key, request.body),
    };
    same(&given, &expected.ok_or(VerifyError::Mismatch)?)
}

/// None cannot come up: HMAC takes a key of any length.
fn mac<M: KeyInit + Mac>(key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mac = <M as KeyInit>::new_from_slice(key).ok()?;
    Some(mac.chain_update(body).finalize().into_bytes().to_vec())
}
