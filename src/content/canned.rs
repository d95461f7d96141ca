//! Canned replies: words of the team's own, with a few places to fill in.
//!
//! Which there are is kept by the store; here is how they are read and filled in, and the ones that a new
//! line begins with. They are never sent by themselves. Floor 1.

use serde::Deserialize;

use super::error::PackError;
use super::pack::Source;
use super::resource::Resources;
use super::template::{Fill, Inserts, Template};
use crate::locale::Locale;

/// The version of the format.
const SCHEMA: u32 = 1;
/// Who writes.
const ME: &str = "{me}";

/// The ones that a new line begins with.
pub(super) const SEEDS: Source<'static> = Source {
    file: "templates/canned.toml",
    text: include_str!("../../templates/canned.toml"),
};

/// A canned reply that a new line begins with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// What the team finds it by.
    pub title: String,
    /// The words, with places to fill in.
    pub body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    schema: u32,
    en: Vec<Seed>,
    es: Vec<Seed>,
}

/// The canned replies that a new line begins with, in their order.
///
/// # Errors
/// [`PackError`], if the program was built with a broken file; a test shows that it is not.
pub fn seeds() -> Result<Vec<(Locale, Seed)>, PackError> {
    let raw = SEEDS.read(SCHEMA, |raw: &RawFile| raw.schema)?;
    let of = |locale, seeds: Vec<Seed>| seeds.into_iter().map(move |seed| (locale, seed));
    Ok(of(Locale::En, raw.en)
        .chain(of(Locale::Es, raw.es))
        .collect())
}

/// A canned reply that was read: filling it in cannot fail.
#[derive(Clone, Debug)]
pub struct CannedReply {
    /// What stands between the places for the name of who writes.
    pieces: Vec<Template>,
}

impl CannedReply {
    /// Reads a canned reply in a language, with the words of the resources that it names.
    ///
    /// # Errors
    /// The placeholder, or the brace, that is not known here.
    pub fn parse(source: &str, locale: Locale, resources: &Resources) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for piece in source.trim().split(ME) {
            let piece = Template::parse_untrimmed(piece, locale, resources)?;
            if let Some(other) = piece.of_a_pack() {
                return Err(other.to_owned());
            }
            pieces.push(piece);
        }
        Ok(Self { pieces })
    }

    /// The words, for a person of the team to read and send. What is filled in is never read again.
    #[must_use]
    pub fn fill(&self, fill: &Fill<'_>, me: &str) -> String {
        let nothing = Inserts {
            rates: "",
            own_care: "",
        };
        let pieces = self.pieces.iter().map(|piece| piece.fill(fill, nothing));
        pieces.collect::<Vec<_>>().join(me)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack::resources_builtin;
    use super::*;

    fn parse(source: &str) -> Result<CannedReply, String> {
        CannedReply::parse(source, Locale::En, &resources_builtin().unwrap())
    }

    const FILL: Fill<'static> = Fill {
        line: "Example Line",
        contact: "help@example.org",
        free_to_end_user: true,
        topic: "",
        choices: "",
        care: "",
    };

    #[test]
    fn the_ones_that_come_with_the_program_are_there_in_every_language() {
        let seeds = seeds().unwrap();
        let of = |locale| seeds.iter().filter(|(of, _)| *of == locale).count();
        assert!(of(Locale::En) >= 10);
        assert_eq!(of(Locale::En), of(Locale::Es));
        for (locale, seed) in &seeds {
            CannedReply::parse(&seed.body, *locale, &resources_builtin().unwrap()).unwrap();
        }
    }

    #[test]
    fn the_places_are_filled_and_never_read_again() {
        let reply = parse("{me} of {line} ({contact}): see {@findtreatment}. {me}").unwrap();
        assert_eq!(
            reply.fill(&FILL, "{line}"),
            "{line} of Example Line (help@example.org): see findtreatment.gov. {line}"
        );
    }

    #[test]
    fn a_place_that_only_an_automatic_text_has_is_refused() {
        for (source, unknown) in [
            ("a {rates}", "{rates}"),
            ("a {topic}", "{topic}"),
            ("{own_care}", "{own_care}"),
            ("a {nobody}", "{nobody}"),
            ("a {", "{"),
        ] {
            assert_eq!(parse(source).unwrap_err(), unknown, "{source}");
        }
    }
}
