//! What a gateway's section must fulfil before anything starts.

use secrecy::ExposeSecret as _;

use super::sending::check_sending;
use super::{
    AndroidSection, GatewaySection, PlivoSection, SignalWireSection, TelnyxSection, TwilioSection,
    VonageSection,
};
use crate::config::check::capital;
use crate::config::load::ConfigError;
use crate::gateway::http::Unusable;
use crate::phone::PhoneNumber;

impl GatewaySection {
    /// The first thing that cannot work. `place` names file and section.
    pub(in crate::config) fn check(&self, place: &str, name: &str) -> Result<(), ConfigError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(ConfigError::new(
                place,
                "the name becomes part of a web address",
                "Use a-z, 0-9, - and _ only",
            ));
        }
        check_sending(place, &self.sending())?;
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
        check_caller(place, self.calls_from.as_deref())?;
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
        check_caller(place, self.calls_from.as_deref())?;
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

/// Nobody can be called from a short code.
fn check_caller(place: &str, number: Option<&str>) -> Result<(), ConfigError> {
    let international =
        |number: &str| number.starts_with('+') && PhoneNumber::parse(number).is_ok();
    if number.is_none_or(international) {
        return Ok(());
    }
    Err(ConfigError::new(
        format!("{place}.calls_from"),
        "calls cannot come from this number",
        "Write a number of your account that can call, like +15550100, or leave the key out",
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
