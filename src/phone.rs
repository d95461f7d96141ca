//! Phone numbers: who a text is from. Redacted wherever a person could read it by accident.

use std::fmt;

/// The address of a phone on a gateway: E.164 (`+15550100`, ITU-T E.164: at most 15 digits), a
/// short code, or, for what a gateway sends that is neither, its own words.
///
/// There is no `Display`, and `Debug` hides the digits: call [`PhoneNumber::reveal`] where a
/// number must leave the program (a gateway request, a page to staff that asked for it).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// Why a configured number was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "write the number in international form, like +15550100, or as a short code of 3 to 8 digits"
)]
pub struct NotANumber;

impl PhoneNumber {
    /// Reads a number that a person typed: spaces, dots, dashes and brackets are passed over.
    ///
    /// # Errors
    /// [`NotANumber`] unless it is E.164 or a short code.
    pub fn parse(raw: &str) -> Result<Self, NotANumber> {
        let compact: String = raw
            .chars()
            .filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{a0}'))
            .collect();
        let number = Self(compact);
        if number.is_reachable() {
            Ok(number)
        } else {
            Err(NotANumber)
        }
    }

    /// Takes whatever a gateway says the sender is. Nothing inbound is refused for its sender: an
    /// address that no text can reach is kept as it is.
    #[must_use]
    pub fn of_sender(raw: &str) -> Self {
        Self::parse(raw).unwrap_or_else(|NotANumber| {
            Self(raw.chars().filter(|c| !c.is_control()).take(64).collect())
        })
    }

    /// The number itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What staff see of it: the last two digits.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits: Vec<char> = self.0.chars().filter(char::is_ascii_digit).collect();
        match digits.as_slice() {
            [.., a, b] if digits.len() >= 7 => format!("number ending in {a}{b}"),
            _ => "hidden sender".to_owned(),
        }
    }

    /// Whether a text can be sent to it at all.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        let (digits, lengths) = match self.0.strip_prefix('+') {
            Some(rest) => (rest, 7..=15),
            None => (self.0.as_str(), 3..=8),
        };
        lengths.contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !(self.0.starts_with('+') && digits.starts_with('0'))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for raw in ["+1 (555) 010-0123", "+15550100123", "+1.555.010.0123"] {
            assert_eq!(PhoneNumber::parse(raw).unwrap().reveal(), "+15550100123");
        }
        assert_eq!(PhoneNumber::parse("741741").unwrap().reveal(), "741741");
    }

    #[test]
    fn what_cannot_be_texted_is_refused_in_configuration_and_kept_from_a_gateway() {
        for raw in [
            "",
            "+",
            "15550100123",
            "+0123456789",
            "+1555010012345678",
            "DUTY",
            "+1555x100",
        ] {
            assert_eq!(PhoneNumber::parse(raw), Err(NotANumber), "{raw}");
            assert!(!PhoneNumber::of_sender(raw).is_reachable());
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        let number = PhoneNumber::parse("+15550100123").unwrap();
        assert_eq!(format!("{number:?}"), "PhoneNumber(hidden)");
        assert_eq!(number.masked(), "number ending in 23");
    }
}
