//! A past for measurements: conversations that are over, written by SQL, with bodies that nobody can open.
//! The columns that decide speed (keys, times, sizes of the sealed bytes) are as the program writes them.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// Messages of one conversation of the past.
pub(crate) const OF_ONE: i64 = 50;
/// Conversations of one transaction: a million messages, so that neither log of the engines grows without end.
const AT_ONCE: i64 = 20_000;

/// When the first conversation was, in milliseconds since 1970: so long ago that all of them are over.
const BEGIN: i64 = 1_700_000_000_000;

/// Whoever answered all of it.
const STAFF: &str = "00000000000000000000000000000001";

/// Writes so many messages in conversations of fifty, each with its texter, case, obligations, replies and outcome.
///
/// # Panics
///
/// When the database refuses: a measurement that fails must stop.
pub(crate) async fn write(url: &str, messages: i64) {
    let mut engine = Engine::connect(url).await;
    let person = engine.person();
    engine.run(person).await;
    let conversations = messages / OF_ONE;
    let mut first = 1;
    while first <= conversations {
        let last = conversations.min(first + AT_ONCE - 1);
        engine.run("BEGIN".to_owned()).await;
        for statement in engine.slice(first, last) {
            engine.run(statement).await;
        }
        engine.run("COMMIT".to_owned()).await;
        first = last + 1;
    }
    engine.settle().await;
}

/// The two engines, and how each says what SQL has no common words for.
enum Engine {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Engine {
    async fn connect(url: &str) -> Self {
        if let Some(file) = url.strip_prefix("sqlite://") {
            let options = SqliteConnectOptions::new().filename(file);
            let mut connection = Self::Sqlite(options.connect().await.unwrap());
            connection.run("PRAGMA synchronous = OFF".to_owned()).await;
            connection
        } else {
            Self::Postgres(PgConnection::connect(url).await.unwrap())
        }
    }

    async fn run(&mut self, statement: String) {
        // Made in this file from numbers only.
        let statement = AssertSqlSafe(statement);
        match self {
            Self::Sqlite(connection) => {
                sqlx::query(statement).execute(connection).await.unwrap();
            }
            Self::Postgres(connection) => {
                sqlx::query(statement).execute(connection).await.unwrap();
            }
        }
    }

    /// Lets the engine learn what it holds, and brings its log back to nothing.
    async fn settle(&mut self) {
        match self {
            Self::Sqlite(_) => {
                self.run("ANALYZE".to_owned()).await;
                self.run("PRAGMA wal_checkpoint(TRUNCATE)".to_owned()).await;
            }
            Self::Postgres(_) => {
                self.run("VACUUM ANALYZE".to_owned()).await;
                self.run("CHECKPOINT".to_owned()).await;
            }
        }
    }

    /// An id: as those of the program it begins with a time, a minute for each conversation, so that what comes
    /// afterwards has a place behind all of it; then come a letter for its table and a number, so that rows find
    /// each other.
    fn id(&self, table: char, number: &str) -> String {
        let (table, time) = (u32::from(table), format!("{BEGIN} + n * 60000"));
        match self {
            Self::Sqlite(_) => {
                format!("unhex(printf('%012x7000%02x%014x', {time}, {table}, {number}))")
            }
            Self::Postgres(_) => format!(
                "(lpad(to_hex({time}), 12, '0') || '7000{table:02x}' || lpad(to_hex({number}), 14, '0'))::uuid"
            ),
        }
    }

    /// Random bytes, so many of them.
    fn bytes(&self, count: u32) -> String {
        match self {
            Self::Sqlite(_) => format!("randomblob({count})"),
            Self::Postgres(_) => {
                let times = count.div_ceil(16);
                format!(
                    "substring(decode(repeat(md5(random()::text), {times}), 'hex') FROM 1 FOR {count})"
                )
            }
        }
    }

    /// What a gateway calls a text: in no order, so that each stands in another page of its index.
    fn reference(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "'SM' || lower(hex(randomblob(16)))",
            Self::Postgres(_) => "'SM' || md5(random()::text)",
        }
    }

    fn staff(&self) -> String {
        match self {
            Self::Sqlite(_) => format!("X'{STAFF}'"),
            Self::Postgres(_) => format!("'{STAFF}'::uuid"),
        }
    }

    fn person(&self) -> String {
        format!(
            "INSERT INTO staff (id, login, name, role, password_hash, created_at)
             VALUES ({}, 'past', 'Past', 'responder', '', 0)",
            self.staff()
        )
    }

    /// What stands before and after an `INSERT … SELECT` that gives a row a conversation `n`, or a row a message `n`, `k`.
    fn rows(&self, first: i64, last: i64, messages: bool) -> (String, String) {
        match (self, messages) {
            (Self::Sqlite(_), false) => (
                format!(
                    "WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last}) "
                ),
                " FROM c".to_owned(),
            ),
            (Self::Sqlite(_), true) => (
                format!(
                    "WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last}),
                     m(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM m WHERE k < {OF_ONE}) "
                ),
                " FROM c, m".to_owned(),
            ),
            (Self::Postgres(_), false) => (
                String::new(),
                format!(" FROM generate_series({first}::bigint, {last}::bigint) AS c(n)"),
            ),
            (Self::Postgres(_), true) => (
                String::new(),
                format!(
                    " FROM generate_series({first}::bigint, {last}::bigint) AS c(n),
                      generate_series(1::bigint, {OF_ONE}::bigint) AS m(k)"
                ),
            ),
        }
    }

    /// The statements that write some conversations.
    fn slice(&self, first: i64, last: i64) -> Vec<String> {
        let (texter, conversation, staff) = (self.id('t', "n"), self.id('c', "n"), self.staff());
        let number = format!("n * {OF_ONE} + k");
        let (message, out) = (self.id('m', &number), self.id('o', &number));
        let (alert, reference) = (self.id('a', "n"), self.reference());
        let at = format!("{BEGIN} + n * 60000");
        let [index, sealed, key, state] = [32, 53, 73, 300].map(|count| self.bytes(count));
        let (body, verdict) = (self.bytes(160), self.bytes(600));
        let each = |insert: String| {
            let (before, after) = self.rows(first, last, false);
            format!("{before}{insert}{after}")
        };
        let all = |insert: String, which: &str| {
            let (before, after) = self.rows(first, last, true);
            format!("{before}{insert}{after}{which}")
        };
        vec![
            each(format!(
                "INSERT INTO texters (id, number_index, number_sealed, wrapped_key, state_sealed, created_at)
                 SELECT {texter}, {index}, {sealed}, {key}, {state}, {at}"
            )),
            each(format!(
                "INSERT INTO conversations (id, texter_id, tier, opened_at, last_inbound_at, human_joined_at, closed_at)
                 SELECT {conversation}, {texter}, 'high', {at}, {at}, {at}, {at} + 3600000"
            )),
            all(
                format!(
                    "INSERT INTO messages (id, conversation_id, texter_id, author, staff_id, gateway, gateway_ref, tier, media, body_sealed, verdict_sealed, at)
                     SELECT {message}, {conversation}, {texter},
                            CASE k % 2 WHEN 0 THEN 'texter' ELSE 'staff' END,
                            CASE k % 2 WHEN 0 THEN NULL ELSE {staff} END, 'main',
                            CASE k % 2 WHEN 0 THEN {reference} END,
                            CASE k % 2 WHEN 0 THEN 'high' END, 0, {body},
                            CASE k % 2 WHEN 0 THEN {verdict} END, {at} + k"
                ),
                "",
            ),
            all(
                format!(
                    "INSERT INTO obligations (message_id, texter_id, due_at, closed_at, outcome)
                     SELECT {message}, {texter}, {at} + k + 5000, {at} + k, 'answered'"
                ),
                " WHERE k % 2 = 0",
            ),
            all(
                format!(
                    "INSERT INTO outbox (id, lane, gateway, texter_id, message_id, state, due_at, attempts, gateway_ref, delivery, created_at, done_at)
                     SELECT {out}, 'conversation', 'main', {texter}, {message}, 'accepted', {at} + k, 1,
                            {reference}, 'delivered', {at} + k, {at} + k"
                ),
                " WHERE k % 2 = 1",
            ),
            each(format!(
                "INSERT INTO alerts (id, conversation_id, texter_id, code, tier, reason, opened_at, pages, acknowledged_at, acknowledged_by, claimed_by, claimed_at, answered_at, closed_at)
                 SELECT {alert}, {conversation}, {texter}, 'A' || (n % 700 + 2), 'high', 'crisis', {at}, 1, {at}, 'Past', {staff}, {at}, {at}, {at} + 3600000"
            )),
            each(format!(
                "INSERT INTO wrap_ups (conversation_id, staff_id, outcome, tier, check_in, debrief, at)
                 SELECT {conversation}, {staff}, 'safe_for_now', 'high', FALSE, FALSE, {at} + 3600000"
            )),
        ]
    }
}
