//! STOP, START, HELP, and what the gateway answers by itself.

use std::time::Duration;

use super::{Phone, later, now};
use crate::content::{Key, words};
use crate::conversation::keywords::Keyword;
use crate::conversation::{Reason, Silence};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::Tier;

#[test]
fn stop_is_confirmed_once_and_then_there_is_silence_but_for_a_crisis_and_help() {
    let mut phone = Phone::greeted();
    assert_eq!(
        phone.texts("STOP").replies,
        [phone.says(Key::StopConfirm, Lane::Conversation)]
    );
    for text in ["STOP", "hello", "MENU", "1"] {
        let step = phone.texts(text);
        assert_eq!(step.silence, Some(Silence::OptedOut), "{text}");
        assert_eq!(step.alert, None);
    }
    assert_eq!(
        phone.texts("help").replies,
        [phone.says(Key::Help, Lane::Conversation)]
    );
    for (tier, key) in [
        (Tier::High, Key::CrisisOptedOut),
        (Tier::High, Key::CrisisOptedOut),
        (Tier::Imminent, Key::CrisisImminentOptedOut),
    ] {
        let step = phone.texts_at("x", tier);
        assert_eq!(step.replies, [phone.says(key, Lane::Crisis)]);
        assert_eq!(step.alert, Some(now(Reason::Crisis, tier)));
        assert!(step.state.opted_out, "a crisis text subscribes nobody");
    }
}

#[test]
fn a_human_learns_what_an_opted_out_person_needs() {
    let mut phone = Phone::greeted();
    phone.texts("STOP");
    let step = phone.texts_at("hm", Tier::Concern);
    assert_eq!(step.silence, Some(Silence::OptedOut));
    assert_eq!(step.alert, Some(later(Reason::Question, Tier::Concern, 5)));
    assert_eq!(
        phone.texts("HUMAN").alert,
        Some(now(Reason::WantsHuman, Tier::None))
    );
}

#[test]
fn start_brings_texts_back() {
    let mut phone = Phone::greeted();
    for word in ["START", "unstop", "YES"] {
        phone.texts("STOP");
        let step = phone.texts(word);
        let confirm = phone.says(Key::StartConfirm, Lane::Conversation);
        assert_eq!(
            step.replies,
            [confirm, phone.says(Key::Menu, Lane::Content)],
            "{word}"
        );
        assert!(!step.state.opted_out);
    }
}

#[test]
fn opting_out_in_a_crisis_is_honoured_and_a_human_is_called() {
    for (tier, called) in [(Tier::High, Tier::High), (Tier::Concern, Tier::Concern)] {
        let mut phone = Phone::greeted();
        phone.texts_at("x", tier);
        let step = phone.texts("stop");
        assert_eq!(
            step.replies,
            [phone.says(Key::StopConfirm, Lane::Conversation)]
        );
        assert_eq!(step.alert, Some(now(Reason::OptedOutInCrisis, called)));
        assert!(step.state.opted_out);
        let step = phone.texts("fine");
        assert_eq!(step.silence, Some(Silence::OptedOut));
        assert_eq!(step.alert, Some(now(Reason::OptedOutInCrisis, called)));
    }
}

#[test]
fn a_yes_to_the_question_after_stop_is_a_crisis() {
    for (text, key) in [("Y", Key::CrisisOptedOut), ("YES", Key::AskedYes)] {
        let mut phone = Phone::greeted();
        phone.texts_at("x", Tier::Concern);
        phone.texts("STOP");
        let step = phone.texts(text);
        assert!(
            step.replies.contains(&phone.says(key, Lane::Crisis)),
            "{text}"
        );
        assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
    }
}

#[test]
fn a_stop_that_is_also_a_crisis_is_both() {
    let mut phone = Phone::greeted();
    let step = phone.texts_at("END", Tier::High);
    let crisis = phone.says(Key::CrisisOptedOut, Lane::Crisis);
    assert_eq!(
        step.replies,
        [crisis, phone.says(Key::StopConfirm, Lane::Conversation)]
    );
    assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
    assert!(step.state.opted_out);
}

#[test]
fn a_start_that_is_also_a_crisis_is_both() {
    for text in ["START", "yes"] {
        let mut phone = Phone::greeted();
        phone.texts("STOP");
        let step = phone.texts_at(text, Tier::High);
        let crisis = phone.says(Key::CrisisHigh, Lane::Crisis);
        assert_eq!(
            step.replies,
            [crisis, phone.says(Key::StartConfirm, Lane::Conversation)]
        );
        assert!(!step.state.opted_out, "{text}");
    }
}

#[test]
fn what_the_gateway_answered_is_not_answered_twice_but_counts() {
    let mut phone = Phone::greeted();
    phone.keyword_handled = true;
    for (text, opted_out) in [("STOP", true), ("START", false), ("HELP", false)] {
        let step = phone.texts(text);
        assert_eq!(step.silence, Some(Silence::KeywordHandled), "{text}");
        assert_eq!(step.state.opted_out, opted_out, "{text}");
    }
}

#[test]
fn carrier_keywords_are_whole_messages_only() {
    let stop = Some(Keyword::OptOut);
    for (text, keyword) in [
        ("STOP", stop),
        ("stop", stop),
        ("Stop.", stop),
        ("\"STOP\"", stop),
        ("  stop!!! ", stop),
        ("STOP \u{1f6d1}", stop),
        ("\u{201c}Stop\u{201d}", stop),
        ("STOPALL", stop),
        ("stop   all", stop),
        ("Unsubscribe", stop),
        ("cancel", stop),
        ("END", stop),
        ("quit", stop),
        ("Revoke", stop),
        ("optout", stop),
        ("opt out", stop),
        ("opt-out", stop),
        ("ALTO", stop),
        ("parar", stop),
        ("\u{a1}Baja!", stop),
        ("cancelar", stop),
        ("stop texting me", stop),
        ("Leave me alone.", stop),
        ("remove me", stop),
        ("Please opt me out", stop),
        ("Opt out please", stop),
        ("Unsubscribe me", stop),
        ("no more texts", stop),
        ("dont text me anymore", stop),
        ("do not send me any more messages", stop),
        ("quit messaging me", stop),
        ("take me off this list", stop),
        ("i want to unsubscribe", stop),
        ("STOP NOW", stop),
        ("hey stop texting my phone", stop),
        ("no me escriban mas", stop),
        ("quiero darme de baja", stop),
        ("dejen de escribirme", stop),
        ("STOP STOP", stop),
        ("Stop stop stop", stop),
        ("stop stop please stop", stop),
        ("sTOP please leave me alone", stop),
        ("stop texting me you idiot", stop),
        ("quit texting me bitch", stop),
        ("dont ever text me again", stop),
        ("stopp", stop),
        ("unsuscribe", stop),
        ("no molesten mas", stop),
        ("cancelen", stop),
        ("stop i cant stop cutting", None),
        ("stop stop hurting me", None),
        ("i cant stop cutting", None),
        ("make it stop", None),
        ("please please", None),
        ("end end", None),
        ("S.T.O.P", None),
        ("stop hurting me", None),
        ("please make it stop", None),
        ("i want to end", None),
        ("cancel my appointment with life", None),
        ("just end", None),
        ("quit now", None),
        ("dont bother", None),
        ("the end", None),
        ("START", Some(Keyword::OptIn)),
        ("unstop", Some(Keyword::OptIn)),
        ("HELP", Some(Keyword::Help)),
        ("help?", Some(Keyword::Help)),
        ("INFO", Some(Keyword::Help)),
        ("Ayuda", Some(Keyword::Help)),
        ("I want it all to stop", None),
        ("end it", None),
        ("end it all", None),
        ("help me", Some(Keyword::Human)),
        ("help help help", Some(Keyword::Human)),
        ("ayuda ayuda", Some(Keyword::Human)),
        ("por favor ayuda", Some(Keyword::Human)),
        ("MAYDAY", Some(Keyword::Human)),
        ("hlep", Some(Keyword::Human)),
        ("nine one one", Some(Keyword::Dial)),
        ("9-1-1", Some(Keyword::Dial)),
        ("9 8 8", Some(Keyword::Dial)),
        ("nueve once", Some(Keyword::Dial)),
        ("i cant stop", None),
        ("stop it", None),
        ("they wont leave me alone", None),
        ("I quit", None),
        ("YES", None),
        ("START over please", None),
        ("", None),
    ] {
        assert_eq!(Keyword::of(&words(text)), keyword, "{text:?}");
    }
}

#[test]
fn a_stop_or_start_that_came_late_does_not_undo_a_later_one() {
    let mut phone = Phone::greeted();
    phone.texts("STOP");
    phone.texts("START");
    for (text, out) in [("STOP", false), ("leave me alone", false)] {
        let step = phone.texts_late(text, 60);
        assert_eq!(step.silence, Some(Silence::Overtaken), "{text}");
        assert_eq!(step.carrier_word, None, "{text}");
        assert_eq!(step.state.opted_out, out, "{text}");
    }
    phone.texts("STOP");
    for text in ["START", "yes"] {
        let step = phone.texts_late(text, 60);
        assert_eq!(step.silence, Some(Silence::Overtaken), "{text}");
        assert!(step.state.opted_out, "{text}");
    }
    phone.late_by = Duration::from_mins(1);
    let step = phone.texts_at("START", Tier::High);
    assert!(step.state.opted_out, "a crisis does not make it newer");
    assert_eq!(
        step.replies,
        [phone.says(Key::CrisisOptedOut, Lane::Crisis)]
    );
    phone.late_by = Duration::ZERO;
    assert!(!phone.texts("START").state.opted_out);
}

#[test]
fn a_late_yes_to_our_question_is_heard_after_stop() {
    let mut phone = Phone::greeted();
    phone.texts_at("x", Tier::Concern);
    phone.texts("STOP");
    let step = phone.texts_late("yes", 60);
    assert_eq!(
        step.replies,
        [phone.says(Key::CrisisOptedOut, Lane::Crisis)]
    );
    assert_eq!(step.alert, Some(now(Reason::Crisis, Tier::High)));
}

#[test]
fn only_the_word_itself_deletes() {
    for text in ["yes", "Y", "i am", "both", "ya", "claro"] {
        let mut phone = Phone::greeted();
        phone.texts("DELETE");
        let step = phone.texts(text);
        assert!(!step.erase, "{text}");
        let ask = phone.says_in(step.state.locale, Key::DeleteAsk, Lane::Conversation);
        assert_eq!(step.replies, [ask], "{text}");
        assert!(phone.texts("delete").erase, "{text}");
    }
    let mut phone = Phone::greeted();
    phone.texts("DELETE");
    let kept = phone.says(Key::DeleteNot, Lane::Conversation);
    assert_eq!(phone.texts("no").replies, [kept]);
    phone.texts("DELETE");
    assert!(!phone.texts_late("DELETE", 60).erase, "it was sent before");
    assert!(phone.texts("BORRAR").erase);
}

#[test]
fn who_asks_for_spanish_is_answered_in_spanish() {
    for text in [
        "hablan espa\u{f1}ol",
        "habla espa\u{f1}ol?",
        "No hablo ingl\u{e9}s",
    ] {
        let mut phone = Phone::greeted();
        let step = phone.texts(text);
        assert!(phone.state.locale_chosen, "{text}");
        assert!(
            step.replies
                .contains(&phone.says_in(Locale::Es, Key::Language, Lane::Content)),
            "{text}"
        );
    }
    let mut phone = Phone::greeted();
    phone.texts("my friend from school is in my espanol class with me");
    assert!(!phone.state.locale_chosen);
}

#[test]
fn a_carrier_keyword_does_not_hide_a_concern() {
    for (text, key) in [("HELP", Key::Help), ("START", Key::StartConfirm)] {
        let mut phone = Phone::greeted();
        let step = phone.texts_at(text, Tier::Concern);
        let keyword = phone.says(key, Lane::Conversation);
        assert_eq!(step.replies, [keyword, phone.says(Key::Ask, Lane::Crisis)]);
        assert_eq!(step.alert, Some(later(Reason::Question, Tier::Concern, 5)));
        let mut phone = Phone::greeted();
        phone.keyword_handled = true;
        let step = phone.texts_at(text, Tier::Concern);
        assert_eq!(step.replies, [phone.says(Key::Ask, Lane::Crisis)]);
    }
}

#[test]
fn a_keyword_in_spanish_is_answered_in_spanish() {
    for (text, key) in [
        ("AYUDA", Key::Help),
        ("BAJA", Key::StopConfirm),
        ("Persona", Key::HumanAsked),
        ("\u{a1}Ay\u{fa}dame!", Key::HumanAsked),
    ] {
        let mut phone = Phone::greeted();
        let step = phone.texts(text);
        assert_eq!(
            step.replies,
            [phone.says_in(Locale::Es, key, Lane::Conversation)],
            "{text}"
        );
    }
}
