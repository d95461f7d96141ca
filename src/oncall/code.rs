//! The short code of a case, as a responder types it on a phone at 3 am.

/// Letters and digits that are not taken for one another.
const LETTERS: &[u8] = b"ACDEFHJKMNPRTUVWXY";
const DIGITS: &[u8] = b"34679";

/// Codes to try for a new case, best first: short, a letter and digits. They go round, starting
/// after `last`, so that a late answer to an old page does not take somebody else's case; and
/// they grow by a digit before half of a length is in use, so that a free one is soon found.
pub fn codes(last: Option<&str>, open: usize) -> impl Iterator<Item = String> {
    let digits = (1..8).find(|digits| open < count(*digits) / 2).unwrap_or(8);
    let start = last
        .and_then(|last| place(last, digits))
        .map_or(0, |place| place + 1);
    (0..count(digits)).map(move |step| code((start + step) % count(digits), digits))
}

/// How many codes have so many digits.
fn count(digits: u32) -> usize {
    LETTERS.len() * DIGITS.len().pow(digits)
}

/// The code at a place in the round.
fn code(place: usize, digits: u32) -> String {
    let mut rest = place;
    let mut reversed = Vec::new();
    for _ in 0..digits {
        reversed.push(char::from(DIGITS[rest % DIGITS.len()]));
        rest /= DIGITS.len();
    }
    reversed.push(char::from(LETTERS[rest % LETTERS.len()]));
    reversed.iter().rev().collect()
}

/// The place of a code in the round, if it has so many digits.
fn place(code: &str, digits: u32) -> Option<usize> {
    let (letter, rest) = code.as_bytes().split_first()?;
    let start = LETTERS.iter().position(|known| known == letter)?;
    if u32::try_from(rest.len()).ok()? != digits {
        return None;
    }
    rest.iter().try_fold(start, |place, digit| {
        let next = DIGITS.iter().position(|known| known == digit)?;
        Some(place * DIGITS.len() + next)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn first(last: Option<&str>, open: usize) -> String {
        codes(last, open).next().unwrap()
    }

    #[test]
    fn codes_go_round() {
        assert_eq!(first(None, 0), "A3");
        assert_eq!(first(Some("A3"), 1), "A4");
        assert_eq!(first(Some("A9"), 1), "C3");
        assert_eq!(first(Some("Y9"), 1), "A3");
    }

    #[test]
    fn many_open_cases_get_longer_codes_and_quiet_brings_short_ones_back() {
        assert_eq!(first(Some("K7"), 44), "K9");
        assert_eq!(first(Some("K7"), 45), "A33");
        assert_eq!(first(Some("A33"), 200), "A34");
        assert_eq!(first(Some("A34"), 3), "A3");
        assert!(codes(None, usize::MAX).next().is_some());
    }

    #[test]
    fn a_round_names_every_code_once() {
        let round: Vec<String> = codes(Some("K7"), 0).collect();
        assert_eq!(round.len(), 90);
        assert_eq!(round.iter().collect::<HashSet<_>>().len(), 90);
        assert_eq!(
            round.last().map(String::as_str),
            Some("K7"),
            "the last one comes last"
        );
    }
}
