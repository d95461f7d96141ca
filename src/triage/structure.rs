//! Structure: two kinds of words close to each other, whatever stands between them.
//!
//! Phrases find what was foreseen; these pairs find the rest, and mostly only ask, where
//! the model does not find the text an ordinary one. The words come
//! from the lists of the rule files, so every language must define them. Floor 1.

use super::phrase::{self, Defs, Part, Phrase, PhraseError};
use super::rules::Rule;
use super::{Category, Tier};
use crate::locale::Locale;

/// Two lists whose words, in either order, make a hit when they stand close together.
pub(super) struct Pair {
    pub(super) id: &'static str,
    tier: Tier,
    category: Category,
    why: &'static str,
    lists: [&'static str; 2],
    /// The most words in between.
    reach: usize,
}

pub(super) const PAIRS: [Pair; 5] = [
    Pair {
        id: "structure.self_death",
        tier: Tier::Concern,
        category: Category::Suicide,
        why: "Speaks of themselves and of death or suicide",
        lists: ["I", "ROOT"],
        reach: 4,
    },
    Pair {
        id: "structure.self_means",
        tier: Tier::Concern,
        category: Category::Suicide,
        why: "Speaks of themselves and of something that can be used to hurt oneself",
        lists: ["I", "MEANS"],
        reach: 4,
    },
    Pair {
        id: "structure.means_many",
        tier: Tier::High,
        category: Category::Overdose,
        why: "Names a large amount of medicine",
        lists: ["MANY", "PILL"],
        reach: 2,
    },
    Pair {
        id: "structure.now_death",
        tier: Tier::High,
        category: Category::Suicide,
        why: "Speaks of death or suicide and of a time that is near",
        lists: ["NOW", "ROOT"],
        reach: 5,
    },
    Pair {
        id: "structure.other_death",
        tier: Tier::Concern,
        category: Category::ThirdParty,
        why: "Speaks of someone else and of death or suicide",
        lists: ["OTHER", "ROOT"],
        reach: 4,
    },
];

impl Pair {
    pub(super) fn phrases(&self, defs: &Defs) -> Result<Vec<Phrase>, PhraseError> {
        let [first, second] = self.lists;
        let (first, second) = (phrase::list(first, defs)?, phrase::list(second, defs)?);
        let close = |one: &Part, other: &Part| Phrase {
            parts: vec![one.clone(), Part::Gap(self.reach), other.clone()],
            whole: false,
        };
        Ok(vec![close(&first, &second), close(&second, &first)])
    }

    pub(super) fn rule(&self, id: String, locale: Locale) -> Rule {
        Rule {
            id,
            tier: self.tier,
            category: self.category,
            why: self.why.to_owned(),
            guardable: self.tier == Tier::High,
            shadow: false,
            // Two words that meet are a hint, not a sentence.
            weak: self.tier == Tier::Concern,
            locale,
        }
    }
}
