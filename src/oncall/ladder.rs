//! The ladder: from where an alert stands on its policy to the next page. An empty rung is skipped at
//! once, the last one never ends.

use std::time::Duration;

use uuid::Uuid;

use super::alert::Timing;
use super::policy::{LONGEST_DELAY, MOST_ROUNDS, Policy, Rung, SHORTEST_DELAY, Target};

/// How long the built-in policy pages everyone before it counts as exhausted.
const BUILT_IN_FOR: Duration = Duration::from_mins(15);

/// Where an alert stands on its policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The rung that pages next, from 0.
    pub rung: u16,
    /// Which of its rounds that is, from 0. On the last rung it counts on for ever.
    pub round: u16,
}

/// What is to be done on a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rung that is paged now; none when nobody can be reached on it or on any later one.
    pub rung: Option<usize>,
    /// The ladder was climbed to its end in vain: everyone who can be reached is paged as well, and the
    /// operator is told.
    pub exhausted: bool,
    /// Where it stands afterwards.
    pub next: Place,
    /// How long the people have to answer before the next page.
    pub delay: Duration,
}

/// The next step from a place. A rung on which nobody can be reached costs no time: the next one is
/// paged instead. Total: whatever rungs and place were stored, there is a step, and its delay is one
/// of the rungs', never shorter than [`SHORTEST_DELAY`] and never longer than [`LONGEST_DELAY`].
#[must_use]
pub fn climb(place: Place, rungs: &[Rung], reachable: impl Fn(usize) -> bool) -> Step {
    let Some(last) = rungs.len().checked_sub(1) else {
        return Step {
            rung: None,
            exhausted: true,
            next: place,
            delay: SHORTEST_DELAY,
        };
    };
    let at = usize::from(place.rung);
    let start = at.min(last);
    // A policy that was made shorter is at its end, and has had its rounds there.
    let round = if at > last {
        rounds(&rungs[last])
    } else {
        place.round
    };
    let Some(paged) = (start..=last).find(|rung| reachable(*rung)) else {
        return Step {
            rung: None,
            exhausted: true,
            next: place_of(last, rounds(&rungs[last])),
            delay: delay(&rungs[last]),
        };
    };
    let round = if paged == start { round } else { 0 };
    let done = round.saturating_add(1);
    let next = if paged < last && done >= rounds(&rungs[paged]) {
        place_of(paged + 1, 0)
    } else {
        place_of(paged, done)
    };
    Step {
        rung: Some(paged),
        exhausted: paged == last && round >= rounds(&rungs[last]),
        next,
        delay: delay(&rungs[paged]),
    }
}

fn place_of(rung: usize, round: u16) -> Place {
    Place {
        rung: u16::try_from(rung).unwrap_or(u16::MAX),
        round,
    }
}

/// How long a ladder is climbed until it is exhausted, when nobody answers and somebody can be reached on
/// every rung.
#[must_use]
pub fn climbed_within(policy: &Policy) -> Duration {
    let rungs = policy.rungs.iter();
    rungs
        .map(|rung| delay(rung) * u32::from(rounds(rung)))
        .sum()
}

fn rounds(rung: &Rung) -> u16 {
    rung.repeat.clamp(1, MOST_ROUNDS)
}

fn delay(rung: &Rung) -> Duration {
    rung.delay.clamp(SHORTEST_DELAY, LONGEST_DELAY)
}

/// The policy of what has none: who is on call on any schedule, then everyone, then the contacts of the
/// configuration as well, for ever. With nothing but those contacts, they are paged at once.
#[must_use]
pub fn built_in(schedules: impl IntoIterator<Item = Uuid>, timing: &Timing) -> Policy {
    let delay = timing.repage.clamp(SHORTEST_DELAY, LONGEST_DELAY);
    let rung = |repeat, targets| Rung {
        delay,
        repeat,
        targets,
    };
    let on_call: Vec<Target> = schedules.into_iter().map(Target::Schedule).collect();
    let last = BUILT_IN_FOR.as_secs().div_ceil(delay.as_secs());
    let last = u16::try_from(last).unwrap_or(MOST_ROUNDS).max(1);
    Policy {
        id: Uuid::nil(),
        name: "Built-in".to_owned(),
        acks: 1,
        rungs: vec![
            rung(1, on_call),
            rung(1, vec![Target::Everyone]),
            rung(last, vec![Target::Everyone, Target::Fallback]),
        ],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rung(seconds: u64, repeat: u16) -> Rung {
        Rung {
            delay: Duration::from_secs(seconds),
            repeat,
            targets: vec![Target::Everyone],
        }
    }

    /// The rungs that are paged, with the seconds until the next page; a star where it is exhausted.
    fn climbed(rungs: &[Rung], reachable: &[bool], steps: usize) -> Vec<String> {
        let mut place = Place::default();
        let one = |_| {
            let step = climb(place, rungs, |rung| reachable[rung]);
            place = step.next;
            let rung = step.rung.map_or("-".to_owned(), |rung| rung.to_string());
            let star = if step.exhausted { "*" } else { "" };
            format!("{rung}/{}{star}", step.delay.as_secs())
        };
        (0..steps).map(one).collect()
    }

    #[test]
    fn each_rung_has_its_rounds_and_the_last_one_never_ends() {
        let rungs = [rung(20, 2), rung(30, 1), rung(60, 2)];
        let said = climbed(&rungs, &[true, true, true], 7);
        assert_eq!(
            said,
            ["0/20", "0/20", "1/30", "2/60", "2/60", "2/60*", "2/60*"]
        );
    }

    #[test]
    fn a_rung_without_anybody_costs_no_time() {
        let rungs = [rung(20, 9), rung(30, 1), rung(60, 1)];
        assert_eq!(
            climbed(&rungs, &[false, true, false], 3),
            ["1/30", "-/60*", "-/60*"]
        );
        assert_eq!(climbed(&rungs, &[false; 3], 2), ["-/60*", "-/60*"]);
        assert_eq!(
            climbed(&rungs, &[false, false, true], 3),
            ["2/60", "2/60*", "2/60*"]
        );
    }

    #[test]
    fn whatever_was_stored_there_is_a_step() {
        let damaged = [rung(0, 0), rung(999_999, u16::MAX)];
        let said = climbed(&damaged, &[true, true], 3);
        assert_eq!(said, ["0/15", "1/3600", "1/3600"]);
        let far = Place {
            rung: u16::MAX,
            round: u16::MAX,
        };
        let step = climb(far, &damaged, |_| true);
        assert!(step.exhausted && step.rung == Some(1));
        let none = climb(far, &[], |_| true);
        assert!(none.exhausted && none.delay == SHORTEST_DELAY);
    }

    #[test]
    fn with_nothing_but_the_contacts_of_the_configuration_they_are_paged_at_once() {
        let timing = Timing {
            repage: Duration::from_mins(2),
            claim: Duration::from_mins(5),
            answer: Duration::from_mins(5),
            lease: Duration::from_hours(1),
        };
        let policy = built_in([], &timing);
        assert_eq!(policy.rungs[0].targets, []);
        let said = climbed(&policy.rungs, &[false, false, true], 10);
        assert_eq!(said[..8], ["2/120"; 8]);
        assert_eq!(said[8..], ["2/120*"; 2]);
    }

    fn any_rungs() -> impl Strategy<Value = Vec<Rung>> {
        let one = (0_u64..5_000, 0_u16..6).prop_map(|(seconds, repeat)| rung(seconds, repeat));
        proptest::collection::vec(one, 0..6)
    }

    proptest! {
        #[test]
        fn a_step_is_never_late_and_never_at_nobody_while_somebody_is_there(
            rungs in any_rungs(),
            start in (0_u16..9, any::<u16>()),
            there in proptest::collection::vec(any::<u8>(), 1..60),
        ) {
            let mut place = Place { rung: start.0, round: start.1 };
            let longest = rungs.iter().map(delay).max().unwrap_or(SHORTEST_DELAY);
            for mask in there {
                // Who can be reached changes from page to page.
                let reachable = |rung: usize| mask >> (rung % 8) & 1 == 1;
                let step = climb(place, &rungs, reachable);
                prop_assert!(step.delay >= SHORTEST_DELAY && step.delay <= longest);
                match step.rung {
                    Some(rung) => prop_assert!(reachable(rung) && rung < rungs.len()),
                    None => prop_assert!(step.exhausted, "nobody, and nothing said of it"),
                }
                let (from, to) = (place.rung.min(u16::try_from(rungs.len()).unwrap()), step.next.rung);
                prop_assert!(rungs.is_empty() || to >= from.min(to), "it never goes back");
                place = step.next;
            }
        }

        #[test]
        fn every_rung_with_somebody_is_paged_before_the_ladder_is_exhausted(
            rungs in any_rungs(), mask in any::<u8>(),
        ) {
            let reachable = |rung: usize| mask >> (rung % 8) & 1 == 1;
            let most: usize = rungs.iter().map(|rung| usize::from(rounds(rung))).sum();
            let (mut place, mut paged) = (Place::default(), vec![0; rungs.len()]);
            for _ in 0..=most {
                let step = climb(place, &rungs, reachable);
                if step.exhausted {
                    for (rung, times) in paged.iter().enumerate() {
                        let expected = if reachable(rung) { rounds(&rungs[rung]) } else { 0 };
                        prop_assert_eq!(*times, expected);
                    }
                    return Ok(());
                }
                paged[step.rung.unwrap()] += 1;
                place = step.next;
            }
            prop_assert!(false, "it was never exhausted");
        }
    }
}
