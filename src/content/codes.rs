//! Codes: what the staff choose from, as data. An operator may change the labels and add lines.
//!
//! They are checked in full when they are loaded, and are never sent to a texter. Floor 1.

use serde::Deserialize;

use super::error::PackError;
use super::pack::Source;

/// The version of the format.
const SCHEMA: u32 = 1;
/// The longest code, in characters: it is a column of reports.
const LONGEST_CODE: usize = 40;

pub(super) const BUILTIN: Source<'static> = Source {
    file: "templates/codes.toml",
    text: include_str!("../../templates/codes.toml"),
};

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// What is kept and counted.
    pub code: String,
    /// What the staff read.
    pub label: String,
    /// Of an outcome: whether it says what became of a danger, so that it may end an open crisis.
    #[serde(default)]
    pub crisis: bool,
}

/// The lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    schema: u32,
    #[serde(skip)]
    file: String,
    #[serde(skip)]
    hash: String,
    /// How a conversation ended.
    pub outcomes: Vec<Code>,
    /// Why somebody gives a case back.
    pub releases: Vec<Code>,
    /// Why somebody needs the number of a texter.
    pub reveals: Vec<Code>,
    /// Why somebody decides how urgent a conversation is.
    pub tiers: Vec<Code>,
}

impl Codes {
    /// The lists that come with the program.
    ///
    /// # Errors
    /// [`PackError`], if the program was built with a broken file; a test shows that it is not.
    pub fn builtin() -> Result<Self, PackError> {
        Self::load(BUILTIN)
    }

    /// Reads and checks the lists.
    ///
    /// # Errors
    /// The first [`PackError`], with the file, the key and the fix.
    pub fn load(source: Source<'_>) -> Result<Self, PackError> {
        let file = source.file.to_owned();
        let mut codes = source.read(SCHEMA, |codes: &Self| codes.schema)?;
        for (list, lines) in codes.lists() {
            check(&file, list, lines)?;
        }
        if !codes.outcomes.iter().any(|outcome| outcome.crisis) {
            return Err(PackError::Missing {
                file,
                key: "outcomes with crisis = true".to_owned(),
            });
        }
        codes.hash = source.hash();
        codes.file = file;
        Ok(codes)
    }

    /// The file that they were read from.
    #[must_use]
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// What tells this version of the file from every other.
    #[must_use]
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// The lists, by name.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[Code]); 4] {
        [
            ("outcomes", &self.outcomes),
            ("releases", &self.releases),
            ("reveals", &self.reveals),
            ("tiers", &self.tiers),
        ]
    }
}

/// The line with a code.
#[must_use]
pub fn line<'a>(lines: &'a [Code], code: &str) -> Option<&'a Code> {
    lines.iter().find(|line| line.code == code)
}

/// A list has lines, each with a label and a code of its own.
fn check(file: &str, list: &str, lines: &[Code]) -> Result<(), PackError> {
    let missing = |key: String| PackError::Missing {
        file: file.to_owned(),
        key,
    };
    if lines.is_empty() {
        return Err(missing(list.to_owned()));
    }
    for (at, one) in lines.iter().enumerate() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let key = format!("{list}[{at}]");
        if one.label.trim().is_empty() {
            return Err(missing(format!("{key}.label")));
        }
        if one.code.is_empty() || one.code.len() > LONGEST_CODE || !one.code.chars().all(plain) {
            return Err(PackError::Code {
                file: file.to_owned(),
                key: format!("{key}.code"),
                code: one.code.clone(),
            });
        }
        if lines[..at].iter().any(|other| other.code == one.code) {
            return Err(PackError::Twice {
                file: file.to_owned(),
                key: list.to_owned(),
                twice: one.code.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_that_come_with_the_program_hold() {
        let codes = Codes::builtin().unwrap();
        assert!(line(&codes.outcomes, "safe_for_now").unwrap().crisis);
        assert!(!line(&codes.outcomes, "talked").unwrap().crisis);
        assert_eq!(line(&codes.releases, "safe_for_now"), None);
    }

    #[test]
    fn what_is_wrong_in_a_list_is_named_with_its_place() {
        let read = |from: &str, to: &str| {
            let text = BUILTIN.text.replacen(from, to, 1);
            let source = Source {
                file: "codes.toml",
                text: &text,
            };
            Codes::load(source).unwrap_err().to_string()
        };
        for (from, to, parts) in [
            ("schema = 1", "schema = 2", ["codes.toml", "`schema` is 2"]),
            (
                "\"talked\"",
                "\"We talked\"",
                ["`outcomes[6].code`", "We talked"],
            ),
            ("\"talked\"", "\"silent\"", ["outcomes", "`silent`"]),
            (
                "\"My shift is over\"",
                "\" \"",
                ["releases[0].label", "missing"],
            ),
            ("crisis = true\n", "kind = true\n", ["line", "kind"]),
        ] {
            let said = read(from, to);
            assert!(parts.iter().all(|part| said.contains(part)), "{to}: {said}");
        }
        let none = BUILTIN.text.replace("crisis = true", "crisis = false");
        let source = Source {
            file: "codes.toml",
            text: &none,
        };
        let said = Codes::load(source).unwrap_err().to_string();
        assert!(said.contains("crisis = true"), "{said}");
    }
}
