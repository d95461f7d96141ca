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
/// How long a text whose sending ended in doubt may go without a receipt before it is sent again.
const DOUBT: Duration = Duration::from_mins(2);
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
    late.then(|| settled(OutboxState::Failed, now, Some(EXPIRED.to_owned())))
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
        SendOutcome::Ambiguous if due.lane.prefers_twice() => {
            try_again.after(try_again.pause, None)
        }
        // Repeated to the same gateway it is taken once; to another it would be a second text.
        SendOutcome::Ambiguous if way.idempotent => try_again.here(try_again.pause, None),
        // A receipt will say that it was taken after all; without one it was not.
        SendOutcome::Ambiguous => match try_again.here(DOUBT, None) {
            Settled {
                state: OutboxState::Queued,
                due_at,
                ..
            } => settled(OutboxState::Awaiting, due_at, None),
            failed => failed,
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
mod tests {
    use super::*;
    use crate::oncall::{Destination, PageKind, Taken};
    use crate::phone::PhoneNumber;
    use crate::store::Receiver;
    use crate::text::MessageBody;
    use uuid::Uuid;

    fn due(lane: Lane, attempts: u32) -> Due {
        Due {
            id: Uuid::nil(),
            lane,
            gateway: "main".to_owned(),
            moved_from: None,
            conversation: None,
            receiver: Receiver::Responder {
                page_id: Uuid::nil(),
            },
            to: Destination::texted(&PhoneNumber::of_sender("+15550100")),
            body: MessageBody::new("words"),
            attempts,
            created_at: At(0),
            blocked: false,
            introduce: None,
            rehearsal: None,
            page: None,
        }
    }

    const ALONE: Way<'static> = Way {
        idempotent: false,
        other: None,
        pollable: true,
    };

    fn after(outcome: &SendOutcome, due: &Due, now: At, chance: u8) -> Settled {
        super::after(outcome, due, &ALONE, now, chance)
    }

    fn retry(after_s: Option<u64>) -> SendOutcome {
        SendOutcome::Retry {
            after_s,
            code: "429".to_owned(),
        }
    }

    #[test]
    fn a_busy_gateway_is_tried_again_later_and_later() {
        let waits: Vec<i64> = (0..8)
            .map(|n| {
                after(&retry(None), &due(Lane::Content, n), At(0), 128)
                    .due_at
                    .0
            })
            .collect();
        assert_eq!(
            waits,
            [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000, 30_000]
        );
        let crisis = after(&retry(None), &due(Lane::Crisis, 50), At(0), 128);
        assert_eq!(crisis.due_at, At(15_000));
        let asked = after(&retry(Some(20)), &due(Lane::Crisis, 0), At(0), 128);
        assert_eq!(asked.due_at, At(20_000));
        let absurd = after(&retry(Some(u64::MAX)), &due(Lane::Crisis, 0), At(0), 128);
        assert_eq!(
            absurd.due_at,
            At(60_000),
            "a crisis reply waits a minute at most"
        );
        let absurd = after(&retry(Some(u64::MAX)), &due(Lane::Content, 0), At(0), 128);
        assert_eq!(absurd.due_at, At(300_000));
    }

    #[test]
    fn what_is_urgent_and_was_refused_is_tried_again_soon_and_a_provider_that_stays_down_is_not_hurried()
     {
        let waits = |lane| {
            let tries = 0..14;
            let wait = |tries| after(&retry(None), &due(lane, tries), At(0), 128).due_at.0;
            tries.map(wait).collect::<Vec<_>>()
        };
        let page = waits(Lane::Page);
        assert_eq!(page[..4], [250, 500, 1_000, 1_000]);
        assert!(page[..7].iter().all(|wait| *wait <= 1_000), "{page:?}");
        assert_eq!(page[10..], [15_000, 30_000, 30_000, 30_000]);
        let crisis = waits(Lane::Crisis);
        assert_eq!(crisis[..11], page[..11]);
        assert_eq!(crisis[11..], [15_000; 3]);
    }

    #[test]
    fn retries_spread_by_a_quarter_either_way_and_never_before_what_was_asked_for() {
        let wait = |asked, attempts, chance| {
            after(&retry(asked), &due(Lane::Content, attempts), At(0), chance)
                .due_at
                .0
        };
        for (attempts, whole) in [(0, 1_000), (4, 15_000)] {
            let waits: Vec<i64> = (0..=u8::MAX)
                .map(|chance| wait(None, attempts, chance))
                .collect();
            assert!(waits.is_sorted() && waits[0] == whole * 3 / 4, "{waits:?}");
            assert!((whole * 124 / 100..=whole * 5 / 4).contains(&waits[255]));
        }
        assert_eq!(
            [0, 255].map(|chance| wait(Some(20), 0, chance)),
            [20_000; 2]
        );
    }

    #[test]
    fn a_gateway_may_try_only_while_the_text_still_helps() {
        let times = Lane::ALL.map(|lane| (lane, validity(lane).as_secs()));
        let expected = [
            (Lane::Crisis, 600),
            (Lane::Page, 300),
            (Lane::Conversation, 3600),
            (Lane::Content, 3600),
        ];
        assert_eq!(times, expected);
    }

    #[test]
    fn doubt_repeats_a_crisis_reply_and_waits_for_the_receipt_of_a_menu() {
        for lane in [Lane::Crisis, Lane::Page] {
            let next = after(&SendOutcome::Ambiguous, &due(lane, 0), At(0), 128);
            assert_eq!(
                (next.state, next.due_at),
                (OutboxState::Queued, At(1_000)),
                "{lane:?}"
            );
        }
        for lane in [Lane::Conversation, Lane::Content] {
            let next = after(&SendOutcome::Ambiguous, &due(lane, 0), At(0), 128);
            assert_eq!(
                (next.state, next.due_at),
                (OutboxState::Awaiting, At(120_000)),
                "{lane:?}"
            );
        }
    }

    #[test]
    fn what_cannot_work_is_not_tried_again() {
        let opted_out = SendOutcome::OptedOut {
            code: "21610".to_owned(),
        };
        assert_eq!(
            after(&opted_out, &due(Lane::Crisis, 0), At(0), 0).state,
            OutboxState::OptedOut
        );
        let landline = SendOutcome::Permanent {
            code: "21614".to_owned(),
        };
        assert_eq!(
            after(&landline, &due(Lane::Crisis, 0), At(0), 0).state,
            OutboxState::Failed
        );
    }

    #[test]
    fn a_menu_an_hour_late_is_dropped_and_a_page_is_not() {
        let late = At(61 * 60 * 1_000);
        assert_eq!(
            after(&retry(None), &due(Lane::Content, 9), late, 0).state,
            OutboxState::Failed
        );
        assert_eq!(
            after(&retry(None), &due(Lane::Page, 9), late, 0).state,
            OutboxState::Queued
        );
    }

    #[test]
    fn a_gateway_that_takes_a_repeated_text_once_is_asked_again_at_once_in_every_lane() {
        let way = Way {
            idempotent: true,
            other: Some("second"),
            pollable: true,
        };
        for lane in [Lane::Conversation, Lane::Content] {
            let next = super::after(&SendOutcome::Ambiguous, &due(lane, 0), &way, At(0), 128);
            assert_eq!((next.state, next.due_at), (OutboxState::Queued, At(1_000)));
            assert_eq!(next.moves_to, None, "by another it would be a second text");
        }
    }

    #[test]
    fn urgent_texts_move_after_the_first_failure_and_others_after_the_third() {
        let way = Way {
            idempotent: false,
            other: Some("second"),
            pollable: true,
        };
        let misconfigured = SendOutcome::Misconfigured {
            code: "401".to_owned(),
        };
        for outcome in [
            retry(Some(20)),
            SendOutcome::Ambiguous,
            misconfigured.clone(),
        ] {
            let next = super::after(&outcome, &due(Lane::Page, 0), &way, At(0), 128);
            assert_eq!(
                (next.moves_to.as_deref(), next.due_at),
                (Some("second"), At(0))
            );
        }
        for (attempts, moves) in [(0, false), (1, false), (2, true), (3, false), (5, true)] {
            let next = super::after(
                &misconfigured,
                &due(Lane::Content, attempts),
                &way,
                At(0),
                128,
            );
            assert_eq!(
                next.moves_to.is_some(),
                moves,
                "after {} tries",
                attempts + 1
            );
        }
        let moved = Due {
            moved_from: Some("main".to_owned()),
            ..due(Lane::Crisis, 1)
        };
        let next = super::after(&retry(None), &moved, &way, At(0), 128);
        assert_eq!(
            (next.moves_to.as_deref(), next.due_at),
            (Some("second"), At(500)),
            "then by turns"
        );
        let doubt = super::after(
            &SendOutcome::Ambiguous,
            &due(Lane::Content, 2),
            &way,
            At(0),
            128,
        );
        assert_eq!((doubt.state, doubt.moves_to), (OutboxState::Awaiting, None));
    }

    #[test]
    fn what_came_too_late_or_is_blocked_is_not_tried_and_a_crisis_reply_always_is() {
        let (texter_id, message_id) = (Uuid::nil(), Uuid::nil());
        let receiver = Receiver::Texter {
            texter_id,
            message_id,
            answers: None,
        };
        let blocked = |lane| Due {
            blocked: true,
            receiver,
            ..due(lane, 0)
        };
        for lane in [Lane::Conversation, Lane::Content] {
            let settled = not_sent(&blocked(lane), At(0)).unwrap();
            assert_eq!(settled.state, OutboxState::OptedOut);
        }
        assert_eq!(not_sent(&blocked(Lane::Crisis), At(0)), None);
        let late = At(60 * 60 * 1_000 + 1);
        let settled = not_sent(&due(Lane::Content, 0), late).unwrap();
        assert_eq!(
            (settled.state, settled.code.as_deref()),
            (OutboxState::Failed, Some(EXPIRED))
        );
        assert_eq!(not_sent(&due(Lane::Content, 0), At(1)), None);
        assert_eq!(not_sent(&due(Lane::Crisis, 0), late), None);
    }

    #[test]
    fn news_that_somebody_has_a_case_is_told_only_while_it_is_true() {
        let told = |kind, taken, closed| Due {
            page: Some(DuePage {
                kind,
                contact: "Second phone".to_owned(),
                staff: None,
                method: None,
                case: None,
                cases: 0,
                taken,
                closed,
            }),
            ..due(Lane::Page, 0)
        };
        let somebody = || {
            let by = "Duty phone".to_owned();
            Some(Taken { by, at: At(0) })
        };
        let opened_again = not_sent(&told(PageKind::Taken, None, false), At(1)).unwrap();
        assert_eq!(
            (opened_again.state, opened_again.code.as_deref()),
            (OutboxState::Withdrawn, Some(REOPENED))
        );
        for still_so in [
            told(PageKind::Taken, somebody(), false),
            told(PageKind::Taken, None, true),
            told(PageKind::Page, None, false),
            told(PageKind::Notice, None, false),
        ] {
            assert_eq!(not_sent(&still_so, At(1)), None, "{still_so:?}");
        }
    }

    #[test]
    fn a_busy_carrier_gets_a_crisis_reply_again_and_no_other_text() {
        for lane in Lane::ALL {
            let again = after_busy_carrier(lane, 1, At(0));
            assert_eq!(
                again,
                (lane == Lane::Crisis).then_some(At(30_000)),
                "{lane:?}"
            );
        }
        assert_eq!(after_busy_carrier(Lane::Crisis, 5, At(0)), None);
    }

    #[test]
    fn a_gateway_is_asked_less_and_less_often_and_then_no_more() {
        let minutes = |lane| {
            let times = (0..9).filter_map(|n| next_poll(lane, n, At(0)));
            times.map(|at| at.0 / 60_000).collect::<Vec<_>>()
        };
        assert_eq!(minutes(Lane::Page), [1, 2, 4, 8, 16]);
        assert_eq!(minutes(Lane::Content), [10, 20, 40, 80, 160]);
        let accepted = SendOutcome::Accepted {
            gateway_ref: "SM1".to_owned(),
        };
        assert_eq!(
            after(&accepted, &due(Lane::Crisis, 0), At(0), 0).poll_at,
            Some(At(60_000))
        );
        let deaf = Way {
            pollable: false,
            ..ALONE
        };
        assert_eq!(
            super::after(&accepted, &due(Lane::Crisis, 0), &deaf, At(0), 0).poll_at,
            None
        );
    }
}
