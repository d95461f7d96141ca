//! What a text costs and how it reads, in words, while it is written: the same count and the same grade that
//! the program uses itself.

use crate::content::check::{grade, is_graded};
use crate::handoff::{LONGEST_TEXT, as_sent};
use crate::http::words::tr;
use crate::locale::Locale;
use crate::segment::{Encoding, segments};

/// The grade up to which texts of the line are written.
const PLAIN: f64 = 6.0;

/// A text as it would really be sent, in words; nothing for one that is empty.
pub(super) fn measure(words: &str, locale: Locale) -> String {
    let text = as_sent(words);
    if text.is_empty() {
        return String::new();
    }
    let long = text.chars().count();
    if long > LONGEST_TEXT {
        return tr!(
            "Too long: {long} characters, and a text may have {most}.",
            long,
            most = LONGEST_TEXT
        );
    }
    let cost = segments(&text);
    let many = match cost.segments {
        1 => tr!("1 segment"),
        n => tr!("{n} segments", n),
    };
    let (encoding, units) = (cost.encoding, cost.units);
    let because = because(&text, encoding);
    let cost = tr!(
        "{many} ({encoding}{because}, {units} units).",
        many,
        encoding,
        because,
        units
    );
    format!("{cost}{}", reads(&text, locale))
}

/// The characters that make a text cost more than twice as much, each once.
fn because(text: &str, encoding: Encoding) -> String {
    if encoding == Encoding::Gsm7 {
        return String::new();
    }
    let mut odd: Vec<char> = text
        .chars()
        .filter(|c| Encoding::of(c.encode_utf8(&mut [0; 4])) == Encoding::Ucs2)
        .collect();
    odd.sort_unstable();
    odd.dedup();
    let odd: String = odd.into_iter().take(5).collect();
    tr!(" because of “{odd}”", odd)
}

/// How it reads. The formula is for English.
fn reads(text: &str, locale: Locale) -> String {
    if locale != Locale::En || !is_graded(text) {
        return String::new();
    }
    let grade = grade(text).max(1.0);
    let rounded = format!("{grade:.0}");
    if grade > PLAIN {
        tr!(
            " Reading grade {grade}: shorter words and sentences are easier to read.",
            grade = rounded
        )
    } else {
        tr!(" Reading grade {grade}.", grade = rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_as_it_is_sent() {
        for (text, said) in [
            ("  ", ""),
            ("Hello", "1 segment (GSM-7, 5 units)."),
            // The curly quote is written as phones type it.
            ("I\u{2019}m here ", "1 segment (GSM-7, 8 units)."),
            ("Estás bien", "1 segment (UCS-2 because of “á”, 10 units)."),
        ] {
            assert_eq!(measure(text, Locale::Es), said);
        }
        assert!(measure(&"a".repeat(161), Locale::Es).starts_with("2 segments (GSM-7, 161 units)"));
        let long = measure(&"a".repeat(1601), Locale::En);
        assert_eq!(long, "Too long: 1601 characters, and a text may have 1600.");
    }

    #[test]
    fn how_it_reads_is_said_of_english() {
        let plain = measure("I am here with you now.", Locale::En);
        assert!(plain.ends_with("Reading grade 1."), "{plain}");
        let hard = "Psychodynamic psychotherapy investigates underlying emotional difficulties.";
        assert!(measure(hard, Locale::En).contains("easier to read"));
        assert!(!measure(hard, Locale::Es).contains("grade"));
    }
}
