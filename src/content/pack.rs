//! The packs: read, checked in full, and then unable to lack a message.
//!
//! No file is opened here and no language is chosen. Floor 1.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::locale::Locale;

use super::error::PackError;
use super::key::{Key, PageId};
use super::template::{Fill, Template};
use super::words::words;

/// The version of the format.
const SCHEMA: u32 = 1;

/// The text of a pack, and the name of the file that errors point to.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// The packs of all languages.
#[derive(Clone, Debug)]
pub struct Packs {
    en: Pack,
    es: Pack,
}

/// One page, in one language.
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: String,
    aliases: Vec<String>,
    first: Template,
    more: Vec<Template>,
}

impl Page {
    /// The title, as it is in the menu.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The words that find the page, in their plain form. The title is one of them.
    #[must_use]
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// How many texts the page is: at least one.
    #[must_use]
    pub fn parts(&self) -> usize {
        1 + self.more.len()
    }

    /// A part; the last one when there are fewer.
    fn part(&self, index: usize) -> &Template {
        match index.min(self.more.len()) {
            0 => &self.first,
            index => self.more.get(index - 1).unwrap_or(&self.first),
        }
    }
}

/// The messages and pages of one language. Indexed by the position of the name, so none is missing.
#[derive(Clone, Debug)]
struct Pack {
    messages: [Template; Key::ALL.len()],
    pages: [Page; PageId::ALL.len()],
}

impl Default for Pack {
    fn default() -> Self {
        Self {
            messages: std::array::from_fn(|_| Template::default()),
            pages: std::array::from_fn(|_| Page::default()),
        }
    }
}

impl Packs {
    /// The packs that come with the program.
    ///
    /// # Errors
    /// [`PackError`], if the program was built with a broken pack; a test shows that it is not.
    pub fn builtin() -> Result<Self, PackError> {
        Self::load(
            Source {
                file: "templates/messages/en.toml",
                text: include_str!("../../templates/messages/en.toml"),
            },
            Source {
                file: "templates/messages/es.toml",
                text: include_str!("../../templates/messages/es.toml"),
            },
        )
    }

    /// Reads and checks a pack for each language.
    ///
    /// # Errors
    /// The first [`PackError`], with the file, the key and the fix.
    pub fn load(en: Source<'_>, es: Source<'_>) -> Result<Self, PackError> {
        Ok(Self {
            en: Pack::read(en, Locale::En)?,
            es: Pack::read(es, Locale::Es)?,
        })
    }

    /// A message, ready to send.
    #[must_use]
    pub fn message(&self, locale: Locale, key: Key, fill: &Fill<'_>) -> String {
        let pack = self.pack(locale);
        pack.message(key).fill(fill, &pack.rates(fill))
    }

    /// A part of a page, ready to send: its words, then 988 and the ways on. Parts count from 0;
    /// past the end it is the last one.
    #[must_use]
    pub fn page_part(&self, locale: Locale, id: PageId, part: usize, fill: &Fill<'_>) -> String {
        let pack = self.pack(locale);
        let page = self.page(locale, id);
        let end = if part + 1 < page.parts() {
            Key::PageMore
        } else {
            Key::PageEnd
        };
        let rates = pack.rates(fill);
        let body = page.part(part).fill(fill, &rates);
        let end = pack.message(end).fill(fill, &rates);
        format!("{body}\n{end}")
    }

    /// A page.
    #[must_use]
    pub fn page(&self, locale: Locale, id: PageId) -> &Page {
        &self.pack(locale).pages[id.index()]
    }

    const fn pack(&self, locale: Locale) -> &Pack {
        match locale {
            Locale::En => &self.en,
            Locale::Es => &self.es,
        }
    }
}

/// A pack as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    schema: u32,
    locale: String,
    messages: BTreeMap<String, String>,
    pages: BTreeMap<String, RawPage>,
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
    fn read(source: Source<'_>, locale: Locale) -> Result<Self, PackError> {
        let file = source.file;
        let mut raw: RawPack =
            toml::from_str(source.text).map_err(|error| PackError::Unreadable {
                file: file.to_owned(),
                problem: error.to_string().trim_end().to_owned(),
            })?;
        if raw.schema != SCHEMA {
            return Err(PackError::Schema {
                file: file.to_owned(),
                found: raw.schema,
                expected: SCHEMA,
            });
        }
        if raw.locale != locale.tag() {
            return Err(PackError::Locale {
                file: file.to_owned(),
                found: raw.locale,
                expected: locale.tag(),
            });
        }
        let mut pack = Self::default();
        for key in Key::ALL {
            pack.messages[key.index()] =
                read_message(file, key, raw.messages.remove(key.name()).as_deref())?;
        }
        let mut taken = BTreeSet::new();
        for id in PageId::ALL {
            pack.pages[id.index()] = read_page(file, id, raw.pages.remove(id.name()), &mut taken)?;
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

    fn message(&self, key: Key) -> &Template {
        &self.messages[key.index()]
    }

    /// The words of `{rates}`. They hold no placeholder that could need filling: `read_message`
    /// refuses `{rates}` in them, and the other two are left as they are by an empty fill.
    fn rates(&self, fill: &Fill<'_>) -> String {
        let key = if fill.free_to_end_user {
            Key::RatesFree
        } else {
            Key::RatesPlan
        };
        self.message(key).fill(fill, "")
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

fn read_message(file: &str, key: Key, raw: Option<&str>) -> Result<Template, PackError> {
    let name = format!("messages.{}", key.name());
    let template = read_template(file, &name, raw.unwrap_or_default())?;
    let is_rates = matches!(key, Key::RatesPlan | Key::RatesFree);
    if is_rates && template.has_rates() {
        return Err(PackError::Placeholder {
            file: file.to_owned(),
            key: name,
            placeholder: "{rates}".to_owned(),
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

fn read_page(
    file: &str,
    id: PageId,
    raw: Option<RawPage>,
    taken: &mut BTreeSet<String>,
) -> Result<Page, PackError> {
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
        parts.push(read_template(file, &format!("{key}.parts"), part)?);
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

fn read_template(file: &str, key: &str, source: &str) -> Result<Template, PackError> {
    let template = Template::parse(source).map_err(|placeholder| PackError::Placeholder {
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
