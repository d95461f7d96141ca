//! Who is paged.

use super::{Contact, Timing};
use crate::phone::PhoneNumber;

/// Everyone who is paged. Each page goes to all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// The contacts of the last rung: they are paged until someone is there.
    pub fallback: Vec<Contact>,
}

impl Roster {
    /// The contact that texts from this number.
    #[must_use]
    pub fn contact(&self, number: &PhoneNumber) -> Option<&Contact> {
        self.fallback
            .iter()
            .find(|contact| contact.texts_from().as_ref() == Some(number))
    }
}

/// Everything that a service needs to page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Who is paged.
    pub roster: Roster,
    /// How long the clocks run.
    pub timing: Timing,
    /// The gateway that pages leave by.
    pub gateway: String,
    /// Where responders sign in.
    pub public_url: String,
}
