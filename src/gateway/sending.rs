//! What a section of the configuration says of how texts leave by a gateway. Part of `gateway`: floor 2.

use crate::route::{Rate, Route};

/// What the keys say that [`with_sending!`] gives to every `[gateways.NAME]`.
#[derive(Clone, Debug)]
pub struct Sending {
    /// How many segments a second the sender may send.
    pub segments_per_second: Option<f64>,
    /// How many segments it may send at once.
    pub burst: Option<u32>,
    /// The gateway that stands in when this one fails.
    pub failover: Option<String>,
}

impl Sending {
    /// How texts leave: `usual` segments a second unless another speed is set.
    #[must_use]
    pub fn route(self, usual: f64) -> Route {
        let speed = self.segments_per_second.unwrap_or(usual);
        Route {
            rate: Rate::new(speed, self.burst),
            failover: self.failover,
        }
    }
}

/// Sections of gateways, with the keys about how texts leave, and `sending()` that collects them.
///
/// They are written into each section because serde cannot flatten them into one that refuses unknown
/// keys and names the misspelt one.
macro_rules! with_sending {
    ($($(#[$attribute:meta])* pub struct $name:ident { $($field:tt)* })+) => {
        $(
            $(#[$attribute])*
            pub struct $name {
                $($field)*
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

            impl $name {
                /// How texts leave by it, as far as it is set.
                pub(crate) fn sending(&self) -> $crate::gateway::Sending {
                    $crate::gateway::Sending {
                        segments_per_second: self.segments_per_second,
                        burst: self.burst,
                        failover: self.failover.clone(),
                    }
                }
            }
        )+
    };
}
pub(crate) use with_sending;
