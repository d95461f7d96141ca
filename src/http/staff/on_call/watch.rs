//! What is open of the incidents that concern on call, and how the heartbeat stands.

use std::time::Duration;

use uuid::Uuid;

use super::super::readiness::Mark;
use super::super::when::{length_s, wait};
use crate::clock::At;
use crate::heartbeat::Standing;
use crate::http::words::{phrase, said, tr};
use crate::oncall::{Incident, IncidentKind, Schedule, incident};

/// An open incident, in words.
pub(super) struct Open {
    pub(super) since: String,
    pub(super) what: String,
    /// Where one looks at it.
    pub(super) link: String,
    pub(super) link_words: &'static str,
    /// Its own page.
    pub(super) id: Uuid,
}

/// The incidents that concern on call. What preflight finds is told as its finding.
pub(super) fn open(
    incidents: &[Incident],
    schedules: &[Schedule],
    public_url: &str,
    now: At,
) -> Vec<Open> {
    let told = |one: &Incident| {
        let (link, link_words) = place(one, schedules)?;
        let words = incident(one, public_url, now);
        Some(Open {
            since: wait(one.opened_at, now),
            what: said(words.strip_prefix("Harborline: ").unwrap_or(&words)),
            link,
            link_words,
            id: one.id,
        })
    };
    incidents.iter().filter_map(told).collect()
}

fn place(incident: &Incident, schedules: &[Schedule]) -> Option<(String, &'static str)> {
    let to = |path: &str, words| Some((path.to_owned(), words));
    match incident.kind {
        IncidentKind::Exhausted | IncidentKind::Stalled => to("#cases", phrase!("To the cases")),
        IncidentKind::Unanswered => to("/", phrase!("To the queue")),
        IncidentKind::ShiftNotTaken => {
            let schedule = schedules.iter().find(|one| one.name == incident.subject);
            match schedule {
                Some(one) => to(
                    &format!("/schedules/{}", one.id),
                    phrase!("To the schedule"),
                ),
                None => to("/schedules", phrase!("To the schedules")),
            }
        }
        IncidentKind::Audit | IncidentKind::Heartbeat => {
            to("#heartbeat", phrase!("To the heartbeat"))
        }
        IncidentKind::Drill | IncidentKind::DrillMissed => to("/drills", phrase!("To the drills")),
        _ => None,
    }
}

/// How the heartbeat stands.
pub(in crate::http::staff) struct Pulse {
    pub(in crate::http::staff) mark: Mark,
    pub(in crate::http::staff) words: String,
    pub(in crate::http::staff) findings: Vec<String>,
    /// Whether a monitor outside hears of it.
    pub(in crate::http::staff) pings: bool,
}

pub(in crate::http::staff) fn pulse(standing: &Standing, pings: bool) -> Pulse {
    let ago = |seconds: u64| length_s(Duration::from_secs(seconds));
    let (mark, words) = match (standing.is_ok(), standing.passed_s, standing.audited_s) {
        (_, _, None) => (
            Mark {
                class: "plain",
                word: phrase!("no audit yet"),
            },
            tr!("The first audit is held soon after a start."),
        ),
        (true, Some(passed), _) => (
            Mark {
                class: "good",
                word: phrase!("all is well"),
            },
            tr!("The audit found nothing, {ago} ago.", ago = ago(passed)),
        ),
        (_, Some(passed), _) => (
            Mark {
                class: "bad",
                word: phrase!("withheld"),
            },
            tr!(
                "The last audit that found nothing was {ago} ago.",
                ago = ago(passed)
            ),
        ),
        (_, None, Some(_)) => (
            Mark {
                class: "bad",
                word: phrase!("withheld"),
            },
            tr!("No audit has passed yet."),
        ),
    };
    Pulse {
        mark,
        words,
        findings: standing
            .findings
            .iter()
            .map(|one| said(one.sentence()))
            .collect(),
        pings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(status: &'static str, passed_s: Option<u64>, audited_s: Option<u64>) -> Standing {
        Standing {
            status,
            passed_s,
            audited_s,
            every_s: 60,
            findings: Vec::new(),
        }
    }

    #[test]
    fn the_heartbeat_is_said_in_a_word() {
        for (standing, word, words) in [
            (
                standing("failing", None, None),
                "no audit yet",
                "The first audit is held soon after a start.",
            ),
            (
                standing("ok", Some(20), Some(20)),
                "all is well",
                "The audit found nothing, 20 s ago.",
            ),
            (
                standing("failing", Some(600), Some(20)),
                "withheld",
                "The last audit that found nothing was 10 min ago.",
            ),
            (
                standing("failing", None, Some(20)),
                "withheld",
                "No audit has passed yet.",
            ),
        ] {
            let pulse = pulse(&standing, false);
            assert_eq!((pulse.mark.word, pulse.words.as_str()), (word, words));
        }
    }
}
