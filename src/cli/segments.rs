//! `harborline segments`: what texts cost, for people who write content and for other programs.
//!
//! One JSON string a line in, one JSON object a line out, in the same order. It does not open
//! files and does not set the exit code: the caller does both. Floor 5.

use std::io::{self, BufRead, Write};

use crate::segment;

/// Why the input could not be read to its end. What was read before is written already.
#[derive(Debug, thiserror::Error)]
pub enum SegmentsError {
    /// A line is something else. A usage error: exit code 2. The text itself is not repeated,
    /// because it may be someone's.
    #[error(
        "line {line}, column {column}: not a JSON string; write each text on a line of its own in double quotes, with a line break inside it as \\n, like \"Hello\""
    )]
    NotAString {
        /// The line, from 1.
        line: usize,
        /// The column in bytes where reading stopped, from 1; 0 when the line is empty.
        column: usize,
    },
    /// The input or the output failed.
    #[error("could not read or write: {0}")]
    Io(#[from] io::Error),
}

/// Counts every text of `input` and writes `{"encoding","segments","units"}` lines to `output`.
///
/// # Errors
/// [`SegmentsError::NotAString`] at the first line that is not a JSON string (RFC 8259, section 7;
/// half of a surrogate pair alone is none), [`SegmentsError::Io`] when input or output fails.
pub fn run(mut input: impl BufRead, mut output: impl Write) -> Result<(), SegmentsError> {
    let mut raw = Vec::new();
    let mut line = 0;
    while input.read_until(b'\n', &mut raw)? > 0 {
        line += 1;
        let text: String =
            serde_json::from_slice(&raw).map_err(|error| SegmentsError::NotAString {
                line,
                // A message of serde's could repeat a number: the place is enough.
                column: if error.line() > 1 { 0 } else { error.column() },
            })?;
        serde_json::to_writer(&mut output, &segment::segments(&text)).map_err(io::Error::from)?;
        output.write_all(b"\n")?;
        raw.clear();
    }
    output.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(input: &[u8]) -> (String, Result<(), SegmentsError>) {
        let mut output = Vec::new();
        let result = run(input, &mut output);
        (String::from_utf8(output).unwrap(), result)
    }

    #[test]
    fn every_text_has_a_line() {
        let (output, result) =
            ran("\"Hello\"\n\"\"\r\n\"\\u00e7 \\ud83d\\ude14\"\n\"a\\nb\"".as_bytes());
        result.unwrap();
        assert_eq!(
            output,
            "{\"encoding\":\"GSM-7\",\"segments\":1,\"units\":5}\n\
             {\"encoding\":\"GSM-7\",\"segments\":1,\"units\":0}\n\
             {\"encoding\":\"UCS-2\",\"segments\":1,\"units\":4}\n\
             {\"encoding\":\"GSM-7\",\"segments\":1,\"units\":3}\n"
        );
        assert_eq!(ran(b"").0, "");
    }

    #[test]
    fn a_line_that_is_no_string_is_named_and_not_repeated() {
        for bad in [
            &b"Hello"[..],
            b"",
            b"   ",
            b"15550100123",
            b"null",
            b"[\"a\"]",
            b"{\"text\":\"a\"}",
            b"\"a\" \"b\"",
            b"\"a",
            b"\"\\ud83d\"",
            b"\"caf\xe9\"",
            b"\"a\tb\"",
        ] {
            let input = [b"\"ok\"\n", bad, b"\n\"never read\"\n"].concat();
            let (output, result) = ran(&input);
            assert_eq!(output.lines().count(), 1, "{bad:?}");
            let error = result.unwrap_err();
            assert!(
                matches!(error, SegmentsError::NotAString { line: 2, .. }),
                "{bad:?}: {error}"
            );
            let message = error.to_string();
            assert!(message.starts_with("line 2, ") && message.contains("double quotes"));
            assert!(!message.contains("555"), "{message}");
        }
    }
}
