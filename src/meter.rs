//! The meter: what is counted and timed for `/metrics`, every series with its labels in one place. Floor 2.
//!
//! Labels are words of this program, never anything of a person and nothing that came from outside: a
//! function here takes no other. It deliberately keeps nothing itself: without a recorder
//! (`listen.metrics` is not set) what is counted goes nowhere.

use std::time::Duration;

use crate::lane::Lane;
use crate::oncall::Channel;
use crate::triage::Tier;

/// What a series is, in the words of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Seconds, in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// A series: its name, what it is, and what it says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series {
    /// The name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// One sentence for who reads it.
    pub help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Series {
    let kind = Kind::Counter;
    Series { name, kind, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Series {
    let kind = Kind::Gauge;
    Series { name, kind, help }
}

const fn seconds(name: &'static str, bounds: &'static [f64], help: &'static str) -> Series {
    let kind = Kind::Histogram(bounds);
    Series { name, kind, help }
}

/// For work that a gateway or a browser waits for: the crisis answer waits 0.2 s, a gateway 2 to 15 s.
const FAST: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];
/// For triage, which takes microseconds.
const FASTEST: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.5,
];
/// For answers that wait in the outbox: their deadlines are 30, 60 and 120 s.
const SLOW: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
];

const TEXTS: &str = "harborline_texts_total";
const TRIAGE: &str = "harborline_triage_seconds";
const INTAKE: &str = "harborline_intake_seconds";
const HTTP: &str = "harborline_http_seconds";
const COMMIT: &str = "harborline_store_commit_seconds";
const SENDS: &str = "harborline_sends_total";
const SEND: &str = "harborline_send_seconds";
const WAIT: &str = "harborline_outbox_wait_seconds";
const WORKERS: &str = "harborline_worker_failures_total";

/// A number as it is at the moment, by its name: see [`SERIES`].
pub mod now {
    /// 1, with the version as label.
    pub const BUILD: &str = "harborline_build_info";
    /// Whether the store answered this look.
    pub const STORE_UP: &str = "harborline_store_up";
    /// Open connections, by state.
    pub const CONNECTIONS: &str = "harborline_store_connections";
    /// The most connections.
    pub const CONNECTIONS_MAX: &str = "harborline_store_connections_max";
    /// Texts that are due, by lane.
    pub const OUTBOX_DUE: &str = "harborline_outbox_due";
    /// For how long the oldest of them has been due.
    pub const OUTBOX_OLDEST: &str = "harborline_outbox_oldest_due_seconds";
    /// Obligations that are open.
    pub const OBLIGATIONS: &str = "harborline_obligations_open";
    /// Those past their deadline.
    pub const OVERDUE: &str = "harborline_obligations_overdue";
    /// Open cases.
    pub const CASES: &str = "harborline_cases_open";
    /// Those that nobody has taken.
    pub const UNACKNOWLEDGED: &str = "harborline_cases_unacknowledged";
    /// Those whose ladder was climbed in vain.
    pub const EXHAUSTED: &str = "harborline_cases_exhausted";
    /// Open incidents, by kind.
    pub const INCIDENTS: &str = "harborline_incidents_open";
    /// What the spool holds.
    pub const SPOOL: &str = "harborline_spool_entries";
    /// The age of the oldest.
    pub const SPOOL_OLDEST: &str = "harborline_spool_oldest_seconds";
    /// What was set aside, by why.
    pub const SET_ASIDE: &str = "harborline_spool_set_aside";
    /// Open live pages.
    pub const LISTENERS: &str = "harborline_live_listeners";
    /// Whether an audit found nothing lately.
    pub const HEARTBEAT: &str = "harborline_heartbeat_ok";
    /// Since when.
    pub const HEARTBEAT_AGE: &str = "harborline_heartbeat_passed_seconds";
    /// What the last audit found.
    pub const FINDINGS: &str = "harborline_audit_findings";
    /// Workers that do not work.
    pub const SILENT: &str = "harborline_workers_silent";
    /// Edited files that were refused.
    pub const REFUSED: &str = "harborline_edited_files_refused";
}

/// Every series. What is of the store is the same on every replica: take the greatest, not the sum.
pub const SERIES: [Series; 30] = [
    counter(
        TEXTS,
        "Texts that hooks brought, by the tier that triage gave them and by what became of them: stored, spooled or lost. Repeated deliveries count.",
    ),
    seconds(TRIAGE, FASTEST, "How long triage took for a text."),
    seconds(
        INTAKE,
        FAST,
        "From the end of triage to the durable commit of the decision.",
    ),
    seconds(
        HTTP,
        FAST,
        "From a request to the head of its answer, by door and class of status.",
    ),
    seconds(COMMIT, FAST, "How long a unit of work took, by outcome."),
    counter(SENDS, "Tries to send, by lane, channel and outcome."),
    seconds(
        SEND,
        FAST,
        "How long the other side took to answer a send, by channel.",
    ),
    seconds(
        WAIT,
        SLOW,
        "From the decision to the gateway's acceptance, by lane.",
    ),
    counter(WORKERS, "Looks of workers that failed, by worker."),
    gauge(now::BUILD, "1; the version is a label."),
    gauge(
        now::STORE_UP,
        "1 if the database answered while these numbers were read.",
    ),
    gauge(
        now::CONNECTIONS,
        "Connections to the database, by state (of SQLite: those that read).",
    ),
    gauge(
        now::CONNECTIONS_MAX,
        "The most connections to the database.",
    ),
    gauge(
        now::OUTBOX_DUE,
        "Outgoing texts and pages that are due, by lane.",
    ),
    gauge(
        now::OUTBOX_OLDEST,
        "For how long the oldest of them has been due, by lane.",
    ),
    gauge(now::OBLIGATIONS, "Texts that are owed a reply."),
    gauge(now::OVERDUE, "Those of them whose deadline has passed."),
    gauge(now::CASES, "Open cases, drills left out."),
    gauge(
        now::UNACKNOWLEDGED,
        "Open cases that nobody has acknowledged.",
    ),
    gauge(
        now::EXHAUSTED,
        "Open cases whose ladder was climbed to its end in vain.",
    ),
    gauge(
        now::INCIDENTS,
        "Open incidents, by kind: what the operator was told of.",
    ),
    gauge(
        now::SPOOL,
        "Texts and receipts that this replica keeps until the database takes them.",
    ),
    gauge(now::SPOOL_OLDEST, "The age of the oldest of them."),
    gauge(
        now::SET_ASIDE,
        "Entries of the spool that need a person, by why: corrupt or refused.",
    ),
    gauge(now::LISTENERS, "Open pages that are live, at this replica."),
    gauge(now::HEARTBEAT, "1 if an audit found nothing lately."),
    gauge(
        now::HEARTBEAT_AGE,
        "Since an audit last found nothing; absent if none ever did.",
    ),
    gauge(now::FINDINGS, "What the last audit found, by finding."),
    gauge(
        now::SILENT,
        "Workers of this replica that do not do their work.",
    ),
    gauge(
        now::REFUSED,
        "1 if edited files were refused and the ones before serve, by what: rules or packs.",
    ),
];

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The database has it.
    Stored,
    /// The spool has it.
    Spooled,
    /// Neither has it.
    Lost,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Stored, Self::Spooled, Self::Lost];

    const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Spooled => "spooled",
            Self::Lost => "lost",
        }
    }
}

/// Makes the counters whose first step must not be missed, at nought.
pub fn begin() {
    for tier in Tier::ALL {
        for fate in Fate::ALL {
            metrics::counter!(TEXTS, "tier" => tier.word(), "outcome" => fate.word()).absolute(0);
        }
    }
}

/// A text came in.
pub fn text(tier: Tier, fate: Fate) {
    metrics::counter!(TEXTS, "tier" => tier.word(), "outcome" => fate.word()).increment(1);
}

/// A text was judged.
pub fn judged(took: Duration) {
    metrics::histogram!(TRIAGE).record(took);
}

/// A decision is durable.
pub fn decided(took: Duration) {
    metrics::histogram!(INTAKE).record(took);
}

/// A request was answered: by which door, and with what class of status (`2xx`).
pub fn answered(door: &'static str, class: &'static str, took: Duration) {
    metrics::histogram!(HTTP, "door" => door, "status" => class).record(took);
}

/// A unit of work ended.
pub fn committed(well: bool, took: Duration) {
    let outcome = if well { "ok" } else { "failed" };
    metrics::histogram!(COMMIT, "outcome" => outcome).record(took);
}

/// A send ended so; `outcome` is a word of the program. `took` is none for what was not tried.
pub fn sent(lane: Lane, channel: Channel, outcome: &'static str, took: Option<Duration>) {
    let channel = channel.word();
    metrics::counter!(SENDS, "lane" => lane.word(), "channel" => channel, "outcome" => outcome)
        .increment(1);
    if let Some(took) = took {
        metrics::histogram!(SEND, "channel" => channel).record(took);
    }
}

/// The gateway took what was decided so long ago.
pub fn left(lane: Lane, waited: Duration) {
    metrics::histogram!(WAIT, "lane" => lane.word()).record(waited);
}

/// A look of a worker failed.
pub fn worker_failed(worker: &'static str) {
    metrics::counter!(WORKERS, "worker" => worker).increment(1);
}

/// Sets a number as it is at the moment.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows and seconds are far below what a float holds exactly"
)]
pub fn set(name: &'static str, label: Option<(&'static str, &'static str)>, value: i64) {
    match label {
        None => metrics::gauge!(name).set(value as f64),
        Some((key, word)) => metrics::gauge!(name, key => word).set(value as f64),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn series_are_named_as_prometheus_wants_them_and_say_what_they_are() {
        let mut names = BTreeSet::new();
        for series in SERIES {
            let name = series.name;
            assert!(names.insert(name), "{name} twice");
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(
                name.starts_with("harborline_") && name.chars().all(plain),
                "{name}"
            );
            assert_eq!(
                series.kind == Kind::Counter,
                name.ends_with("_total"),
                "{name}"
            );
            assert!(series.help.ends_with('.'), "{name}");
            if let Kind::Histogram(bounds) = series.kind {
                assert!(name.ends_with("_seconds") && bounds.is_sorted(), "{name}");
            }
        }
    }
}
