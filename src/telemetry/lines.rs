//! Lines of the log: whatever stands in them, each stays one line, and shows what it is. Floor 5.
//!
//! What callers write is not logged. What is logged all the same, the words of an error of somebody else's
//! program, may hold it: a line end would forge a line, an escape would write on the reader's terminal, and a
//! direction mark would turn words around.

use std::fmt::Write as _;
use std::io::{self, Stderr, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Standard error, one plain line for each event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    /// Whether the formatter paints: then its own colours are left.
    pub(super) painted: bool,
}

impl MakeWriter<'_> for Lines {
    type Writer = Plain<Stderr>;

    fn make_writer(&self) -> Plain<Stderr> {
        Plain {
            to: io::stderr(),
            painted: self.painted,
        }
    }
}

/// Writes what it gets as one plain line: the formatter hands over an event whole.
pub(super) struct Plain<W> {
    to: W,
    painted: bool,
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if text.chars().any(is_odd) {
            self.to.write_all(plain(&text, self.painted).as_bytes())?;
        } else {
            self.to.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A character that does something to the line or to who reads it, instead of standing in it.
fn is_odd(c: char) -> bool {
    // Marks and overrides of direction, line and paragraph ends, invisible operators, the mark of byte order.
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The same with what is odd written out, but for the end of the line and, where it is `painted`, colours.
fn plain(text: &str, painted: bool) -> String {
    let (line, end) = match text.strip_suffix('\n') {
        Some(line) => (line, "\n"),
        None => (text, ""),
    };
    let mut all = String::with_capacity(text.len() + 16);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let colour = if painted { colour(rest) } else { None };
        if let Some(colour) = colour {
            all.push_str(colour);
            rest = &rest[colour.len()..];
            continue;
        }
        if c == '\t' || !is_odd(c) {
            all.push(c);
        } else {
            let _ = write!(all, "\\u{{{:x}}}", u32::from(c));
        }
        rest = &rest[c.len_utf8()..];
    }
    all + end
}

/// The colour with which a text begins: `ESC [ digits m`, as the formatter writes it.
fn colour(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("\u{1b}[")?;
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    digits[end..]
        .starts_with('m')
        .then(|| &text[..end + "\u{1b}[m".len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, painted: bool) -> String {
        let mut to = Vec::new();
        let mut lines = Plain {
            to: &mut to,
            painted,
        };
        lines.write_all(text.as_bytes()).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn a_line_stays_one_line_and_shows_what_it_is() {
        for (text, expected) in [
            ("INFO all is well\n", "INFO all is well\n"),
            ("ERROR a\nINFO forged\n", "ERROR a\\u{a}INFO forged\n"),
            ("ERROR a\r\n", "ERROR a\\u{d}\n"),
            (
                "\u{1b}[2J\u{1b}]0;title\u{7}\n",
                "\\u{1b}[2J\\u{1b}]0;title\\u{7}\n",
            ),
            ("\u{1b}[31mred\n", "\\u{1b}[31mred\n"),
            (
                "user \u{202e}nimda\u{2066}\n",
                "user \\u{202e}nimda\\u{2066}\n",
            ),
            (
                "a\u{2028}b\u{85}c\u{200b}\n",
                "a\\u{2028}b\\u{85}c\\u{200b}\n",
            ),
            ("señal\ttab\n", "señal\ttab\n"),
        ] {
            assert_eq!(written(text, false), expected, "{text:?}");
        }
    }

    #[test]
    fn the_formatters_own_colours_are_left_where_it_paints() {
        assert_eq!(
            written("\u{1b}[1;32m INFO\u{1b}[0m a\n", true),
            "\u{1b}[1;32m INFO\u{1b}[0m a\n"
        );
        assert_eq!(
            written("\u{1b}[2Ja\u{1b}[\n", true),
            "\\u{1b}[2Ja\\u{1b}[\n"
        );
    }
}
