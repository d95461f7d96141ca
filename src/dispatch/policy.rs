//! What follows from the outcome of a try. Pure.

use std::time::Duration;

use crate::clock::At;
use crate::gateway::SendOutcome;
use crate::lane::Lane;
use crate::oncall::Channel;
use crate::store::{Due, DuePage, OutboxState, Receiver, Settled};

/// Waits between tries, in milliseconds; the last one repeats.
const BACKOFF: [u64; 6] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/// The same for a crisis reply or a page that was refused. A gateway that refuses only because we are too
/// fast has room again within a second: each try took its tokens, and menus wait meanwhile.
const BACKOFF_URGENT: [u64; 12] = [
    250, 500, 1_000, 1_000, 1_000, 1_000, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000,
];
/// The longest of these waits for a crisis reply.
const LONGEST_CRISIS: Duration = Duration::from_secs(15);
/// How long a text whose sending ended in doubt may go without a receipt before it is sent again, in minutes,
/// by how often it was in doubt before. After the last of them it is given up: each try may have been one
/// more text to the same person.
const DOUBT: [u64; 2] = [2, 4];
/// The same for a crisis reply or a page, which goes out again at once the first time.
const DOUBT_URGENT: [u64; 5] = [0, 2, 4, 8, 16];
/// An operator must act first; look again after this.
const MISCONFIGURED: Duration = Duration::from_secs(30);
/// The longest wait that a gateway may ask for, in seconds; the second, for a crisis reply or a page.
const LONGEST_WAIT_S: u64 = 300;
const LONGEST_URGENT_WAIT_S: u64 = 60;
/// After this an answer no longer helps, and would only puzzle: a menu, an hour late.
const STALE: Duration = Duration::from_hours(1);
/// Crisis answers and pages by text are tried for a day.
const STALE_CRISIS: Duration = Duration::from_hours(24);
/// A page by another channel stands beside texts, and is followed by the next round: what hung for so
/// long would only wake people for what is over.
const STALE_PAGE: Duration = Duration::from_mins(15);
/// How often an ordinary text fails at a gateway before it leaves by another number.
const PATIENCE: u32 = 3;
/// How long after a text was taken its gateway is first asked for the receipt; doubled each time.
const POLL_URGENT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_mins(10);
/// How often a gateway is asked for one text.
const MOST_POLLS: i32 = 5;

/// How long after a busy carrier did not deliver a crisis reply it is sent again by the same gateway.
const CARRIER_RESTS: Duration = Duration::from_secs(30);
/// And until how many tries: a receipt that it failed counts as one, so that is twice.
const MOST_UNDELIVERED: i32 = 4;

/// The code of a text that came too late.
pub(super) const EXPIRED: &str = "expired";
/// The code of a text that may have arrived, and of which nothing was ever heard.
const IN_DOUBT: &str = "in-doubt";
/// The reason of what is owed no more, because its answer did not arrive.
pub(super) const UNDELIVERABLE: &str = "undeliverable";
/// The code of a call that was not placed: another responder has the case, or it is closed.
const OVER: &str = "over";
/// The code of the news that somebody has a case that nobody has any more.
const REOPENED: &str = "reopened";
/// The code of a text that was not tried, because the carrier blocks this person.
const BLOCKED: &str = "carrier-block";

/// What the policy must know of the gateway that was tried.
pub(super) struct Way<'a> {
    /// A send that is repeated is taken once.
    pub(super) idempotent: bool,
    /// The gateway that stands in.
    pub(super) other: Option<&'a str>,
    /// It can be asked how far this text has come.
    pub(super) pollable: bool,
}

impl Way<'_> {
    /// A way that has no other beside it, and of which no receipt can be asked.
    pub(super) const fn only() -> Self {
        Self {
            idempotent: false,
            other: None,
            pollable: false,
        }
    }
}

/// What was made before this is not sent any more.
pub(super) fn fresh_since(lane: Lane, now: At) -> Option<At> {
    (lane == Lane::Content).then(|| now.minus(STALE))
}

/// Why something is not even tried: it waited for its sender until it was no use, the carrier blocks
/// the person, a call is not needed any more, or news is not true any more. An answer to a crisis text is always tried.
pub(super) fn not_sent(due: &Due, now: At) -> Option<Settled> {
    let texter = matches!(due.receiver, Receiver::Texter { .. });
    if texter && due.blocked && due.lane != Lane::Crisis {
        return Some(settled(
            OutboxState::OptedOut,
            now,
            Some(BLOCKED.to_owned()),
        ));
    }
    // It would wake somebody who is not needed.
    if due.to.channel == Channel::Voice && due.page.as_ref().is_some_and(DuePage::is_over) {
        return Some(settled(OutboxState::Withdrawn, now, Some(OVER.to_owned())));
    }
    // It would send somebody back to sleep for whom nobody stands in.
    if due.page.as_ref().is_some_and(DuePage::is_untrue) {
        return Some(settled(
            OutboxState::Withdrawn,
            now,
            Some(REOPENED.to_owned()),
        ));
    }
    let late = fresh_since(due.lane, now).is_some_and(|since| due.created_at < since);
    let why = if late {
        EXPIRED
    } else if after_doubt(due).is_none() {
        IN_DOUBT
    } else {
        return None;
    };
    Some(settled(OutboxState::Failed, now, Some(why.to_owned())))
}

/// How long a text waits for a receipt after one more try in doubt; none when it may have arrived often
/// enough.
fn after_doubt(due: &Due) -> Option<Duration> {
    let waits = if due.lane.prefers_twice() {
        &DOUBT_URGENT[..]
    } else {
        &DOUBT[..]
    };
    let tries = usize::try_from(due.doubts).unwrap_or(usize::MAX);
    waits
        .get(tries)
        .map(|minutes| Duration::from_mins(*minutes))
}

/// Why what a text answers is owed no more, by the code with which it was given up.
pub(super) fn why_failed(code: Option<&str>) -> &'static str {
    match code {
        Some(EXPIRED) => "expired",
        Some(IN_DOUBT) => "in_doubt",
        _ => UNDELIVERABLE,
    }
}

/// When a gateway is asked for a text that it took, after so many times.
pub(super) fn next_poll(lane: Lane, polls: i32, now: At) -> Option<At> {
    let first = if lane.prefers_twice() {
        POLL_URGENT
    } else {
        POLL
    };
    let times = u32::try_from(polls).ok().filter(|_| polls < MOST_POLLS)?;
    Some(now.plus(first * 2_u32.pow(times)))
}

/// When a text that a busy carrier did not deliver is sent again, after so many tries. A page is followed by
/// the next round, and of a menu once is enough.
pub(super) fn after_busy_carrier(lane: Lane, attempts: i32, now: At) -> Option<At> {
    let again = lane == Lane::Crisis && attempts < MOST_UNDELIVERED;
    again.then(|| now.plus(CARRIER_RESTS))
}

/// How long a gateway may keep a text and try. Its own default, often hours, would hide a stuck queue
/// from the people who can do something about it.
pub(super) const fn validity(lane: Lane) -> Duration {
    match lane {
        // A page that waits five minutes has been overtaken by the next rung.
        Lane::Page => Duration::from_mins(5),
        // Long enough for a busy carrier; then we must know, so that a human can be told.
        Lane::Crisis => Duration::from_mins(10),
        // An answer that comes an hour later confuses more than it helps.
        Lane::Conversation | Lane::Content => STALE,
    }
}

/// The new state of a row. `chance` is a random byte: it spreads retries by a quarter either way,
/// so that a recovering gateway is not hit by all at once.
pub(super) fn after(
    outcome: &SendOutcome,
    due: &Due,
    way: &Way<'_>,
    now: At,
    chance: u8,
) -> Settled {
    let try_again = Again {
        due,
        way,
        now,
        pause: backoff(due, &BACKOFF, chance),
    };
    match outcome {
        SendOutcome::Accepted { gateway_ref } => Settled {
            gateway_ref: Some(gateway_ref.clone()),
            poll_at: next_poll(due.lane, 0, now).filter(|_| way.pollable),
            ..settled(OutboxState::Accepted, now, None)
        },
        SendOutcome::Retry { after_s, code } => {
            let (waits, most) = if due.lane.prefers_twice() {
                (&BACKOFF_URGENT[..], LONGEST_URGENT_WAIT_S)
            } else {
                (&BACKOFF[..], LONGEST_WAIT_S)
            };
            let pause = backoff(due, waits, chance);
            let asked = Duration::from_secs(after_s.unwrap_or(0).min(most));
            Again { pause, ..try_again }.after(pause.max(asked), Some(code))
        }
        SendOutcome::Permanent { code } => settled(OutboxState::Failed, now, Some(code.clone())),
        SendOutcome::OptedOut { code } => settled(OutboxState::OptedOut, now, Some(code.clone())),
        SendOutcome::Ambiguous if way.idempotent && due.lane.prefers_twice() => {
            try_again.after(try_again.pause, None)
        }
        // Repeated to the same gateway it is taken once; to another it would be a second text.
        SendOutcome::Ambiguous if way.idempotent => try_again.here(try_again.pause, None),
        SendOutcome::Ambiguous => Settled {
            in_doubt: true,
            ..try_again.in_doubt()
        },
        SendOutcome::Misconfigured { code } => try_again.after(MISCONFIGURED, Some(code)),
    }
}

/// Another try.
struct Again<'a> {
    due: &'a Due,
    way: &'a Way<'a>,
    now: At,
    pause: Duration,
}

impl Again<'_> {
    /// By the same gateway after `wait`, unless it is too late.
    fn here(&self, wait: Duration, code: Option<&String>) -> Settled {
        let stale = match (self.due.lane.prefers_twice(), self.due.to.channel) {
            (true, Channel::Sms) => STALE_CRISIS,
            (true, _) => STALE_PAGE,
            (false, _) => STALE,
        };
        if self.now.since(self.due.created_at) > stale {
            return settled(OutboxState::Failed, self.now, Some(EXPIRED.to_owned()));
        }
        settled(OutboxState::Queued, self.now.plus(wait), code.cloned())
    }

    /// At once, for what is urgent; else when no receipt has said in time that it was taken after all.
    fn in_doubt(&self) -> Settled {
        let wait = after_doubt(self.due).unwrap_or_default();
        if wait.is_zero() {
            return self.after(self.pause, None);
        }
        match self.here(wait, None) {
            Settled {
                state: OutboxState::Queued,
                due_at,
                ..
            } => settled(OutboxState::Awaiting, due_at, None),
            failed => failed,
        }
    }

    /// The same, or by the gateway that stands in: at once the first time, then by turns.
    fn after(&self, wait: Duration, code: Option<&String>) -> Settled {
        let moves =
            self.due.lane.prefers_twice() || (self.due.attempts + 1).is_multiple_of(PATIENCE);
        let Some(other) = self.way.other.filter(|_| moves) else {
            return self.here(wait, code);
        };
        let first = self.due.moved_from.is_none();
        let wait = if first { Duration::ZERO } else { self.pause };
        let here = self.here(wait, code);
        Settled {
            moves_to: (here.state == OutboxState::Queued).then(|| other.to_owned()),
            ..here
        }
    }
}

fn settled(state: OutboxState, due_at: At, code: Option<String>) -> Settled {
    Settled {
        code,
        ..Settled::new(state, due_at)
    }
}

/// The wait after so many tries, longer or shorter by a quarter at most.
fn backoff(due: &Due, waits: &[u64], chance: u8) -> Duration {
    let tries = usize::try_from(due.attempts).unwrap_or(usize::MAX);
    let wait = waits.get(tries).or(waits.last()).copied().unwrap_or(0);
    let mut wait = Duration::from_millis(wait);
    if due.lane == Lane::Crisis {
        wait = wait.min(LONGEST_CRISIS);
    }
    wait * (384 + u32::from(chance)) / 512
}

#[cfg(test)]
mod tests;
