use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;

use super::*;
use crate::triage::RuleSet;
use crate::triage::phrase::{self, Defs, Part, Phrase, Way, Word};

fn matcher(phrases: &[&str]) -> Matcher {
    let phrases: Vec<String> = phrases.iter().map(|&phrase| phrase.to_owned()).collect();
    let defs = Defs::from([(
        "PILL".to_owned(),
        vec!["pills".to_owned(), "sleeping tablets".to_owned()],
    )]);
    Matcher::new(&[phrase::read(&phrases, &defs).unwrap()])
}

fn found(phrases: &[&str], text: &str) -> Vec<String> {
    let normal = Normal::of(text);
    let places = matcher(phrases).find(&normal);
    places
        .iter()
        .map(|place| normal.text()[place.range()].to_owned())
        .collect()
}

#[test]
fn each_place_where_a_phrase_begins_is_found_once() {
    let both = ["want to die", "want to"];
    assert_eq!(
        found(&both, "I want to die, I want to"),
        ["want to die", "want to"]
    );
    assert_eq!(
        found(&["want to", "want to die"], "i want to die"),
        ["want to"]
    );
    assert_eq!(
        found(&["take ... pills"], "take take pills pills"),
        ["take take pills", "take pills"]
    );
}

#[test]
fn gaps_are_short_and_what_may_be_left_out_is_taken() {
    assert_eq!(
        found(&["took ... pills"], "took the pills pills"),
        ["took the pills"]
    );
    assert_eq!(found(&["die now?"], "die now"), ["die now"]);
    assert_eq!(
        found(&["so? so tired"], "so so tired"),
        ["so so tired", "so tired"]
    );
    assert!(found(&["took ... pills"], "took one two three four pills").is_empty());
    assert!(found(&["took ... pills"], "took").is_empty());
}

#[test]
fn a_phrase_is_found_by_whichever_of_its_words_is_rare() {
    assert_eq!(
        found(&["i want {PILL} now?"], "i want sleeping tablets now"),
        ["i want sleeping tablets now"]
    );
    assert_eq!(
        found(&["take|took ## {PILL}"], "took 30 pills"),
        ["took 30 pills"]
    );
    assert_eq!(found(&["suicid*"], "suicidality"), ["suicidality"]);
    assert_eq!(found(&["= #"], "5mg"), ["5mg"]);
    assert!(found(&["= #"], "5mg a day").is_empty());
}

/// The same phrases as regular expressions over the normal text with a space before it.
fn expression(phrase: &Phrase) -> String {
    let parts: String = phrase.parts.iter().map(part).collect();
    let end = if phrase.whole { "$" } else { "" };
    let begin = if phrase.whole { "^" } else { "" };
    format!("{begin}{parts}{end}")
}

fn part(part_: &Part) -> String {
    match part_ {
        Part::Gap(words) => format!("(?: [a-z0-9]+){{0,{words}}}?"),
        Part::Not(_) => unreachable!("regular expressions here do not look ahead"),
        Part::Ways { ways, optional } => {
            let ways: Vec<String> = ways.iter().map(way).collect();
            format!("(?:{}){}", ways.join("|"), if *optional { "?" } else { "" })
        }
    }
}

fn way(way: &Way) -> String {
    match way {
        Way::Parts(parts) => parts.iter().map(part).collect(),
        Way::Word(Word::Is(word)) => format!(" {word}\\b"),
        Way::Word(Word::Begins(beginning)) => format!(" {beginning}[a-z0-9]*"),
        Way::Word(Word::Number) => r" [0-9]+[a-z]{0,5}\b".to_owned(),
        Way::Word(Word::Ten) => r" [1-9][0-9]{1,4}\b".to_owned(),
    }
}

const PHRASES: [&str; 12] = [
    "a b",
    "a ... b",
    "a b? c",
    "a|b ... c|d",
    "{LIST} ... a",
    "b ... {LIST} c?",
    "a? b ... c ... d",
    "do* # b",
    "## a|{LIST}",
    "= a b?",
    "c {LIST}|b {LIST}",
    "a b? ... c? d",
];
/// Ways that begin alike, that one word can begin or another, and that end where others go on.
const ENTRIES: [&str; 13] = [
    "c", "a b", "a", "a b c", "a d", "a|c d", "b ... d", "b", "d x?", "d? a", "do*", "do a", "# a",
];
const WORDS: [&str; 9] = ["a", "b", "c", "d", "dog", "5mg", "30", "x", "do"];

proptest! {
    #[test]
    fn it_finds_what_a_regular_expression_finds(
        chosen in prop::collection::vec(select(&PHRASES[..]), 1..4),
        entries in prop::collection::vec(select(&ENTRIES[..]), 1..7),
        words in prop::collection::vec(select(&WORDS[..]), 1..14),
    ) {
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let defs = Defs::from([("LIST".to_owned(), owned(entries))]);
        let chosen = owned(chosen);
        let phrases = phrase::read(&chosen, &defs).unwrap();
        let ways: Vec<String> = phrases.iter().map(expression).collect();
        let regex = Regex::new(&ways.join("|")).unwrap();
        let normal = Normal::of(&words.join(" , "));
        let text = format!(" {}", normal.text());
        let mut expected = Vec::new();
        let mut from = 0;
        while let Some(place) = regex.find_at(&text, from) {
            expected.push(place.start()..place.end() - 1);
            from = place.start() + 1;
        }
        let places = Matcher::new(&[phrases]).find(&normal);
        let found: Vec<_> = places.iter().map(Place::range).collect();
        prop_assert_eq!(found, expected, "{:?}, {:?} in {}", chosen, defs, normal.text());
    }
}

#[test]
fn a_long_text_of_nothing_but_beginnings_is_read() {
    let rules = RuleSet::builtin().unwrap();
    let text = "i want to take my own life and i do not want to be here ".repeat(60);
    assert!(!rules.matcher.find(&Normal::of(&text)).is_empty());
}
