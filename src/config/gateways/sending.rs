//! How texts leave by a gateway: what is usual, and what cannot work.

use super::GatewaySection;
use crate::config::load::ConfigError;
use crate::gateway::Sending;

/// The fastest that a gateway may be set to, in segments a second.
const FASTEST: f64 = 10_000.0;

/// What carriers let an ordinary number send, in segments a second.
pub(super) const LONG_CODE: f64 = 1.0;

/// The segments a second that carriers let a sender of the United States or Canada send, as far as
/// its form tells: a long code one, a short code of five or six digits a hundred, a messaging
/// service (`MG…`) ten. Source: <https://www.twilio.com/docs/api/errors/21611>; a service has
/// several numbers. Other providers pass the same carriers' limits on.
pub(super) fn usual_rate(sender: &str) -> f64 {
    let short_code = matches!(sender.len(), 5 | 6) && sender.bytes().all(|b| b.is_ascii_digit());
    if short_code {
        100.0
    } else if sender.starts_with("MG") {
        10.0
    } else {
        LONG_CODE
    }
}

/// Refuses a speed at which nothing, or too much, could be sent.
pub(super) fn check_sending(place: &str, keys: &Sending) -> Result<(), ConfigError> {
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

impl GatewaySection {
    /// Whether the stand-in is another gateway of this configuration. `known` are the names of all.
    pub(in crate::config) fn check_failover(
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
        if others.contains(&failover.as_str()) {
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
