//! What holds in every state, for every text and every verdict.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::state::{Crisis, Sent, Waiting};
use super::{Line, Place, Reason, Silence, Spot, State, Step, Turn, step};
use crate::clock::At;
use crate::content::{Fill, Key, Packs, PageId, words};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::{Action, Category, Tier, Verdict};

const NOW: i64 = 10_000_000;

fn line() -> Line {
    Line {
        name: "Example Line".to_owned(),
        contact: "help@example.org".to_owned(),
        free_to_end_user: false,
        care: String::new(),
    }
}

fn ats() -> impl Strategy<Value = At> {
    prop_oneof![
        Just(At(NOW)),
        (NOW - 2_000_000..NOW + 10).prop_map(At),
        any::<i64>().prop_map(At)
    ]
}

fn tiers() -> impl Strategy<Value = Tier> {
    prop::sample::select(
        &[
            Tier::None,
            Tier::Topic,
            Tier::Concern,
            Tier::High,
            Tier::Imminent,
        ][..],
    )
}

fn locales() -> impl Strategy<Value = Locale> {
    prop::sample::select(&Locale::ALL[..])
}

fn pages() -> impl Strategy<Value = (PageId, u8)> {
    (prop::sample::select(&PageId::ALL[..]), any::<u8>())
}

fn places() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Menu),
        pages().prop_map(|(page, part)| Place::Page { page, part }),
        (ats(), prop::option::of(pages())).prop_map(|(since, page)| {
            let page = page.map(|(page, _)| page);
            Place::Asked { since, page }
        }),
    ]
}

fn spots() -> impl Strategy<Value = Spot> {
    prop_oneof![
        Just(Spot::Menu),
        pages().prop_map(|(page, part)| Spot::Page { page, part }),
    ]
}

prop_compose! {
    fn states()(
        (greeted, locale_chosen, opted_out, opt_out_confirmed, human_awaited) in any::<(bool, bool, bool, bool, bool)>(),
        locale in locales(),
        place in places(),
        trail in prop::collection::vec(spots(), 0..20),
        misses in any::<u8>(),
        recent in prop::collection::vec((ats(), any::<u32>()).prop_map(|(at, mark)| Sent { at, mark }), 0..60),
        crisis in prop::option::of((tiers(), ats(), any::<bool>()).prop_map(|(tier, since, menu)| Crisis { tier, since, menu })),
        waiting in prop::option::of((ats(), ats()).prop_map(|(since, until)| Waiting { since, until })),
        (crisis_full_at, told_waiting_at, heard_at, concern_at, delete_asked_at, check_in_asked_at, opt_changed_at) in (
            prop::option::of(ats()), prop::option::of(ats()), prop::option::of(ats()),
            prop::option::of(ats()), prop::option::of(ats()), prop::option::of(ats()),
            prop::option::of(ats()),
        ),
    ) -> State {
        State {
            greeted, locale, locale_heard: locale_chosen, locale_chosen, place, trail, opted_out, opt_out_confirmed, misses,
            recent, human_awaited, crisis, crisis_full_at, told_waiting_at, heard_at, concern_at,
            waiting, delete_asked_at, check_in_asked_at, opt_changed_at,
        }
    }
}

prop_compose! {
    fn verdicts()(
        tier in tiers(),
        wants_human in any::<bool>(),
        categories in prop::collection::btree_set(prop::sample::select(&[
            Category::Suicide, Category::Abuse, Category::SexualAssault, Category::ThirdParty,
            Category::Medical,
        ][..]), 0..3),
        locale in prop::option::of(locales()),
    ) -> Verdict {
        Verdict { tier, wants_human, categories, locale, ..Verdict::default() }
    }
}

fn texts() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        &[
            "STOP",
            "START",
            "YES",
            "HELP",
            "HUMAN",
            "MENU",
            "BACK",
            "MORE",
            "LANG",
            "1",
            "3",
            "19",
            "Y",
            "N",
            "no",
            "hola",
            "thanks",
            "988",
            "cbt",
            "",
            "leave me alone",
            "privacidad",
        ][..],
    );
    prop_oneof![known.prop_map(str::to_owned), ".*", "[a-z ]{0,40}"]
}

struct World {
    packs: Packs,
    line: Line,
}

/// Made once: reading the packs takes longer than a step.
static WORLD: LazyLock<World> = LazyLock::new(|| World {
    packs: Packs::builtin().unwrap(),
    line: line(),
});

impl World {
    fn step(
        &self,
        state: &State,
        text: &str,
        verdict: &Verdict,
        flags: (bool, bool, bool),
    ) -> Step {
        let (has_media, human_joined, keyword_handled) = flags;
        step(
            state,
            &Turn {
                now: At(NOW),
                said_at: At(NOW),
                decided: At(NOW),
                text,
                has_media,
                verdict,
                earlier: &[],
                human_joined,
                call: None,
                held: false,
                keyword_handled,
                line: &self.line,
                packs: &self.packs,
            },
        )
    }

    fn says(&self, step: &Step, key: Key) -> bool {
        let fill = Fill::from(&self.line);
        let text = self.packs.message(step.state.locale, key, &fill);
        step.replies.iter().any(|reply| reply.text == text)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_text_has_a_reply_or_a_reason(
        state in states(), text in texts(), verdict in verdicts(), flags in any::<(bool, bool, bool)>(),
    ) {
        let step = WORLD.step(&state, &text, &verdict, flags);
        prop_assert_eq!(step.replies.is_empty(), step.silence.is_some());
        for reply in &step.replies {
            prop_assert!(!reply.text.trim().is_empty());
            prop_assert!(!reply.text.contains(['{', '}']), "{}", reply.text);
        }
        prop_assert!(step.state.trail.len() <= 20 && step.state.recent.len() <= 60);
    }

    #[test]
    fn a_crisis_is_answered_with_988_and_calls_a_human_in_every_state(
        state in states(), text in texts(), mut verdict in verdicts(),
        tier in prop::sample::select(&[Tier::High, Tier::Imminent][..]), flags in any::<(bool, bool, bool)>(),
    ) {
        verdict.tier = tier;
        let step = WORLD.step(&state, &text, &verdict, flags);
        let first = step.replies.first();
        prop_assert!(first.is_some_and(|r| r.lane == Lane::Crisis && r.text.contains("988")));
        let alert = step.alert.unwrap();
        prop_assert_eq!(alert.reason, Reason::Crisis);
        prop_assert!(alert.tier >= tier && alert.page_after.is_zero());
        let returns = ["start", "unstop", "yes"].contains(&words(&text).as_str());
        prop_assert!(step.state.opted_out || !state.opted_out || returns, "a crisis text subscribes nobody");
        prop_assert!(!step.question_answered_no);
    }

    #[test]
    fn nobody_who_opted_out_is_told_that_the_team_will_text(
        state in states(), text in texts(), verdict in verdicts(), flags in any::<(bool, bool, bool)>(),
    ) {
        let step = WORLD.step(&state, &text, &verdict, flags);
        if step.state.opted_out {
            let crisis = step.replies.iter().filter(|reply| reply.lane == Lane::Crisis).count();
            let told = [Key::CrisisOptedOut, Key::CrisisImminentOptedOut].map(|key| WORLD.says(&step, key));
            prop_assert_eq!(crisis, usize::from(told.contains(&true)), "{:?}", step.replies);
            prop_assert!(!WORLD.says(&step, Key::HumanAsked));
        }
    }

    #[test]
    fn who_waits_for_a_person_is_never_greeted_like_a_stranger(
        mut state in states(), text in prop_oneof![Just("hello?".to_owned()), Just("ok".to_owned()), "[qxz]{4,9}"],
    ) {
        state.opted_out = false;
        state.recent.clear();
        let first = WORLD.step(&state, "HUMAN", &Verdict::default(), (false, false, false));
        let step = WORLD.step(&first.state, &text, &Verdict::default(), (false, false, false));
        let asked = matches!(state.place, Place::Asked { .. });
        prop_assert!(asked || WORLD.says(&step, Key::CrisisWaiting), "{:?}", step.replies);
        prop_assert!(!WORLD.says(&step, Key::Welcome) && !WORLD.says(&step, Key::Menu));
    }

    #[test]
    fn an_open_crisis_or_a_concern_is_never_forgotten(
        state in states(), text in texts(), verdict in verdicts(), flags in any::<(bool, bool, bool)>(),
    ) {
        let step = WORLD.step(&state, &text, &verdict, flags);
        if verdict.action() == Action::Ask {
            prop_assert!(step.alert.is_some(), "{:?}", step);
        }
        if let Some(alert) = step.alert {
            prop_assert!(alert.tier >= state.open_tier().unwrap_or_default());
        }
    }

    #[test]
    fn nobody_who_opted_out_gets_anything_but_what_they_ask_for_by_name(
        mut state in states(), text in "[a-z]{3,12} [a-z]{3,12} [a-z]{3,12}", flags in any::<(bool, bool, bool)>(),
    ) {
        state.opted_out = true;
        let (media, joined, _) = flags;
        let step = WORLD.step(&state, &text, &Verdict::default(), (media, joined, false));
        prop_assert_eq!(step.silence, Some(Silence::OptedOut));
        prop_assert!(step.state.opted_out);
    }

    #[test]
    fn the_ways_out_work_from_every_state(mut state in states(), joined in any::<bool>(), media in any::<bool>()) {
        state.opted_out = false;
        state.opt_changed_at = None;
        state.recent.clear();
        let world = &WORLD;
        let none = Verdict::default();
        let go = |text| world.step(&state, text, &none, (media, joined, false));
        let stop = go("STOP");
        prop_assert!(world.says(&stop, Key::StopConfirm) && stop.state.opted_out);
        prop_assert!(world.says(&go("HELP"), Key::Help));
        let human = go("HUMAN");
        prop_assert!(world.says(&human, Key::HumanAsked));
        prop_assert_eq!(human.alert.unwrap().reason, Reason::WantsHuman);
        prop_assert!(world.says(&go("MENU"), Key::Menu));
        let back = go("BACK");
        prop_assert_eq!(back.silence, joined.then_some(Silence::WithHuman));
    }

    #[test]
    fn every_reply_but_a_fragment_keeps_988_in_reach(state in states(), text in texts(), verdict in verdicts()) {
        let step = WORLD.step(&state, &text, &verdict, (false, false, false));
        prop_assert!(step.replies.is_empty() || step.replies.iter().any(|r| r.text.contains("988")));
    }

    #[test]
    fn the_loop_guard_silences_content_only(mut state in states(), text in texts(), verdict in verdicts()) {
        state.recent = vec![Sent { at: At(NOW), mark: 0 }; 60];
        let step = WORLD.step(&state, &text, &verdict, (false, false, false));
        prop_assert!(step.replies.iter().all(|reply| reply.lane != Lane::Content));
        if step.silence == Some(Silence::LoopGuard) {
            prop_assert_eq!(verdict.action() == Action::Page, false);
        }
    }
}
