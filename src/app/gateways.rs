//! The gateways of a configuration, made.

use std::sync::Arc;

use secrecy::SecretString;

use crate::config::{Config, GatewaySection};
use crate::gateway::android::{Android, AndroidConfig};
use crate::gateway::http::{Http, Mapping};
use crate::gateway::plivo::{Plivo, PlivoConfig};
use crate::gateway::sandbox::{Sandbox, SandboxConfig};
use crate::gateway::signalwire::{self, SignalWireConfig};
use crate::gateway::telnyx::{Telnyx, TelnyxConfig};
use crate::gateway::twilio::{Twilio, TwilioConfig};
use crate::gateway::vonage::{Vonage, VonageConfig};
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
            auth_tokens: both(&twilio.auth_token, twilio.auth_token_other.as_ref()),
            sender: twilio.sender.clone(),
            calls_from: twilio.calls_from.clone(),
            api_url: twilio.api_url.clone(),
        })),
        GatewaySection::Telnyx(section) => shared(Telnyx::new(TelnyxConfig {
            name: name.clone(),
            api_key: section.api_key.clone(),
            public_keys: std::iter::once(&section.public_key)
                .chain(section.public_key_other.as_ref())
                .cloned()
                .collect(),
            sender: section.sender.clone(),
            api_url: section.api_url.clone(),
        })),
        GatewaySection::Plivo(section) => shared(Plivo::new(PlivoConfig {
            name: name.clone(),
            auth_id: section.auth_id.clone(),
            auth_tokens: both(&section.auth_token, section.auth_token_other.as_ref()),
            allow_v2: section.allow_v2,
            sender: section.sender.clone(),
            api_url: section.api_url.clone(),
        })),
        GatewaySection::Android(section) => shared(Android::new(AndroidConfig {
            name: name.clone(),
            username: section.username.clone(),
            password: section.password.clone(),
            signing_keys: both(&section.signing_key, section.signing_key_other.as_ref()),
            sim: section.sim,
            messages_url: section.messages_url.clone(),
        })),
        GatewaySection::Vonage(section) => shared(Vonage::new(VonageConfig {
            name: name.clone(),
            api_key: section.api_key.clone(),
            api_secret: section.api_secret.clone(),
            signature_secrets: both(
                &section.signature_secret,
                section.signature_secret_other.as_ref(),
            ),
            signature_method: section.signature_method,
            sender: section.sender.clone(),
            reports: section.reports,
            api_url: section.api_url.clone(),
        })),
        GatewaySection::Http(mapping) => shared(Http::new(name.clone(), Mapping::clone(mapping))),
        GatewaySection::Signalwire(section) => shared(signalwire::gateway(SignalWireConfig {
            name: name.clone(),
            project_id: section.project_id.clone(),
            api_token: section.api_token.clone(),
            signing_keys: both(&section.signing_key, section.signing_key_other.as_ref()),
            sender: section.sender.clone(),
            calls_from: section.calls_from.clone(),
            api_url: section.api_url.clone(),
        })),
    });
    Gateways::new(made.collect())
}

/// How texts leave by each of them.
pub(super) fn routes(config: &Config) -> Routes {
    let routes = config.gateways.iter();
    Routes::new(routes.map(|(name, section)| (name.clone(), section.route())))
}

/// A secret and the one that it is rotated with.
fn both(secret: &SecretString, other: Option<&SecretString>) -> Vec<SecretString> {
    std::iter::once(secret).chain(other).cloned().collect()
}

fn shared(gateway: impl Gateway + 'static) -> Arc<dyn Gateway> {
    Arc::new(gateway)
}
