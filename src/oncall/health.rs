//! The health of the line in one light: can everyone who waits now count on a person soon? Floor 1.

use std::time::Duration;

use super::{Clocks, Urgency};
use crate::clock::At;

/// How the line stands. Ordered: the worse is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    /// Everyone who waits can count on a person.
    Green,
    /// Somebody should look.
    Amber,
    /// Somebody must come now.
    Red,
}

/// A case that nobody has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// How urgent it is.
    pub urgency: Urgency,
    /// Since when it has been open.
    pub since: At,
    /// Whether every rung was paged in vain.
    pub exhausted: bool,
}

/// What the light is judged by. Drills are in none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The cases that nobody has claimed.
    pub unclaimed: Vec<Unclaimed>,
    /// Texts whose answer is overdue.
    pub overdue: u32,
    /// People who are on call now and can be reached, and contacts of the configuration.
    pub on_call: u32,
    /// People who have had a page of the dashboard open within the last minutes.
    pub signed_in: u32,
    /// Conversations that people have.
    pub in_hands: u32,
    /// Calls for a supervisor that nobody has answered.
    pub help: u32,
    /// Open incidents.
    pub incidents: u32,
}

/// A reason why the light is not green, with what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nobody is on call, or nobody who is can be reached.
    NobodyOnCall,
    /// Cases whose ladder was climbed to its end in vain.
    Exhausted(u32),
    /// Crises that wait longer than their clocks allow, and the longest wait.
    CrisisWaits(u32, Duration),
    /// Other cases that wait longer than their clocks allow, and the longest wait.
    OtherWaits(u32, Duration),
    /// Texts whose answer is overdue.
    Overdue(u32),
    /// Somebody asks for a supervisor.
    HelpWanted(u32),
    /// More than [`MANY`] conversations for each person who is signed in: conversations, people.
    Loaded(u32, u32),
    /// People have conversations or wait, and nobody is signed in.
    NobodySignedIn,
    /// Open incidents.
    Incidents(u32),
}

/// More conversations than this for each person are too many at once.
pub const MANY: u32 = 3;

impl Why {
    /// How bad it is.
    #[must_use]
    pub const fn light(self) -> Light {
        match self {
            Self::NobodyOnCall | Self::Exhausted(_) | Self::CrisisWaits(..) | Self::Overdue(_) => {
                Light::Red
            }
            Self::OtherWaits(..)
            | Self::HelpWanted(_)
            | Self::Loaded(..)
            | Self::NobodySignedIn
            | Self::Incidents(_) => Light::Amber,
        }
    }
}

/// How long a case may wait until somebody claims it: for the first answer to its page, and from that to the
/// claim.
#[must_use]
pub fn may_wait(urgency: Urgency, clocks: &Clocks) -> Duration {
    let timing = clocks.of(urgency);
    timing.repage + timing.claim
}

/// The light, and every reason for it, the worst first. Without a reason it is green.
#[must_use]
pub fn health(facts: &Facts, clocks: &Clocks, now: At) -> (Light, Vec<Why>) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut reasons = Vec::new();
    if facts.on_call == 0 {
        reasons.push(Why::NobodyOnCall);
    }
    let exhausted = facts.unclaimed.iter().filter(|case| case.exhausted).count();
    if exhausted > 0 {
        reasons.push(Why::Exhausted(count(exhausted)));
    }
    let late = |crisis: bool| {
        let waits = facts.unclaimed.iter().filter_map(move |case| {
            let waits = now.since(case.since);
            let late = waits > may_wait(case.urgency, clocks);
            (late && case.urgency.is_crisis() == crisis).then_some(waits)
        });
        let waits: Vec<Duration> = waits.collect();
        let longest = waits.iter().max().copied();
        longest.map(|longest| (count(waits.len()), longest))
    };
    reasons.extend(late(true).map(|(cases, longest)| Why::CrisisWaits(cases, longest)));
    if facts.overdue > 0 {
        reasons.push(Why::Overdue(facts.overdue));
    }
    reasons.extend(late(false).map(|(cases, longest)| Why::OtherWaits(cases, longest)));
    if facts.help > 0 {
        reasons.push(Why::HelpWanted(facts.help));
    }
    let work = count(facts.unclaimed.len()).saturating_add(facts.in_hands);
    match facts.signed_in {
        0 if work > 0 => reasons.push(Why::NobodySignedIn),
        people if work > people.saturating_mul(MANY) => reasons.push(Why::Loaded(work, people)),
        _ => {}
    }
    if facts.incidents > 0 {
        reasons.push(Why::Incidents(facts.incidents));
    }
    let light = reasons.iter().map(|why| why.light()).max();
    (light.unwrap_or(Light::Green), reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncall::Timing;

    const NOW: At = At(10_000_000);
    const CLOCKS: Clocks = Clocks::all(Timing {
        repage: Duration::from_mins(1),
        claim: Duration::from_mins(2),
        answer: Duration::from_mins(3),
        lease: Duration::from_hours(1),
    });

    fn fine() -> Facts {
        Facts {
            on_call: 1,
            signed_in: 1,
            ..Facts::default()
        }
    }

    fn waits(urgency: Urgency, seconds: u64) -> Unclaimed {
        Unclaimed {
            urgency,
            since: NOW.minus(Duration::from_secs(seconds)),
            exhausted: false,
        }
    }

    #[test]
    fn without_a_reason_the_light_is_green() {
        assert_eq!(health(&fine(), &CLOCKS, NOW), (Light::Green, Vec::new()));
        let mut busy = fine();
        busy.unclaimed = vec![waits(Urgency::Imminent, 180), waits(Urgency::Concern, 10)];
        busy.in_hands = 1;
        assert_eq!(
            health(&busy, &CLOCKS, NOW).0,
            Light::Green,
            "their clocks allow it"
        );
    }

    #[test]
    fn who_waits_longer_than_the_clocks_allow_is_a_reason() {
        let mut facts = fine();
        facts.unclaimed = vec![
            waits(Urgency::WantsHuman, 181),
            waits(Urgency::Concern, 400),
        ];
        assert_eq!(
            health(&facts, &CLOCKS, NOW),
            (
                Light::Amber,
                vec![Why::OtherWaits(2, Duration::from_secs(400))]
            )
        );
        facts.unclaimed.push(waits(Urgency::High, 181));
        let (light, reasons) = health(&facts, &CLOCKS, NOW);
        assert_eq!(light, Light::Red);
        assert_eq!(reasons[0], Why::CrisisWaits(1, Duration::from_secs(181)));
    }

    #[test]
    fn each_of_these_alone_changes_the_light() {
        let exhausted = Unclaimed {
            exhausted: true,
            ..waits(Urgency::Concern, 1)
        };
        for (facts, why) in [
            (
                Facts {
                    on_call: 0,
                    ..fine()
                },
                Why::NobodyOnCall,
            ),
            (
                Facts {
                    unclaimed: vec![exhausted],
                    ..fine()
                },
                Why::Exhausted(1),
            ),
            (
                Facts {
                    overdue: 2,
                    ..fine()
                },
                Why::Overdue(2),
            ),
            (Facts { help: 1, ..fine() }, Why::HelpWanted(1)),
            (
                Facts {
                    in_hands: 4,
                    ..fine()
                },
                Why::Loaded(4, 1),
            ),
            (
                Facts {
                    in_hands: 1,
                    signed_in: 0,
                    ..fine()
                },
                Why::NobodySignedIn,
            ),
            (
                Facts {
                    incidents: 3,
                    ..fine()
                },
                Why::Incidents(3),
            ),
        ] {
            assert_eq!(health(&facts, &CLOCKS, NOW), (why.light(), vec![why]));
        }
        let idle = Facts {
            signed_in: 0,
            ..fine()
        };
        assert_eq!(
            health(&idle, &CLOCKS, NOW).0,
            Light::Green,
            "nobody has to sit there"
        );
    }
}
