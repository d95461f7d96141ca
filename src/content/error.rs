//! What can be wrong with a pack, and what to do about it.
//!
//! Each error names the file, the key and the fix. Whether the words are good is not judged here:
//! `content check` does that. Floor 1.

/// Why a pack cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Not TOML, a field that we do not know, or a field that is missing.
    #[error(
        "{file}: {problem}. Fix: correct that line; fields and spellings are as in the built-in pack"
    )]
    Unreadable {
        /// The pack.
        file: String,
        /// What the parser says, with the line.
        problem: String,
    },
    /// Written for another version of the format.
    #[error(
        "{file}: `schema` is {found}, but this program reads {expected}. Fix: start from the built-in pack of this version"
    )]
    Schema {
        /// The pack.
        file: String,
        /// What the pack says.
        found: u32,
        /// What is read.
        expected: u32,
    },
    /// A pack in the place of another language.
    #[error(
        "{file}: `locale` is `{found}`, but this is the place of `{expected}`. Fix: swap the files, or correct `locale`"
    )]
    Locale {
        /// The pack.
        file: String,
        /// What the pack says.
        found: String,
        /// The language of the place.
        expected: &'static str,
    },
    /// A message or page that every pack must have is not there, or is empty.
    #[error("{file}: `{key}` is missing or empty. Fix: write it; the built-in pack has an example")]
    Missing {
        /// The pack.
        file: String,
        /// The key.
        key: String,
    },
    /// A message that this program never sends.
    #[error(
        "{file}: `{key}` is not a message or page of this program. Fix: correct the spelling, or remove it"
    )]
    Unknown {
        /// The pack.
        file: String,
        /// The key.
        key: String,
    },
    /// A page or an alias that is there twice.
    #[error("{file}: `{key}` has `{twice}`, which is taken already. Fix: keep one of the two")]
    Twice {
        /// The pack.
        file: String,
        /// The key.
        key: String,
        /// What is there twice.
        twice: String,
    },
    /// A placeholder that is not known, or a brace.
    #[error(
        "{file}: `{key}` contains `{placeholder}`. Fix: use only {{line}}, {{contact}}, {{rates}}, {{topic}}, {{choices}}, {{care}}, {{own_care}} and {{@id}} of a resource, and no other braces"
    )]
    Placeholder {
        /// The pack.
        file: String,
        /// The key.
        key: String,
        /// What was found.
        placeholder: String,
    },
    /// A message that must keep 988 in reach does not.
    #[error("{file}: `{key}` does not name 988. Fix: add \"Call or text 988\"")]
    No988 {
        /// The pack.
        file: String,
        /// The key.
        key: String,
    },
    /// The menu and the titles of the pages do not agree.
    #[error(
        "{file}: `{key}` has no line \"{line}\". Fix: add that line, or change the title of the page"
    )]
    NotListed {
        /// The pack.
        file: String,
        /// The key.
        key: String,
        /// The line that is expected.
        line: String,
    },
    /// An alias without a letter or digit, or one that is a number.
    #[error(
        "{file}: `{key}` has the alias `{alias}`. Fix: use words; numbers open pages by themselves"
    )]
    Alias {
        /// The pack.
        file: String,
        /// The key.
        key: String,
        /// The alias.
        alias: String,
    },
    /// A day that is none.
    #[error("{file}: `{key}` is `{found}`, which is no date. Fix: write it as 2026-11-24")]
    Date {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// What is there.
        found: String,
    },
    /// A code that cannot be kept and counted.
    #[error(
        "{file}: `{key}` is `{code}`. Fix: use up to 40 small letters, digits and _; the label may be anything"
    )]
    Code {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// What is there.
        code: String,
    },
    /// The guided chooser cannot work.
    #[error("{file}: `{key}`: {problem}. Fix: compare it with the built-in pack")]
    Chooser {
        /// The pack.
        file: String,
        /// The key.
        key: String,
        /// What is wrong.
        problem: String,
    },
}
