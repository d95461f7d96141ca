//! The short code of a case, as a responder types it on a phone at 3 am.

/// Letters and digits that are not taken for one another.
const LETTERS: &str = "ACDEFHJKMNPRTUVWXY";
const DIGITS: &str = "34679";

/// The shortest code that no open case has. Codes go round: the one after `last` comes first, so
/// that a late answer to an old page does not take somebody else's case.
#[must_use]
pub fn next_code(last: Option<&str>, open: &[String]) -> String {
    (1..)
        .find_map(|length| {
            let codes = all(length);
            let start = last.and_then(|last| codes.iter().position(|code| code == last));
            let start = start.map_or(0, |at| at + 1);
            codes
                .iter()
                .cycle()
                .skip(start)
                .take(codes.len())
                .find(|code| !open.contains(code))
                .cloned()
        })
        .unwrap_or_default()
}

/// Every code with so many digits: a letter, then digits.
fn all(digits: u32) -> Vec<String> {
    (0..digits).fold(
        LETTERS.chars().map(String::from).collect(),
        |codes: Vec<String>, _| {
            codes
                .iter()
                .flat_map(|code| DIGITS.chars().map(move |digit| format!("{code}{digit}")))
                .collect()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_round_and_pass_over_open_cases() {
        assert_eq!(next_code(None, &[]), "A3");
        assert_eq!(next_code(Some("A3"), &[]), "A4");
        assert_eq!(next_code(Some("A3"), &["A4".to_owned()]), "A6");
        assert_eq!(next_code(Some("Y9"), &[]), "A3");
    }

    #[test]
    fn more_cases_than_short_codes_get_longer_ones() {
        let open = all(1);
        assert_eq!(open.len(), 90);
        assert_eq!(next_code(Some("K7"), &open), "A33");
    }
}
