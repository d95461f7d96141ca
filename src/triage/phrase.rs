//! The phrase language of the rule files, compiled to regular expressions over the normal form.
//!
//! | written | means |
//! |---|---|
//! | `want to die` | these words, side by side |
//! | `want\|wants` | either word |
//! | `really?` | with or without the word |
//! | `took ... pills` | up to three words in between |
//! | `suicid*` | any word that begins so |
//! | `{PILL}` | any entry of a list under `[defs]` |
//! | `#` `##` | a number; a number of ten or more |
//! | `= human` | the whole text, nothing else |
//!
//! Words are normalised as texts are, so `don't` and `do not` are the same phrase. There are no raw
//! regular expressions, so a clinical lead cannot write one that is slow or wrong by a bracket.
//! Floor 1.

use std::collections::BTreeMap;

use crate::text::normalise::Normal;

/// The word lists of a rule file.
pub(super) type Defs = BTreeMap<String, Vec<String>>;

/// What is wrong with a phrase, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {fix}")]
pub(super) struct PhraseError {
    /// What is wrong.
    pub(super) problem: String,
    /// What to write instead.
    pub(super) fix: String,
}

impl PhraseError {
    fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            fix: fix.into(),
        }
    }
}

const WORD: &str = "[a-z0-9]+";

/// Up to so many words in between, as few as possible.
pub(super) fn gap(words: usize) -> String {
    format!("(?: {WORD}){{0,{words}}}?")
}

/// A pattern with word boundaries for any of these phrases.
pub(super) fn any(phrases: &[String], defs: &Defs) -> Result<String, (String, PhraseError)> {
    let mut inside = Vec::new();
    let mut whole = Vec::new();
    for phrase in phrases {
        let (list, words) = match phrase.strip_prefix('=') {
            Some(words) => (&mut whole, words),
            None => (&mut inside, phrase.as_str()),
        };
        list.push(sequence(words, defs).map_err(|error| (phrase.clone(), error))?);
    }
    let mut ways = Vec::new();
    if !inside.is_empty() {
        ways.push(bounded(&inside.join("|")));
    }
    if !whole.is_empty() {
        ways.push(format!("^(?:{})$", whole.join("|")));
    }
    Ok(ways.join("|"))
}

/// A pattern that starts and ends where words do.
pub(super) fn bounded(pattern: &str) -> String {
    format!(r"(?-u:\b)(?:{pattern})(?-u:\b)")
}

/// The pattern of a word list.
pub(super) fn list(name: &str, defs: &Defs) -> Result<String, PhraseError> {
    let Some(entries) = defs.get(name) else {
        let known: Vec<&str> = defs.keys().map(String::as_str).collect();
        return Err(PhraseError::new(
            format!("there is no list {{{name}}}"),
            format!(
                "add `{name} = [\"…\"]` under [defs], or use one of: {}",
                known.join(", ")
            ),
        ));
    };
    let ways: Result<Vec<String>, PhraseError> = entries
        .iter()
        .map(|entry| {
            if entry.contains('{') {
                return Err(PhraseError::new(
                    format!("the list {{{name}}} names another list in `{entry}`"),
                    "write its words out",
                ));
            }
            sequence(entry, defs)
        })
        .collect();
    let ways = ways?;
    if ways.is_empty() {
        return Err(PhraseError::new(
            format!("the list {{{name}}} is empty"),
            "give it a word",
        ));
    }
    Ok(format!("(?:{})", ways.join("|")))
}

/// The pattern of one phrase.
fn sequence(phrase: &str, defs: &Defs) -> Result<String, PhraseError> {
    let mut pattern = String::new();
    let mut gap_open = false;
    // Nothing stands before the next item, or only optional items that bring their own space.
    let mut bare = true;
    for item in phrase.split_whitespace() {
        if item == "..." {
            if bare || gap_open {
                return Err(PhraseError::new(
                    "`...` needs a word before it",
                    "take it away",
                ));
            }
            pattern.push_str(&gap(3));
            gap_open = true;
            continue;
        }
        let (item, optional) = match item.strip_suffix('?') {
            Some(item) => (item, true),
            None => (item, false),
        };
        let ways: Result<Vec<String>, PhraseError> = item
            .split('|')
            .map(|word| alternative(word, defs))
            .collect();
        let ways = format!("(?:{})", ways?.join("|"));
        let item = match (bare, optional) {
            (true, true) => format!("(?:{ways} )?"),
            (false, true) => format!("(?: {ways})?"),
            (true, false) => ways,
            (false, false) => format!(" {ways}"),
        };
        pattern.push_str(&item);
        bare &= optional;
        gap_open &= optional;
    }
    if bare {
        return Err(PhraseError::new(
            "a phrase needs a word that must be there",
            "write one without `?`",
        ));
    }
    if gap_open {
        return Err(PhraseError::new(
            "`...` needs a word after it",
            "take it away",
        ));
    }
    Ok(pattern)
}

/// The pattern of one alternative of one item.
fn alternative(word: &str, defs: &Defs) -> Result<String, PhraseError> {
    match word {
        "" => {
            return Err(PhraseError::new(
                "there is nothing beside a `|`",
                "write a word on both sides",
            ));
        }
        "#" => return Ok("[0-9]+[a-z]{0,5}".to_owned()),
        "##" => return Ok("[1-9][0-9]{1,4}".to_owned()),
        _ => {}
    }
    if let Some(name) = word.strip_prefix('{') {
        return match name.strip_suffix('}') {
            Some(name) => list(name, defs),
            None => Err(PhraseError::new(
                format!("`{word}` has no closing brace"),
                "write {NAME}",
            )),
        };
    }
    if let Some(stem) = word.strip_suffix('*') {
        // A stem is taken letter by letter: repairing it would change what it is the beginning of.
        return if stem.len() > 1 && stem.bytes().all(|b| b.is_ascii_lowercase()) {
            Ok(format!("{stem}[a-z0-9]*"))
        } else {
            Err(PhraseError::new(
                format!("`{word}` is not a beginning of a word"),
                "write at least two plain lower-case letters before `*`, without accents",
            ))
        };
    }
    if word.contains([
        '{', '}', '*', '?', '(', ')', '[', ']', '^', '$', '.', '+', '\\', '=',
    ]) {
        return Err(PhraseError::new(
            format!("`{word}` is not a word"),
            "phrases are words, `|`, `...`, `*` at the end, `?` at the end, `#` and {LIST}",
        ));
    }
    match Normal::of(word).text() {
        "" => Err(PhraseError::new(
            format!("`{word}` has no letters to match"),
            "write a word",
        )),
        normal => Ok(normal.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    fn matches(phrase: &str, text: &str) -> bool {
        let defs = Defs::from([(
            "PILL".to_owned(),
            vec!["pills".to_owned(), "sleeping tablets".to_owned()],
        )]);
        let pattern = any(&[phrase.to_owned()], &defs).unwrap();
        Regex::new(&pattern)
            .unwrap()
            .is_match(Normal::of(text).text())
    }

    #[test]
    fn each_form_of_the_language_matches_what_it_says() {
        for (phrase, yes, no) in [
            ("want to die", "I want to die", "I want to diet"),
            ("die|death", "death", "dead"),
            ("i really? want", "i want", "i never want"),
            (
                "took ... pills",
                "took all of my pills",
                "took me to see the pills",
            ),
            ("suicid*", "suicidality", "sui"),
            ("took {PILL}", "took sleeping tablets", "took tablets"),
            ("took # {PILL}", "took 2 pills", "took pills"),
            ("took ## {PILL}", "took 30 pills", "took 3 pills"),
            ("= human", "Human!", "human rights"),
            ("don't want", "do not want", "want"),
        ] {
            assert!(matches(phrase, yes), "{phrase} should match {yes}");
            assert!(!matches(phrase, no), "{phrase} should not match {no}");
        }
    }

    #[test]
    fn a_bad_phrase_says_what_to_write_instead() {
        let defs = Defs::new();
        for (phrase, problem) in [
            ("... die", "needs a word before"),
            ("die ...", "needs a word after"),
            ("die|", "nothing beside"),
            ("{NOPE}", "no list {NOPE}"),
            ("{NOPE", "closing brace"),
            ("(die)", "is not a word"),
            ("d*", "beginning of a word"),
            ("maybe?", "must be there"),
            ("…", "no letters"),
            ("", "must be there"),
        ] {
            let error = any(&[phrase.to_owned()], &defs).unwrap_err().1;
            assert!(error.problem.contains(problem), "{phrase}: {error}");
            assert!(!error.fix.is_empty());
        }
    }
}
