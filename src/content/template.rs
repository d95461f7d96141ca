//! A message with places to fill in.
//!
//! A few placeholders and no logic. The words of a resource, `{@id}`, are put in when a pack is read;
//! the others when a message is sent. What is filled in is never read again, so a name with a brace
//! in it cannot do harm. Floor 1.

use std::collections::BTreeSet;

use super::resource::Resources;
use crate::locale::Locale;

/// What fills the placeholders.
#[derive(Clone, Copy, Debug)]
pub struct Fill<'a> {
    /// `{line}`: the name of the line.
    pub line: &'a str,
    /// `{contact}`: an e-mail address or a phone number.
    pub contact: &'a str,
    /// Chooses the words of `{rates}`.
    pub free_to_end_user: bool,
    /// `{topic}`: the title of a page; empty where a message is about none.
    pub topic: &'a str,
    /// `{choices}`: what the chooser found; empty elsewhere.
    pub choices: &'a str,
    /// `{care}`: where the operator offers care of their own; empty if nowhere.
    pub care: &'a str,
}

/// The messages that stand for a placeholder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inserts<'a> {
    /// `{rates}`
    pub(super) rates: &'a str,
    /// `{own_care}`
    pub(super) own_care: &'a str,
}

impl<'a> Fill<'a> {
    /// The same, about a topic.
    #[must_use]
    pub const fn about(self, topic: &'a str) -> Self {
        Self { topic, ..self }
    }

    /// The same, with what the chooser found.
    #[must_use]
    pub const fn choosing(self, choices: &'a str) -> Self {
        Self { choices, ..self }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Line,
    Contact,
    Rates,
    Topic,
    Choices,
    Care,
    OwnCare,
}

/// A message that was read: filling it in cannot fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    resources: BTreeSet<String>,
}

impl Template {
    /// Reads a message in a language, with the words of the resources that it names.
    ///
    /// # Errors
    /// The placeholder, or the brace, that is not known.
    pub(super) fn parse(
        source: &str,
        locale: Locale,
        resources: &Resources,
    ) -> Result<Self, String> {
        Self::parse_untrimmed(source.trim(), locale, resources)
    }

    /// The same, with the spaces around it.
    pub(super) fn parse_untrimmed(
        source: &str,
        locale: Locale,
        resources: &Resources,
    ) -> Result<Self, String> {
        let mut read = Self::default();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, tail) = rest.split_at(at);
            read.words(before);
            let end = tail.find('}').map_or(tail.len(), |end| end + 1);
            let (placeholder, after) = tail.split_at(end);
            let id = placeholder
                .strip_prefix("{@")
                .and_then(|id| id.strip_suffix('}'));
            let piece = match placeholder {
                "{line}" => Piece::Line,
                "{contact}" => Piece::Contact,
                "{rates}" => Piece::Rates,
                "{topic}" => Piece::Topic,
                "{choices}" => Piece::Choices,
                "{care}" => Piece::Care,
                "{own_care}" => Piece::OwnCare,
                unknown => {
                    let resource = id.and_then(|id| Some((id, resources.get(id)?)));
                    let (id, resource) =
                        resource.ok_or_else(|| unknown.chars().take(40).collect::<String>())?;
                    read.resources.insert(id.to_owned());
                    Piece::Words(resource.words(locale).to_owned())
                }
            };
            read.pieces.push(piece);
            rest = after;
        }
        read.words(rest);
        Ok(read)
    }

    fn words(&mut self, words: &str) {
        if !words.is_empty() {
            self.pieces.push(Piece::Words(words.to_owned()));
        }
    }

    /// The ids of the resources that it names.
    pub(super) fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(String::as_str)
    }

    /// Whether there is nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether the fixed words contain `needle`.
    pub(super) fn contains(&self, needle: &str) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Words(words) if words.contains(needle)))
    }

    /// Whether one of the lines of the fixed words is `line`.
    pub(super) fn has_line(&self, line: &str) -> bool {
        self.pieces.iter().any(
            |piece| matches!(piece, Piece::Words(words) if words.lines().any(|l| l.trim() == line)),
        )
    }

    /// The placeholder in it, if there is one, that stands for another message.
    pub(super) fn has_insert(&self) -> Option<&'static str> {
        let inserts = [(Piece::Rates, "{rates}"), (Piece::OwnCare, "{own_care}")];
        let mut inserts = inserts.into_iter();
        let found = inserts.find(|(piece, _)| self.pieces.contains(piece))?;
        Some(found.1)
    }

    /// The placeholder in it, if there is one, that only a message of a pack can fill.
    pub(super) fn of_a_pack(&self) -> Option<&'static str> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Words(_) | Piece::Line | Piece::Contact => None,
            Piece::Rates => Some("{rates}"),
            Piece::Topic => Some("{topic}"),
            Piece::Choices => Some("{choices}"),
            Piece::Care => Some("{care}"),
            Piece::OwnCare => Some("{own_care}"),
        })
    }

    /// The words to send.
    pub(super) fn fill(&self, fill: &Fill<'_>, inserts: Inserts<'_>) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Words(words) => words.as_str(),
            Piece::Line => fill.line,
            Piece::Contact => fill.contact,
            Piece::Rates => inserts.rates,
            Piece::Topic => fill.topic,
            Piece::Choices => fill.choices,
            Piece::Care => fill.care,
            Piece::OwnCare => inserts.own_care,
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack::resources_builtin;
    use super::{Fill, Inserts, Template};
    use crate::locale::Locale;

    const INSERTS: Inserts<'_> = Inserts {
        rates: "Free.",
        own_care: "",
    };

    fn parse(source: &str) -> Result<Template, String> {
        Template::parse(source, Locale::En, &resources_builtin().unwrap())
    }

    #[test]
    fn placeholders_are_filled_and_never_read_again() {
        let fill = Fill {
            line: "{contact}",
            contact: "help@example.org",
            free_to_end_user: true,
            topic: "",
            choices: "",
            care: "",
        };
        let template = parse("{line}: {contact}. {rates} Call {@samhsa}.{own_care}").unwrap();
        assert_eq!(
            template.fill(&fill, INSERTS),
            "{contact}: help@example.org. Free. Call 1-800-662-4357."
        );
        assert_eq!(template.resources().collect::<Vec<_>>(), ["samhsa"]);
    }

    #[test]
    fn an_unknown_placeholder_or_a_lone_brace_is_an_error() {
        for (source, unknown) in [
            ("a {name} b", "{name}"),
            ("a {@nobody} b", "{@nobody}"),
            ("a { b", "{ b"),
            ("a } b", "}"),
        ] {
            assert_eq!(parse(source), Err(unknown.to_owned()));
        }
    }
}
