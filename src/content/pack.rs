//! The packs: read, checked in full, and then unable to lack a message.
//!
//! No file is opened here and no language is chosen. Floor 1.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::locale::Locale;

use super::chooser::{Answers, Chooser, RawChooser};
use super::codes::{self, Codes};
use super::error::PackError;
use super::find::Index;
use super::key::{Key, PageId};
use super::resource::Resources;
use super::template::{Fill, Inserts, Template};
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

impl Source<'_> {
    /// What tells this version of the file from every other: SHA-256 of what is in it, hexadecimal.
    pub(super) fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text))
    }

    /// Reads a file of this version of its format.
    pub(super) fn read<T: DeserializeOwned>(
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

/// The packs of all languages.
#[derive(Clone, Debug)]
pub struct Packs {
    en: Pack,
    es: Pack,
    resources: Resources,
    codes: Codes,
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
    file: String,
    hash: String,
    messages: [Template; Key::ALL.len()],
    pages: [Page; PageId::ALL.len()],
    chooser: Chooser,
    index: Index,
}

impl Default for Pack {
    fn default() -> Self {
        Self {
            messages: std::array::from_fn(|_| Template::default()),
            pages: std::array::from_fn(|_| Page::default()),
            file: String::new(),
            hash: String::new(),
            chooser: Chooser::default(),
            index: Index::default(),
        }
    }
}

const BUILTIN_EN: Source<'static> = Source {
    file: "templates/messages/en.toml",
    text: include_str!("../../templates/messages/en.toml"),
};
const BUILTIN_ES: Source<'static> = Source {
    file: "templates/messages/es.toml",
    text: include_str!("../../templates/messages/es.toml"),
};
const BUILTIN_RESOURCES: Source<'static> = Source {
    file: "templates/resources.toml",
    text: include_str!("../../templates/resources.toml"),
};

/// The files that come with the program: the packs of the languages, the resources, then the codes.
pub const BUILTIN: [Source<'static>; 4] =
    [BUILTIN_EN, BUILTIN_ES, BUILTIN_RESOURCES, codes::BUILTIN];

/// The resources that come with the program.
pub(super) fn resources_builtin() -> Result<Resources, PackError> {
    Resources::load(BUILTIN_RESOURCES)
}

impl Packs {
    /// The packs that come with the program.
    ///
    /// # Errors
    /// [`PackError`], if the program was built with a broken pack; a test shows that it is not.
    pub fn builtin() -> Result<Self, PackError> {
        Self::load(BUILTIN_EN, BUILTIN_ES, resources_builtin()?)
    }

    /// Reads and checks a pack for each language, with the codes that come with the program.
    ///
    /// # Errors
    /// The first [`PackError`], with the file, the key and the fix.
    pub fn load(en: Source<'_>, es: Source<'_>, resources: Resources) -> Result<Self, PackError> {
        let packs = Self {
            en: Pack::read(en, Locale::En, &resources)?,
            es: Pack::read(es, Locale::Es, &resources)?,
            resources,
            codes: Codes::builtin()?,
        };
        if !packs.es.chooser.weighs_like(&packs.en.chooser) {
            return Err(PackError::Chooser {
                file: es.file.to_owned(),
                key: "chooser.questions".to_owned(),
                problem: "the weights are not those of the English pack".to_owned(),
            });
        }
        Ok(packs)
    }

    /// The same packs with other codes for the staff.
    #[must_use]
    pub fn with_codes(self, codes: Codes) -> Self {
        Self { codes, ..self }
    }

    /// What the staff choose from.
    #[must_use]
    pub const fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The services that texts name.
    #[must_use]
    pub const fn resources(&self) -> &Resources {
        &self.resources
    }

    /// The file that a language was read from.
    #[must_use]
    pub fn file(&self, locale: Locale) -> &str {
        &self.pack(locale).file
    }

    /// Where a file was read from.
    #[must_use]
    pub fn source(&self, file: PackFile) -> &str {
        match file {
            PackFile::En => &self.en.file,
            PackFile::Es => &self.es.file,
            PackFile::Resources => self.resources.file(),
            PackFile::Codes => self.codes.file(),
        }
    }

    /// What tells the version of a file that is in force from every other: SHA-256 of what is in it,
    /// hexadecimal.
    #[must_use]
    pub fn hash(&self, file: PackFile) -> &str {
        match file {
            PackFile::En => &self.en.hash,
            PackFile::Es => &self.es.hash,
            PackFile::Resources => self.resources.hash(),
            PackFile::Codes => self.codes.hash(),
        }
    }

    /// The ids of the resources that a message names.
    pub fn resources_of(&self, locale: Locale, key: Key) -> impl Iterator<Item = &str> {
        self.pack(locale).message(key).resources()
    }

    /// The ids of the resources that a page names.
    pub fn resources_of_page(&self, locale: Locale, id: PageId) -> impl Iterator<Item = &str> {
        let page = self.page(locale, id);
        std::iter::once(&page.first)
            .chain(&page.more)
            .flat_map(Template::resources)
    }

    pub(super) fn index(&self, locale: Locale) -> &Index {
        &self.pack(locale).index
    }

    /// The guided chooser of a language.
    #[must_use]
    pub fn chooser(&self, locale: Locale) -> &Chooser {
        &self.pack(locale).chooser
    }

    /// The next question of the chooser, ready to send.
    #[must_use]
    pub fn question(&self, locale: Locale, answers: &Answers, fill: &Fill<'_>) -> String {
        let question = self.chooser(locale).question(answers);
        format!("{question}\n{}", self.message(locale, Key::PageEnd, fill))
    }

    /// What the answers speak for, ready to send.
    #[must_use]
    pub fn chosen(&self, locale: Locale, answers: &Answers, fill: &Fill<'_>) -> String {
        let chooser = self.chooser(locale);
        let lines = chooser.therapies(answers).into_iter().map(|page| {
            let title = self.page(locale, page).title();
            format!("{} {title}. {}", page.number(), chooser.reason(page))
        });
        let lines = lines.collect::<Vec<_>>().join("\n");
        self.message(locale, Key::Chosen, &fill.choosing(&lines))
    }

    /// A message, ready to send.
    #[must_use]
    pub fn message(&self, locale: Locale, key: Key, fill: &Fill<'_>) -> String {
        let pack = self.pack(locale);
        pack.message(key).fill(fill, pack.inserts(fill).borrow())
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
        let inserts = pack.inserts(fill);
        let body = page.part(part).fill(fill, inserts.borrow());
        let end = pack.message(end).fill(fill, inserts.borrow());
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
    fn read(source: Source<'_>, locale: Locale, resources: &Resources) -> Result<Self, PackError> {
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

    fn message(&self, key: Key) -> &Template {
        &self.messages[key.index()]
    }

    /// The messages that stand for a placeholder in others. None of them holds such a placeholder
    /// itself: the reader refuses it.
    fn inserts(&self, fill: &Fill<'_>) -> FilledInserts {
        let nothing = Inserts {
            rates: "",
            own_care: "",
        };
        let rates = if fill.free_to_end_user {
            Key::RatesFree
        } else {
            Key::RatesPlan
        };
        let own_care = if fill.care.is_empty() {
            String::new()
        } else {
            format!(" {}", self.message(Key::OwnCare).fill(fill, nothing))
        };
        FilledInserts {
            rates: self.message(rates).fill(fill, nothing),
            own_care,
        }
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

/// The words of [`Inserts`].
struct FilledInserts {
    rates: String,
    own_care: String,
}

impl FilledInserts {
    fn borrow(&self) -> Inserts<'_> {
        Inserts {
            rates: &self.rates,
            own_care: &self.own_care,
        }
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
