//! What follows from the outcome of a try. Pure.

use std::time::Duration;

use crate::clock::At;
use crate::gateway::SendOutcome;
use crate::lane::Lane;
use crate::store::{Due, OutboxState, Settled};

/// Waits between tries, in seconds; the last one repeats.
const BACKOFF: [u64; 6] = [1, 2, 4, 8, 15, 30];
/// How long a text whose sending ended in doubt may go without a receipt before it is sent again.
const DOUBT: Duration = Duration::from_mins(2);
/// An operator must act first; look again after this.
const MISCONFIGURED: Duration = Duration::from_secs(30);
/// The longest wait that a gateway may ask for.
const LONGEST_WAIT_S: u64 = 300;
/// After this an answer no longer helps, and would only puzzle: a menu, an hour late.
const STALE: Duration = Duration::from_hours(1);
/// Crisis answers and pages are tried for a day.
const STALE_CRISIS: Duration = Duration::from_hours(24);

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
pub(super) fn after(outcome: &SendOutcome, due: &Due, now: At, chance: u8) -> Settled {
    let stale = if due.lane.prefers_twice() {
        STALE_CRISIS
    } else {
        STALE
    };
    let again = |wait: Duration, code: Option<&String>| {
        if now.since(due.created_at) > stale {
            settled(OutboxState::Failed, now, Some("expired".to_owned()))
        } else {
            settled(OutboxState::Queued, now.plus(wait), code.cloned())
        }
    };
    match outcome {
        SendOutcome::Accepted { gateway_ref } => Settled {
            gateway_ref: Some(gateway_ref.clone()),
            ..settled(OutboxState::Accepted, now, None)
        },
        SendOutcome::Retry { after_s, code } => {
            let asked = Duration::from_secs(after_s.unwrap_or(0).min(LONGEST_WAIT_S));
            again(backoff(due, chance).max(asked), Some(code))
        }
        SendOutcome::Permanent { code } => settled(OutboxState::Failed, now, Some(code.clone())),
        SendOutcome::OptedOut { code } => settled(OutboxState::OptedOut, now, Some(code.clone())),
        SendOutcome::Ambiguous if due.lane.prefers_twice() => again(backoff(due, chance), None),
        // A receipt will say that it was taken after all; without one it was not.
        SendOutcome::Ambiguous => match again(DOUBT, None) {
            Settled {
                state: OutboxState::Queued,
                due_at,
                ..
            } => settled(OutboxState::Awaiting, due_at, None),
            failed => failed,
        },
        SendOutcome::Misconfigured { code } => again(MISCONFIGURED, Some(code)),
    }
}

fn settled(state: OutboxState, due_at: At, code: Option<String>) -> Settled {
    Settled {
        state,
        due_at,
        gateway_ref: None,
        code,
    }
}

fn backoff(due: &Due, chance: u8) -> Duration {
    let last = BACKOFF.len() - 1;
    let step = usize::try_from(due.attempts).unwrap_or(last).min(last);
    let longest = if due.lane == Lane::Crisis { 4 } else { last };
    let wait = Duration::from_secs(BACKOFF[step.min(longest)]);
    wait * (384 + u32::from(chance)) / 512
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::PhoneNumber;
    use crate::store::Receiver;
    use crate::text::MessageBody;
    use uuid::Uuid;

    fn due(lane: Lane, attempts: u32) -> Due {
        Due {
            id: Uuid::nil(),
            lane,
            gateway: "main".to_owned(),
            receiver: Receiver::Responder {
                page_id: Uuid::nil(),
            },
            to: PhoneNumber::of_sender("+15550100"),
            body: MessageBody::new("words"),
            attempts,
            created_at: At(0),
        }
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
        assert_eq!(absurd.due_at, At(300_000));
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
}
