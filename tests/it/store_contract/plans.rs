//! The contract of what the pages read: with a long history no statement goes through all of a table that
//! grows with it. The statements are those of the sources, word for word, and both engines are asked how they
//! would go about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use super::*;

/// Tables that stay as small as a team is.
const SMALL: [&str; 8] = [
    "staff",
    "schedules",
    "policies",
    "settings",
    "senders",
    "leases",
    "heartbeats",
    "canned_replies",
];

/// What a page reads: the file in `src/store`, the method with the statement (or the statement itself, where
/// a method has two), and the indexes that may be walked along because the statement ends after a page.
const READS: &[(&str, &str, &[&str])] = &[
    // The queue, and the lists beside it.
    ("queue.rs", "queue", &[]),
    ("queue.rs", "case_counts", &[]),
    ("queue.rs", "untaken", &[]),
    ("queue.rs", "crises_open", &[]),
    ("queue.rs", "automated", &[]),
    ("queue.rs", "alerts_open", &[]),
    ("transfers.rs", "transfers_to", &[]),
    ("help_calls.rs", "open_help_calls", &[]),
    ("wrap_ups.rs", "=closed!(\"$1 = $1\")", &["wrap_ups_at"]),
    ("wrap_ups.rs", "=closed!(\"w.staff_id = $1\")", &[]),
    // A conversation.
    ("texters.rs", "texter_of", &[]),
    ("reading.rs", "may_read", &[]),
    ("messages.rs", "thread_until", &[]),
    ("messages.rs", "texts_after", &[]),
    ("messages.rs", "words_of", &[]),
    ("gateway_log.rs", "exchanges", &[]),
    ("notes.rs", "notes", &[]),
    // Of tables with nearly nothing in them PostgreSQL walks along an index rather than sort.
    ("audit.rs", "history", &["audit_log_pkey"]),
    (
        "alerts.rs",
        "=\"SELECT * FROM alerts WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1\"",
        &[],
    ),
    ("acknowledgements.rs", "acknowledgements", &[]),
    ("transfers.rs", "open_transfer", &[]),
    ("help_calls.rs", "open_help", &[]),
    ("reveals.rs", "revealed_until", &[]),
    ("wrap_ups.rs", "ended", &[]),
    ("wrap_ups.rs", "ended_of", &["conversations_opened"]),
    ("drafts.rs", "drafts", &[]),
    ("presence.rs", "presence_of", &[]),
    ("presence.rs", "present", &[]),
    ("drills.rs", "timeline", &[]),
    // Searches. Words are looked for in the latest conversations only.
    ("search.rs", "find_by_code", &[]),
    ("search.rs", "find_by_number", &[]),
    (
        "search.rs",
        "searchable",
        &["conversations_recent", "texters_pkey"],
    ),
    // The board.
    ("board.rs", "board", &[]),
    ("obligations.rs", "obligations_open", &[]),
    ("call_outs.rs", "last_call_out", &[]),
    ("incidents.rs", "incidents_open", &[]),
    // Incidents, the audit log, reports, the system.
    ("incidents.rs", "incident", &[]),
    ("incidents.rs", "open_entries", &[]),
    ("incidents.rs", "past_incidents", &[]),
    ("incidents.rs", "incident_notes", &[]),
    ("incidents.rs", "happened_to", &[]),
    (
        "audit.rs",
        "=entries!(\"l.action <> 'text.decided' AND $4 = ''\")",
        &[],
    ),
    (
        "audit.rs",
        "=entries!(\"l.action <> 'text.decided' AND l.actor = $4\")",
        &[],
    ),
    ("audit.rs", "audit_counts", &[]),
    ("reports.rs", "report_conversations", &[]),
    ("reports.rs", "report_cases", &[]),
    ("reports.rs", "report_texts", &[]),
    ("reports.rs", "report_drills", &[]),
    ("standing.rs", "gateway_standing", &[]),
    ("standing.rs", "last_exchange", &[]),
    ("standing.rs", "lanes", &[]),
];

both! {
    async fn no_page_goes_through_a_whole_history(world: World) {
        let mut wrong = Vec::new();
        for (file, what, walked) in READS {
            let sql = statement(file, what);
            let plan = plan(&world, &sql).await;
            let bad = if plan.sqlite { of_sqlite(&plan.lines, &sql, walked) } else { of_postgres(&plan.lines, walked) };
            wrong.extend(bad.into_iter().map(|line| format!("{file} {what}: {line}\n  {}", plan.lines.join("\n  "))));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// How an engine goes about a statement.
struct Plan {
    sqlite: bool,
    lines: Vec<String>,
}

async fn plan(world: &World, sql: &str) -> Plan {
    let url = &world.config.database.url;
    if url.starts_with("sqlite") {
        let mut c = SqliteConnection::connect(url).await.unwrap();
        let asked = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let rows = asked.fetch_all(&mut c).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
        let lines = rows.iter().map(|row| row.get::<String, _>(3)).collect();
        return Plan {
            sqlite: true,
            lines,
        };
    }
    let mut c = PgConnection::connect(url).await.unwrap();
    // With nearly nothing in a table, going through all of it is the fastest way. Without that way, it is
    // taken only where there is no other.
    let places = (1..20)
        .filter(|n| sql.contains(&format!("${n}")))
        .max()
        .unwrap_or(0);
    let nothing = vec!["NULL"; places].join(", ");
    let run = if places == 0 {
        "p".to_owned()
    } else {
        format!("p({nothing})")
    };
    for prepared in [
        "SET enable_seqscan = off".to_owned(),
        "SET plan_cache_mode = force_generic_plan".to_owned(),
        format!("PREPARE p AS {sql}"),
    ] {
        let done = sqlx::raw_sql(AssertSqlSafe(prepared)).execute(&mut c).await;
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    let asked = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN EXECUTE {run}")));
    let lines = asked.fetch_all(&mut c).await.unwrap();
    Plan {
        sqlite: false,
        lines,
    }
}

/// The lines that say that SQLite reads all of a table.
fn of_sqlite(lines: &[String], sql: &str, walked: &[&str]) -> Vec<String> {
    static FROM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:FROM|JOIN)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?").unwrap());
    let names: BTreeMap<&str, &str> = FROM
        .captures_iter(sql)
        .flat_map(|found| {
            let table = found.get(1).unwrap().as_str();
            let alias = found.get(2).map_or(table, |alias| alias.as_str());
            [(alias, table), (table, table)]
        })
        .collect();
    let bad = lines.iter().filter(|line| {
        let Some(rest) = line.strip_prefix("SCAN ") else {
            return false;
        };
        let mut words = rest.split(' ');
        let table = words.next().and_then(|name| names.get(name));
        let index = rest.split("INDEX ").nth(1).unwrap_or_default();
        table.is_some_and(|table| !SMALL.contains(table)) && !is_short(index.trim(), walked)
    });
    bad.cloned().collect()
}

/// The lines that say that PostgreSQL reads all of a table or of an index.
fn of_postgres(lines: &[String], walked: &[&str]) -> Vec<String> {
    static SCAN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(Seq|Index|Index Only|Bitmap Index) Scan (?:Backward )?(?:using (\w+) )?on (\w+)",
        )
        .unwrap()
    });
    let mut bad = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(found) = SCAN.captures(line) else {
            continue;
        };
        let (index, table) = match (&found[1], found.get(2)) {
            ("Bitmap Index", _) => (&found[3], ""),
            (_, Some(index)) => (index.as_str(), &found[3]),
            _ => ("", &found[3]),
        };
        let mut about = lines[at + 1..]
            .iter()
            .take_while(|line| !line.contains("->"));
        let bounded = about.any(|line| line.contains("Index Cond"));
        if !SMALL.contains(&table) && !bounded && !is_short(index, walked) {
            bad.push(line.trim().to_owned());
        }
    }
    bad
}

/// Whether an index holds only what is open, or may be walked along.
fn is_short(index: &str, walked: &[&str]) -> bool {
    static PARTIAL: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let partial = Regex::new(r"CREATE (?:UNIQUE )?INDEX (\w+) ON [^;]*\bWHERE\b").unwrap();
        let folder = root().join("migrations/sqlite");
        let files = std::fs::read_dir(folder).unwrap();
        let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        texts
            .flat_map(|text| {
                let names = partial.captures_iter(&text).map(|name| name[1].to_owned());
                names.collect::<Vec<_>>()
            })
            .collect()
    });
    PARTIAL.contains(index) || walked.contains(&index)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The statement of a method, as the sources have it.
fn statement(file: &str, what: &str) -> String {
    let store = root().join("src/store");
    let text = std::fs::read_to_string(store.join(file)).unwrap();
    let reading = std::fs::read_to_string(store.join("reading.rs")).unwrap();
    let macros = format!("{text}\n{reading}");
    if let Some(expression) = what.strip_prefix('=') {
        return expand(expression, &macros);
    }
    let start = text
        .find(&format!("async fn {what}("))
        .unwrap_or_else(|| panic!("{file}: {what}"));
    let body = &text[start..];
    let query = Regex::new(r"sqlx::query\w*\(").unwrap();
    let asked = query
        .find(body)
        .unwrap_or_else(|| panic!("{file}: {what} asks nothing"));
    expand(inside(&body[asked.end()..]), &macros)
}

/// What stands up to the bracket that closes this place.
fn inside(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' if depth == 0 => return &text[..at],
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// An expression of literals and macros as the one text that it stands for.
fn expand(expression: &str, macros: &str) -> String {
    let mut rest = expression.trim_start_matches([',', ' ', '\n']);
    if rest.trim().is_empty() {
        return String::new();
    }
    let first;
    if let Some(literal) = rest.strip_prefix('"') {
        let end = literal.find('"').unwrap();
        first = literal[..end].to_owned();
        rest = &literal[end + 1..];
    } else {
        let (name, after) = rest.split_once("!(").unwrap_or_else(|| panic!("{rest}"));
        let argument = inside(after);
        rest = &after[argument.len() + 1..];
        first = if name == "concat" {
            expand(argument, macros)
        } else {
            let head = format!("macro_rules! {name} {{");
            let start = macros.find(&head).unwrap_or_else(|| panic!("{name}!"));
            let definition = inside(&macros[start + head.len()..]);
            let body = definition.split_once("=> {").unwrap().1;
            let place = Regex::new(r"\$[a-z]\w*").unwrap();
            let body = place.replace_all(inside(body), regex::NoExpand(argument.trim()));
            expand(&body, macros)
        };
    }
    first + &expand(rest, macros)
}
