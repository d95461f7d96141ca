//! What responders are told by text. Pages say nothing about the texter.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::alert::{Alert, Missed, Taken};
use super::drill::marked;
use super::urgency::Urgency;
use crate::clock::At;
use crate::conversation::Reason;
use crate::triage::Tier;

/// A page. `there` are those who have acknowledged already, where the policy asks for more.
#[must_use]
pub fn page(alert: &Alert, there: usize, now: At) -> String {
    let code = &alert.code;
    let what = match (alert.reason, alert.tier) {
        (Reason::WantsHuman, tier) if tier < Tier::High => "A texter asks for a person:",
        (Reason::OptedOutInCrisis, Tier::Imminent) => "CRISIS, URGENT, texter sent STOP:",
        (Reason::OptedOutInCrisis, _) => "CRISIS, texter sent STOP:",
        (Reason::AwaitsHuman, tier) if tier < Tier::High => "A texter waits for an answer:",
        (_, Tier::Imminent) => "CRISIS, URGENT:",
        (_, Tier::High) => "CRISIS:",
        _ => "Please look in, no clear answer to our safety question:",
    };
    let again = match (there, alert.pages) {
        (0, 0) => String::new(),
        (0, _) => " Nobody has it yet.".to_owned(),
        (1, _) => " 1 person is on it, one more is needed.".to_owned(),
        (there, _) => format!(" {there} people are on it, one more is needed."),
    };
    let words = format!(
        "{what} case {code}, waiting {}.{again} Reply {code} to take it.",
        minutes(now.since(alert.opened_at))
    );
    marked(alert.drill.is_some(), words)
}

/// One page for many cases that wait at once. None of them is missed: each has its own clock.
#[must_use]
pub fn storm(alerts: &[&Alert], public_url: &str, now: At) -> String {
    let most_urgent = |alert: &&&Alert| (alert.urgency(), alert.opened_at);
    let Some(first) = alerts.iter().min_by_key(most_urgent) else {
        return String::new();
    };
    let what = match first.urgency() {
        Urgency::Imminent => "CRISIS, URGENT: ",
        Urgency::High => "CRISIS: ",
        Urgency::Concern | Urgency::WantsHuman => "",
    };
    let crises = alerts.iter().filter(|alert| alert.urgency().is_crisis());
    let crises = crises.count();
    let among = if crises == 0 || crises == alerts.len() {
        String::new()
    } else {
        format!(" ({crises} in crisis)")
    };
    format!(
        "{what}{} cases wait{among}, first {} {}. Reply {} to take it, or sign in: {public_url}",
        alerts.len(),
        first.code,
        minutes(now.since(first.opened_at)),
        first.code,
    )
}

/// A page with the link that takes the case, for where a link can be opened.
#[must_use]
pub fn with_link(page: &str, link: &str) -> String {
    format!("{page} Or open {link}")
}

/// The answer to the responder who took a case; `by_phone` where they may read and write it by text.
#[must_use]
pub fn acknowledged(code: &str, public_url: &str, by_phone: bool) -> String {
    let or = if by_phone {
        format!(" Or reply {code} follow to read and write by text.")
    } else {
        String::new()
    };
    format!("{code} is yours. Please sign in and write to them now: {public_url}{or}")
}

/// The answer to a responder who is in, while more people are asked for.
#[must_use]
pub fn one_of(code: &str, more: u16, public_url: &str) -> String {
    let people = if more == 1 {
        "1 more person is".to_owned()
    } else {
        format!("{more} more people are")
    };
    format!(
        "You are on {code}, thank you. {people} being paged for it. Please sign in and write to them now: {public_url}"
    )
}

/// The notice to the others who were paged.
#[must_use]
pub fn taken_by(code: &str, name: &str) -> String {
    format!("Case {code} was taken by {name}. Thank you for being there.")
}

/// The news, for receivers that keep track of cases, that one needs nobody any more.
#[must_use]
pub fn over(code: &str) -> String {
    format!("Case {code} is closed.")
}

/// The same news where the case is called for anew at once.
#[must_use]
pub fn called_anew(code: &str) -> String {
    format!("The last call for case {code} is over: it is called for anew.")
}

/// The answer to a responder who came later, with the time where they are.
#[must_use]
pub fn already_taken(code: &str, taken: &Taken, zone: &TimeZone) -> String {
    format!(
        "{code} was already taken by {} at {}.",
        taken.by,
        clock_time(taken.at, zone)
    )
}

/// The notice to who had a case, when a clock ran out.
#[must_use]
pub fn reopened(code: &str, missed: Missed) -> String {
    let why = match missed {
        Missed::Claim => "nobody opened the conversation",
        Missed::Answer => "nobody wrote",
        Missed::Lease => "nothing was done in it for a long time",
    };
    format!("{code} was opened again: {why}. Others are paged now. Reply {code} if you are there.")
}

/// The notice to who had a case that became more urgent.
#[must_use]
pub fn more_urgent(code: &str) -> String {
    format!(
        "{code} is more urgent now, and others are paged for it. Please look, and reply {code} if you are there."
    )
}

/// The answer to who was paged for a case, and said something that takes none.
#[must_use]
pub fn still_waits(code: &str) -> String {
    format!("{code} still waits for a person. Reply {code} to take it.")
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
/// comes to the queue later. What is not may have found no room among what is held.
#[must_use]
pub fn unstored(kept: bool) -> String {
    let (room, kept) = if kept {
        (
            "",
            "It comes to the queue when the database is back. Until then look",
        )
    } else {
        (" or has no room", "It was NOT kept. Look")
    };
    format!(
        "CRISIS, and Harborline cannot reach its database{room}: a text was answered with 988. {kept} at \
         your gateway's own message log, and write to them from there. Call your operator."
    )
}

/// The same for a text that is no crisis but needs a person: who asks for one, or may be in danger.
#[must_use]
pub fn unstored_call(kept: bool) -> String {
    let kept = if kept {
        "It comes to the queue when the database is back. Until then look"
    } else {
        "It was NOT kept. Look"
    };
    format!(
        "Somebody asks for a person or may not be safe, and Harborline cannot reach its database. {kept} \
         at your gateway's own message log, and write to them from there. Call your operator."
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

/// The notice that a responder's phone texted STOP: to who is on call, and to who steers the work.
#[must_use]
pub fn phone_stopped(name: &str, reached: bool, public_url: &str) -> String {
    let then = if reached {
        "Pages still reach them by other ways."
    } else {
        "NOTHING else reaches them: please see to it that somebody is on call."
    };
    format!(
        "STOP came from a phone of {name}: no page reaches it any more. {then} {public_url}/on-call"
    )
}

/// The notice that a phone is paged again.
#[must_use]
pub const fn phone_started() -> &'static str {
    "You are a responder here: pages and notices come to this phone again."
}

/// What a responder can text, after what HELP tells everybody.
#[must_use]
pub fn responder_help(public_url: &str) -> String {
    format!(
        "For responders: reply with the code of a case, like K7, to take it; 1 to take your shift; OK to a test; STOP for no more pages on this phone. Sign in: {public_url}"
    )
}

/// A wait as `minutes:seconds`.
pub(super) fn minutes(wait: Duration) -> String {
    let seconds = wait.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A time of day with the name of its zone, as in `14:02 EST`.
fn clock_time(at: At, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(
        |_| "?".to_owned(),
        |time| {
            let there = time.to_zoned(zone.clone());
            there.strftime("%H:%M %Z").to_string()
        },
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::conversation::AlertRequest;

    fn alert(code: &str, tier: Tier, opened_at: At) -> Alert {
        let request = AlertRequest {
            reason: Reason::Crisis,
            tier,
            page_after: Duration::ZERO,
        };
        let id = Uuid::nil();
        Alert::open(id, id, id, code.to_owned(), request, opened_at)
    }

    #[test]
    fn a_time_is_said_where_the_reader_is_with_its_zone() {
        let taken = Taken {
            by: "Night".to_owned(),
            // 2026-07-01 18:02 UTC.
            at: At(1_782_928_920_000),
        };
        let said = |zone: &str| already_taken("K7", &taken, &TimeZone::get(zone).unwrap());
        assert_eq!(said("UTC"), "K7 was already taken by Night at 18:02 UTC.");
        assert!(said("America/New_York").ends_with("at 14:02 EDT."));
    }

    #[test]
    fn a_storm_is_one_text_that_names_who_waits_worst_and_longest() {
        let cases = [
            alert("K7", Tier::High, At(20_000)),
            alert("K9", Tier::Concern, At(0)),
            alert("M3", Tier::High, At(30_000)),
            alert("M4", Tier::High, At(30_000)),
        ];
        let all: Vec<&Alert> = cases.iter().collect();
        assert_eq!(
            storm(&all, "https://line.example.org", At(60_000)),
            "CRISIS: 4 cases wait (3 in crisis), first K7 0:40. Reply K7 to take it, or sign in: https://line.example.org"
        );
        let calm = storm(&[all[1]; 5], "x", At(60_000));
        assert!(calm.starts_with("5 cases wait, first K9 1:00."), "{calm}");
        assert_eq!(storm(&[], "x", At(0)), "");
    }

    #[test]
    fn a_page_says_how_many_are_there_where_more_are_asked_for() {
        let mut alert = alert("K7", Tier::High, At(0));
        assert_eq!(
            page(&alert, 0, At(0)),
            "CRISIS: case K7, waiting 0:00. Reply K7 to take it."
        );
        alert.pages = 1;
        assert!(page(&alert, 0, At(0)).contains("Nobody has it yet."));
        assert!(page(&alert, 1, At(0)).contains("1 person is on it, one more is needed."));
    }

    #[test]
    fn a_page_after_stop_says_both_that_it_is_urgent_and_that_they_opted_out() {
        let mut alert = alert("K7", Tier::High, At(0));
        alert.reason = Reason::OptedOutInCrisis;
        let said = page(&alert, 0, At(0));
        assert!(
            said.starts_with("CRISIS, texter sent STOP: case K7"),
            "{said}"
        );
        alert.tier = Tier::Imminent;
        let said = page(&alert, 0, At(0));
        assert!(
            said.starts_with("CRISIS, URGENT, texter sent STOP: case K7"),
            "{said}"
        );
    }
}
