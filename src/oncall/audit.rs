//! The audit: whether the program does what it is there for, from what the store counts and what each
//! process sees of itself. While it finds nothing, the heartbeat goes out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long a text is overdue before that is a finding: a crisis reply in the response to a hook goes
/// again through the API just when it is due.
pub const OVERDUE: Duration = Duration::from_secs(15);
/// The same while a person has the conversation. Until they first write, the clocks of the alert are
/// the guard. After it, what the texter writes is theirs to answer, no clock pages for it, and a person
/// needs longer than a machine.
pub const OVERDUE_WITH_HUMAN: Duration = Duration::from_mins(10);
/// How late a page may be before the ladder counts as standing still.
pub const LATE_PAGE: Duration = Duration::from_mins(1);
/// How long crisis replies and pages may lie in the outbox past their due time and lease.
pub const STUCK_URGENT: Duration = Duration::from_mins(1);
/// The same for what people write: it waits for the pace of its sender.
pub const STUCK_CONVERSATION: Duration = Duration::from_mins(10);
/// The same for menus, which are dropped after an hour.
pub const STUCK_CONTENT: Duration = Duration::from_mins(65);
/// How long something may wait in the spool: a replay takes seconds.
pub const SPOOLED: Duration = Duration::from_mins(1);

/// What the store counts, for all replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Open alerts with nothing scheduled and no person who has written.
    pub unscheduled: i64,
    /// Open alerts whose next page is later than [`LATE_PAGE`].
    pub late_pages: i64,
    /// Texts that are owed an answer for longer than [`OVERDUE`], or [`OVERDUE_WITH_HUMAN`].
    pub overdue: i64,
    /// Texts that lie in the outbox past their due time and lease: see [`STUCK_URGENT`].
    pub stuck: i64,
    /// At some moment, now or soon, nobody is on call.
    pub nobody_on_call: bool,
}

/// What one process sees of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// How many texts and receipts wait in its spool, if the oldest waits longer than [`SPOOLED`].
    pub spooled: usize,
    /// The workers that have not done their work for too long.
    pub silent_workers: Vec<&'static str>,
    /// A plain crisis text is seen as one by the triage rules in force.
    pub triage_works: bool,
}

/// Something that the audit finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Open alerts have nothing scheduled.
    Unscheduled,
    /// Pages are late.
    LatePages,
    /// Texts had no answer in time.
    Overdue,
    /// Texts do not leave.
    Stuck,
    /// The spool is not emptied.
    Spooled,
    /// Workers do not work.
    SilentWorkers,
    /// The triage rules do not see a crisis.
    Triage,
    /// At some moment nobody is on call.
    NobodyOnCall,
}

impl Finding {
    /// Everything that it looks for.
    pub const ALL: [Self; 8] = [
        Self::Unscheduled,
        Self::LatePages,
        Self::Overdue,
        Self::Stuck,
        Self::Spooled,
        Self::SilentWorkers,
        Self::Triage,
        Self::NobodyOnCall,
    ];

    /// The word for it in logs, incidents and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unscheduled => "unscheduled",
            Self::LatePages => "late_pages",
            Self::Overdue => "overdue",
            Self::Stuck => "stuck",
            Self::Spooled => "spooled",
            Self::SilentWorkers => "silent_workers",
            Self::Triage => "triage",
            Self::NobodyOnCall => "nobody_on_call",
        }
    }

    /// Whether nobody else tells the operator of it: the others are found by the ledger, the fail-safe
    /// and the preflight, too, who open incidents of their own.
    #[must_use]
    pub const fn is_ours_to_tell(self) -> bool {
        matches!(
            self,
            Self::LatePages | Self::Stuck | Self::SilentWorkers | Self::Triage
        )
    }
}

/// A finding, with how many there are and, of workers, which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What.
    pub finding: Finding,
    /// How many.
    pub count: i64,
    /// Names of parts of the program; nothing of a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Found {
    fn new(finding: Finding, count: i64) -> Option<Self> {
        (count > 0).then_some(Self {
            finding,
            count,
            names: Vec::new(),
        })
    }

    /// The same in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let count = self.count;
        match self.finding {
            Finding::Unscheduled => format!("{count} open case(s) have no next page and no person"),
            Finding::LatePages => {
                format!("{count} open case(s) should have been paged again and were not")
            }
            Finding::Overdue => format!("{count} text(s) had no answer in time"),
            Finding::Stuck => format!("{count} text(s) lie in the outbox and do not leave"),
            Finding::Spooled => format!("{count} text(s) or receipt(s) stay in the spool"),
            Finding::SilentWorkers => {
                format!("{count} worker(s) do not work: {}", self.names.join(", "))
            }
            Finding::Triage => {
                "a plain crisis text is not seen as one by the triage rules in force".to_owned()
            }
            Finding::NobodyOnCall => "nobody is on call, now or soon".to_owned(),
        }
    }
}

/// What is wrong for all replicas.
#[must_use]
pub fn audit(vitals: &Vitals) -> Vec<Found> {
    [
        Found::new(Finding::Unscheduled, vitals.unscheduled),
        Found::new(Finding::LatePages, vitals.late_pages),
        Found::new(Finding::Overdue, vitals.overdue),
        Found::new(Finding::Stuck, vitals.stuck),
        Found::new(Finding::NobodyOnCall, i64::from(vitals.nobody_on_call)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is wrong in one process.
#[must_use]
pub fn audit_process(process: &Process) -> Vec<Found> {
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let silent = Found::new(Finding::SilentWorkers, count(process.silent_workers.len()));
    let names = process.silent_workers.iter().map(ToString::to_string);
    [
        Found::new(Finding::Spooled, count(process.spooled)),
        silent.map(|found| Found {
            names: names.collect(),
            ..found
        }),
        Found::new(Finding::Triage, i64::from(!process.triage_works)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Findings of several processes as one list, each kind once.
#[must_use]
pub fn together(all: impl IntoIterator<Item = Found>) -> Vec<Found> {
    let mut merged: Vec<Found> = Vec::new();
    for found in all {
        match merged.iter_mut().find(|kept| kept.finding == found.finding) {
            Some(kept) => {
                kept.count = kept.count.saturating_add(found.count);
                kept.names.extend(found.names);
            }
            None => merged.push(found),
        }
    }
    merged.sort_by_key(|found| found.finding);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTHY: Process = Process {
        spooled: 0,
        silent_workers: Vec::new(),
        triage_works: true,
    };

    fn findings(found: &[Found]) -> Vec<(Finding, i64)> {
        found
            .iter()
            .map(|found| (found.finding, found.count))
            .collect()
    }

    #[test]
    fn nothing_wrong_is_no_finding() {
        assert_eq!(audit(&Vitals::default()), []);
        assert_eq!(audit_process(&HEALTHY), []);
    }

    #[test]
    fn each_thing_that_is_wrong_is_a_finding_of_its_own() {
        let vitals = Vitals {
            unscheduled: 1,
            late_pages: 2,
            overdue: 3,
            stuck: 4,
            nobody_on_call: true,
        };
        let expected = [
            (Finding::Unscheduled, 1),
            (Finding::LatePages, 2),
            (Finding::Overdue, 3),
            (Finding::Stuck, 4),
            (Finding::NobodyOnCall, 1),
        ];
        assert_eq!(findings(&audit(&vitals)), expected);
        let process = Process {
            spooled: 5,
            silent_workers: vec!["paging"],
            triage_works: false,
        };
        let found = audit_process(&process);
        let expected = [
            (Finding::Spooled, 5),
            (Finding::SilentWorkers, 1),
            (Finding::Triage, 1),
        ];
        assert_eq!(findings(&found), expected);
        assert!(found[1].sentence().contains("paging"));
    }

    #[test]
    fn what_several_processes_find_is_told_once() {
        let silent = |worker| {
            audit_process(&Process {
                silent_workers: vec![worker],
                ..HEALTHY
            })
        };
        let all = together(silent("paging").into_iter().chain(silent("replay")));
        assert_eq!(findings(&all), [(Finding::SilentWorkers, 2)]);
        assert_eq!(all[0].names, ["paging", "replay"]);
    }

    #[test]
    fn a_finding_is_kept_and_read_by_its_word() {
        for finding in [Finding::LatePages, Finding::Triage, Finding::NobodyOnCall] {
            let kept = serde_json::to_value(finding).unwrap();
            assert_eq!(kept, finding.word());
        }
    }
}
