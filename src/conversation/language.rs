//! The language of replies: heard in the first words, then remembered.
//!
//! One stray word does not change it later; a text that is clearly in the other language does, and a
//! texter's own choice (LANG, ENGLISH, ESPAÑOL) is final. Triage reads both languages whatever is
//! chosen here. Floor 1.

use crate::locale::Locale;
use crate::triage::{Action, Verdict};

use super::State;
use super::keywords::{Keyword, is_spanish};
use super::step::Scene;

/// Common words that only English has. No keyword is among them: HELP and STOP are sent by everybody.
const ENGLISH: &[&str] = &[
    "about", "am", "and", "anyone", "are", "because", "can", "cant", "could", "did", "do", "does",
    "dont", "feel", "feeling", "for", "from", "get", "going", "good", "have", "hello", "her",
    "hey", "hi", "him", "how", "hurt", "i", "if", "im", "is", "it", "its", "just", "know", "like",
    "my", "need", "never", "not", "of", "really", "should", "so", "someone", "thanks", "that",
    "the", "there", "they", "this", "to", "want", "was", "what", "whats", "when", "where", "which",
    "who", "why", "will", "with", "would", "you", "your",
];

/// Common words that only Spanish has.
const SPANISH: &[&str] = &[
    "adonde", "alguien", "algo", "amiga", "amigo", "anoche", "aqui", "ayuda", "ayudan", "buenas",
    "buenos", "como", "con", "corte", "cual", "cuando", "dano", "de", "decir", "del", "dia",
    "donde", "duele", "el", "ella", "ellos", "en", "eres", "es", "espanol", "esta", "estan",
    "estas", "esto", "estoy", "favor", "gracias", "habla", "hablan", "hablar", "hablo", "hacer",
    "hago", "hay", "hija", "hijo", "hola", "ingles", "kiero", "la", "las", "le", "les", "lo",
    "los", "mama", "mas", "matar", "mejor", "mi", "mis", "morir", "mucho", "muy", "nada", "nadie",
    "necesito", "noches", "papa", "para", "pero", "persona", "por", "porque", "puede", "puedo",
    "que", "quien", "quiero", "quisiera", "se", "ser", "sera", "siento", "sirve", "sola", "solo",
    "soy", "su", "sus", "te", "tengo", "terapia", "tiene", "todo", "tu", "un", "una", "va",
    "vivir", "voy", "ya", "yo",
];

/// How many more words of the other language change a language that was heard before.
const SURE: usize = 2;

impl State {
    /// Takes the language of a text over, unless the texter chose one.
    pub(super) fn choose_heard_language(&mut self, words: &str, verdict: &Verdict) {
        if self.locale_chosen {
            return;
        }
        let (heard, sure) = heard(words, verdict);
        if let Some(locale) = heard
            && (sure || !self.locale_heard)
        {
            self.locale = locale;
            self.locale_heard = true;
        }
    }
}

/// The language of a text, if it shows, and whether that is beyond doubt.
fn heard(words: &str, verdict: &Verdict) -> (Option<Locale>, bool) {
    if is_spanish(words) {
        return (Some(Locale::Es), true);
    }
    let count = |list: &[&str]| words.split(' ').filter(|word| list.contains(word)).count();
    let (english, spanish) = (count(ENGLISH), count(SPANISH));
    // Somebody in danger is answered in the language of their own words.
    let danger = verdict.action() != Action::None && verdict.locale.is_some();
    match english.cmp(&spanish) {
        std::cmp::Ordering::Greater => (Some(Locale::En), english - spanish >= SURE),
        std::cmp::Ordering::Less => (Some(Locale::Es), danger || spanish - english >= SURE),
        std::cmp::Ordering::Equal => (verdict.locale, danger),
    }
}

impl Scene<'_> {
    /// LANG, ENGLISH and ESPAÑOL. The language is set before the rules below answer, so that they
    /// answer in it.
    pub(super) fn choose_language(&mut self) {
        if let Some(Keyword::Language(wanted)) = self.keyword {
            self.state.locale = wanted.unwrap_or_else(|| other(self.state.locale));
            self.state.locale_chosen = true;
        }
    }
}

const fn other(locale: Locale) -> Locale {
    match locale {
        Locale::En => Locale::Es,
        Locale::Es => Locale::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::words;

    fn after(texts: &[&str]) -> Locale {
        let mut state = State::new(Locale::En);
        for text in texts {
            state.choose_heard_language(&words(text), &Verdict::default());
        }
        state.locale
    }

    #[test]
    fn the_first_words_choose_and_one_stray_word_does_not_change_it() {
        for (texts, locale) in [
            (&["hola"][..], Locale::Es),
            (&["¿qué es dbt?"], Locale::Es),
            (&["necesito algo"], Locale::Es),
            (&["dbt"], Locale::En),
            (&["hola", "dbt", "12", "MORE", "ok"], Locale::Es),
            (&["hola", "help"], Locale::Es),
            (&["hola", "hi"], Locale::Es),
            (&["hola", "what is dbt and does it help"], Locale::En),
            (&["what is this", "mi friend is sad"], Locale::En),
            (&["what is this", "no quiero hablar de esto"], Locale::Es),
            (&["what is this", "AYUDA"], Locale::Es),
            (&["me va a matar"], Locale::Es),
            (&["me cort\u{e9} anoche"], Locale::Es),
            (&["me corte"], Locale::Es),
        ] {
            assert_eq!(after(texts), locale, "{texts:?}");
        }
    }
}
