//! Exports: tables read to be handed out, a batch after the other in the order of their keys. Reads only.
//!
//! What is sealed is opened only where it is asked for expressly; keys, hashes of secrets and blind indexes
//! are in no export.

mod catalogue;
mod column;
mod withheld;

use serde_json::Value;
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Type};
use uuid::Uuid;

use super::tx::{Inner, on, open};
use super::{Pool, Store, StoreError, Tx};
use crate::clock::At;
use crate::crypto::{CryptoError, SealingKey};

pub use catalogue::TABLES;
pub use column::{Column, Kind, Table, With};
pub use withheld::{LEFT_OUT, SECRET};

/// Whose rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Line,
    /// What belongs to one conversation.
    Conversation(Uuid),
    /// What belongs to one texter.
    Texter(Uuid),
}

impl Scope {
    /// The condition of a table; none where no row of it is wanted.
    fn condition(self, table: &Table) -> Option<String> {
        let (conversations, texter, alone) = match self {
            Self::Line => return Some("1 = 1".to_owned()),
            Self::Conversation(_) => (
                "SELECT z.id FROM conversations z WHERE z.id = $1",
                "SELECT y.texter_id FROM conversations y WHERE y.id = $1",
                "1 = 0",
            ),
            Self::Texter(_) => (
                "SELECT z.id FROM conversations z WHERE z.texter_id = $1",
                "SELECT y.id FROM texters y WHERE y.id = $1",
                "1 = 1",
            ),
        };
        let condition = table.of?.replace("{C}", conversations);
        Some(condition.replace("{T}", texter).replace("{ALONE}", alone))
    }

    const fn id(self) -> Option<Uuid> {
        match self {
            Self::Line => None,
            Self::Conversation(id) | Self::Texter(id) => Some(id),
        }
    }
}

/// What became of words that were sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// They are there.
    Kept,
    /// There were none.
    None,
    /// They were not asked for.
    LeftOut,
    /// Their time was over, and they were removed.
    Removed,
    /// They were destroyed with all of their texter.
    Erased,
    /// No key that is here opens them.
    Unreadable,
}

impl Opened {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Kept,
        Self::None,
        Self::LeftOut,
        Self::Removed,
        Self::Erased,
        Self::Unreadable,
    ];

    /// The word for it in an export.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::None => "none",
            Self::LeftOut => "left_out",
            Self::Removed => "removed",
            Self::Erased => "erased",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What stands in one place. No `Debug`: it may be words of a texter, or a number.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Nothing,
    /// The id of a row.
    Id(Uuid),
    /// A moment.
    Time(At),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Words.
    Words(String),
    /// A hash.
    Hash(Vec<u8>),
    /// What was sealed, and what became of it.
    Opened(Value, Opened),
}

/// A row. No `Debug`, as its cells.
pub struct Exported {
    /// Its cells, in the order of the columns.
    pub cells: Vec<Cell>,
    /// Where the next batch goes on.
    key: Vec<Cell>,
}

/// How far a table was read.
#[derive(Clone, Default)]
pub struct After(Vec<Cell>);

impl Exported {
    /// Where a reading goes on after this row.
    #[must_use]
    pub fn after(&self) -> After {
        After(self.key.clone())
    }
}

/// A row as it comes, with what opens it.
struct Raw {
    cells: Vec<RawCell>,
    texter: Option<(Uuid, Vec<u8>, bool)>,
}

enum RawCell {
    Plain(Cell),
    Sealed(Option<Vec<u8>>),
}

impl Store {
    /// A transaction to read from that shows everything as it was at one moment, however long it is read.
    ///
    /// # Errors
    /// [`StoreError`] when the database is out of reach.
    pub async fn snapshot(&self) -> Result<Tx, StoreError> {
        self.refuse_unless_whole()?;
        Ok(self.tx(match &self.pool {
            // Of one kind on SQLite: what is read first is what is seen.
            Pool::Sqlite { readers, .. } => Inner::Sqlite(readers.begin().await?),
            Pool::Postgres(server) => Inner::Postgres(
                server
                    .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        }))
    }
}

impl Tx {
    /// How many rows of a table are wanted.
    pub async fn exported_count(&mut self, table: &Table, scope: Scope) -> Result<i64, StoreError> {
        let Some(condition) = scope.condition(table) else {
            return Ok(0);
        };
        let sql = format!("SELECT COUNT(*) FROM {} r WHERE {condition}", table.name);
        Ok(on!(self, |c| {
            let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
            if let Some(id) = scope.id() {
                query = query.bind(id);
            }
            query.fetch_one(c).await?
        }))
    }

    /// The next rows of a table, in the order of their keys. `with` says what of them is opened.
    pub async fn exported(
        &mut self,
        table: &Table,
        scope: Scope,
        with: With,
        after: &After,
        limit: u16,
    ) -> Result<Vec<Exported>, StoreError> {
        let Some(sql) = statement(table, scope, !after.0.is_empty()) else {
            return Ok(Vec::new());
        };
        let raw: Vec<Raw> = on!(self, |c| {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            if let Some(id) = scope.id() {
                query = query.bind(id);
            }
            for part in &after.0 {
                query = match part {
                    Cell::Id(id) => query.bind(*id),
                    Cell::Number(number) => query.bind(*number),
                    Cell::Words(words) => query.bind(words.clone()),
                    // No key has another form: the catalogue says which they have.
                    _ => query,
                };
            }
            let rows = query.bind(i64::from(limit)).fetch_all(c).await?;
            let read = rows.iter().map(|row| raw(row, table));
            read.collect::<Result<_, _>>()?
        });
        Ok(raw
            .into_iter()
            .map(|row| self.opened(table, with, row))
            .collect())
    }

    fn opened(&self, table: &Table, with: With, raw: Raw) -> Exported {
        let erased = raw.texter.as_ref().is_some_and(|(_, _, erased)| *erased);
        let key = raw
            .texter
            .as_ref()
            .filter(|(_, _, erased)| !erased)
            .map(|(id, wrapped, _)| self.keys.texter_key(*id, wrapped));
        let row = raw.cells.iter().find_map(|cell| match cell {
            RawCell::Plain(Cell::Id(id)) => Some(*id),
            _ => None,
        });
        let row = row.unwrap_or_default();
        let read = |(column, cell): (&Column, RawCell)| match (cell, column.kind) {
            (RawCell::Plain(cell), _) if column.is_in(with) => cell,
            (RawCell::Plain(_), _) => Cell::Nothing,
            (RawCell::Sealed(sealed), kind) => {
                let (value, how) = match sealed {
                    None => (Value::Null, Opened::None),
                    Some(bytes) if bytes.is_empty() && erased => (Value::Null, Opened::Erased),
                    Some(bytes) if bytes.is_empty() => (Value::Null, Opened::Removed),
                    Some(_) if !column.is_in(with) => (Value::Null, Opened::LeftOut),
                    Some(bytes) => self.words(kind, row, key.as_ref(), &bytes),
                };
                Cell::Opened(value, how)
            }
        };
        let mut cells = Vec::with_capacity(table.columns.len());
        let mut key = Vec::with_capacity(table.key.len());
        for (column, cell) in table.columns.iter().zip(raw.cells) {
            if let (RawCell::Plain(plain), true) = (&cell, table.key.contains(&column.name)) {
                key.push(plain.clone());
            }
            cells.push(read((column, cell)));
        }
        Exported { cells, key }
    }

    fn words(
        &self,
        kind: Kind,
        row: Uuid,
        key: Option<&Result<SealingKey, CryptoError>>,
        sealed: &[u8],
    ) -> (Value, Opened) {
        let Kind::Sealed {
            place,
            texter,
            json,
        } = kind
        else {
            return (Value::Null, Opened::None);
        };
        let key = match (texter, key) {
            (true, Some(Ok(key))) => key,
            (true, Some(Err(CryptoError::Erased))) => return (Value::Null, Opened::Erased),
            (true, Some(Err(_))) => return (Value::Null, Opened::Unreadable),
            (true, None) | (false, _) => self.keys.house(),
        };
        let Ok(plain) = open(key, place, row, sealed) else {
            return (Value::Null, Opened::Unreadable);
        };
        let words = || Value::String(String::from_utf8_lossy(&plain).into_owned());
        let value = if json {
            serde_json::from_slice(&plain).unwrap_or_else(|_| words())
        } else {
            words()
        };
        (value, Opened::Kept)
    }
}

/// The statement that reads rows of a table; `$1` is whose they are, unless they are everybody's, then come
/// the parts of the key, then how many.
fn statement(table: &Table, scope: Scope, resumed: bool) -> Option<String> {
    let mut columns: Vec<String> = table.columns.iter().map(Column::source).collect();
    if !table.texter.is_empty() {
        columns.extend(["t.id", "t.wrapped_key", "t.erased_at IS NOT NULL"].map(str::to_owned));
    }
    let keys: Vec<String> = table.key.iter().map(|name| format!("r.{name}")).collect();
    let keys = keys.join(", ");
    let mut next = 1 + u8::from(scope.id().is_some());
    let mut place = || {
        let place = format!("${next}");
        next += 1;
        place
    };
    let mut condition = scope.condition(table)?;
    if resumed {
        let places: Vec<String> = table.key.iter().map(|_| place()).collect();
        condition = format!("{condition} AND ({keys}) > ({})", places.join(", "));
    }
    Some(format!(
        "SELECT {} FROM {} r {} WHERE {condition} ORDER BY {keys} LIMIT {}",
        columns.join(", "),
        table.name,
        table.texter,
        place()
    ))
}

/// A row as it comes.
fn raw<'r, R>(row: &'r R, table: &Table) -> Result<Raw, sqlx::Error>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<bool>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<Vec<u8>>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut cells = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let plain = match column.kind {
            Kind::Id => row.try_get::<Option<Uuid>, _>(at)?.map(Cell::Id),
            Kind::Time => row
                .try_get::<Option<i64>, _>(at)?
                .map(|at| Cell::Time(At(at))),
            Kind::Number => row.try_get::<Option<i64>, _>(at)?.map(Cell::Number),
            Kind::Flag => row.try_get::<Option<bool>, _>(at)?.map(Cell::Flag),
            Kind::Words => row.try_get::<Option<String>, _>(at)?.map(Cell::Words),
            Kind::Hash => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Cell::Hash),
            Kind::Sealed { .. } => {
                cells.push(RawCell::Sealed(row.try_get(at)?));
                continue;
            }
        };
        cells.push(RawCell::Plain(plain.unwrap_or(Cell::Nothing)));
    }
    let texter = if table.texter.is_empty() {
        None
    } else {
        let at = table.columns.len();
        let id: Option<Uuid> = row.try_get(at)?;
        let wrapped: Option<Vec<u8>> = row.try_get(at + 1)?;
        let erased: Option<bool> = row.try_get(at + 2)?;
        id.zip(wrapped)
            .map(|(id, wrapped)| (id, wrapped, erased.unwrap_or_default()))
    };
    Ok(Raw { cells, texter })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_asks_for_rows_after_the_last_one_and_counts_its_places() {
        let table = TABLES
            .iter()
            .find(|table| table.name == "rung_targets")
            .unwrap();
        let sql = statement(table, Scope::Line, true).unwrap();
        assert!(
            sql.ends_with(
                "AND (r.policy_id, r.rung, r.position) > ($1, $2, $3) ORDER BY r.policy_id, r.rung, r.position LIMIT $4"
            ),
            "{sql}"
        );
        assert_eq!(statement(table, Scope::Texter(Uuid::nil()), false), None);
        let notes = TABLES.iter().find(|table| table.name == "notes").unwrap();
        let sql = statement(notes, Scope::Conversation(Uuid::nil()), true).unwrap();
        assert!(
            sql.contains("(r.id) > ($2)") && sql.ends_with("LIMIT $3"),
            "{sql}"
        );
    }

    #[test]
    fn every_table_has_its_key_among_its_columns_and_a_sealed_row_has_its_id_first() {
        for table in TABLES {
            for key in table.key {
                let column = table.columns.iter().find(|column| column.name == *key);
                let kind = column.unwrap().kind;
                assert!(
                    matches!(kind, Kind::Id | Kind::Number | Kind::Words),
                    "{}.{key}",
                    table.name
                );
            }
            let sealed = |column: &Column| matches!(column.kind, Kind::Sealed { .. });
            if table.columns.iter().any(sealed) {
                assert_eq!(table.columns[0].name, "id", "{}", table.name);
            }
        }
    }

    #[test]
    fn what_is_sealed_and_what_leads_to_a_person_is_in_no_export_by_default() {
        for table in TABLES {
            for column in table.columns {
                let sealed = matches!(column.kind, Kind::Sealed { .. });
                let reference = column.name == "gateway_ref";
                if sealed || reference {
                    assert!(
                        !column.is_in(With::default()),
                        "{}.{}",
                        table.name,
                        column.name
                    );
                }
                assert!(column.is_in(With::ALL));
            }
        }
    }
}
