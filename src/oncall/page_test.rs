//! A test page: it shows that a page reaches a person, and that they know how to answer one. Every word
//! of it says that it is a test, and no case hangs on it.

use std::time::Duration;

use uuid::Uuid;

use super::person::Channel;
use super::words::with_link;
use crate::clock::At;

/// Who has not answered after so long was not reached, as far as anybody can tell.
pub const TEST_WAITS: Duration = Duration::from_mins(15);
/// So long after a test the next one of the same person is too soon: it would only add to the noise.
pub const TEST_PAUSE: Duration = Duration::from_mins(1);

/// The letter of the codes of tests. No case has it: an answer to a test takes no case.
const LETTER: char = 'Q';
const DIGITS: [char; 5] = ['3', '4', '6', '7', '9'];

/// How a test page was answered. The words are those of the table `page_tests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TestAnswer {
    /// By a text with its code.
    Text,
    /// By a key in a call.
    Key,
    /// By the link in it, or on the dashboard.
    Page,
}

impl TestAnswer {
    /// The word for the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Key => "key",
            Self::Page => "page",
        }
    }
}

/// A test page to one person, by all of their methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageTest {
    /// The row.
    pub id: Uuid,
    /// What the answer to it says.
    pub code: String,
    /// Who is tested.
    pub staff_id: Uuid,
    /// Who asked for it.
    pub asked_by: Uuid,
    /// When it was sent.
    pub asked_at: At,
    /// When and how it was answered first.
    pub answered: Option<(At, TestAnswer)>,
}

impl PageTest {
    /// Whether an answer may still come: later ones count, too, but nobody waits for them.
    #[must_use]
    pub fn is_waited_for(&self, now: At) -> bool {
        self.answered.is_none() && now.since(self.asked_at) < TEST_WAITS
    }
}

/// The code of the test after the one with this code. They go round: a test is found by its code and
/// by whose phone it was sent to.
#[must_use]
pub fn next_test_code(last: Option<&str>) -> String {
    let place = |digit: char| DIGITS.iter().position(|known| *known == digit);
    let last = last.and_then(|code| {
        let mut digits = code.strip_prefix(LETTER)?.chars();
        let place = place(digits.next()?)? * DIGITS.len() + place(digits.next()?)?;
        digits.next().is_none().then_some(place + 1)
    });
    let place = last.unwrap_or(0) % (DIGITS.len() * DIGITS.len());
    let (tens, ones) = (DIGITS[place / DIGITS.len()], DIGITS[place % DIGITS.len()]);
    format!("{LETTER}{tens}{ones}")
}

/// Whether a code is that of a test.
#[must_use]
pub fn is_test_code(code: &str) -> bool {
    code.starts_with(LETTER)
}

/// The words of a test page. `link` is where it is answered, for where a link can be opened.
#[must_use]
pub fn page_test(code: &str, by: &str, channel: Channel, link: &str) -> String {
    let words = format!(
        "TEST, no emergency: {by} tests whether pages reach you. Reply {code} to say that this one did."
    );
    match channel {
        // A call says what is to be pressed.
        Channel::Sms | Channel::Voice => words,
        Channel::Email | Channel::Webhook => with_link(&words, link),
    }
}

/// The answer to who answered a test.
#[must_use]
pub fn page_test_answered() -> String {
    "Thank you: the test page reached you. There is nothing else to do.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncall::{ResponderReply, codes, read_reply};

    #[test]
    fn codes_of_tests_go_round_and_are_those_of_no_case() {
        let mut seen = std::collections::BTreeSet::new();
        let mut last: Option<String> = None;
        for _ in 0..25 {
            let code = next_test_code(last.as_deref());
            assert!(is_test_code(&code));
            assert!(seen.insert(code.clone()), "{code}");
            assert_eq!(read_reply(&code), Some(ResponderReply::Take(code.clone())));
            last = Some(code);
        }
        assert_eq!(next_test_code(last.as_deref()), "Q33");
        for odd in ["", "Q", "Q3", "K77", "Q333", "Q12"] {
            assert_eq!(next_test_code(Some(odd)), "Q33", "{odd}");
        }
        assert!(codes(None, 0).all(|code| !is_test_code(&code)));
    }

    #[test]
    fn every_channel_says_that_it_is_a_test_and_how_to_answer_it() {
        let link = "https://line.example.org/x";
        for channel in Channel::ALL {
            let words = page_test("Q37", "Night", channel, link);
            assert!(words.starts_with("TEST, no emergency: Night"), "{words}");
            assert!(words.contains("Reply Q37"), "{words}");
            let linked = matches!(channel, Channel::Email | Channel::Webhook);
            assert_eq!(
                words.ends_with(" Or open https://line.example.org/x"),
                linked
            );
        }
        let text = page_test("Q37", "Night", Channel::Sms, "");
        assert!(text.len() <= 160, "{text}");
    }
}
