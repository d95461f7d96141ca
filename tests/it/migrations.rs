//! The migrations of both engines make the same tables.

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
