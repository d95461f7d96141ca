//! The gateways of a configuration: what each kind needs, and what it must fulfil.

mod check;
mod sending;

use secrecy::SecretString;
use serde::Deserialize;

use crate::gateway::http::Mapping;
use crate::gateway::telnyx::PublicKey;
use crate::gateway::vonage::SignatureMethod;
use crate::gateway::{Sending, SignaturePolicy, with_sending};
use crate::route::Route;
use sending::{LONG_CODE, usual_rate};

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
        self.sandbox().is_some()
    }

    /// The sandbox that it is, if it is one.
    #[must_use]
    pub const fn sandbox(&self) -> Option<&SandboxSection> {
        if let Self::Sandbox(section) = self {
            Some(section)
        } else {
            None
        }
    }

    /// How texts leave by it: what is configured, else what is usual for its kind of sender.
    #[must_use]
    pub fn route(&self) -> Route {
        self.sending().route(self.usual_rate())
    }

    fn usual_rate(&self) -> f64 {
        match self {
            // Nothing leaves this machine.
            Self::Sandbox(_) => 0.0,
            // A card in a phone is a long code.
            Self::Android(_) => LONG_CODE,
            section => section.sender().map_or(LONG_CODE, usual_rate),
        }
    }

    /// The number, or whatever else texts come from; none where the phone knows it itself.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        match self {
            Self::Sandbox(section) => Some(&section.sender),
            Self::Twilio(section) => Some(&section.sender),
            Self::Signalwire(section) => Some(&section.sender),
            Self::Telnyx(section) => Some(&section.sender),
            Self::Plivo(section) => Some(&section.sender),
            Self::Vonage(section) => Some(&section.sender),
            Self::Http(mapping) => Some(&mapping.sender),
            Self::Android(_) => None,
        }
    }

    /// The gateway that stands in when this one fails.
    #[must_use]
    pub fn failover(&self) -> Option<String> {
        self.sending().failover
    }

    /// The keys about how texts leave, which every kind has.
    fn sending(&self) -> Sending {
        match self {
            Self::Sandbox(section) => section.sending(),
            Self::Twilio(section) => section.sending(),
            Self::Signalwire(section) => section.sending(),
            Self::Telnyx(section) => section.sending(),
            Self::Plivo(section) => section.sending(),
            Self::Android(section) => section.sending(),
            Self::Vonage(section) => section.sending(),
            Self::Http(mapping) => mapping.sending(),
        }
    }
}

with_sending! {
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
        /// The number that calls to responders come from (E.164); without it the sender, if that is one.
        #[serde(default)]
        pub calls_from: Option<String>,
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
        /// The number that calls to responders come from (E.164); without it the sender.
        #[serde(default)]
        pub calls_from: Option<String>,
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
        /// While the key is changed: the other one.
        #[serde(default)]
        pub public_key_other: Option<PublicKey>,
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
        /// Whether the Reports API, which is charged for, is asked for receipts that do not come.
        #[serde(default)]
        pub reports: bool,
        /// The API; another address is for tests.
        #[serde(default = "vonage_api")]
        pub api_url: String,
        /// What is done with a hook whose signature does not hold.
        #[serde(default)]
        pub signature: SignaturePolicy,
    }
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
