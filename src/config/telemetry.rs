//! `[telemetry]`: where traces go.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::heartbeat::host_of;
use super::load::ConfigError;

/// `[telemetry]`: nothing is sent unless it says where to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySection {
    /// The root of a collector that takes OTLP over HTTP.
    pub otlp_endpoint: Option<String>,
    /// Headers that the collector asks for, such as a token.
    pub otlp_headers: BTreeMap<String, SecretString>,
}

/// The first thing in the section that cannot work.
pub(super) fn check(
    section: &TelemetrySection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    if let Some(endpoint) = &section.otlp_endpoint
        && host_of(endpoint).is_none()
    {
        return Err(ConfigError::new(
            at("telemetry.otlp_endpoint"),
            "this is no web address",
            "Write the root of a collector that takes OTLP over HTTP, like http://127.0.0.1:4318, or leave the key out",
        ));
    }
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let visible = |c: char| c == ' ' || c.is_ascii_graphic();
    for (name, value) in &section.otlp_headers {
        let named = !name.is_empty() && name.chars().all(token);
        if !named || !value.expose_secret().chars().all(visible) {
            return Err(ConfigError::new(
                at("telemetry.otlp_headers"),
                "one of these cannot be sent as a header",
                "Write each like authorization = \"Bearer …\", with letters, digits and - in the name",
            ));
        }
    }
    if section.otlp_endpoint.is_none() && !section.otlp_headers.is_empty() {
        return Err(ConfigError::new(
            at("telemetry.otlp_headers"),
            "they stand without telemetry.otlp_endpoint",
            "Set telemetry.otlp_endpoint, too, or leave both out",
        ));
    }
    Ok(())
}
