//! `harborline triage --explain`: the same verdict, for a person who reads it. Floor 5.

use std::io::{self, Write};
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::triage::{Explanation, RuleSet, Verdict};

/// Prints what triage made of a text, with the words that it stopped at underlined.
///
/// # Errors
/// What the output says.
pub(super) fn print(
    output: &mut dyn Write,
    rules: &RuleSet,
    text: &str,
    verdict: &Verdict,
) -> io::Result<()> {
    let spans = (verdict.hits.iter())
        .chain(verdict.guarded.iter().map(|guarded| &guarded.hit))
        .map(|hit| &hit.span);
    let (shown, line) = underlined(text, spans);
    writeln!(output, "{shown}")?;
    if !line.is_empty() {
        writeln!(output, "{line}")?;
    }
    let found = Explanation::of(text, verdict, rules.model_settings());
    writeln!(output, "  {}: {}", found.tier.word(), found.follows)?;
    let read_as = found.read_as.iter().map(|piece| piece.text.as_str());
    let read_as: String = read_as.collect();
    if !read_as.is_empty() {
        writeln!(output, "  read as: {read_as}")?;
    }
    if !found.categories.is_empty() {
        writeln!(output, "  about: {}", found.categories.join(", "))?;
    }
    for reason in &found.reasons {
        writeln!(output, "  {}", reason.sentence())?;
    }
    if let Some(model) = &found.model {
        writeln!(output, "  {}", model.sentence())?;
    }
    writeln!(output)
}

/// The text as a terminal can show it, and the line below it that marks the spans.
///
/// Control characters become spaces: a text must not steer the terminal of who reads it.
fn underlined<'a>(text: &str, spans: impl Iterator<Item = &'a Range<usize>>) -> (String, String) {
    let spans: Vec<_> = spans.collect();
    let (mut shown, mut line) = (String::new(), String::new());
    for (at, c) in text.char_indices() {
        let c = if c.is_control() { ' ' } else { c };
        let marked = spans.iter().any(|span| span.contains(&at));
        shown.push(c);
        let mark = if marked { "^" } else { " " };
        line.push_str(&mark.repeat(c.width().unwrap_or(0)));
    }
    line.truncate(line.trim_end().len());
    (shown, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::assess;

    fn explained(text: &str) -> String {
        let rules = RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"));
        let mut output = Vec::new();
        print(&mut output, &rules, text, &assess(&rules, text)).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn the_words_are_underlined_under_wide_letters_too() {
        let (shown, line) = underlined("😭 kms ok", std::iter::once(&(5..8)));
        assert_eq!((shown.as_str(), line.as_str()), ("😭 kms ok", "   ^^^"));
    }

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(underlined("a\u{1b}[2Jb", [].iter()).0, "a [2Jb");
    }

    #[test]
    fn it_says_what_follows_and_why() {
        let said = explained("i want to die");
        assert!(said.starts_with("i want to die\n"), "{said}");
        assert!(said.contains("^^^^^^^^^^^\n  high: 988"), "{said}");
        let said = explained("i dont want to die");
        assert!(said.contains("because of negation."), "{said}");
        assert!(explained("MENU").contains("none: an ordinary answer"));
    }
}
