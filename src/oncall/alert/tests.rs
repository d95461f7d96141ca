use proptest::prelude::*;

use super::super::ladder::{built_in, climb};
use super::super::policy::{Rung, Target};
use super::*;

const TIMING: Timing = Timing {
    repage: Duration::from_mins(2),
    claim: Duration::from_mins(5),
    answer: Duration::from_mins(5),
    lease: Duration::from_hours(1),
};
const CLOCKS: Clocks = Clocks::all(TIMING);

fn request(reason: Reason, tier: Tier, seconds: u64) -> AlertRequest {
    AlertRequest {
        reason,
        tier,
        page_after: Duration::from_secs(seconds),
    }
}

fn alert(seconds: u64) -> Alert {
    let (id, reason) = (Uuid::nil(), Reason::Question);
    Alert::open(
        id,
        id,
        id,
        "K7".to_owned(),
        request(reason, Tier::Concern, seconds),
        At(0),
    )
}

/// A round of the built-in policy, at which somebody is always there.
fn paged(alert: &mut Alert, now: At) {
    let policy = built_in([], &TIMING);
    let step = climb(alert.place, &policy.rungs, |rung| rung == 2);
    alert.paged(policy.id, &step, now);
}

fn by(name: &str, at: At) -> Taken {
    Taken {
        by: name.to_owned(),
        at,
    }
}

#[test]
fn an_open_alert_is_paged_again_and_again() {
    let mut alert = alert(0);
    for round in 0..50 {
        let now = At(round * 120_000);
        assert!(alert.page_is_due(now), "round {round}");
        paged(&mut alert, now);
        assert!(!alert.page_is_due(now));
    }
    assert_eq!(
        (alert.pages, alert.exhausted_at),
        (50, Some(At(8 * 120_000)))
    );
}

#[test]
fn each_clock_that_runs_out_opens_the_ladder_again() {
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.taken(by("Duty phone", At(1_000)), &CLOCKS);
    assert!(!alert.page_is_due(At(300_999)));
    assert!(alert.page_is_due(At(301_000)), "acknowledged and forgotten");
    alert.claim(Uuid::from_u128(1), At(2_000), &CLOCKS);
    assert!(alert.page_is_due(At(302_000)), "claimed and not answered");
    assert_eq!(alert.reopen(), Some(Missed::Answer));
    assert_eq!((&alert.acknowledged, alert.claimed), (&None, None));
    assert_eq!(alert.place, Place::default(), "from the first rung");
    assert_eq!(alert.reopen(), None);
    paged(&mut alert, At(302_000));
    alert.taken(by("Duty phone", At(303_000)), &CLOCKS);
    assert_eq!(alert.clone().reopen(), Some(Missed::Claim));
    alert.answered(At(303_000));
    assert!(!alert.page_is_due(At(i64::MAX)));
}

#[test]
fn whoever_cannot_write_says_that_they_are_on_it_and_gets_a_little_time() {
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.elsewhere(At(1_000));
    assert_eq!(alert.next_page_at, Some(At(120_000)), "nobody has it");
    alert.taken(by("Duty phone", At(1_000)), &CLOCKS);
    alert.claim(Uuid::from_u128(1), At(2_000), &CLOCKS);
    alert.elsewhere(At(100_000));
    assert_eq!(alert.next_page_at, Some(At(700_000)));
    assert_eq!(alert.answered_at, None, "nobody has written");
    assert_eq!(alert.clone().reopen(), Some(Missed::Answer));
    // It never goes beyond the lease, and never comes sooner than what is due already.
    alert.elsewhere(At(3_500_000));
    assert_eq!(alert.next_page_at, alert.lease_until);
    alert.elsewhere(At(3_000));
    assert_eq!(alert.next_page_at, alert.lease_until);
}

#[test]
fn the_clocks_of_imminent_danger_run_faster() {
    let fast = Timing {
        claim: Duration::from_mins(1),
        ..TIMING
    };
    let clocks = Clocks {
        imminent: fast,
        ..CLOCKS
    };
    let mut alert = alert(0);
    alert.raise(request(Reason::Crisis, Tier::Imminent, 0), At(0), &clocks);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(0)), &clocks);
    assert!(!alert.page_is_due(At(59_999)) && alert.page_is_due(At(60_000)));
}

#[test]
fn while_more_people_are_asked_for_pages_go_on_and_a_claim_has_no_clock() {
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.claim(Uuid::from_u128(1), At(1_000), &CLOCKS);
    assert!(alert.page_is_due(At(120_000)), "the second person");
    assert_eq!(alert.reopen(), None, "the first one keeps it");
    alert.answered(At(2_000));
    assert!(alert.page_is_due(At(120_000)));
    alert.taken(by("one and two", At(130_000)), &CLOCKS);
    let lease = 1_000 + 3_600_000;
    assert!(
        !alert.page_is_due(At(lease - 1)) && alert.page_is_due(At(lease)),
        "written, and enough people: the lease is left"
    );
}

#[test]
fn a_crisis_pages_now_while_a_question_waits_for_its_answer() {
    let mut alert = alert(300);
    assert!(!alert.page_is_due(At(299_999)));
    alert.raise(request(Reason::Crisis, Tier::High, 0), At(1_000), &CLOCKS);
    assert!(alert.page_is_due(At(1_000)));
    alert.raise(
        request(Reason::Question, Tier::Concern, 300),
        At(2_000),
        &CLOCKS,
    );
    assert_eq!((alert.tier, alert.reason), (Tier::High, Reason::Crisis));
    assert!(alert.page_is_due(At(2_000)));
}

#[test]
fn more_texts_keep_the_rhythm_and_a_higher_tier_pages_anew_from_the_first_rung() {
    let mut alert = alert(0);
    alert.raise(request(Reason::Crisis, Tier::High, 0), At(0), &CLOCKS);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(1)), &CLOCKS);
    assert!(!alert.raise(request(Reason::Crisis, Tier::High, 0), At(5_000), &CLOCKS));
    assert!(alert.acknowledged.is_some());
    assert!(alert.raise(
        request(Reason::Crisis, Tier::Imminent, 0),
        At(6_000),
        &CLOCKS,
    ));
    assert!(alert.page_is_due(At(6_000)) && alert.acknowledged.is_none());
    assert_eq!((alert.policy_id, alert.place), (None, Place::default()));
}

#[test]
fn a_new_call_after_an_answer_starts_the_last_clock_again() {
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(1_000)), &CLOCKS);
    alert.claim(Uuid::from_u128(1), At(1_000), &CLOCKS);
    alert.answered(At(2_000));
    alert.raise(
        request(Reason::Crisis, Tier::Concern, 0),
        At(10_000),
        &CLOCKS,
    );
    assert!(!alert.page_is_due(At(309_999)) && alert.page_is_due(At(310_000)));
    alert.answered(At(310_000));
    alert.raise(
        request(Reason::Crisis, Tier::Concern, 0),
        At(700_000),
        &CLOCKS,
    );
    assert!(
        alert.page_is_due(At(700_000)),
        "whoever wrote long ago may be gone"
    );
}

#[test]
fn an_opt_out_in_a_crisis_pages_anew_once() {
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(1)), &CLOCKS);
    let opt_out = request(Reason::OptedOutInCrisis, Tier::Concern, 0);
    alert.raise(opt_out, At(2), &CLOCKS);
    assert!(alert.page_is_due(At(2)) && alert.acknowledged.is_none());
    paged(&mut alert, At(2));
    alert.taken(by("one", At(3)), &CLOCKS);
    // They write on, now in danger and now not: it is the same opt-out.
    for reason in [
        Reason::OptedOutInCrisis,
        Reason::Crisis,
        Reason::OptedOutInCrisis,
        Reason::WantsHuman,
        Reason::OptedOutInCrisis,
    ] {
        alert.raise(request(reason, Tier::Concern, 0), At(4), &CLOCKS);
        assert!(alert.acknowledged.is_some() && !alert.page_is_due(At(4)));
    }
}

#[test]
fn whoever_has_just_taken_a_case_keeps_it_when_the_texter_writes_again() {
    let crisis = request(Reason::Crisis, Tier::Concern, 0);
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(0)), &CLOCKS);
    alert.claim(Uuid::from_u128(1), At(0), &CLOCKS);
    alert.answered(At(1_000));
    let mut over = alert.clone();
    over.given_up();
    over.taken(by("two", At(900_000)), &CLOCKS);
    over.claim(Uuid::from_u128(2), At(900_000), &CLOCKS);
    assert!(!over.raise(crisis, At(910_000), &CLOCKS));
    assert!(!over.page_is_due(At(1_199_999)) && over.page_is_due(At(1_200_000)));
    // The same where nobody has claimed it yet.
    alert.release(At(900_000));
    paged(&mut alert, At(900_000));
    alert.taken(by("two", At(901_000)), &CLOCKS);
    assert!(!alert.raise(crisis, At(910_000), &CLOCKS));
    assert!(!alert.page_is_due(At(1_200_999)) && alert.page_is_due(At(1_201_000)));
}

#[test]
fn a_claim_is_a_lease_that_ends_without_activity_and_never_holds_up_another_clock() {
    let minutes = |minutes: i64| At(minutes * 60_000);
    let mut alert = alert(0);
    let me = Uuid::from_u128(1);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(0)), &CLOCKS);
    alert.claim(me, At(0), &CLOCKS);
    alert.seen(minutes(4), &CLOCKS);
    alert.claim(me, minutes(4), &CLOCKS);
    assert!(
        alert.page_is_due(minutes(5)),
        "claimed twice, and not written"
    );
    alert.answered(minutes(5));
    assert!(!alert.page_is_due(minutes(63)) && alert.page_is_due(minutes(64)));
    alert.seen(minutes(30), &CLOCKS);
    assert!(!alert.page_is_due(minutes(89)) && alert.page_is_due(minutes(90)));
    alert.raise(
        request(Reason::AwaitsHuman, Tier::None, 300),
        minutes(31),
        &CLOCKS,
    );
    alert.seen(minutes(32), &CLOCKS);
    assert!(
        alert.page_is_due(minutes(36)),
        "the texter waits for an answer"
    );
    assert_eq!(alert.clone().reopen(), Some(Missed::Answer));
    alert.answered(minutes(33));
    assert_eq!(alert.next_page_at, Some(minutes(92)));
    assert_eq!(alert.reopen(), Some(Missed::Lease));
    assert_eq!((alert.claimed, alert.lease_until), (None, None));
    alert.seen(minutes(99), &CLOCKS);
    assert_eq!(alert.lease_until, None, "nobody has it");
}

#[test]
fn a_case_of_somebody_who_leaves_is_paged_at_once() {
    let mut alert = alert(0);
    paged(&mut alert, At(0));
    alert.taken(by("one", At(1_000)), &CLOCKS);
    alert.claim(Uuid::from_u128(1), At(1_000), &CLOCKS);
    alert.answered(At(2_000));
    assert!(alert.release(At(3_000)) && alert.page_is_due(At(3_000)));
    assert_eq!((&alert.acknowledged, alert.claimed), (&None, None));
    assert_eq!(alert.place, Place::default(), "from the first rung");
    alert.close(Closed::ByStaff, At(4_000));
    assert!(!alert.release(At(5_000)) && !alert.page_is_due(At(5_000)));
}

/// What may happen to an alert.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Time passes, and the tick does what is due; the bits say who can be reached.
    Tick(u16, u8),
    Raise(Tier, Reason),
    Acknowledge,
    Claim,
    Write,
    Seen,
}

fn any_event() -> impl Strategy<Value = Event> {
    let tier = prop_oneof![
        Just(Tier::None),
        Just(Tier::Concern),
        Just(Tier::High),
        Just(Tier::Imminent)
    ];
    let reason = prop_oneof![
        Just(Reason::Crisis),
        Just(Reason::Question),
        Just(Reason::WantsHuman),
        Just(Reason::OptedOutInCrisis),
        Just(Reason::AwaitsHuman)
    ];
    prop_oneof![
        4 => (0_u16..900, any::<u8>()).prop_map(|(by, there)| Event::Tick(by, there)),
        2 => (tier, reason).prop_map(|(tier, reason)| Event::Raise(tier, reason)),
        1 => Just(Event::Acknowledge),
        1 => Just(Event::Claim),
        1 => Just(Event::Write),
        1 => Just(Event::Seen),
    ]
}

proptest! {
    #[test]
    fn no_open_and_unanswered_alert_has_nothing_scheduled(
        events in proptest::collection::vec(any_event(), 1..60),
        delays in proptest::collection::vec((0_u64..400, 0_u16..4), 1..4),
        needed in 1_usize..3,
    ) {
        let rungs: Vec<Rung> = delays
            .iter()
            .map(|(seconds, repeat)| Rung {
                delay: Duration::from_secs(*seconds),
                repeat: *repeat,
                targets: vec![Target::Everyone],
            })
            .collect();
        // Nothing waits longer than the longest of these.
        let longest = TIMING.lease;
        let (mut alert, mut now, mut acknowledged) = (alert(300), At(0), 0);
        for event in events {
            match event {
                Event::Tick(seconds, there) => {
                    now = now.plus(Duration::from_secs(seconds.into()));
                    if alert.page_is_due(now) {
                        if alert.reopen().is_some() {
                            acknowledged = 0;
                        }
                        let step = climb(alert.place, &rungs, |rung| there >> rung & 1 == 1);
                        alert.paged(Uuid::nil(), &step, now);
                        prop_assert!(!alert.page_is_due(now), "it waits, and does not spin");
                    }
                }
                Event::Raise(tier, reason) => {
                    let wait = if reason == Reason::Question { 300 } else { 0 };
                    if alert.raise(request(reason, tier, wait), now, &CLOCKS) || alert.acknowledged.is_none() {
                        acknowledged = acknowledged.min(needed - 1);
                    }
                }
                Event::Seen => alert.seen(now, &CLOCKS),
                Event::Acknowledge | Event::Claim | Event::Write => {
                    acknowledged += 1;
                    if acknowledged >= needed && alert.acknowledged.is_none() {
                        alert.taken(by("somebody", now), &CLOCKS);
                    }
                    if !matches!(event, Event::Acknowledge) {
                        alert.claim(Uuid::nil(), now, &CLOCKS);
                    }
                    if matches!(event, Event::Write) {
                        alert.answered(now);
                    }
                }
            }
            match alert.next_page_at {
                Some(due) => prop_assert!(due <= now.plus(longest), "{event:?}: {alert:?}"),
                None => prop_assert!(
                    alert.answered_at.is_some() && alert.acknowledged.is_some(),
                    "{event:?}: {alert:?}"
                ),
            }
        }
    }
}

#[test]
fn who_has_it_before_the_first_page_keeps_it_while_the_texter_writes_on() {
    let mut alert = alert(300);
    alert.taken(by("First", At(1_000)), &CLOCKS);
    alert.claim(Uuid::from_u128(1), At(1_000), &CLOCKS);
    alert.raise(
        request(Reason::Question, Tier::Concern, 0),
        At(2_000),
        &CLOCKS,
    );
    assert!(!alert.page_is_due(At(2_000)) && alert.claimed.is_some());
}
