//! SignalWire, through its Compatibility API: Twilio's language with another accent.
//!
//! Source: <https://signalwire.com/docs/compatibility-api>, and signalwire-python
//! `core/security/webhook_validator.py` for signatures. What differs from `twilio.rs`:
//!
//! - The header is `X-SignalWire-Signature`, or still `X-Twilio-Signature`, and the key is the
//!   project's **signing key**, not the API token that sends.
//! - A field that comes several times is signed as it came: neither sorted nor once only.
//! - A body that is not a form may be signed whole: lowercase hex of `HMAC-SHA1(key, url + body)`.
//! - Ids are UUIDs. Nothing here looks at the shape of an id.
//! - It leaves opt-outs to us: STOP is only a text, and nothing is blocked.
//! - It waits 2 seconds for a connection and 5 for the answer, and does not try again.
//!
//! Texts, calls, receipts, sends and error codes are those of `twilio.rs`. Floor 2.

use std::time::Duration;

use secrecy::SecretString;

use super::Caps;
use super::twilio::{Account, Dialect, Repeated, Twilio, a_number};

/// How one `SignalWire` number is reached. No `Debug`: it holds secrets.
pub struct SignalWireConfig {
    /// The configured name, as in `/hooks/{gateway}/inbound`.
    pub name: String,
    /// The project, a UUID.
    pub project_id: String,
    /// What authorizes sends.
    pub api_token: SecretString,
    /// What hooks are signed with; hooks signed with any of them are taken, so that a key can be
    /// rotated. Empty ones are passed over: anyone could sign with them.
    pub signing_keys: Vec<SecretString>,
    /// The number that texts come from.
    pub sender: String,
    /// The number that calls come from; without it the sender.
    pub calls_from: Option<String>,
    /// The space, `https://example.signalwire.com`.
    pub api_url: String,
}

const SIGNALWIRE: Dialect = Dialect {
    headers: &["x-signalwire-signature", "x-twilio-signature"],
    repeated: Repeated::AsSent,
    signs_bodies: true,
    api_path: "/api/laml/2010-04-01",
    caps: Caps {
        inline_reply: true,
        idempotent_send: false,
        max_chars: 1600,
        hook_deadline: Duration::from_secs(5),
        repeats_hooks: false,
        blocks_opted_out: false,
    },
};

/// A gateway for this project and number.
#[must_use]
pub fn gateway(config: SignalWireConfig) -> Twilio {
    let account = Account {
        name: config.name,
        id: config.project_id,
        token: config.api_token,
        signing_keys: config.signing_keys,
        calls_from: config.calls_from.or_else(|| a_number(&config.sender)),
        sender: config.sender,
        api_url: config.api_url,
    };
    Twilio::speaking(SIGNALWIRE, account)
}

#[cfg(test)]
mod tests;
