//! Every message of the packs that come with the program, held against the rules for content.

use super::{Fill, Key, PackError, Packs, PageId, Source};
use crate::locale::Locale;

const EN: &str = include_str!("../../templates/messages/en.toml");
const ES: &str = include_str!("../../templates/messages/es.toml");

/// GSM 03.38: the basic table, then the characters that cost two units.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "^{}\\[~]|€";

/// Words that no text may hold: blame, methods, promises, diagnosis, and what is not true.
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

/// Sample values that are longer than most.
fn fills() -> [Fill<'static>; 2] {
    [true, false].map(|free_to_end_user| Fill {
        line: "Example Support Line 123",
        contact: "helpline.team@example.org",
        free_to_end_user,
        topic: "MBT-A for teens",
    })
}

struct Sent {
    name: String,
    text: String,
    most_units: usize,
}

/// Everything that can be sent, as it is sent.
fn everything(locale: Locale) -> Vec<Sent> {
    let packs = Packs::builtin().unwrap();
    let mut all = Vec::new();
    for fill in fills() {
        for key in Key::ALL {
            let name = key.name();
            let short = name == "welcome" || name.contains("crisis") || name.contains("ask");
            all.push(Sent {
                name: format!("{} messages.{name}", locale.tag()),
                text: packs.message(locale, key, &fill),
                most_units: if short { 306 } else { 459 },
            });
        }
        for id in PageId::ALL {
            for part in 0..packs.page(locale, id).parts() {
                all.push(Sent {
                    name: format!("{} pages.{} part {part}", locale.tag(), id.name()),
                    text: packs.page_part(locale, id, part, &fill),
                    most_units: 459,
                });
            }
        }
    }
    all
}

fn both() -> impl Iterator<Item = Sent> {
    Locale::ALL.into_iter().flat_map(everything)
}

#[test]
fn every_text_is_gsm_7_and_fits_its_segments() {
    for Sent {
        name,
        text,
        most_units,
    } in both()
    {
        let mut units = 0;
        for c in text.chars() {
            units += match c {
                c if BASIC.contains(c) => 1,
                c if EXTENSION.contains(c) => 2,
                c => panic!("{name}: {c:?} is not in GSM-7: {text}"),
            };
        }
        assert!(units <= most_units, "{name}: {units} units: {text}");
    }
}

#[test]
fn every_text_keeps_988_in_reach() {
    for Sent { name, text, .. } in both() {
        let is_a_fragment = ["rates_", ".language", ".resumed"]
            .iter()
            .any(|part| name.contains(part));
        assert!(is_a_fragment || text.contains("988"), "{name}: {text}");
    }
}

#[test]
fn crisis_texts_name_988_before_any_other_number() {
    for locale in Locale::ALL {
        for Sent { name, text, .. } in everything(locale) {
            if name.contains("crisis") || name.contains(".ask") || name.contains("human") {
                let first = text.find("988").unwrap();
                // With an act under way, 911 is what saves a life: it comes first there.
                let urgent = name.contains("crisis_imminent");
                assert!(
                    !urgent || text.find("911").is_some_and(|at| at < first),
                    "{name}: {text}"
                );
                for other in if urgent {
                    &["800-", "88788"][..]
                } else {
                    &["911", "800-", "88788"]
                } {
                    assert!(
                        text.find(other).is_none_or(|at| at > first),
                        "{name}: {text}"
                    );
                }
            }
        }
    }
}

#[test]
fn crisis_texts_and_the_question_say_that_they_are_automatic() {
    for Sent { name, text, .. } in both() {
        let keyed = name.contains("crisis") || name.contains(".ask") || name.contains("welcome");
        let says = text.to_lowercase().contains("automat");
        assert!(!keyed || says, "{name}: {text}");
    }
}

#[test]
fn no_text_holds_a_word_that_harms_or_is_not_true() {
    for Sent { name, text, .. } in both() {
        let plain = format!(" {} ", text.to_lowercase());
        let allowed = plain
            .replace("not your fault.", "")
            .replace("no es tu culpa.", "");
        for word in FORBIDDEN {
            let whole = word.trim_end().len() < 5 && !word.ends_with(' ');
            let found = if whole {
                super::words(&allowed).split(' ').any(|w| w == *word)
            } else {
                allowed.contains(word)
            };
            assert!(!found, "{name} holds {word:?}: {text}");
        }
    }
}

/// Flesch-Kincaid, with vowel groups for syllables: good to about one grade.
#[expect(clippy::cast_precision_loss, reason = "a text has few words")]
fn grade(text: &str) -> f64 {
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

#[test]
fn english_is_plain_enough_to_read_in_a_bad_hour() {
    for Sent {
        name,
        text,
        most_units,
    } in everything(Locale::En)
    {
        let is_crisis = most_units == 306 && !name.contains("welcome");
        let most = if is_crisis { 5.0 } else { 6.0 };
        assert!(
            grade(&text) <= most,
            "{name} has grade {:.1}: {text}",
            grade(&text)
        );
    }
}

#[test]
fn no_text_shouts() {
    let known = [
        "MENU", "BACK", "HUMAN", "MORE", "HELP", "STOP", "START", "LANG", "DELETE", "ATRAS",
        "PERSONA", "BORRAR", "MAS", "AYUDA", "SAMHSA", "LGBTQIA", "PTSD", "MBCT", "EMDR", "TEPT",
    ];
    for Sent { name, text, .. } in both() {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let loud = word.chars().count() > 3 && word.chars().all(char::is_uppercase);
            assert!(!loud || known.contains(&word), "{name} shouts {word:?}");
        }
    }
}

#[test]
fn every_page_has_an_exit_and_leads_to_a_person() {
    let packs = Packs::builtin().unwrap();
    let fill = fills()[0];
    for (locale, menu, human, more) in [
        (Locale::En, "MENU", "HUMAN", "MORE"),
        (Locale::Es, "MENU", "PERSONA", "MAS"),
    ] {
        for id in PageId::ALL {
            let parts = packs.page(locale, id).parts();
            for part in 0..parts {
                let text = packs.page_part(locale, id, part, &fill);
                assert!(text.contains(menu) && text.contains(human), "{text}");
                assert!(part + 1 == parts || text.contains(more), "{text}");
            }
        }
        assert!(packs.message(locale, Key::Menu, &fill).contains(human));
    }
}

#[test]
fn no_carrier_word_finds_a_page() {
    let packs = Packs::builtin().unwrap();
    for word in [
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "opt out",
        "start",
        "unstop",
        "yes",
        "help",
        "info",
        "alto",
        "parar",
        "baja",
        "cancelar",
        "ayuda",
    ] {
        for locale in Locale::ALL {
            for id in PageId::ALL {
                let page = packs.page(locale, id);
                assert!(page.aliases().iter().all(|alias| alias != word), "{word}");
            }
            assert_eq!(packs.find(word, locale), None, "{word}");
        }
    }
}

#[test]
fn numbers_are_the_same_in_both_languages_and_taken_once() {
    let mut numbers: Vec<u8> = PageId::ALL.into_iter().map(PageId::number).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), PageId::ALL.len());
    assert_eq!(
        PageId::ALL.into_iter().filter(|id| id.is_therapy()).count(),
        10
    );
}

#[test]
fn parts_are_as_many_in_both_languages() {
    let packs = Packs::builtin().unwrap();
    for id in PageId::ALL {
        let [en, es] = Locale::ALL.map(|locale| packs.page(locale, id).parts());
        assert_eq!(en, es, "{}", id.name());
    }
}

fn load_en(text: &str) -> Result<Packs, PackError> {
    let es = Source {
        file: "es.toml",
        text: ES,
    };
    Packs::load(
        Source {
            file: "en.toml",
            text,
        },
        es,
    )
}

#[test]
fn a_broken_pack_is_refused_with_the_file_the_key_and_the_fix() {
    let cases = [
        (EN.replace("schema = 1", "schema = 2"), "`schema` is 2"),
        (
            EN.replace("locale = \"en\"", "locale = \"es\""),
            "`locale` is `es`",
        ),
        (EN.replace("schema = 1", "schema = 1\nmood = 3"), "mood"),
        (
            EN.replace("\nask = ", "\nasks = "),
            "`messages.ask` is missing",
        ),
        (
            EN.replace("[messages]", "[messages]\nextra = \"x\""),
            "`messages.extra` is not",
        ),
        (
            EN.replace("[pages.cbt]", "[pages.cbtt]"),
            "`pages.cbt` is missing",
        ),
        (EN.replace("{rates}", "{price}"), "{price}"),
        (
            EN.replace("or text 988. They help", "them. They help"),
            "`messages.crisis_third_party` does not name 988",
        ),
        (
            EN.replace("11 CBT", "12 CBT"),
            "`pages.therapies` has no line \"11 CBT",
        ),
        (
            EN.replace("\"emdr\"", "\"cbt\""),
            "`pages.trauma` has `cbt`",
        ),
        (EN.replace("\"emdr\"", "\"12\""), "alias `12`"),
    ];
    for (text, says) in cases {
        let error = load_en(&text).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains("en.toml"),
            "{says:?}: {error}"
        );
        assert!(error.contains("Fix: "), "{error}");
    }
    assert!(load_en(EN).is_ok());
}
