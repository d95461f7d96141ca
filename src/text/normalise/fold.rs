//! One character of raw text, folded to ASCII.
//!
//! Only letters that are drawn like a Latin one are mapped; ASCII itself is never rewritten (the
//! UTS 39 skeleton would turn `m` into `rn`). Floor 0.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use super::steps::Step;

/// What a character means for the normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// Part of a word: a lower-case letter, a digit, an apostrophe or a symbol that may hide a letter.
    Part(u8),
    /// Stands between words.
    Break,
    /// A letter that this normal form cannot express.
    Unread,
}

/// Folds one ASCII character.
pub(super) const fn ascii(byte: u8) -> Folded {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'\'' | b'$' | b'@' | b'!' | b'*' | b'#' | b'|' => {
            Folded::Part(byte)
        }
        b'A'..=b'Z' => Folded::Part(byte.to_ascii_lowercase()),
        b'`' => Folded::Part(b'\''),
        _ => Folded::Break,
    }
}

/// Folds one other character; nothing is emitted for what is invisible.
pub(super) fn wide(c: char, mut emit: impl FnMut(Folded, Step)) {
    if is_invisible(c) {
        return;
    }
    if matches!(
        c,
        '\u{2018}'
            | '\u{2019}'
            | '\u{201b}'
            | '\u{2b9}'
            | '\u{2bb}'
            | '\u{2bc}'
            | '\u{2032}'
            | '\u{b4}'
            | '\u{ff07}'
    ) {
        return emit(Folded::Part(b'\''), Step::Unicode);
    }
    decompose_compatible(c, |part| {
        if part.is_ascii() {
            emit(ascii(part as u8), Step::Unicode);
        } else if let Some(lookalike) = lookalike(part) {
            for byte in lookalike.bytes() {
                emit(Folded::Part(byte), Step::Confusable);
            }
        } else if is_combining_mark(part) || is_invisible(part) {
        } else if part.is_alphabetic() {
            emit(Folded::Unread, Step::Unicode);
        } else {
            emit(Folded::Break, Step::Unicode);
        }
    });
}

/// Format characters (Cf), variation selectors, fillers and skin tones.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The ASCII letters that a character is drawn like.
fn lookalike(c: char) -> Option<&'static str> {
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
    let letter = |from: u32| {
        let at = (c as u32 - from) as usize % 26;
        ALPHABET.get(at..=at)
    };
    Some(match c {
        // Circled, squared and flag letters.
        '\u{1f150}'..='\u{1f169}' => return letter(0x1f150),
        '\u{1f170}'..='\u{1f189}' => return letter(0x1f170),
        '\u{1f1e6}'..='\u{1f1ff}' => return letter(0x1f1e6),
        'а' | 'А' | 'α' | 'Α' | 'ɑ' | 'ᴀ' | 'Ꭺ' | 'λ' => "a",
        'в' | 'В' | 'β' | 'Β' | 'ь' | 'Ь' | 'ʙ' | 'Ᏼ' => "b",
        'с' | 'С' | 'ϲ' | 'Ϲ' | 'ᴄ' | 'Ꮯ' | '¢' => "c",
        'ԁ' | 'Ԁ' | 'ᴅ' | 'đ' | 'Đ' | 'ð' | 'Ð' | 'ɗ' | 'Ꭰ' => "d",
        'е' | 'Е' | 'ε' | 'Ε' | 'є' | 'Є' | 'э' | 'ᴇ' | 'ə' | 'ɛ' | 'Ꭼ' | '€' => "e",
        'ƒ' | 'ꜰ' | 'ғ' => "f",
        'ɡ' | 'ɢ' | 'ԍ' | 'Ԍ' => "g",
        'н' | 'Н' | 'Η' | 'һ' | 'Һ' | 'ħ' | 'ʜ' | 'Ꮋ' => "h",
        'і' | 'І' | 'ι' | 'Ι' | 'ı' | 'ɪ' | 'ӏ' | 'Ӏ' | 'Ꭵ' | '¡' => "i",
        'ј' | 'Ј' | 'ϳ' | 'ᴊ' => "j",
        'к' | 'К' | 'κ' | 'Κ' | 'ĸ' | 'ᴋ' | 'Ꮶ' => "k",
        'ł' | 'Ł' | 'ʟ' | 'ɩ' | '£' => "l",
        'м' | 'М' | 'Μ' | 'ᴍ' | 'Ꮇ' => "m",
        'п' | 'П' | 'η' | 'Ν' | 'ո' | 'ɴ' | 'ŋ' | 'и' | 'И' => "n",
        'о' | 'О' | 'ο' | 'Ο' | 'ø' | 'Ø' | 'σ' | 'ɔ' | 'օ' | 'ᴏ' | 'Ꮎ' => "o",
        'р' | 'Р' | 'ρ' | 'Ρ' | 'ᴘ' | 'Ꮲ' => "p",
        'ԛ' | 'Ԛ' => "q",
        'г' | 'Г' | 'ʀ' | 'я' | 'Я' => "r",
        'ѕ' | 'Ѕ' | 'ꜱ' | 'ʂ' | 'Ꮪ' => "s",
        'т' | 'Т' | 'τ' | 'Τ' | 'ᴛ' | 'Ꭲ' => "t",
        'υ' | 'ս' | 'ᴜ' | 'μ' | 'џ' => "u",
        'ν' | 'ѵ' | 'Ѵ' | 'ᴠ' => "v",
        'ԝ' | 'Ԝ' | 'ω' | 'ш' | 'ᴡ' => "w",
        'х' | 'Х' | 'χ' | 'Χ' => "x",
        'у' | 'У' | 'ү' | 'Ү' | 'γ' | 'Υ' | 'ʏ' => "y",
        'Ζ' | 'ᴢ' => "z",
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'þ' | 'Þ' => "th",
        _ => return None,
    })
}

/// What the word for an emoji begins with: none of these is a slip of the thumb.
pub(super) const EMOJI: &str = "emoji";

/// The word for an emoji that matters to triage.
pub(super) const fn emoji(c: char) -> Option<&'static str> {
    Some(match c {
        '💊' => "emojipill",
        '🔪' | '🗡' => "emojiknife",
        '🪒' => "emojirazor",
        '✂' => "emojiscissors",
        '🔫' => "emojigun",
        '🩸' => "emojiblood",
        '💉' => "emojisyringe",
        '🪢' | '➰' => "emojinoose",
        '💀' | '☠' => "emojiskull",
        '⚰' | '🪦' => "emojicoffin",
        '💔' => "emojibroken",
        '😭' => "emojicrying",
        '😢' | '🥺' | '😞' | '😔' => "emojisad",
        '😂' | '🤣' | '😆' | '😹' => "emojilaugh",
        '🌉' => "emojibridge",
        '🆘' => "emojisos",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_letters_are_never_rewritten() {
        for byte in b'a'..=b'z' {
            assert_eq!(ascii(byte), Folded::Part(byte));
            assert_eq!(ascii(byte.to_ascii_uppercase()), Folded::Part(byte));
        }
    }

    #[test]
    fn flag_letters_and_accents_become_letters() {
        let mut out = Vec::new();
        for c in "🇰é\u{200b}ñк".chars() {
            wide(c, |folded, _| out.push(folded));
        }
        assert_eq!(out, b"kenk".map(Folded::Part));
    }

    #[test]
    fn a_letter_that_cannot_be_read_is_reported() {
        let mut out = Vec::new();
        wide('死', |folded, _| out.push(folded));
        assert_eq!(out, [Folded::Unread]);
    }
}
