//! The gateways of a configuration, made.

use std::sync::Arc;

use crate::config::{Config, GatewaySection};
use crate::gateway::sandbox::{Sandbox, SandboxConfig};
use crate::gateway::twilio::{Twilio, TwilioConfig};
use crate::gateway::{Gateway, Gateways};
use crate::route::Routes;

/// Every configured gateway. `local_url` and `sandbox_secret` are for the sandbox alone.
pub(super) fn of(config: &Config, local_url: &str, sandbox_secret: &str) -> Gateways {
    let made = config.gateways.iter().map(|(name, section)| match section {
        GatewaySection::Sandbox(sandbox) => shared(Sandbox::new(SandboxConfig {
            name: name.clone(),
            secret: sandbox_secret.into(),
            sender: sandbox.sender.clone(),
            api_url: local_url.to_owned(),
        })),
        GatewaySection::Twilio(twilio) => shared(Twilio::new(TwilioConfig {
            name: name.clone(),
            account_sid: twilio.account_sid.clone(),
            auth_tokens: std::iter::once(twilio.auth_token.clone())
                .chain(twilio.auth_token_other.clone())
                .collect(),
            sender: twilio.sender.clone(),
            api_url: twilio.api_url.trim_end_matches('/').to_owned(),
        })),
    });
    Gateways::new(made.collect())
}

/// How texts leave by each of them.
pub(super) fn routes(config: &Config) -> Routes {
    let routes = config.gateways.iter();
    Routes::new(routes.map(|(name, section)| (name.clone(), section.route())))
}

fn shared(gateway: impl Gateway + 'static) -> Arc<dyn Gateway> {
    Arc::new(gateway)
}
