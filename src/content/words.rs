//! The plain words of a text, for comparing it with words that we know.
//!
//! This is for keywords, numbers and names of pages, where the whole text is short. It repairs
//! nothing: triage has its own, far more patient reading. Floor 1.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text: lower case, without accents, apostrophes, punctuation and emoji, with one
/// space between them. `" \u{201c}STOP!\u{201d} "` and `stop` have the same words.
#[must_use]
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    let visible = text
        .chars()
        .filter(|c| !is_apostrophe(*c) && !is_invisible(*c));
    for c in visible.nfkd().filter(|c| !is_combining_mark(*c)) {
        if !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.extend(c.to_lowercase());
    }
    out
}

/// Dropped before normalising, because NFKD makes a space of some: "I'm" is one word, "im".
const fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{b4}' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{ff07}'
    )
}

/// Characters that show nothing and would cut a word in two.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn case_accents_punctuation_and_emoji_do_not_matter() {
        for (text, plain) in [
            ("  \u{201c}STOP!\u{201d} \u{1f6d1}", "stop"),
            ("Opt-Out", "opt out"),
            ("I\u{2019}m OK", "im ok"),
            ("S\u{200b}TOP", "stop"),
            ("Espa\u{f1}ol", "espanol"),
            ("S\u{ed}.", "si"),
            ("\u{ff33}\u{ff34}\u{ff2f}\u{ff30}", "stop"),
            ("1\u{fe0f}\u{20e3}", "1"),
            ("what   is\ncbt?", "what is cbt"),
            ("\u{1f914}", ""),
        ] {
            assert_eq!(words(text), plain, "{text:?}");
        }
    }
}
