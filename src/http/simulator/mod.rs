//! The phone simulator: the far end of the sandbox gateway, with phones in memory.
//!
//! A text from a phone goes through the real hook over HTTP, signed, and a reply comes back through
//! the real outbox: nothing here knows the line from the inside. It deliberately keeps nothing
//! on disk and asks nobody to sign in, because it exists with the sandbox gateway only. Floor 4.

mod exchange;
mod pages;
mod phones;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use uuid::Uuid;

use crate::clock::Clock;
use crate::feed::{Feed, Signal};
use crate::id::{IdSource, random};
use crate::oncall::Contact;
use crate::phone::PhoneNumber;
use phones::{Holder, Phones};

pub(super) use exchange::provider_routes;
pub(super) use pages::routes;

/// What the simulator is made from. No `Debug`: it holds a secret.
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

/// The phones and the provider that connects them with the line.
pub struct Simulator {
    config: SimulatorConfig,
    phones: Mutex<Phones>,
}

impl Simulator {
    /// A simulator with the responders' phones and without any texts yet.
    #[must_use]
    pub fn new(config: SimulatorConfig) -> Self {
        let mut phones = Phones::default();
        for contact in &config.on_call {
            let holder = Holder::OnCall(contact.name.clone());
            if let Some(number) = contact.texts_from() {
                phones.add(new_id(&config), number, holder);
            }
        }
        Self {
            config,
            phones: Mutex::new(phones),
        }
    }

    /// A new person: a phone with a number that nobody has.
    fn new_person(&self) -> (Uuid, PhoneNumber) {
        let id = new_id(&self.config);
        let mut phones = self.phones();
        loop {
            let number = fictional(random(&*self.config.ids));
            if phones.add(id, number.clone(), Holder::Texter) {
                return (id, number);
            }
        }
    }

    fn phones(&self) -> MutexGuard<'_, Phones> {
        self.phones.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells open pages to look again.
    fn changed(&self) {
        self.config.feed.signal(Signal::Simulator);
    }
}

fn new_id(config: &SimulatorConfig) -> Uuid {
    config.ids.id(config.clock.now())
}

/// A number of the kind that is set aside for fiction, `+1 555 01…`.
fn fictional(chance: [u8; 4]) -> PhoneNumber {
    PhoneNumber::of_sender(&format!(
        "+155501{:05}",
        u32::from_be_bytes(chance) % 100_000
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_numbers_are_fictional_and_can_be_texted() {
        for chance in [[0; 4], [255; 4], [1, 2, 3, 4]] {
            let number = fictional(chance);
            assert!(number.reveal().starts_with("+155501") && number.is_reachable());
        }
    }
}
