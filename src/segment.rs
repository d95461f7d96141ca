//! Segments: how many SMS one text costs, and where a long one is cut.
//!
//! GSM 7-bit default alphabet with its extension table (3GPP TS 23.038, section 6.2.1) or UCS-2,
//! with the concatenation header of 3GPP TS 23.040, section 9.2.3.24.1 (six bytes). National
//! language shift tables are left out on purpose: no HTTP gateway offers them. Floor 0.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// How a text is written on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Encoding {
    /// Seven bits a character; the ten of the extension table take two septets.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// UTF-16 code units, as every phone reads it; a character beyond the first plane takes two.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl Encoding {
    /// Whether GSM-7 can hold every character, else UCS-2.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|c| septets(c).is_some()) {
            Self::Gsm7
        } else {
            Self::Ucs2
        }
    }

    /// The most units of a text that goes alone, and of one part of a longer text.
    const fn limits(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// What one character takes. A character is never split over two parts.
    fn units(self, c: char) -> usize {
        match self {
            Self::Gsm7 => septets(c).unwrap_or(0),
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        })
    }
}

/// What one text costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// How it is written.
    pub encoding: Encoding,
    /// How many SMS it takes; one, even without words.
    pub segments: usize,
    /// Its length: septets in GSM-7, UTF-16 code units in UCS-2, without headers.
    pub units: usize,
}

/// Counts what a text costs, exactly as it stands.
#[must_use]
pub fn segments(text: &str) -> Segments {
    let encoding = Encoding::of(text);
    Segments {
        encoding,
        segments: split(text).len(),
        units: text.chars().map(|c| encoding.units(c)).sum(),
    }
}

/// Cuts a text into the parts that a gateway sends. Joined, they are the text; without words there
/// is one empty part.
#[must_use]
pub fn split(text: &str) -> Vec<&str> {
    let encoding = Encoding::of(text);
    let (alone, part) = encoding.limits();
    if text.chars().map(|c| encoding.units(c)).sum::<usize>() <= alone {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let units = encoding.units(c);
        if used + units > part {
            parts.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += units;
    }
    parts.push(&text[start..]);
    parts
}

/// Septets of a character in the default alphabet (1) or its extension table (2).
#[rustfmt::skip]
const fn septets(c: char) -> Option<usize> {
    match c {
        'A'..='Z' | 'a'..='z' | '\n' | '\r' | ' '..='?' | '@' | '_' | '£' | '¥' | '¤' | '¡' | '¿' | '§'
        | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'à' | 'ñ' | 'ü' | 'ö' | 'ä' | 'å' | 'æ' | 'ø' | 'ß'
        | 'Ç' | 'É' | 'Ñ' | 'Ü' | 'Ö' | 'Ä' | 'Å' | 'Æ' | 'Ø'
        | 'Δ' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// Writes typographic characters as phones type them, so that one curly quote does not turn a text
/// into UCS-2 and double its cost. Accents and emoji stay: they are words.
///
/// Joiners (U+200C, U+200D) stay too: emoji and some scripts are made of them.
#[must_use]
pub fn to_gsm(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| plain(c).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match plain(c) {
            Some(plain) => written.push_str(plain),
            None => written.push(c),
        }
    }
    Cow::Owned(written)
}

const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        // Quotes, primes and accents that stand alone.
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{2bc}' | '\u{b4}'
        | '`' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => {
            "\""
        }
        // Hyphens, dashes, the minus sign, and the bullet of a list.
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{2014}' | '\u{2015}'
        | '\u{2212}' | '\u{2022}' => "-",
        '\u{2026}' => "...",
        // Spaces that do not break, or are narrow.
        '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' => " ",
        // Nothing to see: zero-width space, word joiner, byte order mark, soft hyphen.
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted(text: &str) -> (Encoding, usize, usize) {
        let counted = segments(text);
        (counted.encoding, counted.segments, counted.units)
    }

    fn lengths(text: &str) -> Vec<usize> {
        split(text)
            .iter()
            .map(|part| part.chars().count())
            .collect()
    }

    /// Results on which sms-segments-calculator 1.3.0, smsutil 1.1.3 and `sms_splitter` 0.1.9 agree.
    #[test]
    fn texts_cost_what_three_other_implementations_say() {
        use Encoding::{Gsm7, Ucs2};
        let a = |n: usize| "a".repeat(n);
        for (text, expected) in [
            (String::new(), (Gsm7, 1, 0)),
            ("Hello".to_owned(), (Gsm7, 1, 5)),
            (a(160), (Gsm7, 1, 160)),
            (a(161), (Gsm7, 2, 161)),
            (a(306), (Gsm7, 2, 306)),
            (a(307), (Gsm7, 3, 307)),
            ("€".repeat(80), (Gsm7, 1, 160)),
            ("€".repeat(81), (Gsm7, 2, 162)),
            (format!("{}€{}", a(152), a(152)), (Gsm7, 3, 306)),
            ("я".repeat(70), (Ucs2, 1, 70)),
            ("я".repeat(71), (Ucs2, 2, 71)),
            ("я".repeat(134), (Ucs2, 2, 134)),
            ("я".repeat(135), (Ucs2, 3, 135)),
            ("😔".repeat(35), (Ucs2, 1, 70)),
            ("😔".repeat(36), (Ucs2, 2, 72)),
            (
                format!("{}😔{}", "я".repeat(66), "я".repeat(10)),
                (Ucs2, 2, 78),
            ),
            ("I can’t".to_owned(), (Ucs2, 1, 7)),
            ("Ç".to_owned(), (Gsm7, 1, 1)),
            ("ç".to_owned(), (Ucs2, 1, 1)),
            ("\r\n".to_owned(), (Gsm7, 1, 2)),
        ] {
            assert_eq!(counted(&text), expected, "{text}");
        }
    }

    #[test]
    fn parts_are_cut_before_what_cannot_be_split() {
        assert_eq!(lengths(&"a".repeat(161)), [153, 8]);
        assert_eq!(lengths(&"€".repeat(81)), [76, 5]);
        let escape = format!("{0}€{0}", "a".repeat(152));
        assert_eq!(lengths(&escape), [152, 152, 1]);
        assert_eq!(lengths(&"😔".repeat(36)), [33, 3]);
        let pair = format!("{}😔{}", "я".repeat(66), "я".repeat(10));
        assert_eq!(lengths(&pair), [66, 11]);
        assert_eq!(split(""), [""]);
    }

    #[test]
    fn the_alphabet_has_127_characters_of_one_septet_and_ten_of_two() {
        let of = |n| ('\0'..=char::MAX).filter(move |&c| septets(c) == Some(n));
        assert_eq!(of(1).count(), 127);
        let two: String = of(2).collect();
        assert_eq!(two, "\u{c}[\\]^{|}~€");
        for c in "áíóúãõâêç`\t\u{1b}\u{a0}\u{0}".chars() {
            assert_eq!(septets(c), None, "{c:?}");
        }
    }

    #[test]
    fn the_names_are_those_of_the_command_line() {
        assert_eq!(
            serde_json::to_string(&segments("Hello")).unwrap(),
            r#"{"encoding":"GSM-7","segments":1,"units":5}"#
        );
        assert_eq!(Encoding::Ucs2.to_string(), "UCS-2");
        assert_eq!(
            serde_json::to_value(Encoding::Ucs2).unwrap(),
            Encoding::Ucs2.to_string()
        );
    }

    #[test]
    fn typography_is_written_plainly_and_words_are_left_alone() {
        for (text, plain) in [
            ("I can’t — “really”…", "I can't - \"really\"..."),
            ("a\u{a0}b\u{200b}c", "a bc"),
            (
                "¿Cómo estás, niña? 😔 👩\u{200d}👧",
                "¿Cómo estás, niña? 😔 👩\u{200d}👧",
            ),
        ] {
            assert_eq!(to_gsm(text), plain);
        }
        assert!(matches!(to_gsm("Text 988"), Cow::Borrowed(_)));
        assert_eq!(segments(&to_gsm("I can’t")).encoding, Encoding::Gsm7);
    }

    #[test]
    fn every_plain_spelling_is_gsm() {
        for spelling in ('\u{80}'..=char::MAX).filter_map(plain) {
            assert_eq!(Encoding::of(spelling), Encoding::Gsm7);
        }
    }

    /// The standard's rule, in the plainest way: units in a list, cut after the last whole
    /// character that fits.
    fn reference(text: &str) -> usize {
        const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
        const EXTENDED: &str = "\u{c}^{}\\[~]|€";
        let gsm = text
            .chars()
            .all(|c| BASIC.contains(c) || EXTENDED.contains(c));
        // Each unit says whether a part may end after it.
        let ends: Vec<bool> = text
            .chars()
            .flat_map(|c| {
                let two = if gsm {
                    EXTENDED.contains(c)
                } else {
                    c as u32 > 0xffff
                };
                if two { vec![false, true] } else { vec![true] }
            })
            .collect();
        let (alone, part) = if gsm { (160, 153) } else { (70, 67) };
        if ends.len() <= alone {
            return 1;
        }
        let (mut count, mut start) = (0, 0);
        while start < ends.len() {
            let mut end = (start + part).min(ends.len());
            while !ends[end - 1] {
                end -= 1;
            }
            (count, start) = (count + 1, end);
        }
        count
    }

    proptest! {
        #[test]
        fn the_count_is_that_of_the_plain_reference(text in prop_oneof![
            "[a-z€^\\[\\] \n]{0,500}",
            "[a-zя😔€]{0,300}",
            "[😔a]{60,150}",
            ".{0,200}",
        ]) {
            prop_assert_eq!(segments(&text).segments, reference(&text));
        }

        #[test]
        fn joined_parts_are_the_text_and_each_fits(text in prop_oneof!["[a€]{0,500}", "[я😔a]{0,300}", ".{0,300}"]) {
            let parts = split(&text);
            prop_assert_eq!(parts.concat(), text.as_str());
            let encoding = Encoding::of(&text);
            let (alone, part) = encoding.limits();
            let limit = if parts.len() == 1 { alone } else { part };
            for one in &parts {
                prop_assert!(one.chars().map(|c| encoding.units(c)).sum::<usize>() <= limit);
                prop_assert!(parts.len() == 1 || !one.is_empty());
            }
        }

        #[test]
        fn writing_plainly_twice_changes_nothing_more(text in ".{0,100}") {
            let once = to_gsm(&text).into_owned();
            prop_assert_eq!(to_gsm(&once), once.as_str());
        }
    }
}
