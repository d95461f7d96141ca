//! Paging under everything at once: people who do not hear, do not answer, or take a case and fall
//! asleep, outages, restarts, two replicas, a clock that jumps, policies that change. A seed repeats a run.
//! What is simulated is who does what and when; each decision is that of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::*;
use crate::clock::{At, ClockWatch};
use crate::conversation::{AlertRequest, Reason};
use crate::phone::PhoneNumber;
use crate::triage::Tier;

/// How many things happen in a run.
const STEPS: u32 = 60;
/// The most time between two of them, in seconds.
const LONGEST_STEP: u64 = 25;
/// No lease is longer, in seconds.
const LONGEST_LEASE: u64 = 1_000;
const PEOPLE: u128 = 4;
const CASES: usize = 3;
/// The longest delay of a rung here, in milliseconds.
const LONGEST_REST: u64 = 200_000;

/// What somebody does with a case, some time after they were paged for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    Takes,
    Claims,
    Writes,
}

struct Helper {
    contact: Contact,
    /// Since when, in simulated time, a page reaches them.
    reachable_since: Option<u64>,
}

struct Case {
    alert: Alert,
    there: Vec<Acknowledgement>,
    /// Since when nobody has it, nothing began anew and the engine ran, in simulated time.
    unheeded_since: u64,
    /// Who was paged since then.
    paged: BTreeSet<Uuid>,
}

struct Simulation {
    rng: StdRng,
    /// Milliseconds since the start, which no clock shows.
    elapsed: u64,
    /// What the computer's clock shows.
    now: At,
    policies: BTreeMap<Urgency, Policy>,
    helpers: Vec<Helper>,
    cases: Vec<Case>,
    /// What people will do, and when.
    coming: BTreeSet<(u64, usize, u128, Does)>,
    clocks: Clocks,
    watch: ClockWatch,
    /// Until when no replica runs.
    down_until: u64,
    /// The alerts that the slower replica found due, and works on later.
    stale: Vec<usize>,
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let helpers = (1..=PEOPLE).map(|n| {
            let number = PhoneNumber::of_sender(&format!("+1555017{n:04}"));
            let mut contact = Contact::texted(format!("Person {n}"), &number);
            // The last one is a contact of the configuration.
            contact.staff_id = (n < PEOPLE).then(|| Uuid::from_u128(n));
            Helper {
                contact,
                reachable_since: Some(0),
            }
        });
        let timing = Timing {
            repage: seconds(rng.random_range(15..200)),
            claim: seconds(rng.random_range(30..300)),
            answer: seconds(rng.random_range(30..300)),
            lease: seconds(rng.random_range(300..LONGEST_LEASE)),
        };
        let mut new = Self {
            helpers: helpers.collect(),
            elapsed: 0,
            now: At(1_800_000_000_000),
            policies: BTreeMap::new(),
            cases: Vec::new(),
            coming: BTreeSet::new(),
            clocks: Clocks::all(timing),
            watch: ClockWatch::default(),
            down_until: 0,
            stale: Vec::new(),
            rng,
        };
        for urgency in Urgency::ALL {
            new.the_policy_changes(urgency);
        }
        new
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn the_policy_changes(&mut self, urgency: Urgency) {
        let policy = if self.chance(30) {
            built_in([Uuid::from_u128(77)], self.clocks.of(urgency))
        } else {
            let count = self.rng.random_range(1..4);
            let targets = [
                Target::Person(Uuid::from_u128(1)),
                Target::Person(Uuid::from_u128(2)),
                Target::Schedule(Uuid::from_u128(77)),
                Target::Everyone,
                Target::Fallback,
            ];
            let rungs = (0..count).map(|_| Rung {
                delay: seconds(self.rng.random_range(15..90)),
                repeat: self.rng.random_range(1..4),
                targets: vec![*targets.choose(&mut self.rng).unwrap()],
            });
            let rungs = rungs.collect();
            Policy {
                id: Uuid::from_u128(self.rng.random()),
                name: "Nights".to_owned(),
                acks: if self.chance(20) { 2 } else { 1 },
                rungs,
            }
        };
        self.policies.insert(urgency, policy);
        // Whoever climbs it begins anew on the new one, when the delay of the old one is over.
        let from = self.elapsed + LONGEST_REST;
        for case in self
            .cases
            .iter_mut()
            .filter(|case| case.alert.urgency() == urgency)
        {
            case.begins_anew(from);
        }
    }

    fn reached(&self, targets: &[Target]) -> Vec<Contact> {
        let mut reached = Vec::new();
        for target in targets {
            for helper in self
                .helpers
                .iter()
                .filter(|helper| helper.reachable_since.is_some())
            {
                let id = helper.contact.staff_id;
                let meant = match *target {
                    Target::Fallback => id.is_none(),
                    Target::Everyone => id.is_some(),
                    Target::Person(person) => id == Some(person),
                    // Whose turn it is changes every ten minutes.
                    Target::Schedule(_) | Target::Rotation(_) => {
                        let turn = self.now.0 / 600_000 % i64::try_from(PEOPLE).unwrap();
                        id == u128::try_from(turn).ok().map(Uuid::from_u128)
                    }
                };
                if meant {
                    reached.push(helper.contact.clone());
                }
            }
        }
        once_each(reached)
    }

    /// One replica looks at one alert whose page was due: it does what `paging` does with the row.
    fn advances(&mut self, which: usize) {
        let case = &self.cases[which];
        if !case.alert.page_is_due(self.now) {
            return;
        }
        let (mut alert, mut there) = (case.alert.clone(), case.there.clone());
        if alert.reopen().is_some() {
            there.clear();
        }
        let policy = self.policies[&alert.urgency()].clone();
        let place = if alert.policy_id == Some(policy.id) {
            alert.place
        } else {
            Place::default()
        };
        match next_round(&there, &policy, place, |targets| self.reached(targets)) {
            Round::Enough => {
                let by = there[0].name.clone();
                alert.taken(Taken { by, at: self.now }, &self.clocks);
            }
            Round::Page { step, contacts } => {
                assert!(alert.closed.is_none(), "nobody is paged for a closed case");
                assert_eq!(
                    alert.acknowledged, None,
                    "it is undone before others are paged"
                );
                assert!(
                    !contacts.is_empty() || step.exhausted,
                    "nobody, and nothing said of it"
                );
                alert.paged(policy.id, &step, self.now);
                for contact in contacts {
                    self.hears(which, &contact);
                }
            }
        }
        let elapsed = self.elapsed;
        let case = &mut self.cases[which];
        if case.alert.acknowledged.is_some() && alert.acknowledged.is_none() {
            // An acknowledgement that led nowhere.
            case.unheeded_since = elapsed;
        }
        case.alert = alert;
        case.there = there;
    }

    /// A page reaches somebody: some sleep, some take the case, and of those some go on.
    fn hears(&mut self, which: usize, contact: &Contact) {
        let who = contact.staff_id.unwrap_or_default();
        self.cases[which].paged.insert(who);
        if self.chance(55) {
            return;
        }
        let mut at = self.elapsed;
        for (does, percent) in [(Does::Takes, 100), (Does::Claims, 70), (Does::Writes, 70)] {
            if !self.chance(percent) {
                return;
            }
            at += self.rng.random_range(1_000..120_000);
            self.coming.insert((at, which, who.as_u128(), does));
        }
    }

    fn somebody_does(&mut self, which: usize, who: u128, does: Does) {
        let staff = (who != 0).then(|| Uuid::from_u128(who));
        let helper = self
            .helpers
            .iter()
            .find(|one| one.contact.staff_id == staff)
            .unwrap();
        let name = helper.contact.name.clone();
        let (now, clocks) = (self.now, self.clocks);
        let needed = self.policies[&self.cases[which].alert.urgency()].acks;
        let case = &mut self.cases[which];
        if case.alert.closed.is_some() {
            return;
        }
        let others = case
            .alert
            .claimed
            .is_some_and(|(owner, _)| Some(owner) != staff);
        if others && does != Does::Takes {
            return;
        }
        let known = is_among(&case.there, staff, &name);
        let outcome = acknowledgement(&case.alert, &case.there, (staff, &name), needed);
        if !known && case.alert.acknowledged.is_none() {
            case.there.push(Acknowledgement {
                staff_id: staff,
                name: name.clone(),
                at: now,
            });
            if outcome == Acknowledged::Yours {
                case.alert.taken(Taken { by: name, at: now }, &clocks);
            }
        }
        match (does, staff) {
            (Does::Claims, Some(staff)) => case.alert.claim(staff, now, &clocks),
            (Does::Writes, Some(staff)) => {
                case.alert.claim(staff, now, &clocks);
                case.alert.answered(now);
            }
            _ => {}
        }
    }

    fn somebody_texts(&mut self) {
        let tiers = [
            (Tier::Imminent, Reason::Crisis, 0),
            (Tier::High, Reason::Crisis, 0),
            (Tier::Concern, Reason::Question, 300),
            (Tier::None, Reason::WantsHuman, 0),
            (Tier::High, Reason::OptedOutInCrisis, 0),
            (Tier::High, Reason::AwaitsHuman, 0),
        ];
        let (tier, reason, wait) = *tiers.choose(&mut self.rng).unwrap();
        let request = AlertRequest {
            reason,
            tier,
            page_after: seconds(wait),
        };
        let open: Vec<usize> = (0..self.cases.len())
            .filter(|which| self.cases[*which].alert.closed.is_none())
            .collect();
        if open.len() < CASES && self.chance(60) {
            let id = Uuid::from_u128(self.rng.random());
            let alert = Alert::open(id, id, id, "K7".to_owned(), request, self.now);
            let unheeded_since = self.elapsed + wait * 1_000;
            self.cases.push(Case {
                alert,
                there: Vec::new(),
                unheeded_since,
                paged: BTreeSet::new(),
            });
        } else if let Some(which) = open.choose(&mut self.rng) {
            let (now, clocks, elapsed) = (self.now, self.clocks, self.elapsed);
            let case = &mut self.cases[*which];
            let before = case.alert.clone();
            if case.alert.raise(request, now, &clocks) {
                case.there.clear();
            }
            let answer = millis(clocks.of(case.alert.urgency()).answer);
            let begins = case.alert.policy_id.is_none() || case.alert.urgency() != before.urgency();
            if begins || before.next_page_at == before.lease_until {
                case.begins_anew(elapsed + answer.max(wait * 1_000));
            }
        }
    }

    fn somebody_ends_it(&mut self) {
        let Some(which) = (0..self.cases.len()).next_back() else {
            return;
        };
        let (now, elapsed) = (self.now, self.elapsed);
        let closes = self.chance(50);
        let case = &mut self.cases[which];
        if closes {
            case.alert.close(Closed::ByStaff, now);
        } else if case.alert.release(now) {
            case.there.clear();
            case.begins_anew(elapsed);
        }
    }

    /// Harborline is stopped: whatever is done with it waits.
    fn is_down(&self) -> bool {
        self.elapsed < self.down_until
    }

    fn happens(&mut self) {
        if self.is_down() {
            return;
        }
        match self.rng.random_range(0..20) {
            0..=3 => self.somebody_texts(),
            4 => self.somebody_ends_it(),
            5 | 6 => {
                let (which, elapsed) = (self.rng.random_range(0..self.helpers.len()), self.elapsed);
                let since = &mut self.helpers[which].reachable_since;
                *since = if since.is_some() { None } else { Some(elapsed) };
            }
            7 => {
                let urgency = *Urgency::ALL.choose(&mut self.rng).unwrap();
                self.the_policy_changes(urgency);
            }
            8 => {
                self.down_until = self.elapsed + self.rng.random_range(1_000..180_000);
                self.watch = ClockWatch::default();
            }
            9 => {
                // Somebody corrects the clock.
                let by = seconds(self.rng.random_range(1..7_200));
                self.now = if self.chance(50) {
                    self.now.plus(by)
                } else {
                    self.now.minus(by)
                };
                self.all_begin_anew();
            }
            10 => {
                let due = |which: &usize| self.cases[*which].alert.page_is_due(self.now);
                self.stale = (0..self.cases.len()).filter(due).collect();
            }
            _ => {}
        }
    }

    fn all_begin_anew(&mut self) {
        let elapsed = self.elapsed;
        for case in &mut self.cases {
            case.begins_anew(elapsed);
        }
    }

    /// A second passes, or a few.
    fn time_passes(&mut self) {
        let by = seconds(self.rng.random_range(1..=LONGEST_STEP));
        self.elapsed += millis(by);
        self.now = self.now.plus(by);
        if self.is_down() {
            self.all_begin_anew();
            return;
        }
        while let Some(&(at, which, who, does)) = self.coming.first() {
            if at > self.elapsed {
                break;
            }
            self.coming.pop_first();
            self.somebody_does(which, who, does);
        }
        let now = self.now;
        if self.watch.wrong_after(now).is_some_and(|later| later < now) {
            for case in &mut self.cases {
                case.alert.clock_went_back(now);
            }
            self.all_begin_anew();
        }
        self.watch.minded(now);
        for which in 0..self.cases.len() {
            self.advances(which);
        }
        for which in std::mem::take(&mut self.stale) {
            let before = self.cases[which].alert.pages;
            self.advances(which);
            assert_eq!(
                self.cases[which].alert.pages, before,
                "two replicas page twice"
            );
        }
    }

    fn holds(&self) {
        for case in &self.cases {
            let alert = &case.alert;
            if alert.closed.is_some() {
                assert_eq!(alert.next_page_at, None, "a closed case waits for nothing");
                continue;
            }
            match alert.next_page_at {
                Some(due) => {
                    let most = LONGEST_DELAY.max(seconds(LONGEST_LEASE));
                    let up = !self.is_down();
                    assert!(
                        !up || due > self.now,
                        "it is late: {alert:?} at {:?}",
                        self.now
                    );
                    assert!(
                        !up || due <= self.now.plus(most),
                        "it waits too long: {alert:?}"
                    );
                }
                None => assert!(
                    alert.answered_at.is_some() && alert.acknowledged.is_some(),
                    "nothing happens next, and nobody is there: {alert:?}"
                ),
            }
            self.all_hands_hear_in_time(case);
        }
    }

    /// A crisis that nobody has reaches everyone who can be reached, by the end of its ladder.
    fn all_hands_hear_in_time(&self, case: &Case) {
        let alert = &case.alert;
        if alert.acknowledged.is_some() || !alert.urgency().is_crisis() {
            return;
        }
        let policy = &self.policies[&alert.urgency()];
        let rung = |rung: &Rung| millis(rung.delay) + LONGEST_STEP * 1_000;
        let climb: u64 = policy
            .rungs
            .iter()
            .map(|one| rung(one) * u64::from(one.repeat))
            .sum();
        let last = policy.rungs.last().map_or(0, rung);
        let limit = climb + last;
        if self.elapsed < case.unheeded_since + limit {
            return;
        }
        for helper in &self.helpers {
            let long_enough = helper
                .reachable_since
                .is_some_and(|since| self.elapsed >= since + limit);
            let (id, name) = (helper.contact.staff_id, &helper.contact.name);
            assert!(
                !long_enough
                    || is_among(&case.there, id, name)
                    || case.paged.contains(&id.unwrap_or_default()),
                "{name} was never paged for {alert:?} within {limit} ms",
            );
        }
    }

    fn runs(mut self) {
        for _ in 0..STEPS {
            self.happens();
            self.time_passes();
            self.holds();
        }
    }
}

impl Case {
    /// The limit counts from here.
    fn begins_anew(&mut self, elapsed: u64) {
        self.unheeded_since = self.unheeded_since.max(elapsed);
        self.paged.clear();
    }
}

/// Runs of these seeds, on two threads; the panic of one says which.
fn run(seeds: std::ops::Range<u64>) {
    let half = seeds.start + (seeds.end - seeds.start) / 2;
    let all = |seeds: std::ops::Range<u64>| {
        for seed in seeds {
            let ran = std::panic::catch_unwind(|| Simulation::new(seed).runs());
            assert!(ran.is_ok(), "seed {seed}");
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| all(seeds.start..half));
        threads.spawn(|| all(half..seeds.end));
    });
}

/// `HARBORLINE_TEST_LONG=1` asks for the long form: ten times as many.
#[test]
fn whatever_happens_no_case_is_forgotten_and_every_crisis_reaches_all_hands() {
    // Read when it is built: this floor reads no environment.
    let long = option_env!("HARBORLINE_TEST_LONG") == Some("1");
    run(0..if long { 1_000_000 } else { 100_000 });
}
