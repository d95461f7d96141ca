//! How often one address may try to sign in, whatever the login.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::limit::{Limit, Rate, subscriber};

/// A shared address, as of an office, has several people behind it.
const RATE: Rate = Rate::new(30, Duration::from_secs(6));

/// Counts the tries of addresses.
pub struct Addresses(Limit<IpAddr>);

impl Addresses {
    /// With this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Limit::new(RATE, clock))
    }

    /// Counts a try.
    ///
    /// # Errors
    /// How long the address has to wait.
    pub(super) fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.0.count(&subscriber(address))
    }
}
