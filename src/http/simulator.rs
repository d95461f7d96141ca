//! The phone simulator.

use std::sync::Arc;

use axum::Router;
use secrecy::SecretString;

use super::Doors;
use crate::clock::Clock;
use crate::feed::Feed;
use crate::id::IdSource;
use crate::oncall::Contact;

/// What the simulator is made from.
pub struct SimulatorConfig {
    /// The name of the sandbox gateway.
    pub gateway: String,
    /// The number of the line.
    pub line: String,
    /// What hooks and sends are signed with.
    pub secret: SecretString,
    /// Where this server is reached on this machine.
    pub local_url: String,
    /// The root of the URLs that hooks are signed for.
    pub public_url: String,
    /// The responders whose phones are shown.
    pub on_call: Vec<Contact>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Numbers of new phones.
    pub ids: Arc<dyn IdSource>,
    /// Signals to open pages.
    pub feed: Feed,
    /// Carries hooks.
    pub client: reqwest::Client,
}

/// stub
pub struct Simulator {
    #[expect(dead_code, reason = "not yet wired")]
    config: SimulatorConfig,
}

impl Simulator {
    /// A simulator without any texts yet.
    #[must_use]
    pub fn new(config: SimulatorConfig) -> Self {
        Self { config }
    }
}

pub(super) fn routes() -> Router<Doors> {
    Router::new()
}

pub(super) fn provider_routes() -> Router<Doors> {
    Router::new()
}
