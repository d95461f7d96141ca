//! Reads a pack and checks it in full, so that it cannot lack a message afterwards.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Pack, Page, Source};
use crate::content::chooser::RawChooser;
use crate::content::error::PackError;
use crate::content::find::Index;
use crate::content::key::{Key, PageId};
use crate::content::resource::Resources;
use crate::content::template::Template;
use crate::content::words::words;
use crate::locale::Locale;

/// The version of the format.
const SCHEMA: u32 = 1;

/// A pack as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    schema: u32,
    locale: String,
    messages: BTreeMap<String, String>,
    pages: BTreeMap<String, RawPage>,
    chooser: RawChooser,
}

/// A page as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPage {
    title: String,
    aliases: Vec<String>,
    parts: Vec<String>,
}

impl Pack {
    pub(super) fn read(
        source: Source<'_>,
        locale: Locale,
        resources: &Resources,
    ) -> Result<Self, PackError> {
        let file = source.file;
        let mut raw = source.read(SCHEMA, |raw: &RawPack| raw.schema)?;
        if raw.locale != locale.tag() {
            return Err(PackError::Locale {
                file: file.to_owned(),
                found: raw.locale,
                expected: locale.tag(),
            });
        }
        let reader = Reader {
            file,
            locale,
            resources,
        };
        let mut pack = Self {
            file: file.to_owned(),
            hash: source.hash(),
            chooser: raw.chooser.read(file)?,
            ..Self::default()
        };
        for key in Key::ALL {
            let raw = raw.messages.remove(key.name());
            pack.messages[key.index()] = reader.message(key, raw.as_deref())?;
        }
        let named = raw.pages.iter().flat_map(|(name, page)| {
            let id = PageId::ALL.into_iter().find(|id| id.name() == name);
            let names = std::iter::once(&page.title).chain(&page.aliases);
            names.filter_map(move |written| Some((id?, written.as_str())))
        });
        pack.index = Index::new(named);
        let mut taken = BTreeSet::new();
        for id in PageId::ALL {
            pack.pages[id.index()] = reader.page(id, raw.pages.remove(id.name()), &mut taken)?;
        }
        let left = raw.messages.keys().map(|key| format!("messages.{key}"));
        let mut left = left.chain(raw.pages.keys().map(|key| format!("pages.{key}")));
        if let Some(key) = left.next() {
            return Err(PackError::Unknown {
                file: file.to_owned(),
                key,
            });
        }
        pack.check_lists(file)?;
        Ok(pack)
    }

    /// Every page must be in the menu or in the list of therapies, under its number and title.
    fn check_lists(&self, file: &str) -> Result<(), PackError> {
        for id in PageId::ALL {
            let page = &self.pages[id.index()];
            let (list, key) = if id.is_therapy() {
                (
                    &self.pages[PageId::Therapies.index()].first,
                    "pages.therapies",
                )
            } else {
                (self.message(Key::Menu), "messages.menu")
            };
            let line = format!("{} {}", id.number(), page.title);
            if !list.has_line(&line) {
                return Err(PackError::NotListed {
                    file: file.to_owned(),
                    key: key.to_owned(),
                    line,
                });
            }
        }
        Ok(())
    }
}

/// Reads the texts of one file.
struct Reader<'a> {
    file: &'a str,
    locale: Locale,
    resources: &'a Resources,
}

impl Reader<'_> {
    fn message(&self, key: Key, raw: Option<&str>) -> Result<Template, PackError> {
        let file = self.file;
        let name = format!("messages.{}", key.name());
        let template = self.template(&name, raw.unwrap_or_default())?;
        if key.is_insert()
            && let Some(placeholder) = template.has_insert()
        {
            return Err(PackError::Placeholder {
                file: file.to_owned(),
                key: name,
                placeholder: placeholder.to_owned(),
            });
        }
        if key.must_name_988() && !template.contains("988") {
            return Err(PackError::No988 {
                file: file.to_owned(),
                key: name,
            });
        }
        Ok(template)
    }

    fn page(
        &self,
        id: PageId,
        raw: Option<RawPage>,
        taken: &mut BTreeSet<String>,
    ) -> Result<Page, PackError> {
        let file = self.file;
        let key = format!("pages.{}", id.name());
        let missing = |key: &str| PackError::Missing {
            file: file.to_owned(),
            key: key.to_owned(),
        };
        let raw = raw.ok_or_else(|| missing(&key))?;
        if raw.title.trim().is_empty() {
            return Err(missing(&format!("{key}.title")));
        }
        let mut aliases = Vec::with_capacity(raw.aliases.len() + 1);
        for alias in std::iter::once(&raw.title).chain(&raw.aliases) {
            let plain = words(alias);
            if plain.is_empty() || plain.bytes().all(|b| b.is_ascii_digit()) {
                return Err(PackError::Alias {
                    file: file.to_owned(),
                    key,
                    alias: alias.clone(),
                });
            }
            if !taken.insert(plain.clone()) {
                return Err(PackError::Twice {
                    file: file.to_owned(),
                    key,
                    twice: alias.clone(),
                });
            }
            aliases.push(plain);
        }
        let mut parts = Vec::with_capacity(raw.parts.len());
        for part in &raw.parts {
            parts.push(self.template(&format!("{key}.parts"), part)?);
        }
        let mut parts = parts.into_iter();
        let first = parts
            .next()
            .ok_or_else(|| missing(&format!("{key}.parts")))?;
        Ok(Page {
            title: raw.title.trim().to_owned(),
            aliases,
            first,
            more: parts.collect(),
        })
    }

    fn template(&self, key: &str, source: &str) -> Result<Template, PackError> {
        let file = self.file;
        let read = Template::parse(source, self.locale, self.resources);
        let template = read.map_err(|placeholder| PackError::Placeholder {
            file: file.to_owned(),
            key: key.to_owned(),
            placeholder,
        })?;
        if template.is_empty() {
            return Err(PackError::Missing {
                file: file.to_owned(),
                key: key.to_owned(),
            });
        }
        Ok(template)
    }
}
