//! Where packs are read from: the files, by name and version, and those that come with the program.

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::content::codes;
use crate::content::error::PackError;
use crate::content::resource::Resources;
use crate::locale::Locale;

/// The text of a pack, and the name of the file that errors point to.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
}

impl Source<'_> {
    /// What tells this version of the file from every other: SHA-256 of what is in it, hexadecimal.
    pub(in crate::content) fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text))
    }

    /// Reads a file of this version of its format.
    pub(in crate::content) fn read<T: DeserializeOwned>(
        &self,
        expected: u32,
        schema: impl FnOnce(&T) -> u32,
    ) -> Result<T, PackError> {
        let file = || self.file.to_owned();
        let read = toml::from_str(self.text).map_err(|error| PackError::Unreadable {
            file: file(),
            problem: error.to_string().trim_end().to_owned(),
        })?;
        let found = schema(&read);
        if found != expected {
            return Err(PackError::Schema {
                file: file(),
                found,
                expected,
            });
        }
        Ok(read)
    }
}

/// One of the files that packs are read from; in the order of [`BUILTIN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PackFile {
    /// What texters get in English.
    En,
    /// What texters get in Spanish.
    Es,
    /// The services that texts name.
    Resources,
    /// What the staff choose from.
    Codes,
}

impl PackFile {
    /// Every file.
    pub const ALL: [Self; BUILTIN.len()] = [Self::En, Self::Es, Self::Resources, Self::Codes];

    /// The file as addresses name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Resources => "resources",
            Self::Codes => "codes",
        }
    }

    /// The language of the texts in it, if it holds any.
    #[must_use]
    pub const fn locale(self) -> Option<Locale> {
        match self {
            Self::En => Some(Locale::En),
            Self::Es => Some(Locale::Es),
            Self::Resources | Self::Codes => None,
        }
    }
}

pub(super) const BUILTIN_EN: Source<'static> = Source {
    file: "templates/messages/en.toml",
    text: include_str!("../../../templates/messages/en.toml"),
};
pub(super) const BUILTIN_ES: Source<'static> = Source {
    file: "templates/messages/es.toml",
    text: include_str!("../../../templates/messages/es.toml"),
};
const BUILTIN_RESOURCES: Source<'static> = Source {
    file: "templates/resources.toml",
    text: include_str!("../../../templates/resources.toml"),
};

/// The files that come with the program: the packs of the languages, the resources, then the codes.
pub const BUILTIN: [Source<'static>; 4] =
    [BUILTIN_EN, BUILTIN_ES, BUILTIN_RESOURCES, codes::BUILTIN];

/// The resources that come with the program.
pub(in crate::content) fn resources_builtin() -> Result<Resources, PackError> {
    Resources::load(BUILTIN_RESOURCES)
}
