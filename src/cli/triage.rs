//! `harborline triage`: one message a line in, one JSON object a line out.
//!
//! It reads and judges; it stores nothing and sends nothing. Floor 5.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::triage::{Action, Category, Guarded, Hit, ModelScore, RuleSet, Tier, Verdict, assess};

/// Judges every line of the input and prints what came of it.
///
/// A line that starts with `{` and is JSON with a `text` is read as JSON Lines; bytes that are not
/// UTF-8 are replaced, because a garbled text deserves a verdict too.
pub fn run(
    rules: &RuleSet,
    mut input: impl BufRead,
    mut output: impl Write,
    print: fn(&mut dyn Write, &RuleSet, &str, &Verdict) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = message(text.strip_suffix('\r').unwrap_or(text));
        print(&mut output, rules, &text, &assess(rules, &text))?;
        line.clear();
    }
    output.flush()
}

/// A verdict as one line of JSON.
///
/// # Errors
/// What the output says.
pub fn print(
    output: &mut dyn Write,
    _: &RuleSet,
    text: &str,
    verdict: &Verdict,
) -> std::io::Result<()> {
    serde_json::to_writer(&mut *output, &Line::of(text, verdict))?;
    output.write_all(b"\n")
}

#[derive(Deserialize)]
struct JsonLine {
    text: String,
}

/// The message of a line.
fn message(line: &str) -> String {
    let json = line
        .starts_with('{')
        .then(|| serde_json::from_str::<JsonLine>(line).ok())
        .flatten();
    json.map_or_else(|| line.to_owned(), |json| json.text)
}

/// A verdict as printed.
#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    tier: Tier,
    action: Action,
    wants_human: bool,
    categories: Vec<Category>,
    hits: Vec<HitOut<'a>>,
    guarded: Vec<GuardedOut<'a>>,
    unsupported: Vec<HitOut<'a>>,
    shadow: Vec<HitOut<'a>>,
    model: Option<&'a ModelScore>,
    ruleset: &'a str,
}

#[derive(Serialize)]
struct HitOut<'a> {
    rule: &'a str,
    tier: Tier,
    why: &'a str,
    category: Category,
    span: [usize; 2],
    via: &'a [String],
}

#[derive(Serialize)]
struct GuardedOut<'a> {
    guard: &'a str,
    #[serde(flatten)]
    hit: HitOut<'a>,
}

impl<'a> Line<'a> {
    fn of(text: &'a str, verdict: &'a Verdict) -> Self {
        Self {
            text,
            tier: verdict.tier,
            action: verdict.action(),
            wants_human: verdict.wants_human,
            categories: verdict.categories.iter().copied().collect(),
            hits: verdict.hits.iter().map(HitOut::of).collect(),
            guarded: verdict.guarded.iter().map(GuardedOut::of).collect(),
            unsupported: verdict.unsupported.iter().map(HitOut::of).collect(),
            shadow: verdict.shadow.iter().map(HitOut::of).collect(),
            model: verdict.model.as_ref(),
            ruleset: &verdict.ruleset,
        }
    }
}

impl<'a> HitOut<'a> {
    fn of(hit: &'a Hit) -> Self {
        Self {
            rule: &hit.rule,
            tier: hit.tier,
            why: &hit.why,
            category: hit.category,
            span: [hit.span.start, hit.span.end],
            via: &hit.via,
        }
    }
}

impl<'a> GuardedOut<'a> {
    fn of(guarded: &'a Guarded) -> Self {
        Self {
            guard: &guarded.guard,
            hit: HitOut::of(&guarded.hit),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lines(input: &[u8]) -> Vec<Value> {
        let rules = RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"));
        let mut output = Vec::new();
        run(&rules, input, &mut output, print).unwrap();
        let output = String::from_utf8(output).unwrap();
        output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn each_line_in_is_one_object_out() {
        let out = lines(b"i want to die\r\n{\"text\": \"menu\"}\n\n{not json\nlast \xff line");
        assert_eq!(out.len(), 5);
        assert_eq!(out[0]["text"], "i want to die");
        assert_eq!(out[0]["action"], "page");
        assert!(out[0]["hits"][0]["span"].is_array());
        assert_eq!(out[1]["text"], "menu");
        assert_eq!(out[1]["tier"], "none");
        assert_eq!(out[1]["model"], Value::Null);
        assert_eq!(out[3]["text"], "{not json");
        assert_eq!(out[4]["text"], "last \u{fffd} line");
    }

    #[test]
    fn a_guarded_hit_names_its_guard() {
        let out = lines(b"i dont want to die");
        assert_eq!(out[0]["action"], "ask");
        assert_eq!(out[0]["guarded"][0]["guard"], "negation.not_suicidal");
    }
}
