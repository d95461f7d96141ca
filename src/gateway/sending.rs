//! What a section of the configuration says of how texts leave by a gateway. Part of `gateway`: floor 2.

use serde::Deserialize;

use crate::route::{Rate, Route};

/// The keys of every `[gateways.NAME]` that say how texts leave.
///
/// It is flattened into sections that refuse unknown keys: it takes its own three, and a test sees
/// that the section still refuses all others. So this has no `deny_unknown_fields`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Sending {
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

impl Sending {
    /// How texts leave: `usual` segments a second unless another speed is set.
    #[must_use]
    pub fn route(&self, usual: f64) -> Route {
        let speed = self.segments_per_second.unwrap_or(usual);
        Route {
            rate: Rate::new(speed, self.burst),
            failover: self.failover.clone(),
        }
    }
}
