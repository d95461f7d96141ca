//! `[limits]`: what one caller, and all together, may take of the server.

use serde::Deserialize;

use super::load::ConfigError;

/// `[limits]`: none of them stands between a text of somebody in crisis and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// The most connections that are open at once; a tenth of them is kept for gateways.
    pub connections: usize,
    /// The most from one address that is not a proxy of ours.
    pub connections_per_address: usize,
    /// Seconds in which the head of a request comes, from its first byte.
    pub head_s: u64,
    /// Seconds in which its body comes.
    pub body_s: u64,
    /// Seconds for which a connection without a request stays open.
    pub idle_s: u64,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            head_s: 10,
            body_s: 20,
            // Longer than proxies keep theirs (Caddy two minutes, nginx one): the one that ends a connection
            // must be the one that sends on it, or a hook is lost between the two.
            idle_s: 180,
        }
    }
}

/// The first thing in the section that cannot work.
pub(super) fn check(
    section: &LimitsSection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    for (key, count, least) in [
        ("connections", section.connections, 32),
        (
            "connections_per_address",
            section.connections_per_address,
            8,
        ),
    ] {
        if !(least..=1_000_000).contains(&count) {
            return Err(ConfigError::new(
                at(&format!("limits.{key}")),
                format!("{count} connections are too few or too many"),
                format!("Write a number from {least} to 1000000"),
            ));
        }
    }
    if section.connections_per_address > section.connections {
        return Err(ConfigError::new(
            at("limits.connections_per_address"),
            "one address could have more connections than all together",
            format!("Write {} or less", section.connections),
        ));
    }
    for (key, seconds, most) in [
        ("head_s", section.head_s, 120),
        ("body_s", section.body_s, 600),
        ("idle_s", section.idle_s, 3600),
    ] {
        if !(1..=most).contains(&seconds) {
            return Err(ConfigError::new(
                at(&format!("limits.{key}")),
                format!("{seconds} seconds is too short or too long"),
                format!("Write a number from 1 to {most}"),
            ));
        }
    }
    Ok(())
}
