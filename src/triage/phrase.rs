//! The phrase language of the rule files, read into sequences of words.
//!
//! | written | means |
//! |---|---|
//! | `want to die` | these words, side by side |
//! | `want\|wants` | either word |
//! | `really?` | with or without the word |
//! | `took ... pills` | up to three words in between |
//! | `suicid*` | any word that begins so |
//! | `{PILL}` | any entry of a list under `[defs]` |
//! | `#` `##` | a number; a number of ten or more, also in words |
//! | `jump !in\|on` | not where one of these words comes next, in the same sentence |
//! | `!de\|sin cortarme` | not where one of these words stands before it, in the same sentence |
//! | `= human` | the whole text, nothing else |
//!
//! Words are normalised as texts are, so `don't` and `do not` are the same phrase. There are no
//! regular expressions, so a clinical lead cannot write one that is slow or wrong by a bracket.
//! Floor 1.

use std::collections::BTreeMap;

use crate::text::normalise::Normal;

/// The word lists of a rule file.
pub(super) type Defs = BTreeMap<String, Vec<String>>;

/// What one word of a text is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// Whether it is this one.
    Is(String),
    /// Whether it begins so.
    Begins(String),
    /// Whether it is a number, perhaps with a unit: digits and up to five letters.
    Number,
    /// Whether it is a number of ten or more: two to five digits, the first no zero.
    Ten,
}

/// One way to say a part of a phrase.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// One word.
    Word(Word),
    /// Several parts, one after the other.
    Parts(Vec<Part>),
}

/// A part of a phrase.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Up to so many words, as few as possible.
    Gap(usize),
    /// The next word of the sentence is none of these; at the beginning of a phrase, the word before.
    Not(Vec<Word>),
    /// One of these, the first that leads to a match.
    Ways {
        /// In the order in which they were written.
        ways: Vec<Way>,
        /// Whether it may be left out; it is taken where it can be.
        optional: bool,
    },
}

/// A phrase.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    /// Its parts; at least one of them must be there.
    pub(super) parts: Vec<Part>,
    /// Whether it must be the whole text.
    pub(super) whole: bool,
}

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

/// Numbers of ten or more as people write them out. Not `once`, which is eleven in Spanish and an everyday word in English.
const TENS: &str = "
    ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty
    seventy eighty ninety hundred dozen dozens
    diez doce quince veinte veinticinco treinta cuarenta cincuenta sesenta ochenta noventa cien docena";

/// The most `...` in one phrase: each lets it match in four ways, and all of them may have to be tried.
const GAPS: usize = 4;

/// Reads phrases: first those that stand anywhere in a text, then those that are all of it.
pub(super) fn read(phrases: &[String], defs: &Defs) -> Result<Vec<Phrase>, (String, PhraseError)> {
    let mut inside = Vec::new();
    let mut whole = Vec::new();
    for phrase in phrases {
        let (list, words) = match phrase.strip_prefix('=') {
            Some(words) => (&mut whole, words),
            None => (&mut inside, phrase.as_str()),
        };
        let parts = sequence(words, defs).map_err(|error| (phrase.clone(), error))?;
        list.push(parts);
    }
    let phrase = |parts, whole| Phrase { parts, whole };
    let inside = inside.into_iter().map(|parts| phrase(parts, false));
    let whole = whole.into_iter().map(|parts| phrase(parts, true));
    Ok(inside.chain(whole).collect())
}

/// Any entry of a word list.
pub(super) fn list(name: &str, defs: &Defs) -> Result<Part, PhraseError> {
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
    let ways: Result<Vec<Way>, PhraseError> = entries
        .iter()
        .map(|entry| {
            if entry.contains('{') {
                return Err(PhraseError::new(
                    format!("the list {{{name}}} names another list in `{entry}`"),
                    "write its words out",
                ));
            }
            if entry.contains('!') {
                return Err(PhraseError::new(
                    format!("the list {{{name}}} has a `!` in `{entry}`"),
                    "write it in the phrase",
                ));
            }
            Ok(way(sequence(entry, defs)?))
        })
        .collect();
    let ways = ways?;
    if ways.is_empty() {
        return Err(PhraseError::new(
            format!("the list {{{name}}} is empty"),
            "give it a word",
        ));
    }
    Ok(Part::Ways {
        ways,
        optional: false,
    })
}

/// Parts as one way: a part that is one word is that word.
fn way(parts: Vec<Part>) -> Way {
    match parts.as_slice() {
        [
            Part::Ways {
                ways,
                optional: false,
            },
        ] if ways.len() == 1 => ways[0].clone(),
        _ => Way::Parts(parts),
    }
}

/// The parts of one phrase.
fn sequence(phrase: &str, defs: &Defs) -> Result<Vec<Part>, PhraseError> {
    let mut parts = Vec::new();
    let mut gaps = 0;
    let mut gap_open = false;
    // Nothing stands before the next item, or only optional items.
    let mut bare = true;
    for item in phrase.split_whitespace() {
        if item == "..." {
            if bare || gap_open {
                return Err(PhraseError::new(
                    "`...` needs a word before it",
                    "take it away",
                ));
            }
            gaps += 1;
            if gaps > GAPS {
                return Err(PhraseError::new(
                    format!("there are more than {GAPS} `...`"),
                    "split the phrase",
                ));
            }
            parts.push(Part::Gap(3));
            gap_open = true;
            continue;
        }
        if let Some(words) = item.strip_prefix('!') {
            if gap_open || bare && !parts.is_empty() {
                return Err(PhraseError::new(
                    format!("`!{words}` stands beside no word"),
                    "write it before the first word of the phrase, or right after a word",
                ));
            }
            let words: Result<Vec<Word>, PhraseError> =
                words.split('|').map(|word| single(word, defs)).collect();
            parts.push(Part::Not(words?));
            continue;
        }
        let (item, optional) = match item.strip_suffix('?') {
            Some(item) => (item, true),
            None => (item, false),
        };
        let mut ways = Vec::new();
        for word in item.split('|') {
            ways.push(alternative(word, defs)?);
            if word == "##" {
                let tens = TENS
                    .split_ascii_whitespace()
                    .map(|ten| Word::Is(ten.to_owned()));
                ways.extend(tens.map(Way::Word));
            }
        }
        parts.push(Part::Ways { ways, optional });
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
    Ok(parts)
}

/// One word that may not come next.
fn single(word: &str, defs: &Defs) -> Result<Word, PhraseError> {
    match alternative(word, defs)? {
        Way::Word(word) => Ok(word),
        Way::Parts(_) => Err(PhraseError::new(
            format!("after `!` each word stands alone, and `{word}` is several"),
            "write the first of its words, as triage reads it",
        )),
    }
}

/// One alternative of one item.
fn alternative(word: &str, defs: &Defs) -> Result<Way, PhraseError> {
    match word {
        "" => {
            return Err(PhraseError::new(
                "there is nothing beside a `|`",
                "write a word on both sides",
            ));
        }
        "#" => return Ok(Way::Word(Word::Number)),
        "##" => return Ok(Way::Word(Word::Ten)),
        _ => {}
    }
    if let Some(name) = word.strip_prefix('{') {
        return match name.strip_suffix('}') {
            Some(name) => Ok(Way::Parts(vec![list(name, defs)?])),
            None => Err(PhraseError::new(
                format!("`{word}` has no closing brace"),
                "write {NAME}",
            )),
        };
    }
    if let Some(stem) = word.strip_suffix('*') {
        // A stem is taken letter by letter: repairing it would change what it is the beginning of.
        return if stem.len() > 1 && stem.bytes().all(|b| b.is_ascii_lowercase()) {
            Ok(Way::Word(Word::Begins(stem.to_owned())))
        } else {
            Err(PhraseError::new(
                format!("`{word}` is not a beginning of a word"),
                "write at least two plain lower-case letters before `*`, without accents",
            ))
        };
    }
    if word.contains([
        '{', '}', '*', '?', '!', '(', ')', '[', ']', '^', '$', '.', '+', '\\', '=',
    ]) {
        return Err(PhraseError::new(
            format!("`{word}` is not a word"),
            "phrases are words, `|`, `...`, `*` at the end, `?` at the end, `!` before, `#` and {LIST}",
        ));
    }
    let normal = Normal::of(word);
    let words = normal.text().split(' ').filter(|word| !word.is_empty());
    let parts: Vec<Part> = words
        .map(|word| Part::Ways {
            ways: vec![Way::Word(Word::Is(word.to_owned()))],
            optional: false,
        })
        .collect();
    if parts.is_empty() {
        return Err(PhraseError::new(
            format!("`{word}` has no letters to match"),
            "write a word",
        ));
    }
    Ok(way(parts))
}

#[cfg(test)]
mod tests {
    use super::super::matcher::Matcher;
    use super::*;

    fn matches(phrase: &str, text: &str) -> bool {
        let defs = Defs::from([(
            "PILL".to_owned(),
            vec!["pills".to_owned(), "sleeping tablets".to_owned()],
        )]);
        let pattern = read(&[phrase.to_owned()], &defs).unwrap();
        !Matcher::new(&[pattern]).find(&Normal::of(text)).is_empty()
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
            ("took ## {PILL}", "took thirty pills", "took two pills"),
            ("tome ## {PILL}", "tomé veinte pills", "tomé dos pills"),
            (
                "going to jump !in|on",
                "going to jump",
                "going to jump in the pool",
            ),
            ("jump !in", "i will jump. in the morning", "jump in"),
            ("!to jump", "no way to go. jump", "to jump"),
            ("took it !out now", "took it now", "took it out now"),
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
            ("a ... b ... c ... d ... e ... f", "more than 4"),
            ("maybe?", "must be there"),
            ("maybe? !in jump", "stands beside no word"),
            ("jump ... !in now", "stands beside no word"),
            ("!in", "must be there"),
            ("jump !don't", "is several"),
            ("…", "no letters"),
            ("", "must be there"),
        ] {
            let error = read(&[phrase.to_owned()], &defs).unwrap_err().1;
            assert!(error.problem.contains(problem), "{phrase}: {error}");
            assert!(!error.fix.is_empty());
        }
    }
}
