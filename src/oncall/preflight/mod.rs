//! Preflight: what will go wrong with being on call in the next days, while there is time to mend it.
//! Gaps, people who cannot be reached, and ways of paging that lead to nobody.

mod cover;
mod people;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::{Person, Policy, Schedule, Target, Urgency};
use crate::clock::At;

/// How far ahead one looks.
pub const AHEAD: Duration = Duration::from_hours(14 * 24);
/// So long before a gap somebody is alarmed.
pub const ALARM: Duration = Duration::from_hours(24);
/// A method that nobody has answered on for so long may not reach its owner any more.
pub const UNTESTED: Duration = Duration::from_hours(30 * 24);

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Note,
    /// Somebody should mend it in time.
    Warn,
    /// Somebody must mend it now.
    Alarm,
}

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Nobody at all is on call for some cases: their pages go to whoever is left.
    NobodyOnCall,
    /// Nobody is on call on a schedule that is paged.
    Gap,
    /// Somebody on call has left the team.
    Left,
    /// Nothing reaches somebody on call.
    Unreachable,
    /// Somebody on call has texted STOP.
    Stopped,
    /// A rung leads to nobody.
    EmptyRung,
    /// Somebody is on call twice at once.
    DoubleBooked,
    /// One way only reaches somebody on call.
    OneMethod,
    /// Nobody has answered on a method for long.
    Untested,
    /// A schedule that nothing pages.
    NotPaged,
    /// No policy was chosen.
    NoPolicy,
    /// The contacts of the configuration are all there is.
    OnlyFallback,
}

impl Trouble {
    /// The word for it in findings of `harborline doctor` and in pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NobodyOnCall => "nobody_on_call",
            Self::Gap => "gap",
            Self::Left => "left",
            Self::Unreachable => "unreachable",
            Self::Stopped => "stopped",
            Self::EmptyRung => "empty_rung",
            Self::DoubleBooked => "double_booked",
            Self::OneMethod => "one_method",
            Self::Untested => "untested",
            Self::NotPaged => "not_paged",
            Self::NoPolicy => "no_policy",
            Self::OnlyFallback => "only_fallback",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What is the matter.
    pub trouble: Trouble,
    /// The schedule, policy or person, by name.
    pub place: String,
    /// What was found, in a sentence.
    pub what: String,
    /// The first time at which it is so, if it is not always.
    pub when: Option<(At, At)>,
    /// That time as people read it, in the zone of the schedule; empty without one.
    pub shown: String,
    /// How many such times there are.
    pub times: usize,
    /// Whom it is about.
    pub who: Option<Uuid>,
    /// What to do about it, in a sentence; empty when nothing is to be done.
    pub fix: String,
}

/// Everything that says who will be paged.
#[derive(Clone, Copy, Debug)]
pub struct Readiness<'a> {
    /// Every schedule, with all that is not over.
    pub schedules: &'a [Schedule],
    /// Every policy.
    pub policies: &'a [Policy],
    /// Which policy pages for what; the built-in one for the rest: whoever is on call on any schedule,
    /// then everyone, then the contacts of the configuration.
    pub assigned: &'a BTreeMap<Urgency, Uuid>,
    /// Everyone who has not left.
    pub people: &'a [Person],
    /// The names of those who have, and are named somewhere all the same.
    pub left: &'a BTreeMap<Uuid, String>,
    /// How many contacts the configuration has.
    pub fallback: usize,
    /// Now.
    pub now: At,
}

/// Looks at the next days. What is worst comes first.
#[must_use]
pub fn preflight(readiness: &Readiness<'_>) -> Vec<Finding> {
    let Readiness {
        schedules,
        policies,
        fallback,
        ..
    } = readiness;
    let mut findings = Vec::new();
    if schedules.is_empty() && policies.is_empty() {
        let contacts = match fallback {
            1 => "the one contact".to_owned(),
            more => format!("the {more} contacts"),
        };
        findings.push(Finding {
            level: Level::Note,
            trouble: Trouble::OnlyFallback,
            place: "oncall.fallback".to_owned(),
            what: format!(
                "There is no schedule: every page goes to {contacts} of the configuration, at every hour"
            ),
            when: None,
            shown: String::new(),
            times: 0,
            who: None,
            fix: String::new(),
        });
    }
    let ladders = readiness.ladders();
    cover::look(readiness, &ladders, &mut findings);
    people::look(readiness, &ladders, &mut findings);
    findings.sort_by(|one, other| {
        let order = |finding: &Finding| {
            (
                std::cmp::Reverse(finding.level),
                finding.trouble,
                finding.when,
            )
        };
        order(one).cmp(&order(other))
    });
    findings
}

/// A way of paging that is in use.
struct Ladder<'a> {
    /// What it is called.
    place: &'a str,
    /// What it is called in a sentence.
    name: String,
    /// The cases that it is for.
    pages_for: Vec<&'static str>,
    /// The targets of each rung.
    rungs: Vec<&'a [Target]>,
    /// Whether it is the one that needs no choice.
    built_in: bool,
}

impl Readiness<'_> {
    /// The last moment that is looked at.
    fn until(&self) -> At {
        self.now.plus(AHEAD)
    }

    fn person(&self, id: Uuid) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// Whether a page may be expected to arrive at a person.
    fn is_reached(&self, id: Uuid) -> bool {
        let person = self.person(id);
        person.is_some_and(|person| person.methods.iter().any(super::Method::works))
    }

    /// The ways of paging that are in use.
    fn ladders(&self) -> Vec<Ladder<'_>> {
        let mut ladders: Vec<Ladder<'_>> = Vec::new();
        let mut without = Vec::new();
        for urgency in Urgency::ALL {
            let id = self.assigned.get(&urgency);
            let policy = id.and_then(|id| self.policies.iter().find(|policy| policy.id == *id));
            let Some(policy) = policy else {
                without.push(urgency.label());
                continue;
            };
            let name = format!("the policy “{}”", policy.name);
            match ladders.iter_mut().find(|ladder| ladder.name == name) {
                Some(ladder) => ladder.pages_for.push(urgency.label()),
                None => ladders.push(Ladder {
                    place: &policy.name,
                    name,
                    pages_for: vec![urgency.label()],
                    rungs: policy.rungs.iter().map(|rung| &rung.targets[..]).collect(),
                    built_in: false,
                }),
            }
        }
        if !without.is_empty() {
            ladders.push(Ladder {
                place: "built-in policy",
                name: "the built-in policy".to_owned(),
                pages_for: without,
                rungs: Vec::new(),
                built_in: true,
            });
        }
        ladders
    }
}

/// Whether anything in use pages a schedule, or a rotation of it.
fn is_paged(ladders: &[Ladder<'_>], schedule: &Schedule) -> bool {
    let is_it = |target: &Target| match target {
        Target::Schedule(id) => *id == schedule.id,
        Target::Rotation(id) => schedule.rotations.iter().any(|one| one.id == *id),
        Target::Person(_) | Target::Everyone | Target::Fallback => false,
    };
    let mut ladders = ladders.iter();
    ladders.any(|ladder| ladder.built_in || ladder.targets().any(is_it))
}

impl Ladder<'_> {
    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.rungs.iter().copied().flatten()
    }
}
