//! Fills the database: most of it by SQL, with bodies that nobody opens, and one long conversation and a full
//! queue as the program itself makes them.

use std::path::Path;
use std::time::Duration;

use harborline::app::App;
use harborline::conversation::{AlertRequest, Reason, State};
use harborline::oncall::Alert;
use harborline::phone::PhoneNumber;
use harborline::store::{Author, NewInbound, NewOutbound, StoreError, Tx};
use harborline::text::MessageBody;
use harborline::triage::{Tier, assess};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use uuid::Uuid;

/// Messages of one conversation of the past.
const OF_ONE: i64 = 50;
/// Cases that wait.
const WAIT: usize = 60;
/// Messages of the conversation that is opened: as many as a page shows.
const LONG: usize = 200;

/// Fills it; the conversation to open.
pub(crate) async fn fill(app: &App, database: &Path, messages: i64) -> Uuid {
    past(database, messages / OF_ONE).await;
    let mut opened = Uuid::nil();
    for nth in 0..WAIT {
        let long = if nth == 0 { LONG } else { 4 };
        let conversation = case(app, nth, long).await;
        if nth == 0 {
            opened = conversation;
        }
    }
    opened
}

/// What is over: conversations, each with its texter, messages, case and outcome.
async fn past(database: &Path, conversations: i64) {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    let staff: Uuid = sqlx::query_scalar("SELECT id FROM staff LIMIT 1")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let staff = staff.simple().to_string();
    // An id is a number with a letter for its table before it, so that rows find each other.
    let id = |table: &str, number: &str| format!("CAST(printf('{table}%015d', {number}) AS BLOB)");
    let (texter, conversation) = (id("t", "n"), id("c", "n"));
    let each = format!(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {conversations})"
    );
    let both = format!(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {conversations}),
              m(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM m WHERE k < {OF_ONE})"
    );
    let at = "1700000000000 + n * 60000";
    let message = id("m", &format!("n * {OF_ONE} + k"));
    let statements = [
        "PRAGMA synchronous = OFF".to_owned(),
        "BEGIN".to_owned(),
        format!(
            "{each} INSERT INTO texters (id, number_index, number_sealed, wrapped_key, state_sealed, created_at)
             SELECT {texter}, randomblob(32), randomblob(53), randomblob(73), randomblob(300), {at} FROM c"
        ),
        format!(
            "{each} INSERT INTO conversations (id, texter_id, tier, opened_at, last_inbound_at, human_joined_at, closed_at)
             SELECT {conversation}, {texter}, 'high', {at}, {at}, {at}, {at} + 3600000 FROM c"
        ),
        format!(
            "{both} INSERT INTO messages (id, conversation_id, texter_id, author, staff_id, gateway, gateway_ref, tier, media, body_sealed, verdict_sealed, at)
             SELECT {message}, {conversation}, {texter},
                    CASE k % 2 WHEN 0 THEN 'texter' ELSE 'staff' END,
                    CASE k % 2 WHEN 0 THEN NULL ELSE X'{staff}' END, 'main',
                    CASE k % 2 WHEN 0 THEN printf('past-%d-%d', n, k) END,
                    CASE k % 2 WHEN 0 THEN 'high' END, 0, randomblob(160),
                    CASE k % 2 WHEN 0 THEN randomblob(600) END, {at} + k FROM c, m"
        ),
        format!(
            "{each} INSERT INTO alerts (id, conversation_id, texter_id, code, tier, reason, opened_at, pages, acknowledged_at, acknowledged_by, claimed_by, claimed_at, answered_at, closed_at)
             SELECT {}, {conversation}, {texter}, printf('A%d', n % 700 + 2), 'high', 'crisis', {at}, 1, {at}, 'First', X'{staff}', {at}, {at}, {at} + 3600000 FROM c",
            id("a", "n")
        ),
        format!(
            "{each} INSERT INTO wrap_ups (conversation_id, staff_id, outcome, tier, check_in, debrief, at)
             SELECT {conversation}, X'{staff}', 'safe_for_now', 'high', 0, 0, {at} + 3600000 FROM c"
        ),
        "COMMIT".to_owned(),
        "ANALYZE".to_owned(),
    ];
    for statement in statements {
        // Made above from numbers only.
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
}

/// A case that waits, with its messages as the program makes them.
async fn case(app: &App, nth: usize, messages: usize) -> Uuid {
    let rules = app.rulebook.current();
    let now = app.clock.now();
    let verdict = assess(&rules, "i want to die");
    let unit = app.store.write(move |tx: &mut Tx| {
        let verdict = verdict.clone();
        Box::pin(async move {
            let number = PhoneNumber::of_sender(&format!("+1555{nth:07}"));
            let texter = tx.texter(&number, &State::default(), now).await?;
            let conversation = tx.open_conversation(texter.id, now).await?;
            for k in 0..messages {
                let id = tx.id(now);
                if k % 2 == 0 {
                    tx.record_inbound(
                        &texter,
                        &conversation,
                        &NewInbound {
                            id,
                            gateway: "main",
                            gateway_ref: &format!("now-{nth}-{k}"),
                            body: &MessageBody::new("i want to die"),
                            media: 0,
                            verdict: &verdict,
                            at: now,
                            came_before: Some(false),
                        },
                    )
                    .await?;
                } else {
                    tx.record_outbound(
                        &texter,
                        &conversation,
                        &NewOutbound {
                            id,
                            gateway: "main",
                            author: Author::Line,
                            staff_id: None,
                            body: &MessageBody::new(
                                "You matter. Call or text 988 now, day or night.",
                            ),
                            at: now,
                        },
                    )
                    .await?;
                }
            }
            let request = AlertRequest {
                reason: Reason::Crisis,
                tier: Tier::High,
                page_after: Duration::ZERO,
            };
            let (id, code) = (tx.id(now), tx.free_code().await?);
            let alert = Alert::open(id, conversation.id, texter.id, code, request, now);
            tx.insert_alert(&alert).await?;
            Ok::<_, StoreError>(conversation.id)
        })
    });
    unit.await.unwrap()
}
