//! Plain and safe words: reading grade, no shouting, nothing that harms or is not true. Floor 1.

use super::{Finding, Kind, Sent};
use crate::content::words;
use crate::locale::Locale;

/// Words that no text may hold: blame, methods, promises, diagnosis, and what may not be true
/// (Action Alliance framework for messaging; WHO; NICE NG225).
const FORBIDDEN: &[&str] = &[
    "commit ",
    "committed",
    "successful",
    "failed",
    "attention-seeking",
    "threat",
    "cutting",
    "burning",
    "cut yourself",
    "burn",
    "pill",
    "dose",
    "overdose",
    "rope",
    "blade",
    "knife",
    "gun",
    "your fault.",
    "guilt",
    "selfish",
    "think of your family",
    "promise you",
    "we promise",
    "you will be fine",
    "will be ok",
    "secret",
    "we have told",
    "have alerted",
    "has been told",
    "minutes",
    "soon",
    "you have depression",
    "you are sick",
    "rula",
    "suicidal person",
    "suicida ",
    "cometer",
    "cortar",
    "quemar",
    "pastilla",
    "dosis",
    "sobredosis",
    "arma",
    "soga",
    "culpable",
    "prometemos",
    "ya avisamos",
    "hemos avisado",
    "minutos",
    "pronto",
];

/// What is allowed although it holds a word that is not.
const ALLOWED: [&str; 2] = ["not your fault.", "no es tu culpa."];

/// Words in capitals that are commands, names or short forms.
const CAPITALS: &[&str] = &[
    "MENU", "BACK", "HUMAN", "MORE", "HELP", "STOP", "START", "LANG", "DELETE", "ATRAS", "PERSONA",
    "BORRAR", "MAS", "AYUDA", "SAMHSA", "LGBTQIA", "PTSD", "MBCT", "EMDR", "TEPT",
];

pub(super) fn check(sent: &Sent<'_>, findings: &mut Vec<Finding>) {
    for word in forbidden(&sent.text) {
        let problem = format!("holds {word:?}");
        let fix = "say it without blame, method, promise, or what may not be true";
        findings.push(sent.finding(problem, fix));
    }
    for word in sent.text.split(|c: char| !c.is_alphanumeric()) {
        let loud = word.chars().count() > 3 && word.chars().all(char::is_uppercase);
        if loud && !CAPITALS.contains(&word) {
            findings.push(sent.finding(format!("shouts {word:?}"), "write it in small letters"));
        }
    }
    let says = sent.text.to_lowercase().contains("automat");
    if matches!(sent.kind, Kind::Crisis | Kind::Welcome) && !says {
        let problem = "does not say that it is automatic".to_owned();
        findings.push(sent.finding(problem, "add \"(Automatic)\""));
    }
    let most = if sent.kind == Kind::Crisis { 5.0 } else { 6.0 };
    // A greeting of a person may have one long word and no other.
    if sent.kind == Kind::Canned && !is_graded(&sent.text) {
        return;
    }
    if let Some(grade) = sent.grade().filter(|grade| *grade > most) {
        let problem = format!("has reading grade {grade:.1}; at most {most:.0}");
        findings.push(sent.finding(problem, "use shorter sentences and words"));
    }
}

/// The reading grade of a text. The formula is for English; Spanish is kept short by its segments, and
/// read by a person.
pub(super) fn grade_in(locale: Locale, text: &str) -> Option<f64> {
    (locale == Locale::En).then(|| grade(text))
}

fn forbidden(text: &str) -> impl Iterator<Item = &'static str> {
    let plain = format!(" {} ", text.to_lowercase());
    let plain = ALLOWED
        .iter()
        .fold(plain, |text, allowed| text.replace(allowed, ""));
    FORBIDDEN.iter().copied().filter(move |word| {
        // A short word may stand inside a harmless one: "gun" in "algunas".
        if word.trim_end().len() < 5 && !word.ends_with(' ') {
            words(&plain).split(' ').any(|whole| whole == *word)
        } else {
            plain.contains(word)
        }
    })
}

/// Whether a text has enough words for its grade to mean anything.
#[must_use]
pub fn is_graded(text: &str) -> bool {
    text.split_whitespace().count() >= 5
}

/// The Flesch-Kincaid grade (Kincaid et al. 1975), with groups of vowels for syllables: good to about
/// one grade.
#[expect(clippy::cast_precision_loss, reason = "a text has few words")]
#[must_use]
pub fn grade(text: &str) -> f64 {
    let count = |n: usize| n.max(1) as f64;
    let sentences = text.split(['.', '!', '?', ':', '\n']);
    let sentences = sentences
        .filter(|s| s.contains(char::is_alphabetic))
        .count();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphabetic() && !"'-".contains(c))
        .filter(|word| word.contains(char::is_alphabetic))
        .collect();
    let syllables: usize = words.iter().map(|word| syllables(word)).sum();
    0.39 * count(words.len()) / count(sentences) + 11.8 * count(syllables) / count(words.len())
        - 15.59
}

fn syllables(word: &str) -> usize {
    let word = word.to_lowercase();
    let groups = word
        .split(|c| !"aeiouy".contains(c))
        .filter(|group| !group.is_empty());
    let silent = usize::from(word.ends_with('e') && !word.ends_with("le"));
    groups.count().saturating_sub(silent).max(1)
}
