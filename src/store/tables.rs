//! The tables: brought up to date, and whether this program works on those of a newer one. Part of `store`:
//! floor 2.
//!
//! During an upgrade two versions work on one database. Migrations only add, so the version before works on
//! the newer tables, and may start on them, too. A migration that takes something away writes its own number
//! into the setting `works_from`, in the transaction that changes the tables: no program that does not know
//! that migration starts on them from then on (CONTRIBUTING.md, "Add a table or a column").

use std::collections::BTreeSet;

use sqlx::migrate::Migrator;
use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};

use super::{OpenError, Probe};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Which tables a database has, as far as migrations made them.
struct Found {
    applied: BTreeSet<i64>,
    /// The oldest migration that a program must know to work on them.
    works_from: Option<Vec<u8>>,
}

macro_rules! found {
    ($c:expr, $are_there:literal) => {{
        let are_there: bool = sqlx::query_scalar($are_there).fetch_one(&mut *$c).await?;
        if are_there {
            let applied = "SELECT version FROM _sqlx_migrations WHERE success";
            let applied: Vec<i64> = sqlx::query_scalar(applied).fetch_all(&mut *$c).await?;
            let mark = "SELECT value FROM settings WHERE name = 'works_from'";
            let works_from = if applied.is_empty() {
                None
            } else {
                sqlx::query_scalar(mark).fetch_optional(&mut *$c).await?
            };
            Found {
                applied: applied.into_iter().collect(),
                works_from,
            }
        } else {
            Found {
                applied: BTreeSet::new(),
                works_from: None,
            }
        }
    }};
}

/// How the tables of an SQLite database stand to this program.
pub(super) async fn of_sqlite(c: &mut SqliteConnection) -> Result<Probe, sqlx::Error> {
    let found = found!(
        c,
        "SELECT COUNT(*) = 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'"
    );
    Ok(compared(&known(&SQLITE), &found))
}

/// How the tables of a PostgreSQL database stand to this program.
pub(super) async fn of_postgres(c: &mut PgConnection) -> Result<Probe, sqlx::Error> {
    let found = found!(c, "SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    Ok(compared(&known(&POSTGRES), &found))
}

/// Brings the tables of an SQLite database up to date.
pub(super) async fn bring_up_sqlite(pool: &SqlitePool) -> Result<(), OpenError> {
    let mut c = pool.acquire().await.map_err(OpenError::Unreadable)?;
    let found = of_sqlite(&mut c).await;
    drop(c);
    vouched_for(found.map_err(OpenError::Unreadable)?)?;
    Ok(tolerant(&SQLITE).run(pool).await?)
}

/// Brings the tables of a PostgreSQL database up to date. Of several replicas one does it, and the others wait.
pub(super) async fn bring_up_postgres(pool: &PgPool) -> Result<(), OpenError> {
    let mut c = pool.acquire().await.map_err(OpenError::Unreadable)?;
    let found = of_postgres(&mut c).await;
    drop(c);
    vouched_for(found.map_err(OpenError::Unreadable)?)?;
    Ok(tolerant(&POSTGRES).run(pool).await?)
}

/// Refuses tables on which this program may not work.
fn vouched_for(tables: Probe) -> Result<(), OpenError> {
    match tables {
        Probe::Ahead => return Err(OpenError::TooNew),
        Probe::AheadAndFit => tracing::warn!(
            "the tables are of a newer version of harborline, and this one works on them; finish the upgrade"
        ),
        _ => {}
    }
    Ok(())
}

fn known(migrator: &Migrator) -> BTreeSet<i64> {
    migrator.iter().map(|migration| migration.version).collect()
}

/// The same migrations beside those of a newer program.
fn tolerant(migrator: &Migrator) -> Migrator {
    let mut tolerant = Migrator::with_migrations(migrator.iter().cloned().collect());
    tolerant.set_ignore_missing(true);
    tolerant
}

fn compared(known: &BTreeSet<i64>, found: &Found) -> Probe {
    if found.applied.is_empty() {
        return Probe::Empty;
    }
    if found.applied.is_subset(known) {
        let current = found.applied.len() == known.len();
        return if current {
            Probe::Current
        } else {
            Probe::Behind
        };
    }
    let works_from = found.works_from.as_deref().and_then(number);
    let newest = known.last().copied().unwrap_or(0);
    // A newer program has all of our migrations, and more.
    let has_ours = found.applied.is_superset(known);
    if has_ours && works_from.is_some_and(|from| from <= newest) {
        Probe::AheadAndFit
    } else {
        Probe::Ahead
    }
}

fn number(mark: &[u8]) -> Option<i64> {
    std::str::from_utf8(mark).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(applied: &[i64], works_from: Option<&str>) -> Probe {
        let found = Found {
            applied: applied.iter().copied().collect(),
            works_from: works_from.map(|mark| mark.as_bytes().to_vec()),
        };
        compared(&BTreeSet::from([1, 2, 4]), &found)
    }

    #[test]
    fn newer_tables_are_worked_on_as_far_as_they_say_so() {
        assert_eq!(stands(&[], None), Probe::Empty);
        assert_eq!(stands(&[1, 2], Some("2")), Probe::Behind);
        assert_eq!(stands(&[1, 4], Some("2")), Probe::Behind);
        assert_eq!(stands(&[1, 2, 4], Some("2")), Probe::Current);
        assert_eq!(stands(&[1, 2, 4, 5], Some("2")), Probe::AheadAndFit);
        assert_eq!(stands(&[1, 2, 4, 5], Some("4")), Probe::AheadAndFit);
        assert_eq!(stands(&[1, 2, 4, 5], Some("5")), Probe::Ahead);
        // Another branch of the program made them.
        assert_eq!(stands(&[1, 2, 5], Some("2")), Probe::Ahead);
        // Nobody vouches for it.
        for mark in [None, Some(""), Some("x"), Some("4 or so")] {
            assert_eq!(stands(&[1, 2, 4, 5], mark), Probe::Ahead, "{mark:?}");
        }
    }
}
