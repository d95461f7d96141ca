//! The packs that come with the program keep every rule, and a pack that breaks one is told.

use jiff::civil::date;

use super::grade;
use super::{Finding, Strictness, Weight, check};
use crate::content::{BUILTIN, PackError, Packs, PageId, Resources, Source};
use crate::locale::Locale;

const TODAY: Strictness = Strictness {
    today: date(2026, 11, 24),
    release: false,
};

#[test]
fn the_packs_of_the_program_keep_every_rule() {
    let packs = Packs::builtin().unwrap();
    let findings = check(&packs, TODAY);
    let errors: Vec<String> = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Error)
        .map(ToString::to_string)
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn what_was_never_looked_up_is_refused_for_a_release_and_said_before() {
    let packs = Packs::builtin().unwrap();
    let unverified = |how| {
        let findings = check(&packs, how).into_iter();
        findings
            .filter(|finding| finding.key.ends_with("unverified"))
            .collect::<Vec<_>>()
    };
    let warned = unverified(TODAY);
    assert!(
        !warned.is_empty()
            && warned
                .iter()
                .all(|finding| finding.weight == Weight::Warning)
    );
    let refused = unverified(Strictness {
        release: true,
        ..TODAY
    });
    assert_eq!(refused.len(), warned.len());
    assert!(
        refused
            .iter()
            .all(|finding| finding.weight == Weight::Error)
    );
}

#[test]
fn a_fact_goes_stale_on_its_day() {
    let packs = Packs::builtin().unwrap();
    let stale = |today| {
        let findings = check(
            &packs,
            Strictness {
                today,
                release: false,
            },
        );
        findings
            .iter()
            .any(|finding| finding.key == "resources.988.expires_on")
    };
    assert!(!stale(date(2027, 1, 29)));
    assert!(stale(date(2027, 1, 30)));
}

/// What is found in the English pack after a change.
fn findings_after(from: &str, to: &str) -> Vec<Finding> {
    let text = BUILTIN[0].text.replace(from, to);
    assert_ne!(text, BUILTIN[0].text, "{from:?} is not in the pack");
    check(&load_en(&text).unwrap(), TODAY)
}

#[test]
fn a_text_that_breaks_a_rule_is_named_with_its_fix() {
    for (from, to, key, problem) in [
        (
            "You matter. Call or text 988 now",
            "You matter. Call 911. Or text 988 now",
            "messages.crisis_high",
            "names 911 before 988",
        ),
        (
            "call 911 now, even if",
            "call 988 now, or 911, even if",
            "messages.crisis_overdose",
            "names 988 before 911",
        ),
        (
            "You are not the only one.",
            "You are not the only one\u{2026}",
            "pages.what_it_is.parts[1]",
            "UCS-2",
        ),
        (
            "You are not the only one.",
            "Don't commit anything.",
            "pages.what_it_is.parts[1]",
            "\"commit \"",
        ),
        (
            "You are not the only one.",
            "Call 212-555-0100 now.",
            "pages.what_it_is.parts[1]",
            "212-555-0100",
        ),
        (
            "You are not the only one.",
            "PLEASE call.",
            "pages.what_it_is.parts[1]",
            "\"PLEASE\"",
        ),
        (
            "You are not the only one.",
            &"Say more and more. ".repeat(20),
            "pages.what_it_is.parts[1]",
            "at most 459 fit",
        ),
        (
            "We got this text too.",
            "Notwithstanding aforementioned considerations regarding availability, this communication was received.",
            "messages.crisis_again",
            "reading grade",
        ),
        (
            "call 911. You can keep texting here. (Automatic)",
            "call 911. You can keep texting here.",
            "messages.crisis_waiting_told",
            "automatic",
        ),
        (
            "MENU, BACK or HUMAN (a person). Thinking",
            "MENU or BACK. Thinking",
            "messages.page_end",
            "does not offer HUMAN",
        ),
        (
            "aliases = [\"group\"",
            "aliases = [\"stop all\", \"group\"",
            "pages.group.aliases",
            "`stop all`",
        ),
    ] {
        let found = findings_after(from, to);
        let named = found.iter().any(|finding| {
            finding.key == key && finding.problem.contains(problem) && !finding.fix.is_empty()
        });
        assert!(named, "{problem:?} in {key}: {found:#?}");
    }
}

#[test]
fn a_part_without_its_translation_is_missed() {
    let es = BUILTIN[1].text;
    let start = es.find("[pages.group]").unwrap();
    let shorter =
        es[..start].to_owned() + &es[start..].replacen("\"\"\", \"\"\"\nUn grupo", " Un grupo", 1);
    let en = BUILTIN[0];
    let es = Source {
        file: "es.toml",
        text: &shorter,
    };
    let packs = Packs::load(en, es, Resources::load(BUILTIN[2]).unwrap()).unwrap();
    let findings = check(&packs, TODAY);
    assert!(
        findings
            .iter()
            .any(|finding| finding.key == "pages.group.parts"),
        "{findings:#?}"
    );
}

#[test]
fn the_grade_grows_with_sentences_and_words() {
    assert!(grade("You are not alone. Call or text us.") < 3.0);
    assert!(
        grade("Psychodynamic psychotherapy investigates underlying emotional difficulties.") > 12.0
    );
}

#[test]
fn numbers_are_taken_once_and_ten_therapies_are_there() {
    let mut numbers: Vec<u8> = PageId::ALL.into_iter().map(PageId::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), PageId::ALL.len());
    assert_eq!(
        PageId::ALL.into_iter().filter(|id| id.is_therapy()).count(),
        10
    );
}

#[test]
fn no_carrier_word_finds_a_page() {
    let packs = Packs::builtin().unwrap();
    for word in super::super::find::TAKEN {
        for locale in Locale::ALL {
            assert_eq!(packs.find(word, locale), None, "{word}");
        }
    }
}

fn load_en(text: &str) -> Result<Packs, PackError> {
    let es = Source {
        file: "es.toml",
        text: BUILTIN[1].text,
    };
    Packs::load(
        Source {
            file: "en.toml",
            text,
        },
        es,
        Resources::load(BUILTIN[2])?,
    )
}

#[test]
fn a_broken_pack_is_refused_with_the_file_the_key_and_the_fix() {
    let cases = [
        (
            BUILTIN[0].text.replace("schema = 1", "schema = 2"),
            "`schema` is 2",
        ),
        (
            BUILTIN[0]
                .text
                .replace("locale = \"en\"", "locale = \"es\""),
            "`locale` is `es`",
        ),
        (
            BUILTIN[0]
                .text
                .replace("schema = 1", "schema = 1\nmood = 3"),
            "mood",
        ),
        (
            BUILTIN[0].text.replace("\nask = ", "\nasks = "),
            "`messages.ask` is missing",
        ),
        (
            BUILTIN[0]
                .text
                .replace("[messages]", "[messages]\nextra = \"x\""),
            "`messages.extra` is not",
        ),
        (
            BUILTIN[0].text.replace("[pages.cbt]", "[pages.cbtt]"),
            "`pages.cbt` is missing",
        ),
        (BUILTIN[0].text.replace("{rates}", "{price}"), "{price}"),
        (
            BUILTIN[0]
                .text
                .replace("or text 988. They help", "them. They help"),
            "`messages.crisis_third_party` does not name 988",
        ),
        (
            BUILTIN[0].text.replace("11 CBT", "12 CBT"),
            "`pages.therapies` has no line \"11 CBT",
        ),
        (
            BUILTIN[0].text.replace("\"EMDR\"", "\"cbt\""),
            "`pages.trauma` has `cbt`",
        ),
        (BUILTIN[0].text.replace("\"EMDR\"", "\"12\""), "alias `12`"),
    ];
    for (text, says) in cases {
        let error = load_en(&text).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains("en.toml"),
            "{says:?}: {error}"
        );
        assert!(error.contains("Fix: "), "{error}");
    }
    assert!(load_en(BUILTIN[0].text).is_ok());
}
