//! What responders are told when a case changes hands. Nothing of the texter.

/// To who had a case, when somebody took it over.
#[must_use]
pub fn taken_over(code: &str, by: &str) -> String {
    format!(
        "{by} has taken over case {code} from you. You need not do anything more for it. Thank you."
    )
}

/// To whom a case is offered.
#[must_use]
pub fn offered(code: &str, by: &str, public_url: &str) -> String {
    format!(
        "{by} asks you to take case {code} over. Please sign in and accept or decline: {public_url}"
    )
}

/// To who offered a case, when it was accepted.
#[must_use]
pub fn offer_accepted(code: &str, by: &str) -> String {
    format!("{by} has case {code} now. Thank you.")
}

/// To who offered a case, when it was declined.
#[must_use]
pub fn offer_declined(code: &str, by: &str) -> String {
    format!(
        "{by} cannot take case {code}. It is still yours. You can ask somebody else, or give it back."
    )
}

/// To who offered a case, when nobody answered.
#[must_use]
pub fn offer_lapsed(code: &str, to: &str) -> String {
    format!(
        "{to} did not answer. Case {code} is still yours. You can ask somebody else, or give it back."
    )
}

/// To supervisors, when a responder asks for one.
#[must_use]
pub fn help_wanted(code: &str, by: &str, again: bool, public_url: &str) -> String {
    let again = if again { " Nobody has come yet." } else { "" };
    format!(
        "{by} asks for a supervisor's help with case {code}.{again} Please sign in and look: {public_url}"
    )
}

/// To who asked, when a supervisor has come.
#[must_use]
pub fn help_is_there(code: &str, by: &str) -> String {
    format!("{by} is with you on case {code} now.")
}

/// To supervisors, when who ended a case would like to talk about it.
#[must_use]
pub fn debrief_wanted(code: &str, by: &str) -> String {
    format!("{by} has just ended case {code} and would like to talk about it with you.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::segments;

    #[test]
    fn each_of_these_is_at_most_two_segments() {
        let (code, by, url) = ("K7", "Night supervisor", "https://line.example.org");
        for words in [
            taken_over(code, by),
            offered(code, by, url),
            offer_accepted(code, by),
            offer_declined(code, by),
            offer_lapsed(code, by),
            help_wanted(code, by, true, url),
            help_is_there(code, by),
            debrief_wanted(code, by),
        ] {
            assert!(segments(&words).segments <= 2, "{words}");
        }
    }
}
