//! Escalation policies: the rungs of a ladder, and who is on each.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::text::name::{self, OddName};

/// The shortest delay of a rung: the people on it need a moment to answer (design.md section 8).
pub const SHORTEST_DELAY: Duration = Duration::from_secs(15);
/// The longest: nobody in danger waits longer for the next page.
pub const LONGEST_DELAY: Duration = Duration::from_hours(1);
/// The most rungs, and the most rounds of one: a longer ladder is a mistake.
pub const MOST_RUNGS: usize = 20;
/// See [`MOST_RUNGS`].
pub const MOST_ROUNDS: u16 = 100;
/// The longest name of a policy, in characters.
pub const LONGEST_NAME: usize = 80;

/// Whom a rung pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Whoever is on call on a schedule.
    Schedule(Uuid),
    /// Whoever has the turn of one rotation.
    Rotation(Uuid),
    /// A person.
    Person(Uuid),
    /// Every person who can be paged.
    Everyone,
    /// The contacts of the configuration (`oncall.fallback`).
    Fallback,
}

/// As forms and the audit log write it: what it is, and the row of it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule(id) => write!(f, "schedule {id}"),
            Self::Rotation(id) => write!(f, "rotation {id}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Everyone => f.write_str("everyone"),
            Self::Fallback => f.write_str("fallback"),
        }
    }
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// From a page of this rung to the next page, of the same rung or of the next one.
    pub delay: Duration,
    /// How often it pages before the next rung; at least once. The last rung repeats for ever.
    pub repeat: u16,
    /// Whom it pages.
    pub targets: Vec<Target>,
}

/// A ladder: its rungs are climbed until somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The row.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many people must acknowledge before it stops paging; at least one.
    pub acks: u16,
    /// From the first to the last. Never empty.
    pub rungs: Vec<Rung>,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// Nothing to call it by, or too much.
    #[error("Give the policy a name of up to {LONGEST_NAME} characters.")]
    Name,
    /// It is not what it looks like.
    #[error(transparent)]
    OddName(#[from] OddName),
    /// Nobody would be paged.
    #[error("A policy needs a rung: without one nobody is paged. Add a rung.")]
    NoRungs,
    /// Nobody would look through it.
    #[error("This policy has {0} rungs: write {MOST_RUNGS} at most.")]
    TooManyRungs(usize),
    /// A rung without people.
    #[error("Rung {0} pages nobody: add a target to it, or remove it.")]
    NoTargets(usize),
    /// A rung that leaves no time to answer, or too much.
    #[error(
        "Rung {rung} waits {seconds} seconds for an answer: write a number from {least} to {most}.",
        least = SHORTEST_DELAY.as_secs(),
        most = LONGEST_DELAY.as_secs()
    )]
    Delay {
        /// Which, from 1.
        rung: usize,
        /// What was asked for.
        seconds: u64,
    },
    /// A rung that pages never, or too often.
    #[error("Rung {rung} pages {repeat} times: write a number from 1 to {MOST_ROUNDS}.")]
    Repeat {
        /// Which, from 1.
        rung: usize,
        /// What was asked for.
        repeat: u16,
    },
    /// Nobody would have to answer.
    #[error("At least 1 person must acknowledge: write 1 or more.")]
    NoAcks,
}

impl Policy {
    /// Whether it can be used, as far as that can be seen without looking who is there. Rungs are
    /// counted from 1.
    ///
    /// # Errors
    /// The first [`PolicyProblem`].
    pub fn check(&self) -> Result<(), PolicyProblem> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(PolicyProblem::Name);
        }
        name::check(name)?;
        match self.rungs.len() {
            0 => return Err(PolicyProblem::NoRungs),
            count if count > MOST_RUNGS => return Err(PolicyProblem::TooManyRungs(count)),
            _ => {}
        }
        for (rung, wanted) in (1..).zip(&self.rungs) {
            if wanted.targets.is_empty() {
                return Err(PolicyProblem::NoTargets(rung));
            }
            if !(SHORTEST_DELAY..=LONGEST_DELAY).contains(&wanted.delay) {
                let seconds = wanted.delay.as_secs();
                return Err(PolicyProblem::Delay { rung, seconds });
            }
            if !(1..=MOST_ROUNDS).contains(&wanted.repeat) {
                let repeat = wanted.repeat;
                return Err(PolicyProblem::Repeat { rung, repeat });
            }
        }
        if self.acks == 0 {
            return Err(PolicyProblem::NoAcks);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(seconds: u64, repeat: u16, targets: Vec<Target>) -> Rung {
        Rung {
            delay: Duration::from_secs(seconds),
            repeat,
            targets,
        }
    }

    fn policy(rungs: Vec<Rung>) -> Policy {
        Policy {
            id: Uuid::nil(),
            name: "Nights".to_owned(),
            acks: 1,
            rungs,
        }
    }

    #[test]
    fn a_policy_that_would_leave_somebody_waiting_is_refused_with_the_place() {
        let good = || rung(15, 1, vec![Target::Everyone]);
        let said = |policy: Policy| policy.check().unwrap_err().to_string();
        assert_eq!(policy(vec![good()]).check(), Ok(()));
        assert!(said(policy(Vec::new())).contains("needs a rung"));
        assert!(
            said(policy(vec![good(), rung(60, 1, Vec::new())])).contains("Rung 2 pages nobody")
        );
        for (seconds, repeat, words) in [
            (
                14,
                1,
                "Rung 1 waits 14 seconds for an answer: write a number from 15 to 3600.",
            ),
            (3601, 1, "Rung 1 waits 3601 seconds"),
            (60, 0, "Rung 1 pages 0 times: write a number from 1 to 100."),
            (60, 101, "Rung 1 pages 101 times"),
        ] {
            let refused = said(policy(vec![rung(seconds, repeat, vec![Target::Fallback])]));
            assert!(refused.starts_with(words), "{refused}");
        }
        let unnamed = |name: &str| Policy {
            name: name.to_owned(),
            ..policy(vec![good()])
        };
        for name in ["", "  ", &"x".repeat(81)] {
            assert!(said(unnamed(name)).contains("a name"), "{name:?}");
        }
        assert!(said(unnamed("two\nlines")).contains("cannot be seen"));
        assert!(
            said(Policy {
                acks: 0,
                ..policy(vec![good()])
            })
            .contains("1 or more")
        );
        assert!(said(policy(vec![good(); 21])).contains("21 rungs"));
    }
}
