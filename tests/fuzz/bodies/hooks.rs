//! Whatever a gateway signs is read without a panic, and nothing that it did not sign is trusted.

use std::sync::LazyLock;

use ed25519_dalek::{Signer, SigningKey};
use harborline::clock::At;
use harborline::gateway::android::{Android, AndroidConfig};
use harborline::gateway::form::Form;
use harborline::gateway::http::{Http, Mapping};
use harborline::gateway::plivo::{Plivo, PlivoConfig};
use harborline::gateway::sandbox::{SIGNATURE_HEADER, Sandbox, SandboxConfig, sign};
use harborline::gateway::signalwire::{self, SignalWireConfig};
use harborline::gateway::telnyx::{PublicKey, Telnyx, TelnyxConfig};
use harborline::gateway::twilio::{Twilio, TwilioConfig};
use harborline::gateway::vonage::{SignatureMethod, Vonage, VonageConfig};
use harborline::gateway::{Gateway, RawRequest};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::SecretString;
use sha1::Sha1;
use sha2::{Digest, Sha256};

const KEY: &str = "a-long-random-signing-key";
const NOW_S: i64 = 1_767_225_600;
const EXAMPLES: [&str; 4] = [
    include_str!("../../../examples/gateways/kannel.toml"),
    include_str!("../../../examples/gateways/jasmin.toml"),
    include_str!("../../../examples/gateways/bandwidth.toml"),
    include_str!("../../../examples/gateways/infobip.toml"),
];

pub(crate) fn run(bytes: &[u8]) {
    let time = NOW_S.to_string();
    let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any length");
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

    by_address(bytes);
    by_body(bytes);
    by_fields(bytes);

    for http in MAPPED.iter() {
        let basic = base64(b"harborline:replace-by-a-long-random-password");
        let headers = [("authorization", &*format!("Basic {basic}"))];
        let query = String::from_utf8_lossy(bytes);
        for path in ["inbound", "status"] {
            let url = format!("/{path}?token=replace-by-a-long-random-token&{query}");
            take(http, &url, bytes, &headers);
        }
    }
}

/// The gateways by the example mappings.
static MAPPED: LazyLock<Vec<Http>> = LazyLock::new(|| {
    let gateways = EXAMPLES.iter().map(|example| {
        let mut config: toml::Table = example.parse().expect("an example");
        let section = config["gateways"]["main"].as_table_mut();
        let mut section = section.expect("a gateway").clone();
        section.remove("kind");
        let mapping: Mapping = section.try_into().expect("a mapping");
        Http::new("main".to_owned(), mapping)
    });
    gateways.collect()
});

fn twilio() -> Twilio {
    Twilio::new(TwilioConfig {
        name: "main".to_owned(),
        account_sid: "AC1".to_owned(),
        auth_tokens: vec![KEY.into()],
        sender: "+15550100".to_owned(),
        calls_from: None,
        api_url: String::new(),
    })
}

fn signalwire() -> impl Gateway {
    signalwire::gateway(SignalWireConfig {
        name: "main".to_owned(),
        project_id: "1".to_owned(),
        api_token: "".into(),
        signing_keys: vec![KEY.into()],
        sender: "+15550100".to_owned(),
        calls_from: None,
        api_url: String::new(),
    })
}

/// What Twilio and SignalWire sign when everything stands in the address: a text, and a key in a call.
fn by_address(bytes: &[u8]) {
    let query: String = String::from_utf8_lossy(bytes).split('#').collect();
    let url = format!("https://line.example.org/hooks/main/inbound?{query}");
    let mac = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).expect("any length");
    let signature = base64(&mac.chain_update(&url).finalize().into_bytes());
    let (twilio, signalwire) = (twilio(), signalwire());
    let gateways: [(&dyn Gateway, &'static str); 2] = [
        (&twilio, "x-twilio-signature"),
        (&signalwire, "x-signalwire-signature"),
    ];
    for (gateway, name) in gateways {
        let value = HeaderValue::from_str(&signature).expect("visible");
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        let request = RawRequest {
            method: &Method::GET,
            url: &url,
            headers: &headers,
            body: b"",
            now: At(NOW_S * 1000),
        };
        // What looks as if a body had been signed, too, is none of theirs.
        let Ok(verified) = gateway.verify(&request) else {
            continue;
        };
        let _ = gateway.parse(&request, verified);
        let verified = gateway.verify(&request).expect("it was, just now");
        let _ = gateway
            .caller()
            .expect("it calls")
            .parse_call(&request, verified);
    }
}

/// Bodies that are signed as they are, or by a hash of them in an address that is signed: Twilio, `SignalWire`, Plivo, the
/// sandbox.
fn by_body(bytes: &[u8]) {
    let sha1 = |text: &[&[u8]]| {
        let mac = Hmac::<Sha1>::new_from_slice(KEY.as_bytes()).expect("any length");
        let mac = text.iter().fold(mac, Mac::chain_update);
        mac.finalize().into_bytes()
    };
    let url = "https://line.example.org/hooks/main/inbound";
    let hash = hex::encode(Sha256::digest(bytes));
    let hashed = format!("{url}?bodySHA256={hash}");
    let signature = base64(&sha1(&[hashed.as_bytes()]));
    take(
        &twilio(),
        &hashed,
        bytes,
        &[("x-twilio-signature", &signature)],
    );

    let signature = hex::encode(sha1(&[url.as_bytes(), bytes]));
    let headers = [("x-signalwire-signature", &*signature)];
    take(&signalwire(), url, bytes, &headers);

    let plivo = Plivo::new(PlivoConfig {
        name: "main".to_owned(),
        auth_id: "MA1".to_owned(),
        auth_tokens: vec![KEY.into()],
        allow_v2: true,
        sender: "+15550100".to_owned(),
        api_url: String::new(),
    });
    let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any length");
    let signature = base64(
        &mac.chain_update(url)
            .chain_update("1")
            .finalize()
            .into_bytes(),
    );
    let headers = [
        ("x-plivo-signature-v2", &*signature),
        ("x-plivo-signature-v2-nonce", "1"),
    ];
    take(&plivo, url, bytes, &headers);

    let secret = SecretString::from(KEY);
    let sandbox = Sandbox::new(SandboxConfig {
        name: "main".to_owned(),
        secret: secret.clone(),
        sender: "+15550100".to_owned(),
        api_url: String::new(),
    });
    let signature = sign(&secret, url, bytes);
    take(&sandbox, url, bytes, &[(SIGNATURE_HEADER, &signature)]);
}

/// Vonage signs the fields, in order, with a hash beside them.
fn by_fields(bytes: &[u8]) {
    let vonage = Vonage::new(VonageConfig {
        name: "main".to_owned(),
        api_key: "1".to_owned(),
        api_secret: "secret".into(),
        signature_secrets: vec![KEY.into()],
        signature_method: SignatureMethod::Sha256,
        sender: "+15550100".to_owned(),
        reports: true,
        api_url: String::new(),
    });
    let query: String = String::from_utf8_lossy(bytes).split('#').collect();
    let query = format!("{query}&timestamp={NOW_S}");
    let form = Form::parse(query.as_bytes());
    let mut fields: Vec<_> = form.fields().iter().collect();
    fields.sort();
    let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any length");
    let mac = fields.iter().fold(mac, |mac, (name, value)| {
        let value: Vec<u8> = value
            .iter()
            .map(|byte| if b"&=".contains(byte) { b'_' } else { *byte })
            .collect();
        mac.chain_update(b"&")
            .chain_update(name)
            .chain_update(b"=")
            .chain_update(value)
    });
    let query = format!("{query}&sig={}", hex::encode(mac.finalize().into_bytes()));
    let headers = HeaderMap::new();
    let url = format!("https://line.example.org/hooks/main/inbound?{query}");
    for (method, url, body) in [
        (Method::GET, url.as_str(), &b""[..]),
        (
            Method::POST,
            "https://line.example.org/hooks/main/inbound",
            query.as_bytes(),
        ),
    ] {
        let request = RawRequest {
            method: &method,
            url,
            headers: &headers,
            body,
            now: At(NOW_S * 1000),
        };
        // With a time or a signature of its own there are two, and neither counts.
        if let Ok(verified) = vonage.verify(&request) {
            let _ = vonage.parse(&request, verified);
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
            .fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place) & 63) as usize;
            text.push(if place <= group.len() {
                char::from(DIGITS[digit])
            } else {
                '='
            });
        }
    }
    text
}
