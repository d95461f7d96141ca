//! The migrations of both engines make the same tables, and only add: during an upgrade the version before
//! works on the tables of the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};

use crate::support::postgres;

/// Table and column, with whether the column must be filled.
type Columns = BTreeMap<(String, String), bool>;

fn folder(engine: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(engine)
}

fn files(engine: &str) -> BTreeSet<String> {
    std::fs::read_dir(folder(engine))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Migrates a new `SQLite` database, as often as said.
async fn sqlite(times: usize) -> Columns {
    let database = tempfile::NamedTempFile::new().unwrap();
    let url = format!("sqlite://{}", database.path().display());
    let options = SqliteConnectOptions::from_str(&url).unwrap();
    let mut c = options.connect().await.unwrap();
    let migrator = Migrator::new(folder("sqlite")).await.unwrap();
    for _ in 0..times {
        migrator.run(&mut c).await.unwrap();
    }
    let columns = sqlx::query(
        "SELECT t.name, c.name, c.\"notnull\" FROM sqlite_schema t, pragma_table_info(t.name) c
          WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    );
    columns
        .fetch_all(&mut c)
        .await
        .unwrap()
        .into_iter()
        .map(|row| ((row.get(0), row.get(1)), row.get::<i64, _>(2) == 1))
        .collect()
}

/// Migrates a new `PostgreSQL` database, as often as said; `None` (said loudly) without a server.
async fn postgres(times: usize) -> Option<Columns> {
    let mut c = PgConnection::connect(&postgres::empty_database().await?)
        .await
        .unwrap();
    let migrator = Migrator::new(folder("postgres")).await.unwrap();
    for _ in 0..times {
        migrator.run(&mut c).await.unwrap();
    }
    let columns = sqlx::query(
        "SELECT table_name::text, column_name::text, is_nullable = 'NO' FROM information_schema.columns
          WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
    );
    let rows = columns.fetch_all(&mut c).await.unwrap();
    Some(
        rows.into_iter()
            .map(|row| ((row.get(0), row.get(1)), row.get(2)))
            .collect(),
    )
}

#[test]
fn both_engines_have_the_same_migrations() {
    assert_eq!(files("sqlite"), files("postgres"));
    assert!(!files("sqlite").is_empty());
}

#[tokio::test]
async fn both_engines_have_the_same_columns_with_the_same_duties() {
    let on_sqlite = sqlite(1).await;
    assert!(on_sqlite.len() > 50, "{on_sqlite:?}");
    assert!(on_sqlite[&("texters".to_owned(), "wrapped_key".to_owned())]);
    let Some(on_postgres) = postgres(1).await else {
        return;
    };
    let only = |a: &Columns, b: &Columns| -> Vec<_> {
        a.iter()
            .filter(|(name, filled)| b.get(*name) != Some(filled))
            .map(|(name, filled)| (name.clone(), *filled))
            .collect()
    };
    assert_eq!(
        only(&on_sqlite, &on_postgres),
        [],
        "on SQLite, not so on PostgreSQL"
    );
    assert_eq!(
        only(&on_postgres, &on_sqlite),
        [],
        "on PostgreSQL, not so on SQLite"
    );
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    assert_eq!(sqlite(2).await, sqlite(1).await);
    if let (Some(twice), Some(once)) = (postgres(2).await, postgres(1).await) {
        assert_eq!(twice, once);
    }
}

/// The migrations of the time before two versions had to work on one database.
const BEFORE: i64 = 25;

/// Why a migration may not stand as it is: what the version before cannot work with.
fn takes_away(sql: &str) -> Vec<String> {
    let without_comments: String = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let statements: Vec<String> = without_comments
        .split(';')
        .map(|one| {
            one.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .to_uppercase()
        })
        .filter(|one| !one.is_empty())
        .collect();
    // What a migration makes, it may shape as it likes: nobody knows it yet.
    let made: Vec<String> = statements
        .iter()
        .filter_map(|one| one.strip_prefix("CREATE TABLE "))
        .filter_map(|one| one.split([' ', '(']).next().map(str::to_owned))
        .collect();
    let is_new = |table: &str| made.iter().any(|one| one == table);
    let mut found = Vec::new();
    for one in &statements {
        let words: Vec<&str> = one.split([' ', '(']).collect();
        let why = match words.as_slice() {
            // Rows that are there may be filled in. What is taken out of them is gone for the version before.
            ["CREATE", "TABLE" | "INDEX", ..]
            | ["INSERT", "INTO", ..]
            | ["SELECT" | "UPDATE", ..] => None,
            ["CREATE", "UNIQUE", "INDEX", _, "ON", table, ..] => {
                (!is_new(table)).then_some("a rule that rows of the version before may break")
            }
            ["ALTER", "TABLE", table, ..] if is_new(table) => None,
            ["ALTER", "TABLE", _, "ADD", "COLUMN", ..] => {
                let has_to_be_filled = one.contains("NOT NULL") && !one.contains(" DEFAULT ");
                if has_to_be_filled {
                    Some("a column that the version before does not fill")
                } else if one.contains(" CHECK ") || one.contains(" UNIQUE") {
                    Some("a rule that rows of the version before may break")
                } else {
                    None
                }
            }
            _ => Some("it takes away, renames or changes what the version before works with"),
        };
        found.extend(why.map(|why| format!("{why}: {one}")));
    }
    found
}

/// Whether a migration says that it takes something away, since which version nothing uses that, and lets no
/// version start on its tables that does not know it.
fn says_so(sql: &str, number: i64) -> bool {
    let reason = sql.lines().any(|line| {
        let since = line.strip_prefix("-- Contract, not used since ");
        since.is_some_and(|since| {
            since
                .split_once(": ")
                .is_some_and(|(_, why)| why.len() > 20)
        })
    });
    let sets = format!("'{number}'");
    let marks = sql.lines().any(|line| {
        line.starts_with("UPDATE settings SET value = ")
            && line.ends_with("WHERE name = 'works_from';")
            && (line.contains(&sets)
                || line.contains(&format!("X'{}'", hex::encode(number.to_string()))))
    });
    reason && marks
}

#[test]
fn migrations_only_add_or_say_what_they_take_away() {
    for engine in ["sqlite", "postgres"] {
        for file in files(engine) {
            let number: i64 = file.split('_').next().unwrap().parse().unwrap();
            let sql = std::fs::read_to_string(folder(engine).join(&file)).unwrap();
            let found = takes_away(&sql);
            assert!(
                number <= BEFORE || found.is_empty() || says_so(&sql, number),
                "migrations/{engine}/{file}: {found:#?}. Add only, or write how and why: CONTRIBUTING.md, \"Add a table or a column\""
            );
        }
    }
}

#[test]
fn what_the_version_before_cannot_work_with_is_found() {
    for sql in [
        "DROP TABLE notes;",
        "ALTER TABLE notes DROP COLUMN body;",
        "ALTER TABLE notes RENAME COLUMN body TO words;",
        "ALTER TABLE notes RENAME TO remarks;",
        "ALTER TABLE notes ALTER COLUMN at TYPE TEXT;",
        "ALTER TABLE notes ALTER COLUMN at SET NOT NULL;",
        "ALTER TABLE notes ADD COLUMN mood TEXT NOT NULL;",
        "ALTER TABLE notes ADD COLUMN mood TEXT CHECK (mood <> '');",
        "ALTER TABLE notes ADD CONSTRAINT some CHECK (at > 0);",
        "CREATE UNIQUE INDEX notes_once ON notes (at);",
        "CREATE TRIGGER every BEFORE INSERT ON notes EXECUTE FUNCTION no();",
        "DELETE FROM notes;",
        "-- harmless\ncreate table x (a TEXT);\n drop\n  index notes_at;",
    ] {
        assert_eq!(takes_away(sql).len(), 1, "{sql}");
    }
    for sql in [
        "CREATE TABLE moods (id BLOB NOT NULL PRIMARY KEY, word TEXT NOT NULL CHECK (word <> ''));
         CREATE UNIQUE INDEX moods_word ON moods (word); ALTER TABLE moods ADD COLUMN at INTEGER NOT NULL;",
        "ALTER TABLE notes ADD COLUMN mood TEXT; -- DROP it one day",
        "ALTER TABLE notes ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';",
        "CREATE INDEX notes_at ON notes (at); UPDATE notes SET mood = 'calm';",
        "INSERT INTO settings (name, value) VALUES ('x', 'y');",
    ] {
        assert_eq!(takes_away(sql), [""; 0], "{sql}");
    }
}

#[test]
fn what_takes_something_away_says_since_when_nobody_uses_it_and_who_may_start() {
    let reason = "-- Contract, not used since 0.4.0: notes.body is in notes.words, which 0.4 reads and writes.\n";
    let mark = "UPDATE settings SET value = '31'::bytea WHERE name = 'works_from';\n";
    let drop = "ALTER TABLE notes DROP COLUMN body;\n";
    assert!(says_so(&format!("{reason}{drop}{mark}"), 31));
    let on_sqlite = mark.replace("'31'::bytea", "X'3331'");
    assert!(says_so(&format!("{reason}{drop}{on_sqlite}"), 31));
    assert!(!says_so(&format!("{reason}{drop}"), 31));
    assert!(!says_so(&format!("{drop}{mark}"), 31));
    assert!(!says_so(&format!("{reason}{drop}{mark}"), 32));
}

/// With `*` PostgreSQL refuses the prepared statements of a running program ("cached plan must not change
/// result type") as soon as the version after it adds a column.
#[test]
fn rows_are_read_and_written_column_by_column() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let folders = [store.join("exports"), store];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    for path in files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
    {
        let source = std::fs::read_to_string(&path).unwrap();
        let shipped = source.split("#[cfg(test)]").next().unwrap();
        for all in ["SELECT *", "RETURNING *", ".* FROM", ".*,"] {
            let reads_all = shipped.contains(all);
            assert!(!reads_all, "{}: {all}", path.display());
        }
        for after in shipped.split("INSERT INTO ").skip(1) {
            let named = after
                .split_once('(')
                .is_some_and(|(table, _)| table.split_whitespace().count() == 1);
            assert!(named, "{}: INSERT INTO {:.40}", path.display(), after);
        }
    }
}
