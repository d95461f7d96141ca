//! The seams: what a test puts its own in place of.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, GatewaySection};
use crate::gateway::client::{LIMIT, http_client, loopback_client};
use crate::id::{IdSource, SystemIds};
use crate::intake::{Assess, CRISIS_WAIT};
use crate::triage;

use super::StartError;

/// Where the program touches time, chance and the network: what a test replaces.
#[derive(Clone)]
pub struct Seams {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// Carries requests to gateways.
    pub client: reqwest::Client,
    /// Judges texts.
    pub assess: Assess,
    /// How long somebody in crisis waits for the database: [`CRISIS_WAIT`], or longer in a test that
    /// must not depend on how busy its machine is.
    pub crisis_wait: Duration,
    /// Knocks at the program's own door, for drills; without it their texts go past the door.
    pub knocks: Option<reqwest::Client>,
}

impl Seams {
    /// The machine's own, for a configuration: the sandbox never leaves this machine.
    ///
    /// # Errors
    /// [`StartError::Client`].
    pub fn system(config: &Config) -> Result<Self, StartError> {
        let sandbox = config.gateways.values().all(GatewaySection::is_sandbox);
        let client = if sandbox {
            loopback_client(LIMIT)
        } else {
            http_client(LIMIT)
        };
        Ok(Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds::default()),
            client: client.map_err(StartError::Client)?,
            assess: triage::assess,
            crisis_wait: CRISIS_WAIT,
            knocks: Some(loopback_client(LIMIT).map_err(StartError::Client)?),
        })
    }
}
