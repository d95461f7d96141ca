//! The gateways of a configuration: what each kind needs, and what it must fulfil.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::check::capital;
use super::load::ConfigError;
use crate::phone::PhoneNumber;
use crate::route::{Rate, Route};

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
        let keys = self.sending();
        let usual = match self {
            Self::Sandbox(_) => 0.0,
            Self::Twilio(section) => usual_rate(&section.sender),
        };
        Route {
            rate: Rate::new(keys.segments_per_second.unwrap_or(usual), keys.burst),
            failover: keys.failover.map(str::to_owned),
        }
    }

    /// The keys that every kind has.
    const fn sending(&self) -> Sending<'_> {
        let (segments_per_second, burst, failover) = match self {
            Self::Sandbox(section) => (
                section.segments_per_second,
                section.burst,
                &section.failover,
            ),
            Self::Twilio(section) => (
                section.segments_per_second,
                section.burst,
                &section.failover,
            ),
        };
        Sending {
            segments_per_second,
            burst,
            failover: match failover {
                Some(name) => Some(name.as_str()),
                None => None,
            },
        }
    }
}

/// What a section says of how texts leave.
struct Sending<'a> {
    segments_per_second: Option<f64>,
    burst: Option<u32>,
    failover: Option<&'a str>,
}

/// The fastest that a gateway may be set to, in segments a second.
const FASTEST: f64 = 10_000.0;

/// The segments a second that carriers let a sender of the United States or Canada send, as far as
/// its form tells: a long code one, a short code of five or six digits a hundred, a messaging
/// service (`MG…`) ten. Source: <https://www.twilio.com/docs/api/errors/21611>; a service has
/// several numbers.
#[must_use]
pub fn usual_rate(sender: &str) -> f64 {
    let short_code = matches!(sender.len(), 5 | 6) && sender.bytes().all(|b| b.is_ascii_digit());
    if short_code {
        100.0
    } else if sender.starts_with("MG") {
        10.0
    } else {
        1.0
    }
}

/// `[gateways.NAME]` with `kind = "sandbox"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxSection {
    /// The number of the line in the simulator.
    #[serde(default = "sandbox_sender")]
    pub sender: String,
    /// How many segments a second the sender may send; 0 when the gateway queues by itself.
    #[serde(default)]
    pub segments_per_second: Option<f64>,
    /// How many segments it may send at once; one second's worth if it is left out.
    #[serde(default)]
    pub burst: Option<u32>,
    /// The gateway that stands in when this one fails.
    #[serde(default)]
    pub failover: Option<String>,
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
    /// How many segments a second the sender may send; 0 when the gateway queues by itself.
    #[serde(default)]
    pub segments_per_second: Option<f64>,
    /// How many segments it may send at once; one second's worth if it is left out.
    #[serde(default)]
    pub burst: Option<u32>,
    /// The gateway that stands in when this one fails.
    #[serde(default)]
    pub failover: Option<String>,
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
        self.check_sending(place)?;
        match self {
            Self::Sandbox(section) => check_sender(place, &section.sender),
            Self::Twilio(section) => section.check(place),
        }
    }

    fn check_sending(&self, place: &str) -> Result<(), ConfigError> {
        let keys = self.sending();
        if keys
            .segments_per_second
            .is_some_and(|rate| !(0.0..=FASTEST).contains(&rate))
        {
            return Err(ConfigError::new(
                format!("{place}.segments_per_second"),
                "no sender has this speed",
                "Write a number from 0 to 10000; 0 means that the gateway queues by itself",
            ));
        }
        if keys.burst == Some(0) {
            return Err(ConfigError::new(
                format!("{place}.burst"),
                "nothing could ever be sent",
                "Write how many segments may leave at once, 1 or more, or leave the key out",
            ));
        }
        Ok(())
    }

    /// Whether the stand-in is another gateway of this configuration. `known` are the names of all.
    pub(super) fn check_failover(
        &self,
        place: &str,
        name: &str,
        known: &[&str],
    ) -> Result<(), ConfigError> {
        let Some(failover) = self.sending().failover else {
            return Ok(());
        };
        let others: Vec<&str> = known
            .iter()
            .copied()
            .filter(|known| *known != name)
            .collect();
        if others.contains(&failover) {
            return Ok(());
        }
        let fix = if others.is_empty() {
            "Add a section for a second gateway, or leave the key out".to_owned()
        } else {
            format!("Write one of: {}", others.join(", "))
        };
        Err(ConfigError::new(
            format!("{place}.failover"),
            format!("`{failover}` is not another gateway"),
            fix,
        ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_as_fast_as_carriers_let_its_kind_be() {
        for (sender, segments) in [
            ("+15550100", 1.0),
            ("74174", 100.0),
            ("741741", 100.0),
            ("7417411", 1.0),
            ("MG00000000000000000000000000000000", 10.0),
        ] {
            assert!((usual_rate(sender) - segments).abs() < 0.01, "{sender}");
        }
    }
}
