//! What stands beside the tables of a whole line: the manifest, the description of all columns, and how to
//! read and check them.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    At, Cell, ChainHead, Exported, NotExported, Opened, Request, TABLES, Table, With, moment, write,
};
use crate::store::{Kind, LEFT_OUT};

/// The version of the form of exports.
const FORMAT: u32 = 1;

/// What an export of the whole line holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    format: u32,
    line: String,
    program: String,
    made_at: String,
    made_by: String,
    why: &'static str,
    file_number: Option<String>,
    /// Whether what people wrote is in it.
    pub bodies: bool,
    /// Whether numbers, addresses and what gateways call a text are in it.
    pub numbers: bool,
    /// The end of the audit log, as `harborline audit head` prints it.
    audit_head: String,
    /// Texters who were erased: their rows only count.
    pub erased_texters: u64,
    /// Texters of whom something is under a legal hold.
    pub held_texters: u64,
    /// Places that no key that is here opens.
    pub unreadable: u64,
    /// The files.
    pub tables: Vec<TableFile>,
    not_exported: Vec<NotThere>,
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableFile {
    /// Its name.
    pub file: String,
    about: &'static str,
    /// How many rows.
    pub rows: u64,
    bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Columns that are empty because they were not asked for.
    left_out: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NotThere {
    table: &'static str,
    because: &'static str,
}

impl TableFile {
    pub(super) fn of(table: &Table, with: With, rows: u64, bytes: u64, sha256: String) -> Self {
        let out = table.columns.iter().filter(|column| !column.is_in(with));
        Self {
            file: format!("{}.jsonl", table.name),
            about: table.about,
            rows,
            bytes,
            sha256,
            left_out: out.map(|column| column.name).collect(),
        }
    }
}

impl Manifest {
    pub(super) fn begin(
        line: &str,
        with: With,
        request: &Request,
        head: &ChainHead,
        now: At,
    ) -> Self {
        let not_there =
            |(table, because): &(&'static str, &'static str)| NotThere { table, because };
        Self {
            format: FORMAT,
            line: line.to_owned(),
            program: format!("harborline {}", env!("CARGO_PKG_VERSION")),
            made_at: moment(now),
            made_by: request.by.clone(),
            why: request.why.word(),
            file_number: request.file_number.clone(),
            bodies: with.bodies,
            numbers: with.numbers,
            audit_head: head.to_string(),
            erased_texters: 0,
            held_texters: 0,
            unreadable: 0,
            tables: Vec::new(),
            not_exported: LEFT_OUT.iter().map(not_there).collect(),
        }
    }

    /// Counts what is said of all rows together.
    pub(super) fn count(&mut self, table: &Table, row: &Exported) {
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            match (table.name, column.name, cell) {
                ("texters", "erased_at", Cell::Time(_)) => self.erased_texters += 1,
                ("texters", "held", Cell::Flag(true)) => self.held_texters += 1,
                (_, _, Cell::Opened(_, Opened::Unreadable)) => self.unreadable += 1,
                _ => {}
            }
        }
    }

    /// How many rows there are in all.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Writes what stands beside the tables.
pub(super) fn describe(folder: &Path, manifest: &Manifest) -> Result<(), NotExported> {
    let mut sums = String::new();
    for table in &manifest.tables {
        let _ = writeln!(sums, "{}  {}", table.sha256, table.file);
    }
    for (name, bytes) in [
        ("manifest.json", pretty(manifest)),
        ("schema.json", pretty(&schema())),
        ("README.txt", README.as_bytes().to_vec()),
    ] {
        let (sha256, _) = write(&folder.join(name), &bytes)?;
        let _ = writeln!(sums, "{sha256}  {name}");
    }
    write(&folder.join("SHA256SUMS"), sums.as_bytes())?;
    Ok(())
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    // Plain data with string keys: serialising it cannot fail.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The columns of every table, as JSON Schema (draft 2020-12).
fn schema() -> Value {
    let tables: Map<String, Value> = TABLES
        .iter()
        .map(|table| (table.name.to_owned(), schema_of(table)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An export of Harborline: each line of TABLE.jsonl holds to $defs/TABLE",
        "$defs": tables,
    })
}

fn schema_of(table: &Table) -> Value {
    let mut properties = Map::new();
    for column in table.columns {
        let mut said = match column.kind {
            Kind::Id => json!({ "type": ["string", "null"], "format": "uuid" }),
            Kind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
            Kind::Number => json!({ "type": ["integer", "null"] }),
            Kind::Flag => json!({ "type": ["boolean", "null"] }),
            Kind::Words | Kind::Sealed { json: false, .. } => json!({ "type": ["string", "null"] }),
            Kind::Hash => json!({ "type": ["string", "null"], "pattern": "^[0-9a-f]{64}$" }),
            Kind::Sealed { json: true, .. } => json!({}),
        };
        if !column.about.is_empty() {
            said["description"] = Value::from(column.about);
        }
        properties.insert(column.name.to_owned(), said);
        if matches!(column.kind, Kind::Sealed { .. }) {
            let words = Opened::ALL.map(Opened::word);
            let is = json!({ "enum": words, "description": "what became of it" });
            properties.insert(format!("{}_is", column.name), is);
        }
    }
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({
        "type": "object",
        "description": table.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

const README: &str = "\
An export of a text helpline that runs Harborline.

manifest.json   what is in it, what is not and why, how many rows, and a hash of each file
schema.json     the columns of each table, as JSON Schema (draft 2020-12)
TABLE.jsonl     the rows of a table, one JSON object a line, in the order of their ids
SHA256SUMS      run `sha256sum --check SHA256SUMS` in this folder to see whether a file was changed

All tables are as they stood at one moment. Ids are UUIDs of version 7: they sort by time. Times are UTC.

What is sealed in the database has a second column beside it, NAME_is:
  kept         it is here
  none         there was nothing
  left_out     it was not asked for (--with-bodies, --with-numbers)
  removed      its time was over, and it was removed
  erased       it was destroyed with all of its texter
  unreadable   no key that was there opened it: see docs/keys.md

`held` says that something is under a legal hold, `drill_id` that nobody was in need: it was a drill.

Names and logins of the staff are in it (staff, audit_log, and columns that name who did something). Who
hands it to others for research takes them out, or hands out `harborline export --counts`.

To check the chain of audit_log.jsonl: take the rows in the order of seq. The hash of each is the SHA-256 of
  the bytes `harborline audit 1` and a zero byte, the hash before it (32 zero bytes before the first),
  seq and the time in Unix milliseconds as 8 bytes each, the first byte first, and then id, actor, action,
  subject (nothing where there is none) and detail: of each its length as 8 bytes, then its bytes. An id
  is 16 bytes. The last hash must be the audit_head of the manifest.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_every_column_with_its_type() {
        let schema = schema();
        let message = &schema["$defs"]["messages"];
        assert_eq!(message["properties"]["body"]["type"][0], "string");
        assert_eq!(message["properties"]["body_is"]["enum"][0], "kept");
        assert_eq!(message["properties"]["at"]["format"], "date-time");
        let required = message["required"].as_array().unwrap();
        assert!(required.contains(&json!("verdict_is")));
        assert_eq!(schema["$defs"].as_object().unwrap().len(), TABLES.len());
    }
}
