//! The services that texts name: each with its source and its dates (promise P12).
//!
//! A text writes `{@id}` where the words of a resource go, so that a number stands in one place and
//! goes stale in one place. Floor 1.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::error::PackError;
use super::pack::Source;
use crate::locale::Locale;

/// The version of the format.
const SCHEMA: u32 = 1;

/// The services that texts may name.
#[derive(Clone, Debug)]
pub struct Resources {
    file: String,
    hash: String,
    by_id: BTreeMap<String, Resource>,
}

/// A service, and how we know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it is called.
    pub name: String,
    /// What stands in a text, in English and in Spanish.
    words: [String; Locale::ALL.len()],
    /// Where the fact comes from.
    pub source: String,
    /// When somebody looked there last.
    pub verified_on: Date,
    /// When it must be looked at again.
    pub expires_on: Date,
    /// Who answers for it.
    pub reviewed_by: String,
    /// What is still unsure; empty when nothing is.
    pub unverified: String,
}

impl Resource {
    /// What stands in a text.
    #[must_use]
    pub fn words(&self, locale: Locale) -> &str {
        &self.words[locale as usize]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    schema: u32,
    resources: BTreeMap<String, RawResource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawResource {
    name: String,
    en: String,
    es: String,
    source: String,
    verified_on: String,
    expires_on: String,
    reviewed_by: String,
    #[serde(default)]
    unverified: String,
}

impl Resources {
    /// Reads the file.
    ///
    /// # Errors
    /// [`PackError`] with the file, the key and the fix.
    pub fn load(source: Source<'_>) -> Result<Self, PackError> {
        let file = source.file;
        let raw = source.read(SCHEMA, |raw: &RawFile| raw.schema)?;
        let mut by_id = BTreeMap::new();
        for (id, raw) in raw.resources {
            let resource = raw.read(file, &id)?;
            by_id.insert(id, resource);
        }
        Ok(Self {
            file: file.to_owned(),
            hash: source.hash(),
            by_id,
        })
    }

    /// The file that they were read from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What tells this version of the file from every other.
    #[must_use]
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// A resource by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Resource> {
        self.by_id.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Resource)> {
        self.by_id
            .iter()
            .map(|(id, resource)| (id.as_str(), resource))
    }
}

impl RawResource {
    fn read(self, file: &str, id: &str) -> Result<Resource, PackError> {
        let key = |field: &str| format!("resources.{id}.{field}");
        for (field, value) in [
            ("name", &self.name),
            ("en", &self.en),
            ("es", &self.es),
            ("source", &self.source),
            ("reviewed_by", &self.reviewed_by),
        ] {
            if value.trim().is_empty() || value.contains(['{', '}']) {
                return Err(PackError::Missing {
                    file: file.to_owned(),
                    key: key(field),
                });
            }
        }
        let date = |field: &str, value: &str| {
            value.parse::<Date>().map_err(|_| PackError::Date {
                file: file.to_owned(),
                key: key(field),
                found: value.to_owned(),
            })
        };
        Ok(Resource {
            verified_on: date("verified_on", &self.verified_on)?,
            expires_on: date("expires_on", &self.expires_on)?,
            name: self.name,
            words: [self.en, self.es],
            source: self.source,
            reviewed_by: self.reviewed_by,
            unverified: self.unverified,
        })
    }
}
