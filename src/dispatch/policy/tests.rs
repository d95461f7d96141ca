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
        doubts: 0,
        undelivered: None,
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
fn each_time_in_doubt_a_text_waits_longer_for_its_receipt_until_it_is_given_up() {
    let minutes = |lane| {
        let tried = |doubts| Due {
            doubts,
            ..due(lane, doubts)
        };
        let left = (0..9).take_while(|doubts| not_sent(&tried(*doubts), At(0)).is_none());
        let next = left.map(|doubts| {
            let next = after(&SendOutcome::Ambiguous, &tried(doubts), At(0), 128);
            assert!(next.in_doubt && next.moves_to.is_none());
            (next.state, next.due_at.0 / 60_000)
        });
        let waits = next.collect::<Vec<_>>();
        let given_up = not_sent(&tried(u32::try_from(waits.len()).unwrap()), At(0)).unwrap();
        assert_eq!(
            (given_up.state, given_up.code.as_deref()),
            (OutboxState::Failed, Some(IN_DOUBT))
        );
        waits
    };
    let awaits = |minutes| (OutboxState::Awaiting, minutes);
    let urgent = [
        (OutboxState::Queued, 0),
        awaits(2),
        awaits(4),
        awaits(8),
        awaits(16),
    ];
    for lane in [Lane::Crisis, Lane::Page] {
        assert_eq!(minutes(lane), urgent, "{lane:?}");
    }
    for lane in [Lane::Conversation, Lane::Content] {
        assert_eq!(minutes(lane), [awaits(2), awaits(4)], "{lane:?}");
    }
}

#[test]
fn a_gateway_that_takes_a_repeated_text_once_may_be_asked_as_often_as_it_takes() {
    let way = Way {
        idempotent: true,
        ..ALONE
    };
    for lane in Lane::ALL {
        let next = super::after(&SendOutcome::Ambiguous, &due(lane, 9), &way, At(0), 128);
        assert_eq!(
            (next.state, next.in_doubt),
            (OutboxState::Queued, false),
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
