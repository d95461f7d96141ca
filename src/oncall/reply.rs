//! What a responder's text means.

/// A text from a responder's phone that answers a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderReply {
    /// Takes the case with this code.
    Take(String),
    /// Takes a case without naming it; clear only while one is open.
    TakeAny,
}

/// Words that people put around a code.
const AROUND: [&str; 8] = ["ack", "take", "taking", "reply", "case", "got", "it", "i"];
const ANY: [&str; 6] = ["ack", "taking it", "take it", "got it", "on it", "i got it"];

/// Reads a responder's text: `K7`, `k 7`, `"K7"`, `ack k7`, `taking it`. `None` when it does not
/// answer a page.
#[must_use]
pub fn read_reply(text: &str) -> Option<ResponderReply> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if ANY.contains(&words.join(" ").as_str()) {
        return Some(ResponderReply::TakeAny);
    }
    let rest: String = words
        .iter()
        .filter(|word| !AROUND.contains(&word.as_str()))
        .map(String::as_str)
        .collect();
    let code = rest.to_uppercase();
    let mut chars = code.chars();
    let letter = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    let digits = chars.as_str();
    let numbered = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (letter && numbered && words.len() <= 5).then_some(ResponderReply::Take(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in [
            "K7",
            "k7",
            " k 7 ",
            "\"K7\"",
            "K7.",
            "ack k7",
            "Ack: K-7",
            "taking K7",
            "I got case k7",
        ] {
            assert_eq!(
                read_reply(text),
                Some(ResponderReply::Take("K7".to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn a_case_may_be_taken_without_its_code() {
        for text in ["ack", "Taking it", "got it!", "on it"] {
            assert_eq!(read_reply(text), Some(ResponderReply::TakeAny), "{text}");
        }
    }

    #[test]
    fn other_texts_are_left_to_the_line() {
        for text in [
            "",
            "7",
            "MENU",
            "STOP",
            "cbt",
            "i want to talk",
            "k7 and then some more words here",
            "k77777",
        ] {
            assert_eq!(read_reply(text), None, "{text}");
        }
    }
}
