//! `harborline triage --explain`: the same verdict, for a person who reads it. Floor 5.

use std::io::{self, Write};
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::triage::{Action, Hit, ModelScore, Verdict};

/// Prints what triage made of a text, with the words that it stopped at underlined.
///
/// # Errors
/// What the output says.
pub(super) fn print(output: &mut dyn Write, text: &str, verdict: &Verdict) -> io::Result<()> {
    let spans = (verdict.hits.iter())
        .chain(verdict.guarded.iter().map(|guarded| &guarded.hit))
        .map(|hit| &hit.span);
    let (shown, line) = underlined(text, spans);
    writeln!(output, "{shown}")?;
    if !line.is_empty() {
        writeln!(output, "{line}")?;
    }
    writeln!(output, "  {}: {}", verdict.tier.word(), follows(verdict))?;
    for hit in &verdict.hits {
        writeln!(output, "  {}", reason(hit))?;
    }
    for guarded in &verdict.guarded {
        let (guard, reason) = (&guarded.guard, reason(&guarded.hit));
        writeln!(
            output,
            "  asked instead of paged, because of {guard}: {reason}"
        )?;
    }
    for hit in &verdict.unsupported {
        let reason = reason(hit);
        writeln!(
            output,
            "  not asked, because the model finds the text an ordinary one: {reason}"
        )?;
    }
    for hit in &verdict.shadow {
        writeln!(output, "  on trial, changes nothing: {}", reason(hit))?;
    }
    if let Some(model) = &verdict.model {
        writeln!(output, "  {}", by_model(model))?;
    }
    writeln!(output)
}

/// What happens to somebody who texts this.
fn follows(verdict: &Verdict) -> &'static str {
    match (verdict.action(), verdict.wants_human) {
        (Action::Page, _) => "988 in the answer, and staff are paged now",
        (Action::Ask, true) => {
            "988 and one direct question, and staff are paged: a person is asked for"
        }
        (Action::Ask, false) => "988 and one direct question",
        (Action::None, true) => "staff are paged: a person is asked for",
        (Action::None, false) => "an ordinary answer",
    }
}

fn reason(hit: &Hit) -> String {
    let via = if hit.via.is_empty() {
        String::new()
    } else {
        format!(" (read through {})", hit.via.join(", "))
    };
    format!("{} [{}]: {}{via}", hit.rule, hit.tier.word(), hit.why)
}

fn by_model(model: &ModelScore) -> String {
    let words = if model.top_words.is_empty() {
        String::new()
    } else {
        format!(", most for: {}", model.top_words.join(", "))
    };
    format!("model: {:.2}{words}", model.score)
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
    use crate::triage::{RuleSet, assess};

    fn explained(text: &str) -> String {
        let rules = RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"));
        let mut output = Vec::new();
        print(&mut output, text, &assess(&rules, text)).unwrap();
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
