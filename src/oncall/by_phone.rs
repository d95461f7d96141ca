//! A conversation by text: what a responder without the dashboard writes from their phone, and what they
//! are told. Nothing goes to a texter but what begins with the code of their case and a colon.

/// A text from a responder's phone about a case that they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByPhone {
    /// `K7: words`: these words are for the texter.
    Write(String, String),
    /// `K7 follow`: what the texter writes is to come to this phone.
    Follow(String),
    /// `K7 unfollow`: no more.
    Unfollow(String),
    /// It names a case, and neither takes it nor says what is to be done.
    Unclear(String),
}

impl ByPhone {
    /// The code of the case.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Write(code, _)
            | Self::Follow(code)
            | Self::Unfollow(code)
            | Self::Unclear(code) => code,
        }
    }
}

const FOLLOW: [&str; 4] = ["follow", "following", "seguir", "sigo"];
const UNFOLLOW: [&str; 3] = ["unfollow", "quiet", "dejar"];
/// The most digits of a code.
const MOST_DIGITS: usize = 8;

/// Reads a responder's text that begins with a code, or is a code and one of the words above. `None` for
/// every other text.
#[must_use]
pub fn read_by_phone(text: &str) -> Option<ByPhone> {
    let text = text
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\u{201c}' | '\''));
    if let Some(code) = follows_backwards(text) {
        return Some(code);
    }
    let (code, rest) = leading_code(text)?;
    let rest = rest.trim_start();
    if let Some(words) = rest.strip_prefix([':', '\u{ff1a}']) {
        return Some(ByPhone::Write(code, words.trim().to_owned()));
    }
    let word = rest
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    Some(match word.as_str() {
        "" => return None,
        word if FOLLOW.contains(&word) => ByPhone::Follow(code),
        word if UNFOLLOW.contains(&word) => ByPhone::Unfollow(code),
        _ => ByPhone::Unclear(code),
    })
}

/// `follow K7`.
fn follows_backwards(text: &str) -> Option<ByPhone> {
    let (word, rest) = text.trim_end().split_once(char::is_whitespace)?;
    let word = word.to_lowercase();
    let (code, left) = leading_code(rest.trim_start())?;
    let over = left.chars().all(|c| !c.is_alphanumeric());
    match word.as_str() {
        word if over && FOLLOW.contains(&word) => Some(ByPhone::Follow(code)),
        word if over && UNFOLLOW.contains(&word) => Some(ByPhone::Unfollow(code)),
        _ => None,
    }
}

/// A letter and digits, with or without a space between them, and what comes after.
fn leading_code(text: &str) -> Option<(String, &str)> {
    let letter = text.chars().next().filter(char::is_ascii_alphabetic)?;
    let after = text[1..].trim_start_matches([' ', '-']);
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &after[digits..];
    let ends = !rest.starts_with(char::is_alphanumeric);
    let code = || format!("{}{}", letter.to_ascii_uppercase(), &after[..digits]);
    ((1..=MOST_DIGITS).contains(&digits) && ends).then(|| (code(), rest))
}

/// What the texter wrote, for who follows the case.
#[must_use]
pub fn quoted(code: &str, words: &str, pictures: u16) -> String {
    let pictures = match pictures {
        0 => String::new(),
        1 => " [1 picture]".to_owned(),
        more => format!(" [{more} pictures]"),
    };
    format!("{code} wrote: {words}{pictures}")
}

/// The words were handed on.
#[must_use]
pub fn sent(code: &str) -> String {
    format!("Sent to {code}.")
}

/// They follow a case from now on.
#[must_use]
pub fn follows(code: &str) -> String {
    format!(
        "You follow {code}: what they write comes to this phone. To write to them, begin with {code} and a colon, as in {code}: I am here with you. To end it: {code} unfollow"
    )
}

/// They follow it no more.
#[must_use]
pub fn follows_no_more(code: &str) -> String {
    format!("You no longer follow {code}. You still have it.")
}

/// Nothing was sent, and why.
#[must_use]
pub fn nothing_sent(why: &str) -> String {
    format!("Nothing was sent. {why}")
}

/// How to write.
#[must_use]
pub fn how_to_write(code: &str) -> String {
    nothing_sent(&format!(
        "To write to {code}, begin with {code} and a colon, as in {code}: I am here with you."
    ))
}

/// They do not have the case.
#[must_use]
pub fn not_yours(code: &str) -> String {
    nothing_sent(&format!(
        "You do not have {code}. Reply {code} to take it, then write again."
    ))
}

/// A contact of the configuration, whom the audit log could not name.
#[must_use]
pub fn needs_account(public_url: &str) -> String {
    nothing_sent(&format!(
        "Writing by text needs an account that this phone belongs to. Please sign in: {public_url}"
    ))
}

/// The line does not allow it.
#[must_use]
pub fn not_by_phone(public_url: &str) -> String {
    nothing_sent(&format!(
        "This line reads and writes on its pages only. Please sign in: {public_url}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(words: &str) -> ByPhone {
        ByPhone::Write("K7".to_owned(), words.to_owned())
    }

    #[test]
    fn words_for_the_texter_stand_after_the_code_and_a_colon() {
        for text in [
            "K7: I am here",
            "k7 : I am here",
            "k 7: I am here ",
            "\u{201c}K7: I am here",
            "K-7\u{ff1a}I am here",
        ] {
            assert_eq!(read_by_phone(text), Some(write("I am here")), "{text}");
        }
        assert_eq!(read_by_phone("K7: k9: both"), Some(write("k9: both")));
        assert_eq!(
            read_by_phone("K7: ok thanks"),
            Some(write("ok thanks")),
            "also words that take a case"
        );
        assert_eq!(read_by_phone("K7:"), Some(write("")));
        assert_eq!(read_by_phone("K7: two\nlines"), Some(write("two\nlines")));
    }

    #[test]
    fn a_case_is_followed_by_one_word() {
        let follow = Some(ByPhone::Follow("K7".to_owned()));
        for text in [
            "K7 follow",
            "follow k7",
            "K7 Follow.",
            "seguir K7",
            "k7 seguir",
        ] {
            assert_eq!(read_by_phone(text), follow, "{text}");
        }
        let unfollow = Some(ByPhone::Unfollow("K7".to_owned()));
        for text in ["K7 unfollow", "unfollow K7!", "dejar k7"] {
            assert_eq!(read_by_phone(text), unfollow, "{text}");
        }
    }

    #[test]
    fn without_the_colon_nothing_is_for_the_texter() {
        let unclear = Some(ByPhone::Unclear("K7".to_owned()));
        for text in ["K7 are you safe?", "k7 follow them please", "K7, hello"] {
            assert_eq!(read_by_phone(text), unclear, "{text}");
        }
        for text in [
            "",
            "K7",
            "hello",
            "are you safe: tell me",
            "7: hello",
            "K: hello",
            "K123456789: hello",
            "kk7: hello",
            "é7: hello",
            "K7a: hello",
        ] {
            assert_eq!(read_by_phone(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*") {
            let _ = read_by_phone(&text);
        }
    }
}
