//! The words of the interface, in the language of who reads. Floor 4.
//!
//! A phrase is known by its English sentence, which stands where it is used: `{{ "Sign in"|tr }}` in a
//! template, `tr!("claimed by {by}", by)` in a handler. Its Spanish stands in `templates/interface/es`. What
//! comes from below as a finished sentence (why a service refused) goes through [`said`]. The language of a
//! request is known here alone, for as long as the request is answered: see [`in_language`].

mod catalog;
pub(super) mod filters;
mod language;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::locale::Locale;
#[cfg(test)]
pub(super) use language::within;
pub(super) use language::{in_language, kept, locale, others, routes, speak};

/// A phrase in the language of who reads, as a `String`: `tr!("{n} texts", n)`, `tr!("by {who}", who = name)`.
macro_rules! tr {
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
    ($key:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::http::words::phrase_of($key)
            $(.with(stringify!($name), &$crate::http::words::tr!(@value $name $($value)?)))*
            .to_string()
    };
}
/// Marks the English sentence of a phrase that is put into the language of who reads where it is shown.
macro_rules! phrase {
    ($key:literal) => {
        $key
    };
}
pub(in crate::http) use {phrase, tr};

/// A phrase in the language of who reads, and what stands in it.
#[derive(Clone, Debug)]
pub(in crate::http) struct Phrase {
    text: Cow<'static, str>,
    values: Vec<(String, String)>,
}

/// The phrase with this English sentence; or one that holds a sentence that is finished already.
pub(in crate::http) fn phrase_of(sentence: &str) -> Phrase {
    let found = match locale() {
        Locale::En => None,
        Locale::Es => catalog::spanish().find(sentence),
    };
    found.unwrap_or_else(|| Phrase {
        text: Cow::Owned(sentence.to_owned()),
        values: Vec::new(),
    })
}

/// What something says of itself in English, in the language of who reads. Where there are no words for it,
/// as it is.
pub(in crate::http) fn said(what: impl fmt::Display) -> String {
    phrase_of(&what.to_string()).to_string()
}

/// The same of a list, one by one.
fn said_each(list: &str) -> String {
    let whole = said(list);
    if whole != list {
        return whole;
    }
    list.split(", ").map(said).collect::<Vec<_>>().join(", ")
}

impl Phrase {
    /// The phrase with what stands at a place in it.
    pub(in crate::http) fn with(mut self, name: &str, value: &dyn fmt::Display) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// Whether it says nothing.
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The phrase, piece by piece: its own words, and what stands in it.
    fn pieces(&self) -> impl Iterator<Item = (bool, Cow<'_, str>)> {
        catalog::pieces(&self.text).map(|piece| match piece {
            catalog::Piece::Words(words) => (true, Cow::Borrowed(words)),
            catalog::Piece::Place {
                name,
                whole,
                is_phrase,
            } => {
                let value = self.values.iter().find(|(of, _)| of == name);
                match value {
                    Some((_, value)) if is_phrase => (false, Cow::Owned(said_each(value))),
                    Some((_, value)) => (false, Cow::Borrowed(value.as_str())),
                    None => (true, Cow::Borrowed(whole)),
                }
            }
        })
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|(_, piece)| f.write_str(&piece))
    }
}
