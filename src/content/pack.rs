//! The packs: read, checked in full, and then unable to lack a message.
//!
//! No file is opened here and no language is chosen. Floor 1.

mod reader;
mod source;

use crate::locale::Locale;

use super::chooser::{Answers, Chooser};
use super::codes::Codes;
use super::error::PackError;
use super::find::Index;
use super::key::{Key, PageId};
use super::resource::Resources;
use super::template::{Fill, Inserts, Template};

pub(super) use source::resources_builtin;
pub use source::{BUILTIN, PackFile, Source};
use source::{BUILTIN_EN, BUILTIN_ES};

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

impl Pack {
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
