//! Tables for other programs, as CSV (RFC 4180). A cell never begins as a formula does: whoever opens it in a
//! spreadsheet must not run what somebody else has written. Floor 4.

use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::reports::harmless;

/// A table that grows row by row.
#[derive(Default)]
pub(super) struct Table(String);

impl Table {
    /// Adds a row.
    pub(super) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (nth, cell) in cells.into_iter().enumerate() {
            if nth > 0 {
                self.0.push(',');
            }
            self.0.push('"');
            self.0.push_str(&harmless(cell).replace('"', "\"\""));
            self.0.push('"');
        }
        self.0.push_str("\r\n");
    }

    /// The table as a file to keep. Its name is ours: letters, digits, `-`, `_` and one `.`, so that it leads
    /// out of no folder and ends no header.
    pub(super) fn file(self, name: &str) -> Response {
        debug_assert!(
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "{name}"
        );
        let headers = [
            (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (
                CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ),
            (CACHE_CONTROL, "no-store".to_owned()),
        ];
        (headers, self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out_of_its_quotes() {
        let mut table = Table::default();
        table.row(["at", "who"]);
        table.row(["=1+1", "+1 555"]);
        table.row(["@sum", "-2"]);
        table.row(["\tx", "a \"b\", c\r\nd"]);
        let expected = "\"at\",\"who\"\r\n\"'=1+1\",\"'+1 555\"\r\n\"'@sum\",\"'-2\"\r\n\"'\tx\",\"a \"\"b\"\", c\r\nd\"\r\n";
        assert_eq!(table.0, expected);
        for formula in [
            " =1",
            "\u{a0}=1",
            "\n=1",
            "\u{ff1d}1",
            "\u{ff0b}1",
            "\u{ff0d}1",
            "\u{ff20}x",
        ] {
            let mut table = Table::default();
            table.row([formula]);
            assert!(table.0.starts_with("\"'"), "{formula:?}");
        }
    }
}
