use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::triage::{Action, corpus};

static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| RuleSet::builtin().unwrap_or_else(|e| panic!("{e}")));

fn tier(text: &str) -> Tier {
    assess(&RULES, text).tier
}

#[test]
fn every_line_of_the_corpus_has_its_tier() {
    let broken = corpus::broken_by(&RULES);
    let lines: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn menu_words_raise_nothing_and_ask_for_nobody() {
    for word in [
        "1", "2", "10", "MENU", "dbt", "more", "back", "stop", "HELP", "help", "yes", "no", "y",
        "n", "",
    ] {
        let verdict = assess(&RULES, word);
        assert_eq!(
            (verdict.tier, verdict.wants_human),
            (Tier::None, false),
            "{word}: {verdict:?}"
        );
    }
}

#[test]
fn asking_for_a_person_is_its_own_trigger() {
    for text in [
        "help me",
        "can i talk to someone",
        "988",
        "emergency",
        "human",
        "a person",
        "quiero hablar con alguien",
        "is this a real person",
        "please help",
        "can someone call me",
    ] {
        assert!(assess(&RULES, text).wants_human, "{text}");
    }
    // A question about us, which the pack answers; it wakes nobody.
    for text in ["are you a robot", "is this a bot", "who is this"] {
        assert!(!assess(&RULES, text).wants_human, "{text}");
    }
}

#[test]
fn a_guard_lowers_only_what_its_own_words_cover() {
    let lowered = assess(&RULES, "i'm not suicidal, just sad");
    assert_eq!(lowered.action(), Action::Ask);
    assert_eq!(lowered.guarded[0].guard, "negation.not_suicidal");
    assert_eq!(tier("i'm not suicidal, i just want to die"), Tier::High);
    assert_eq!(tier("no quiero morir"), Tier::Concern);
    assert_eq!(tier("no, quiero morir"), Tier::High);
    assert_eq!(tier("my battery is dying and i want to die"), Tier::High);
}

#[test]
fn an_explanation_names_rule_span_and_steps() {
    let text = "ok. i wanna k1ll my$elf";
    let verdict = assess(&RULES, text);
    let hit = verdict
        .hits
        .iter()
        .find(|hit| hit.rule == "suicide.kill_self")
        .unwrap();
    assert_eq!(&text[hit.span.clone()], "k1ll my$elf");
    assert_eq!(hit.via, ["leet"]);
    assert_eq!(verdict.locale, Some(Locale::En));
    assert_eq!(
        assess(&RULES, "ya no quiero vivir").locale,
        Some(Locale::Es)
    );
}

#[test]
fn a_long_text_is_read_to_its_end() {
    let text = "we talked about the weather. ".repeat(200) + "i want to die";
    assert_eq!(tier(&text), Tier::High);
}

/// A way in which people hide a word.
type Disguise = (&'static str, fn(&str) -> String);

/// The word with the letters at two places changed for each other.
fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 4 {
        letters.swap(2, 3);
    }
    letters.into_iter().collect()
}

const DISGUISES: [Disguise; 9] = [
    ("masked", |word| {
        match word
            .char_indices()
            .skip(1)
            .find(|(_, c)| "aeiou".contains(*c))
        {
            Some((at, _)) if word.len() > 3 => format!("{}*{}", &word[..at], &word[at + 1..]),
            _ => word.to_owned(),
        }
    }),
    ("swapped", swapped),
    ("a letter lost", |word| {
        if word.len() > 5 {
            format!("{}{}", &word[..3], &word[4..])
        } else {
            word.to_owned()
        }
    }),
    ("leet", |word| {
        word.replace('i', "1").replace('e', "3").replace('o', "0")
    }),
    ("spaced", |word| {
        word.chars().map(String::from).collect::<Vec<_>>().join(" ")
    }),
    ("dotted", |word| {
        word.chars().map(String::from).collect::<Vec<_>>().join(".")
    }),
    ("repeated", |word| {
        word.replace('i', "iiii")
            .replace('e', "eee")
            .replace('u', "uuu")
    }),
    ("zero width", |word| {
        word.chars()
            .map(String::from)
            .collect::<Vec<_>>()
            .join("\u{200b}")
    }),
    ("homoglyphs", |word| {
        word.replace('i', "і")
            .replace('e', "е")
            .replace('a', "а")
            .replace('o', "о")
    }),
];

const DISGUISED: &str = "kill myself suicide suicidal die overdose pills bleeding cut hurt hang dead morir matarme cortarme vivir pastillas";

#[test]
fn a_crisis_example_is_still_seen_in_every_disguise() {
    let mut misses = String::new();
    for (text, least) in RULES.crisis_examples() {
        for (name, disguise) in DISGUISES {
            let hidden: Vec<String> = text
                .to_lowercase()
                .split(' ')
                .map(|word| {
                    if DISGUISED.split(' ').any(|d| d == word) {
                        disguise(word)
                    } else {
                        word.to_owned()
                    }
                })
                .collect();
            let hidden = hidden.join(" ");
            if tier(&hidden) < Tier::Concern {
                writeln!(misses, "{name}: {hidden} ({})", least.word()).unwrap();
            }
        }
    }
    assert!(misses.is_empty(), "\n{misses}");
}

#[test]
fn a_sentence_without_spaces_is_read() {
    for text in [
        "iwanttokillmyself",
        "nobodywouldmissmeifiwasgone",
        "yanoquierovivir",
    ] {
        assert!(tier(text) >= Tier::Concern, "{text}");
    }
}

#[test]
fn a_weak_rule_asks_only_where_the_model_does_not_find_an_ordinary_text() {
    let verdict = assess(&RULES, "I'd die for a nap on that beach with you right now");
    assert_eq!(verdict.tier, Tier::None, "{verdict:?}");
    assert_eq!(verdict.unsupported[0].rule, "structure.self_death.en");
    // It stays in sight, and acts where the rest of the text is no ordinary one.
    let verdict = assess(
        &RULES,
        "i think a lot about being dead lately, there is nothing left",
    );
    assert!(verdict.tier >= Tier::Concern, "{verdict:?}");
}

#[test]
fn a_rule_that_asks_and_the_model_together_page() {
    let alone = RuleSet::builtin_with(Model::silent()).unwrap();
    let text = "i feel so hopeless, i do not see how i can go on with all of this";
    assert!(assess(&RULES, text).tier >= assess(&alone, text).tier);
    assert_eq!(tier(text), Tier::High);
}

proptest! {
    #[test]
    fn any_text_has_a_verdict_with_spans_inside_it(text in any::<String>()) {
        for hit in assess(&RULES, &text).hits {
            prop_assert!(text.get(hit.span).is_some());
        }
    }

    #[test]
    fn words_around_a_crisis_phrase_never_lower_its_tier(
        (text, _) in proptest::sample::select(RULES.crisis_examples()),
        before in "[a-z0-9 .,!?áñ🔪]{0,40}",
        after in "\\PC{0,40}",
    ) {
        // A phrase may say which words must not stand beside it ("me mato de risa"): none of them does here.
        let longer = format!("{before} table {text} table {after}");
        let verdict = assess(&RULES, &longer);
        // Only words that complete a guard ("no quiero morir") may lower it, and then to a question.
        let asked = verdict.tier == Tier::Concern && !verdict.guarded.is_empty();
        prop_assert!(verdict.tier >= tier(&text) || asked, "{}", longer);
    }
}

/// Two sentences together are at least as urgent as either alone, whichever comes first.
#[test]
fn two_texts_together_are_never_less_urgent_than_one() {
    let ordinary = [
        "thanks.",
        "my phone battery is dying",
        "i had lunch with my friend",
        "2 years clean",
        "no.",
    ];
    for text in corpus::sentences()
        .filter(|sentence| sentence.least >= Tier::High)
        .map(|sentence| sentence.text)
    {
        for other in ordinary {
            let alone = tier(text);
            assert!(tier(&format!("{other} {text}")) >= alone, "{other} {text}");
            assert!(tier(&format!("{text} {other}")) >= alone, "{text} {other}");
        }
    }
}
