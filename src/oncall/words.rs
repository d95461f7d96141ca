//! What responders are told by text. Pages say nothing about the texter.

use std::time::Duration;

use jiff::Timestamp;

use super::alert::{Alert, Taken};
use super::drill::marked;
use crate::clock::At;
use crate::conversation::Reason;
use crate::triage::Tier;

/// A page.
#[must_use]
pub fn page(alert: &Alert, now: At) -> String {
    let code = &alert.code;
    let what = match (alert.reason, alert.tier) {
        (Reason::WantsHuman, tier) if tier < Tier::High => "A texter asks for a person:",
        (Reason::OptedOutInCrisis, _) => "CRISIS, texter sent STOP:",
        (Reason::AwaitsHuman, tier) if tier < Tier::High => "A texter waits for an answer:",
        (_, Tier::Imminent) => "CRISIS, URGENT:",
        (_, Tier::High) => "CRISIS:",
        _ => "Please look in, no clear answer to our safety question:",
    };
    let again = if alert.pages > 0 {
        " Nobody has it yet."
    } else {
        ""
    };
    let words = format!(
        "{what} case {code}, waiting {}.{again} Reply {code} to take it.",
        minutes(now.since(alert.opened_at))
    );
    marked(alert.drill.is_some(), words)
}

/// The answer to the responder who took a case.
#[must_use]
pub fn acknowledged(code: &str, public_url: &str) -> String {
    format!("{code} is yours. Please sign in and write to them now: {public_url}")
}

/// The notice to the others who were paged.
#[must_use]
pub fn taken_by(code: &str, name: &str) -> String {
    format!("Case {code} was taken by {name}. Thank you for being there.")
}

/// The answer to a responder who came later.
#[must_use]
pub fn already_taken(code: &str, taken: &Taken) -> String {
    format!(
        "{code} was already taken by {} at {} UTC.",
        taken.by,
        clock_time(taken.at)
    )
}

/// The answer to a code that no open case has.
#[must_use]
pub fn nothing_open(code: Option<&str>) -> String {
    match code {
        Some(code) => format!("There is no open case {code}. Nothing was changed."),
        None => "More than one case is open, or none. Please reply with the code of the case."
            .to_owned(),
    }
}

/// The page for a crisis text that could not be stored: whether it was `kept` in the spool, so that it
/// comes to the queue later.
#[must_use]
pub fn unstored(kept: bool) -> String {
    let kept = if kept {
        "It comes to the queue when the database is back. Until then look"
    } else {
        "It was NOT kept. Look"
    };
    format!(
        "CRISIS, and Harborline cannot reach its database: a text was answered with 988. {kept} at \
         your gateway's own message log, and write to them from there. Call your operator."
    )
}

/// The page for crisis texts that no signature vouches for.
#[must_use]
pub fn unconfirmed(gateway: &str, count: i64) -> String {
    let texts = if count == 1 { "text" } else { "texts" };
    format!(
        "CRISIS, source NOT confirmed: {count} {texts} on gateway {gateway} failed the signature check. Answered with 988 where possible, and held. Ask your operator now to run: harborline quarantine list"
    )
}

/// The notice that the texter of an open case wants everything deleted.
#[must_use]
pub fn wants_erasure(code: &str) -> String {
    format!(
        "Case {code}: the texter asked us to delete all they sent. It is done when you close the case. Until then you can read it and write to them."
    )
}

/// The notice that a texter in crisis cannot be reached by text.
#[must_use]
pub fn unreachable(code: &str, why: &str) -> String {
    format!(
        "Case {code}: our text did NOT reach them ({why}). Please find another way, such as a call."
    )
}

/// A wait as `minutes:seconds`.
pub(super) fn minutes(wait: Duration) -> String {
    let seconds = wait.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn clock_time(at: At) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(
        |_| "?".to_owned(),
        |time| time.strftime("%H:%M").to_string(),
    )
}
