//! What people are told of their shifts. Times are those of the person who reads them, with the name
//! of their zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Turn;
use crate::clock::At;
use crate::oncall::{Channel, Person, SwapState};

/// A time on the wall of a zone, as in `20:00 CET`; with its day when it is further away than most of
/// a day: `Sat 3 Jan 20:00 CET`.
#[must_use]
pub fn time(zone: &TimeZone, at: At, now: At) -> String {
    const NEAR_MS: u64 = 18 * 3_600_000;
    let near = at.0.abs_diff(now.0) < NEAR_MS;
    shown(
        zone,
        at,
        if near {
            "%H:%M %Z"
        } else {
            "%a %-d %b %H:%M %Z"
        },
    )
}

/// A time from one moment to another, as in `Sat 3 Jan 20:00 to Sun 4 Jan 08:00 CET`.
#[must_use]
pub fn stretch(zone: &TimeZone, from: At, until: At) -> String {
    let same_day = shown(zone, from, "%F") == shown(zone, until, "%F");
    let begins = shown(zone, from, "%a %-d %b %H:%M");
    let ends = shown(
        zone,
        until,
        if same_day {
            "%H:%M %Z"
        } else {
            "%a %-d %b %H:%M %Z"
        },
    );
    format!("{begins} to {ends}")
}

fn shown(zone: &TimeZone, at: At, form: &str) -> String {
    let moment = Timestamp::from_millisecond(at.0).map(|moment| moment.to_zoned(zone.clone()));
    moment.map_or_else(|_| "?".to_owned(), |time| time.strftime(form).to_string())
}

fn when(turn: &Turn<'_>, person: &Person) -> String {
    stretch(&person.zone, turn.from, turn.until)
}

/// To who is put on call by another one.
#[must_use]
pub fn put_on_call(by: &str, turn: &Turn<'_>, person: &Person) -> String {
    let (schedule, when) = (turn.schedule, when(turn, person));
    format!("{by} put you on call on {schedule}: {when}.")
}

/// To who is taken off call by another one.
#[must_use]
pub fn taken_off_call(by: &str, turn: &Turn<'_>, person: &Person) -> String {
    let (schedule, when) = (turn.schedule, when(turn, person));
    format!("{by} took you off call on {schedule}: {when}.")
}

/// To who is asked to swap.
#[must_use]
pub fn swap_offered(
    by: &str,
    gives: &Turn<'_>,
    takes: Option<&Turn<'_>>,
    person: &Person,
    public_url: &str,
) -> String {
    let (schedule, times) = (gives.schedule, when(gives, person));
    let back = takes.map_or_else(String::new, |takes| {
        format!(" In return they take {}.", when(takes, person))
    });
    format!("{by} asks you to take their shift on {schedule}: {times}.{back} Answer: {public_url}")
}

/// To who offered a swap, or was asked, once the other one has decided.
#[must_use]
pub fn swap_answered(by: &str, state: SwapState, gives: &Turn<'_>, person: &Person) -> String {
    let (schedule, times) = (gives.schedule, when(gives, person));
    match state {
        SwapState::Accepted => format!("{by} said yes to your swap on {schedule}: {times}."),
        SwapState::Declined => {
            format!("{by} said no to your swap on {schedule}: {times}. It is still your shift.")
        }
        SwapState::Offered | SwapState::Withdrawn | SwapState::Lapsed => {
            format!("{by} took their offer back on {schedule}: {times}.")
        }
    }
}

/// To whose shift comes soon.
#[must_use]
pub fn shift_soon(turn: &Turn<'_>, person: &Person, now: At) -> String {
    let begins = time(&person.zone, turn.from, now);
    let ends = time(&person.zone, turn.until, now);
    let schedule = turn.schedule;
    format!("Your shift on {schedule} starts at {begins}, until {ends}. We will ask you then.")
}

/// To whose shift begins: they are asked to take it.
#[must_use]
pub fn shift_begins(
    turn: &Turn<'_>,
    person: &Person,
    now: At,
    channel: Channel,
    public_url: &str,
) -> String {
    const JUST_NOW_MS: i64 = 60_000;
    let ends = time(&person.zone, turn.until, now);
    let schedule = turn.schedule;
    let begins = if now.0 - turn.from.0 <= JUST_NOW_MS {
        "starts now".to_owned()
    } else {
        format!("began at {}", time(&person.zone, turn.from, now))
    };
    let ask = match channel {
        Channel::Sms => "Reply 1 to take the shift.".to_owned(),
        // Nobody answers these with a 1.
        Channel::Voice => "Sign in to take the shift.".to_owned(),
        Channel::Email | Channel::Webhook => format!("Take the shift: {public_url}"),
    };
    format!("Your shift on {schedule} {begins}, until {ends}. {ask}")
}

/// To who took their shift.
#[must_use]
pub fn shift_taken(turn: &Turn<'_>, person: &Person, now: At) -> String {
    let ends = time(&person.zone, turn.until, now);
    format!(
        "Thank you. The shift on {} is yours until {ends}.",
        turn.schedule
    )
}

/// To whose shift has ended.
#[must_use]
pub fn shift_over(turn: &Turn<'_>) -> String {
    let schedule = turn.schedule;
    format!("Your shift on {schedule} is over: you are off call. Thank you for being there.")
}

/// To who was told that a shift comes, and it does not.
#[must_use]
pub fn shift_withdrawn(turn: &Turn<'_>, person: &Person) -> String {
    let (schedule, when) = (turn.schedule, when(turn, person));
    format!("This shift on {schedule} is not yours any more: {when}.")
}

/// To the others, when somebody does not take their shift.
#[must_use]
pub fn shift_not_taken(
    name: &str,
    turn: &Turn<'_>,
    person: &Person,
    now: At,
    public_url: &str,
) -> String {
    let began = time(&person.zone, turn.from, now);
    let schedule = turn.schedule;
    format!(
        "{name} has not taken the shift on {schedule} that began at {began}. Please make sure that somebody is there: {public_url}"
    )
}
