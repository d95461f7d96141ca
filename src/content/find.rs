//! Which page a text asks for.
//!
//! Exact words only: a number, an alias, or the longest alias inside the text. No scores, no
//! repair of typos. Floor 1.

use crate::locale::Locale;

use super::key::PageId;
use super::pack::Packs;
use super::words::words;

/// Words that people put before a number.
const BEFORE_A_NUMBER: [&str; 5] = ["number", "option", "numero", "opcion", "topic"];

impl Packs {
    /// The page that a text asks for in a language.
    #[must_use]
    pub fn find(&self, text: &str, locale: Locale) -> Option<PageId> {
        let plain = words(text);
        numbered(&plain).or_else(|| self.named(&plain, locale))
    }

    /// The page with this exact alias, else the one with the longest alias among the words; of two
    /// equally long ones the one that comes first in the menu.
    fn named(&self, plain: &str, locale: Locale) -> Option<PageId> {
        let padded = format!(" {plain} ");
        let aliases = PageId::ALL
            .into_iter()
            .flat_map(|id| self.page(locale, id).aliases().iter().map(move |a| (id, a)));
        let mut best: Option<(PageId, usize)> = None;
        for (id, alias) in aliases {
            if alias == plain {
                return Some(id);
            }
            let longer = best.is_none_or(|(_, length)| alias.len() > length);
            if longer && padded.contains(&format!(" {alias} ")) {
                best = Some((id, alias.len()));
            }
        }
        best.map(|(id, _)| id)
    }
}

/// The page of a number that stands alone, as in "4", "#4" or "option 4".
fn numbered(plain: &str) -> Option<PageId> {
    let number = match plain.split_once(' ') {
        Some((before, number)) if BEFORE_A_NUMBER.contains(&before) => number,
        _ => plain,
    };
    let number: u8 = number.parse().ok()?;
    PageId::ALL.into_iter().find(|id| id.number() == number)
}

#[cfg(test)]
mod tests {
    use super::{Locale, Packs, PageId};

    #[test]
    fn a_number_a_name_and_a_question_find_their_page() {
        let packs = Packs::builtin().unwrap();
        for (text, locale, page) in [
            ("1", Locale::En, Some(PageId::WhatItIs)),
            ("12.", Locale::En, Some(PageId::Dbt)),
            ("option 4", Locale::En, Some(PageId::Questions)),
            ("DBT", Locale::En, Some(PageId::Dbt)),
            ("what is cbt?", Locale::En, Some(PageId::Cbt)),
            (
                "mindfulness based cognitive therapy",
                Locale::En,
                Some(PageId::Mbct),
            ),
            (
                "how do i find a therapist near me",
                Locale::En,
                Some(PageId::FindingCare),
            ),
            ("is this private", Locale::En, Some(PageId::About)),
            (
                "my daughter hurts herself",
                Locale::En,
                Some(PageId::ForOthers),
            ),
            ("9", Locale::En, None),
            ("21", Locale::En, None),
            ("911", Locale::En, None),
            ("cbtx", Locale::En, None),
            ("", Locale::En, None),
            (
                "\u{bf}qu\u{e9} es la terapia de grupo?",
                Locale::Es,
                Some(PageId::Group),
            ),
            ("privacidad", Locale::Es, Some(PageId::About)),
        ] {
            assert_eq!(packs.find(text, locale), page, "{text:?}");
        }
    }
}
