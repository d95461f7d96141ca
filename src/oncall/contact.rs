//! Whom a page goes to, and where.

use std::fmt;

use uuid::Uuid;

use super::page::Preset;
use super::person::{Channel, Method, Person};
use crate::phone::PhoneNumber;

/// Where a method leads: a number in E.164, an e-mail address or a URL. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    /// An address, as it was checked where it came in.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// The address itself: to send to, or to seal.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be seen of it: enough for its owner to know which one it is.
    #[must_use]
    pub fn masked(&self, channel: Channel) -> String {
        match channel {
            Channel::Sms | Channel::Voice => self.number().masked(),
            Channel::Email => match self.0.split_once('@') {
                Some((name, domain)) => {
                    let first: String = name.chars().take(1).collect();
                    format!("{first}…@{domain}")
                }
                None => "hidden address".to_owned(),
            },
            // The path of a webhook is its secret.
            Channel::Webhook => match self.0.split_once("://") {
                Some((_, rest)) => {
                    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                    format!("{host}/…")
                }
                None => "hidden address".to_owned(),
            },
        }
    }

    /// The address as a number: for texts and calls.
    #[must_use]
    pub fn number(&self) -> PhoneNumber {
        PhoneNumber::of_sender(&self.0)
    }
}

impl From<&PhoneNumber> for Address {
    fn from(number: &PhoneNumber) -> Self {
        Self::new(number.reveal())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What a webhook is signed with, or the key that its receiver gave us. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret, as it was typed.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: to sign with, or to seal.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a page goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// How it gets there.
    pub channel: Channel,
    /// The number, e-mail address or URL.
    pub address: Address,
    /// The shape of a webhook's body.
    pub preset: Option<String>,
    /// What a webhook is signed with, or its receiver's key.
    pub secret: Option<Secret>,
}

impl Destination {
    /// A phone that is texted.
    #[must_use]
    pub fn texted(number: &PhoneNumber) -> Self {
        Self {
            channel: Channel::Sms,
            address: Address::from(number),
            preset: None,
            secret: None,
        }
    }
}

impl Destination {
    /// Whether a machine is there that keeps track of cases: it gets a page of its own for each, and is
    /// told when one is over.
    #[must_use]
    pub fn tracks_cases(&self) -> bool {
        self.machine().is_some_and(Preset::tracks_cases)
    }

    /// Whether a machine is there that rings once for what it knows.
    #[must_use]
    pub fn rings_once(&self) -> bool {
        self.machine().is_some_and(Preset::rings_once)
    }

    /// What understands a webhook there, if one leads there.
    fn machine(&self) -> Option<Preset> {
        let preset = self.preset.as_deref();
        let preset = preset.map_or(Some(Preset::default()), Preset::of);
        preset.filter(|_| self.channel == Channel::Webhook)
    }
}

/// Someone who can be paged, by one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// How others see them, as in "Duty phone".
    pub name: String,
    /// Their account; none for a contact of the configuration.
    pub staff_id: Option<Uuid>,
    /// The contact method; none for a contact of the configuration.
    pub method_id: Option<Uuid>,
    /// The gateway that a text or a call leaves by; without one, the gateway of all pages.
    pub gateway: Option<String>,
    /// Where pages go.
    pub to: Destination,
}

impl Contact {
    /// A phone of the configuration that is texted.
    #[must_use]
    pub fn texted(name: impl Into<String>, number: &PhoneNumber) -> Self {
        Self {
            name: name.into(),
            staff_id: None,
            method_id: None,
            gateway: None,
            to: Destination::texted(number),
        }
    }

    /// A person, by one of their methods.
    #[must_use]
    pub fn of(person: &Person, method: &Method) -> Self {
        Self {
            name: person.name.clone(),
            staff_id: Some(person.id),
            method_id: Some(method.id),
            gateway: method.gateway.clone(),
            to: Destination {
                channel: method.channel,
                address: method.address.clone(),
                preset: method.preset.clone(),
                secret: method.secret.clone(),
            },
        }
    }

    /// The number that they text from, if this is a phone that is texted.
    #[must_use]
    pub fn texts_from(&self) -> Option<PhoneNumber> {
        (self.to.channel == Channel::Sms).then(|| self.to.address.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_address_nor_secret_is_shown() {
        let mut contact = Contact::texted("Duty phone", &PhoneNumber::of_sender("+15550170"));
        contact.to.secret = Some(Secret::new("whsec_canary"));
        let shown = format!("{contact:?}");
        assert!(
            !shown.contains("5550170") && !shown.contains("canary"),
            "{shown}"
        );
    }

    #[test]
    fn only_machines_keep_track_of_cases() {
        let mut to = Destination::texted(&PhoneNumber::of_sender("+15550170"));
        assert!(!to.tracks_cases());
        to.channel = Channel::Webhook;
        assert!(
            to.tracks_cases(),
            "our own JSON, where nothing else is said"
        );
        assert!(!to.rings_once(), "it is paged again and again");
        for (preset, tracks) in [
            ("pagerduty", true),
            ("alertmanager", true),
            ("ntfy", false),
            ("odd", false),
        ] {
            to.preset = Some(preset.to_owned());
            let known = (to.tracks_cases(), to.rings_once());
            assert_eq!(known, (tracks, tracks), "{preset}");
        }
    }

    #[test]
    fn of_an_address_its_owner_sees_enough_and_others_not_too_much() {
        for (channel, address, shown) in [
            (Channel::Sms, "+15550170", "number ending in 70"),
            (Channel::Email, "first@example.org", "f…@example.org"),
            (
                Channel::Webhook,
                "https://hooks.example.org/T0/secret",
                "hooks.example.org/…",
            ),
            (Channel::Webhook, "odd", "hidden address"),
        ] {
            assert_eq!(Address::new(address).masked(channel), shown);
        }
    }

    #[test]
    fn only_a_phone_that_is_texted_texts_back() {
        let mut contact = Contact::texted("Duty phone", &PhoneNumber::of_sender("+1 555 0170"));
        let number = PhoneNumber::of_sender("+15550170");
        assert_eq!(contact.texts_from(), Some(number));
        contact.to.channel = Channel::Voice;
        assert_eq!(contact.texts_from(), None);
    }
}
