//! What a call says: the case by its code, how to take it, and nothing of the texter. Part of `pager`:
//! floor 2.

use super::{Page, Urgency};
use crate::oncall::PageKind;

/// The key that takes a case, or answers a test.
pub const YES: char = '1';

/// What a call says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The sentences. They are said twice: the first words of a call are easily lost.
    pub words: String,
    /// Whether a key is waited for.
    pub asks: bool,
}

/// What is said to whoever picks up.
#[must_use]
pub fn greeting(page: &Page<'_>) -> Spoken {
    let (said, asks) = match (page.kind, page.case) {
        (PageKind::Page, Some(case)) => {
            let crisis = match page.urgency() {
                Urgency::Now => "Crisis: case",
                Urgency::Soon | Urgency::News => "Case",
            };
            let code = spelled(&case.code);
            let said =
                format!("{crisis} {code} waits for a person. Press {YES} to take case {code}.");
            (said, true)
        }
        (PageKind::Page, None) => (format!("{} Press {YES} to take it.", page.headline()), true),
        (PageKind::Test, _) => {
            let said =
                format!("This is a test, nothing is wrong. Press {YES} to say that it arrived.");
            (said, true)
        }
        (PageKind::Code, _) => (spelled_numbers(page.headline()), false),
        (PageKind::Notice | PageKind::Taken | PageKind::Over, _) => {
            (page.headline().to_owned(), false)
        }
    };
    Spoken {
        words: format!("{}. {said}", page.line.trim_end_matches('.')),
        asks,
    }
}

/// A code letter by letter.
#[must_use]
pub fn spelled(code: &str) -> String {
    let letters: Vec<String> = code.chars().map(String::from).collect();
    letters.join(", ")
}

/// Words with the long numbers in them digit by digit: 123456 is a code, not a hundred thousand.
fn spelled_numbers(words: &str) -> String {
    let spell = |word: &str| {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let is_code = digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit());
        if is_code {
            format!("{}{}", spelled(digits), &word[digits.len()..])
        } else {
            word.to_owned()
        }
    };
    words.split(' ').map(spell).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncall::Channel;
    use crate::pager::tests::{case, page, to};
    use crate::triage::Tier;

    #[test]
    fn a_call_names_the_case_and_the_key_and_nothing_else() {
        let (to, mut case) = (to(Channel::Voice, "+15550170"), case());
        let said = greeting(&page(&to, Some(&case)));
        assert_eq!(
            said.words,
            "Example Line. Crisis: case K, 7 waits for a person. Press 1 to take case K, 7."
        );
        assert!(said.asks);
        case.tier = Tier::None;
        let said = greeting(&page(&to, Some(&case))).words;
        assert!(said.starts_with("Example Line. Case K, 7 waits"), "{said}");
        let said = greeting(&page(&to, None)).words;
        assert!(
            said.ends_with("waiting 0:20. Press 1 to take it."),
            "{said}"
        );
    }

    #[test]
    fn a_code_is_said_digit_by_digit_and_waits_for_no_key() {
        let to = to(Channel::Voice, "+15550170");
        let code = Page {
            kind: PageKind::Code,
            words: "Your code for this phone is 048213. It holds for 10 minutes.",
            ..page(&to, None)
        };
        let said = greeting(&code);
        assert_eq!(
            said.words,
            "Example Line. Your code for this phone is 0, 4, 8, 2, 1, 3. It holds for 10 minutes."
        );
        assert!(!said.asks);
    }

    #[test]
    fn a_test_is_answered_and_news_is_not() {
        let to = to(Channel::Voice, "+15550170");
        let of = |kind| {
            greeting(&Page {
                kind,
                ..page(&to, None)
            })
        };
        assert!(of(PageKind::Test).asks && of(PageKind::Test).words.contains("Press 1"));
        assert!(!of(PageKind::Notice).asks && !of(PageKind::Taken).words.contains("Press"));
    }
}
