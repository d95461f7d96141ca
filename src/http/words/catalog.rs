//! The Spanish of the interface, as it ships with the program. Floor 4.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::Phrase;

/// Declares files of the folder, by name.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../templates/interface/es/", $name)))),*]
    };
}

/// One for each family of pages, so that who writes a page finds its words.
pub(super) const PAGES: &[(&str, &str)] = files![
    "shell.toml",
    "account.toml",
    "on_call.toml",
    "queue.toml",
    "conversation.toml",
    "canned.toml",
    "board.toml",
    "incidents.toml",
    "reports.toml",
    "content.toml",
    "lab.toml",
    "audit.toml",
    "system.toml",
    "drills.toml"
];

/// What comes from below as a finished sentence: it is found by its words, whatever stands at its places.
pub(super) const FROM_BELOW: &[(&str, &str)] =
    files!["refusals.toml", "sentences.toml", "checks.toml"];

/// A piece of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Words.
    Words(&'a str),
    /// A place for a value, as in `{owner}`.
    Place {
        /// What stands there.
        name: &'a str,
        /// The place as it is written.
        whole: &'a str,
        /// Whether the value is a phrase itself: `{part|tr}`.
        is_phrase: bool,
    },
}

/// The pieces of a sentence.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let piece = place(rest).unwrap_or_else(|| {
            let mut braces = rest.match_indices('{').map(|(at, _)| at);
            let end = braces.find(|at| place(&rest[*at..]).is_some());
            Piece::Words(&rest[..end.unwrap_or(rest.len())])
        });
        let (Piece::Words(whole) | Piece::Place { whole, .. }) = piece;
        rest = &rest[whole.len()..];
        Some(piece)
    })
}

/// The place with which a text begins, if it does.
fn place(text: &str) -> Option<Piece<'_>> {
    let inner = text.strip_prefix('{')?;
    let end = inner.find('}')?;
    let (whole, inner) = (&text[..end + 2], &inner[..end]);
    let (name, is_phrase) = match inner.strip_suffix("|tr") {
        Some(name) => (name, true),
        None => (inner, false),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(plain).then_some(Piece::Place {
        name,
        whole,
        is_phrase,
    })
}

/// English sentences and their Spanish.
pub(super) struct Catalog {
    phrases: HashMap<String, String>,
    /// Those from below with a place in them, the one that begins with the most words of its own first.
    patterns: Vec<String>,
}

/// The one that ships with the program.
pub(super) fn spanish() -> &'static Catalog {
    static SPANISH: LazyLock<Catalog> =
        LazyLock::new(|| Catalog::new(read(PAGES), read(FROM_BELOW)));
    &SPANISH
}

/// The phrases of files. That every file can be read is a test's to say.
fn read(files: &[(&str, &str)]) -> HashMap<String, String> {
    let files = files.iter();
    let read = files.filter_map(|(_, text)| toml::from_str::<HashMap<_, _>>(text).ok());
    read.flatten().collect()
}

impl Catalog {
    fn new(mut phrases: HashMap<String, String>, from_below: HashMap<String, String>) -> Self {
        let own = |piece: &Piece<'_>| match piece {
            Piece::Words(words) => words.len(),
            Piece::Place { .. } => 0,
        };
        let rank = |key: &str| {
            let lengths: Vec<usize> = pieces(key).map(|piece| own(&piece)).collect();
            (
                lengths.first().copied().unwrap_or(0),
                lengths.iter().sum::<usize>(),
            )
        };
        let has_place = |key: &&String| pieces(key).any(|one| matches!(one, Piece::Place { .. }));
        let mut patterns: Vec<String> = from_below.keys().filter(has_place).cloned().collect();
        patterns.sort_by_cached_key(|key| (Reverse(rank(key)), key.clone()));
        phrases.extend(from_below);
        Self { phrases, patterns }
    }

    /// The phrase of an English sentence: as it is written, or, from below, with its places filled.
    pub(super) fn find(&'static self, sentence: &str) -> Option<Phrase> {
        let phrase = |key: &str, values| {
            self.phrases.get(key).map(|text| Phrase {
                text: Cow::Borrowed(text.as_str()),
                values,
            })
        };
        phrase(sentence, Vec::new()).or_else(|| {
            let mut patterns = self.patterns.iter();
            patterns.find_map(|key| phrase(key, values(key, sentence)?))
        })
    }

    #[cfg(test)]
    pub(super) fn phrases(&self) -> &HashMap<String, String> {
        &self.phrases
    }
}

/// What stands at the places of a pattern, if the sentence is one of it.
fn values(pattern: &str, sentence: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open: Option<&str> = None;
    let mut rest = sentence;
    for piece in pieces(pattern) {
        match (piece, open.take()) {
            (Piece::Words(words), None) => rest = rest.strip_prefix(words)?,
            (Piece::Words(words), Some(name)) => {
                let (value, after) = rest.split_once(words)?;
                found.push((name.to_owned(), value.to_owned()));
                rest = after;
            }
            (Piece::Place { name, .. }, None) => open = Some(name),
            // Where one ends and the next begins nobody could say.
            (Piece::Place { .. }, Some(_)) => return None,
        }
    }
    match open {
        Some(name) => found.push((name.to_owned(), rest.to_owned())),
        None if rest.is_empty() => {}
        None => return None,
    }
    let whole = found.iter().all(|(_, value)| !value.is_empty());
    whole.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> &'static Catalog {
        let phrases = [
            ("Sign in", "Entrar"),
            ("Wait {wait}.", "Espere {wait|tr}."),
            ("{n} minutes", "{n} minutos"),
            ("{who} has it.", "Lo tiene {who}."),
            (
                "{who} has it, and {other} waits.",
                "Lo tiene {who}, y {other} espera.",
            ),
        ];
        let phrases = phrases.map(|(en, es)| (en.to_owned(), es.to_owned()));
        let pages = HashMap::from([("{a}!".to_owned(), "¡{a}!".to_owned())]);
        Box::leak(Box::new(Catalog::new(pages, phrases.into())))
    }

    #[test]
    fn a_finished_sentence_is_found_by_its_words() {
        let found = |sentence| catalog().find(sentence).map(|phrase| phrase.to_string());
        assert_eq!(found("Sign in").as_deref(), Some("Entrar"));
        assert_eq!(found("First has it.").as_deref(), Some("Lo tiene First."));
        assert_eq!(
            found("First has it, and Night waits.").as_deref(),
            Some("Lo tiene First, y Night espera.")
        );
        for unknown in [
            "",
            "Sign",
            " has it.",
            "First has it",
            "Wait 5 min",
            "Sign in!",
        ] {
            assert_eq!(found(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn only_a_name_in_braces_is_a_place() {
        let places = |text| {
            let places = pieces(text).filter(|piece| matches!(piece, Piece::Place { .. }));
            places.count()
        };
        assert_eq!(places("{a} and {b|tr}, {0}, {}"), 4);
        assert_eq!(places("{ a } {a b} {é} { }{"), 0);
        let again: String = pieces("{ a {b} c{")
            .map(|piece| match piece {
                Piece::Words(whole) | Piece::Place { whole, .. } => whole,
            })
            .collect();
        assert_eq!(again, "{ a {b} c{");
    }
}
