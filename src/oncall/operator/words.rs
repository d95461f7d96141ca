//! What the operator is told: the place and the fix, and nothing of a texter.

use std::time::Duration;

use serde_json::Value;

use super::{Incident, IncidentKind, OF_ANOTHER, REFUSED, UNANSWERED};
use crate::clock::At;
use crate::oncall::words::minutes;

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
        IncidentKind::Unfetched if detail["why"] == REFUSED => format!(
            "{texts} on gateway {subject} never reached us, and our database refuses them. Look for them in the provider's own message log, and answer there. Then: harborline doctor."
        ),
        IncidentKind::Unfetched => format!(
            "{texts} on gateway {subject} never reached us, and the provider does not hand out the words. Look for them in its own message log, and answer there."
        ),
        IncidentKind::Quarantine => format!(
            "{texts} on gateway {subject} are held, their signature did not hold. Run: harborline quarantine list, then release or discard."
        ),
        IncidentKind::QuarantineFull => format!(
            "{texts} on gateway {subject} could NOT BE HELD, too many are held already. A crisis was answered all the same. Run: harborline quarantine list, then release or discard."
        ),
        IncidentKind::Unreadable => {
            let why = match detail["why"].as_str() {
                Some("too large") => "were too large to be read",
                _ => "could not be read",
            };
            format!(
                "{count} hook(s) of gateway {subject} {why}: texts may be LOST. Look in the gateway's own message log, and answer there."
            )
        }
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
        IncidentKind::QuarantineFull => format!(
            "for {quiet} there was room to hold every text on gateway {subject} ({count} had none)."
        ),
        IncidentKind::Unreadable => format!(
            "for {quiet} every hook of gateway {subject} could be read ({count} could not)."
        ),
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
#[must_use]
pub fn span(time: Duration) -> String {
    match time.as_secs() / 60 {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes @ 120..2880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

fn texts(count: i64) -> String {
    format!("{count} text{}", if count == 1 { "" } else { "s" })
}
