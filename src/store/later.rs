//! Statements whose outcome nobody reads, kept back to go to `SQLite` as one.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use sqlx::AssertSqlSafe;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};

use super::StoreError;

/// The most that go together: each combination stays prepared, and long ones would fill the memory.
const TOGETHER: usize = 16;
/// How many combinations are remembered.
const COMBINATIONS: usize = 512;

/// A statement and how many values it has.
type Statement = (&'static str, usize);

/// Statements that wait for each other: each trip to the thread of `SQLite` costs more than the statement.
/// They are sent before anything is read and before the commit, so that nobody sees the difference.
#[derive(Default)]
pub(super) struct Later {
    statements: Vec<Statement>,
    values: SqliteArguments,
    joined: Arc<Joined>,
}

/// Combinations of statements as one, in the words of `SQLite`. Few exist: they are made once.
#[derive(Default)]
pub(super) struct Joined(Mutex<FxHashMap<Vec<Statement>, Arc<str>>>);

impl Later {
    pub(super) fn new(joined: &Arc<Joined>) -> Self {
        Self {
            joined: Arc::clone(joined),
            ..Self::default()
        }
    }

    /// Adds a statement; `bind` adds its values, one for each `$1…$n`.
    pub(super) fn add(
        &mut self,
        sql: &'static str,
        values: usize,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), sqlx::error::BoxDynError>,
    ) -> Result<(), StoreError> {
        bind(&mut self.values).map_err(sqlx::Error::Encode)?;
        self.statements.push((sql, values));
        Ok(())
    }

    /// Whether it is time to send them.
    pub(super) fn is_full(&self) -> bool {
        self.statements.len() >= TOGETHER
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// All of them as one, in their order; nothing is kept back any more.
    pub(super) fn take(&mut self) -> Query<'static, Sqlite, SqliteArguments> {
        let sql = self.joined.of(&self.statements);
        self.statements.clear();
        // Joined from statements of this folder; every value is bound.
        sqlx::query_with(AssertSqlSafe(sql), std::mem::take(&mut self.values))
    }
}

impl Joined {
    fn of(&self, statements: &[Statement]) -> Arc<str> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(joined) = known.get(statements) {
            return Arc::clone(joined);
        }
        if known.len() >= COMBINATIONS {
            known.clear();
        }
        let joined: Arc<str> = join(statements).into();
        known.insert(statements.to_vec(), Arc::clone(&joined));
        joined
    }
}

/// All statements share one list of values: `$1` becomes the place of its own first one.
fn join(statements: &[Statement]) -> String {
    let (mut joined, mut before) = (String::new(), 0);
    for (sql, values) in statements {
        let mut pieces = sql.split('$');
        joined.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let place = piece[..digits].parse::<usize>().unwrap_or(0) + before;
            // Writing to a `String` cannot fail.
            let _ = write!(joined, "${place}{}", &piece[digits..]);
        }
        joined.push(';');
        before += values;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_statement_finds_its_own_values() {
        let joined = join(&[
            ("UPDATE a SET b = $2 WHERE id = $1", 2),
            ("DELETE FROM c", 0),
            ("INSERT INTO d VALUES ($1, $2, $1)", 2),
        ]);
        assert_eq!(
            joined,
            "UPDATE a SET b = $2 WHERE id = $1;DELETE FROM c;INSERT INTO d VALUES ($3, $4, $3);"
        );
    }

    #[test]
    fn a_combination_is_made_once_and_the_memory_of_them_is_bounded() {
        let joined = Joined::default();
        let first = joined.of(&[("SELECT 1", 0)]);
        assert!(Arc::ptr_eq(&first, &joined.of(&[("SELECT 1", 0)])));
        for n in 0..2 * COMBINATIONS {
            joined.of(&[("SELECT $1", n)]);
        }
        assert!(joined.0.lock().unwrap().len() <= COMBINATIONS);
    }
}
