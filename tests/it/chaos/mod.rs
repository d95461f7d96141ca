//! The chaos suite: each fault with the promises that must hold, and what it came to. `cargo test --test it --
//! chaos --nocapture --test-threads 1` prints the rows of the table in docs/reliability.md.

mod clocks;
mod database;
mod failover;
mod process;
mod provider;
mod spool;

use std::time::Duration;

use futures_util::future::join_all;
use harborline::lane::Lane;
use tokio::time::Instant;

use crate::failsafe::paged;
use crate::support::World;
use crate::support::figures::Figures;
use crate::support::world::{inline_text, receipt_path};

/// How many people in crisis text during a fault.
const CRISES: usize = 1_000;
/// How many others do.
const OTHERS: usize = 20;
/// How many texts are on their way at a time.
const AT_ONCE: usize = 50;
/// What Twilio waits for the answer to a hook.
const DEADLINE: Duration = Duration::from_secs(15);

fn in_crisis(n: usize) -> String {
    format!("+1555{n:07}")
}

fn other(n: usize) -> String {
    format!("+1556{n:07}")
}

/// Delivers one hook and returns the response, within what the gateway waits.
async fn delivered(world: &World, sid: &str, from: &str, body: &str) -> (String, Duration) {
    let fields = [("MessageSid", sid), ("From", from), ("Body", body)];
    let started = Instant::now();
    let (status, twiml) = world.hook("/hooks/main/inbound", &fields).await;
    assert_eq!(status, 200, "{sid}");
    let took = started.elapsed();
    assert!(took < DEADLINE, "{sid} was answered too late");
    (twiml, took)
}

/// A text in crisis, its answer in the response, and how long that took.
async fn crisis(world: &World, figures: &Figures, n: usize) -> String {
    let sid = format!("SMcrisis{n}");
    let (twiml, took) = delivered(world, &sid, &in_crisis(n), "i want to die").await;
    assert!(inline_text(&twiml).unwrap().contains("988"), "{twiml}");
    figures.text(Some(took));
    twiml
}

/// Every text in crisis and every other one, while the database is away: each has its answer in the
/// response to its hook, and everyone on call is paged. Returns an address for receipts.
async fn everyone_is_answered(world: &World, figures: &Figures) -> String {
    let numbers: Vec<usize> = (0..CRISES).collect();
    let mut receipts = String::new();
    // The others wait long, all at the same time, as they would.
    let others = join_all((0..OTHERS).map(|n| async move {
        let (twiml, _) = delivered(world, &format!("SMother{n}"), &other(n), "menu").await;
        let held = inline_text(&twiml).expect("a holding line");
        assert!(held.contains("988") && held.contains("late"), "{held}");
    }));
    let crises = async {
        for some in numbers.chunks(AT_ONCE) {
            for twiml in join_all(some.iter().map(|n| crisis(world, figures, *n))).await {
                receipts = receipt_path(&twiml).expect("an address for receipts");
            }
        }
    };
    tokio::join!(others, crises);
    paged(world, 1).await;
    receipts
}

/// How many of so many texts are not stored, and how many more than once.
async fn lost_and_doubled(world: &World, all: usize) -> (usize, usize) {
    let of = async |sql| usize::try_from(world.count(sql).await).unwrap();
    let once = of("SELECT COUNT(DISTINCT gateway_ref) FROM messages WHERE author = 'texter'").await;
    let stored = of("SELECT COUNT(*) FROM messages WHERE author = 'texter'").await;
    (all.saturating_sub(once), stored - once)
}

/// After the recovery: each text once, each crisis reply once and waiting for its receipt, each of
/// the others with a real answer.
async fn all_is_stored_once(world: &World, figures: &Figures) {
    figures.recovered();
    let (all, crises) = (CRISES + OTHERS, CRISES);
    let (lost, doubled) = lost_and_doubled(world, all).await;
    figures.kept(lost, doubled);
    assert_eq!((lost, doubled), (0, 0));
    for (what, sql, count) in [
        ("obligations", "SELECT COUNT(*) FROM obligations", all),
        (
            "open alerts",
            "SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL",
            crises,
        ),
        (
            "crisis replies",
            "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND texter_id IS NOT NULL",
            crises,
        ),
        (
            "crisis replies that wait for a receipt",
            "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'awaiting'",
            crises,
        ),
    ] {
        let stored = world.count(sql).await;
        assert_eq!(usize::try_from(stored).unwrap(), count, "{what}");
    }
    for lane in [Lane::Content, Lane::Conversation, Lane::Crisis] {
        while world.app.dispatch.run_once(lane).await.unwrap() > 0 {}
    }
    for n in 0..OTHERS {
        let sent = world.twilio.sent_to(&other(n));
        let answered = sent
            .iter()
            .any(|text| text.body.contains("Reply with a number"));
        assert!(answered, "{sent:?}");
    }
    for n in 0..CRISES {
        let sent = world.twilio.sent_to(&in_crisis(n));
        assert!(
            sent.is_empty(),
            "answered inline, and not a second time: {sent:?}"
        );
    }
    figures.print();
}

/// A receipt that comes when the rows are there finds the reply that went out before they were.
async fn a_receipt_finds_its_row(world: &World, path: &str) {
    let receipt = [("MessageSid", "SMreply"), ("MessageStatus", "delivered")];
    assert_eq!(world.hook(path, &receipt).await.0, 200);
    let accepted = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'accepted'";
    assert_eq!(world.count(accepted).await, 1);
}
