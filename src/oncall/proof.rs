//! Proofs that a contact method reaches its owner: what a code and a test say, and how a test is answered
//! by text.

use std::time::Duration;

/// How long a code works.
pub const CODE_WORKS: Duration = Duration::from_mins(15);
/// How often a wrong code is taken before another one must be sent.
pub const CODE_TRIES: i32 = 5;
/// From one code or test on a method to the next.
pub const PROOF_PACE: Duration = Duration::from_mins(1);
/// How many codes and tests go out to one person in a day.
pub const PROOFS_A_DAY: i64 = 20;
/// How long after a test its owner can say that it arrived.
pub const TEST_ANSWERED_WITHIN: Duration = Duration::from_hours(24);

/// The code, over the method that it proves.
#[must_use]
pub fn code_words(line: &str, code: &str) -> String {
    format!(
        "{line}: {code} is the code for this way to page you. It works for {} minutes.",
        CODE_WORKS.as_secs() / 60
    )
}

/// A test. By text it is answered with a word; where a link can be opened, `link` says that it arrived.
#[must_use]
pub fn test_words(line: &str) -> String {
    format!("{line}: this is a test page, nothing is wrong. Reply OK to say that it arrived.")
}

/// The answer to who answered a test.
#[must_use]
pub fn test_arrived() -> &'static str {
    "Thank you: pages reach you here."
}

/// Whether a text answers a test: OK, however it is typed.
#[must_use]
pub fn answers_test(text: &str) -> bool {
    const OK: [&str; 3] = ["ok", "okay", "vale"];
    const AROUND: [&str; 9] = [
        "reply", "test", "it", "arrived", "here", "thanks", "thank", "you", "gracias",
    ];
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let said = |word: &String| OK.contains(&word.as_str());
    let around = |word: &String| said(word) || AROUND.contains(&word.as_str());
    words.len() <= 5 && words.iter().any(said) && words.iter().all(around)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::segments;

    #[test]
    fn an_ok_answers_a_test_however_it_is_typed() {
        for text in [
            "OK",
            "ok.",
            " Okay ",
            "\"ok\"",
            "test ok",
            "Reply OK",
            "ok, thank you",
            "vale gracias",
        ] {
            assert!(answers_test(text), "{text}");
        }
        for text in [
            "",
            "test",
            "K7",
            "ok K7",
            "I am not ok",
            "ok but i want to talk",
            "thanks",
            "ok ok ok ok ok ok",
        ] {
            assert!(!answers_test(text), "{text}");
        }
    }

    #[test]
    fn both_fit_in_one_text() {
        let line = "Some Helpline of a County";
        for words in [code_words(line, "012345"), test_words(line)] {
            assert_eq!(segments(&words).segments, 1, "{words}");
        }
    }
}
