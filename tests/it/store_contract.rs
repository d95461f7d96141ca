//! The contract of the store, on both engines: every method, units of work, races, damage.

mod approvals;
mod arrivals;
mod audit_chain;
mod drills;
mod duties;
mod heartbeats;
mod held_replies;
mod ledger;
mod page_tests;
mod policies;
mod retention;
mod schedules;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use harborline::app::keyring;
use harborline::clock::At;
use harborline::conversation::{AlertRequest, Reason, State};
use harborline::crypto::Keyring;
use harborline::delivery::Delivery;
use harborline::handoff::{Act, WrapUp};
use harborline::id::{IdSource, SeededIds};
use harborline::lane::Lane;
use harborline::locale::Locale;
use harborline::oncall::{
    Alert, Channel, Clocks, Closed, Contact, Place, Step, Taken, Timing, page,
};
use harborline::phone::PhoneNumber;
use harborline::staff::Role;
use harborline::store::{
    Account, Author, CasePlace, Claim, Class, Conversation, Delivered, Hands, LaneDue, LongText,
    NewCheckIn, NewInbound, NewOutbound, NewOutbox, NewPage, NewPart, NewStaff, OpenError,
    OutboxState, PageKind, QueueRow, Receiver, Settled, Store, StoreError, Texter, TimePlace, Tx,
};
use harborline::text::MessageBody;
use harborline::triage::{Tier, Verdict};
use jiff::tz::TimeZone;
use sqlx::{Connection, Row};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::support::world::{minutes, seconds};
use crate::support::{Engine, World, both};

const NUMBER: &str = "+15550123";
const NOW: At = At(1_767_225_600_000);
const CLOCKS: Clocks = Clocks::all(Timing {
    repage: Duration::from_mins(2),
    claim: Duration::from_mins(5),
    answer: Duration::from_mins(5),
    lease: Duration::from_hours(1),
});

/// Runs a unit of work that must succeed.
macro_rules! unit {
    ($world:expr, |$tx:ident| $body:block) => {
        $world
            .app
            .store
            .write(move |$tx: &mut Tx| Box::pin(async move { Ok::<_, StoreError>($body) }))
            .await
            .unwrap()
    };
}

/// A transaction to read from.
macro_rules! view {
    ($world:expr) => {
        $world.app.store.read().await.unwrap()
    };
}

mod accounts;
mod composer;
mod contact_methods;
mod followers;
mod hands;
mod keys;
mod ladder;
mod outbox;
mod supervision;

fn number() -> PhoneNumber {
    PhoneNumber::of_sender(NUMBER)
}

fn later(by: u64) -> At {
    NOW.plus(seconds(by))
}

fn contact() -> Contact {
    Contact::texted("Duty phone", &PhoneNumber::of_sender("+15550199"))
}

fn verdict(tier: Tier) -> Verdict {
    Verdict {
        tier,
        wants_human: true,
        locale: Some(Locale::Es),
        ruleset: "a hash".to_owned(),
        ..Verdict::default()
    }
}

/// The texter of a number, with their conversation.
async fn someone(tx: &mut Tx, number: &str) -> Result<(Texter, Conversation), StoreError> {
    let number = PhoneNumber::of_sender(number);
    let texter = tx.texter(&number, &State::default(), NOW).await?;
    let conversation = match texter.conversation {
        Some(open) => open,
        None => tx.open_conversation(texter.id, NOW).await?,
    };
    Ok((texter, conversation))
}

/// Records an inbound text under an id of the gateway; the row, unless it is a repetition.
async fn hears(
    tx: &mut Tx,
    number: &str,
    gateway_ref: &str,
    words: &str,
) -> Result<Option<Uuid>, StoreError> {
    let (texter, conversation) = someone(tx, number).await?;
    let new = NewInbound {
        id: tx.id(NOW),
        gateway: "main",
        gateway_ref,
        body: &MessageBody::new(words),
        media: 2,
        verdict: &verdict(Tier::High),
        at: NOW,
        came_before: None,
    };
    let recorded = tx.record_inbound(&texter, &conversation, &new).await?;
    Ok(recorded.then_some(new.id))
}

/// A text of two pieces.
fn long_text(texter_id: Uuid) -> LongText {
    LongText {
        texter_id,
        gateway: "main".to_owned(),
        reference: "1\0".to_owned(),
        total: 2,
    }
}

/// Puts a text to a texter into the outbox; the row.
async fn says(
    tx: &mut Tx,
    number: &str,
    lane: Lane,
    words: &str,
    answers: Option<Uuid>,
) -> Result<Uuid, StoreError> {
    let (texter, conversation) = someone(tx, number).await?;
    let new = NewOutbound {
        id: tx.id(NOW),
        gateway: "main",
        author: Author::Line,
        staff_id: None,
        body: &MessageBody::new(words),
        at: NOW,
    };
    tx.record_outbound(&texter, &conversation, &new).await?;
    let id = tx.id(NOW);
    let receiver = Receiver::Texter {
        texter_id: texter.id,
        message_id: new.id,
        answers,
    };
    let row = NewOutbox {
        id,
        lane,
        channel: Channel::Sms,
        gateway: "main",
        receiver,
        body: new.body,
        state: OutboxState::Queued,
        due_at: NOW,
        now: NOW,
    };
    tx.enqueue(&row).await?;
    Ok(id)
}

/// Opens an alert for a number.
async fn alarm(
    tx: &mut Tx,
    number: &str,
    code: &str,
    tier: Tier,
    opened_at: At,
    wait: u64,
) -> Result<Alert, StoreError> {
    let (texter, conversation) = someone(tx, number).await?;
    let request = AlertRequest {
        reason: Reason::Crisis,
        tier,
        page_after: seconds(wait),
    };
    let alert = Alert::open(
        tx.id(NOW),
        conversation.id,
        texter.id,
        code.to_owned(),
        request,
        opened_at,
    );
    tx.insert_alert(&alert).await?;
    Ok(alert)
}

fn settled(state: OutboxState, due_at: At) -> Settled {
    Settled {
        gateway_ref: Some("SMout".to_owned()),
        code: Some("20429".to_owned()),
        ..Settled::new(state, due_at)
    }
}

/// A claim without limits.
fn claim_of(lane: Lane, now: At, limit: u16) -> Claim {
    Claim {
        lane,
        channel: Channel::Sms,
        now,
        lease: seconds(60),
        limit,
        most: u16::MAX,
        underway: BTreeMap::default(),
        fresh_since: None,
        routes: Arc::default(),
    }
}

/// Changes the database past the store.
async fn damage(world: &World, sql: &'static str) {
    let url = &world.config.database.url;
    let changed = if url.starts_with("sqlite") {
        let mut c = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query(sql)
            .execute(&mut c)
            .await
            .unwrap()
            .rows_affected()
    } else {
        let mut c = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(sql)
            .execute(&mut c)
            .await
            .unwrap()
            .rows_affected()
    };
    assert!(changed > 0, "{sql}");
}

both! {
    async fn a_texter_is_found_again_by_number_with_their_state(world: World) {
        let made = unit!(world, |tx| {
            let texter = tx.texter(&number(), &State::new(Locale::Es), NOW).await?;
            assert_eq!((texter.state.locale, texter.conversation), (Locale::Es, None));
            let state = State { greeted: true, misses: 3, ..texter.state.clone() };
            tx.save_state(&texter, &state).await?;
            texter.id
        });
        unit!(world, |tx| {
            // Another spelling of the same number.
            let spelled = PhoneNumber::parse("+1 555-0123").unwrap();
            let texter = tx.texter(&spelled, &State::default(), NOW).await?;
            assert_eq!(texter.id, made);
            assert!(texter.state.greeted && texter.state.misses == 3 && texter.state.locale == Locale::Es);
            assert_eq!(tx.number_of(&texter).await?, number());
            let other = tx.texter(&PhoneNumber::of_sender("+15550124"), &State::default(), NOW).await?;
            assert_ne!(other.id, made);
        });
    }

    async fn a_conversation_is_open_until_it_is_closed(world: World) {
        let (first, texter_id) = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            assert_eq!((conversation.tier, conversation.human_joined), (Tier::None, false));
            tx.touch_conversation(conversation.id, (Tier::High, Locale::Es), later(5)).await?;
            tx.human_joined(conversation.id, later(6)).await?;
            (conversation.id, texter.id)
        });
        let texter = view!(world).texter_of(first).await.unwrap().unwrap();
        let open = Conversation { id: first, texter_id, tier: Tier::High, human_joined: true, drill: None };
        assert_eq!(texter.conversation, Some(open));
        let same = unit!(world, |tx| { tx.texter_to_change(first).await?.unwrap().id });
        assert_eq!(same, texter_id);
        assert!(!view!(world).is_closed(first).await.unwrap());
        unit!(world, |tx| { tx.close_conversation(first, later(7)).await?; });
        assert!(view!(world).is_closed(first).await.unwrap());
        let second = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            assert_eq!((texter.id, conversation.tier, conversation.human_joined), (texter_id, Tier::None, false));
            conversation.id
        });
        assert_ne!(first, second);
        assert!(view!(world).texter_of(Uuid::from_u128(1)).await.unwrap().is_none());
    }

    async fn a_thread_reads_back_as_it_was_written(world: World) {
        const WORDS: &str = "hola \u{1f600} \0 '; -- \u{202e}";
        let conversation = unit!(world, |tx| {
            assert!(hears(tx, NUMBER, "SM1", WORDS).await?.is_some());
            let id = says(tx, NUMBER, Lane::Content, "first answer", None).await?;
            tx.settle(id, later(1), &settled(OutboxState::Accepted, NOW)).await?;
            says(tx, NUMBER, Lane::Content, "second answer", None).await?;
            someone(tx, NUMBER).await?.1.id
        });
        let mut tx = view!(world);
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let thread = tx.thread(&texter, conversation, 10).await.unwrap();
        let words: Vec<_> = thread.iter().map(|message| message.body.reveal()).collect();
        assert_eq!(words, [WORDS, "first answer", "second answer"]);
        assert_eq!(thread[0].verdict, Some(verdict(Tier::High)));
        assert_eq!((thread[0].author, thread[0].media, thread[0].at), (Author::Texter, 2, NOW));
        assert_eq!((thread[1].author, thread[1].verdict.is_none()), (Author::Line, true));
        let sending: Vec<_> = thread.iter().map(|message| message.sending).collect();
        assert_eq!(sending, [None, Some((OutboxState::Accepted, None)), Some((OutboxState::Queued, None))]);
        let latest = tx.thread(&texter, conversation, 1).await.unwrap();
        assert_eq!(latest[0].body.reveal(), "second answer");
        assert_eq!(tx.gateway_of(conversation).await.unwrap().as_deref(), Some("main"));
        assert_eq!(tx.gateway_of(Uuid::from_u128(1)).await.unwrap(), None);
    }

    async fn an_inbound_text_is_recorded_once_for_each_gateway_id(world: World) {
        let made = unit!(world, |tx| {
            let first = hears(tx, NUMBER, "SM1", "words").await?;
            let again = hears(tx, NUMBER, "SM1", "other words").await?;
            let second = hears(tx, NUMBER, "SM2", "words").await?;
            [first.is_some(), again.is_some(), second.is_some()]
        });
        assert_eq!(made, [true, false, true]);
        assert!(!unit!(world, |tx| { hears(tx, "+15550124", "SM1", "words").await?.is_some() }), "whoever it is from");
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 2);
    }

    async fn a_unit_that_fails_or_panics_leaves_nothing(world: World) {
        let failed = world.app.store.write(|tx| Box::pin(async move {
            hears(tx, NUMBER, "SM1", "words").await?;
            Err::<(), _>(StoreError::Late)
        })).await;
        assert!(matches!(failed, Err(StoreError::Late)), "{failed:?}");
        let panicked = world.app.store.write(|tx| Box::pin(async move {
            hears(tx, NUMBER, "SM1", "words").await?;
            assert!(tx.outbox_waiting().await? > 9, "on purpose");
            Ok(())
        })).await;
        assert!(matches!(panicked, Err(StoreError::Panicked)), "{panicked:?}");
        let at_once = world.app.store.write(|_| {
            let at_once = || -> () { panic!("on purpose") };
            at_once();
            Box::pin(async { Ok(()) })
        }).await;
        assert!(matches!(at_once, Err(StoreError::Panicked)), "{at_once:?}");
        for table in ["SELECT COUNT(*) FROM texters", "SELECT COUNT(*) FROM conversations", "SELECT COUNT(*) FROM messages"] {
            assert_eq!(world.count(table).await, 0, "{table}");
        }
        assert!(unit!(world, |tx| { hears(tx, NUMBER, "SM1", "words").await?.is_some() }), "the store still works");
    }

    async fn a_unit_that_fails_takes_none_of_its_neighbours_with_it(world: World) {
        let units = (0..200_u32).map(|n| world.app.store.write(move |tx| Box::pin(async move {
            hears(tx, &format!("+1555{n:04}"), &format!("SM{n}"), "words").await?;
            match n % 20 {
                0 => Err(StoreError::Late),
                10 => panic!("on purpose"),
                _ => Ok(n),
            }
        })));
        let outcomes = join_all(units).await;
        for (n, outcome) in (0..).zip(&outcomes) {
            match n % 20 {
                0 => assert!(matches!(outcome, Err(StoreError::Late)), "{n}: {outcome:?}"),
                10 => assert!(matches!(outcome, Err(StoreError::Panicked)), "{n}: {outcome:?}"),
                _ => assert_eq!(*outcome.as_ref().unwrap(), n),
            }
        }
        for table in ["SELECT COUNT(*) FROM texters", "SELECT COUNT(*) FROM messages"] {
            assert_eq!(world.count(table).await, 180, "{table}");
        }
    }

    async fn first_texts_at_once_make_one_texter_with_one_conversation(world: World) {
        let other = world.another_app().await;
        let units = (0..20_u32).map(|n| {
            let store = if n % 2 == 0 { &world.app.store } else { &other.store };
            store.write(move |tx| Box::pin(async move { hears(tx, NUMBER, &format!("SM{n}"), "words").await }))
        });
        let made = join_all(units).await;
        assert!(made.iter().all(|row| row.as_ref().is_ok_and(Option::is_some)), "{made:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM conversations").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 20);
    }

    async fn a_second_open_conversation_or_alert_is_refused(world: World) {
        let texter = unit!(world, |tx| {
            alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            someone(tx, NUMBER).await?.0.id
        });
        let again = world.app.store.write(move |tx| Box::pin(tx.open_conversation(texter, NOW))).await;
        assert!(matches!(again, Err(StoreError::Driver(_))), "{again:?}");
        for (number, code) in [(NUMBER, "A4"), ("+15550124", "A3")] {
            let again = world.app.store
                .write(move |tx| Box::pin(alarm(tx, number, code, Tier::High, NOW, 0))).await;
            assert!(matches!(again, Err(StoreError::Driver(_))), "{code}: {again:?}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts").await, 1);
    }

    async fn alerts_opened_at_once_have_codes_of_their_own(world: World) {
        let other = world.another_app().await;
        let units = (0..40_u32).map(|n| {
            let store = if n % 2 == 0 { &world.app.store } else { &other.store };
            store.write(move |tx| Box::pin(async move {
                let code = tx.free_code().await?;
                alarm(tx, &format!("+1555{n:04}"), &code, Tier::High, NOW, 0).await
            }))
        });
        let alerts = join_all(units).await;
        assert!(alerts.iter().all(Result::is_ok), "{alerts:?}");
        assert_eq!(world.count("SELECT COUNT(DISTINCT code) FROM alerts").await, 40);
    }

    async fn a_free_code_is_found_behind_many_that_are_taken(world: World) {
        let mut codes = harborline::oncall::codes(Some("A3"), 0);
        let taken: Vec<String> = codes.by_ref().take(40).collect();
        for (n, code) in (0..).zip(taken.into_iter().chain(["A3".to_owned()])) {
            let unit = world.app.store.write(move |tx| {
                let code = code.clone();
                Box::pin(async move {
                    alarm(tx, &format!("+1555{n:04}"), &code, Tier::High, later(n), 0).await
                })
            });
            unit.await.unwrap();
        }
        let free = unit!(world, |tx| { tx.free_code().await? });
        assert_eq!(Some(free), codes.next());
    }

    async fn an_alert_reads_back_as_it_was_saved(world: World) {
        let alert = unit!(world, |tx| {
            let mut alert = alarm(tx, NUMBER, "A3", Tier::Concern, NOW, 60).await?;
            assert_eq!(tx.open_alert(alert.conversation_id).await?, Some(alert.clone()));
            let request = AlertRequest { reason: Reason::OptedOutInCrisis, tier: Tier::Imminent, page_after: seconds(0) };
            alert.raise(request, later(1), &CLOCKS);
            let step = Step {
                rung: Some(1),
                exhausted: true,
                next: Place { rung: 1, round: 7 },
                delay: seconds(60),
            };
            alert.paged(Uuid::from_u128(9), &step, later(1));
            let exhausted = alert.clone();
            tx.save_alert(&exhausted).await?;
            assert_eq!(tx.open_alert(alert.conversation_id).await?, Some(exhausted));
            alert.taken(Taken { by: "Duty phone".to_owned(), at: later(2) }, &CLOCKS);
            alert.claim(Uuid::from_u128(7), later(3), &CLOCKS);
            alert.answered(later(4));
            tx.save_alert(&alert).await?;
            alert
        });
        let mut tx = view!(world);
        assert_eq!(tx.open_alert_of(alert.texter_id).await.unwrap(), Some(alert.clone()));
        assert_eq!(tx.open_alert_of(Uuid::from_u128(1)).await.unwrap(), None);
        assert_eq!(tx.alerts_open().await.unwrap(), (1, 0));
        drop(tx);
        let open = unit!(world, |tx| {
            assert_eq!(tx.free_code().await?, "A4");
            let open = tx.open_alerts().await?;
            let mut closed = open[0].clone();
            closed.close(Closed::ByStaff, later(5));
            tx.save_alert(&closed).await?;
            assert_eq!(tx.open_alert(closed.conversation_id).await?, None);
            assert_eq!(tx.open_alerts().await?, []);
            assert_eq!(tx.free_code().await?, "A4", "the round goes on");
            open
        });
        assert_eq!(open, [alert]);
        // Closed, its code and its conversation are free again.
        unit!(world, |tx| { alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?; });
    }

    async fn alerts_are_due_in_order_and_never_once_closed(world: World) {
        unit!(world, |tx| {
            alarm(tx, "+15550121", "A3", Tier::High, NOW, 30).await?;
            alarm(tx, "+15550122", "A4", Tier::High, NOW, 10).await?;
            alarm(tx, "+15550123", "A6", Tier::High, NOW, 300).await?;
            let mut closed = alarm(tx, "+15550124", "A7", Tier::High, NOW, 0).await?;
            closed.close(Closed::AnsweredNo, NOW);
            tx.save_alert(&closed).await?;
        });
        let codes = unit!(world, |tx| {
            let mut codes = Vec::new();
            for (now, limit) in [(NOW, 9), (later(29), 9), (later(30), 9), (later(30), 1), (later(999), 9)] {
                let due = tx.alerts_due(now, now, limit).await?;
                codes.push(due.into_iter().map(|alert| alert.code).collect::<Vec<_>>().join(" "));
            }
            codes
        });
        assert_eq!(codes, ["", "A4", "A4 A3", "A4", "A4 A3 A6"]);
    }

    async fn a_page_reaches_its_contact_sealed_with_the_house_key(world: World) {
        unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let second = Contact::texted("Second", &PhoneNumber::of_sender("+15550198"));
            let contact = contact();
            for contact in [&contact, &second] {
                let words = page(&alert, 0, NOW);
                let page = NewPage { alert: Some(alert.id), kind: PageKind::Page, contact, words: &words };
                let id = tx.send_to_responder("main", &page, NOW).await?;
                let paged = tx.paged(id).await?.unwrap();
                assert_eq!((paged.alert, &paged.contact, paged.staff_id), (Some(alert.id), &contact.name, None));
            }
            let notice = NewPage { alert: None, kind: PageKind::Notice, contact: &contact, words: "thank you" };
            let id = tx.send_to_responder("main", &notice, NOW).await?;
            assert_eq!(tx.paged(id).await?, None, "a notice is not answered");
        });
        let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Page, NOW, 10)).await?.due });
        let sent: Vec<_> = due.iter().map(|due| (due.to.address.reveal(), due.body.reveal().contains("A3"))).collect();
        assert_eq!(sent, [("+15550199", true), ("+15550198", true), ("+15550199", false)]);
        assert!(due.iter().all(|due| matches!(due.receiver, Receiver::Responder { .. }) && due.attempts == 0));
    }

    async fn a_claim_is_exclusive_until_its_lease_runs_out_or_is_given_back(world: World) {
        let other = world.another_app().await.store;
        unit!(world, |tx| {
            for n in 0..50 {
                says(tx, &format!("+1555{n:04}"), Lane::Content, "words", None).await?;
            }
        });
        let claim = async |store: &Store, now: At| {
            let due = store.write(move |tx| Box::pin(async move { Ok(tx.claim_due(&claim_of(Lane::Content, now, 7)).await?.due) })).await.unwrap();
            due.into_iter().map(|due| due.id).collect::<Vec<_>>()
        };
        let mut claimed = join_all((0..10).map(|n| {
            claim(if n % 2 == 0 { &world.app.store } else { &other }, NOW)
        })).await.concat();
        claimed.sort_unstable();
        let all = claimed.len();
        claimed.dedup();
        assert_eq!((claimed.len(), all), (50, 50), "each row went to one of them");
        assert!(claim(&other, later(59)).await.is_empty());
        let back = claimed[9];
        unit!(world, |tx| { tx.release(back).await?; });
        assert_eq!(claim(&other, later(1)).await, [back]);
        assert_eq!(claim(&other, later(60)).await.len(), 7, "the first leases have run out");
    }

    async fn lanes_are_claimed_apart_and_parts_in_order(world: World) {
        let rows = unit!(world, |tx| {
            let first = says(tx, NUMBER, Lane::Content, "part 1", None).await?;
            let second = says(tx, NUMBER, Lane::Content, "part 2", None).await?;
            let crisis = says(tx, NUMBER, Lane::Crisis, "crisis", None).await?;
            [first, second, crisis]
        });
        let claim = async |lane: Lane, now: At| {
            let due = unit!(world, |tx| { tx.claim_due(&claim_of(lane, now, 10)).await?.due });
            due.into_iter().map(|due| due.id).collect::<Vec<_>>()
        };
        let [first, second, crisis] = rows;
        assert_eq!(claim(Lane::Crisis, NOW).await, [crisis], "it waits for no other lane");
        assert_eq!(claim(Lane::Content, NOW).await, [first]);
        assert!(claim(Lane::Content, NOW).await.is_empty(), "the second part waits for the first");
        unit!(world, |tx| { tx.settle(first, NOW, &settled(OutboxState::Queued, later(30))).await?; });
        assert!(claim(Lane::Content, later(29)).await.is_empty());
        assert_eq!(claim(Lane::Content, later(30)).await, [first]);
        unit!(world, |tx| { tx.settle(first, later(30), &settled(OutboxState::Accepted, NOW)).await?; });
        assert_eq!(claim(Lane::Content, later(30)).await, [second]);
        assert!(claim(Lane::Conversation, later(30)).await.is_empty());
    }

    async fn what_is_done_stays_done(world: World) {
        let id = unit!(world, |tx| {
            let id = says(tx, NUMBER, Lane::Content, "words", None).await?;
            assert_eq!(tx.outbox_waiting().await?, 1);
            let due = |count| vec![LaneDue { lane: Lane::Content, count, oldest: NOW }];
            assert_eq!(tx.outbox_due(later(5)).await?, due(1));
            assert!(tx.outbox_due(NOW.minus(seconds(1))).await?.is_empty(), "not yet");
            tx.settle(id, later(1), &settled(OutboxState::Awaiting, later(30))).await?;
            assert_eq!(tx.outbox_waiting().await?, 1);
            assert!(tx.outbox_due(later(60)).await?.is_empty(), "it has left, perhaps");
            tx.settle(id, later(2), &settled(OutboxState::Accepted, NOW)).await?;
            tx.settle(id, later(3), &settled(OutboxState::Queued, NOW)).await?;
            tx.settle(id, later(4), &settled(OutboxState::Failed, NOW)).await?;
            id
        });
        let row = view!(world).outbox_row_of("main", Some(id), "").await.unwrap().unwrap();
        assert_eq!(row.id, id);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'accepted'").await, 1);
        assert_eq!(view!(world).outbox_waiting().await.unwrap(), 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE attempts = 2 AND lease_until IS NULL").await, 1);
        assert!(unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Content, later(9_999), 10)).await?.due }).is_empty());
        // Only a receipt that says "not delivered" puts it back.
        unit!(world, |tx| { tx.send_again(id, later(10_000), "main", "SMout").await?; });
        assert_eq!(unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Content, later(10_000), 10)).await?.due }).len(), 1);
    }

    async fn a_receipt_finds_its_row_by_our_id_or_by_the_gateways(world: World) {
        let (id, answers) = unit!(world, |tx| {
            let heard = hears(tx, NUMBER, "SM1", "words").await?.unwrap();
            let id = says(tx, NUMBER, Lane::Content, "words", Some(heard)).await?;
            tx.settle(id, NOW, &settled(OutboxState::Accepted, NOW)).await?;
            (id, heard)
        });
        let mut tx = view!(world);
        for (outbox_id, gateway_ref) in [(Some(id), "SMother"), (None, "SMout"), (Some(Uuid::from_u128(1)), "SMout")] {
            let row = tx.outbox_row_of("main", outbox_id, gateway_ref).await.unwrap().unwrap();
            assert_eq!((row.id, row.lane, row.delivery, row.answers), (id, Lane::Content, None, Some(answers)));
        }
        for (gateway, outbox_id, gateway_ref) in [("other", None, "SMout"), ("main", None, "SMother"), ("main", Some(Uuid::from_u128(1)), "")] {
            assert!(tx.outbox_row_of(gateway, outbox_id, gateway_ref).await.unwrap().is_none());
        }
        drop(tx);
        unit!(world, |tx| {
            let (state, delivery) = (OutboxState::Accepted, Delivery::Delivered);
            let new = Delivered { state, delivery, gateway_ref: "SMlate", code: Some("0"), now: later(9), poll_at: None };
            tx.record_delivery(id, &new).await?;
        });
        let row = view!(world).outbox_row_of("main", None, "SMout").await.unwrap().unwrap();
        assert_eq!(row.delivery, Some(Delivery::Delivered), "the first id of the gateway stays");
    }

    async fn an_obligation_is_open_until_it_is_settled_once(world: World) {
        let rows = unit!(world, |tx| {
            let mut rows = Vec::new();
            for (n, closed) in [(1, None), (2, None), (3, Some((NOW, "loop_guard")))] {
                let id = hears(tx, NUMBER, &format!("SM{n}"), "words").await?.unwrap();
                let texter = someone(tx, NUMBER).await?.0.id;
                tx.owe_reply(id, texter, later(60 * n), closed).await?;
                rows.push((id, texter));
            }
            rows
        });
        for (now, expected) in [(NOW, (2, 0)), (later(61), (2, 1)), (later(999), (2, 2))] {
            assert_eq!(view!(world).obligations_open(now).await.unwrap(), expected);
        }
        let (first, texter) = rows[0];
        unit!(world, |tx| {
            tx.reply_settled(first, later(1), "replied").await?;
            tx.reply_settled(first, later(2), "undeliverable").await?;
            tx.replies_settled(texter, later(3), "closed_by_staff").await?;
        });
        assert_eq!(view!(world).obligations_open(later(999)).await.unwrap(), (0, 0));
        for outcome in ["replied", "closed_by_staff", "loop_guard"] {
            let sql = sqlx_count(outcome);
            assert_eq!(world.count(sql).await, 1, "{outcome}");
        }
    }

    async fn the_queue_lists_who_waits_first_by_tier_then_by_waiting_time(world: World) {
        unit!(world, |tx| {
            for (number, code, tier, opened) in [
                ("+15550121", "A3", Tier::High, 20), ("+15550122", "A4", Tier::Imminent, 30),
                ("+15550123", "A6", Tier::High, 10), ("+15550124", "A7", Tier::Concern, 0),
            ] {
                alarm(tx, number, code, tier, later(opened), 0).await?;
            }
            let quiet = someone(tx, "+15550125").await?.1;
            tx.touch_conversation(quiet.id, (Tier::Imminent, Locale::En), later(99)).await?;
            let gone = someone(tx, "+15550126").await?.1;
            tx.close_conversation(gone.id, NOW).await?;
        });
        let me = Uuid::from_u128(7);
        let codes = |rows: &[QueueRow]| rows.iter().map(|row| row.code.clone()).collect::<Vec<_>>();
        let queue = view!(world).queue(me, Hands::Nobody, None, None, 10).await.unwrap();
        assert_eq!(codes(&queue), ["A4", "A6", "A3", "A7"]);
        assert_eq!((queue[0].reason, queue[0].waiting_since), (Reason::Crisis, later(30)));
        let high = view!(world).queue(me, Hands::Nobody, Some(Tier::High), None, 1).await.unwrap();
        assert_eq!(codes(&high), ["A6"]);
        let place = CasePlace { tier: Tier::High, opened_at: high[0].waiting_since, id: high[0].alert_id };
        let rest = view!(world).queue(me, Hands::Nobody, None, Some(place), 10).await.unwrap();
        assert_eq!(codes(&rest), ["A3", "A7"]);
        unit!(world, |tx| {
            for (code, owner) in [("A4", me), ("A6", Uuid::nil())] {
                let mut open = tx.open_alerts().await?;
                let alert = open.iter_mut().find(|alert| alert.code == code).unwrap();
                alert.claim(owner, NOW, &CLOCKS);
                tx.save_alert(alert).await?;
            }
        });
        assert_eq!(codes(&view!(world).queue(me, Hands::Mine, None, None, 9).await.unwrap()), ["A4"]);
        assert_eq!(codes(&view!(world).queue(me, Hands::Others, None, None, 9).await.unwrap()), ["A6"]);
        assert_eq!(view!(world).case_counts(me).await.unwrap(), (1, 2, 1));
        let automated = view!(world).automated(TimePlace::FIRST, 9).await.unwrap();
        assert_eq!((automated.len(), automated[0].tier, automated[0].last_inbound_at), (1, Tier::Imminent, later(99)));
        let after = TimePlace { at: automated[0].last_inbound_at, id: automated[0].id };
        assert!(view!(world).automated(after, 9).await.unwrap().is_empty());
        assert_eq!(view!(world).alerts_open().await.unwrap(), (4, 4));
    }

    async fn settings_are_kept_changed_and_removed(world: World) {
        unit!(world, |tx| {
            assert_eq!(tx.setting("a").await?, None);
            tx.set_setting("a", b"one\0").await?;
            tx.set_setting("a", b"two\xff").await?;
            assert_eq!(tx.setting("a").await?.as_deref(), Some(b"two\xff".as_slice()));
            tx.remove_setting("a").await?;
            tx.remove_setting("a").await?;
            assert_eq!(tx.setting("a").await?, None);
        });
    }

    async fn rules_on_trial_are_counted_by_day(world: World) {
        let day = minutes(24 * 60);
        unit!(world, |tx| {
            for at in [NOW, NOW, NOW.plus(day)] {
                tx.count_shadow("own.pier", at).await?;
            }
            tx.count_shadow("own.bridge", NOW).await?;
        });
        let counts = async |since| view!(world).shadow_counts(since).await.unwrap();
        let all = [("own.bridge".to_owned(), 1), ("own.pier".to_owned(), 3)];
        assert_eq!(counts(NOW).await, all);
        assert_eq!(counts(NOW.plus(day)).await, [("own.pier".to_owned(), 1)]);
    }

    async fn the_texts_before_are_read_oldest_first_and_only_the_latest(world: World) {
        unit!(world, |tx| {
            for (n, words) in ["one", "two", "three"].into_iter().enumerate() {
                hears(tx, NUMBER, &format!("SM{n}"), words).await?;
            }
            says(tx, NUMBER, Lane::Content, "ours", None).await?;
            hears(tx, "+15550124", "SM9", "somebody else's").await?;
        });
        let read = async |since, limit| unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let earlier = tx.earlier(&texter, conversation.id, since, limit).await?;
            earlier.iter().map(|text| (text.at, text.tier, text.body.reveal().to_owned())).collect::<Vec<_>>()
        });
        let text = |words: &str| (NOW, Tier::High, words.to_owned());
        let before = At(NOW.0 - 1);
        assert_eq!(read(before, 2).await, [text("two"), text("three")]);
        assert_eq!(read(before, 8).await.len(), 3);
        assert!(read(NOW, 8).await.is_empty());
    }

    async fn an_answer_that_waits_is_taken_back_and_what_has_left_is_not(world: World) {
        unit!(world, |tx| {
            let inbound = hears(tx, NUMBER, "SM1", "how do i").await?.unwrap();
            let (texter, _) = someone(tx, NUMBER).await?;
            tx.owe_reply(inbound, texter.id, later(60), None).await?;
            let tried = says(tx, NUMBER, Lane::Content, "tried", None).await?;
            tx.settle(tried, NOW, &Settled::new(OutboxState::Queued, later(9))).await?;
            says(tx, NUMBER, Lane::Content, "waits", Some(inbound)).await?;
            says(tx, "+15550124", Lane::Content, "of another", None).await?;
            tx.withdraw_waiting(texter.id, NOW).await?;
            assert_eq!(tx.outbox_waiting().await?, 3, "what is due leaves");
            tx.withdraw_waiting(texter.id, At(NOW.0 - 1)).await?;
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'withdrawn'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL").await, 2);
        assert_eq!(world.count(sqlx_count("answered_together")).await, 1);
    }

    async fn an_alert_knows_when_the_team_was_told_and_the_texter_excused(world: World) {
        let alert = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let request = AlertRequest { reason: Reason::Crisis, tier: Tier::High, page_after: seconds(0) };
            let mut alert = Alert::open(tx.id(NOW), conversation.id, texter.id, "A3".to_owned(), request, NOW);
            tx.insert_alert(&alert).await?;
            alert.pages = 1;
            tx.save_alert(&alert).await?;
            let (contact, words) = (contact(), "a page");
            for kind in [PageKind::Notice, PageKind::Page] {
                tx.send_to_responder("main", &NewPage { alert: Some(alert.id), kind, contact: &contact, words }, NOW).await?;
                let due = tx.claim_due(&claim_of(Lane::Page, NOW, 1)).await?.due;
                let Receiver::Responder { page_id } = due[0].receiver else { panic!("a page") };
                tx.page_accepted(page_id, later(7)).await?;
                assert_eq!(tx.open_alert(conversation.id).await?.unwrap().told_at.is_some(), kind == PageKind::Page);
            }
            alert
        });
        let told = unit!(world, |tx| {
            assert!(tx.alerts_to_excuse(At(NOW.0 - 1), 8).await?.is_empty());
            let due = tx.alerts_to_excuse(NOW, 8).await?;
            tx.excused(due[0].id, later(9)).await?;
            assert!(tx.alerts_to_excuse(NOW, 8).await?.is_empty(), "once");
            (due[0].id, due[0].told_at)
        });
        assert_eq!(told, (alert.id, Some(later(7))));
    }

    async fn a_check_in_needs_a_yes_and_goes_out_once(world: World) {
        let texter = unit!(world, |tx| {
            let new = NewStaff { login: "ada", name: "Second", role: Role::Responder, password_hash: "hash" };
            let asked_by = tx.add_staff(&new, NOW).await?.unwrap();
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let new = NewCheckIn { texter_id: texter.id, conversation_id: conversation.id, gateway: "main", asked_by, at: NOW };
            tx.ask_check_in(&new).await?;
            assert!(tx.check_ins_due(later(1_000_000), 8).await?.is_empty(), "asked is not agreed");
            tx.ask_check_in(&new).await?;
            tx.agree_check_in(texter.id, NOW, later(60)).await?;
            assert!(tx.check_ins_due(later(59), 8).await?.is_empty());
            let due = tx.check_ins_due(later(60), 8).await?;
            assert_eq!((due.len(), due[0].texter_id, due[0].conversation_id, due[0].gateway.as_str()), (1, texter.id, conversation.id, "main"));
            tx.end_check_in(texter.id, later(60), "sent").await?;
            assert!(tx.check_ins_due(later(61), 8).await?.is_empty());
            texter.id
        });
        let found = unit!(world, |tx| { tx.texter_with_id(texter).await?.map(|texter| texter.id) });
        assert_eq!(found, Some(texter));
        assert_eq!(world.count("SELECT COUNT(*) FROM check_ins WHERE outcome = 'asked_again'").await, 1);
    }

    async fn pieces_wait_until_they_are_taken_and_are_known_after_that(world: World) {
        unit!(world, |tx| {
            let (texter, _) = someone(tx, NUMBER).await?;
            let text = long_text(texter.id);
            for (gateway_ref, number, new) in [("P2", 2, true), ("P1", 1, true), ("P2", 2, false)] {
                let part = NewPart { id: tx.id(NOW), text: &text, gateway_ref, number, body: &MessageBody::new("w\0rds"), media: 1, at: NOW };
                assert_eq!(tx.record_part(&texter, &part).await?, new, "{gateway_ref}");
            }
            let parts = tx.parts_of(&texter, &text).await?;
            let read: Vec<_> = parts.iter().map(|p| (p.gateway_ref.as_str(), p.number, p.media, p.body.reveal(), p.message_id)).collect();
            assert_eq!(read, [("P1", 1, 1, "w\0rds", None), ("P2", 2, 1, "w\0rds", None)]);
            let other = LongText { total: 3, ..text.clone() };
            assert!(tx.parts_of(&texter, &other).await?.is_empty());
            assert!(tx.long_texts_waiting(NOW.minus(seconds(1)), 8).await?.is_empty());
            assert_eq!(tx.long_texts_waiting(NOW, 8).await?.len(), 1);
        });
        let message = unit!(world, |tx| { hears(tx, NUMBER, "P1", "w\0rds").await?.unwrap() });
        unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let known = long_text(texter.id);
            tx.parts_taken(&known, Some(message), None).await?;
            assert_eq!(tx.parts_of(&texter, &known).await?[1].message_id, Some(message));
            let words = MessageBody::new("more words");
            assert_eq!(tx.extend_inbound(&texter, message, &words, &verdict(Tier::Concern)).await?, Tier::High);
            assert_eq!(tx.extend_inbound(&texter, message, &words, &verdict(Tier::Imminent)).await?, Tier::High);
            let thread = tx.thread(&texter, conversation.id, 10).await?;
            assert_eq!(thread[0].body.reveal(), "more words");
            assert_eq!(thread[0].verdict.as_ref().unwrap().tier, Tier::Imminent);
            tx.parts_taken(&known, None, Some(later(1))).await?;
            assert!(tx.parts_of(&texter, &known).await?.is_empty());
            assert!(tx.long_texts_waiting(later(99), 8).await?.is_empty());
            tx.forget_parts(NOW).await?;
        });
        let kept = "SELECT COUNT(*) FROM parts WHERE length(body_sealed) = 0 AND message_id IS NOT NULL";
        assert_eq!(world.count(kept).await, 2);
        unit!(world, |tx| { tx.forget_parts(later(1)).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM parts").await, 0);
    }

    async fn who_is_erased_leaves_rows_that_count_and_nothing_else(world: World) {
        let (texter, conversation) = unit!(world, |tx| {
            hears(tx, NUMBER, "SM1", "a word to forget").await?;
            let waits = says(tx, NUMBER, Lane::Content, "an answer to forget", None).await?;
            let (texter, conversation) = someone(tx, NUMBER).await?;
            tx.ask_erasure(texter.id, NOW).await?;
            assert!(tx.erasures_due(later(1), NOW.minus(seconds(1)), 8).await?.is_empty(), "its answer has not left");
            assert_eq!(tx.erasures_due(later(1), NOW, 8).await?, [texter.id], "but not for ever");
            let left = Settled { gateway_ref: Some("SM5".to_owned()), ..Settled::new(OutboxState::Accepted, NOW) };
            tx.settle(waits, NOW, &left).await?;
            assert_eq!(tx.erasures_due(later(1), NOW.minus(seconds(1)), 8).await?, [texter.id]);
            tx.erase(texter.id, later(2)).await?;
            assert!(tx.erasures_due(later(3), later(3), 8).await?.is_empty());
            (texter.id, conversation.id)
        });
        assert!(world.app.store.scrub().await.unwrap());
        unit!(world, |tx| {
            assert!(tx.texter_with_id(texter).await?.is_none());
            assert!(tx.texter_of(conversation).await?.is_none());
            let (stranger, _) = someone(tx, NUMBER).await?;
            assert_ne!(stranger.id, texter);
            assert_eq!(stranger.state, State::default());
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE length(body_sealed) > 0 OR gateway_ref IS NOT NULL").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
    }

    async fn a_login_belongs_to_one_account(world: World) {
        let id = unit!(world, |tx| {
            assert_eq!(tx.staff_count().await?, 0);
            let new = NewStaff { login: "ada", name: "Second", role: Role::Supervisor, password_hash: "hash" };
            let id = tx.add_staff(&new, NOW).await?.unwrap();
            assert_eq!(tx.add_staff(&NewStaff { name: "Another", ..new }, NOW).await?, None);
            id
        });
        let mut tx = view!(world);
        let Account { id: found, login, name, role } = tx.staff_by_login("ada").await.unwrap().unwrap();
        assert_eq!((found, login.as_str(), name.as_str(), role), (id, "ada", "Second", Role::Supervisor));
        assert!(tx.staff_by_login("Second").await.unwrap().is_none());
        assert_eq!(tx.staff_name(id).await.unwrap().as_deref(), Some("Second"));
        assert_eq!(tx.staff_name(Uuid::from_u128(1)).await.unwrap(), None);
        assert_eq!(tx.staff_count().await.unwrap(), 1);
    }

    async fn the_audit_log_keeps_order_and_subject(world: World) {
        let subject = Uuid::from_u128(7);
        unit!(world, |tx| {
            for n in 0..3 {
                tx.audit(NOW, "line", &format!("step.{n}"), Some(subject), &serde_json::json!({"n": n})).await?;
            }
            tx.audit(NOW, "ada", "other", None, &serde_json::json!({})).await?;
        });
        let entries = view!(world).audit_of(subject).await.unwrap();
        let expected = [0, 1, 2].map(|n| (format!("step.{n}"), format!(r#"{{"n":{n}}}"#)));
        assert_eq!(entries, expected);
    }

    async fn a_database_is_opened_with_its_own_key_only_and_keeps_its_data(world: World) {
        world.phone(NUMBER).texts("hello").await;
        let before = world.count("SELECT COUNT(*) FROM messages").await;
        world.app.store.close().await;
        let closed = world.app.store.write(|tx| Box::pin(tx.outbox_waiting())).await;
        assert!(closed.is_err(), "a closed store takes nothing");
        let url = &world.config.database.url;
        let wrong = Arc::new(Keyring::new(&[9; 32]));
        let refused = Store::open(url, 4, wrong, Arc::new(SeededIds::new(9)), TimeZone::UTC).await.err().unwrap();
        assert!(matches!(refused, OpenError::WrongKey), "{refused}");
        assert!(refused.to_string().contains("keys.file"), "{refused}");
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(9));
        let right = keyring(&world.config, &ids).unwrap();
        let store = Store::open(url, 4, right, ids, TimeZone::UTC).await.unwrap();
        assert!(before > 1 && store.is_whole());
        store.make_whole().await.unwrap();
        store.found().await;
        assert!(store.is_well().await && !world.app.store.is_well().await);
        let number = store.write(|tx| Box::pin(async move {
            let texter = tx.texter(&number(), &State::default(), NOW).await?;
            assert!(texter.state.greeted && texter.conversation.is_some());
            tx.number_of(&texter).await
        })).await.unwrap();
        assert_eq!(number.reveal(), NUMBER);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, before);
    }

    async fn damage_names_the_row_and_never_the_words(world: World) {
        world.phone(NUMBER).texts("purple elephants").await;
        let conversation = world.first_in_the_queue().await;
        damage(&world, if world.config.database.url.starts_with("sqlite") {
            "UPDATE messages SET body_sealed = CAST(substr(body_sealed, 1, length(body_sealed) - 1) || x'00' AS BLOB) WHERE author = 'texter'"
        } else {
            "UPDATE messages SET body_sealed = set_byte(body_sealed, length(body_sealed) - 1, get_byte(body_sealed, length(body_sealed) - 1) # 1) WHERE author = 'texter'"
        }).await;
        let mut tx = view!(world);
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let error = tx.thread(&texter, conversation, 10).await.unwrap_err();
        let StoreError::Corrupt { table, id, .. } = &error else { panic!("{error}") };
        assert_eq!((*table, id.is_nil()), ("messages", false));
        let said = format!("{error} {error:?}");
        assert!(said.contains(&id.to_string()) && said.contains("messages.body"), "{said}");
        assert!(!said.contains("purple") && !said.contains("0123"), "{said}");
    }

    async fn bytes_that_were_moved_to_another_row_do_not_open(world: World) {
        for number in [NUMBER, "+15550124"] {
            world.phone(number).texts("hello").await;
        }
        damage(&world, "UPDATE texters SET wrapped_key = (SELECT wrapped_key FROM texters ORDER BY id DESC LIMIT 1),
            state_sealed = (SELECT state_sealed FROM texters ORDER BY id DESC LIMIT 1)").await;
        let moved = world.app.store.write(|tx| Box::pin(async move {
            tx.texter(&number(), &State::default(), NOW).await.map(|_| ())
        })).await;
        let Err(StoreError::Corrupt { table: "texters", why, .. }) = moved else { panic!("{moved:?}") };
        assert!(why.contains("wrapped_key"), "{why}");
    }

    async fn one_damaged_text_does_not_hold_up_those_behind_it(world: World) {
        unit!(world, |tx| {
            says(tx, NUMBER, Lane::Content, "damaged", None).await?;
            says(tx, "+15550124", Lane::Content, "whole", None).await?;
        });
        damage(&world, "UPDATE messages SET body_sealed = wrapped_key FROM texters
            WHERE texters.id = messages.texter_id AND messages.id = (SELECT id FROM messages ORDER BY id LIMIT 1)").await;
        let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Content, NOW, 10)).await?.due });
        let words: Vec<_> = due.iter().map(|due| due.body.reveal()).collect();
        assert_eq!(words, ["whole"]);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND code = 'unreadable'").await, 1);
    }

    async fn the_database_holds_no_number_and_no_word_in_clear(world: World) {
        let texter = world.phone("+15557654321");
        for words in ["purple elephants", "i want to die", "A3", "HUMAN"] {
            texter.texts(words).await;
        }
        world.responder().texts("A3").await;
        world.advance(minutes(2)).await;
        let planted = ["5557654321", "purple", "elephants", "want to die", "5550199", "We are asking our on-call team", "Reply A3"];
        let stored = everything(&world).await;
        assert!(find(&stored, "text.decided") && find(&stored, "Duty phone"), "the search finds what is in clear");
        for word in planted {
            assert!(!find(&stored, word), "{word} is in the database in clear");
        }
    }
}

/// `PostgreSQL` alone: on `SQLite` one writer at a time sees what the one before has done.
#[tokio::test]
async fn a_text_that_waits_for_its_turn_sees_what_the_one_before_did() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    unit!(world, |tx| {
        someone(tx, NUMBER).await?;
    });
    let locked = Arc::new(Notify::new());
    let (has_locked, url) = (Arc::clone(&locked), world.config.database.url.clone());
    let first = world.app.store.write(move |tx| {
        let (has_locked, url) = (Arc::clone(&has_locked), url.clone());
        Box::pin(async move {
            let (_, conversation) = someone(tx, NUMBER).await?;
            has_locked.notify_one();
            until_somebody_waits(&url).await;
            tx.touch_conversation(conversation.id, (Tier::Imminent, Locale::En), NOW)
                .await
        })
    });
    let second = async {
        locked.notified().await;
        unit!(world, |tx| { someone(tx, NUMBER).await?.1.tier })
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(second, Tier::Imminent);
}

/// `PostgreSQL` alone, for the same reason.
#[tokio::test]
async fn a_stop_is_not_lost_when_the_team_closes_at_the_same_moment() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    let conversation = unit!(world, |tx| {
        let new = NewStaff {
            login: "ada",
            name: "Second",
            role: Role::Responder,
            password_hash: "hash",
        };
        tx.add_staff(&new, NOW).await?;
        someone(tx, NUMBER).await?.1.id
    });
    let ada = view!(world).staff_by_login("ada").await.unwrap().unwrap();
    let handoff = Arc::clone(&world.app.handoff);
    let locked = Arc::new(Notify::new());
    let (has_locked, url) = (Arc::clone(&locked), world.config.database.url.clone());
    let stop = world.app.store.write(move |tx| {
        let (has_locked, url) = (Arc::clone(&has_locked), url.clone());
        Box::pin(async move {
            let (texter, _) = someone(tx, NUMBER).await?;
            has_locked.notify_one();
            until_somebody_waits(&url).await;
            let state = State {
                opted_out: true,
                ..texter.state.clone()
            };
            tx.save_state(&texter, &state).await
        })
    });
    let close = async {
        locked.notified().await;
        handoff
            .act(
                &ada,
                conversation,
                Act::WrapUp(WrapUp::with("safe_for_now")),
            )
            .await
    };
    let (stop, close) = tokio::join!(stop, close);
    stop.unwrap();
    close.unwrap().unwrap();
    assert!(unit!(world, |tx| {
        someone(tx, NUMBER).await?.0.state.opted_out
    }));
}

/// Returns once another unit of work waits for a lock in this database, or none will.
async fn until_somebody_waits(url: &str) {
    let mut c = sqlx::PgConnection::connect(url).await.unwrap();
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // Not for ever: when nobody waits, the test is to fail and not to hang.
    for _ in 0..5_000 {
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut c).await.unwrap();
        if count > 0 {
            return;
        }
    }
}

/// A query that counts obligations with an outcome.
fn sqlx_count(outcome: &str) -> &'static str {
    format!("SELECT COUNT(*) FROM obligations WHERE outcome = '{outcome}'").leak()
}

fn find(stored: &[u8], word: &str) -> bool {
    stored
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Every byte that the database keeps: the files of `SQLite`, every column of `PostgreSQL`.
async fn everything(world: &World) -> Vec<u8> {
    let url = &world.config.database.url;
    if let Some(path) = url.strip_prefix("sqlite://") {
        let files = ["", "-wal", "-shm"].map(|end| std::fs::read(format!("{path}{end}")));
        return files.into_iter().flatten().flatten().collect();
    }
    let mut c = sqlx::PgConnection::connect(url).await.unwrap();
    let columns = sqlx::query(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    let mut stored = Vec::new();
    for column in columns {
        let (table, name, kind): (String, String, String) =
            (column.get(0), column.get(1), column.get(2));
        let shown = match kind.as_str() {
            // Bytes that are text are shown as text.
            "bytea" => format!("encode({name}, 'escape')"),
            _ => format!("{name}::text"),
        };
        let sql = format!("SELECT COALESCE({shown}, '') FROM {table}");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_all(&mut c)
            .await
            .unwrap();
        stored.extend(rows.into_iter().flat_map(String::into_bytes));
    }
    stored
}

/// A method that is not called here is not under contract.
#[test]
fn every_public_method_of_a_transaction_is_in_this_contract() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut here = include_str!("store_contract.rs").to_owned();
    for file in std::fs::read_dir(root.join("tests/it/store_contract")).unwrap() {
        here += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let folder = root.join("src/store");
    let mut methods = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let of_tx = source.split("\nimpl Tx {").skip(1);
        let of_tx = of_tx.map(|rest| rest.split("\n}\n").next().unwrap());
        for line in of_tx.flat_map(str::lines) {
            let Some(rest) = line.trim_start().strip_prefix("pub async fn ") else {
                continue;
            };
            let name = rest.split(['(', '<']).next().unwrap();
            let called =
                here.contains(&format!(".{name}(")) || here.contains(&format!("::{name}("));
            assert!(called, "{name} is not called in the contract");
            methods += 1;
        }
    }
    assert!(methods > 40, "{methods}");
}
