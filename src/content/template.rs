//! A message with places to fill in.
//!
//! There are four placeholders and no logic: `{line}`, `{contact}`, `{rates}` and `{topic}`. What is filled
//! in is never read again, so a name with a brace in it cannot do harm. Floor 1.

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
}

impl<'a> Fill<'a> {
    /// The same, about a topic.
    #[must_use]
    pub const fn about(self, topic: &'a str) -> Self {
        Self { topic, ..self }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Line,
    Contact,
    Rates,
    Topic,
}

/// A message that was read: filling it in cannot fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    /// Reads a message.
    ///
    /// # Errors
    /// The placeholder, or the brace, that is not known.
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = source.trim();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, tail) = rest.split_at(at);
            if !before.is_empty() {
                pieces.push(Piece::Words(before.to_owned()));
            }
            let end = tail.find('}').map_or(tail.len(), |end| end + 1);
            let (placeholder, after) = tail.split_at(end);
            pieces.push(match placeholder {
                "{line}" => Piece::Line,
                "{contact}" => Piece::Contact,
                "{rates}" => Piece::Rates,
                "{topic}" => Piece::Topic,
                unknown => return Err(unknown.chars().take(40).collect()),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Words(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Whether there is nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the fixed words contain `needle`.
    pub(super) fn contains(&self, needle: &str) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Words(words) if words.contains(needle)))
    }

    /// Whether one of the lines of the fixed words is `line`.
    pub(super) fn has_line(&self, line: &str) -> bool {
        self.0.iter().any(
            |piece| matches!(piece, Piece::Words(words) if words.lines().any(|l| l.trim() == line)),
        )
    }

    /// Whether `{rates}` is in it.
    pub(super) fn has_rates(&self) -> bool {
        self.0.contains(&Piece::Rates)
    }

    /// The words to send.
    pub(super) fn fill(&self, fill: &Fill<'_>, rates: &str) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Words(words) => words.as_str(),
            Piece::Line => fill.line,
            Piece::Contact => fill.contact,
            Piece::Rates => rates,
            Piece::Topic => fill.topic,
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fill, Template};

    #[test]
    fn placeholders_are_filled_and_never_read_again() {
        let fill = Fill {
            line: "{contact}",
            contact: "help@example.org",
            free_to_end_user: true,
            topic: "",
        };
        let template = Template::parse("{line}: {contact}. {rates}").unwrap();
        assert_eq!(
            template.fill(&fill, "Free."),
            "{contact}: help@example.org. Free."
        );
    }

    #[test]
    fn an_unknown_placeholder_or_a_lone_brace_is_an_error() {
        for (source, unknown) in [("a {name} b", "{name}"), ("a { b", "{ b"), ("a } b", "}")] {
            assert_eq!(Template::parse(source), Err(unknown.to_owned()));
        }
    }
}
