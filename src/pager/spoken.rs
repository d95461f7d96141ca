//! What a call says: the case by its code, how to take it, and nothing of the texter. Part of `pager`:
//! floor 2.

use super::{Page, Urgency};
use crate::gateway::call::Alarm;
use crate::oncall::{Acknowledged, PageKind};

/// The key that takes a case, or answers a test.
pub const YES: char = '1';
/// The end of a call in which nothing was decided.
pub const GOODBYE: &str = "Nothing was changed. Goodbye.";
/// The answer to who answered a test.
pub const TESTED: &str = "Thank you. Calls reach you. Goodbye.";

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
                Urgency::Now => "Crisis: ",
                Urgency::Soon | Urgency::News => "",
            };
            let code = spelled(&case.code);
            let waits = match page.cases {
                0 | 1 => format!("case {code} waits"),
                many => format!("{many} cases wait"),
            };
            let said = format!("{crisis}{waits} for a person. Press {YES} to take case {code}.");
            (capital(&said), true)
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
        words: from(page.line, &said),
        asks,
    }
}

/// What is said to who has heard the page and pressed nothing.
#[must_use]
pub const fn missed(kind: PageKind) -> &'static str {
    match kind {
        PageKind::Page => "No key was pressed: it still waits for a person. Goodbye.",
        PageKind::Test | PageKind::Code | PageKind::Notice | PageKind::Taken | PageKind::Over => {
            "No key was pressed. Goodbye."
        }
    }
}

/// What came of the key. `words` is the answer to a text that does the same.
#[must_use]
pub fn answered(outcome: &Acknowledged, code: &str, words: &str) -> String {
    match outcome {
        Acknowledged::Yours => yours(code),
        Acknowledged::More(more) => {
            let people = if *more == 1 {
                "1 more person is".to_owned()
            } else {
                format!("{more} more people are")
            };
            format!(
                "Thank you, you are on case {}. {people} being paged for it. Please sign in and write to them now.",
                spelled(code)
            )
        }
        Acknowledged::Already(_) => words.replacen(code, &format!("Case {}", spelled(code)), 1),
    }
}

/// The answer to who has the case.
#[must_use]
pub fn yours(code: &str) -> String {
    format!(
        "Thank you. Case {} is yours. Please sign in and write to them now.",
        spelled(code)
    )
}

/// News of a case, in the words of the text that says the same.
#[must_use]
pub fn news(line: &str, code: &str, words: &str) -> String {
    let words = words.replacen(code, &format!("Case {}", spelled(code)), 1);
    from(line, &format!("{words} Goodbye."))
}

/// The case is closed.
#[must_use]
pub fn closed(line: &str, code: &str) -> String {
    let code = spelled(code);
    from(
        line,
        &format!("Case {code} is closed, and needs nobody any more. Goodbye."),
    )
}

/// The call is about nothing that we know.
#[must_use]
pub fn nothing(line: &str) -> String {
    from(
        line,
        "This call is about nothing that waits any more. Goodbye.",
    )
}

/// The store is away, so neither the case nor a key can be looked up.
#[must_use]
pub fn away(line: &str) -> String {
    let said = format!(
        "Somebody may wait for a person, and our database cannot be asked now. Press {YES} to try again, and please sign in."
    );
    from(line, &said)
}

/// The page of an outage: it can be taken by no key.
#[must_use]
pub fn alarm(line: &str, alarm: Alarm) -> String {
    let what = if alarm.crisis {
        "Crisis: a text was answered with 9, 8, 8"
    } else {
        "Somebody asks for a person, or may not be safe"
    };
    let (room, kept) = if alarm.kept {
        ("", "It comes to the queue when the database is back.")
    } else {
        (" or has no room", "It was not kept.")
    };
    let said = format!(
        "{what}, and the database of the line cannot be reached{room}. {kept} Please look at the message log of the gateway, and call your operator."
    );
    // Nobody presses a key: what is said once may be missed.
    from(line, &format!("{said} Again: {said} Goodbye."))
}

/// Words with the line's name before them.
fn from(line: &str, said: &str) -> String {
    format!("{}. {said}", line.trim_end_matches('.'))
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
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
    fn many_cases_are_one_call_and_the_key_takes_the_first() {
        let (to, case) = (to(Channel::Voice, "+15550170"), case());
        let mut page = page(&to, Some(&case));
        page.cases = 7;
        assert_eq!(
            greeting(&page).words,
            "Example Line. Crisis: 7 cases wait for a person. Press 1 to take case K, 7."
        );
    }

    #[test]
    fn who_pressed_the_key_hears_whether_it_is_theirs() {
        let said = |outcome| {
            answered(
                &outcome,
                "K7",
                "K7 was already taken by Night at 14:02 EST.",
            )
        };
        assert!(said(Acknowledged::Yours).starts_with("Thank you. Case K, 7 is yours."));
        assert!(said(Acknowledged::More(2)).contains("2 more people are being paged"));
        let taken = crate::oncall::Taken {
            by: "Night".to_owned(),
            at: crate::clock::At(0),
        };
        assert_eq!(
            said(Acknowledged::Already(taken)),
            "Case K, 7 was already taken by Night at 14:02 EST."
        );
        assert_eq!(
            news(
                "Example Line",
                "K7",
                "K7 was already taken by Night at 14:02 EST."
            ),
            "Example Line. Case K, 7 was already taken by Night at 14:02 EST. Goodbye."
        );
    }

    #[test]
    fn an_outage_is_said_twice_and_says_whether_the_text_was_kept() {
        let said = |crisis, kept| alarm("Example Line", Alarm { crisis, kept });
        assert_eq!(said(true, true).matches("9, 8, 8").count(), 2);
        assert!(said(true, false).contains("It was not kept."));
        assert!(
            said(false, true).contains("may not be safe") && !said(false, true).contains("Press")
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
