//! The operator: whoever looks after the program itself hears of what it cannot mend alone.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::Contact;
use super::words::minutes;
use crate::clock::At;

/// Who looks after the program, and how they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Everyone who is told.
    pub contacts: Vec<Contact>,
    /// From one text about an open incident to the next.
    pub repeat: Duration,
    /// The gateway that these texts leave by.
    pub gateway: String,
    /// Where the server is reached.
    pub public_url: String,
}

/// What went wrong. The words that it is kept by are those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum IncidentKind {
    /// Texts of a gateway had no answer in time.
    Overdue,
    /// Texts wait for the person who has their conversation.
    Unanswered,
    /// A text came in, and nothing was planned as its answer.
    Unowed,
    /// An open alert had nothing scheduled and no person.
    Stalled,
    /// Cases whose ladder was climbed to its end in vain.
    Exhausted,
    /// Hooks of a gateway were signed in a way that does not hold.
    Signature,
    /// Texts were found at the provider that no hook had brought.
    MissedHook,
    /// A provider could not be asked for its texts.
    Listing,
    /// A provider names texts that no hook had brought, and does not hand out their words.
    Unfetched,
    /// Texts of a gateway are held until somebody decides.
    Quarantine,
    /// What a gateway brought was kept neither in the database nor in the spool.
    NotKept,
    /// What waited in the spool was set aside: it cannot be opened, or the database refused it.
    SetAside,
    /// The database is well, and the spool is not emptied.
    Spooled,
    /// Nobody who is on call on a schedule has taken the shift.
    ShiftNotTaken,
    /// The audit found what nobody else tells of: the heartbeat is withheld.
    Audit,
    /// The audit log was tampered with, or its end could not be kept elsewhere.
    AuditLog,
    /// A sign of life that we expect did not come.
    Heartbeat,
    /// A drill failed.
    Drill,
    /// A scheduled drill was not held.
    DrillMissed,
    /// Soon nobody at all will be on call for some cases.
    NobodyOnCall,
    /// Soon nobody will be on call on a schedule.
    Uncovered,
    /// A responder cannot be texted: they sent STOP, or their carrier blocks us.
    ResponderUnreachable,
    /// Pages to a responder were given up.
    PageFailed,
}

/// The codes of a call that rang, and that no person took.
pub const UNANSWERED: [&str; 4] = ["busy", "canceled", "no-answer", "voicemail"];

/// How the subject begins of an incident about the audit log of another line that pings us.
pub const OF_ANOTHER: &str = "head:";

impl IncidentKind {
    /// Every kind.
    pub const ALL: [Self; 23] = [
        Self::AuditLog,
        Self::Overdue,
        Self::Unanswered,
        Self::Unowed,
        Self::Stalled,
        Self::Exhausted,
        Self::Signature,
        Self::MissedHook,
        Self::Listing,
        Self::Unfetched,
        Self::Quarantine,
        Self::NotKept,
        Self::SetAside,
        Self::Spooled,
        Self::ShiftNotTaken,
        Self::Audit,
        Self::Heartbeat,
        Self::Drill,
        Self::DrillMissed,
        Self::NobodyOnCall,
        Self::Uncovered,
        Self::ResponderUnreachable,
        Self::PageFailed,
    ];

    /// The word for logs, metrics and `/readyz`: the same as in the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Unanswered => "unanswered",
            Self::Unowed => "unowed",
            Self::Stalled => "stalled",
            Self::Exhausted => "exhausted",
            Self::Signature => "signature",
            Self::MissedHook => "missed_hook",
            Self::Listing => "listing",
            Self::Unfetched => "unfetched",
            Self::Quarantine => "quarantine",
            Self::NotKept => "not_kept",
            Self::SetAside => "set_aside",
            Self::Spooled => "spooled",
            Self::ShiftNotTaken => "shift_not_taken",
            Self::Audit => "audit",
            Self::AuditLog => "audit_log",
            Self::Heartbeat => "heartbeat",
            Self::Drill => "drill",
            Self::DrillMissed => "drill_missed",
            Self::NobodyOnCall => "nobody_on_call",
            Self::Uncovered => "uncovered",
            Self::ResponderUnreachable => "responder_unreachable",
            Self::PageFailed => "page_failed",
        }
    }

    /// Whether it is a thing that happens, and so is over when it has not happened again for a
    /// while. The others are states: they are over when whoever found them finds them gone.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(
            self,
            Self::Unowed
                | Self::Stalled
                | Self::Signature
                | Self::MissedHook
                | Self::Unfetched
                | Self::NotKept
                | Self::SetAside
                // Each replica has a spool of its own: none may say for the others that it is over.
                | Self::Spooled
                // The next page that arrives does not say so.
                | Self::PageFailed
        )
    }

    /// From one text about it to the next: no sooner than the operator wants to hear. What only a day's
    /// work mends must not wake anybody every quarter of an hour.
    #[must_use]
    pub fn pace(self, repeat: Duration) -> Duration {
        match self {
            // There is a day left to put somebody there.
            Self::AuditLog | Self::Heartbeat | Self::NobodyOnCall | Self::Uncovered => {
                repeat.max(Duration::from_hours(6))
            }
            Self::Drill | Self::DrillMissed => repeat.max(Duration::from_hours(24)),
            _ => repeat,
        }
    }
}

/// Something that the operator must know of; open until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The row.
    pub id: Uuid,
    /// What went wrong.
    pub kind: IncidentKind,
    /// Where: mostly the name of a gateway.
    pub subject: String,
    /// When it was opened.
    pub opened_at: At,
    /// When it last happened or grew.
    pub last_at: At,
    /// How often it happened, or how many there are.
    pub count: i64,
    /// When the operator was last told.
    pub told_at: Option<At>,
    /// More about it, without personal data.
    pub detail: Value,
}

/// What the operator is told of an open incident: what, where, and what to do about it.
#[expect(clippy::too_many_lines, reason = "one sentence a kind, side by side")]
#[must_use]
pub fn incident(incident: &Incident, public_url: &str, now: At) -> String {
    let Incident {
        subject,
        count,
        detail,
        ..
    } = incident;
    let texts = texts(*count);
    let oldest = || {
        let since = detail["oldest_due"].as_i64().map_or(incident.opened_at, At);
        minutes(now.since(since))
    };
    let when = || detail["when"].as_str().unwrap_or("soon");
    let what = match incident.kind {
        IncidentKind::Overdue => format!(
            "{texts} on gateway {subject} had NO ANSWER in time, overdue for {}. Check the gateway's account and status, then {public_url}/readyz.",
            oldest()
        ),
        IncidentKind::Unanswered => format!(
            "{texts} on gateway {subject} wait for the person who has the conversation, overdue for {}. Ask your team to answer or close it: {public_url}",
            oldest()
        ),
        IncidentKind::Unowed => format!(
            "{texts} came in on gateway {subject} without a planned answer. It is a fault of the program: look at the queue ({public_url}) and report it."
        ),
        IncidentKind::Stalled => format!(
            "{count} open case(s) had nobody and no next page. They are paged again now. It is a fault of the program: report it. {public_url}"
        ),
        IncidentKind::Exhausted => {
            let cases = if *count == 1 {
                "case was"
            } else {
                "cases were"
            };
            format!(
                "{count} open {cases} paged on every rung, and NOBODY took it, waiting for {}. Everyone who can be reached is paged now. Please call your team: {public_url}",
                oldest()
            )
        }
        IncidentKind::Signature => {
            let why = detail["why"].as_str().unwrap_or("not known");
            let then = match detail["policy"].as_str() {
                Some("observe") => "They were taken in all the same.",
                Some("quarantine") => "Texts are held: run harborline quarantine list.",
                _ => "They were REFUSED, texts may be lost.",
            };
            format!(
                "{count} hook(s) of gateway {subject} failed the signature check ({why}). {then} Check gateways.{subject} (its token or key) and public_url."
            )
        }
        IncidentKind::MissedHook => format!(
            "{texts} on gateway {subject} never reached our webhook. They were found at the provider and answered late. Check the webhook URL there: harborline doctor."
        ),
        IncidentKind::Listing => format!(
            "gateway {subject} could not be asked for missed texts, {count} times in a row. Check its credentials and status: harborline doctor."
        ),
        IncidentKind::Unfetched => format!(
            "{texts} on gateway {subject} never reached us, and the provider does not hand out the words. Look for them in its own message log, and answer there."
        ),
        IncidentKind::Quarantine => format!(
            "{texts} on gateway {subject} are held, their signature did not hold. Run: harborline quarantine list, then release or discard."
        ),
        IncidentKind::NotKept => format!(
            "{count} text(s) or receipt(s) of gateway {subject} were NOT KEPT, neither in the database nor in the spool. Look for lost texts in the gateway's own message log, then: harborline doctor."
        ),
        IncidentKind::SetAside => {
            let why = match subject.as_str() {
                "corrupt" => "could not be opened",
                _ => "were refused by the database",
            };
            format!(
                "{count} that waited in the spool {why}. Nobody has read them; they are kept in spool/{subject}. What to do: harborline doctor."
            )
        }
        IncidentKind::NobodyOnCall => format!(
            "NOBODY is on call ({subject}): {}. {count} such time(s) within two weeks. More: harborline doctor. Put somebody there.",
            when()
        ),
        IncidentKind::Uncovered => format!(
            "nobody who can be reached is on call on {subject}: {}. {count} such time(s) within two weeks. More: harborline doctor. Put somebody there.",
            when()
        ),
        IncidentKind::ShiftNotTaken => format!(
            "nobody has taken the shift on {subject} ({count} asked). If somebody texts now, pages may be unanswered. Find out who is there."
        ),
        IncidentKind::ResponderUnreachable => {
            let why = match detail["why"].as_str() {
                Some("carrier") => "The carrier blocks our texts to",
                _ => "STOP came from the phone of",
            };
            format!(
                "{why} {subject}: NO PAGE reaches it. Call them and ask them to text START, and look who is on call now: {public_url}"
            )
        }
        IncidentKind::PageFailed => {
            let (channel, code) = (detail["channel"].as_str(), detail["code"].as_str());
            if code.is_some_and(|code| UNANSWERED.contains(&code)) {
                let code = code.unwrap_or_default();
                return format!(
                    "{count} call(s) to {subject} found nobody ({code}), and the case waits. Look who else is there: {public_url}"
                );
            }
            format!(
                "{count} page(s) to {subject} by {} did NOT arrive ({}). Ask them to mend and test this contact method: {public_url}",
                channel.unwrap_or("any channel"),
                code.unwrap_or("unknown"),
            )
        }
        IncidentKind::Spooled => format!(
            "the database is well, and {count} still wait in the spool, unanswered or unread. Read the server's log, then: harborline doctor."
        ),
        IncidentKind::Audit => audited(incident, public_url),
        IncidentKind::AuditLog => {
            let why = detail["why"].as_str().unwrap_or_default();
            match subject.as_str() {
                "anchor" => format!(
                    "the end of the audit log could not be kept elsewhere ({why}). Until it is, nobody notices when its last entries are removed. Look at [audit]."
                ),
                other => match other.strip_prefix(OF_ANOTHER) {
                    Some(name) => format!(
                        "the AUDIT LOG of {name} was cut off or written anew: {why}. Keep a copy of its database, and find out who can write in it."
                    ),
                    None => format!(
                        "the AUDIT LOG does not hold: {why}. Keep a copy of the database, and find out who can write in it. More: harborline audit verify."
                    ),
                },
            }
        }
        IncidentKind::Heartbeat => {
            let last = detail["last"].as_i64().map_or(incident.opened_at, At);
            format!(
                "no sign of life from {subject} for {}. Look whether it still runs, and whether it reaches us.",
                span(now.since(last))
            )
        }
        IncidentKind::Drill => {
            let why = detail["why"].as_str().unwrap_or("see its report");
            let report = detail["drill"].as_str().unwrap_or_default();
            format!("a drill FAILED ({subject}): {why}. Its report: {public_url}/drills/{report}")
        }
        IncidentKind::DrillMissed => format!(
            "the drill of {subject} was not held: cases were open, or the server was down. Hold one soon: {public_url}/drills"
        ),
    };
    format!("Harborline: {what}")
}

/// What the operator is told once an incident is over.
#[must_use]
pub fn incident_over(incident: &Incident, repeat: Duration) -> String {
    let Incident { subject, count, .. } = incident;
    let quiet = minutes(repeat);
    let what = match incident.kind {
        IncidentKind::Overdue => format!("all texts on gateway {subject} are answered again."),
        IncidentKind::Unanswered => {
            format!("nobody on gateway {subject} waits too long for a person any more.")
        }
        IncidentKind::Exhausted => "somebody has every case that nobody took.".to_owned(),
        IncidentKind::Listing => format!("gateway {subject} can be asked for texts again."),
        IncidentKind::Quarantine => format!("no texts on gateway {subject} are held any more."),
        IncidentKind::Signature => format!(
            "no failed signature on gateway {subject} for {quiet} ({count} in all). If you changed nothing, the next text may fail again."
        ),
        IncidentKind::MissedHook => {
            format!("no missed text on gateway {subject} for {quiet} ({count} in all).")
        }
        IncidentKind::Unfetched => format!(
            "for {quiet} gateway {subject} has named no text that it keeps to itself ({count} in all)."
        ),
        IncidentKind::Unowed => {
            format!("no text without a planned answer for {quiet} ({count} in all).")
        }
        IncidentKind::Stalled => {
            format!("no case without a next page for {quiet} ({count} in all).")
        }
        IncidentKind::NotKept => format!(
            "all that gateway {subject} brought in the last {quiet} was kept ({count} were not)."
        ),
        IncidentKind::SetAside => format!(
            "nothing more was set aside for {quiet} ({count} in all). They are still in spool/{subject}."
        ),
        IncidentKind::NobodyOnCall => format!("somebody is on call ({subject}) for the next day."),
        IncidentKind::Uncovered => {
            format!("somebody is on call on {subject} for the next day.")
        }
        IncidentKind::ShiftNotTaken => {
            format!("the shift on {subject} is taken, or over.")
        }
        IncidentKind::ResponderUnreachable => format!("texts reach {subject} again."),
        IncidentKind::PageFailed => {
            format!("no page to {subject} was given up for {quiet} ({count} in all).")
        }
        IncidentKind::AuditLog => match subject.as_str() {
            "anchor" => "the end of the audit log is kept elsewhere again.".to_owned(),
            other => match other.strip_prefix(OF_ANOTHER) {
                Some(name) => format!("the audit log of {name} goes on from where it was."),
                None => "the audit log holds again.".to_owned(),
            },
        },
        IncidentKind::Spooled => {
            format!("for {quiet} nothing has waited too long in the spool ({count} at last).")
        }
        IncidentKind::Audit if subject == "ping" => {
            "the monitor of the heartbeat takes our pings again.".to_owned()
        }
        IncidentKind::Audit => format!("the audit does not find {subject} any more."),
        IncidentKind::Heartbeat => format!("{subject} shows signs of life again."),
        IncidentKind::Drill => format!("a drill ({subject}) passed again."),
        IncidentKind::DrillMissed => format!("the drill of {subject} was held."),
    };
    format!("Harborline, over: {what}")
}

/// What the audit found, and what to do about it.
fn audited(incident: &Incident, public_url: &str) -> String {
    let Incident { subject, count, .. } = incident;
    let names = || {
        let names = incident.detail["names"].as_array().into_iter().flatten();
        let names: Vec<&str> = names.filter_map(Value::as_str).take(4).collect();
        names.join(", ")
    };
    let (what, fix) = match subject.as_str() {
        "ping" => {
            return format!(
                "the monitor of the heartbeat did not take our pings, {count} times in a row. Check heartbeat.url and the way out of this network."
            );
        }
        "late_pages" => (
            format!("{count} open case(s) should have been paged again and were not"),
            "Call your team",
        ),
        "stuck" => (
            format!("{count} text(s) do not leave"),
            "Read the server's log",
        ),
        "silent_workers" => (
            format!("{count} worker(s) do not work ({})", names()),
            "Restart harborline",
        ),
        "triage" => (
            "a plain crisis text is not seen as one".to_owned(),
            "Put the last good triage rules back",
        ),
        _ => (format!("{subject}, {count}"), "Read the server's log"),
    };
    format!("the heartbeat is withheld: {what}. {fix}, then see {public_url}/readyz.")
}

/// A long time, in the largest whole unit.
fn span(time: Duration) -> String {
    match time.as_secs() / 60 {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes @ 120..2880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

fn texts(count: i64) -> String {
    format!("{count} text{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::segment::{Encoding, segments};

    const KINDS: [IncidentKind; 23] = [
        IncidentKind::AuditLog,
        IncidentKind::ResponderUnreachable,
        IncidentKind::PageFailed,
        IncidentKind::Exhausted,
        IncidentKind::Overdue,
        IncidentKind::Unanswered,
        IncidentKind::Unowed,
        IncidentKind::Stalled,
        IncidentKind::Signature,
        IncidentKind::MissedHook,
        IncidentKind::Listing,
        IncidentKind::Unfetched,
        IncidentKind::Quarantine,
        IncidentKind::NotKept,
        IncidentKind::SetAside,
        IncidentKind::Spooled,
        IncidentKind::ShiftNotTaken,
        IncidentKind::Audit,
        IncidentKind::Heartbeat,
        IncidentKind::Drill,
        IncidentKind::DrillMissed,
        IncidentKind::NobodyOnCall,
        IncidentKind::Uncovered,
    ];

    fn of(kind: IncidentKind) -> Incident {
        Incident {
            id: Uuid::nil(),
            kind,
            subject: "main".to_owned(),
            opened_at: At(0),
            last_at: At(0),
            count: 12,
            told_at: None,
            detail: json!({"why": "the signature does not match", "policy": "enforce"}),
        }
    }

    #[test]
    fn what_the_operator_is_told_names_the_place_and_is_short() {
        for kind in KINDS {
            let told = incident(&of(kind), "https://line.example.org", At(90_000));
            let over = incident_over(&of(kind), Duration::from_mins(15));
            for words in [&told, &over] {
                let cost = segments(words);
                assert_eq!(cost.encoding, Encoding::Gsm7, "{words}");
                assert!(cost.segments <= 2, "{words}");
                assert!(words.starts_with("Harborline"), "{words}");
            }
            let told_once = [
                IncidentKind::Heartbeat,
                IncidentKind::AuditLog,
                IncidentKind::Drill,
                IncidentKind::DrillMissed,
            ];
            if told_once.contains(&kind) {
                let names = kind == IncidentKind::AuditLog || told.contains("main");
                assert!(names, "{told}");
                continue;
            }
            // One phone is one, however often.
            let counts = kind != IncidentKind::ResponderUnreachable;
            assert!(!counts || told.contains("12"), "{told}");
            let elsewhere = [
                IncidentKind::Audit,
                IncidentKind::ResponderUnreachable,
                IncidentKind::PageFailed,
                IncidentKind::Stalled,
                IncidentKind::Exhausted,
                IncidentKind::SetAside,
                IncidentKind::Spooled,
                IncidentKind::ShiftNotTaken,
                IncidentKind::NobodyOnCall,
                IncidentKind::Uncovered,
            ];
            if !elsewhere.contains(&kind) {
                assert!(told.contains("gateway main"), "{told}");
            }
        }
    }

    #[test]
    fn what_the_audit_found_is_told_in_two_segments_at_most() {
        for subject in ["ping", "late_pages", "stuck", "silent_workers", "triage"] {
            let mut found = of(IncidentKind::Audit);
            subject.clone_into(&mut found.subject);
            found.detail =
                json!({"names": ["dispatch", "followup", "incidents", "reconcile", "x"]});
            let told = incident(&found, "https://line.example.org", At(0));
            assert!(segments(&told).segments <= 2, "{told}");
            assert!(
                subject != "silent_workers" || told.contains("dispatch, followup"),
                "{told}"
            );
        }
    }

    #[test]
    fn what_takes_a_day_to_mend_is_not_told_every_quarter_of_an_hour() {
        let quarter = Duration::from_mins(15);
        assert_eq!(IncidentKind::Overdue.pace(quarter), quarter);
        assert_eq!(
            IncidentKind::Heartbeat.pace(quarter),
            Duration::from_hours(6)
        );
        assert_eq!(IncidentKind::Drill.pace(quarter), Duration::from_hours(24));
        assert_eq!(span(Duration::from_secs(26 * 3600 + 59)), "26 h");
    }

    #[test]
    fn a_failed_signature_says_what_became_of_the_texts() {
        let told = |policy: &str| {
            let mut incident = of(IncidentKind::Signature);
            incident.detail["policy"] = json!(policy);
            super::incident(&incident, "https://line.example.org", At(0))
        };
        assert!(told("enforce").contains("REFUSED"));
        assert!(told("observe").contains("taken in"));
        assert!(told("quarantine").contains("held"));
    }
}
