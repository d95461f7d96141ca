//! Whatever a provider answers is read without a panic; and what no one signed is not trusted.

use harborline::clock::At;
use harborline::gateway::plivo::{Plivo, PlivoConfig};
use harborline::gateway::signalwire::{self, SignalWireConfig};
use harborline::gateway::twilio::{Twilio, TwilioConfig};
use harborline::gateway::vonage::{SignatureMethod, Vonage, VonageConfig};
use harborline::gateway::{ApiResult, Gateway, RawRequest};
use http::{HeaderMap, HeaderValue, Method};
use uuid::Uuid;

fn gateways() -> Vec<Box<dyn Gateway>> {
    let name = || "main".to_owned();
    let sender = || "+15005550001".to_owned();
    let api_url = || "https://api.example.org".to_owned();
    vec![
        Box::new(Twilio::new(TwilioConfig {
            name: name(),
            account_sid: "AC1".to_owned(),
            auth_tokens: vec!["token".into()],
            sender: sender(),
            calls_from: None,
            api_url: api_url(),
        })),
        Box::new(signalwire::gateway(SignalWireConfig {
            name: name(),
            project_id: "1".to_owned(),
            api_token: "token".into(),
            signing_keys: vec!["key".into()],
            sender: sender(),
            calls_from: None,
            api_url: api_url(),
        })),
        Box::new(Plivo::new(PlivoConfig {
            name: name(),
            auth_id: "MA1".to_owned(),
            auth_tokens: vec!["token".into()],
            allow_v2: true,
            sender: sender(),
            api_url: api_url(),
        })),
        Box::new(Vonage::new(VonageConfig {
            name: name(),
            api_key: "1".to_owned(),
            api_secret: "secret".into(),
            signature_secrets: vec!["secret".into()],
            signature_method: SignatureMethod::Sha256,
            sender: sender(),
            reports: true,
            api_url: api_url(),
        })),
    ]
}

pub(crate) fn hold(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut headers = HeaderMap::new();
    for name in [
        "x-twilio-signature",
        "x-signalwire-signature",
        "x-plivo-signature-v3",
        "x-plivo-signature-v3-nonce",
    ] {
        if let Ok(value) = HeaderValue::from_bytes(&bytes[..bytes.len().min(64)]) {
            headers.insert(name, value);
        }
    }
    for gateway in gateways() {
        for status in [200, 202, 400, 503] {
            let answer = ApiResult::Answered {
                status,
                retry_after_s: None,
                body: bytes,
            };
            let _ = gateway.read_send(Uuid::nil(), answer);
            let _ = gateway.read_poll(answer);
            let _ = gateway.read_list(At(0), answer);
            let _ = gateway.read_fetch(answer);
        }
        let _ = gateway.build_poll(&text);
        let asked = [
            gateway.build_list(At(0), Some(&text)),
            gateway.build_fetch(&text),
        ];
        for request in asked.into_iter().flatten() {
            assert!(
                request.url.starts_with("https://api.example.org/"),
                "credentials go to the API alone"
            );
        }
        for method in [Method::GET, Method::POST] {
            let url = format!("https://line.example.org/hooks/main/inbound?{text}");
            let request = RawRequest {
                method: &method,
                url: &url,
                headers: &headers,
                body: bytes,
                now: At(0),
            };
            assert!(gateway.verify(&request).is_err(), "nobody signed it");
        }
    }
}
