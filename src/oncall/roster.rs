//! Who is paged.

use crate::phone::PhoneNumber;

/// Someone who can be paged by text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// How others see them, as in "Duty phone".
    pub name: String,
    /// Where pages go.
    pub number: PhoneNumber,
}

/// Everyone who is paged. Each page goes to all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// The contacts of the last rung: they are paged until someone is there.
    pub fallback: Vec<Contact>,
}

impl Roster {
    /// The contact with this number.
    #[must_use]
    pub fn contact(&self, number: &PhoneNumber) -> Option<&Contact> {
        self.fallback
            .iter()
            .find(|contact| contact.number == *number)
    }
}
