//! Rows as JSON, with their columns in their order.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::paper::About;
use super::{Cell, Exported, Of, Rows, TABLES, Table, moment};

/// A row with the table that it stands in.
pub(super) struct Shown<'a> {
    pub(super) table: &'a Table,
    pub(super) row: &'a Exported,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (column, cell) in self.table.columns.iter().zip(&self.row.cells) {
            let name = column.name;
            match cell {
                Cell::Nothing => map.serialize_entry(name, &())?,
                Cell::Id(id) => map.serialize_entry(name, id)?,
                Cell::Time(at) => map.serialize_entry(name, &moment(*at))?,
                Cell::Number(number) => map.serialize_entry(name, number)?,
                Cell::Flag(flag) => map.serialize_entry(name, flag)?,
                Cell::Words(words) => map.serialize_entry(name, words)?,
                Cell::Hash(bytes) => map.serialize_entry(name, &hex::encode(bytes))?,
                Cell::Opened(value, how) => {
                    map.serialize_entry(name, value)?;
                    map.serialize_entry(&format!("{name}_is"), how.word())?;
                }
            }
        }
        map.end()
    }
}

/// A row as a line.
pub(super) fn line(table: &Table, row: &Exported) -> Vec<u8> {
    // Plain data with string keys: serialising it cannot fail.
    let mut line = serde_json::to_vec(&Shown { table, row }).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Everything about one subject, with what it is.
pub(super) fn json(about: &About<'_>, rows: &Rows) -> Vec<u8> {
    struct Tables<'a>(&'a Rows);
    impl Serialize for Tables<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut map = to.serialize_map(None)?;
            for table in TABLES {
                if let Some(rows) = self.0.get(table.name) {
                    let shown: Vec<Shown<'_>> =
                        rows.iter().map(|row| Shown { table, row }).collect();
                    map.serialize_entry(table.name, &shown)?;
                }
            }
            map.end()
        }
    }
    struct Whole<'a>(&'a About<'a>, Tables<'a>);
    impl Serialize for Whole<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let about = self.0;
            let of = match about.of {
                Of::Conversation => "conversation",
                Of::Texter => "texter",
            };
            let mut map = to.serialize_map(None)?;
            map.serialize_entry("line", about.line)?;
            map.serialize_entry(of, &about.id)?;
            map.serialize_entry("made_at", &moment(about.made_at))?;
            map.serialize_entry("made_by", &about.request.by)?;
            map.serialize_entry("why", about.request.why.word())?;
            map.serialize_entry("file_number", &about.request.file_number)?;
            map.serialize_entry("program", concat!("harborline ", env!("CARGO_PKG_VERSION")))?;
            map.serialize_entry("tables", &self.1)?;
            map.end()
        }
    }
    let mut bytes = serde_json::to_vec_pretty(&Whole(about, Tables(rows))).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
