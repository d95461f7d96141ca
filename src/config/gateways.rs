//! The gateways of a configuration: what each kind needs, and what it must fulfil.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::check::capital;
use super::load::ConfigError;
use crate::phone::PhoneNumber;

/// `[gateways.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GatewaySection {
    /// The built-in gateway of the phone simulator.
    Sandbox(SandboxSection),
    /// Twilio Programmable Messaging.
    Twilio(TwilioSection),
}

impl GatewaySection {
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
}

/// The line's number in the simulator.
pub(super) fn sandbox_sender() -> String {
    "+15550100".to_owned()
}

fn twilio_api() -> String {
    "https://api.twilio.com".to_owned()
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
        match self {
            Self::Sandbox(section) => check_sender(place, &section.sender),
            Self::Twilio(section) => section.check(place),
        }
    }
}

impl TwilioSection {
    fn check(&self, place: &str) -> Result<(), ConfigError> {
        if self.auth_token.expose_secret().is_empty() || self.account_sid.is_empty() {
            return Err(ConfigError::new(
                place,
                "account_sid or auth_token is empty",
                "Copy both from the Twilio console",
            ));
        }
        check_url(place, &self.api_url, "https://api.twilio.com")?;
        if self.sender.starts_with("MG") {
            return Ok(());
        }
        check_sender(place, &self.sender)
    }
}

fn check_url(place: &str, url: &str, example: &str) -> Result<(), ConfigError> {
    if url::Url::parse(url).is_ok() {
        return Ok(());
    }
    Err(ConfigError::new(
        format!("{place}.api_url"),
        "this is not a web address",
        format!("Leave it out, or write it like {example}"),
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
