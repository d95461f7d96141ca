//! The gateways of a configuration: what each kind needs, and what it must fulfil.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::check::capital;
use super::load::ConfigError;
use crate::gateway::SignaturePolicy;
use crate::gateway::http::{Mapping, Unusable};
use crate::gateway::telnyx::PublicKey;
use crate::gateway::vonage::SignatureMethod;
use crate::phone::PhoneNumber;

/// `[gateways.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GatewaySection {
    /// The built-in gateway of the phone simulator.
    Sandbox(SandboxSection),
    /// Twilio Programmable Messaging.
    Twilio(TwilioSection),
    /// `SignalWire`'s Compatibility API.
    Signalwire(SignalWireSection),
    /// Telnyx Messaging.
    Telnyx(TelnyxSection),
    /// Plivo Messaging.
    Plivo(PlivoSection),
    /// SMS Gateway for Android.
    Android(AndroidSection),
    /// Vonage's SMS API.
    Vonage(VonageSection),
    /// Any other gateway that speaks HTTP, by a mapping.
    Http(Box<Mapping>),
}

impl GatewaySection {
    /// What is done with a hook whose signature does not hold. The sandbox signs its own hooks.
    #[must_use]
    pub fn signature(&self) -> SignaturePolicy {
        match self {
            Self::Sandbox(_) => SignaturePolicy::Enforce,
            Self::Twilio(section) => section.signature,
            Self::Signalwire(section) => section.signature,
            Self::Telnyx(section) => section.signature,
            Self::Plivo(section) => section.signature,
            Self::Android(section) => section.signature,
            Self::Vonage(section) => section.signature,
            Self::Http(mapping) => mapping.signature,
        }
    }

    /// Further addresses that the provider may have signed.
    #[must_use]
    pub fn other_urls(&self) -> &[String] {
        match self {
            // Their signatures do not cover an address.
            Self::Sandbox(_)
            | Self::Telnyx(_)
            | Self::Android(_)
            | Self::Vonage(_)
            | Self::Http(_) => &[],
            Self::Twilio(section) => &section.other_urls,
            Self::Signalwire(section) => &section.other_urls,
            Self::Plivo(section) => &section.other_urls,
        }
    }

    /// The word for it after `kind =`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => "sandbox",
            Self::Twilio(_) => "twilio",
            Self::Signalwire(_) => "signalwire",
            Self::Telnyx(_) => "telnyx",
            Self::Plivo(_) => "plivo",
            Self::Android(_) => "android",
            Self::Vonage(_) => "vonage",
            Self::Http(_) => "http",
        }
    }

    /// Whether no real phone is behind it.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox(_))
    }
}

/// `[gateways.NAME]` with `kind = "sandbox"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxSection {
    /// The number of the line in the simulator.
    #[serde(default = "sandbox_sender")]
    pub sender: String,
}

/// `[gateways.NAME]` with `kind = "twilio"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioSection {
    /// The account, `AC…`.
    pub account_sid: String,
    /// The token that signs hooks and authorizes sends.
    pub auth_token: SecretString,
    /// While a token is rotated: the other one, accepted for hooks only.
    #[serde(default)]
    pub auth_token_other: Option<SecretString>,
    /// The number that texts come from (E.164 or a short code), or a messaging service, `MG…`.
    pub sender: String,
    /// The API; another address is for tests.
    #[serde(default = "twilio_api")]
    pub api_url: String,
    /// What is done with a hook whose signature does not hold.
    #[serde(default)]
    pub signature: SignaturePolicy,
    /// Further addresses that the provider may have signed, such as the one before a move.
    #[serde(default)]
    pub other_urls: Vec<String>,
}

/// `[gateways.NAME]` with `kind = "signalwire"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalWireSection {
    /// The project, a UUID.
    pub project_id: String,
    /// The token that authorizes sends.
    pub api_token: SecretString,
    /// What hooks are signed with.
    pub signing_key: SecretString,
    /// While the key is rotated: the other one.
    #[serde(default)]
    pub signing_key_other: Option<SecretString>,
    /// The number that texts come from, in E.164.
    pub sender: String,
    /// The space, `https://example.signalwire.com`.
    pub api_url: String,
    /// What is done with a hook whose signature does not hold.
    #[serde(default)]
    pub signature: SignaturePolicy,
    /// Further addresses that the provider may have signed, such as the one before a move.
    #[serde(default)]
    pub other_urls: Vec<String>,
}

/// `[gateways.NAME]` with `kind = "telnyx"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelnyxSection {
    /// The key that authorizes sends.
    pub api_key: SecretString,
    /// The key that hooks are verified with, in base64. It is public.
    pub public_key: PublicKey,
    /// The number or short code that texts come from.
    pub sender: String,
    /// The API; another address is for tests.
    #[serde(default = "telnyx_api")]
    pub api_url: String,
    /// What is done with a hook whose signature does not hold.
    #[serde(default)]
    pub signature: SignaturePolicy,
}

/// `[gateways.NAME]` with `kind = "plivo"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlivoSection {
    /// The account, `MA…` or `SA…`.
    pub auth_id: String,
    /// The token that signs hooks and authorizes sends.
    pub auth_token: SecretString,
    /// While a token is rotated: the other one, accepted for hooks only.
    #[serde(default)]
    pub auth_token_other: Option<SecretString>,
    /// Whether hooks with the weak older signature are taken.
    #[serde(default)]
    pub allow_v2: bool,
    /// The number or short code that texts come from.
    pub sender: String,
    /// The API; another address is for tests.
    #[serde(default = "plivo_api")]
    pub api_url: String,
    /// What is done with a hook whose signature does not hold.
    #[serde(default)]
    pub signature: SignaturePolicy,
    /// Further addresses that the provider may have signed, such as the one before a move.
    #[serde(default)]
    pub other_urls: Vec<String>,
}

/// `[gateways.NAME]` with `kind = "android"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AndroidSection {
    /// The user of the app's API.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// What hooks are signed with.
    pub signing_key: SecretString,
    /// While the key is rotated: the other one.
    #[serde(default)]
    pub signing_key_other: Option<SecretString>,
    /// Which SIM card sends, from 1; without it the phone's own choice.
    #[serde(default)]
    pub sim: Option<u8>,
    /// Where texts are posted.
    pub messages_url: String,
    /// What is done with a hook whose signature does not hold.
    #[serde(default)]
    pub signature: SignaturePolicy,
}

/// `[gateways.NAME]` with `kind = "vonage"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VonageSection {
    /// The account.
    pub api_key: String,
    /// What authorizes sends.
    pub api_secret: SecretString,
    /// What hooks are signed with.
    pub signature_secret: SecretString,
    /// While the secret is rotated: the other one.
    #[serde(default)]
    pub signature_secret_other: Option<SecretString>,
    /// How hooks are signed, as the account says.
    pub signature_method: SignatureMethod,
    /// The number or short code that texts come from.
    pub sender: String,
    /// The API; another address is for tests.
    #[serde(default = "vonage_api")]
    pub api_url: String,
    /// What is done with a hook whose signature does not hold.
    #[serde(default)]
    pub signature: SignaturePolicy,
}

/// The line's number in the simulator.
pub(super) fn sandbox_sender() -> String {
    "+15550100".to_owned()
}

fn twilio_api() -> String {
    "https://api.twilio.com".to_owned()
}

fn telnyx_api() -> String {
    "https://api.telnyx.com".to_owned()
}

fn plivo_api() -> String {
    "https://api.plivo.com".to_owned()
}

fn vonage_api() -> String {
    "https://rest.nexmo.com".to_owned()
}

impl GatewaySection {
    /// The first thing that cannot work. `place` names file and section.
    pub(super) fn check(&self, place: &str, name: &str) -> Result<(), ConfigError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(ConfigError::new(
                place,
                "the name becomes part of a web address",
                "Use a-z, 0-9, - and _ only",
            ));
        }
        for url in self.other_urls() {
            check_signed_url(place, url)?;
        }
        match self {
            Self::Sandbox(section) => check_sender(place, &section.sender),
            Self::Twilio(section) => section.check(place),
            Self::Signalwire(section) => section.check(place),
            Self::Telnyx(section) => section.check(place),
            Self::Plivo(section) => section.check(place),
            Self::Android(section) => section.check(place),
            Self::Vonage(section) => section.check(place),
            Self::Http(mapping) => {
                let refused = |Unusable { key, problem, fix }| {
                    ConfigError::new(format!("{place}.{key}"), problem, fix)
                };
                mapping.check().map_err(refused)?;
                check_sender(place, &mapping.sender)
            }
        }
    }
}

impl TwilioSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let credentials = [
            ("account_sid", self.account_sid.as_str()),
            ("auth_token", self.auth_token.expose_secret()),
        ];
        check_filled(place, &credentials, "Copy both from the Twilio console")?;
        check_url(place, &self.api_url, "https://api.twilio.com")?;
        if self.sender.starts_with("MG") {
            return Ok(());
        }
        check_sender(place, &self.sender)
    }
}

impl SignalWireSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let credentials = [
            ("project_id", self.project_id.as_str()),
            ("api_token", self.api_token.expose_secret()),
            ("signing_key", self.signing_key.expose_secret()),
        ];
        let fix = "Copy all three from the API page of your SignalWire space; the signing key is not the token";
        check_filled(place, &credentials, fix)?;
        check_url(place, &self.api_url, "https://example.signalwire.com")?;
        check_sender(place, &self.sender)
    }
}

impl TelnyxSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let credentials = [("api_key", self.api_key.expose_secret())];
        check_filled(
            place,
            &credentials,
            "Copy an API key from the Telnyx portal",
        )?;
        check_url(place, &self.api_url, "https://api.telnyx.com")?;
        check_sender(place, &self.sender)
    }
}

impl PlivoSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let credentials = [
            ("auth_id", self.auth_id.as_str()),
            ("auth_token", self.auth_token.expose_secret()),
        ];
        check_filled(place, &credentials, "Copy both from the Plivo console")?;
        check_url(place, &self.api_url, "https://api.plivo.com")?;
        check_sender(place, &self.sender)
    }
}

impl VonageSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let credentials = [
            ("api_key", self.api_key.as_str()),
            ("api_secret", self.api_secret.expose_secret()),
            ("signature_secret", self.signature_secret.expose_secret()),
        ];
        let fix = "Copy all three from the API settings of the Vonage dashboard; signing must be switched on there";
        check_filled(place, &credentials, fix)?;
        check_url(place, &self.api_url, "https://rest.nexmo.com")?;
        check_sender(place, &self.sender)
    }
}

impl AndroidSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        let keys = [Some(&self.signing_key), self.signing_key_other.as_ref()];
        let mut keys = keys.into_iter().flatten();
        if keys.any(|key| key.expose_secret().chars().count() < LEAST_SIGNING_KEY) {
            return Err(ConfigError::new(
                format!("{place}.signing_key"),
                format!(
                    "it is shorter than {LEAST_SIGNING_KEY} characters; the app starts with one of 8 digits, which can be guessed"
                ),
                "Set a long random one in the app (Settings, Webhooks, Signing Key) and here",
            ));
        }
        let credentials = [
            ("username", self.username.as_str()),
            ("password", self.password.expose_secret()),
            ("signing_key", self.signing_key.expose_secret()),
        ];
        check_filled(
            place,
            &credentials,
            "Copy it from the home screen of the app",
        )?;
        if self.sim == Some(0) {
            return Err(ConfigError::new(
                format!("{place}.sim"),
                "SIM cards are counted from 1",
                "Write 1 or 2, or leave the key out",
            ));
        }
        let example = "http://192.168.1.20:8080/message";
        check_web(
            &format!("{place}.messages_url"),
            &self.messages_url,
            example,
        )
    }
}

/// What anyone could try is not a secret: 16 characters are more than a hundred bits if they are random.
const LEAST_SIGNING_KEY: usize = 16;

/// Refuses an empty value, and one that could not be sent in a header: a line break that was copied
/// with a token is the usual reason.
fn check_filled(place: &str, values: &[(&str, &str)], fix: &str) -> Result<(), ConfigError> {
    for (key, value) in values {
        let problem = if value.is_empty() {
            "it is empty"
        } else if value.trim() != *value || value.chars().any(char::is_control) {
            "a space or a line break stands in it"
        } else {
            continue;
        };
        return Err(ConfigError::new(format!("{place}.{key}"), problem, fix));
    }
    Ok(())
}

fn check_url(place: &str, url: &str, example: &str) -> Result<(), ConfigError> {
    check_web(&format!("{place}.api_url"), url, example)
}

/// Refuses what cannot be called. `place` names the key.
fn check_web(place: &str, url: &str, example: &str) -> Result<(), ConfigError> {
    let web = |url: url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if url::Url::parse(url).is_ok_and(web) {
        return Ok(());
    }
    Err(ConfigError::new(
        place,
        "this is not a web address",
        format!("Write it like {example}"),
    ))
}

/// A proxy may have put a path in front; what a hook adds to it must stand alone.
fn check_signed_url(place: &str, text: &str) -> Result<(), ConfigError> {
    let signed = |url: &url::Url| {
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        web && url.query().is_none() && url.fragment().is_none() && !text.ends_with('/')
    };
    if url::Url::parse(text).is_ok_and(|url| signed(&url)) {
        return Ok(());
    }
    Err(ConfigError::new(
        format!("{place}.other_urls"),
        "one of them is not the beginning of a web address",
        "Write each like https://old.example.org, without a slash at the end",
    ))
}

fn check_sender(place: &str, sender: &str) -> Result<(), ConfigError> {
    match PhoneNumber::parse(sender) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::new(
            format!("{place}.sender"),
            "this number cannot send texts",
            capital(&error.to_string()),
        )),
    }
}
