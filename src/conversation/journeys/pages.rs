//! The menu, the pages, and texts that we do not understand.

use super::Phone;
use crate::content::{Key, PageId};
use crate::conversation::state::ANY;
use crate::conversation::{Silence, State};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::{Tier, Verdict};

#[test]
fn the_first_text_is_welcomed_and_gets_the_menu() {
    let mut phone = Phone::new();
    let step = phone.texts("hi");
    let expected = [Key::Welcome, Key::Menu].map(|key| phone.says(key, Lane::Content));
    assert_eq!(step.replies, expected);
    assert_eq!(step.alert, None);
}

#[test]
fn a_first_text_that_names_a_page_gets_the_welcome_and_the_page() {
    let mut phone = Phone::new();
    let step = phone.texts("what is dbt?");
    let welcome = phone.says(Key::Welcome, Lane::Content);
    assert_eq!(
        step.replies,
        [welcome, phone.shows(Locale::En, PageId::Dbt, 0)]
    );
}

#[test]
fn a_first_text_in_spanish_is_answered_in_spanish() {
    let mut phone = Phone::new();
    let step = phone.texts("Hola!");
    let expected =
        [Key::Welcome, Key::Menu].map(|key| phone.says_in(Locale::Es, key, Lane::Content));
    assert_eq!(step.replies, expected);
}

#[test]
fn numbers_more_and_back_walk_through_the_pages() {
    let mut phone = Phone::greeted();
    for (text, page, part) in [
        ("3", PageId::Therapies, 0),
        ("19", PageId::Trauma, 0),
        ("MORE", PageId::Trauma, 1),
        ("11", PageId::Cbt, 0),
        ("BACK", PageId::Trauma, 1),
        ("back", PageId::Trauma, 0),
        ("b", PageId::Therapies, 0),
    ] {
        let step = phone.texts(text);
        assert_eq!(
            step.replies,
            [phone.shows(Locale::En, page, part)],
            "{text}"
        );
    }
    assert_eq!(
        phone.texts("BACK").replies,
        [phone.says(Key::Menu, Lane::Content)]
    );
    assert_eq!(
        phone.texts("BACK").replies,
        [phone.says(Key::Menu, Lane::Content)]
    );
}

#[test]
fn more_on_the_last_part_says_that_there_is_no_more() {
    let mut phone = Phone::greeted();
    phone.texts("cbt");
    assert_eq!(
        phone.texts("more").replies,
        [phone.shows(Locale::En, PageId::Cbt, 1)]
    );
    assert_eq!(
        phone.texts("more").replies,
        [phone.says(Key::NoMore, Lane::Content)]
    );
}

#[test]
fn the_chooser_asks_four_questions_and_names_therapies_with_their_reasons() {
    let mut phone = Phone::greeted();
    let asked = |phone: &mut Phone, text: &str| phone.texts(text).replies[0].text.clone();
    let start = phone.texts("help me choose").replies;
    assert!(start[0].text.contains("not a diagnosis"), "{start:?}");
    assert!(start[1].text.starts_with("1 of 4."), "{start:?}");
    assert!(asked(&mut phone, "B").starts_with("2 of 4."));
    assert!(
        asked(&mut phone, "banana").starts_with("2 of 4."),
        "once more"
    );
    assert!(asked(&mut phone, "d").starts_with("3 of 4."));
    assert!(asked(&mut phone, "C.").starts_with("4 of 4."));
    let end = asked(&mut phone, "a");
    assert!(
        end.contains("11 CBT") && end.contains("Small steps, one thought"),
        "{end}"
    );
    assert!(
        end.contains("19 Trauma-informed") && end.contains("not a diagnosis"),
        "{end}"
    );
    assert!(!end.contains("for teens"), "an adult: {end}");
    assert_eq!(
        phone.texts("19").replies,
        [phone.shows(Locale::En, PageId::Trauma, 0)]
    );
}

#[test]
fn every_way_out_works_in_the_middle_of_the_chooser() {
    for (text, key) in [
        ("MENU", Key::Menu),
        ("HELP", Key::Help),
        ("HUMAN", Key::HumanAsked),
    ] {
        let mut phone = Phone::greeted();
        phone.texts("10");
        phone.texts("A");
        let said = phone.texts(text).replies;
        assert!(
            said.iter()
                .any(|reply| reply.text == phone.says(key, reply.lane).text),
            "{text}"
        );
    }
    let mut phone = Phone::greeted();
    phone.texts("10");
    phone.texts("A");
    assert_eq!(
        phone.texts("dbt").replies,
        [phone.shows(Locale::En, PageId::Dbt, 0)]
    );
    let back = phone.texts("BACK").replies;
    assert!(back[1].text.starts_with("1 of 4."), "{back:?}");
    let spanish = phone.texts("LANG").replies;
    assert!(
        spanish.last().unwrap().text.starts_with("1 de 4."),
        "{spanish:?}"
    );
}

#[test]
fn the_language_changes_in_place_and_stays() {
    let mut phone = Phone::greeted();
    phone.texts("12");
    let step = phone.texts("ESPA\u{d1}OL");
    let changed = phone.says_in(Locale::Es, Key::Language, Lane::Content);
    assert_eq!(
        step.replies,
        [changed, phone.shows(Locale::Es, PageId::Dbt, 0)]
    );
    let english = Verdict {
        locale: Some(Locale::En),
        ..Verdict::default()
    };
    let step = phone.texts_as("menu", &english);
    assert_eq!(
        step.replies,
        [phone.says_in(Locale::Es, Key::Menu, Lane::Content)]
    );
    phone.texts("LANG");
    assert_eq!(phone.state.locale, Locale::En);
}

#[test]
fn a_text_about_the_topic_gets_a_page_and_no_page_out() {
    let mut phone = Phone::greeted();
    let step = phone.texts_at("tell me of it", Tier::Topic);
    assert_eq!(step.replies, [phone.shows(Locale::En, PageId::WhatItIs, 0)]);
    assert_eq!(step.alert, None);
    for text in ["how do i stop this", "how do i stop self harm"] {
        let step = phone.texts_at(text, Tier::Topic);
        let page = phone.shows(Locale::En, PageId::HowTherapyHelps, 0);
        assert_eq!(step.replies, [page], "{text}");
    }
}

#[test]
fn two_texts_that_are_not_understood_offer_a_person() {
    let mut phone = Phone::greeted();
    let once = [phone.says_after_a_moment(Key::NotUnderstood, Lane::Content)];
    let twice = phone.says_after_a_moment(Key::NotUnderstoodTwice, Lane::Content);
    assert_eq!(phone.texts("qwertz").replies, once);
    phone.waits(1);
    assert_eq!(phone.texts("asdf").replies, [twice]);
    phone.texts("menu");
    assert_eq!(phone.texts("qwertz").replies, once);
}

#[test]
fn a_picture_or_no_words_are_answered() {
    let mut phone = Phone::greeted();
    let picture = [phone.says(Key::Picture, Lane::Content)];
    assert_eq!(phone.texts("").replies, picture);
    assert_eq!(phone.texts("\u{1f614}").replies, picture);
    phone.has_media = true;
    assert_eq!(phone.texts("look").replies, picture);
    assert_eq!(
        phone.texts("cbt").replies,
        [
            phone.shows(Locale::En, PageId::Cbt, 0),
            phone.says(Key::Picture, Lane::Content)
        ]
    );
}

#[test]
fn who_texts_988_here_learns_where_it_is() {
    let mut phone = Phone::greeted();
    for text in ["988", "911!"] {
        assert_eq!(
            phone.texts(text).replies,
            [phone.says(Key::DialDirect, Lane::Conversation)]
        );
    }
}

#[test]
fn two_robots_fall_silent_and_a_crisis_breaks_the_silence() {
    let mut phone = Phone::greeted();
    let silences: Vec<_> = (0..20)
        .map(|_| {
            phone.waits_seconds(10);
            phone.texts("I am driving now").silence
        })
        .collect();
    assert!(silences[..10].iter().all(Option::is_none));
    assert!(
        silences[11..]
            .iter()
            .all(|silence| *silence == Some(Silence::LoopGuard))
    );
    for text in ["HUMAN", "HELP", "MENU", "STOP"] {
        assert_eq!(phone.texts(text).silence, None, "{text}");
    }
    assert_eq!(phone.texts_at("I am driving now", Tier::High).silence, None);
}

#[test]
fn who_reads_every_page_in_one_go_is_not_taken_for_a_robot() {
    let mut phone = Phone::greeted();
    for id in PageId::ALL {
        assert_eq!(phone.texts(&id.number().to_string()).silence, None);
        if phone.packs.page(Locale::En, id).parts() > 1 {
            assert_eq!(phone.texts("MORE").silence, None);
        }
    }
    assert!(phone.state.recent.len() <= ANY);
    phone.waits(10);
    phone.texts("MENU");
    assert_eq!(phone.state.recent.len(), 1);
}

#[test]
fn a_state_survives_storage_and_tolerates_fields_that_it_does_not_know() {
    let mut phone = Phone::new();
    phone.texts("19");
    phone.texts("MORE");
    phone.texts_at("x", Tier::High);
    let stored = serde_json::to_string(&phone.state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&stored).unwrap(), phone.state);
    let newer = r#"{"greeted": true, "from_the_future": [1]}"#;
    assert!(serde_json::from_str::<State>(newer).unwrap().greeted);
}
