//! Web push: that a case waits, as the request that a browser's push service understands (RFC 8030),
//! encrypted for that browser alone (RFC 8291), signed as ours (RFC 8292).
//!
//! It says nothing of the texter and nothing of the case. Part of `pager`: floor 2.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use web_push_native::p256::PublicKey;
use web_push_native::p256::ecdsa::signature::Signer as _;
use web_push_native::p256::ecdsa::{Signature, SigningKey};
use web_push_native::{Auth, encrypt};

use super::guard::{NotPublic, check_url};
use super::webhook::Webhooks;
use crate::clock::At;
use crate::gateway::client::{Answer, try_send};
use crate::gateway::{ApiRequest, ApiResult};
use crate::id::{IdSource, random};

/// How long a push service keeps a push for a browser that is away, in seconds: after that it is told again.
const TTL_S: u32 = 120;
/// How long a signature holds, in seconds; at most a day (RFC 8292, section 2).
const SIGNED_S: i64 = 12 * 3600;
/// A secret of a browser (RFC 8291, section 3.2).
const AUTH_LEN: usize = 16;

/// Where a browser is told, and what it reads with. No `Debug` shows it: who has the address can send.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The address of its push service.
    pub endpoint: String,
    /// Its public key: an uncompressed point on P-256, in base64url.
    pub p256dh: String,
    /// Its secret, in base64url.
    pub auth: String,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription(redacted)")
    }
}

impl Subscription {
    /// Whether a push could go there at all.
    ///
    /// # Errors
    /// What is wrong with it, as half of a sentence.
    pub fn check(&self, allow_private: bool) -> Result<(), &'static str> {
        check_url(&self.endpoint, allow_private)?;
        self.keys().map(|_| ()).ok_or("its keys cannot be read")
    }

    fn keys(&self) -> Option<(PublicKey, Auth)> {
        // Browsers write base64url without padding; some libraries add it.
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let public = PublicKey::from_sec1_bytes(&bytes(&self.p256dh)?).ok()?;
        let auth: [u8; AUTH_LEN] = bytes(&self.auth)?.try_into().ok()?;
        Some((public, Auth::from(auth)))
    }
}

/// The key that our pushes are signed with: a browser subscribes to its public half.
#[derive(Clone)]
pub struct PushKey(SigningKey);

impl PushKey {
    /// A new key, as it is kept.
    #[must_use]
    pub fn new_bytes(ids: &dyn IdSource) -> [u8; 32] {
        loop {
            let bytes: [u8; 32] = random(ids);
            // All but a vanishing few numbers of this size are keys.
            if SigningKey::from_slice(&bytes).is_ok() {
                return bytes;
            }
        }
    }

    /// The key that was kept; none when these bytes are no key.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// The public half, in base64url: what a browser wants as `applicationServerKey`.
    #[must_use]
    pub fn public(&self) -> String {
        let point = self.0.verifying_key().to_encoded_point(false);
        URL_SAFE_NO_PAD.encode(point.as_bytes())
    }

    /// Says to a push service who sends (RFC 8292, section 3).
    fn vapid(&self, endpoint: &str, contact: &str, now: At) -> Option<String> {
        let audience = url::Url::parse(endpoint)
            .ok()?
            .origin()
            .ascii_serialization();
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(&json!({"typ": "JWT", "alg": "ES256"}));
        let until = now.0 / 1000 + SIGNED_S;
        let claims = part(&json!({"aud": audience, "exp": until, "sub": contact}));
        let signed = format!("{header}.{claims}");
        let signature: Signature = self.0.sign(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        Some(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}

impl fmt::Debug for PushKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushKey(redacted)")
    }
}

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The push service took it.
    Taken,
    /// The browser has ended it, or its address was never one: nothing goes there any more.
    Gone,
    /// Not this time.
    Later,
}

/// The request that tells a browser; none when its address or keys cannot be used.
#[must_use]
pub fn build(
    to: &Subscription,
    key: &PushKey,
    contact: &str,
    words: &str,
    now: At,
) -> Option<ApiRequest> {
    let (public, auth) = to.keys()?;
    let said = json!({"title": "Harborline", "body": words}).to_string();
    let body = encrypt(said.into_bytes(), &public, &auth).ok()?;
    let vapid = key.vapid(&to.endpoint, contact, now)?;
    let mut headers = HeaderMap::new();
    let mut authorization = HeaderValue::from_str(&vapid).ok()?;
    authorization.set_sensitive(true);
    headers.insert("authorization", authorization);
    headers.insert("ttl", HeaderValue::from(TTL_S));
    headers.insert("urgency", HeaderValue::from_static("high"));
    // One that waits at the push service is replaced by the next (RFC 8030, section 5.4).
    headers.insert("topic", HeaderValue::from_static("case"));
    headers.insert("content-encoding", HeaderValue::from_static("aes128gcm"));
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/octet-stream"),
    );
    Some(ApiRequest {
        method: Method::POST,
        url: to.endpoint.clone(),
        headers,
        body,
    })
}

/// What the answer to a push means.
#[must_use]
pub fn read(result: ApiResult<'_>) -> Pushed {
    match result {
        ApiResult::Answered { status, .. } => match status {
            200..300 => Pushed::Taken,
            // Ended, or made with another key than ours: the browser subscribes again.
            400 | 401 | 403 | 404 | 410 => Pushed::Gone,
            _ => Pushed::Later,
        },
        ApiResult::NotConnected | ApiResult::Unanswered => Pushed::Later,
    }
}

impl Webhooks {
    /// Tells a browser that a case waits, once: under the same rules as every address that people typed.
    pub async fn push(
        &self,
        to: &Subscription,
        key: &PushKey,
        contact: &str,
        words: &str,
        now: At,
    ) -> Pushed {
        if to.check(self.allow_private).is_err() {
            return Pushed::Gone;
        }
        let Some(request) = build(to, key, contact, words, now) else {
            return Pushed::Gone;
        };
        match try_send(&self.client, request).await {
            Ok(answer) => read(answer.as_result()),
            Err(error) if NotPublic::is_cause_of(&error) => Pushed::Gone,
            Err(error) => read(Answer::of(&error).as_result()),
        }
    }
}

#[cfg(test)]
mod tests {
    use web_push_native::decrypt;
    use web_push_native::p256::SecretKey;
    use web_push_native::p256::ecdsa::VerifyingKey;
    use web_push_native::p256::ecdsa::signature::Verifier as _;

    use super::*;
    use crate::id::SeededIds;

    const NOW: At = At(1_767_225_600_000);

    fn browser() -> (SecretKey, Auth, Subscription) {
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let auth = Auth::from([9; AUTH_LEN]);
        let subscription = Subscription {
            endpoint: "https://push.example.org/send/abc".to_owned(),
            p256dh: URL_SAFE_NO_PAD.encode(secret.public_key().to_sec1_bytes()),
            auth: URL_SAFE_NO_PAD.encode(auth),
        };
        (secret, auth, subscription)
    }

    fn key() -> PushKey {
        PushKey::of(&PushKey::new_bytes(&SeededIds::new(1))).unwrap()
    }

    #[test]
    fn only_the_browser_reads_it_and_it_reads_what_was_said() {
        let (secret, auth, to) = browser();
        let request = build(
            &to,
            &key(),
            "https://line.example.org",
            "A case waits.",
            NOW,
        )
        .unwrap();
        assert!(!String::from_utf8_lossy(&request.body).contains("waits"));
        let read = decrypt(request.body, &secret, &auth).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
        assert_eq!(read["body"], "A case waits.");
    }

    #[test]
    fn it_is_signed_for_its_push_service_and_not_for_long() {
        let (_, _, to) = browser();
        let key = key();
        let request = build(&to, &key, "https://line.example.org", "A case waits.", NOW).unwrap();
        let said = request.headers["authorization"].to_str().unwrap();
        let (token, public) = said
            .strip_prefix("vapid t=")
            .and_then(|said| said.split_once(", k="))
            .unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        let public = VerifyingKey::from_sec1_bytes(&public).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        public.verify(signed.as_bytes(), &signature).unwrap();
        let claims = URL_SAFE_NO_PAD
            .decode(signed.split_once('.').unwrap().1)
            .unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example.org");
        let lasts = claims["exp"].as_i64().unwrap() - NOW.0 / 1000;
        assert!((1..=86_400).contains(&lasts), "{lasts}");
    }

    #[test]
    fn an_address_inside_and_keys_that_are_none_are_refused() {
        let (_, _, good) = browser();
        assert_eq!(good.check(false), Ok(()));
        for (endpoint, p256dh, auth) in [
            ("https://10.0.0.1/push", &*good.p256dh, &*good.auth),
            ("http://push.example.org/", &good.p256dh, &good.auth),
            (&good.endpoint, "AAAA", &good.auth),
            (&good.endpoint, &good.p256dh, "AAAA"),
        ] {
            let bad = Subscription {
                endpoint: endpoint.to_owned(),
                p256dh: p256dh.to_owned(),
                auth: auth.to_owned(),
            };
            assert!(bad.check(false).is_err(), "{endpoint} {p256dh} {auth}");
        }
        assert_eq!(
            format!("{good:?} {:?}", key()),
            "Subscription(redacted) PushKey(redacted)"
        );
    }

    #[test]
    fn what_has_ended_is_told_from_what_comes_later() {
        let answered = |status| ApiResult::Answered {
            status,
            retry_after_s: None,
            body: b"",
        };
        assert_eq!(read(answered(201)), Pushed::Taken);
        for status in [403, 404, 410] {
            assert_eq!(read(answered(status)), Pushed::Gone, "{status}");
        }
        for status in [413, 429, 500, 503] {
            assert_eq!(read(answered(status)), Pushed::Later, "{status}");
        }
        assert_eq!(read(ApiResult::Unanswered), Pushed::Later);
    }
}
