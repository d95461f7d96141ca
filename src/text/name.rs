//! Names that people give, of accounts, schedules, rotations, policies, contact methods and canned replies: one
//! must not pass for another. Unicode Technical Standard 39 says which characters do.
//!
//! It does not judge the words of texts: whoever texts may write as they like. Floor 0.

use unicode_normalization::char::is_combining_mark;
use unicode_security::{MixedScript, skeleton};

/// The most marks that stand on one letter. Vietnamese has two, a careful transcription three.
const MOST_MARKS: usize = 4;

/// What is odd about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OddName {
    /// Something in it cannot be seen, or changes how the rest of it, or of the page, is read.
    #[error(
        "This name holds characters that cannot be seen, or that turn the ones around them. Type it anew, without pasting."
    )]
    Unseen,
    /// Letters of several alphabets in one word.
    #[error(
        "A word of this name mixes letters of several alphabets that look alike. Type it anew, with one keyboard."
    )]
    Mixed,
}

/// Whether a name is what it looks like.
///
/// # Errors
/// [`OddName`]: characters that are not seen, more marks than a letter has, or a word of letters that look
/// like those of another alphabet beside them.
pub fn check(name: &str) -> Result<(), OddName> {
    let mut marks = 0;
    for c in name.chars() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if is_unseen(c) || marks > MOST_MARKS {
            return Err(OddName::Unseen);
        }
    }
    let mut words = name.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    if words.all(MixedScript::is_single_script) {
        Ok(())
    } else {
        Err(OddName::Mixed)
    }
}

/// Whether two names look the same though they are written differently. The same name twice does not count:
/// two people can be called alike.
#[must_use]
pub fn look_alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    one != other && skeleton(one).eq(skeleton(other))
}

/// What is not seen, or changes how the rest is seen: controls, what has no width, what turns the direction
/// (UAX 9), letters and marks that are blank, and what no standard says the look of.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_alphabets_are_names() {
        for name in [
            "First",
            "Duty phone (night, 2nd)",
            "Ñandú Québec",
            "Nguyễn",
            "Ночь",
            "Ночь (night)",
            "夜勤チーム",
            "야간 팀",
            "ليلة",
            "צוות לילה",
            "रात की टीम",
            "O’Clock-Team 24/7",
            "Zürich · Genève",
            "☎ night",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_is_not_seen_or_turns_the_rest_is_no_name() {
        for name in [
            "Night\u{202e}tsriF",
            "Ni\u{200b}ght",
            "Ni\u{200d}ght",
            "Night\u{ad}",
            "Night\u{2066}x\u{2069}",
            "Night\0",
            "Ni\nght",
            "\u{3164}",
            "Night\u{e0041}",
            "Night\u{fe0f}",
            "N\u{301}\u{301}\u{301}\u{301}\u{301}ight",
        ] {
            assert_eq!(check(name), Err(OddName::Unseen), "{name:?}");
        }
    }

    #[test]
    fn a_word_of_two_alphabets_is_no_name() {
        // A Cyrillic ie, a Greek omicron, a Cyrillic o.
        for name in ["S\u{435}cond", "Sec\u{3bf}nd", "the Sec\u{43e}nd one"] {
            assert_eq!(check(name), Err(OddName::Mixed), "{name:?}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_found_and_the_same_name_is_none() {
        for (one, other) in [
            ("Scope", "\u{405}\u{441}\u{43e}\u{440}\u{435}"),
            ("Ilse", "llse"),
            ("Caf\u{e9}", "Cafe\u{301}"),
        ] {
            assert!(
                look_alike(one, other) && look_alike(other, one),
                "{one} {other}"
            );
        }
        for (one, other) in [
            ("Night", "Night"),
            ("Night ", "Night"),
            ("Night", "Day"),
            ("Night", "night"),
        ] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }
}
