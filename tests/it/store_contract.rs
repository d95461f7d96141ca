//! The contract of the store, on both engines: every method, units of work, races, damage.

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
mod alerts;
mod approvals;
mod arrivals;
mod audit_chain;
mod claims;
mod composer;
mod contact_methods;
mod drills;
mod duties;
mod exports;
mod followers;
mod hands;
mod heartbeats;
mod held_replies;
mod keys;
mod ladder;
mod ledger;
mod outbox;
mod page_tests;
mod plans;
mod policies;
mod retention;
mod schedules;
mod sealing;
mod standing;
mod supervision;
mod texters;
mod units;

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

/// Puts a text to a texter into the outbox; the row.
async fn says(
    tx: &mut Tx,
    number: &str,
    lane: Lane,
    words: &str,
    answers: Option<Uuid>,
) -> Result<Uuid, StoreError> {
    says_by(tx, "main", number, lane, words, answers).await
}

/// The same by this gateway.
async fn says_by(
    tx: &mut Tx,
    gateway: &str,
    number: &str,
    lane: Lane,
    words: &str,
    answers: Option<Uuid>,
) -> Result<Uuid, StoreError> {
    let (texter, conversation) = someone(tx, number).await?;
    let new = NewOutbound {
        id: tx.id(NOW),
        gateway,
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
        gateway,
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
    assert!(world.damage(sql).await > 0, "{sql}");
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
    let folders = [folder.join("exports"), folder];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|file| file.unwrap().path());
    let mut methods = 0;
    for path in files.filter(|path| path.is_file()) {
        let source = std::fs::read_to_string(path).unwrap();
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
