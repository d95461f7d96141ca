//! Whatever a gateway signs is read without a panic, and nothing that it did not sign is trusted.

use ed25519_dalek::{Signer, SigningKey};
use harborline::clock::At;
use harborline::gateway::android::{Android, AndroidConfig};
use harborline::gateway::http::{Http, Mapping};
use harborline::gateway::telnyx::{PublicKey, Telnyx, TelnyxConfig};
use harborline::gateway::{Gateway, RawRequest};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

const KEY: &str = "a-long-random-signing-key";
const NOW_S: i64 = 1_767_225_600;
const EXAMPLES: [&str; 4] = [
    include_str!("../../../examples/gateways/kannel.toml"),
    include_str!("../../../examples/gateways/jasmin.toml"),
    include_str!("../../../examples/gateways/bandwidth.toml"),
    include_str!("../../../examples/gateways/infobip.toml"),
];

pub(crate) fn hold(bytes: &[u8]) {
    let time = NOW_S.to_string();
    let mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).expect("any length");
    let mac = hex::encode(
        mac.chain_update(bytes)
            .chain_update(&time)
            .finalize()
            .into_bytes(),
    );
    let android = Android::new(AndroidConfig {
        name: "main".to_owned(),
        username: String::new(),
        password: "".into(),
        signing_keys: vec![KEY.into()],
        sim: None,
        messages_url: String::new(),
    });
    take(
        &android,
        "/inbound",
        bytes,
        &[("x-signature", &mac), ("x-timestamp", &time)],
    );

    let key = SigningKey::from_bytes(&[7; 32]);
    let signature = key.sign(&[time.as_bytes(), b"|", bytes].concat());
    let telnyx = Telnyx::new(TelnyxConfig {
        name: "main".to_owned(),
        api_key: "".into(),
        public_keys: vec![
            PublicKey::parse(&base64(key.verifying_key().as_bytes())).expect("a key"),
        ],
        sender: String::new(),
        api_url: String::new(),
    });
    let signature = base64(&signature.to_bytes());
    let headers = [
        ("telnyx-signature-ed25519", signature.as_str()),
        ("telnyx-timestamp", &time),
    ];
    take(&telnyx, "/inbound", bytes, &headers);

    for example in EXAMPLES {
        let mut config: toml::Table = example.parse().expect("an example");
        let mut section = config["gateways"]["main"]
            .as_table_mut()
            .expect("a gateway")
            .clone();
        section.remove("kind");
        let mapping: Mapping = section.try_into().expect("a mapping");
        let http = Http::new("main".to_owned(), mapping);
        let basic = base64(b"harborline:replace-by-a-long-random-password");
        let headers = [("authorization", &*format!("Basic {basic}"))];
        let query = String::from_utf8_lossy(bytes);
        for path in ["inbound", "status"] {
            let url = format!("/{path}?token=replace-by-a-long-random-token&{query}");
            take(&http, &url, bytes, &headers);
        }
    }
}

/// The hook is trusted with its headers and not without them; then it is read.
fn take(gateway: &dyn Gateway, url: &str, body: &[u8], headers: &[(&'static str, &str)]) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("visible");
        map.insert(HeaderName::from_static(name), value);
    }
    let request = RawRequest {
        method: &Method::POST,
        url,
        headers: &map,
        body,
        now: At(NOW_S * 1000),
    };
    let verified = gateway.verify(&request).expect("it was signed");
    let _ = gateway.parse(&request, verified);
    let bare = RawRequest {
        headers: &HeaderMap::new(),
        url: "/inbound",
        ..request
    };
    assert!(gateway.verify(&bare).is_err());
}

/// Base64 (RFC 4648), so that the targets need no more crates.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, &byte| (bits << 8) | u32::from(byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ((bits >> (18 - 6 * place)) & 63) as usize;
            text.push(if place <= group.len() {
                char::from(DIGITS[digit])
            } else {
                '='
            });
        }
    }
    text
}
