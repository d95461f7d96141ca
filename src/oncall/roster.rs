//! Who is paged.

use jiff::tz::TimeZone;

use super::{Clocks, Contact};
use crate::clock::At;
use crate::phone::PhoneNumber;

/// Who is paged when nothing else can be asked: what is known of people on call, and the contacts of the
/// configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// The contacts of the configuration (`oncall.fallback`).
    pub fallback: Vec<Contact>,
    /// Who is on call from when to when, by each of their methods.
    pub standby: Vec<Standby>,
    /// Everyone who can be reached, for when nobody is on call.
    pub everyone: Vec<Contact>,
}

/// A time in which somebody is on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standby {
    /// Who, by one of their methods.
    pub contact: Contact,
    /// From this moment.
    pub from: At,
    /// To before this moment.
    pub until: At,
}

impl Roster {
    /// A roster of nobody but the contacts of the configuration.
    #[must_use]
    pub const fn of(fallback: Vec<Contact>) -> Self {
        Self {
            fallback,
            standby: Vec::new(),
            everyone: Vec::new(),
        }
    }

    /// The contact of the configuration that texts from this number.
    #[must_use]
    pub fn contact(&self, number: &PhoneNumber) -> Option<&Contact> {
        self.fallback
            .iter()
            .find(|contact| contact.texts_from().as_ref() == Some(number))
    }

    /// Whom to page at a moment, without asking anybody: who is on call then, or everyone when nobody
    /// is; and the contacts of the configuration. Nobody twice. By which ways pages leave is `leaves`'
    /// to say: who can be reached by none of them does not stand for the others.
    #[must_use]
    pub fn paged_at(&self, now: At, leaves: impl Fn(&Contact) -> bool) -> Vec<&Contact> {
        let on_call = self
            .standby
            .iter()
            .filter(|one| one.from <= now && now < one.until);
        let reached = |contact: &&Contact| leaves(contact);
        let mut paged: Vec<&Contact> = on_call.map(|one| &one.contact).filter(reached).collect();
        if paged.is_empty() {
            paged.extend(self.everyone.iter().filter(reached));
        }
        paged.extend(&self.fallback);
        once_each(paged)
    }
}

/// Contacts without those that lead to the same place: nobody's phone rings twice for one thing.
#[must_use]
pub fn once_each<C: std::borrow::Borrow<Contact>>(contacts: Vec<C>) -> Vec<C> {
    let mut kept: Vec<C> = Vec::with_capacity(contacts.len());
    for contact in contacts {
        let to = &contact.borrow().to;
        let same = |other: &C| {
            let other = &other.borrow().to;
            other.channel == to.channel && other.address == to.address
        };
        if !kept.iter().any(same) {
            kept.push(contact);
        }
    }
    kept
}

/// Everything that a service needs to page.
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    /// The contacts of the configuration.
    pub roster: Roster,
    /// How long the clocks run.
    pub clocks: Clocks,
    /// The gateway that pages leave by.
    pub gateway: String,
    /// Where responders sign in.
    pub public_url: String,
    /// The zone of times that are told to who has none of their own.
    pub zone: TimeZone,
    /// Whether responders may read and write conversations from their phones.
    pub by_phone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncall::Channel;

    fn contact(name: &str, number: &str) -> Contact {
        Contact::texted(name, &PhoneNumber::of_sender(number))
    }

    fn standby(name: &str, number: &str, from: i64, until: i64) -> Standby {
        Standby {
            contact: contact(name, number),
            from: At(from),
            until: At(until),
        }
    }

    #[test]
    fn who_is_on_call_at_that_moment_is_paged_and_everyone_when_nobody_is() {
        let roster = Roster {
            fallback: vec![contact("Duty phone", "+15550199")],
            standby: vec![
                standby("First", "+15550170", 0, 10),
                standby("Night", "+15550171", 10, 20),
                standby("Night", "+15550199", 10, 20),
            ],
            everyone: vec![contact("First", "+15550170"), contact("Night", "+15550171")],
        };
        let paged = |at| {
            let paged = roster.paged_at(At(at), |_| true);
            let names = paged.iter().map(|contact| contact.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(paged(9), "First, Duty phone");
        // The same phone once.
        assert_eq!(paged(10), "Night, Night");
        assert_eq!(paged(20), "First, Night, Duty phone");
    }

    #[test]
    fn who_can_be_reached_by_no_way_does_not_stand_for_the_others() {
        let mut mailed = standby("First", "+15550170", 0, 10);
        mailed.contact.to.channel = Channel::Email;
        let roster = Roster {
            fallback: Vec::new(),
            standby: vec![mailed],
            everyone: vec![contact("Night", "+15550171")],
        };
        let no_mail = |contact: &Contact| contact.to.channel != Channel::Email;
        let paged = roster.paged_at(At(5), no_mail);
        assert!(matches!(paged[..], [night] if night.name == "Night"));
        let paged = roster.paged_at(At(5), |_| true);
        assert!(matches!(paged[..], [first] if first.name == "First"));
    }
}
