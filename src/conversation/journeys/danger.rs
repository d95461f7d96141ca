//! A crisis, our question, and a person.

use std::time::Duration;

use super::{Phone, judged, later, now, verdict, wants_human};
use crate::content::{Key, PageId};
use crate::conversation::{Place, Reason, Silence};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::{Category, Tier, Verdict};

#[test]
fn each_kind_of_crisis_has_its_reply_and_its_alert() {
    for (tier, categories, key) in [
        (
            Tier::Imminent,
            &[Category::Overdose][..],
            Key::CrisisOverdose,
        ),
        (Tier::Imminent, &[Category::Medical], Key::CrisisImminent),
        (
            Tier::Imminent,
            &[Category::ThirdParty, Category::Abuse],
            Key::CrisisImminent,
        ),
        (
            Tier::High,
            &[Category::Suicide, Category::ThirdParty],
            Key::CrisisThirdParty,
        ),
        (Tier::High, &[Category::Abuse], Key::CrisisAbuse),
        (
            Tier::High,
            &[Category::SexualAssault, Category::Abuse],
            Key::CrisisSexualAssault,
        ),
        (
            Tier::High,
            &[Category::Child, Category::Abuse],
            Key::CrisisChild,
        ),
        (
            Tier::High,
            &[Category::HarmToOthers],
            Key::CrisisHarmToOthers,
        ),
        (Tier::High, &[Category::Psychosis], Key::CrisisPsychosis),
        (Tier::High, &[Category::EatingDisorder], Key::CrisisEating),
        (
            Tier::High,
            &[Category::Suicide, Category::Psychosis],
            Key::CrisisHigh,
        ),
        (Tier::High, &[Category::Suicide], Key::CrisisHigh),
        (Tier::High, &[Category::Distress], Key::CrisisHigh),
    ] {
        let mut phone = Phone::new();
        let step = phone.texts_as("some words", &verdict(tier, categories));
        assert_eq!(step.replies, [phone.says(key, Lane::Crisis)]);
        assert_eq!(step.alert, Some(now(Reason::Crisis, tier)));
    }
}

/// What a text that triage reads as a crisis is answered with.
fn answer(text: &str) -> (Phone, String) {
    let mut phone = Phone::new();
    let step = phone.texts_as(text, &judged(text));
    let alert = step.alert.unwrap();
    assert!(alert.tier >= Tier::High, "{text}");
    (phone, step.replies[0].text.clone())
}

#[test]
fn who_is_in_danger_is_not_thanked_for_looking_out_for_others() {
    for (text, key) in [
        ("my husband is going to kill me tonight", Key::CrisisAbuse),
        ("my boyfriend has a gun and hes outside", Key::CrisisAbuse),
        ("my ex is going to kill me", Key::CrisisAbuse),
        ("my uncle raped me i want to die", Key::CrisisSexualAssault),
        ("my mom hates me i want to die", Key::CrisisHigh),
        ("my friend died and i want to die too", Key::CrisisHigh),
        (
            "i want to kill myself because my friend died",
            Key::CrisisHigh,
        ),
        (
            "my friend wants to die and i want to die too",
            Key::CrisisHigh,
        ),
        ("he told me to go kill myself", Key::CrisisHigh),
        ("im going to kill my wife", Key::CrisisHarmToOthers),
        ("voices tell me to kill my mom", Key::CrisisPsychosis),
        ("how do i tell my mom i cut", Key::CrisisHigh),
        ("mi novio me quiere matar", Key::CrisisAbuse),
        ("mi mama murio y me quiero morir", Key::CrisisHigh),
    ] {
        let (phone, said) = answer(text);
        let expected = phone.says_in(phone.state.locale, key, Lane::Crisis);
        assert_eq!(said, expected.text, "{text}");
    }
}

#[test]
fn who_fears_for_somebody_else_is_answered_as_that() {
    for text in [
        "my friend wants to kill herself",
        "i think my friend wants to kill herself",
        "my daughter says she wants to die",
        "my friend tried to kill herself",
        "my friend has a plan to kill himself tonight",
        "my brother is on the roof and wants to jump",
        "i found out my daughter hurts herself",
        "my friend told me she wants to die",
        "mi amiga se quiere matar",
        "mi hija dice que ya no quiere vivir",
    ] {
        let (phone, said) = answer(text);
        let expected = phone.says_in(phone.state.locale, Key::CrisisThirdParty, Lane::Crisis);
        assert_eq!(said, expected.text, "{text}");
    }
}

#[test]
fn a_crisis_in_spanish_is_answered_in_spanish_unless_english_was_chosen() {
    let spanish = Verdict {
        locale: Some(Locale::Es),
        ..verdict(Tier::High, &[])
    };
    let mut phone = Phone::new();
    let step = phone.texts_as("palabras", &spanish);
    assert_eq!(
        step.replies,
        [phone.says_in(Locale::Es, Key::CrisisHigh, Lane::Crisis)]
    );
    let mut phone = Phone::greeted();
    phone.texts("english");
    let step = phone.texts_as("palabras", &spanish);
    assert_eq!(step.replies, [phone.says(Key::CrisisHigh, Lane::Crisis)]);
}

#[test]
fn a_repeat_in_ten_minutes_is_short_unless_the_tier_rises() {
    let mut phone = Phone::new();
    let crisis = |phone: &Phone, key| [phone.says(key, Lane::Crisis)];
    assert_eq!(
        phone.texts_at("x", Tier::High).replies,
        crisis(&phone, Key::CrisisHigh)
    );
    let again = phone.texts_at("x", Tier::High);
    assert_eq!(again.replies, crisis(&phone, Key::CrisisAgain));
    assert_eq!(again.alert, Some(now(Reason::Crisis, Tier::High)));
    assert_eq!(
        phone.texts_at("x", Tier::Imminent).replies,
        crisis(&phone, Key::CrisisImminent)
    );
    let lower = phone.texts_at("x", Tier::High);
    assert_eq!(lower.replies, crisis(&phone, Key::CrisisAgain));
    assert_eq!(lower.alert, Some(now(Reason::Crisis, Tier::Imminent)));
    phone.waits(10);
    assert_eq!(
        phone.texts_at("x", Tier::High).replies,
        crisis(&phone, Key::CrisisHigh)
    );
}

#[test]
fn in_an_open_crisis_every_other_text_is_held_and_menu_leaves() {
    let mut phone = Phone::new();
    phone.texts_at("x", Tier::High);
    for (text, tier) in [
        ("hello?", Tier::None),
        ("1", Tier::None),
        ("hm", Tier::Concern),
    ] {
        phone.waits_seconds(15);
        let step = phone.texts_at(text, tier);
        assert_eq!(
            step.replies,
            [phone.says(Key::CrisisWaiting, Lane::Crisis)],
            "{text}"
        );
        assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
    }
    assert_eq!(
        phone.texts("MENU").replies,
        [phone.says(Key::Menu, Lane::Content)]
    );
    phone.waits_seconds(15);
    let step = phone.texts("my exams went badly");
    assert_eq!(
        step.replies,
        [phone.says(Key::CrisisWaiting, Lane::Content)]
    );
    assert_eq!(step.alert, Some(now(Reason::WantsHuman, Tier::High)));
    phone.state = phone.state.clone().closed();
    assert_eq!(phone.texts("zzz").replies.len(), 2);
}

#[test]
fn a_concern_is_asked_about_and_waits_five_minutes() {
    let mut phone = Phone::new();
    let step = phone.texts_at("everything is grey", Tier::Concern);
    assert_eq!(step.replies, [phone.says(Key::Ask, Lane::Crisis)]);
    assert_eq!(step.alert, Some(later(Reason::Question, Tier::Concern, 5)));
    assert!(matches!(phone.state.place, Place::Asked { .. }));
}

#[test]
fn only_a_clear_no_calls_the_page_off() {
    for (text, answer) in [
        ("N", Some(Key::AskedNo)),
        ("no", Some(Key::AskedNo)),
        ("Nope.", Some(Key::AskedNo)),
        ("no, I'm ok", Some(Key::AskedNo)),
        ("I\u{2019}m safe", Some(Key::AskedNo)),
        ("estoy bien", Some(Key::AskedNo)),
        ("Y", Some(Key::AskedYes)),
        ("YES", Some(Key::AskedYes)),
        ("yeah", Some(Key::AskedYes)),
        ("S\u{ed}", Some(Key::AskedYes)),
        ("maybe", Some(Key::AskedUnclear)),
        ("kinda", Some(Key::AskedUnclear)),
        ("no estoy bien", Some(Key::AskedUnclear)),
        ("no but yes", Some(Key::AskedUnclear)),
        ("what", Some(Key::AskedUnclear)),
        ("ok", Some(Key::AskedUnclear)),
        ("3", Some(Key::AskedUnclear)),
        ("", Some(Key::AskedUnclear)),
        ("HELP", Some(Key::AskedUnclear)),
        ("MENU", Some(Key::AskedUnclear)),
        ("START", Some(Key::AskedUnclear)),
    ] {
        let mut phone = Phone::greeted();
        phone.texts_at("x", Tier::Concern);
        let step = phone.texts(text);
        let key = answer.unwrap();
        let is_no = key == Key::AskedNo;
        let lane = if is_no {
            Lane::Conversation
        } else {
            Lane::Crisis
        };
        assert!(
            step.replies
                .contains(&phone.says_in(step.state.locale, key, lane)),
            "{text}: {:?}",
            step.replies
        );
        assert_eq!(step.question_answered_no, is_no, "{text}");
        let alert = if is_no {
            None
        } else {
            Some(now(Reason::Crisis, Tier::High))
        };
        assert_eq!(step.alert, alert, "{text}");
    }
}

#[test]
fn a_no_that_says_what_it_denies_is_a_clear_no() {
    for text in [
        "no im not suicidal",
        "No, not suicidal",
        "No, I'm not thinking of suicide.",
        "no no pienso en suicidarme",
        "no soy suicida",
    ] {
        let mut phone = Phone::greeted();
        phone.texts_at("x", Tier::Concern);
        let step = phone.texts_as(text, &judged(text));
        assert!(step.question_answered_no, "{text}: {:?}", step.replies);
        assert_eq!(step.alert, None, "{text}");
    }
}

#[test]
fn a_no_that_was_sent_before_we_asked_answers_nothing() {
    let mut phone = Phone::greeted();
    phone.texts_at("x", Tier::Concern);
    for text in ["no", "hi", "MENU"] {
        let step = phone.texts_late(text, 60);
        let ask = phone.says(Key::Ask, Lane::Crisis);
        assert_eq!(step.replies.first(), Some(&ask), "{text}");
        assert!(!step.question_answered_no && step.alert.is_none(), "{text}");
    }
    assert!(phone.texts_late("no", 1).question_answered_no);
    phone.texts_at("x", Tier::Concern);
    let step = phone.texts_late("yes", 60);
    assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
}

#[test]
fn a_no_that_waited_for_the_store_with_what_we_ask_about_is_no_answer() {
    let mut phone = Phone::greeted();
    phone.waits(30);
    phone.decided_after = Duration::from_mins(30);
    phone.texts_at("x", Tier::Concern);
    let step = phone.texts("no");
    assert!(!step.question_answered_no);
    phone.waits(30);
    phone.decided_after = Duration::ZERO;
    assert!(phone.texts("no").question_answered_no);
}

#[test]
fn after_a_no_comes_what_the_text_asked_for() {
    let mut phone = Phone::greeted();
    phone.texts_at("how do i tell my mom", Tier::Concern);
    let no = phone.says(Key::AskedNo, Lane::Conversation);
    let page = phone.shows(Locale::En, PageId::OpeningUp, 0);
    assert_eq!(phone.texts("no").replies, [no, page]);
    let step = phone.texts("BACK");
    assert_eq!(step.replies, [phone.says(Key::Menu, Lane::Content)]);
}

#[test]
fn a_no_with_a_picture_or_a_doubt_is_not_a_clear_no() {
    let mut phone = Phone::greeted();
    phone.texts_at("x", Tier::Concern);
    phone.has_media = true;
    assert!(!phone.texts("no").question_answered_no);
    let mut phone = Phone::greeted();
    phone.texts_at("x", Tier::Concern);
    assert!(!phone.texts_at("no", Tier::Concern).question_answered_no);
    for text in ["no :(", "no :'(", "nope =(", "no :/", "No \u{1f622}", "no?"] {
        let mut phone = Phone::greeted();
        phone.texts_at("x", Tier::Concern);
        assert!(!phone.texts(text).question_answered_no, "{text}");
    }
}

#[test]
fn menu_as_an_answer_still_gives_the_way_on() {
    let mut phone = Phone::greeted();
    phone.texts_at("x", Tier::Concern);
    let step = phone.texts("menu");
    let menu = phone.says(Key::Menu, Lane::Content);
    assert_eq!(
        step.replies,
        [phone.says(Key::AskedUnclear, Lane::Crisis), menu]
    );
}

#[test]
fn a_number_from_the_menu_that_came_with_the_answer_shows_its_page() {
    for (way, number, page) in [
        ("MENU", "3", PageId::Therapies),
        ("BACK", "2", PageId::HowTherapyHelps),
    ] {
        let mut phone = Phone::greeted();
        phone.texts_at("x", Tier::Concern);
        phone.texts(way);
        let step = phone.texts(number);
        assert_eq!(step.replies, [phone.shows(Locale::En, page, 0)], "{way}");
        assert!(phone.state.crisis.is_some());
    }
}

#[test]
fn a_yes_that_the_gateway_took_for_a_keyword_is_still_a_yes() {
    let mut phone = Phone::greeted();
    phone.texts_at("x", Tier::Concern);
    phone.keyword_handled = true;
    let step = phone.texts("YES");
    assert_eq!(step.replies, [phone.says(Key::AskedYes, Lane::Crisis)]);
    assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
}

#[test]
fn a_person_can_be_asked_for_and_what_follows_is_for_them() {
    let mut phone = Phone::new();
    let asked = phone.says(Key::HumanAsked, Lane::Conversation);
    let welcome = phone.says(Key::Welcome, Lane::Content);
    let step = phone.texts("HUMAN");
    assert_eq!(step.replies, [asked.clone(), welcome]);
    assert_eq!(step.alert, Some(now(Reason::WantsHuman, Tier::None)));
    let step = phone.texts_as("is someone there", &wants_human());
    assert_eq!(step.replies, [asked]);
    assert_eq!(step.alert, Some(now(Reason::WantsHuman, Tier::None)));
    for text in ["hello?", "ok", "it began at school"] {
        phone.waits_seconds(15);
        let step = phone.texts(text);
        assert_eq!(
            step.replies,
            [phone.says(Key::CrisisWaiting, Lane::Content)],
            "{text}"
        );
        assert_eq!(step.alert, Some(now(Reason::WantsHuman, Tier::None)));
    }
}

#[test]
fn the_welcome_waits_until_the_danger_is_over() {
    let mut phone = Phone::new();
    phone.texts_at("x", Tier::High);
    let asked = phone.says(Key::HumanAsked, Lane::Conversation);
    assert_eq!(phone.texts("HUMAN").replies, [asked]);
    phone.texts("MENU");
    let welcome = phone.says(Key::Welcome, Lane::Content);
    let page = phone.shows(Locale::En, PageId::Dbt, 0);
    assert_eq!(phone.texts("12").replies, std::slice::from_ref(&page));
    phone.state = phone.state.clone().closed();
    assert_eq!(phone.texts("12").replies, [welcome.clone(), page]);
    let mut phone = Phone::new();
    phone.texts_at("x", Tier::Concern);
    let no = phone.says(Key::AskedNo, Lane::Conversation);
    assert_eq!(phone.texts("no").replies, [no, welcome]);
}

#[test]
fn who_asks_about_privacy_in_a_crisis_is_told_and_stays_in_it() {
    let mut phone = Phone::new();
    phone.texts_at("x", Tier::High);
    for text in ["is this private?", "Will you call the police", "es privado"] {
        let step = phone.texts(text);
        assert_eq!(
            step.replies,
            [phone.says(Key::CrisisPrivacy, Lane::Crisis)],
            "{text}"
        );
        assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
        assert!(phone.state.crisis.is_some());
    }
    let step = phone.texts("my private life is over");
    assert_eq!(step.replies, [phone.says(Key::CrisisWaiting, Lane::Crisis)]);
}

#[test]
fn who_writes_with_a_person_is_not_told_that_we_still_ask_for_one() {
    let mut phone = Phone::greeted();
    phone.human_joined = true;
    let first = phone.texts_at("x", Tier::High);
    assert_eq!(first.replies, [phone.says(Key::CrisisHigh, Lane::Crisis)]);
    let again = phone.texts_at("x", Tier::High);
    assert_eq!(again.replies, [phone.says(Key::CrisisJoined, Lane::Crisis)]);
    assert_eq!(again.alert, Some(now(Reason::Crisis, Tier::High)));
    let worse = phone.texts_at("x", Tier::Imminent);
    assert_eq!(
        worse.replies,
        [phone.says(Key::CrisisImminent, Lane::Crisis)]
    );
}

#[test]
fn with_a_person_only_crisis_menu_human_stop_and_help_are_answered_by_the_machine() {
    let mut phone = Phone::greeted();
    phone.human_joined = true;
    for text in ["hello", "1", "MORE", "BACK", "no", "LANG", ""] {
        assert_eq!(
            phone.texts(text).silence,
            Some(Silence::WithHuman),
            "{text}"
        );
    }
    let step = phone.texts_as("are you real", &wants_human());
    assert_eq!(step.silence, Some(Silence::WithHuman));
    assert_eq!(step.alert, Some(now(Reason::WantsHuman, Tier::None)));
    let step = phone.texts_at("hm", Tier::Concern);
    assert_eq!(step.alert, Some(later(Reason::Question, Tier::Concern, 5)));
    for text in ["MENU", "HUMAN", "HELP", "STOP"] {
        assert_eq!(phone.texts(text).replies.len(), 1, "{text}");
    }
    let step = phone.texts_at("x", Tier::High);
    assert_eq!(
        step.replies,
        [phone.says(Key::CrisisOptedOut, Lane::Crisis)]
    );
}
